/* A virtio block device (virtio 1.2, 5.2) on a raw image or a disk. */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "virtqueue.h"

#include <linux/virtio_blk.h>
#include <stdbool.h>
#include <stdint.h>

struct virtio_blk {
	const char *path;
	int fd;
	bool read_only;
	struct virtio_blk_config config;
};

/*
 * Opens and locks the image: for one writer, or any number of readers.
 * What is no image, or is in use by another VMM, ends this one.
 */
void virtio_blk_open(struct virtio_blk *blk, const char *path, bool read_only);

/* The feature bits that are the block device's own (5.2.3). */
uint64_t virtio_blk_features(const struct virtio_blk *blk);

/*
 * Carries out all requests in the queue.  `features` are those negotiated;
 * a driver without VIRTIO_BLK_F_FLUSH gets write-through.
 */
void virtio_blk_notify(struct virtio_blk *blk, struct virtqueue *queue,
		       uint64_t features);

void virtio_blk_close(struct virtio_blk *blk);

#endif
