#include "virtqueue.h"

#include <string.h>

/* virtio 1.2, 2.7: required alignments */
#define DESC_ALIGN  16
#define AVAIL_ALIGN 2
#define USED_ALIGN  4

/* 2.7.5.2: the most bytes that a chain may have */
#define MAX_CHAIN (1ull << 32)

/* One of the queue's areas, or NULL. */
static void *area(const struct memory *memory, uint64_t gpa, uint64_t size,
		  uint64_t alignment)
{
	return gpa % alignment == 0 ? memory_at(memory, gpa, size) : NULL;
}

void virtqueue_set_size(struct virtqueue *queue, uint32_t size)
{
	bool power_of_two = (size & (size - 1)) == 0;

	queue->size =
		power_of_two && size <= VIRTQUEUE_MAX_SIZE ? (uint16_t)size : 0;
}

bool virtqueue_start(struct virtqueue *queue, const struct memory *memory)
{
	uint64_t size = queue->size;
	uint64_t event_size = sizeof(uint16_t); /* behind both rings */

	queue->memory = memory;
	queue->desc = area(memory, queue->desc_gpa,
			   size * sizeof(struct vring_desc), DESC_ALIGN);
	queue->avail = area(memory, queue->avail_gpa,
			    sizeof(struct vring_avail) +
				    size * sizeof(uint16_t) + event_size,
			    AVAIL_ALIGN);
	queue->used =
		area(memory, queue->used_gpa,
		     sizeof(struct vring_used) +
			     size * sizeof(struct vring_used_elem) + event_size,
		     USED_ALIGN);
	queue->next_avail = 0;
	queue->next_used = 0;
	queue->signalled = 0;
	queue->broken = false;
	queue->ready = size && queue->desc && queue->avail && queue->used;
	return queue->ready;
}

static uint16_t load(const uint16_t *value)
{
	return __atomic_load_n(value, __ATOMIC_ACQUIRE);
}

/* At which index of the used ring the driver wants to hear of us (2.7.7) */
static uint16_t *used_event(struct virtqueue *queue)
{
	return &queue->avail->ring[queue->size];
}

/* At which index of the available ring we want to hear of it (2.7.10) */
static uint16_t *avail_event(struct virtqueue *queue)
{
	return (uint16_t *)&queue->used->ring[queue->size];
}

/* Readable buffers come first (2.7.4.2); an empty chain has none of either. */
static bool add_buffer(const struct virtqueue *queue, struct chain *chain,
		       const struct vring_desc *desc)
{
	bool is_writable = desc->flags & VRING_DESC_F_WRITE;
	size_t count = chain->readable + chain->writable;
	void *memory = memory_at(queue->memory, desc->addr, desc->len);

	chain->size += desc->len;
	if (chain->size > MAX_CHAIN)
		return false;

	/* More buffers than descriptors: the chain is a loop, or too long. */
	if (!memory || count == queue->size)
		return false;
	if (chain->writable > 0 && !is_writable)
		return false;

	chain->buffers[count].iov_base = memory;
	chain->buffers[count].iov_len = desc->len;
	if (is_writable)
		chain->writable++;
	else
		chain->readable++;
	return true;
}

/* Follows the chain; its last descriptor may refer to a table (2.7.5.3). */
static bool collect(const struct virtqueue *queue, struct chain *chain)
{
	const struct vring_desc *table = queue->desc;
	uint32_t length = queue->size;
	uint32_t index = chain->head;
	bool indirect = false;

	chain->readable = 0;
	chain->writable = 0;
	chain->size = 0;
	for (;;) {
		struct vring_desc desc;

		if (index >= length)
			return false;
		/* A copy, and no second look: the driver may change it. */
		memcpy(&desc, &table[index], sizeof(desc));
		__atomic_signal_fence(__ATOMIC_ACQUIRE);

		if (desc.flags & VRING_DESC_F_INDIRECT) {
			if (!queue->indirect || indirect ||
			    (desc.flags & VRING_DESC_F_NEXT) ||
			    desc.len % sizeof(*table) != 0)
				return false;
			indirect = true;
			table = memory_at(queue->memory, desc.addr, desc.len);
			if (!table)
				return false;
			length = desc.len / sizeof(*table);
			index = 0;
			continue;
		}

		if (!add_buffer(queue, chain, &desc))
			return false;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return true;
		index = desc.next;
	}
}

bool virtqueue_pop(struct virtqueue *queue, struct chain *chain)
{
	uint16_t waiting;

	if (!queue->ready || queue->broken)
		return false;
	waiting = load(&queue->avail->idx) - queue->next_avail;
	if (waiting == 0)
		return false;

	chain->head =
		load(&queue->avail->ring[queue->next_avail % queue->size]);
	if (waiting > queue->size || chain->head >= queue->size) {
		queue->broken = true;
		return false;
	}
	queue->next_avail++;
	chain->valid = collect(queue, chain);
	return true;
}

void virtqueue_push(struct virtqueue *queue, const struct chain *chain,
		    uint32_t written)
{
	queue->used->ring[queue->next_used % queue->size] =
		(struct vring_used_elem){ .id = chain->head, .len = written };
	queue->next_used++;
	__atomic_store_n(&queue->used->idx, queue->next_used, __ATOMIC_RELEASE);
}

void virtqueue_unpop(struct virtqueue *queue, uint16_t count)
{
	queue->next_avail -= count;
}

size_t chain_write(const struct chain *chain, size_t offset, const void *data,
		   size_t size)
{
	const struct iovec *buffers = chain->buffers + chain->readable;
	size_t done = 0;

	for (size_t i = 0; i < chain->writable && done < size; i++) {
		size_t part = buffers[i].iov_len;

		if (offset >= part) {
			offset -= part;
			continue;
		}
		part -= offset;
		if (part > size - done)
			part = size - done;
		memcpy((uint8_t *)buffers[i].iov_base + offset,
		       (const uint8_t *)data + done, part);
		offset = 0;
		done += part;
	}
	return done;
}

void chain_read(const struct chain *chain, void *data, size_t size)
{
	for (size_t i = 0; i < chain->readable && size > 0; i++) {
		size_t part = chain->buffers[i].iov_len;

		if (part > size)
			part = size;
		memcpy(data, chain->buffers[i].iov_base, part);
		data = (uint8_t *)data + part;
		size -= part;
	}
}

void virtqueue_push_all(struct virtqueue *queue,
			const struct vring_used_elem *used, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		queue->used->ring[queue->next_used++ % queue->size] = used[i];
	__atomic_store_n(&queue->used->idx, queue->next_used, __ATOMIC_RELEASE);
}

bool virtqueue_rearm(struct virtqueue *queue)
{
	if (!queue->ready || queue->broken || !queue->event_idx)
		return false;
	__atomic_store_n(avail_event(queue), queue->next_avail,
			 __ATOMIC_RELAXED);
	/* The driver stores its index, then reads the event: so vice versa. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load(&queue->avail->idx) != queue->next_avail;
}

bool virtqueue_wants_interrupt(struct virtqueue *queue)
{
	uint16_t old = queue->signalled;

	queue->signalled = queue->next_used;
	if (!queue->ready || old == queue->next_used)
		return false;
	/* The driver stores the event, then reads the index. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (queue->event_idx)
		return vring_need_event(load(used_event(queue)),
					queue->next_used, old);
	return !(load(&queue->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
}
