#include "ring.h"

#include <string.h>

void ring_create(struct ring *ring, const struct memory *memory, uint16_t size,
		 uint64_t gpa)
{
	*ring = (struct ring){ .memory = memory, .size = size };
	ring->desc_gpa = gpa;
	ring->avail_gpa = gpa + size * sizeof(struct vring_desc);
	/* Flags, index, the ring and the event, rounded up to 4 bytes */
	ring->used_gpa = ring->avail_gpa + ((6 + 2 * (uint64_t)size + 3) & ~3u);

	memset(memory_at(memory, gpa, RING_BYTES), 0, RING_BYTES);
	ring->desc = memory_at(memory, ring->desc_gpa, 1);
	ring->avail = memory_at(memory, ring->avail_gpa, 1);
	ring->used = memory_at(memory, ring->used_gpa, 1);
}

void ring_tell(const struct ring *ring, struct virtqueue *queue)
{
	queue->size = ring->size;
	queue->desc_gpa = ring->desc_gpa;
	queue->avail_gpa = ring->avail_gpa;
	queue->used_gpa = ring->used_gpa;
}

void ring_describe(struct vring_desc *desc, uint64_t gpa, uint32_t length,
		   uint16_t flags, uint16_t next)
{
	desc->addr = gpa;
	desc->len = length;
	desc->flags = flags;
	desc->next = next;
}

void ring_offer(struct ring *ring, uint16_t head)
{
	ring->avail->ring[ring->avail->idx % ring->size] = head;
	ring->avail->idx++;
}

uint16_t *ring_used_event(struct ring *ring)
{
	return &ring->avail->ring[ring->size];
}

uint16_t *ring_avail_event(struct ring *ring)
{
	return (uint16_t *)&ring->used->ring[ring->size];
}
