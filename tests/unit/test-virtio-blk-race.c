/*
 * A disk whose driver has two processors. One makes requests and keeps to the
 * rules; the other, a thread here, changes descriptors, heads and indices all the
 * while, also those of the chain that the device has at work.
 *
 * Each chain comes back as one that there is, and nothing is written where no
 * descriptor, old or new, has it written. The sanitizers see the rest.
 */
#include "blk.h"

#include <pthread.h>
#include <stdlib.h>

#define ROUNDS	    1000000
#define DESCRIPTORS 16

/* The last sector of RAM */
#define TOP_GPA (RAM_SIZE - SECTOR)

/* What the other processor writes to a descriptor, by the word in it */
static const uint32_t words[4][4] = {
	{ HEADER_GPA, DATA_GPA, TOP_GPA, VIRTIO_GPA }, /* address, low */
	{ 0, 0, 0, UINT32_MAX }, /* address, high */
	{ 1, 16, SECTOR, UINT32_MAX }, /* length */
	/* flags, and which is next */
	{ NEXT | WRITE | 2 << 16, WRITE | 2 << 16, NEXT | 3 << 16, INDIRECT },
};

static pthread_t other;
static bool race_is_over;

static void *change_all(void *unused)
{
	uint32_t *const table = (uint32_t *)ring.desc;
	uint32_t *const avail = (uint32_t *)ring.avail;
	unsigned int seed = 1;

	while (!__atomic_load_n(&race_is_over, __ATOMIC_RELAXED)) {
		const unsigned int dice = (unsigned int)rand_r(&seed);
		const unsigned int word = dice % (4 * DESCRIPTORS);
		uint32_t *place = &table[word];

		/* 1 of 1,024: flags and index of the available ring, or heads */
		if ((dice >> 8 & 0x3ff) == 0)
			place = &avail[word % 4];
		__atomic_store_n(place, words[word % 4][dice >> 6 & 3],
				 __ATOMIC_RELAXED);
	}
	return unused;
}

/* What of the memory a descriptor may name for the device to write, or a ring */
static bool may_change(uint64_t gpa)
{
	/* An empty descriptor names 0. */
	static const uint64_t starts[] = { 0, HEADER_GPA, STATUS_GPA, DATA_GPA,
					   TOP_GPA };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (gpa >= starts[i] && gpa - starts[i] < SECTOR)
			return true;
	return gpa >= RING_GPA && gpa - RING_GPA < RING_BYTES;
}

static void expect_rest_unchanged(void)
{
	for (uint64_t gpa = 0; gpa < RAM_SIZE; gpa++)
		if (!may_change(gpa))
			assert_int_equal(memory.ram[gpa], FAKE_FILL);
}

static void start_small_disk(void)
{
	ring_create(&ring, &memory, DESCRIPTORS, RING_GPA);
	ring_tell(&ring, disk_queue);
	assert_true(virtqueue_start(disk_queue, &memory));
	disk_queue->indirect = blk.read_only;
}

/* Header, data and status from this descriptor on: how it ought to be */
static void put_request(uint16_t head, uint32_t round)
{
	const uint16_t data = (head + 1) % DESCRIPTORS;
	const uint16_t status = (head + 2) % DESCRIPTORS;
	const bool is_read = round % 3;

	put_header(HEADER_GPA, is_read ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT,
		   round % CAPACITY);
	*(uint8_t *)guest(STATUS_GPA, 1) = NO_STATUS;
	describe(head, HEADER_GPA, sizeof(struct virtio_blk_outhdr), NEXT,
		 data);
	describe(data, round % 2 ? DATA_GPA : TOP_GPA, SECTOR,
		 is_read ? NEXT | WRITE : NEXT, status);
	describe(status, STATUS_GPA, 1, WRITE, 0);
}

static void race(void **state)
{
	uint32_t resets = 0, errors = 0, good = 0;

	(void)state;
	for (uint32_t round = 0;
	     round < ROUNDS || resets == 0 || errors == 0 || good == 0;
	     round++) {
		const uint16_t before = disk_queue->next_used;
		uint16_t count;

		put_request(round % DESCRIPTORS, round);
		ring.avail->ring[disk_queue->next_avail % DESCRIPTORS] =
			round % DESCRIPTORS;
		__atomic_store_n(&ring.avail->idx, disk_queue->next_avail + 1,
				 __ATOMIC_RELEASE);
		notify_disk(FLUSH_FEATURE);
		count = disk_queue->next_used - before;
		for (uint16_t i = before; i != disk_queue->next_used; i++)
			assert_in_range(ring.used->ring[i % DESCRIPTORS].id, 0,
					DESCRIPTORS - 1);
		/* A ring of them, and another that its index told of meanwhile */
		assert_in_range(count, 0, 2 * DESCRIPTORS);
		if (disk_queue->broken) {
			resets++;
			start_small_disk();
		} else if (request_status() == VIRTIO_BLK_S_OK) {
			good++;
		} else {
			errors++;
		}
	}
	expect_rest_unchanged();
	print_message("%u good, %u with errors, %u resets\n", good, errors,
		      resets);
}

static int begin_race(void)
{
	race_is_over = false;
	start_small_disk();
	return pthread_create(&other, NULL, change_all, NULL);
}

static int end_race(void **state)
{
	__atomic_store_n(&race_is_over, true, __ATOMIC_RELAXED);
	pthread_join(other, NULL);
	return tear_down_blk(state);
}

static int set_up_race(void **state)
{
	set_up_blk(state);
	return begin_race();
}

/*
 * A table of descriptors could hold what the device has read from the disk, and so
 * name any place; not with a disk of ones to which nothing is written.
 */
static int set_up_with_tables(void **state)
{
	set_up_blk(state);
	memset(image, 0xff, sizeof(image));
	assert_int_equal(pwrite(image_fd, image, sizeof(image), 0),
			 sizeof(image));
	blk.read_only = true;
	return begin_race();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "descriptors change", race, set_up_race, end_race, NULL },
		{ "descriptors and tables change", race, set_up_with_tables,
		  end_race, NULL },
	};

	return cmocka_run_group_tests_name("virtio-blk, two processors", tests,
					   NULL, NULL);
}
