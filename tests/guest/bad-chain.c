/* Chains that break the rules of the ring (virtio 1.2, 2.7). */
#include "virtio.h"

#define NEXT	 VRING_DESC_F_NEXT
#define INDIRECT VRING_DESC_F_INDIRECT

/* A good read in descriptors 0 to 2, to be spoilt. */
static void good_read(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)data, SECTOR_SIZE, WRITE },
		{ (uintptr_t)&status, 1, WRITE },
	};

	set_header(VIRTIO_BLK_T_IN, 3);
	memset(data, UNTOUCHED, SECTOR_SIZE);
	put_chain(desc, buffers, 3);
}

/* The chain comes back once, with nothing done. */
static void is_given_back(uint16_t head)
{
	offer(head);
	SAME(served(head), 0);
	SAME(finished(), 0);
	SAME(status, UNTOUCHED);
	SAME(data[0], UNTOUCHED);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
}

/* The device gives up, until it is reset. */
static void breaks(void)
{
	uint32_t needs_reset = VIRTIO_CONFIG_S_NEEDS_RESET;

	kick();
	SAME(finished(), 0);
	CHECK(get(VIRTIO_MMIO_STATUS) & needs_reset);
	CHECK(get(VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG);
	good_read();
	offer(0);
	kick();
	SAME(finished(), 0);
	SAME(status, UNTOUCHED);
	CHECK(start_device(PLAIN, QUEUE_MAX));
}

/* ---- loops ---- */

static void loops(void)
{
	good_read();
	put(&desc[0], (uintptr_t)&header, 16, NEXT, 0);
	is_given_back(0);
	good_read();
	put(&desc[1], (uintptr_t)data, SECTOR_SIZE, WRITE | NEXT, 1);
	is_given_back(0);
	good_read();
	put(&desc[1], (uintptr_t)&header, 16, NEXT, 0);
	is_given_back(0);
}

static void loop_through_all(void)
{
	good_read();
	for (uint16_t i = 0; i < QUEUE_MAX; i++)
		put(&desc[i], (uintptr_t)&header, 16, NEXT,
		    (i + 1) % QUEUE_MAX);
	is_given_back(0);
	is_given_back(255);
}

static void loop_of_empty_descriptors(void)
{
	good_read();
	put(&desc[0], (uintptr_t)&header, 0, NEXT, 0);
	is_given_back(0);
}

/* ---- indices ---- */

static void bad_heads(void)
{
	static const uint16_t heads[] = { 256, 257, 0x7fff, 0x8000, 0xffff };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		good_read();
		offer(heads[i]);
		breaks();
	}
	/* Of a smaller queue, though the table is large enough */
	CHECK(start_device(PLAIN, 4));
	good_read();
	offer(4);
	breaks();
}

/* What is good ahead of the bad one is done. */
static void bad_head_behind_a_good_one(void)
{
	good_read();
	offer(0);
	offer(300);
	kick();
	SAME(finished(), 1);
	SAME(status, VIRTIO_BLK_S_OK);
	CHECK(is_sector(data, 3));
	breaks();
}

static void bad_next(void)
{
	static const uint16_t nexts[] = { 256, 257, 0x8000, 0xffff };

	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		good_read();
		desc[1].next = nexts[i];
		is_given_back(0);
	}
	CHECK(start_device(PLAIN, 4));
	good_read();
	desc[1].next = 4;
	put(&desc[4], (uintptr_t)&status, 1, WRITE, 0);
	is_given_back(0);
}

static void index_ahead(void)
{
	static const uint16_t jumps[] = { QUEUE_MAX + 1, 1000, 0x7fff, 0x8000,
					  0xffff };

	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		good_read();
		avail->idx += jumps[i];
		breaks();
	}
}

static void same_head_many_times(void)
{
	good_read();
	for (unsigned int i = 0; i < QUEUE_MAX; i++)
		offer(0);
	kick();
	SAME(finished(), QUEUE_MAX);
	CHECK(is_sector(data, 3));
}

/* ---- addresses ---- */

static void each_part_at(uint64_t address, uint32_t length)
{
	static const uint16_t flags[] = { NEXT, WRITE | NEXT, WRITE };

	for (uint16_t i = 0; i < 3; i++) {
		good_read();
		put(&desc[i], address, length, flags[i], i + 1);
		is_given_back(0);
	}
}

static void outside_ram(void)
{
	static const uint64_t addresses[] = {
		0xc0000000, 0xd0000000, /* the device itself */
		0xfee00000, /* the local APIC */
		0xffffffff, 1ull << 40, 1ull << 63, 0xfffffffffffff000,
	};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		each_part_at(addresses[i], 16);
	each_part_at(top_of_ram(), 1);
	each_part_at(top_of_ram() + 1, 0);
}

static void over_the_end(void)
{
	each_part_at(top_of_low_ram() - 15, 16);
	each_part_at(top_of_ram() - 15, 16);
	each_part_at(top_of_low_ram() - 1, SECTOR_SIZE);
	each_part_at(0x1000, (uint32_t)top_of_low_ram());
	each_part_at((1ull << 32) - 1, 2);
}

static void wrapping(void)
{
	each_part_at(UINT64_MAX, 1);
	each_part_at(UINT64_MAX - 15, 16);
	each_part_at(UINT64_MAX - 15, 17);
	each_part_at(UINT64_MAX - 15, 0x100000);
	each_part_at(0 - 0x1000ull, UINT32_MAX);
}

static void lying_lengths(void)
{
	each_part_at((uintptr_t)data, UINT32_MAX);
	each_part_at((uintptr_t)data, 0xfffffff0);
	each_part_at(1ull << 32, UINT32_MAX);
}

/* ---- order, and indirect tables ---- */

static void readable_behind_writable(void)
{
	good_read();
	put(&desc[0], (uintptr_t)data, SECTOR_SIZE, WRITE | NEXT, 1);
	put(&desc[1], (uintptr_t)&header, 16, NEXT, 2);
	is_given_back(0);
}

static void indirect_not_negotiated(void)
{
	CHECK(start_device(PLAIN & ~BIT(VIRTIO_RING_F_INDIRECT_DESC), 256));
	good_read();
	memcpy((void *)table, (const void *)desc, 48);
	put(&desc[5], (uintptr_t)table, 48, INDIRECT, 0);
	is_given_back(5);
}

/* The good read in the table, which descriptor 5 refers to. */
static void good_indirect(void)
{
	good_read();
	memcpy((void *)table, (const void *)desc, 48);
	put(&desc[5], (uintptr_t)table, 48, INDIRECT, 0);
}

static void nested(void)
{
	good_indirect();
	put(&table[0], (uintptr_t)&table[8], 48, INDIRECT, 0);
	memcpy((void *)&table[8], (const void *)desc, 48);
	is_given_back(5);
	/* In itself, and in the queue's own table */
	good_indirect();
	put(&table[0], (uintptr_t)table, 48, INDIRECT, 0);
	is_given_back(5);
	good_indirect();
	put(&desc[0], (uintptr_t)desc, 16, INDIRECT, 0);
	is_given_back(0);
	/* Behind good ones */
	good_indirect();
	put(&table[2], (uintptr_t)&table[8], 16, INDIRECT, 0);
	put(&table[8], (uintptr_t)&status, 1, WRITE, 0);
	is_given_back(5);
}

static void indirect_and_next(void)
{
	good_indirect();
	put(&desc[5], (uintptr_t)table, 48, INDIRECT | NEXT, 6);
	is_given_back(5);
}

static void indirect_of_bad_length(void)
{
	static const uint32_t lengths[] = { 0,	1,  15, 16,	   17,
					    32, 47, 49, UINT32_MAX };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		good_indirect();
		desc[5].len = lengths[i];
		is_given_back(5);
	}
}

static void indirect_outside_ram(void)
{
	static const uint64_t addresses[] = { 0xc0000000, 0xd0000000,
					      1ull << 63, 0 - 16ull };

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		good_indirect();
		desc[5].addr = addresses[i];
		is_given_back(5);
	}
	good_indirect();
	desc[5].addr = top_of_ram() - 32;
	is_given_back(5);
	/* All of the memory as a table */
	good_indirect();
	desc[5].addr = 0;
	desc[5].len = 0xfffffff0;
	is_given_back(5);
}

static void indirect_next_and_loop(void)
{
	good_indirect();
	table[1].next = 3;
	is_given_back(5);
	good_indirect();
	table[1].next = 0xffff;
	is_given_back(5);
	good_indirect();
	put(&table[0], (uintptr_t)&header, 16, NEXT, 0);
	is_given_back(5);
	/* More buffers than the queue has descriptors */
	CHECK(start_device(PLAIN, 4));
	good_read();
	for (uint16_t i = 0; i < 8; i++)
		put(&table[i], (uintptr_t)&header, 16, i < 7 ? NEXT : 0, i + 1);
	put(&desc[3], (uintptr_t)table, 128, INDIRECT, 0);
	is_given_back(3);
}

const struct test bad_chain_cases[] = {
	{ "chains that are loops", loops },
	{ "a loop through all descriptors", loop_through_all },
	{ "a loop of empty descriptors", loop_of_empty_descriptors },
	{ "heads that do not exist", bad_heads },
	{ "a bad head behind a good one", bad_head_behind_a_good_one },
	{ "next descriptors that do not exist", bad_next },
	{ "an available index too far ahead", index_ahead },
	{ "the same chain 256 times", same_head_many_times },
	{ "buffers outside the RAM", outside_ram },
	{ "buffers over the end of the RAM", over_the_end },
	{ "buffers whose end wraps", wrapping },
	{ "buffers longer than all memory", lying_lengths },
	{ "readable buffers behind writable ones", readable_behind_writable },
	{ "indirect without being negotiated", indirect_not_negotiated },
	{ "indirect tables in indirect tables", nested },
	{ "indirect with a next one", indirect_and_next },
	{ "indirect tables of bad length", indirect_of_bad_length },
	{ "indirect tables outside the RAM", indirect_outside_ram },
	{ "indirect tables with bad indices and loops",
	  indirect_next_and_loop },
	END_OF_TESTS,
};
