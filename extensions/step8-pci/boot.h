/* The Linux boot protocol: boot.rst of the kernel's documentation. */
#ifndef BOOT_H
#define BOOT_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Loads the bzImage or vmlinux at `path` with its command line, an initramfs
 * (or NULL) and the zero page, for a start in 64-bit mode with ZERO_PAGE_GPA in
 * RSI.  Returns where.  What is neither, or does not fit into memory, ends the
 * VMM.
 */
uint64_t boot_load(const struct memory *memory, const char *path,
		   const char *initramfs, const char *cmdline);

/* Does the command line, as Linux reads it, ask for reboots by triple fault
 * (reboot=t, and no other type after it)? */
bool boot_reboots_by_triple_fault(const char *cmdline);

#endif
