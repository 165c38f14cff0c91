/* The entropy source: buffers of any form, and how much of them it fills. */
#include "queue.h"

#include "virtio-rng.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#define FEATURES_OK                                             \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | \
	 VIRTIO_CONFIG_S_FEATURES_OK)

static struct virtio rng;
static unsigned int interrupts;

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
	interrupts = 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RNG_TEST(fills_what_it_may_write),
		RNG_TEST(nothing_to_write_to_is_given_back),
		RNG_TEST(a_long_chain_gets_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
