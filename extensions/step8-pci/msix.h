/*
 * MSI-X (PCI Local Bus 3.0, 6.8.2): an interrupt is a write to memory, of a
 * value and to an address that the guest puts into a table, a vector for each
 * reason.  A vector that is masked keeps its interrupt until it no longer is.
 *
 * It is a capability and a BAR, and so fits any function.
 */
#ifndef MSIX_H
#define MSIX_H

#include "pci.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MSIX_MAX_VECTORS 64

/* Who carries out the write; it may come to nothing, as it is the guest's. */
struct msi_port {
	void (*send)(void *controller, uint64_t address, uint32_t data);
	void *controller;
};

struct msix {
	struct pci_function *function;
	uint8_t capability; /* its place in configuration space */
	struct msi_port port;
	uint32_t vectors; /* how many there are */
	struct msix_entry {
		uint64_t address;
		uint32_t data;
		uint32_t control; /* PCI_MSIX_ENTRY_CTRL_MASKBIT */
	} table[MSIX_MAX_VECTORS];
	uint64_t pending; /* a bit for each vector */
};

/* Adds the capability and its BAR; at most MSIX_MAX_VECTORS vectors. */
void msix_init(struct msix *msix, struct pci_function *function, uint32_t bar,
	       uint32_t vectors, const struct msi_port *port);

/* Has the guest switched it on? */
bool msix_is_on(const struct msix *msix);

/* Sends a vector's message, now or once it may be; one too high is none. */
void msix_raise(struct msix *msix, uint32_t vector);

/* Sends what may go now: to be called when configuration space has changed. */
void msix_send_pending(struct msix *msix);

/* What is pending is not so any more: the device was reset. */
void msix_forget(struct msix *msix);

#endif
