#include "virtqueue.h"

#include "vm.h"

#include <string.h>

/* virtio 1.2, 2.7: required alignments */
#define DESC_ALIGN  16
#define AVAIL_ALIGN 2
#define USED_ALIGN  4

/* One of the queue's areas, or NULL. */
static void *area(const struct vm *vm, uint64_t gpa, uint64_t size,
		  uint64_t alignment)
{
	return gpa % alignment == 0 ? vm_memory(vm, gpa, size) : NULL;
}

bool virtqueue_start(struct virtqueue *queue, const struct vm *vm)
{
	uint64_t size = queue->size;
	uint64_t event_size = sizeof(uint16_t); /* behind both rings */

	queue->vm = vm;
	queue->desc = area(vm, queue->desc_gpa,
			   size * sizeof(struct vring_desc), DESC_ALIGN);
	queue->avail = area(vm, queue->avail_gpa,
			    sizeof(struct vring_avail) +
				    size * sizeof(uint16_t) + event_size,
			    AVAIL_ALIGN);
	queue->used =
		area(vm, queue->used_gpa,
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

/* Where each side says at which index it wants to hear of the other (2.7.10) */
static uint16_t *used_event(struct virtqueue *queue)
{
	return &queue->avail->ring[queue->size];
}

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
	void *memory = vm_memory(queue->vm, desc->addr, desc->len);

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
			table = vm_memory(queue->vm, desc.addr, desc.len);
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
