/* The ports by which a PC is reset, which here ends the machine. */
#ifndef RESET_H
#define RESET_H

#include "bus.h"

/* The keyboard controller, an i8042 without a keyboard: data and command */
#define RESET_I8042	  0x60
#define RESET_I8042_PORTS 5

/* The chipset's reset control register, PIIX/ICH data sheets, "RST_CNT" */
#define RESET_CONTROL	    0xcf9
#define RESET_CONTROL_PORTS 1

/* For a bus; neither has a state, and so needs a device. */
extern const struct bus_device reset_i8042, reset_control;

#endif
