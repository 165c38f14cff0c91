/*
 * The order in which the device reads and writes the rings, which the driver
 * may read and write at the same time: seen with each access watched.
 */
#include "queue.h"

#include "virtio-blk.h"
#include "watch.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct watch seen;

/* Memory of whole pages, as watch() needs it */
static int set_up_pages(void **state)
{
	(void)state;
	fake_reset();
	memory.size = RAM_SIZE;
	memory.ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ring_create(&ring, &memory, QUEUE_SIZE, RING_GPA);
	memset(&queue, 0, sizeof(queue));
	ring_tell(&ring, &queue);
	queue.indirect = true;
	queue.event_idx = true;
	assert_true(virtqueue_start(&queue, &memory));
	return 0;
}

static int tear_down_pages(void **state)
{
	(void)state;
	return munmap(memory.ram, memory.size);
}

static uint64_t gpa_of(const void *byte)
{
	return (uint64_t)((const uint8_t *)byte - memory.ram);
}

/* The number of the only access of this kind to this word. */
static size_t only(enum watch_kind kind, const void *word)
{
	size_t number = watch_find(&seen, kind, gpa_of(word), 2, 0);

	assert_true(number < seen.count);
	assert_int_equal(watch_find(&seen, kind, gpa_of(word), 2, number + 1),
			 seen.count);
	return number;
}

/* Is there a barrier between the two accesses? */
static bool barrier(size_t first, size_t second)
{
	return watch_find(&seen, WATCH_BARRIER, 0, 1, first) < second;
}

/* What is read once cannot change between the check and the use. */
static void expect_each_byte_read_once(uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < seen.count; i++) {
		uint64_t offset = seen.accesses[i].offset;

		if (seen.accesses[i].kind != WATCH_READ || offset < from ||
		    offset >= to)
			continue;
		if (watch_find(&seen, WATCH_READ, offset, 1, i + 1) <
		    seen.count)
			fail_msg("guest memory at 0x%llx is read again",
				 (unsigned long long)offset);
	}
}

/* ---- a chain is taken ---- */

static void pop(void *valid)
{
	*(bool *)valid = virtqueue_pop(&queue, &chain) && chain.valid;
}

static void index_first_then_the_rest(void **state)
{
	struct vring_desc *table = memory_at(&memory, TABLE_GPA, 2 * 16);
	size_t index, head, desc, in_table;
	bool valid;

	(void)state;
	ring_describe(&table[0], BUFFER_GPA, 16, NEXT, 1);
	ring_describe(&table[1], BUFFER_GPA + 0x100, 1, WRITE, 0);
	describe(3, TABLE_GPA, 2 * 16, INDIRECT, 0);
	ring_offer(&ring, 3);
	watch(&seen, memory.ram, RAM_SIZE, pop, &valid);
	assert_true(valid);

	index = only(WATCH_READ, &ring.avail->idx);
	head = only(WATCH_READ, &ring.avail->ring[0]);
	desc = watch_find(&seen, WATCH_READ, gpa_of(&ring.desc[3]), 16, 0);
	in_table = watch_find(&seen, WATCH_READ, TABLE_GPA, 16, 0);
	assert_true(index < head && head < desc && desc < in_table);
	assert_true(in_table < seen.count);
	expect_each_byte_read_once(0, RAM_SIZE);
	/* The buffers themselves are nobody's business yet. */
	assert_int_equal(watch_find(&seen, WATCH_READ, BUFFER_GPA, 0x1000, 0),
			 seen.count);
	assert_int_equal(watch_find(&seen, WATCH_WRITE, 0, RAM_SIZE, 0),
			 seen.count);
}

/* ---- a chain is given back ---- */

static void push(void *unused)
{
	(void)unused;
	virtqueue_push(&queue, &chain, 42);
}

static void entry_first_then_the_index(void **state)
{
	size_t id, length, index;

	(void)state;
	chain.head = 5;
	watch(&seen, memory.ram, RAM_SIZE, push, NULL);
	id = watch_find(&seen, WATCH_WRITE, gpa_of(&ring.used->ring[0].id), 1,
			0);
	length = watch_find(&seen, WATCH_WRITE, gpa_of(&ring.used->ring[0].id),
			    5, id + 1);
	index = only(WATCH_WRITE, &ring.used->idx);
	/* One write of 8 bytes will do for id and length. */
	assert_true(id < index);
	assert_true(length < index || length == seen.count);
	assert_int_equal(ring.used->ring[0].id, 5);
	assert_int_equal(ring.used->ring[0].len, 42);
}

/* ---- both sides look before they sleep ---- */

static void rearm(void *unused)
{
	(void)unused;
	virtqueue_rearm(&queue);
}

static void event_then_barrier_then_index(void **state)
{
	size_t event, index;

	(void)state;
	watch(&seen, memory.ram, RAM_SIZE, rearm, NULL);
	event = only(WATCH_WRITE, ring_avail_event(&ring));
	index = only(WATCH_READ, &ring.avail->idx);
	assert_true(event < index);
	assert_true(barrier(event, index));
}

static void give_and_ask(void *unused)
{
	push(unused);
	virtqueue_wants_interrupt(&queue);
}

static void index_then_barrier_then_suppression(void **state)
{
	(void)state;
	for (int with_events = 0; with_events < 2; with_events++) {
		const uint16_t *word = with_events ? ring_used_event(&ring)
						   : &ring.avail->flags;
		size_t index, suppression;

		queue.event_idx = with_events;
		watch(&seen, memory.ram, RAM_SIZE, give_and_ask, NULL);
		index = only(WATCH_WRITE, &ring.used->idx);
		suppression = only(WATCH_READ, word);
		assert_true(index < suppression);
		assert_true(barrier(index, suppression));
	}
}

/* ---- a whole request ---- */

static struct virtio_blk blk;

static void handle_request(void *unused)
{
	(void)unused;
	blk.device.notified(&blk.device, 0);
}

static void descriptors_once_and_the_status_first(void **state)
{
	const uint64_t status_gpa = BUFFER_GPA + 0x400;
	struct virtio_blk_outhdr *header = memory_at(&memory, BUFFER_GPA, 16);
	size_t status, entry, index;
	char path[32];
	int image;

	(void)state;
	image = memfd_create("image", MFD_CLOEXEC);
	assert_return_code(ftruncate(image, 512), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image);
	virtio_blk_open(&blk, path, false);
	blk.device.queues[0] = queue;
	*header = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_GET_ID };
	describe(0, BUFFER_GPA, 16, NEXT, 1);
	describe(1, BUFFER_GPA + 0x100, VIRTIO_BLK_ID_BYTES, NEXT | WRITE, 2);
	describe(2, status_gpa, 1, WRITE, 0);
	ring_offer(&ring, 0);
	watch(&seen, memory.ram, RAM_SIZE, handle_request, NULL);

	assert_memory_equal(memory_at(&memory, BUFFER_GPA + 0x100, 20), blk.id,
			    20);
	expect_each_byte_read_once(RING_GPA, gpa_of(ring.avail));
	status = watch_find(&seen, WATCH_WRITE, status_gpa, 1, 0);
	entry = watch_find(&seen, WATCH_WRITE, gpa_of(&ring.used->ring[0]), 8,
			   0);
	index = only(WATCH_WRITE, &ring.used->idx);
	assert_true(status < entry && entry < index);
	virtio_blk_close(&blk);
	close(image);
}

#define WATCHED(name) \
	cmocka_unit_test_setup_teardown(name, set_up_pages, tear_down_pages)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WATCHED(index_first_then_the_rest),
		WATCHED(entry_first_then_the_index),
		WATCHED(event_then_barrier_then_index),
		WATCHED(index_then_barrier_then_suppression),
		WATCHED(descriptors_once_and_the_status_first),
	};

	return cmocka_run_group_tests_name("order of accesses", tests, NULL,
					   NULL);
}
