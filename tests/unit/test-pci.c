/* PCI's configuration space, by both ways (PCI Local Bus 3.0, 6). */
#include "pci-bus.h"

static void says_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(in(0, PCI_CLASS_DEVICE, 2), 0x0600);
	for (uint32_t slot = 1; slot <= DEVICES; slot++) {
		assert_int_equal(in(slot, PCI_VENDOR_ID, 4), 0x56781234);
		assert_int_equal(in(slot, PCI_CLASS_REVISION, 4), 0x01020342);
		assert_int_equal(in(slot, PCI_SUBSYSTEM_VENDOR_ID, 4),
				 0xdef09abc);
		assert_int_equal(in(slot, PCI_HEADER_TYPE, 1), 0);
		assert_int_equal(in(slot, PCI_COMMAND, 4), 0);
		assert_int_equal(in(slot, PCI_INTERRUPT_PIN, 1), 0);
	}
}

static void nobody_is_all_ones(void **state)
{
	(void)state;
	for (uint32_t slot = DEVICES + 1; slot < 32; slot++)
		assert_int_equal(in(slot, 0, 4), UINT32_MAX);
	/* Other functions, other buses */
	assert_int_equal(in(1 << 5 | 1, 0, 4), UINT32_MAX);
	assert_int_equal(get(ecam(0, 1, 1, 0), 4), UINT32_MAX);
	assert_int_equal(get(ecam(0, 1, 7, 0), 4), UINT32_MAX);
	/* Behind the 256 bytes, and across their end */
	assert_int_equal(get(ecam(0, 1, 0, 0x100), 4), UINT32_MAX);
	assert_int_equal(get(ecam(0, 1, 0, 0xffc), 4), UINT32_MAX);
	assert_int_equal(get(ecam(0, 1, 0, 0xfc), 8), 0xffffffff00000000);
}

static void both_ways_lead_to_the_same(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 256; offset++) {
		for (size_t size = 1; size <= 4; size *= 2) {
			if (offset % 4 + size > 4)
				continue;
			assert_int_equal(in(2, offset, size),
					 get(ecam(0, 2, 0, offset), size));
		}
	}
	put(ecam(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MASTER, 2);
	assert_int_equal(in(2, PCI_COMMAND, 2), PCI_COMMAND_MASTER);
	assert_true(pci_is_master(functions[1]));
	assert_false(pci_is_master(functions[0]));
}

/* PCI Local Bus 3.0, 3.2.2.3.2: only as 32 bits is it the address register. */
static void the_address_register(void **state)
{
	uint32_t value = UINT32_MAX;
	uint8_t byte = 0;

	(void)state;
	bus_write(&ports, 0xcf8, &value, 4);
	bus_read(&ports, 0xcf8, &value, 4);
	assert_int_equal(value, 0x80fffffc);
	in(1, 0, 4);
	for (int i = 0; i < 4; i++)
		bus_write(&ports, 0xcf8 + i, &byte, 1);
	bus_read(&ports, 0xcf8, &value, 4);
	assert_int_equal(value, port_address(1, 0));
	bus_read(&ports, 0xcf9, &byte, 1);
	assert_int_equal(byte, 0xff);
	/* Without its uppermost bit the data is nobody's. */
	value &= ~(1u << 31);
	bus_write(&ports, 0xcf8, &value, 4);
	bus_read(&ports, 0xcfc, &value, 4);
	assert_int_equal(value, UINT32_MAX);
	value = 0;
	bus_write(&ports, 0xcfc, &value, 4);
}

static void only_some_bits_can_be_written(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 256; offset += 4)
		out(1, offset, UINT32_MAX, 4);
	assert_int_equal(in(1, PCI_VENDOR_ID, 4), 0x56781234);
	assert_int_equal(in(1, PCI_CLASS_REVISION, 4), 0x01020342);
	assert_int_equal(in(1, PCI_COMMAND, 4),
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
				 PCI_COMMAND_INTX_DISABLE);
	for (uint32_t offset = PCI_BASE_ADDRESS_2; offset < 256; offset += 4)
		if (offset != PCI_SUBSYSTEM_VENDOR_ID)
			assert_int_equal(in(1, offset, 4), 0);
}

/* 6.7 */
static void capabilities_are_a_list_that_ends(void **state)
{
	static const uint8_t first[6] = { 0, 0, 1, 2, 3, 4 };
	static const uint8_t writable[6] = { 0, 0, 0xf0, 0xff, 0, 0 };
	uint8_t a, b;

	(void)state;
	assert_false(in(1, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	a = pci_add_capability(functions[0], 9, first, writable, 6);
	b = pci_add_capability(functions[0], 5, first, NULL, 6);
	assert_true(in(1, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	assert_int_equal(in(1, PCI_CAPABILITY_LIST, 1), a);
	assert_int_equal(in(1, a, 2), 9 | b << 8);
	assert_int_equal(in(1, b, 2), 5);
	assert_true(a % 4 == 0 && b % 4 == 0 && b >= a + 6 && a >= 0x40);
	out(1, a, 0xffffffff, 4);
	assert_int_equal(in(1, a, 4), 9 | b << 8 | 0xf1 << 16 | 0xffu << 24);
	out(1, b, 0xffffffff, 4);
	assert_int_equal(in(1, b, 4), 5 | 0x0201 << 16);
	assert_dies(pci_add_capability(functions[0], 9, pci, NULL, 200),
		    "no room for a PCI capability of 200 bytes");
}

/* Any access by either way; what is behind the data stays. */
static void any_access_anywhere_is_harmless(void **state)
{
	uint8_t data[9], text[80];

	(void)state;
	for (int fill = 0; fill < 3; fill++) {
		for (uint32_t address = 0; address < 0x2000; address++) {
			uint64_t gpa = ecam(0, 1, 0, address);

			for (size_t size = 1; size <= 8; size++) {
				memset(data, fill == 2 ? 0x5a : -fill, 9);
				bus_write(&mmio, gpa, data, size);
				memset(data, FAKE_FILL, 9);
				bus_read(&mmio, gpa, data, size);
				assert_int_equal(data[size], FAKE_FILL);
				bus_describe(&mmio, gpa, true, data, size,
					     (char *)text, sizeof(text));
			}
		}
		for (uint32_t offset = 0; offset < 0x200; offset++) {
			uint32_t address = port_address(1, offset);

			for (uint16_t port = 0xcf8; port < 0xd00; port++) {
				for (size_t size = 1; size <= 4; size++) {
					bus_write(&ports, 0xcf8, &address, 4);
					memset(data, -fill, 9);
					bus_write(&ports, port, data, size);
					bus_read(&ports, port, data, size);
					bus_describe(&ports, port, true, data,
						     size, (char *)text,
						     sizeof(text));
				}
			}
		}
	}
	assert_int_equal(in(1, 0, 4), 0x56781234);
}

static void describes(const char *words, uint64_t gpa, uint32_t value)
{
	char text[80] = "";

	bus_describe(&mmio, gpa, true, &value, 4, text, sizeof(text));
	assert_string_equal(text, words);
}

static void the_trace_has_names(void **state)
{
	static const uint8_t virtio[16] = { 0, 0, 16, 1 };
	char text[80] = "";
	uint32_t value = 6;

	(void)state;
	pci_add_capability(functions[0], PCI_CAP_ID_MSIX, virtio, NULL, 12);
	pci_add_capability(functions[0], PCI_CAP_ID_VNDR, virtio, NULL, 16);
	describes("Command = 0x6: 00:01.0 MEMORY MASTER",
		  ecam(0, 1, 0, PCI_COMMAND), 6);
	describes("VendorID = 0xffffffff: 00:09.0, nobody", ecam(0, 9, 0, 0),
		  UINT32_MAX);
	describes("BAR1 = 0x0: 00:01.0", ecam(0, 1, 0, PCI_BASE_ADDRESS_1), 0);
	describes("MSI-X+0x4 = 0x1: 00:01.0", ecam(0, 1, 0, 0x44), 1);
	describes("VirtioCommon+0x8 = 0x1: 00:01.0", ecam(0, 1, 0, 0x54), 1);
	describes("Config+0xf0 = 0x0: 00:01.0", ecam(0, 1, 0, 0xf0), 0);
	describes("Config+0x100 = 0x0: 00:01.0", ecam(0, 1, 0, 0x100), 0);
	in(1, PCI_COMMAND, 2);
	bus_describe(&ports, 0xcfc, true, &value, 2, text, sizeof(text));
	assert_string_equal(text, "Command = 0x6: 00:01.0 MEMORY MASTER");
	bus_describe(&ports, 0xcf8, true, &value, 4, text, sizeof(text));
	assert_string_equal(text, "PCI_ADDRESS = 0x80000804");
	place(1, PCI_WINDOW_GPA);
	decode(1, true);
	describes("mine = 0x0", PCI_WINDOW_GPA, 0);
}

static void there_are_32_slots(void **state)
{
	static struct pci_function more[PCI_SLOTS];

	(void)state;
	for (uint32_t i = DEVICES + 1; i < PCI_SLOTS; i++) {
		pci_function_init(&more[i], &identity);
		pci_bus_add(pci, &more[i]);
		assert_int_equal(in(i, 0, 4), 0x56781234);
	}
	assert_dies(pci_bus_add(pci, &more[0]), "more than 31 disks");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(says_what_it_is),
		TEST(nobody_is_all_ones),
		TEST(both_ways_lead_to_the_same),
		TEST(the_address_register),
		TEST(only_some_bits_can_be_written),
		TEST(capabilities_are_a_list_that_ends),
		TEST(any_access_anywhere_is_harmless),
		TEST(the_trace_has_names),
		TEST(there_are_32_slots),
	};

	return cmocka_run_group_tests_name("PCI's configuration space", tests,
					   NULL, NULL);
}
