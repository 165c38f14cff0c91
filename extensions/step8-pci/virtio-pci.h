/*
 * The virtio transport that is a function on PCI's bus: modern, without what
 * was before virtio 1.0 (virtio 1.2, 4.1).  Its registers are in a BAR, where
 * capabilities say which is at what place; its interrupts are MSI-X.
 */
#ifndef VIRTIO_PCI_H
#define VIRTIO_PCI_H

#include "msix.h"
#include "pci.h"
#include "virtio.h"

#include <stdint.h>

/* A slot for each, but that of the host bridge */
#define VIRTIO_PCI_MAX (PCI_SLOTS - 1)

struct virtio_pci {
	struct virtio *device;
	struct pci_function function;
	struct msix msix;
	uint8_t cfg_access; /* VIRTIO_PCI_CAP_PCI_CFG's place */
	uint8_t isr; /* what has happened, for those who do without MSI-X */

	/* struct virtio_pci_common_cfg's, which is not kept anywhere else */
	uint32_t device_features_sel, driver_features_sel;
	uint16_t queue_sel;
	uint16_t config_vector, vectors[VIRTIO_MAX_QUEUES];

	/* Queues that rest, a bit each: the function is no bus master. */
	uint32_t resting;
};

/* Makes a function of a device; it then goes on the bus. */
void virtio_pci_init(struct virtio_pci *pci, struct virtio *device,
		     const struct memory *memory, const struct msi_port *port);

#endif
