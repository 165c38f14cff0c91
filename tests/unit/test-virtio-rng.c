/* The entropy source: buffers of any form, and how much of them it fills. */
#include "queue.h"

#include "virtio-rng.h"

#include <errno.h>
#include <limits.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <sys/types.h>

#define FEATURES_OK                                             \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | \
	 VIRTIO_CONFIG_S_FEATURES_OK)

static struct virtio rng;
static unsigned int interrupts;

/* How the host's calls go: `good` times well, then with this result */
static unsigned int calls, good;
static ssize_t then;

/* The linker's names: the C library's function, and what is in its place */
ssize_t __real_getrandom(void *buffer, size_t size, unsigned int flags);
ssize_t __wrap_getrandom(void *buffer, size_t size, unsigned int flags);

ssize_t __wrap_getrandom(void *buffer, size_t size, unsigned int flags)
{
	if (calls++ < good)
		return __real_getrandom(buffer, size, flags);
	errno = EINTR;
	return then < 0 ? -1 : __real_getrandom(buffer, (size_t)then, flags);
}

static void interrupt(void *transport, uint32_t number)
{
	assert_ptr_equal(transport, &rng);
	assert_int_equal(number, 0);
	interrupts++;
}

static int set_up_rng(void **state)
{
	(void)state;
	fake_reset();
	fake_memory_create(&memory, RAM_SIZE);
	virtio_rng_init(&rng);
	virtio_connect(&rng, &memory, interrupt, &rng);
	virtio_write_features(&rng, 1, 1u << (VIRTIO_F_VERSION_1 - 32));
	virtio_write_status(&rng, FEATURES_OK);
	ring_create(&ring, &memory, QUEUE_SIZE, RING_GPA);
	ring_tell(&ring, &rng.queues[0]);
	virtio_start_queue(&rng, 0);
	virtio_write_status(&rng, FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
	interrupts = calls = 0;
	good = UINT_MAX;
	return 0;
}

#define RNG_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_rng, tear_down)

static bool all_fill(uint64_t gpa, size_t size)
{
	const uint8_t *bytes = memory_at(&memory, gpa, size);

	while (size > 0)
		if (bytes[--size] != FAKE_FILL)
			return false;
	return true;
}

static void fills_what_it_may_write(void **state)
{
	(void)state;
	describe(0, BUFFER_GPA, 64, NEXT, 1); /* not this one */
	describe(1, BUFFER_GPA + 64, 64, WRITE | NEXT, 2);
	describe(2, BUFFER_GPA + 256, 64, WRITE, 0);
	ring_offer(&ring, 0);
	virtio_notify(&rng, 0);
	assert_int_equal(ring.used->idx, 1);
	assert_int_equal(ring.used->ring[0].len, 128);
	assert_true(all_fill(BUFFER_GPA, 64));
	assert_false(all_fill(BUFFER_GPA + 64, 64));
	assert_true(all_fill(BUFFER_GPA + 128, 128));
	assert_false(all_fill(BUFFER_GPA + 256, 64));
	assert_memory_not_equal(memory_at(&memory, BUFFER_GPA + 64, 64),
				memory_at(&memory, BUFFER_GPA + 256, 64), 64);
	assert_int_equal(interrupts, 1);
}

static void nothing_to_write_to_is_given_back(void **state)
{
	(void)state;
	describe(0, BUFFER_GPA, 64, 0, 0);
	describe(1, BUFFER_GPA, 0, WRITE, 0);
	describe(2, RAM_SIZE - 1, 2, WRITE, 0);
	describe(3, BUFFER_GPA, 1, WRITE | NEXT, 3);
	for (uint16_t i = 0; i < 4; i++)
		ring_offer(&ring, i);
	virtio_notify(&rng, 0);
	assert_int_equal(ring.used->idx, 4);
	for (uint16_t i = 0; i < 4; i++)
		assert_int_equal(ring.used->ring[i].len, 0);
	assert_true(all_fill(BUFFER_GPA, 0x1000));
	assert_true(all_fill(RAM_SIZE - 1, 1));
}

/* A chain can have 4 GiB, by naming the same buffer often: not so much. */
static void a_long_chain_gets_a_part(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < QUEUE_SIZE; i++)
		describe(i, BUFFER_GPA, 0x8000,
			 WRITE | (i + 1 < QUEUE_SIZE ? NEXT : 0), i + 1);
	ring_offer(&ring, 0);
	virtio_notify(&rng, 0);
	assert_int_equal(ring.used->ring[0].len, 0x10000);
}

/* Where the limit is within a buffer, that one is not filled to its end. */
static void the_last_buffer_gets_the_rest(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 2; i++)
		describe(i, BUFFER_GPA, 0x6000, WRITE | NEXT, i + 1);
	describe(2, BUFFER_GPA, 0x8000, WRITE | NEXT, 3);
	describe(3, BUFFER_GPA + 0x7000, 0x1000, WRITE, 0);
	ring_offer(&ring, 0);
	virtio_notify(&rng, 0);
	assert_int_equal(ring.used->ring[0].len, 0x10000);
	assert_int_equal(calls, 3);
	assert_true(all_fill(BUFFER_GPA + 0x6000, 0x2000));
}

/* Three buffers, of which the host fills the second in part, or not at all. */
static void expect_an_end_in_the_second(ssize_t size, uint32_t length)
{
	describe(0, BUFFER_GPA, 64, WRITE | NEXT, 1);
	describe(1, BUFFER_GPA + 64, 64, WRITE | NEXT, 2);
	describe(2, BUFFER_GPA + 128, 64, WRITE, 0);
	good = 1;
	then = size;
	ring_offer(&ring, 0);
	virtio_notify(&rng, 0);
	assert_int_equal(ring.used->idx, 1);
	assert_int_equal(ring.used->ring[0].len, length);
	assert_false(all_fill(BUFFER_GPA, 64));
	/* What the driver is told to use has no gap. */
	assert_true(all_fill(BUFFER_GPA + length, 192 - length));
}

static void a_host_that_gives_less(void **state)
{
	(void)state;
	expect_an_end_in_the_second(32, 64 + 32);
}

static void a_host_that_gives_nothing(void **state)
{
	(void)state;
	expect_an_end_in_the_second(-1, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RNG_TEST(fills_what_it_may_write),
		RNG_TEST(nothing_to_write_to_is_given_back),
		RNG_TEST(a_long_chain_gets_a_part),
		RNG_TEST(the_last_buffer_gets_the_rest),
		RNG_TEST(a_host_that_gives_less),
		RNG_TEST(a_host_that_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
