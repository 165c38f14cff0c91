/* virtio's PCI transport as a function: decoding, bus mastering, the other way. */
#include "pci-device.h"

/*
 * PCI Local Bus 3.0, 6.2.2: neither requests nor interrupts.  Nor does it go on
 * by itself: who comes next may have other uses for memory.
 */
static void without_bus_mastering_it_stops(void **state)
{
	(void)state;
	bring_up();
	set_command(PCI_COMMAND_MEMORY);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	set_common(VIRTIO_PCI_COMMON_Q_SIZE, 2, 2);
	assert_false(serves());
	set_command(ON);
	assert_false(serves());
	assert_int_equal(ring.used->idx, 0);
	assert_int_equal(sent[1], 0);
	/* Its driver may begin anew, but not before it is a master. */
	set_command(PCI_COMMAND_MEMORY);
	add_status(DRIVER_OK);
	assert_int_equal(STATUS() & DRIVER_OK, 0);
	assert_false(serves());
	set_command(ON);
	bring_up();
	assert_true(serves());
}

static void without_decoding_the_registers_are_gone(void **state)
{
	(void)state;
	bring_up();
	set_command(PCI_COMMAND_MASTER);
	assert_int_equal(get(REGISTERS + VIRTIO_PCI_COMMON_STATUS, 1), 0xff);
	assert_false(serves());
	set_command(ON);
	kick();
	assert_int_equal(ring.used->idx, 1);
	place(0, REGISTERS + 0x100000);
	offer_request();
	put(REGISTERS + 0x103000, 0, 2);
	assert_int_equal(ring.used->idx, 2);
	assert_int_equal(sent[1], 2);
}

/* ---- the registers by configuration space (4.1.4.9) ---- */

static void access_bar(uint8_t bar, uint32_t offset, uint32_t length)
{
	uint64_t at = find(VIRTIO_PCI_CAP_PCI_CFG);

	put(at + VIRTIO_PCI_CAP_BAR, bar, 1);
	put(at + VIRTIO_PCI_CAP_OFFSET, offset, 4);
	put(at + VIRTIO_PCI_CAP_LENGTH, length, 4);
}

static uint32_t get_by_config(uint8_t bar, uint32_t offset, uint32_t length)
{
	access_bar(bar, offset, length);
	return (uint32_t)get(find(VIRTIO_PCI_CAP_PCI_CFG) + 16, length);
}

static void put_by_config(uint8_t bar, uint32_t offset, uint32_t length,
			  uint32_t value)
{
	access_bar(bar, offset, length);
	put(find(VIRTIO_PCI_CAP_PCI_CFG) + 16, value, length);
}

static void another_way_to_the_registers(void **state)
{
	(void)state;
	bring_up();
	set_command(PCI_COMMAND_MASTER);
	assert_int_equal(get_by_config(0, VIRTIO_PCI_COMMON_STATUS, 1),
			 ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	assert_int_equal(get_by_config(0, 0x2000, 4), CAPACITY);
	assert_int_equal(get_by_config(2, 16 + 8, 4), 0x41);
	offer_request();
	put_by_config(0, 0x3000, 2, 0);
	assert_int_equal(ring.used->idx, 1);
	put_by_config(2, 16 + 12, 4, 1);
	offer_request();
	put_by_config(0, 0x3000, 2, 0);
	assert_int_equal(sent[1], 1);
	put_by_config(2, 16 + 12, 4, 0);
	assert_int_equal(sent[1], 2);
	put_by_config(0, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	assert_int_equal(get_by_config(0, VIRTIO_PCI_COMMON_STATUS, 1), 0);
}

static void the_other_way_has_bounds(void **state)
{
	static const uint32_t offsets[] = { 0,	    1,		2,
					    3,	    0x3ffd,	0x3ffe,
					    0x3fff, 0x4000,	0x7fffffff,
					    0xffff, 0x80000000, UINT32_MAX };
	static const uint32_t lengths[] = { 0, 1, 2, 3, 4, 5, 8, UINT32_MAX };

	(void)state;
	bring_up();
	for (uint32_t bar = 0; bar < 256; bar++) {
		for (size_t i = 0; i < 12; i++) {
			for (size_t j = 0; j < 8; j++) {
				access_bar((uint8_t)bar, offsets[i],
					   lengths[j]);
				get(find(VIRTIO_PCI_CAP_PCI_CFG) + 16, 4);
				/* Not what is really there: the status */
				if (bar != 0 || offsets[i] >= 0x4000 ||
				    lengths[j] == 0 || lengths[j] > 4)
					put(find(VIRTIO_PCI_CAP_PCI_CFG) + 16,
					    0, 4);
			}
		}
	}
	/* What is misaligned is none: the data stay what they were. */
	access_bar(1, 0, 4);
	put(find(VIRTIO_PCI_CAP_PCI_CFG) + 16, 0x11223344, 4);
	assert_int_equal(get_by_config(0, 0x2001, 4), 0x11223344);
	assert_int_equal(get_by_config(0, 0x2002, 4), 0x11223344);
	assert_int_equal(get_by_config(0, 0x2001, 2), 0x3344);
	assert_int_equal(get_by_config(0, 0x2000, 4), CAPACITY);
	assert_true(serves());
}

/* ---- whatever a guest writes to whichever register ---- */

static void any_access_anywhere_is_harmless(void **state)
{
	uint8_t data[9];
	char text[80];

	(void)state;
	for (int fill = 0; fill < 3; fill++) {
		bring_up();
		for (uint32_t offset = 0; offset < 0x4000; offset++) {
			for (size_t size = 1; size <= 8; size++) {
				if (offset % 0x1000 + size > 0x1000)
					continue;
				memset(data, fill == 2 ? 0x5a : -fill, 9);
				bus_write(&mmio, REGISTERS + offset, data,
					  size);
				bus_describe(&mmio, REGISTERS + offset, true,
					     data, size, text, sizeof(text));
				assert_non_null(strstr(text, " = "));
				memset(data, FAKE_FILL, 9);
				bus_read(&mmio, REGISTERS + offset, data, size);
				assert_int_equal(data[size], FAKE_FILL);
			}
		}
	}
	for (uint32_t offset = 0x40; offset < 0x100; offset++)
		for (size_t size = 1; size <= 8; size++)
			put(SLOT_1 + offset, UINT64_MAX, size);
	put(SLOT_1 + pci->msix.capability + PCI_MSIX_FLAGS, 0, 2);
	bring_up();
	assert_true(serves());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PCI_TEST(without_bus_mastering_it_stops),
		PCI_TEST(without_decoding_the_registers_are_gone),
		PCI_TEST(another_way_to_the_registers),
		PCI_TEST(the_other_way_has_bounds),
		PCI_TEST(any_access_anywhere_is_harmless),
	};

	return cmocka_run_group_tests_name("virtio on PCI: the function", tests,
					   NULL, NULL);
}
