/*
 * The registers of a virtio function, in a BAR of its: four areas (virtio 1.2,
 * 4.1.4.3 to 4.1.4.6), of which virtio-pci.c tells the guest where they are.
 */
#ifndef VIRTIO_PCI_REGISTERS_H
#define VIRTIO_PCI_REGISTERS_H

#include "virtio-pci.h"

/* A page for each, so that a guest can map one without the others */
#define VIRTIO_AREA_SIZE 0x1000
#define VIRTIO_COMMON	 (0 * VIRTIO_AREA_SIZE)
#define VIRTIO_ISR	 (1 * VIRTIO_AREA_SIZE)
#define VIRTIO_DEVICE	 (2 * VIRTIO_AREA_SIZE) /* its own configuration */
#define VIRTIO_NOTIFY	 (3 * VIRTIO_AREA_SIZE)
#define VIRTIO_BAR_SIZE	 (4 * VIRTIO_AREA_SIZE)

/* Queue n is notified at n times this: each has an address of its own. */
#define VIRTIO_NOTIFY_STEP sizeof(uint32_t)

/* For pci_add_bar(): VIRTIO_BAR_SIZE bytes, and a struct virtio_pci */
extern const struct bus_device virtio_pci_registers;

/* What virtio_connect() takes for a struct virtio_pci */
void virtio_pci_interrupt(void *transport, uint32_t queue);

/* Brings all that is in here to the state after a reset. */
void virtio_pci_reset(struct virtio_pci *pci);

/*
 * Has the queues rest while the function is no bus master (PCI Local Bus 3.0,
 * 6.2.2): to be called when that may have changed.
 */
void virtio_pci_follow_master(struct virtio_pci *pci);

#endif
