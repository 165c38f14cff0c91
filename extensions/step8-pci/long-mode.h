/*
 * A start in 64-bit mode, as boot.rst, "64-bit Boot Protocol", wants it: what a
 * boot loader, and before it a BIOS, would have led the processor to.
 */
#ifndef LONG_MODE_H
#define LONG_MODE_H

#include "memory.h"

#include <stdint.h>

/*
 * Has the vCPU start at guest-physical address `entry` in 64-bit mode,
 * interrupts off, with `zero_page` in RSI.  Segments are flat, and linear
 * addresses up to 4 GiB are physical ones: the tables for both are loaded.
 */
void long_mode_start(int vcpu_fd, const struct memory *memory, uint64_t entry,
		     uint64_t zero_page);

#endif
