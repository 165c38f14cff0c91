/* The virtual machine: its handles in KVM, and what it has. */
#ifndef VM_H
#define VM_H

#include "bus.h"
#include "irq-line.h"
#include "memory.h"
#include "msix.h"
#include "pci.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct vm {
	int kvm_fd; /* /dev/kvm */
	int vm_fd; /* this virtual machine */
	struct memory memory;
	struct bus ports, mmio; /* what is at which port, at which address */
	struct pci_bus pci; /* what is on that bus, between the two */
	pthread_mutex_t lock; /* of all on mmio and pci, and the timers */
	bool reset_by_triple_fault; /* what else would be a crash */
};

/* Creates a virtual machine with `ram_size` bytes of zeroed memory. */
void vm_create(struct vm *vm, uint64_t ram_size);

/* The line `irq` of the interrupt controllers in KVM. */
struct irq_line vm_irq_line(struct vm *vm, uint32_t irq);

/* Where messages go: to the local APICs in KVM. */
struct msi_port vm_msi_port(struct vm *vm);

/* Gives everything back. */
void vm_destroy(struct vm *vm);

#endif
