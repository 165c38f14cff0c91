/* A virtio entropy source (virtio 1.2, 5.4): the host's random numbers. */
#ifndef VIRTIO_RNG_H
#define VIRTIO_RNG_H

#include "virtio.h"

void virtio_rng_init(struct virtio *device);

#endif
