/* The device between transport and kind (virtio 1.2, 2 and 3.1): status,
 * features and queues. */
#include "device.h"

/* ---- features ---- */

static void offers_its_own_and_everybodys(void **state)
{
	(void)state;
	assert_int_equal(virtio_offered(&device),
			 VERSION_1 | INDIRECT_DESC | EVENT_IDX | OWN_FEATURES);
}

static void features_in_two_halves(void **state)
{
	(void)state;
	virtio_write_features(&device, 1, 0x11111111);
	virtio_write_features(&device, 0, 0x22222222);
	virtio_write_features(&device, 2, 0x33333333);
	virtio_write_features(&device, UINT32_MAX, 0x33333333);
	assert_int_equal(device.features, 0x1111111122222222);
	virtio_write_features(&device, 1, 0x44444444);
	assert_int_equal(device.features, 0x4444444422222222);
	/* Once they are accepted they stay. */
	assert_true(negotiate(VERSION_1 | 1));
	virtio_write_features(&device, 0, 4);
	virtio_write_features(&device, 1, 0);
	assert_int_equal(device.features, VERSION_1 | 1);
}

static void all_queues_get_the_features(void **state)
{
	(void)state;
	assert_true(negotiate(VERSION_1 | INDIRECT_DESC | EVENT_IDX));
	for (uint32_t i = 0; i < QUEUES; i++) {
		assert_true(device.queues[i].indirect);
		assert_true(device.queues[i].event_idx);
	}
	virtio_write_status(&device, 0);
	assert_true(negotiate(VERSION_1 | EVENT_IDX));
	assert_false(device.queues[1].indirect);
	assert_true(device.queues[1].event_idx);
}

/* Of a set that was refused nothing is taken. */
static void refused_features_are_not_used(void **state)
{
	const uint64_t good = INDIRECT_DESC | EVENT_IDX;

	(void)state;
	assert_false(negotiate(good));
	assert_false(negotiate(VERSION_1 | NOT_OFFERED | good));
	for (uint32_t i = 0; i < QUEUES; i++) {
		assert_false(device.queues[i].indirect);
		assert_false(device.queues[i].event_idx);
	}
	start_queues();
	virtio_write_status(&device, RUNNING);
	assert_int_equal(device.status, ACKNOWLEDGE | DRIVER);
	assert_false(serves(0));
	/* The driver may try again with less. */
	assert_true(negotiate(VERSION_1));
	assert_false(device.queues[0].indirect);
	virtio_write_status(&device, RUNNING);
	virtio_notify(&device, 0);
	assert_int_equal(handled[0], 1);
}

/* ---- status ---- */

static void status_bits_rise_until_a_reset(void **state)
{
	(void)state;
	virtio_write_status(&device, ACKNOWLEDGE);
	virtio_write_status(&device, DRIVER);
	assert_int_equal(device.status, ACKNOWLEDGE | DRIVER);
	bring_up(VERSION_1);
	virtio_write_status(&device, ACKNOWLEDGE);
	assert_int_equal(device.status, RUNNING);
	assert_true(serves(0));
	virtio_write_status(&device, 0);
	assert_int_equal(device.status, 0);
	assert_int_equal(device.features, 0);
	assert_false(device.queues[0].ready);
	assert_false(serves(0));
}

/* It is the device's to say; and bits that are none do not stay. */
static void the_driver_cannot_set_needs_reset(void **state)
{
	(void)state;
	virtio_write_status(&device, NEEDS_RESET);
	assert_int_equal(device.status, 0);
	bring_up(VERSION_1);
	virtio_write_status(&device, RUNNING | NEEDS_RESET | 0x10 | 0xffffff00);
	assert_int_equal(device.status, RUNNING);
	assert_true(serves(0));
}

/* Without a queue, too: the driver reads that it was not heard. */
static void driver_ok_waits_for_features_ok(void **state)
{
	(void)state;
	virtio_write_status(&device, ACKNOWLEDGE | DRIVER | NEEDS_RESET);
	assert_int_equal(device.status, ACKNOWLEDGE | DRIVER);
	virtio_write_status(&device, ACKNOWLEDGE | DRIVER | DRIVER_OK);
	assert_int_equal(device.status, ACKNOWLEDGE | DRIVER);
	assert_false(negotiate(EVENT_IDX));
	assert_false(device.queues[0].event_idx);
	virtio_write_status(&device, RUNNING);
	assert_int_equal(device.status, ACKNOWLEDGE | DRIVER);
	assert_true(negotiate(VERSION_1));
	virtio_write_status(&device, RUNNING);
	assert_int_equal(device.status, RUNNING);
}

static void nothing_is_served_without_features_ok(void **state)
{
	(void)state;
	virtio_write_status(&device, ACKNOWLEDGE | DRIVER);
	start_queues();
	virtio_write_status(&device, ACKNOWLEDGE | DRIVER | DRIVER_OK);
	assert_int_equal(device.status, ACKNOWLEDGE | DRIVER);
	assert_false(serves(0));
	/* Both at once, with features that will not do, and with good ones */
	virtio_write_status(&device, RUNNING);
	assert_int_equal(device.status, ACKNOWLEDGE | DRIVER);
	assert_false(serves(1));
	virtio_write_features(&device, 1, 1);
	virtio_write_status(&device, RUNNING);
	assert_int_equal(device.status, RUNNING);
	assert_true(serves(0));
	assert_int_equal(handled[0], 2);
}

/* The driver has given up: the device is to leave its memory alone. */
static void failed_stops_the_device(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	assert_true(serves(0));
	virtio_write_status(&device, RUNNING | FAILED);
	assert_int_equal(device.status, RUNNING | FAILED);
	assert_false(serves(0));
	assert_false(serves(1));
	assert_int_equal(interrupts[0], 1);
	virtio_write_status(&device, RUNNING);
	assert_false(serves(0));
	bring_up(VERSION_1);
	assert_true(serves(0));
}

static void a_broken_queue_stops_the_device(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	offer(0);
	ring_offer(&rings[0], QUEUE_SIZE);
	virtio_notify(&device, 0);
	/* What came before it is done, and told. */
	assert_int_equal(handled[0], 1);
	assert_int_equal(interrupts[0], 1);
	assert_int_equal(config_interrupts, 1);
	assert_int_equal(device.status, RUNNING | NEEDS_RESET);
	assert_false(serves(1));
	assert_int_equal(config_interrupts, 1);
	bring_up(VERSION_1);
	assert_true(serves(1));
}

static void a_queue_that_cannot_start(void **state)
{
	(void)state;
	assert_true(negotiate(VERSION_1));
	virtio_start_queue(&device, 1);
	assert_int_equal(device.status,
			 ACKNOWLEDGE | DRIVER | FEATURES_OK | NEEDS_RESET);
	/* The driver is not there yet to be interrupted. */
	assert_int_equal(config_interrupts, 0);
}

/* ---- queues ---- */

static void each_queue_is_its_own(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	offer(0);
	assert_true(serves(1));
	assert_int_equal(handled[0], 0);
	assert_int_equal(rings[0].used->idx, 0);
	assert_int_equal(rings[1].used->ring[0].len, 8);
	assert_int_equal(interrupts[0], 0);
	assert_int_equal(interrupts[1], 1);
	virtio_notify(&device, 0);
	assert_int_equal(rings[0].used->ring[0].len, 7);
	assert_int_equal(interrupts[0], 1);
	/* There is no other. */
	offer(0);
	virtio_notify(&device, QUEUES);
	virtio_notify(&device, UINT32_MAX);
	assert_int_equal(handled[0], 1);
}

static void malformed_chains_are_not_handled(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	rings[0].desc[0].addr = UINT64_MAX;
	assert_false(serves(0));
	assert_int_equal(rings[0].used->idx, 1);
	assert_int_equal(rings[0].used->ring[0].len, 0);
	assert_int_equal(interrupts[0], 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		DEVICE_TEST(offers_its_own_and_everybodys),
		DEVICE_TEST(features_in_two_halves),
		DEVICE_TEST(all_queues_get_the_features),
		DEVICE_TEST(refused_features_are_not_used),
		DEVICE_TEST(status_bits_rise_until_a_reset),
		DEVICE_TEST(the_driver_cannot_set_needs_reset),
		DEVICE_TEST(driver_ok_waits_for_features_ok),
		DEVICE_TEST(nothing_is_served_without_features_ok),
		DEVICE_TEST(failed_stops_the_device),
		DEVICE_TEST(a_broken_queue_stops_the_device),
		DEVICE_TEST(a_queue_that_cannot_start),
		DEVICE_TEST(each_queue_is_its_own),
		DEVICE_TEST(malformed_chains_are_not_handled),
	};

	return cmocka_run_group_tests_name("virtio device", tests, NULL, NULL);
}
