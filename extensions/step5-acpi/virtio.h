/*
 * A virtio device (virtio 1.2, 2 and 3), seen from between its two halves:
 *
 *   the transport  carries registers and interrupts, on MMIO or PCI
 *   the device     carries out requests, as virtio-blk.c
 *
 * Both know struct virtio, and neither knows the other.  One thread at a time
 * uses it.
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include "timer.h"
#include "virtqueue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTIO_MAX_QUEUES 4

/* In place of a queue's number: the configuration, or the whole device */
#define VIRTIO_CONFIG UINT32_MAX

struct virtio {
	/* The device's, set before a transport gets it */
	uint32_t id; /* VIRTIO_ID_* */
	uint64_t offered; /* features of its own kind */
	const void *config;
	size_t config_size; /* bytes */
	uint32_t queue_count;
	/* The driver says that there is something in a queue. */
	void (*notified)(struct virtio *device, uint32_t queue);

	/* The transport's: brings the driver an interrupt from a queue */
	void (*interrupt)(void *transport, uint32_t queue);
	void *transport;

	/* What driver and device have agreed upon */
	const struct memory *memory;
	uint32_t status; /* VIRTIO_CONFIG_S_* */
	uint64_t features; /* negotiated once FEATURES_OK is set */
	struct virtqueue queues[VIRTIO_MAX_QUEUES];

	struct timer next_turn; /* of queues with more than one turn's work */
	uint32_t unfinished; /* a bit for each of them */
};

/* ---- for the device ---- */

/* Carries out a valid chain; returns how many bytes it has written. */
typedef uint32_t virtio_handler(struct virtio *device, struct chain *chain);

/*
 * Has all chains of a queue handled, and given back.  If that takes long, the
 * guest and its timers get their turn in between.
 */
void virtio_serve(struct virtio *device, uint32_t queue,
		  virtio_handler *handle);

/* ---- for the transport ---- */

/* The device's DMA goes to this memory. */
void virtio_connect(struct virtio *device, const struct memory *memory,
		    void (*interrupt)(void *transport, uint32_t queue),
		    void *transport);

/* All features that the driver may choose from. */
uint64_t virtio_offered(const struct virtio *device);

/* Sets the lower (0) or upper (1) half of the driver's choice. */
void virtio_write_features(struct virtio *device, uint32_t half,
			   uint32_t value);

/* The driver writes the status, with 0 as a reset (2.1). */
void virtio_write_status(struct virtio *device, uint32_t value);

/* The driver makes a queue ready, whose places it has set. */
void virtio_start_queue(struct virtio *device, uint32_t queue);

/* The driver notifies the device of a queue. */
void virtio_notify(struct virtio *device, uint32_t queue);

#endif
