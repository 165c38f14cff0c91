/* The register page (virtio 1.2, 4.2.2): what is where, and who may change it. */
#include "mmio.h"

#include <errno.h>

/* ---- registers ---- */

static void says_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(get(VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 2);
	assert_int_equal(get(VIRTIO_MMIO_VENDOR_ID), 0x4d4d564d);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), VIRTQUEUE_MAX_SIZE);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG_GENERATION), 0);
	/* No shared memory: no length, nowhere */
	assert_int_equal(get(VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_SHM_BASE_LOW), UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_SHM_BASE_HIGH), UINT32_MAX);
}

static void write_only_registers_read_as_zero(void **state)
{
	static const uint64_t offsets[] = {
		VIRTIO_MMIO_DEVICE_FEATURES_SEL,
		VIRTIO_MMIO_DRIVER_FEATURES,
		VIRTIO_MMIO_DRIVER_FEATURES_SEL,
		VIRTIO_MMIO_QUEUE_SEL,
		VIRTIO_MMIO_QUEUE_NUM,
		VIRTIO_MMIO_QUEUE_NOTIFY,
		VIRTIO_MMIO_INTERRUPT_ACK,
		VIRTIO_MMIO_QUEUE_DESC_LOW,
		0x018,
		0x0fc,
	};

	(void)state;
	bring_up(USUAL_FEATURES);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		assert_int_equal(get(offsets[i]), 0);
}

/* Each register has a place of its own. */
static void a_write_reaches_one_register(void **state)
{
	(void)state;
	assert_true(negotiate(USUAL_FEATURES));
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), VIRTQUEUE_MAX_SIZE);
	place_queue(0, 0, 0);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(disk_queue->size, QUEUE_SIZE);
	assert_int_equal(disk_queue->desc_gpa, ring.desc_gpa);
	assert_int_equal(disk_queue->avail_gpa, ring.avail_gpa);
	assert_int_equal(disk_queue->used_gpa, ring.used_gpa);
	add_status(DRIVER_OK);
	offer_request();
	put(VIRTIO_MMIO_QUEUE_SEL, 0);
	assert_int_equal(ring.used->idx, 0);
	put(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_CONFIG_S_FAILED);
	assert_int_equal(get(VIRTIO_MMIO_STATUS),
			 ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	put(VIRTIO_MMIO_STATUS, 0);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	assert_int_equal(device->features, 0);
	put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	put(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	assert_int_equal(device->features, VERSION_1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), VIRTQUEUE_MAX_SIZE);
}

/* Reads of 1 to 8 bytes: what is behind them stays. */
static void read_wide(uint64_t offset, void *data, size_t size)
{
	memset(data, FAKE_FILL, 9);
	virtio_mmio_device.read(mmio, offset, data, size);
	assert_true(all_are((uint8_t *)data + size, 9 - size, FAKE_FILL));
}

static void registers_are_32_bits_wide(void **state)
{
	static const size_t widths[] = { 1, 2, 8 };
	const uint64_t one = 1;
	uint8_t data[9];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		read_wide(VIRTIO_MMIO_MAGIC_VALUE, data, widths[i]);
		assert_true(all_are(data, widths[i], 0));
		virtio_mmio_device.write(mmio, VIRTIO_MMIO_STATUS, &one,
					 widths[i]);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	}
	for (uint64_t off = 1; off < 4; off++) {
		read_wide(VIRTIO_MMIO_MAGIC_VALUE + off, data, 4);
		assert_true(all_are(data, 4, 0));
		virtio_mmio_device.write(mmio, VIRTIO_MMIO_STATUS + off, &one,
					 4);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	}
}

static void any_access_anywhere_is_harmless(void **state)
{
	uint8_t data[9];

	(void)state;
	bring_up(USUAL_FEATURES);
	for (uint64_t value = 0; value < 3; value++) {
		/* 0, all ones, something */
		memset(data, value == 2 ? 0x5a : -(int)value, sizeof(data));
		for (uint64_t offset = 0; offset < VIRTIO_SIZE; offset++)
			for (size_t size = 1; size <= 8; size++)
				virtio_mmio_device.write(mmio, offset, data,
							 size);
		for (uint64_t offset = 0; offset < VIRTIO_SIZE; offset++)
			for (size_t size = 1; size <= 8; size++)
				read_wide(offset, data, size);
	}
	bring_up(USUAL_FEATURES);
	offer_request();
	kick();
	assert_int_equal(ring.used->idx, 1);
}

static void configuration_in_any_width(void **state)
{
	const uint64_t size = sizeof(struct virtio_blk_config);
	struct virtio_blk_config values = { .capacity = CAPACITY,
					    .seg_max = VIRTQUEUE_MAX_SIZE - 2,
					    .blk_size = SECTOR };
	uint8_t expected[sizeof(values) + 8] = { 0 };
	uint8_t data[9];

	(void)state;
	memcpy(expected, &values, sizeof(values));
	for (uint64_t offset = 0; offset < size; offset++)
		for (size_t width = 1; width <= 8; width++) {
			read_wide(VIRTIO_MMIO_CONFIG + offset, data, width);
			assert_memory_equal(data, expected + offset, width);
		}
	/* Behind it there is nothing, up to the end of the page. */
	for (uint64_t offset = VIRTIO_MMIO_CONFIG + size; offset < VIRTIO_SIZE;
	     offset++) {
		read_wide(offset, data, 8);
		assert_true(all_are(data, 8, 0));
	}
}

static void configuration_is_read_only(void **state)
{
	(void)state;
	put(VIRTIO_MMIO_CONFIG, 0);
	put(VIRTIO_MMIO_CONFIG + 4, 1);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), CAPACITY);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4), 0);
	assert_int_equal(config->capacity, CAPACITY);
}

/* ---- features ---- */

static void offers_features(void **state)
{
	(void)state;
	assert_int_equal(offered(), VERSION_1 | INDIRECT_DESC | EVENT_IDX |
					    device->offered);
	for (uint32_t select = 2; select; select <<= 1) {
		put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, select);
		assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
	}
}

static void accepts_what_it_offers(void **state)
{
	(void)state;
	assert_true(negotiate(offered()));
	assert_true(disk_queue->indirect);
	assert_true(disk_queue->event_idx);
	assert_true(negotiate(VERSION_1));
	assert_false(disk_queue->indirect);
	assert_false(disk_queue->event_idx);
	assert_true(negotiate(VERSION_1 | INDIRECT_DESC));
	assert_true(disk_queue->indirect);
	assert_false(disk_queue->event_idx);
}

static void refuses_features(void **state)
{
	const uint64_t features = offered();

	(void)state;
	assert_false(negotiate(0));
	assert_false(negotiate(features & ~VERSION_1));
	for (int bit = 0; bit < 64; bit++)
		if (!(features >> bit & 1))
			assert_false(negotiate(VERSION_1 | 1ull << bit));
	/* The driver may try again with less. */
	assert_int_equal(get(VIRTIO_MMIO_STATUS), ACKNOWLEDGE | DRIVER);
	accept_features(VERSION_1);
	add_status(FEATURES_OK);
	assert_true(get(VIRTIO_MMIO_STATUS) & FEATURES_OK);
}

static void other_feature_words_are_ignored(void **state)
{
	(void)state;
	accept_features(VERSION_1);
	for (uint32_t select = 2; select; select <<= 1) {
		put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, select);
		put(VIRTIO_MMIO_DRIVER_FEATURES, UINT32_MAX);
	}
	assert_int_equal(device->features, VERSION_1);
}

static void features_are_fixed_once_accepted(void **state)
{
	(void)state;
	assert_true(negotiate(USUAL_FEATURES));
	accept_features(VERSION_1 | EVENT_IDX);
	assert_int_equal(device->features, USUAL_FEATURES);
	add_status(FEATURES_OK);
	assert_false(disk_queue->event_idx);
}

/* ---- where devices are ---- */

static void a_place_and_an_interrupt_for_each_slot(void **state)
{
	static const uint32_t irqs[VIRTIO_MMIO_MAX] = { 5, 9, 10, 11 };

	(void)state;
	for (size_t i = 0; i < VIRTIO_MMIO_MAX; i++) {
		assert_int_equal(virtio_mmio_irq(i), irqs[i]);
		assert_int_equal(VIRTIO_MMIO_GPA(i),
				 VIRTIO_GPA + i * VIRTIO_SIZE);
	}
}

static void expect_parameters(const char *cmdline, size_t count,
			      const char *expected)
{
	char *all = virtio_mmio_add_parameters(cmdline, count);

	assert_string_equal(all, expected);
	free(all);
}

/* In front: the kernel does not look behind a " -- ". */
static void parameters_tell_the_kernel(void **state)
{
	(void)state;
	expect_parameters("console=ttyS0", 0, "console=ttyS0");
	expect_parameters("a -- b", 1,
			  "virtio_mmio.device=4096@0xd0000000:5 a -- b");
	expect_parameters("a", 4,
			  "virtio_mmio.device=4096@0xd0000000:5 "
			  "virtio_mmio.device=4096@0xd0001000:9 "
			  "virtio_mmio.device=4096@0xd0002000:10 "
			  "virtio_mmio.device=4096@0xd0003000:11 a");
	host_reset();
	host.asprintf =
		(struct host_call){ .good = 1, .bad = 1, .error = ENOMEM };
	assert_dies(virtio_mmio_add_parameters("a", 2), "command line");
}

static void expect_description(uint64_t offset, uint64_t data, size_t size,
			       const char *expected)
{
	char text[80];

	virtio_mmio_device.describe(mmio, offset, true, &data, size, text,
				    sizeof(text));
	assert_string_equal(text, expected);
}

static void accesses_in_words(void **state)
{
	(void)state;
	expect_description(VIRTIO_MMIO_QUEUE_NOTIFY, 0, 4, "QueueNotify = 0x0");
	expect_description(VIRTIO_MMIO_MAGIC_VALUE, 0x74726976, 4,
			   "MagicValue = 0x74726976");
	expect_description(VIRTIO_MMIO_CONFIG, 0x12, 2, "Config = 0x12");
	expect_description(VIRTIO_MMIO_CONFIG + 3, 0xaabb, 1, "Config = 0xbb");
	expect_description(VIRTIO_SIZE - 1, 0xaabbccddeeff, 8,
			   "Config = 0xccddeeff");
	expect_description(0x018, 1, 4, "Unknown = 0x1");
	expect_description(VIRTIO_MMIO_CONFIG - 4, 1, 4,
			   "ConfigGeneration = 0x1");
	expect_description(VIRTIO_MMIO_STATUS, 0, 4, "Status = 0x0:");
	expect_description(VIRTIO_MMIO_STATUS, 0xcf, 4,
			   "Status = 0xcf: ACKNOWLEDGE DRIVER FEATURES_OK "
			   "DRIVER_OK NEEDS_RESET FAILED");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		MMIO_TEST(says_what_it_is),
		MMIO_TEST(write_only_registers_read_as_zero),
		MMIO_TEST(a_write_reaches_one_register),
		MMIO_TEST(registers_are_32_bits_wide),
		MMIO_TEST(any_access_anywhere_is_harmless),
		MMIO_TEST(configuration_in_any_width),
		MMIO_TEST(configuration_is_read_only),
		MMIO_TEST(offers_features),
		MMIO_TEST(accepts_what_it_offers),
		MMIO_TEST(refuses_features),
		MMIO_TEST(other_feature_words_are_ignored),
		MMIO_TEST(features_are_fixed_once_accepted),
		MMIO_TEST(a_place_and_an_interrupt_for_each_slot),
		MMIO_TEST(parameters_tell_the_kernel),
		MMIO_TEST(accesses_in_words),
	};

	return cmocka_run_group_tests_name("virtio-mmio, registers", tests,
					   NULL, NULL);
}
