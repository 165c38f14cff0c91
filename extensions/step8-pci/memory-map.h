/*
 * Guest-physical memory:
 *
 *   0x000001000  the GDT of the start
 *   0x000002000  its page tables, to 0x8000
 *   0x000008000  the zero page, with the e820 map
 *   0x00001e000  the kernel's command line; up to 0x20000 all is reserved
 *   0x0000a0000  on a PC, video memory and ROMs: not in the e820 map
 *   0x0000e0000  what the machine tells of itself: ACPI's tables (acpi.c)
 *   0x0000ffff0  where a BIOS would begin: a reset (reset-vector.asm)
 *   0x000100000  the kernel; the initramfs as high above it as allowed
 *   0x0c0000000  the 32-bit hole: no RAM, as the APICs and KVM's pages are here
 *   0x0c0000000  in the hole: registers of PCI's devices, up to 0xd0000000
 *   0x0e0000000  in the hole: PCI's configuration space (ECAM)
 *   0x100000000  the rest of RAM
 *   0x4000000000 PCI's registers again: BARs of 64 bits
 */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#define GDT_GPA		 0x1000
#define PAGE_TABLES_GPA	 0x2000
#define ZERO_PAGE_GPA	 0x8000
#define CMDLINE_GPA	 0x1e000
#define CMDLINE_MAX_SIZE 0x2000
#define TABLES_END	 0x20000
#define LOW_RAM_END	 0xa0000
#define ACPI_GPA	 0xe0000
#define RESET_GPA	 0xffff0 /* F000:FFF0, where a BIOS begins */
#define KERNEL_GPA	 0x100000
#define HOLE_START	 0xc0000000ull
#define PCI_WINDOW_GPA	 0xc0000000ull
#define PCI_WINDOW_SIZE	 0x10000000ull
#define PCI_ECAM_GPA	 0xe0000000ull
#define PCI_ECAM_SIZE	 0x100000ull
#define IDENTITY_MAP_GPA 0xfffbc000ull
#define TSS_GPA		 0xfffbd000ull
#define HOLE_END	 0x100000000ull
#define PCI_HIGH_GPA	 0x4000000000ull
#define PCI_HIGH_SIZE	 0x100000000ull

#endif
