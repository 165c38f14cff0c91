/*
 * A virtio block device on the MMIO transport, version 2 (virtio 1.2, 4.2):
 * a page of registers, a virtqueue, and an interrupt line.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include "virtio-blk.h"
#include "virtqueue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many as there are ISA interrupts that nothing else uses. */
#define VIRTIO_MMIO_MAX 4

struct virtio_mmio {
	const struct vm *vm;
	uint32_t irq;
	uint32_t status; /* VIRTIO_CONFIG_S_* */
	uint32_t interrupt_status; /* VIRTIO_MMIO_INT_* */
	uint32_t device_features_sel, driver_features_sel, queue_sel;
	uint64_t driver_features; /* negotiated once FEATURES_OK is set */
	struct virtqueue queue;
	struct virtio_blk blk;
};

/* Makes a device, the `index`th of the machine, of a disk image. */
void virtio_mmio_create(struct virtio_mmio *device, const struct vm *vm,
			size_t index, const char *path, bool read_only);

/* The device whose registers are at this address, or NULL. */
struct virtio_mmio *virtio_mmio_find(struct vm *vm, uint64_t gpa);

/* The guest reads or writes 1 to 8 bytes of the device's page. */
void virtio_mmio_read(struct virtio_mmio *device, uint64_t gpa, void *data,
		      size_t size);
void virtio_mmio_write(struct virtio_mmio *device, uint64_t gpa,
		       const void *data, size_t size);

/*
 * The kernel's command line with a parameter for each of `count` devices,
 * which tells it where they are.  The result is allocated.
 */
char *virtio_mmio_add_parameters(const char *cmdline, size_t count);

/* An access in words, as "QueueNotify = 0x0", for the trace. */
void virtio_mmio_describe(uint64_t gpa, const void *data, size_t size,
			  char *text, size_t text_size);

void virtio_mmio_destroy(struct virtio_mmio *device);

#endif
