/*
 * A PCI bus: functions, their configuration space, and their registers in
 * memory (PCI Local Bus 3.0, chapter 6, which PCI Express has kept).
 *
 * A guest reaches configuration space by two ways: ports 0xcf8 and 0xcfc, and
 * a window in memory, ECAM.  In it are, among others, base address registers
 * (BARs): where in memory a function's registers are is for the guest to say.
 *
 * The machine's lock is around all of it.
 */
#ifndef PCI_H
#define PCI_H

#include "bus.h"

#include <linux/pci.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_CONFIG_SIZE 256
#define PCI_BARS	3 /* of 64 bits each, which makes six registers */

/* Places on the bus, for a function each; the host bridge is in the first. */
#define PCI_SLOTS 32

/* In place of a BAR's address: it answers nowhere. */
#define PCI_NOWHERE UINT64_MAX

struct pci_function {
	uint8_t config[PCI_CONFIG_SIZE]; /* as the guest reads it */
	uint8_t writable[PCI_CONFIG_SIZE]; /* the bits that it may change */
	uint8_t end; /* of the part of both that is in use */
	uint8_t last_link; /* the byte that tells where the next capability is */

	struct pci_bar {
		uint64_t size; /* bytes, a power of two; 0: there is none */
		uint64_t start; /* guest-physical, or PCI_NOWHERE */
		const struct bus_device *kind;
		void *device;
	} bars[PCI_BARS];

	/* The owner's, called before a read and after a write; or NULL */
	void (*reading)(void *owner, size_t offset, size_t size);
	void (*written)(void *owner, size_t offset, size_t size);
	void *owner;
};

struct pci_bus {
	struct pci_function *slots[PCI_SLOTS];
	uint32_t count;
	uint32_t address; /* what is in port 0xcf8 */
	pthread_mutex_t *lock;
};

/* What a function says that it is (6.2.1) */
struct pci_identity {
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem;
	uint32_t
		class_code; /* its class, subclass and interface, a byte each */
	uint8_t revision;
};

/* Makes a function without BARs and capabilities. */
void pci_function_init(struct pci_function *function,
		       const struct pci_identity *identity);

/*
 * Gives it a BAR of `size` bytes, a power of two from 16 on, where it answers
 * as on a bus (bus.h).  As after power-on, that is nowhere until the guest says.
 */
void pci_add_bar(struct pci_function *function, uint32_t number, uint64_t size,
		 const struct bus_device *kind, void *device);

/*
 * Adds a capability (6.7) of `size` bytes, whose first two, the identity and
 * the link, are filled in here.  `writable` has the bits that the guest may
 * change; NULL: none.  Returns its place in configuration space.
 */
uint8_t pci_add_capability(struct pci_function *function, uint8_t id,
			   const void *data, const void *writable, size_t size);

/* Two, and four, bytes of configuration space */
uint16_t pci_get16(const struct pci_function *function, size_t offset);
uint32_t pci_get32(const struct pci_function *function, size_t offset);

/* May it read and write memory, and so send interrupts? */
bool pci_is_master(const struct pci_function *function);

/*
 * For a BAR's read(): of `size` bytes from `offset` on, copies those that there
 * are.
 */
void pci_read_part(const void *bytes, size_t bytes_size, uint64_t offset,
		   void *data, size_t size);

/* Puts the bus, with its host bridge, onto the two that the vCPUs use. */
void pci_bus_init(struct pci_bus *pci, struct bus *ports, struct bus *mmio,
		  pthread_mutex_t *lock);

/* Plugs a function into the next slot; one too many ends the VMM. */
void pci_bus_add(struct pci_bus *pci, struct pci_function *function);

/* The function in a slot's configuration space, and none elsewhere: NULL */
struct pci_function *pci_find(const struct pci_bus *pci, uint32_t devfn);

/* An access to configuration space, in words, for the trace (pci-names.c) */
void pci_describe(const struct pci_bus *pci, uint32_t devfn, size_t offset,
		  const void *data, size_t size, char *text, size_t text_size);

#endif
