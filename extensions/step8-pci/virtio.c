#include "virtio.h"

#include "stop.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>

/* What every device here can do */
#define COMMON_FEATURES                                                     \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC | \
	 1ull << VIRTIO_RING_F_EVENT_IDX)

/* What a driver may write; the device itself says when it needs a reset. */
#define DRIVER_STATUS                                              \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |    \
	 VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FEATURES_OK | \
	 VIRTIO_CONFIG_S_FAILED)

/* So long a device works at a stretch, and so long the guest runs then. */
#define TURN  (50 * TIMER_MILLISECOND)
#define PAUSE (1 * TIMER_MILLISECOND)

static void take_next_turn(void *owner)
{
	struct virtio *device = owner;
	uint32_t unfinished = device->unfinished;

	device->unfinished = 0;
	for (uint32_t i = 0; i < device->queue_count; i++)
		if (unfinished & 1u << i)
			virtio_notify(device, i);
}

void virtio_connect(struct virtio *device, const struct memory *memory,
		    void (*interrupt)(void *transport, uint32_t queue),
		    void *transport)
{
	device->memory = memory;
	device->interrupt = interrupt;
	device->transport = transport;
	device->next_turn =
		(struct timer){ .expired = take_next_turn, .owner = device };
}

uint64_t virtio_offered(const struct virtio *device)
{
	return COMMON_FEATURES | device->offered;
}

void virtio_write_features(struct virtio *device, uint32_t half, uint32_t value)
{
	if (half > 1 || device->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	device->features &= (uint64_t)UINT32_MAX << (half ? 0 : 32);
	device->features |= (uint64_t)value << (half ? 32 : 0);
}

static bool has_feature(const struct virtio *device, unsigned int bit)
{
	return device->features >> bit & 1;
}

/* The driver has broken the rules: only a reset helps now (2.1.2). */
static void need_reset(struct virtio *device)
{
	device->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (device->status & VIRTIO_CONFIG_S_DRIVER_OK)
		device->interrupt(device->transport, VIRTIO_CONFIG);
}

static void reset(struct virtio *device)
{
	timer_stop(&device->next_turn);
	device->unfinished = 0;
	device->status = 0;
	device->features = 0;
	memset(device->queues, 0, sizeof(device->queues));
}

/* Can the device work with the driver's choice (3.1.1)? */
static bool accept_features(struct virtio *device)
{
	if (device->features & ~virtio_offered(device) ||
	    !has_feature(device, VIRTIO_F_VERSION_1))
		return false;
	for (uint32_t i = 0; i < device->queue_count; i++) {
		device->queues[i].indirect =
			has_feature(device, VIRTIO_RING_F_INDIRECT_DESC);
		device->queues[i].event_idx =
			has_feature(device, VIRTIO_RING_F_EVENT_IDX);
	}
	return true;
}

void virtio_config_changed(struct virtio *device)
{
	device->config_generation++;
	if (device->status & VIRTIO_CONFIG_S_DRIVER_OK)
		device->interrupt(device->transport, VIRTIO_CONFIG);
}

void virtio_write_status(struct virtio *device, uint32_t value)
{
	uint32_t rising = value & ~device->status & DRIVER_STATUS;

	if (value == 0) {
		reset(device);
		return;
	}
	/* FEATURES_OK stays clear if the device cannot work this way, ... */
	if (rising & VIRTIO_CONFIG_S_FEATURES_OK && !accept_features(device))
		rising &= ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
	/* ... and it does not begin to without it.  All others remain. */
	if (!((device->status | rising) & VIRTIO_CONFIG_S_FEATURES_OK))
		rising &= ~(uint32_t)VIRTIO_CONFIG_S_DRIVER_OK;
	device->status |= rising;
}

void virtio_start_queue(struct virtio *device, uint32_t queue)
{
	if (!device->queues[queue].ready &&
	    !virtqueue_start(&device->queues[queue], device->memory))
		need_reset(device);
}

void virtio_notify(struct virtio *device, uint32_t queue)
{
	const uint32_t ends =
		VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED;

	if (!(device->status & VIRTIO_CONFIG_S_DRIVER_OK) ||
	    device->status & ends || queue >= device->queue_count)
		return;
	device->notified(device, queue);
	if (virtqueue_wants_interrupt(&device->queues[queue]))
		device->interrupt(device->transport, queue);
	if (device->queues[queue].broken)
		need_reset(device);
}

void virtio_serve(struct virtio *device, uint32_t number,
		  virtio_handler *handle)
{
	struct virtqueue *queue = &device->queues[number];
	const uint64_t end = timer_now() + TURN;
	struct chain chain;

	do {
		while (virtqueue_pop(queue, &chain)) {
			virtqueue_push(queue, &chain,
				       chain.valid ? handle(device, &chain)
						   : 0);
			if (stop_asked())
				return;
			/* The driver, or the device itself, can add more. */
			if (timer_now() >= end) {
				device->unfinished |= 1u << number;
				timer_start(&device->next_turn, PAUSE);
				return;
			}
		}
	} while (virtqueue_rearm(queue));
}
