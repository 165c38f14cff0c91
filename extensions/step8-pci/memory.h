/*
 * The guest's memory: guest-physical addresses in, our pointers out.
 * Whoever needs guest memory comes by here, and needs to know of no more.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "file.h"

#include <stddef.h>
#include <stdint.h>

struct memory {
	uint8_t *ram; /* where it is in our own address space */
	uint64_t size; /* bytes, a multiple of the page size */
};

/* Gives the virtual machine `size` bytes of zeroed memory. */
void memory_create(struct memory *memory, int vm_fd, uint64_t size);

/* How many bytes of it are below the 32-bit hole. */
uint64_t memory_below_hole(const struct memory *memory);

/*
 * The memory from guest-physical address `gpa` on, or NULL unless all
 * `length` bytes are RAM.
 */
void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t length);

/* Copies `size` bytes to `gpa`; what does not fit ends the VMM. */
void memory_load(const struct memory *memory, uint64_t gpa, const void *data,
		 size_t size);

/* Copies a whole file there; one that does not fit ends the VMM. */
void memory_load_file(const struct memory *memory, uint64_t gpa,
		      struct file *file);

/* Gives it back. */
void memory_destroy(struct memory *memory);

#endif
