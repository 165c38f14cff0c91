/* The virtual machine: its handle in KVM, and its memory. */
#ifndef VM_H
#define VM_H

#include "file.h"

#include <stddef.h>
#include <stdint.h>

struct vm {
	int kvm; /* /dev/kvm */
	int fd; /* this virtual machine */
	uint8_t *ram; /* the guest's memory, in ours */
	uint64_t ram_size; /* bytes, a multiple of the page size */
};

/* Creates a virtual machine with `ram_size` bytes of zeroed memory. */
void vm_create(struct vm *vm, uint64_t ram_size);

/*
 * The guest's memory from guest-physical address `gpa` on, or NULL unless
 * all `length` bytes are RAM.  Every access to guest memory comes by here.
 */
void *vm_memory(const struct vm *vm, uint64_t gpa, uint64_t length);

/* Copies `size` bytes that surely fit to guest-physical address `gpa`. */
void vm_load(const struct vm *vm, uint64_t gpa, const void *data, size_t size);

/* Copies a whole file there; one that does not fit ends the VMM. */
void vm_load_file(const struct vm *vm, uint64_t gpa, struct file *file);

/* Gives everything back. */
void vm_destroy(struct vm *vm);

#endif
