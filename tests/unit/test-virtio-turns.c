/* How long a virtio device works at a stretch, and how it goes on. */
#include "device.h"

#define MS TIMER_MILLISECOND

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
		DEVICE_TEST(a_notification_is_not_for_ever),
		DEVICE_TEST(a_turn_is_at_least_one_chain),
		DEVICE_TEST(each_queue_gets_its_next_turn),
		DEVICE_TEST(there_is_no_turn_after_a_reset),
		DEVICE_TEST(what_comes_meanwhile_is_served),
		DEVICE_TEST(the_end_of_the_machine_ends_it),
	};

	return cmocka_run_group_tests_name("virtio device, turns", tests, NULL,
					   NULL);
}
