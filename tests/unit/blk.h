/* A disk on an image in memory, and a driver that makes requests of any form.
 * In place of a transport it starts the queue itself. */
#ifndef BLK_H
#define BLK_H

#include "queue.h"

#include "host.h"
#include "virtio-blk.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTOR	 512
#define CAPACITY 64 /* sectors */

/* Where a request's parts are, if they need not be anywhere else */
#define HEADER_GPA BUFFER_GPA
#define STATUS_GPA (BUFFER_GPA + 0x20)
#define DATA_GPA   (BUFFER_GPA + 0x1000)

#define FLUSH_FEATURE (1ull << VIRTIO_BLK_F_FLUSH)

/* No status of virtio 1.2, 5.2.6: what is there before the device's */
#define NO_STATUS 0xee

static struct virtio_blk blk;
static struct virtqueue *const disk_queue = &blk.device.queues[0];
static uint8_t image[CAPACITY * SECTOR]; /* what should be in it */
static int image_fd;
static char image_path[32];

static inline void image_create(size_t size)
{
	image_fd = memfd_create("image", MFD_CLOEXEC);
	assert_return_code(image_fd, 0);
	assert_return_code(ftruncate(image_fd, (off_t)size), 0);
	snprintf(image_path, sizeof(image_path), "/proc/self/fd/%d", image_fd);
}

static inline void image_fill(void)
{
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i ^ i / SECTOR * 7);
	assert_int_equal(pwrite(image_fd, image, sizeof(image), 0),
			 sizeof(image));
}

/* Is the image's content what it should be? */
static inline void expect_image(void)
{
	static uint8_t content[sizeof(image) + 1];

	assert_int_equal(pread(image_fd, content, sizeof(content), 0),
			 sizeof(image));
	assert_memory_equal(content, image, sizeof(image));
}

static inline void start_disk(void)
{
	ring_create(&ring, &memory, 256, RING_GPA);
	ring_tell(&ring, disk_queue);
	assert_true(virtqueue_start(disk_queue, &memory));
}

static inline int set_up_disk(bool read_only)
{
	fake_reset();
	host_reset();
	fake_memory_create(&memory, RAM_SIZE);
	image_create(sizeof(image));
	image_fill();
	virtio_blk_open(&blk, image_path, read_only);
	start_disk();
	return 0;
}

static inline int set_up_blk(void **state)
{
	(void)state;
	return set_up_disk(false);
}

static inline int tear_down_blk(void **state)
{
	virtio_blk_close(&blk);
	close(image_fd);
	return tear_down(state);
}

#define BLK_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_blk, tear_down_blk)

/* Has the device look at its queue. */
static inline void notify_disk(uint64_t features)
{
	blk.device.features = features;
	blk.device.notified(&blk.device, 0);
}

static inline void *guest(uint64_t gpa, uint64_t length)
{
	void *bytes = memory_at(&memory, gpa, length);

	assert_non_null(bytes);
	return bytes;
}

static inline void put_header(uint64_t gpa, uint32_t type, uint64_t sector)
{
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };

	memcpy(guest(gpa, sizeof(header)), &header, sizeof(header));
}

/* ---- a request, descriptor by descriptor ---- */

static uint16_t descriptors;

static inline void request_begin(void)
{
	descriptors = 0;
	*(uint8_t *)guest(STATUS_GPA, 1) = NO_STATUS;
}

static inline void request_add(uint64_t gpa, uint32_t length, uint16_t flags)
{
	if (descriptors > 0)
		ring.desc[descriptors - 1].flags |= NEXT;
	describe(descriptors, gpa, length, flags, descriptors + 1);
	descriptors++;
}

/* The device does it; returns used.len. */
static inline uint32_t request_run(uint64_t features)
{
	uint16_t given = ring.used->idx;
	struct vring_used_elem *entry = &ring.used->ring[given % ring.size];

	ring_offer(&ring, 0);
	notify_disk(features);
	assert_false(disk_queue->broken);
	assert_int_equal(ring.used->idx, (uint16_t)(given + 1));
	assert_int_equal(entry->id, 0);
	return entry->len;
}

static inline uint8_t request_status(void)
{
	return *(uint8_t *)guest(STATUS_GPA, 1);
}

/*
 * A request in the usual form: header, data if there is some, status.  The
 * data is `flags` WRITE for the device to write.
 */
static inline uint32_t request(uint32_t type, uint64_t sector, uint32_t size,
			       uint16_t flags)
{
	put_header(HEADER_GPA, type, sector);
	request_begin();
	request_add(HEADER_GPA, sizeof(struct virtio_blk_outhdr), 0);
	if (size > 0)
		request_add(DATA_GPA, size, flags);
	request_add(STATUS_GPA, 1, WRITE);
	return request_run(FLUSH_FEATURE);
}

static inline uint32_t read_sectors(uint64_t sector, uint32_t size)
{
	return request(VIRTIO_BLK_T_IN, sector, size, WRITE);
}

static inline uint32_t write_sectors(uint64_t sector, uint32_t size)
{
	return request(VIRTIO_BLK_T_OUT, sector, size, 0);
}

#endif
