/* virtio's PCI transport (virtio 1.2, 4.1): found, and driven by its registers. */
#include "pci-device.h"

static void is_found(void **state)
{
	static const uint32_t lengths[] = {
		[VIRTIO_PCI_CAP_COMMON_CFG] = 56,
		[VIRTIO_PCI_CAP_NOTIFY_CFG] = 4,
		[VIRTIO_PCI_CAP_ISR_CFG] = 1,
		[VIRTIO_PCI_CAP_DEVICE_CFG] = sizeof(*config),
	};

	(void)state;
	assert_int_equal(get(SLOT_1, 4), 0x10421af4);
	assert_true(get(SLOT_1 + PCI_REVISION_ID, 1) >= 1);
	assert_true(get(SLOT_1 + PCI_SUBSYSTEM_ID, 2) >= 0x40);
	assert_int_equal(get(SLOT_1 + PCI_CLASS_DEVICE, 2), 0x0180);
	for (uint8_t type = 1; type <= 4; type++) {
		uint64_t at = find(type);
		uint64_t offset = get(at + VIRTIO_PCI_CAP_OFFSET, 4);
		uint64_t length = get(at + VIRTIO_PCI_CAP_LENGTH, 4);

		assert_int_equal(get(at + VIRTIO_PCI_CAP_LEN, 1),
				 type == VIRTIO_PCI_CAP_NOTIFY_CFG ? 20 : 16);
		assert_int_equal(get(at + VIRTIO_PCI_CAP_BAR, 1), 0);
		assert_int_equal(offset % 4, 0);
		assert_true(length >= lengths[type]);
		assert_true(offset + length <= 0x4000);
	}
	assert_int_equal(get(find(VIRTIO_PCI_CAP_NOTIFY_CFG) + 16, 4), 4);
	assert_int_equal(get(find(VIRTIO_PCI_CAP_PCI_CFG) + 2, 1), 20);
}

static void the_state_after_a_reset(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(STATUS(), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_NUMQ, 2), 1);
		assert_int_equal(common(VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_SIZE, 2), 256);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_DESCLO, 4), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_GFSELECT, 4), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_GF, 4), 0);
		bring_up();
		set_common(VIRTIO_PCI_COMMON_STATUS, 0, 1);
	}
}

static void works(void **state)
{
	(void)state;
	bring_up();
	for (unsigned int i = 1; i <= 300; i++) {
		assert_true(serves());
		assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
		assert_int_equal(sent[1], i);
	}
	assert_int_equal(sent[0], 0);
	assert_int_equal(get(REGISTERS + 0x1000, 1), 0);
}

static void offers_features_by_halves(void **state)
{
	uint64_t features = 0;

	(void)state;
	for (uint32_t half = 0; half < 2; half++) {
		set_common(VIRTIO_PCI_COMMON_DFSELECT, half, 4);
		features |= (uint64_t)common(VIRTIO_PCI_COMMON_DF, 4)
			    << 32 * half;
	}
	assert_int_equal(features, virtio_offered(device));
	set_common(VIRTIO_PCI_COMMON_DFSELECT, 2, 4);
	assert_int_equal(common(VIRTIO_PCI_COMMON_DF, 4), 0);
	assert_false(negotiate(FLUSH_FEATURE));
	assert_true(negotiate(USUAL_FEATURES));
	set_common(VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	assert_int_equal(common(VIRTIO_PCI_COMMON_GF, 4), VERSION_1 >> 32);
}

/* 4.1.4.3.1: what is wrong reads as 0xffff. */
static void vectors_that_do_not_exist_are_refused(void **state)
{
	(void)state;
	bring_up();
	set_common(VIRTIO_PCI_COMMON_MSIX, 2, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 0x8000, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
	assert_true(serves());
	assert_int_equal(sent[0] + sent[1], 0);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 0, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0);
	assert_true(serves());
	assert_int_equal(sent[0], 1);
}

static void a_queue_that_is_enabled_stays_as_it_is(void **state)
{
	(void)state;
	bring_up();
	set_common(VIRTIO_PCI_COMMON_Q_SIZE, 2, 2);
	set_common(VIRTIO_PCI_COMMON_Q_DESCLO, 0x123, 4);
	set_common(VIRTIO_PCI_COMMON_Q_ENABLE, 0, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_SIZE, 2), QUEUE_SIZE);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_DESCLO, 4), ring.desc_gpa);
	assert_true(serves());
}

static void queues_that_are_not_there(void **state)
{
	(void)state;
	bring_up();
	for (uint32_t select = 1; select < 0x10000; select += 0x333) {
		set_common(VIRTIO_PCI_COMMON_Q_SELECT, select, 2);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
		for (uint32_t offset = VIRTIO_PCI_COMMON_Q_SIZE; offset < 56;
		     offset++)
			for (size_t size = 1; size <= 8; size++)
				put(REGISTERS + offset, UINT64_MAX, size);
	}
	for (uint64_t offset = 4; offset < 0x1000; offset++)
		put(REGISTERS + 0x3000 + offset, 0, 2);
	assert_true(serves());
}

static void a_queue_in_no_memory_needs_a_reset(void **state)
{
	(void)state;
	bring_up();
	assert_true(negotiate(USUAL_FEATURES));
	set_up_vectors();
	place_queue();
	set_common(VIRTIO_PCI_COMMON_Q_DESCHI, 0x80, 4);
	set_common(VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	assert_true(STATUS() & NEEDS_RESET);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	bring_up();
	assert_true(serves());
}

/* Each is read in any width, and written in its own alone (4.1.3.1). */
static void widths(void **state)
{
	(void)state;
	bring_up();
	for (uint32_t offset = 0; offset < 56; offset++) {
		uint64_t whole = get(REGISTERS + offset, 8);

		for (size_t size = 1; size < 8; size++)
			assert_int_equal(get(REGISTERS + offset, size),
					 whole & ((1ull << 8 * size) - 1));
	}
	set_common(VIRTIO_PCI_COMMON_STATUS, 0, 2);
	set_common(VIRTIO_PCI_COMMON_STATUS, 0, 4);
	put(REGISTERS + VIRTIO_PCI_COMMON_NUMQ, 0, 8);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 0, 1);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 0, 4);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 1);
	assert_true(serves());
}

static void the_devices_configuration(void **state)
{
	uint8_t data[9];

	(void)state;
	assert_int_equal(get(REGISTERS + 0x2000, 8), CAPACITY);
	for (uint64_t offset = 0; offset < 0x1000; offset++) {
		for (size_t size = 1; size <= 8; size++) {
			memset(data, FAKE_FILL, sizeof(data));
			bus_read(&mmio, REGISTERS + 0x2000 + offset, data,
				 offset + size > 0x1000 ? 1 : size);
			put(REGISTERS + 0x2000 + offset, UINT64_MAX, size);
		}
	}
	assert_memory_equal(config, &blk.config, sizeof(*config));
	device->config_generation = 0x1fe;
	assert_int_equal(common(VIRTIO_PCI_COMMON_CFGGENERATION, 1), 0xfe);
}

/* Without MSI-X the status says what has happened, once (4.1.4.5.1). */
static void without_msix(void **state)
{
	(void)state;
	bring_up();
	put(SLOT_1 + pci->msix.capability + PCI_MSIX_FLAGS, 0, 2);
	assert_true(serves());
	assert_int_equal(sent[1], 0);
	assert_int_equal(get(REGISTERS + 0x1000, 1), 1);
	assert_int_equal(get(REGISTERS + 0x1000, 1), 0);
	virtio_config_changed(device);
	assert_true(serves());
	assert_int_equal(get(REGISTERS + 0x1000, 4), 3);
	assert_int_equal(get(REGISTERS + 0x1000, 4), 0);
}

static void a_reset_forgets_what_is_pending(void **state)
{
	(void)state;
	bring_up();
	put(MSIX + 16 + 12, 1, 4);
	assert_true(serves());
	assert_int_equal(get(MSIX + 0x800, 8), 2);
	set_common(VIRTIO_PCI_COMMON_STATUS, 0, 1);
	put(MSIX + 16 + 12, 0, 4);
	assert_int_equal(sent[1], 0);
	bring_up();
	assert_true(serves());
	assert_int_equal(sent[1], 1);
}

static void each_kind_has_a_class(void **state)
{
	static const struct msi_port port = { send, sent };
	static struct virtio_pci other;
	struct virtio nic = { .id = VIRTIO_ID_NET };
	struct virtio rng = { .id = VIRTIO_ID_RNG };

	(void)state;
	virtio_pci_init(&other, &nic, &memory, &port);
	assert_int_equal(pci_get16(&other.function, PCI_CLASS_DEVICE), 0x0200);
	assert_int_equal(pci_get32(&other.function, 0), 0x10411af4);
	virtio_pci_init(&other, &rng, &memory, &port);
	assert_int_equal(pci_get16(&other.function, PCI_CLASS_DEVICE), 0x0880);
}

static void the_trace_has_names(void **state)
{
	static const struct {
		uint64_t offset;
		uint8_t value;
		const char *words;
	} cases[] = {
		{ VIRTIO_PCI_COMMON_Q_SELECT, 1, "queue_select = 0x1" },
		{ VIRTIO_PCI_COMMON_STATUS, 15,
		  "device_status = 0xf: ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK" },
		{ 0x39, 1, "Unknown = 0x1" },
		{ 0x1000, 1, "ISR = 0x1" },
		{ 0x2004, 1, "Config = 0x1" },
		{ 0x3000, 0, "queue_notify = 0" },
	};
	char text[80];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bus_describe(&mmio, REGISTERS + cases[i].offset, true,
			     &cases[i].value, 1, text, sizeof(text));
		assert_string_equal(text, cases[i].words);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PCI_TEST(is_found),
		PCI_TEST(the_state_after_a_reset),
		PCI_TEST(works),
		PCI_TEST(offers_features_by_halves),
		PCI_TEST(vectors_that_do_not_exist_are_refused),
		PCI_TEST(a_queue_that_is_enabled_stays_as_it_is),
		PCI_TEST(queues_that_are_not_there),
		PCI_TEST(a_queue_in_no_memory_needs_a_reset),
		PCI_TEST(widths),
		PCI_TEST(the_devices_configuration),
		PCI_TEST(without_msix),
		PCI_TEST(a_reset_forgets_what_is_pending),
		PCI_TEST(each_kind_has_a_class),
		PCI_TEST(the_trace_has_names),
	};

	return cmocka_run_group_tests_name("virtio on PCI: registers", tests,
					   NULL, NULL);
}
