/*
 * A queue anywhere in memory of any content.
 *
 * The input: the queue's size (its logarithm), features, three addresses of
 * two bytes, eight operations of two bits, a word that the driver changes
 * meanwhile, and the memory, from its start.
 */
#include "input.h"

#include "fake.h"
#include "virtqueue.h"

#define RAM_SIZE	  0x2000
#define FEATURE_INDIRECT  1
#define FEATURE_EVENT_IDX 2

enum operation { SERVE, REARM, ASK, CHANGE };

static struct memory memory;
static struct virtqueue queue;

static void check_chain(const struct chain *chain)
{
	size_t count = chain->readable + chain->writable;

	CHECK(chain->head < queue.size);
	if (!chain->valid)
		return;
	CHECK(count >= 1 && count <= queue.size);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *base = chain->buffers[i].iov_base;

		CHECK(base >= memory.ram && base <= memory.ram + RAM_SIZE);
		CHECK(chain->buffers[i].iov_len <=
		      (size_t)(memory.ram + RAM_SIZE - base));
	}
}

/* Everything that waits goes back; that is no more than fits the ring. */
static void serve(void)
{
	static struct chain chain;
	uint16_t used = queue.next_used;

	while (virtqueue_pop(&queue, &chain)) {
		check_chain(&chain);
		virtqueue_push(&queue, &chain, 1);
		CHECK(queue.next_used == queue.next_avail);
		/* What is written may be the available ring itself. */
		if ((uint16_t)(queue.next_used - used) > 2 * queue.size)
			return;
	}
	CHECK(!queue.broken || !virtqueue_pop(&queue, &chain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint16_t operations, offset, value;
	uint8_t shift, features;

	if (!memory.ram)
		fake_memory_create(&memory, RAM_SIZE);
	fake_reset();
	memset(&queue, 0, sizeof(queue));
	shift = take8(&input) % 10; /* 9: no size, or a wrong one */
	queue.size = shift < 9 ? (uint16_t)(1 << shift) : 0;
	features = take8(&input);
	queue.indirect = features & FEATURE_INDIRECT;
	queue.event_idx = features & FEATURE_EVENT_IDX;
	queue.desc_gpa = take16(&input);
	queue.avail_gpa = take16(&input);
	queue.used_gpa = take16(&input);
	operations = take16(&input);
	offset = take16(&input) % (RAM_SIZE - 1);
	value = take16(&input);
	take(&input, memory.ram, RAM_SIZE);

	if (!virtqueue_start(&queue, &memory)) {
		CHECK(!queue.ready);
		return 0;
	}
	for (int i = 0; i < 8; i++, operations >>= 2) {
		switch (operations % 4) {
		case SERVE:
			serve();
			break;
		case REARM:
			virtqueue_rearm(&queue);
			break;
		case ASK:
			virtqueue_wants_interrupt(&queue);
			CHECK(!virtqueue_wants_interrupt(&queue));
			break;
		case CHANGE:
			memcpy(memory.ram + offset, &value, sizeof(value));
			break;
		}
	}
	return 0;
}
