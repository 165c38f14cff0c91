/* The driver's side of a virtqueue, for the tests. */
#ifndef RING_H
#define RING_H

#include "virtqueue.h"

#include <stdint.h>

/* More than any ring of the greatest size needs */
#define RING_BYTES 0x2000

struct ring {
	const struct memory *memory;
	uint16_t size;
	uint64_t desc_gpa, avail_gpa, used_gpa;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

/* Places the three parts, all zero, one behind the other from `gpa` on. */
void ring_create(struct ring *ring, const struct memory *memory, uint16_t size,
		 uint64_t gpa);

/* Tells a queue of it, as the driver does through the registers. */
void ring_tell(const struct ring *ring, struct virtqueue *queue);

/* Writes a descriptor, here or in an indirect table. */
void ring_describe(struct vring_desc *desc, uint64_t gpa, uint32_t length,
		   uint16_t flags, uint16_t next);

/* Hands the chain that begins with this descriptor to the device. */
void ring_offer(struct ring *ring, uint16_t head);

/* The two words behind the rings (virtio 1.2, 2.7.10) */
uint16_t *ring_used_event(struct ring *ring);
uint16_t *ring_avail_event(struct ring *ring);

#endif
