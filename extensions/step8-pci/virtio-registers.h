/*
 * The registers of a virtio function, in a BAR: four areas (virtio 1.2, 4.1.4.3
 * to 4.1.4.6), of which virtio-pci.c tells the guest where they are.
 */
#ifndef VIRTIO_REGISTERS_H
#define VIRTIO_REGISTERS_H

#include "msix.h"
#include "pci.h"
#include "virtio.h"

#include <stdint.h>

/* A page for each, so that a guest can map one without the others */
#define VIRTIO_AREA_SIZE 0x1000ull
#define VIRTIO_COMMON	 (0 * VIRTIO_AREA_SIZE)
#define VIRTIO_ISR	 (1 * VIRTIO_AREA_SIZE)
#define VIRTIO_DEVICE	 (2 * VIRTIO_AREA_SIZE) /* its own configuration */
#define VIRTIO_NOTIFY	 (3 * VIRTIO_AREA_SIZE)
#define VIRTIO_BAR_SIZE	 (4 * VIRTIO_AREA_SIZE)

/* Queue n is notified at n times this: each has an address of its own. */
#define VIRTIO_NOTIFY_STEP sizeof(uint32_t)

struct virtio_registers {
	struct virtio *device;
	const struct pci_function *function;
	struct msix *msix;
	uint8_t isr; /* what has happened, for those who do without MSI-X */

	/* Registers of the common area that have no home anywhere else */
	uint32_t device_features_sel, driver_features_sel;
	uint16_t queue_sel;
	uint16_t config_vector, vectors[VIRTIO_MAX_QUEUES];
};

void virtio_registers_init(struct virtio_registers *registers,
			   struct virtio *device,
			   const struct pci_function *function,
			   struct msix *msix);

/* For pci_add_bar(): VIRTIO_BAR_SIZE bytes, and a struct virtio_registers */
extern const struct bus_device virtio_registers_in_bar;

/* For virtio_connect(), with a struct virtio_registers: has MSI-X do it. */
void virtio_registers_interrupt(void *transport, uint32_t queue);

/*
 * A function that is no bus master does not touch memory (PCI Local Bus 3.0,
 * 6.2.2): its driver's DRIVER_OK is taken back, and it waits for another one.
 * To be called when the one or the other may have changed.
 */
void virtio_registers_follow_master(struct virtio_registers *registers);

#endif
