/* A virtio block device (virtio 1.2, 5.2) on a raw image or a disk. */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "virtio.h"

#include <linux/virtio_blk.h>
#include <stdbool.h>

struct virtio_blk {
	struct virtio device; /* what a transport takes */
	struct virtio_blk_config config;
	int fd;
	bool read_only;
	char id[VIRTIO_BLK_ID_BYTES + 1];
};

/*
 * Opens and locks the image: for one writer, or any number of readers.
 * What is no image, or is in use by another VMM, ends this one.
 */
void virtio_blk_open(struct virtio_blk *blk, const char *path, bool read_only);

void virtio_blk_close(struct virtio_blk *blk);

#endif
