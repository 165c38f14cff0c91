/* The virtual machine: its handles in KVM, and what it has. */
#ifndef VM_H
#define VM_H

#include "memory.h"

#include <stdint.h>

struct vm {
	int kvm_fd; /* /dev/kvm */
	int vm_fd; /* this virtual machine */
	struct memory memory;
};

/* Creates a virtual machine with `ram_size` bytes of zeroed memory. */
void vm_create(struct vm *vm, uint64_t ram_size);

/* Gives everything back. */
void vm_destroy(struct vm *vm);

#endif
