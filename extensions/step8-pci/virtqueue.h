/*
 * A split virtqueue (virtio 1.2, 2.7): three areas of guest memory.
 *
 *   descriptor table  buffers: address, length, flags, the next of a chain
 *   available ring    the driver's: heads of chains for the device
 *   used ring         the device's: heads of chains that are done
 *
 * The driver may write to all of them at any time.  So each value is read
 * once, checked, and then used.  Virtio is little endian, as is x86.
 */
#ifndef VIRTQUEUE_H
#define VIRTQUEUE_H

#include "memory.h"

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define VIRTQUEUE_MAX_SIZE 256

struct virtqueue {
	/* Set by the driver, before the queue is ready */
	uint16_t size; /* a power of two, or 0 if not set rightly */
	uint64_t desc_gpa, avail_gpa, used_gpa;
	bool indirect, event_idx; /* negotiated features */

	/* Valid while the queue is ready */
	bool ready;
	const struct memory *memory;
	const struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next_avail; /* the index of the next chain to take */
	uint16_t next_used; /* the index of the next one to give back */
	uint16_t signalled; /* next_used when it was last asked about */
	bool broken; /* the driver broke the rules; wants a reset */
};

/* The buffers of a descriptor chain, checked to be in the guest's RAM. */
struct chain {
	uint16_t head;
	bool valid; /* if not: only to be given back */
	struct iovec buffers[VIRTQUEUE_MAX_SIZE];
	size_t readable; /* so many for the device to read, */
	size_t writable; /* then so many for it to write */
	uint64_t size; /* of all of them, bytes */
};

/* Sets the size if it is a power of two, and not too large; otherwise to 0. */
void virtqueue_set_size(struct virtqueue *queue, uint32_t size);

/*
 * Makes the queue ready.  False if its size is wrong, or one of its parts is
 * misaligned or not in RAM (2.7: alignments 16, 2 and 4).
 */
bool virtqueue_start(struct virtqueue *queue, const struct memory *memory);

/* Takes the next chain, if there is one; may find the queue broken. */
bool virtqueue_pop(struct virtqueue *queue, struct chain *chain);

/* Gives a chain back, of whose buffers `written` bytes were written. */
void virtqueue_push(struct virtqueue *queue, const struct chain *chain,
		    uint32_t written);

/* The `count` chains taken last were not, after all: the next pop takes them. */
void virtqueue_unpop(struct virtqueue *queue, uint16_t count);

/*
 * Copies data to `offset` of the chain's writable buffers; returns how much of
 * it they had room for.
 */
size_t chain_write(const struct chain *chain, size_t offset, const void *data,
		   size_t size);

/* Copies the first bytes of the readable ones, of which there are `size`. */
void chain_read(const struct chain *chain, void *data, size_t size);

/* Gives several chains back so that the driver sees all of them, or none. */
void virtqueue_push_all(struct virtqueue *queue,
			const struct vring_used_elem *used, uint16_t count);

/*
 * To be called when pop finds nothing: asks for a notification of the next
 * chain.  True if one has come in the meantime, so that pop is to go on.
 */
bool virtqueue_rearm(struct virtqueue *queue);

/* Does the driver want an interrupt for what was given back since? (2.7.7) */
bool virtqueue_wants_interrupt(struct virtqueue *queue);

#endif
