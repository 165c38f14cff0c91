/*
 * The virtio transport that is a page of registers and an interrupt line:
 * MMIO, version 2 (virtio 1.2, 4.2).  The machine has some slots for it.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include "bus.h"
#include "irq-line.h"
#include "memory-map.h"
#include "virtio.h"

#include <stddef.h>
#include <stdint.h>

/* As many slots as dsdt.asl tells of */
#define VIRTIO_MMIO_MAX 8

/* Where the registers of a slot are, and its pin of the I/O APIC */
#define VIRTIO_MMIO_GSI(slot) (VIRTIO_GSI + (uint32_t)(slot))
#define VIRTIO_MMIO_GPA(slot) (VIRTIO_GPA + (uint64_t)(slot)*VIRTIO_SIZE)

struct virtio_mmio {
	struct virtio *device;
	struct irq_line line;
	uint32_t interrupt_status; /* VIRTIO_MMIO_INT_* */
	uint32_t device_features_sel, driver_features_sel, queue_sel;
};

/* Makes a device of a slot; it then goes on the bus at VIRTIO_MMIO_GPA. */
void virtio_mmio_init(struct virtio_mmio *mmio, struct virtio *device,
		      const struct memory *memory, const struct irq_line *line);

/* What a bus calls: for VIRTIO_SIZE addresses, and a struct virtio_mmio. */
extern const struct bus_device virtio_mmio_device;

#endif
