#include "virtio-rng.h"

#include <linux/virtio_ids.h>
#include <sys/random.h>

/* More at once would keep the vCPU waiting; a driver has to ask again. */
#define MAX_SIZE (64 << 10)

/* Fills the buffers from their start: a driver may get less than it wants. */
static uint32_t handle(struct virtio *device, struct chain *chain)
{
	const struct iovec *buffers = chain->buffers + chain->readable;
	uint32_t done = 0;

	(void)device;
	for (size_t i = 0; i < chain->writable && done < MAX_SIZE; i++) {
		size_t size = buffers[i].iov_len;
		ssize_t got;

		if (size > MAX_SIZE - done)
			size = MAX_SIZE - done;
		got = getrandom(buffers[i].iov_base, size, 0);
		if (got > 0)
			done += (uint32_t)got;
		if (got != (ssize_t)size)
			break;
	}
	return done;
}

static void serve(struct virtio *device, uint32_t queue)
{
	virtio_serve(device, queue, handle);
}

void virtio_rng_init(struct virtio *device)
{
	*device = (struct virtio){
		.id = VIRTIO_ID_RNG,
		.queue_count = 1,
		.notified = serve,
	};
}
