/*
 * The machine's description of itself: the tables of ACPI 6.4, 5.2.
 *
 *   RSDP -> XSDT -> FADT -> DSDT (dsdt.asl), FACS
 *                -> MADT
 *                -> MCFG
 */
#ifndef ACPI_H
#define ACPI_H

#include "memory.h"

#include <stdint.h>

/*
 * An APIC ID has 8 bits in the MADT, and of its values the last means all
 * (Intel SDM vol. 3A, "Determining IPI Destination").
 */
#define ACPI_MAX_CPUS 255

/*
 * Loads them all into the area from ACPI_GPA to RESET_GPA, where a BIOS has
 * them as well; the RSDP is at ACPI_GPA.  There are `cpu_count` processors.
 */
void acpi_load(const struct memory *memory, uint32_t cpu_count);

#endif
