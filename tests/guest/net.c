/*
 * Step 7's network card and entropy source, by a driver that breaks the rules
 * on each of their queues.  Whoever is at the other end of the card sends every
 * frame back (tests/net/peer, "echo").
 */
#include "virtio.h"

#include <linux/if_ether.h>
#include <linux/virtio_net.h>

#define NEXT	    VRING_DESC_F_NEXT
#define INDIRECT    VRING_DESC_F_INDIRECT
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET

/* Behind one disk */
#define CARD	    0xd0001000ull
#define ENTROPY	    0xd0002000ull
/* The card's queues (5.1.2) */
#define RECEIVE	    0
#define TRANSMIT    1
#define HEADER_SIZE sizeof(struct virtio_net_hdr_v1)
#define FRAME_SIZE  200
#define FRAME_MAX   65550 /* virtio 1.2, 5.1.6.3.1 */
#define ROOM	    65536

/* The queue that a case is about */
static struct target {
	const char *name;
	uint64_t device;
	uint32_t queue;
	uint16_t direction; /* of a buffer that is as it should be */
} target;

static uint64_t features; /* to be negotiated */
static uint8_t sent[HEADER_SIZE + FRAME_SIZE];
static uint8_t received[ROOM];

static bool is_receive(void)
{
	return target.device == CARD && target.queue == RECEIVE;
}

/* ---- the devices as they should be used ---- */

/* All of the device's queues, and the target's is the one in use. */
static bool start_target(void)
{
	device = target.device;
	reset();
	if (!negotiate(features))
		return false;
	for (queue = 0; queue < (device == CARD ? QUEUES : 1); queue++) {
		place_queue(QUEUE_MAX);
		tell_queue();
	}
	use_queue(target.queue);
	return ready();
}

/* Its number makes each frame another one. */
static void make_frame(void)
{
	static uint64_t number;
	struct virtio_net_hdr_v1 none = { 0 };

	number++;
	fill(sent, sizeof(sent) & ~7u, number);
	memcpy(sent, &none, HEADER_SIZE);
}

/* A frame to the other end, whatever is in use otherwise. */
static void send_frame(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)sent, HEADER_SIZE, 0 },
		{ (uintptr_t)sent + HEADER_SIZE, FRAME_SIZE, 0 },
	};

	use_queue(TRANSMIT);
	make_frame();
	SAME(submit(buffers, 2), 0);
	use_queue(target.queue);
}

static void offer_room(void)
{
	struct buffer room = { (uintptr_t)received, ROOM, WRITE };

	put_chain(desc, &room, 1);
	offer(0);
	kick();
}

static bool is_as_sent(void)
{
	return !memcmp(received + HEADER_SIZE, sent + HEADER_SIZE, FRAME_SIZE);
}

/* One that waited while nobody took it may come first. */
static bool frame_comes_back(void)
{
	use_queue(RECEIVE);
	offer_room();
	send_frame();
	use_queue(RECEIVE);
	if (!SAME(awaited(0), HEADER_SIZE + FRAME_SIZE))
		return false;
	if (is_as_sent())
		return true;
	offer_room();
	return SAME(awaited(0), HEADER_SIZE + FRAME_SIZE) &&
	       CHECK(is_as_sent());
}

static bool entropy_comes(void)
{
	struct buffer room = { (uintptr_t)received, 64, WRITE };
	unsigned int zeros = 0;

	memset(received, 0, 64);
	if (!SAME(submit(&room, 1), 64))
		return false;
	for (unsigned int i = 0; i < 64; i++)
		zeros += received[i] == 0;
	return CHECK(zeros < 10);
}

static bool target_works(void)
{
	if (!CHECK(start_target()))
		return false;
	return (target.device == CARD ? frame_comes_back() : entropy_comes()) &&
	       SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
}

static void fresh_target(void)
{
	features = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC);
	CHECK(start_target());
}

/* ---- chains that break the rules ---- */

/* Two good buffers, in descriptors 0 and 1, to be spoilt. */
static void good_chain(void)
{
	uintptr_t buffer = (uintptr_t)(target.direction ? received : sent);

	make_frame();
	memset(received, UNTOUCHED, ROOM);
	put(&desc[0], buffer, HEADER_SIZE, target.direction | NEXT, 1);
	put(&desc[1], buffer + HEADER_SIZE, FRAME_SIZE, target.direction, 0);
}

/* It comes back with nothing done; to receive is to wait for a frame. */
static void is_given_back(uint16_t head)
{
	offer(head);
	kick();
	if (is_receive())
		send_frame();
	SAME(awaited(head), 0);
	SAME(received[0], UNTOUCHED);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
}

static void breaks(void)
{
	kick();
	/* Unless it has broken on a frame that waited */
	if (is_receive() && get(VIRTIO_MMIO_STATUS) == RUNNING)
		send_frame();
	for (unsigned int i = 0; i < 100000; i++)
		if (get(VIRTIO_MMIO_STATUS) & NEEDS_RESET)
			break;
	CHECK(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
	SAME(finished(), 0);
	CHECK(start_target());
}

static void loops(void)
{
	good_chain();
	put(&desc[0], (uintptr_t)received, 16, target.direction | NEXT, 0);
	is_given_back(0);
	good_chain();
	put(&desc[1], (uintptr_t)received, 0, target.direction | NEXT, 1);
	is_given_back(0);
	good_chain();
	for (uint16_t i = 0; i < QUEUE_MAX; i++)
		put(&desc[i], (uintptr_t)received, 16, target.direction | NEXT,
		    (i + 1) % QUEUE_MAX);
	is_given_back(0);
	is_given_back(QUEUE_MAX - 1);
}

static void bad_next(void)
{
	static const uint16_t nexts[] = { 256, 257, 0x8000, 0xffff };

	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		good_chain();
		desc[0].next = nexts[i];
		is_given_back(0);
	}
}

static void bad_heads(void)
{
	static const uint16_t heads[] = { 256, 257, 0x8000, 0xffff };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		good_chain();
		offer(heads[i]);
		breaks();
	}
}

static void index_ahead(void)
{
	static const uint16_t steps[] = { QUEUE_MAX + 1, 0x8000, 0xffff };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		good_chain();
		avail->idx += steps[i];
		breaks();
	}
}

static void outside_ram(void)
{
	const struct buffer wrong[] = {
		{ 0xc0000000, 16, 0 },	      { CARD, 16, 0 },
		{ 0 - 16ull, 16, 0 },	      { 0 - 16ull, 32, 0 },
		{ 1ull << 63, 16, 0 },	      { top_of_ram(), 1, 0 },
		{ top_of_ram() - 16, 17, 0 }, { 0x100000, UINT32_MAX, 0 },
		{ 0x100000, 1u << 31, 0 }
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (unsigned int which = 0; which < 2; which++) {
			good_chain();
			desc[which].addr = wrong[i].address;
			desc[which].len = wrong[i].length;
			is_given_back(0);
		}
	}
}

/* Both; readable behind writable; nothing at all */
static void wrong_direction(void)
{
	good_chain();
	desc[0].flags ^= WRITE;
	desc[1].flags ^= WRITE;
	is_given_back(0);
	good_chain();
	desc[0].flags |= WRITE;
	desc[1].flags &= (uint16_t)~WRITE;
	is_given_back(0);
	good_chain();
	put(&desc[0], (uintptr_t)received, 0, target.direction, 0);
	is_given_back(0);
}

static void good_indirect(void)
{
	good_chain();
	put(&table[0], desc[0].addr, desc[0].len, desc[0].flags, 1);
	put(&table[1], desc[1].addr, desc[1].len, desc[1].flags, 0);
	put(&desc[5], (uintptr_t)table, 32, INDIRECT, 0);
}

static void bad_tables(void)
{
	static const uint32_t lengths[] = { 0, 1, 15, 17, 16, 31 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		good_indirect();
		desc[5].len = lengths[i];
		is_given_back(5);
	}
	good_indirect();
	desc[5].addr = top_of_ram() - 16;
	is_given_back(5);
	good_indirect();
	desc[5].flags |= NEXT;
	is_given_back(5);
	good_indirect();
	put(&table[1], (uintptr_t)table, 32, INDIRECT, 0);
	is_given_back(5);
	good_indirect();
	table[1].flags |= NEXT;
	is_given_back(5);
	/* Not negotiated */
	features = BIT(VIRTIO_F_VERSION_1);
	CHECK(start_target());
	good_indirect();
	is_given_back(5);
}

/* ---- frames that are none ---- */

/* Lost, and given back like any other. */
static void is_lost(uint64_t address, uint32_t length)
{
	struct buffer buffer = { address, length, 0 };

	SAME(submit(&buffer, 1), 0);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
}

static void frames_of_no_length(void)
{
	if (target.device != CARD || target.queue != TRANSMIT)
		return;
	make_frame();
	for (uint32_t size = 1; size < HEADER_SIZE + ETH_HLEN; size++)
		is_lost((uintptr_t)sent, size);
	is_lost((uintptr_t)data, HEADER_SIZE + FRAME_MAX + 1);
	is_lost((uintptr_t)data, sizeof(data));
}

/* Where the frame does not fit it is lost, and the chain waits for another. */
static void too_little_room(void)
{
	static const uint32_t sizes[] = {
		1, 11, 12, 13, 100, HEADER_SIZE + FRAME_SIZE - 1
	};

	if (!is_receive())
		return;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECK(start_target());
		put(&desc[0], (uintptr_t)received, sizes[i], WRITE, 0);
		offer(0);
		kick();
		send_frame();
		for (unsigned int looks = 0; looks < 1000; looks++)
			SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
		SAME(finished(), 0);
	}
}

/* In so many buffers as a driver that merges them must expect. */
static void many_small_buffers(void)
{
	static const uint16_t sizes[] = { 1, 3, 11, 12, 13, 100, 211 };

	if (!is_receive())
		return;
	features |= BIT(VIRTIO_NET_F_MRG_RXBUF);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint16_t count =
			(HEADER_SIZE + FRAME_SIZE + sizes[i] - 1) / sizes[i];

		CHECK(start_target());
		for (uint16_t j = 0; j < QUEUE_MAX; j++) {
			put(&desc[j], (uintptr_t)received + j * sizes[i],
			    sizes[i], WRITE, 0);
			offer(j);
		}
		kick();
		send_frame();
		(void)awaited(0);
		SAME(used->idx, count);
		CHECK(is_as_sent());
	}
}

static const struct test cases[] = {
	{ "loops", loops },
	{ "next descriptors that do not exist", bad_next },
	{ "heads that do not exist", bad_heads },
	{ "an available index too far ahead", index_ahead },
	{ "buffers outside the RAM", outside_ram },
	{ "buffers of the wrong direction", wrong_direction },
	{ "tables that break the rules", bad_tables },
	{ "frames too short and too long", frames_of_no_length },
	{ "too little room for a frame", too_little_room },
	{ "many small buffers for a frame", many_small_buffers },
	END_OF_TESTS,
};

void drive_network(void)
{
	static const struct target targets[] = {
		{ "receive", CARD, RECEIVE, WRITE },
		{ "transmit", CARD, TRANSMIT, 0 },
		{ "entropy", ENTROPY, 0, WRITE },
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		target = targets[i];
		say("@ %s\n", target.name);
		run_tests(cases, fresh_target, target_works);
	}
	say("@ end\n");
}
