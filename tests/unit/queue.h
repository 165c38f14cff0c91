/* The queue under test, and the driver's side of it. */
#ifndef QUEUE_H
#define QUEUE_H

#include "test.h"

#include "memory-map.h"
#include "ring.h"
#include "virtqueue.h"

/* The guest's memory: the rings, a table for indirect descriptors, buffers */
#define RAM_SIZE   0x10000
#define RING_GPA   0x1000
#define TABLE_GPA  0x4000
#define BUFFER_GPA 0x8000

#define QUEUE_SIZE 8

#define NEXT	 VRING_DESC_F_NEXT
#define WRITE	 VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

static struct memory memory;
static struct virtqueue queue;
static struct ring ring;
static struct chain chain;

static inline void set_up_size(uint16_t size)
{
	fake_reset();
	fake_memory_create(&memory, RAM_SIZE);
	ring_create(&ring, &memory, size, RING_GPA);
	memset(&queue, 0, sizeof(queue));
	ring_tell(&ring, &queue);
	assert_true(virtqueue_start(&queue, &memory));
}

static inline int set_up(void **state)
{
	(void)state;
	set_up_size(QUEUE_SIZE);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	fake_memory_destroy(&memory);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static inline void describe(uint16_t index, uint64_t gpa, uint32_t length,
			    uint16_t flags, uint16_t next)
{
	ring_describe(&ring.desc[index], gpa, length, flags, next);
}

/* The chain that begins at `head`, as the device takes it: is it valid? */
static inline bool take(uint16_t head)
{
	ring_offer(&ring, head);
	memset(&chain, FAKE_FILL, sizeof(chain));
	assert_true(virtqueue_pop(&queue, &chain));
	assert_int_equal(chain.head, head);
	assert_false(queue.broken);
	return chain.valid;
}

/* The chain's `index`th buffer is this guest memory. */
static inline void expect_buffer(size_t index, uint64_t gpa, size_t length)
{
	assert_true(index < chain.readable + chain.writable);
	assert_ptr_equal(chain.buffers[index].iov_base,
			 memory_at(&memory, gpa, length));
	assert_int_equal(chain.buffers[index].iov_len, length);
}

#endif
