/* The device between transport and kind (virtio 1.2, 2 and 3.1): status,
 * features, queues, and how long it works at a stretch. */
#include "queue.h"

#include "virtio.h"

#include <linux/virtio_config.h>

#define QUEUES	     2
#define OWN_FEATURES 5 /* bits 0 and 2 */

#define VERSION_1     (1ull << VIRTIO_F_VERSION_1)
#define INDIRECT_DESC (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT_IDX     (1ull << VIRTIO_RING_F_EVENT_IDX)
#define NOT_OFFERED   (1ull << VIRTIO_F_RING_PACKED)

#define ACKNOWLEDGE VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER	    VIRTIO_CONFIG_S_DRIVER
#define FEATURES_OK VIRTIO_CONFIG_S_FEATURES_OK
#define DRIVER_OK   VIRTIO_CONFIG_S_DRIVER_OK
#define FAILED	    VIRTIO_CONFIG_S_FAILED
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET
#define RUNNING	    (ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)

#define MS TIMER_MILLISECOND

/* ---- a device with two queues, and its transport ---- */

static struct virtio device;
static struct ring rings[QUEUES];
static unsigned int handled[QUEUES];
static unsigned int interrupts[QUEUES], config_interrupts;
static void (*on_chain)(uint32_t number);

static uint32_t handle(uint32_t number, struct chain *request)
{
	assert_true(request->valid);
	handled[number]++;
	if (on_chain)
		on_chain(number);
	return 7 + number;
}

static uint32_t handle_0(struct virtio *unused, struct chain *request)
{
	(void)unused;
	return handle(0, request);
}

static uint32_t handle_1(struct virtio *unused, struct chain *request)
{
	(void)unused;
	return handle(1, request);
}

static void notified(struct virtio *notified_device, uint32_t number)
{
	assert_ptr_equal(notified_device, &device);
	assert_in_range(number, 0, QUEUES - 1);
	virtio_serve(&device, number, number == 0 ? handle_0 : handle_1);
}

static void interrupt(void *transport, uint32_t number)
{
	assert_ptr_equal(transport, &rings);
	if (number == VIRTIO_CONFIG)
		config_interrupts++;
	else
		interrupts[number]++;
}

static int set_up_device(void **state)
{
	(void)state;
	fake_reset();
	fake_memory_create(&memory, RAM_SIZE);
	device = (struct virtio){ .id = 99,
				  .offered = OWN_FEATURES,
				  .queue_count = QUEUES,
				  .notified = notified };
	virtio_connect(&device, &memory, interrupt, &rings);
	memset(handled, 0, sizeof(handled));
	memset(interrupts, 0, sizeof(interrupts));
	config_interrupts = 0;
	on_chain = NULL;
	return 0;
}

#define DEVICE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_device, tear_down)

/* ---- its driver ---- */

static bool negotiate(uint64_t features)
{
	virtio_write_status(&device, ACKNOWLEDGE);
	virtio_write_status(&device, ACKNOWLEDGE | DRIVER);
	virtio_write_features(&device, 0, (uint32_t)features);
	virtio_write_features(&device, 1, (uint32_t)(features >> 32));
	virtio_write_status(&device, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	return device.status & FEATURES_OK;
}

static void start_queues(void)
{
	for (uint32_t i = 0; i < QUEUES; i++) {
		ring_create(&rings[i], &memory, QUEUE_SIZE,
			    RING_GPA + i * RING_BYTES);
		ring_tell(&rings[i], &device.queues[i]);
		virtio_start_queue(&device, i);
		assert_true(device.queues[i].ready);
		ring_describe(&rings[i].desc[0], BUFFER_GPA, 1, WRITE, 0);
	}
}

static void bring_up(uint64_t features)
{
	virtio_write_status(&device, 0);
	assert_true(negotiate(features));
	start_queues();
	virtio_write_status(&device, RUNNING);
	assert_int_equal(device.status, RUNNING);
}

static void offer(uint32_t number)
{
	ring_offer(&rings[number], 0);
}

/* A chain in each queue, and whether the device takes it */
static bool serves(uint32_t number)
{
	unsigned int before = handled[number];

	offer(number);
	virtio_notify(&device, number);
	return handled[number] > before;
}

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

/* ---- turns ---- */

/* Each chain takes 20 ms, and makes another one available. */
static void take_20_ms(uint32_t number)
{
	fake.now += 20 * MS;
	offer(number);
}

static void a_notification_is_not_for_ever(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	on_chain = take_20_ms;
	assert_true(serves(0));
	/* The guest has its turn, with what is done. */
	assert_int_equal(handled[0], 3);
	assert_int_equal(rings[0].used->idx, 3);
	assert_int_equal(interrupts[0], 1);
	assert_non_null(fake.timer);
	assert_in_range(fake.timer->deadline, fake.now + 1, fake.now + 5 * MS);

	/* Then the device goes on, by itself. */
	fake_expire();
	assert_int_equal(handled[0], 6);
	assert_int_equal(interrupts[0], 2);
	on_chain = NULL;
	fake_expire();
	assert_int_equal(handled[0], 7);
	assert_int_equal(rings[0].used->idx, 7);
	assert_null(fake.timer);
}

/* Each turn does something, however slow the host is. */
static void a_turn_is_at_least_one_chain(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	fake.tick = 1000 * MS;
	for (int i = 0; i < 3; i++)
		offer(0);
	virtio_notify(&device, 0);
	for (unsigned int i = 1; i < 3; i++) {
		assert_int_equal(handled[0], i);
		fake_expire();
	}
	assert_int_equal(handled[0], 3);
	assert_int_equal(rings[0].used->idx, 3);
}

static void each_queue_gets_its_next_turn(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	on_chain = take_20_ms;
	assert_true(serves(0));
	assert_true(serves(1));
	fake_expire();
	assert_int_equal(handled[0], 6);
	assert_int_equal(handled[1], 6);
	on_chain = NULL;
	fake_expire();
	assert_int_equal(handled[0], 7);
	assert_int_equal(handled[1], 7);
	assert_null(fake.timer);
	assert_int_equal(device.unfinished, 0);
}

static void there_is_no_turn_after_a_reset(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	on_chain = take_20_ms;
	assert_true(serves(0));
	virtio_write_status(&device, 0);
	assert_null(fake.timer);
	assert_int_equal(device.unfinished, 0);

	/* Nor after the driver has given up, or taken the queue back */
	bring_up(VERSION_1);
	assert_true(serves(0));
	virtio_write_status(&device, RUNNING | FAILED);
	fake_expire();
	bring_up(VERSION_1);
	assert_true(serves(0));
	device.queues[0].ready = false;
	fake_expire();
	assert_int_equal(handled[0], 9);
	assert_null(fake.timer);
}

/* The driver adds one when the device has seen the last: no kick for it. */
static void add_a_few(uint32_t number)
{
	if (rings[number].avail->idx < 5)
		offer(number);
}

static void what_comes_meanwhile_is_served(void **state)
{
	(void)state;
	bring_up(VERSION_1 | EVENT_IDX);
	on_chain = add_a_few;
	assert_true(serves(0));
	assert_int_equal(handled[0], 5);
	assert_int_equal(*ring_avail_event(&rings[0]), 5);
}

static void stop_at_the_second(uint32_t number)
{
	offer(number);
	fake.stopped = handled[number] == 2;
}

static void the_end_of_the_machine_ends_it(void **state)
{
	(void)state;
	bring_up(VERSION_1);
	on_chain = stop_at_the_second;
	assert_true(serves(0));
	assert_int_equal(handled[0], 2);
	/* What was taken is given back; nothing is left to be done. */
	assert_int_equal(rings[0].used->idx, 2);
	assert_null(fake.timer);
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
		DEVICE_TEST(nothing_is_served_without_features_ok),
		DEVICE_TEST(failed_stops_the_device),
		DEVICE_TEST(a_broken_queue_stops_the_device),
		DEVICE_TEST(a_queue_that_cannot_start),
		DEVICE_TEST(each_queue_is_its_own),
		DEVICE_TEST(malformed_chains_are_not_handled),
		DEVICE_TEST(a_notification_is_not_for_ever),
		DEVICE_TEST(a_turn_is_at_least_one_chain),
		DEVICE_TEST(each_queue_gets_its_next_turn),
		DEVICE_TEST(there_is_no_turn_after_a_reset),
		DEVICE_TEST(what_comes_meanwhile_is_served),
		DEVICE_TEST(the_end_of_the_machine_ends_it),
	};

	return cmocka_run_group_tests_name("virtio device", tests, NULL, NULL);
}
