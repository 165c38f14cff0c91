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

/* As many slots as there are ISA interrupts that nothing else uses */
#define VIRTIO_MMIO_MAX 4

/* Where the registers of a slot are */
#define VIRTIO_MMIO_GPA(slot) (VIRTIO_GPA + (uint64_t)(slot)*VIRTIO_SIZE)

struct virtio_mmio {
	struct virtio *device;
	struct irq_line line;
	uint32_t interrupt_status; /* VIRTIO_MMIO_INT_* */
	uint32_t device_features_sel, driver_features_sel, queue_sel;
};

/* The interrupt of a slot */
uint32_t virtio_mmio_irq(size_t slot);

/* Makes a device of a slot; it then goes on the bus at VIRTIO_MMIO_GPA. */
void virtio_mmio_init(struct virtio_mmio *mmio, struct virtio *device,
		      const struct memory *memory, const struct irq_line *line);

/* What a bus calls: for VIRTIO_SIZE addresses, and a struct virtio_mmio. */
extern const struct bus_device virtio_mmio_device;

/*
 * The kernel's command line with a parameter for each of `count` slots, which
 * tells it where they are.  The result is allocated.
 */
char *virtio_mmio_add_parameters(const char *cmdline, size_t count);

#endif
