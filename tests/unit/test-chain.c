/* Descriptor chains: of the layouts that are allowed none is refused, and of
 * the others none gets past. */
#include "queue.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- allowed ---- */

static void readable_then_writable(void **state)
{
	(void)state;
	describe(2, BUFFER_GPA, 16, NEXT, 5);
	describe(5, BUFFER_GPA + 0x100, 512, NEXT, 1);
	describe(1, BUFFER_GPA + 0x300, 100, NEXT | WRITE, 0);
	describe(0, BUFFER_GPA + 0x400, 1, WRITE, 0);
	assert_true(take(2));
	assert_int_equal(chain.readable, 2);
	assert_int_equal(chain.writable, 2);
	expect_buffer(0, BUFFER_GPA, 16);
	expect_buffer(1, BUFFER_GPA + 0x100, 512);
	expect_buffer(2, BUFFER_GPA + 0x300, 100);
	expect_buffer(3, BUFFER_GPA + 0x400, 1);
}

static void only_writable(void **state)
{
	(void)state;
	describe(0, BUFFER_GPA, 1, WRITE, 0);
	assert_true(take(0));
	assert_int_equal(chain.readable, 0);
	assert_int_equal(chain.writable, 1);
}

static void as_long_as_the_queue(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < QUEUE_SIZE; i++)
		describe(i, BUFFER_GPA + i, 1, i < QUEUE_SIZE - 1 ? NEXT : 0,
			 i + 1);
	assert_true(take(0));
	assert_int_equal(chain.readable, QUEUE_SIZE);
}

static void up_to_the_top_of_ram(void **state)
{
	(void)state;
	describe(0, RAM_SIZE - 1, 1, NEXT, 1);
	describe(1, 0, RAM_SIZE, NEXT, 2);
	describe(2, RAM_SIZE, 0, 0, 0);
	assert_true(take(0));
	expect_buffer(0, RAM_SIZE - 1, 1);
	expect_buffer(1, 0, RAM_SIZE);
	expect_buffer(2, RAM_SIZE, 0);
}

/* ---- violations: given back, and the queue goes on ---- */

static void expect_invalid(uint16_t head)
{
	uint16_t given = ring.used->idx;

	assert_false(take(head));
	virtqueue_push(&queue, &chain, 0);
	assert_int_equal(ring.used->idx, (uint16_t)(given + 1));
	assert_int_equal(ring.used->ring[given % QUEUE_SIZE].id, head);
}

static void outside_ram(void **state)
{
	static const struct {
		uint64_t gpa;
		uint32_t length;
	} outside[] = {
		{ RAM_SIZE, 1 },
		{ RAM_SIZE - 1, 2 },
		{ 0, RAM_SIZE + 1 },
		{ RAM_SIZE + 1, 0 },
		{ HOLE_START, 1 },
		{ VIRTIO_GPA, 4 },
		{ HOLE_END, 1 },
		{ 0x8000000000000000, 1 },
		/* The end wraps. */
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, 2 },
		{ UINT64_MAX - 0xfff, 0x2000 },
		{ RAM_SIZE - 1, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		describe(0, outside[i].gpa, outside[i].length, 0, 0);
		expect_invalid(0);
		/* ... at the end of a chain, too */
		describe(1, BUFFER_GPA, 1, NEXT, 0);
		expect_invalid(1);
	}
	describe(0, BUFFER_GPA, 1, 0, 0);
	assert_true(take(0));
}

static void loops(void **state)
{
	(void)state;
	describe(0, BUFFER_GPA, 1, NEXT, 0);
	expect_invalid(0);
	describe(1, BUFFER_GPA, 0, NEXT, 2);
	describe(2, BUFFER_GPA, 0, NEXT, 1);
	expect_invalid(1);
	for (uint16_t i = 0; i < QUEUE_SIZE; i++)
		describe(i, BUFFER_GPA, 1, NEXT, (i + 1) % QUEUE_SIZE);
	expect_invalid(3);
}

static void next_outside_the_table(void **state)
{
	(void)state;
	describe(0, BUFFER_GPA, 1, NEXT, QUEUE_SIZE);
	expect_invalid(0);
	describe(0, BUFFER_GPA, 1, NEXT, 0xffff);
	expect_invalid(0);
	/* Without the flag it means nothing. */
	describe(0, BUFFER_GPA, 1, 0, 0xffff);
	assert_true(take(0));
}

static void readable_behind_writable(void **state)
{
	(void)state;
	describe(0, BUFFER_GPA, 1, NEXT | WRITE, 1);
	describe(1, BUFFER_GPA, 1, 0, 0);
	expect_invalid(0);
}

/* ---- indirect tables (2.7.5.3) ---- */

static struct vring_desc *table_at(uint64_t gpa, size_t count)
{
	struct vring_desc *table =
		memory_at(&memory, gpa, count * sizeof(*table));

	assert_non_null(table);
	queue.indirect = true;
	return table;
}

static void indirect(void **state)
{
	struct vring_desc *table = table_at(TABLE_GPA, 4);

	(void)state;
	ring_describe(&table[0], BUFFER_GPA, 16, NEXT, 3);
	ring_describe(&table[3], BUFFER_GPA + 0x100, 1, WRITE, 0);
	describe(6, TABLE_GPA, 4 * 16, INDIRECT, 0);
	assert_true(take(6));
	assert_int_equal(chain.readable, 1);
	assert_int_equal(chain.writable, 1);
	expect_buffer(0, BUFFER_GPA, 16);
	expect_buffer(1, BUFFER_GPA + 0x100, 1);
	/* WRITE says nothing of a table. */
	describe(6, TABLE_GPA, 4 * 16, INDIRECT | WRITE, 0);
	assert_true(take(6));
	assert_int_equal(chain.readable, 1);
}

static void indirect_behind_others(void **state)
{
	struct vring_desc *table = table_at(TABLE_GPA, 1);

	(void)state;
	ring_describe(&table[0], BUFFER_GPA + 0x100, 1, WRITE, 0);
	describe(0, BUFFER_GPA, 16, NEXT, 1);
	describe(1, TABLE_GPA, 16, INDIRECT, 0);
	assert_true(take(0));
	assert_int_equal(chain.readable, 1);
	assert_int_equal(chain.writable, 1);
	/* Order counts across the two. */
	describe(0, BUFFER_GPA, 16, NEXT | WRITE, 1);
	ring_describe(&table[0], BUFFER_GPA, 1, 0, 0);
	expect_invalid(0);
}

/* Nothing in the standard aligns a table. */
static void indirect_anywhere(void **state)
{
	(void)state;
	for (uint64_t off = 0; off < 16; off++) {
		struct vring_desc desc;

		ring_describe(&desc, BUFFER_GPA, 16, 0, 0);
		memcpy(table_at(TABLE_GPA + off, 1), &desc, sizeof(desc));
		describe(0, TABLE_GPA + off, 16, INDIRECT, 0);
		assert_true(take(0));
		expect_buffer(0, BUFFER_GPA, 16);
	}
	/* ... and it may end with the RAM. */
	ring_describe(table_at(RAM_SIZE - 16, 1), BUFFER_GPA, 1, 0, 0);
	describe(0, RAM_SIZE - 16, 16, INDIRECT, 0);
	assert_true(take(0));
}

static void indirect_as_long_as_the_queue(void **state)
{
	struct vring_desc *table = table_at(TABLE_GPA, QUEUE_SIZE + 1);

	(void)state;
	for (uint16_t i = 0; i <= QUEUE_SIZE; i++)
		ring_describe(&table[i], BUFFER_GPA, 1,
			      i < QUEUE_SIZE - 1 ? NEXT : 0, i + 1);
	describe(0, TABLE_GPA, (QUEUE_SIZE + 1) * 16, INDIRECT, 0);
	assert_true(take(0));
	assert_int_equal(chain.readable, QUEUE_SIZE);
	table[QUEUE_SIZE - 1].flags = NEXT;
	expect_invalid(0);
}

static void indirect_not_negotiated(void **state)
{
	(void)state;
	ring_describe(table_at(TABLE_GPA, 1), BUFFER_GPA, 16, 0, 0);
	describe(0, TABLE_GPA, 16, INDIRECT, 0);
	assert_true(take(0));
	queue.indirect = false;
	expect_invalid(0);
}

static void indirect_with_a_wrong_length(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 15, 17, 31, UINT32_MAX };

	(void)state;
	ring_describe(table_at(TABLE_GPA, 2), BUFFER_GPA, 16, 0, 0);
	for (size_t i = 0; i < 6; i++) {
		describe(0, TABLE_GPA, lengths[i], INDIRECT, 0);
		expect_invalid(0);
	}
}

static void indirect_with_next(void **state)
{
	(void)state;
	ring_describe(table_at(TABLE_GPA, 1), BUFFER_GPA, 16, 0, 0);
	describe(0, TABLE_GPA, 16, INDIRECT | NEXT, 1);
	describe(1, BUFFER_GPA, 1, 0, 0);
	expect_invalid(0);
}

static void indirect_outside_ram(void **state)
{
	static const uint64_t outside[] = { RAM_SIZE, RAM_SIZE - 15, HOLE_START,
					    UINT64_MAX - 15 };

	(void)state;
	queue.indirect = true;
	for (size_t i = 0; i < 4; i++) {
		describe(0, outside[i], 16, INDIRECT, 0);
		expect_invalid(0);
	}
}

static void next_outside_an_indirect_table(void **state)
{
	struct vring_desc *table = table_at(TABLE_GPA, 4);

	(void)state;
	/* There is one behind the table's end, which is none. */
	ring_describe(&table[0], BUFFER_GPA, 16, NEXT, 2);
	ring_describe(&table[2], BUFFER_GPA, 16, 0, 0);
	describe(0, TABLE_GPA, 2 * 16, INDIRECT, 0);
	expect_invalid(0);
	describe(0, TABLE_GPA, 3 * 16, INDIRECT, 0);
	assert_true(take(0));
}

static void fail_as_endless(int number)
{
	(void)number;
	fail_msg("it does not end");
}

static void indirect_in_indirect(void **state)
{
	static const uint64_t tables[] = { TABLE_GPA, RING_GPA, RING_GPA + 16 };
	struct sigaction action = { .sa_handler = fail_as_endless,
				    .sa_flags = SA_NODEFER };

	(void)state;
	sigaction(SIGALRM, &action, NULL);
	alarm(10);
	for (size_t i = 0; i < 3; i++) {
		/* The table refers to itself; it may be the queue's own. */
		struct vring_desc *table = table_at(tables[i], 1);

		ring_describe(table, tables[i], 16, INDIRECT, 0);
		describe(0, tables[i], 16, INDIRECT, 0);
		expect_invalid(0);
	}
	alarm(0);
}

/* ---- the 32-bit hole ---- */

static void both_sides_of_the_hole(void **state)
{
	const uint64_t size = HOLE_START + 0x10000;
	uint8_t *small = memory.ram;

	(void)state;
	memory.ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(memory.ram, MAP_FAILED);
	memory.size = size;
	ring_create(&ring, &memory, QUEUE_SIZE, HOLE_END);
	ring_tell(&ring, &queue);
	assert_true(virtqueue_start(&queue, &memory));

	describe(0, HOLE_START - 4, 4, NEXT, 1);
	describe(1, HOLE_END + 0xfff0, 16, 0, 0);
	assert_true(take(0));
	assert_ptr_equal(chain.buffers[0].iov_base,
			 memory.ram + HOLE_START - 4);
	assert_ptr_equal(chain.buffers[1].iov_base, memory.ram + size - 16);
	/* Neighbours in our memory, but not in the guest's */
	describe(0, HOLE_START - 4, 5, 0, 0);
	expect_invalid(0);
	describe(0, HOLE_START + 1, 1, 0, 0);
	expect_invalid(0);
	describe(0, HOLE_END - 1, 2, 0, 0);
	expect_invalid(0);
	describe(0, HOLE_END + 0xfff0, 17, 0, 0);
	expect_invalid(0);

	munmap(memory.ram, size);
	memory.ram = small;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(readable_then_writable),
		TEST(only_writable),
		TEST(as_long_as_the_queue),
		TEST(up_to_the_top_of_ram),
		TEST(outside_ram),
		TEST(loops),
		TEST(next_outside_the_table),
		TEST(readable_behind_writable),
		TEST(indirect),
		TEST(indirect_behind_others),
		TEST(indirect_anywhere),
		TEST(indirect_as_long_as_the_queue),
		TEST(indirect_not_negotiated),
		TEST(indirect_with_a_wrong_length),
		TEST(indirect_with_next),
		TEST(indirect_outside_ram),
		TEST(next_outside_an_indirect_table),
		TEST(indirect_in_indirect),
		TEST(both_sides_of_the_hole),
	};

	return cmocka_run_group_tests_name("descriptor chains", tests, NULL,
					   NULL);
}
