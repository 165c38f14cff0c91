/*
 * An uncompressed kernel, vmlinux: an ELF file (System V ABI, "Object Files",
 * and its AMD64 supplement).  Not one field of it is believed.
 */
#ifndef VMLINUX_H
#define VMLINUX_H

#include "file.h"
#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

/* Does the file begin as an ELF file does? */
bool vmlinux_is(struct file *file);

/*
 * Loads all segments of a 64-bit x86 executable to their physical addresses,
 * which are between KERNEL_GPA and the 32-bit hole, and returns where it is
 * entered.  `end` is then the end of the highest segment.  What cannot be loaded
 * ends the VMM.
 */
uint64_t vmlinux_load(const struct memory *memory, struct file *file,
		      uint64_t *end);

#endif
