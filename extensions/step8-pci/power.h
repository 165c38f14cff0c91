/*
 * ACPI's power management hardware (ACPI 6.4, 4.8): of it, the registers of
 * block PM1a, by which a guest switches itself off and hears of its power
 * button, and the button.
 */
#ifndef POWER_H
#define POWER_H

#include "bus.h"
#include "irq-line.h"

#include <stdbool.h>

/* Its ports, status and enable (PM1a_EVT) and then control (PM1a_CNT) */
#define POWER_EVENT	   0x600
#define POWER_EVENT_SIZE   4
#define POWER_CONTROL	   0x604
#define POWER_CONTROL_SIZE 2
#define POWER_PORTS	   (POWER_EVENT_SIZE + POWER_CONTROL_SIZE)

/* The interrupt of its events, the SCI (4.8.2.5): level, not edge */
#define POWER_SCI 9

/* What the guest writes as SLP_TYP to be off; also in dsdt.asl */
#define POWER_OFF_TYPE 5

void power_init(const struct irq_line *sci);

/* For a bus: POWER_PORTS ports.  There is one, which needs no device. */
extern const struct bus_device power_device;

/*
 * Presses the button, from any thread.  False if that is of no use: the guest
 * does not listen to it, or it was pressed before.
 */
bool power_press_button(void);

#endif
