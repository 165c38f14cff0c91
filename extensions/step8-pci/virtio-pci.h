/*
 * The virtio transport that is a function on PCI's bus: modern, and not a
 * transitional one (virtio 1.2, 4.1).  Its registers are in a BAR, where
 * capabilities say which is at what place; its interrupts are MSI-X.
 */
#ifndef VIRTIO_PCI_H
#define VIRTIO_PCI_H

#include "msix.h"
#include "pci.h"
#include "virtio-registers.h"
#include "virtio.h"

#include <stdint.h>

/* A slot for each, but that of the host bridge */
#define VIRTIO_PCI_MAX (PCI_SLOTS - 1)

struct virtio_pci {
	struct pci_function function;
	struct msix msix;
	struct virtio_registers registers;
	uint8_t access; /* VIRTIO_PCI_CAP_PCI_CFG's place */
};

/* Makes a function of a device; it then goes on the bus. */
void virtio_pci_init(struct virtio_pci *pci, struct virtio *device,
		     const struct memory *memory, const struct msi_port *port);

#endif
