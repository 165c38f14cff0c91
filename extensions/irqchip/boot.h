/* The Linux boot protocol: boot.rst of the kernel's documentation. */
#ifndef BOOT_H
#define BOOT_H

#include "memory.h"

#include <stdbool.h>

/* boot.rst, "Running the Kernel": it is entered at segment + 0x20 */
#define SETUP_SEGMENT	    0x1000
#define SETUP_ENTRY_SEGMENT (SETUP_SEGMENT + 0x20)

/*
 * Loads the bzImage at `path` with its command line, an initramfs (or NULL) and the
 * real-mode stub, so that the vCPU can start at SETUP_ENTRY_SEGMENT:0.
 * What is no bzImage, or does not fit into memory, ends the VMM.
 */
void boot_load(const struct memory *memory, const char *path,
	       const char *initramfs, const char *cmdline);

/* Does the command line, as Linux reads it, ask for reboots by triple fault
 * (reboot=t, and no other type after it)? */
bool boot_reboots_by_triple_fault(const char *cmdline);

#endif
