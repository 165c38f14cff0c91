/*
 * The timer of a PC, an 8254: three counters (i8254-counter.h), of which a PC
 * of today has use for two, and the port that belongs to them.
 *
 *   counter 0  its output is IRQ 0; it may always count
 *   counter 2  its output was the loudspeaker's; port 0x61 lets it count and
 *              tells its output, so that programs measure time with it
 *
 * Only the vCPU's thread uses it.
 */
#ifndef I8254_H
#define I8254_H

#include "bus.h"
#include "i8254-counter.h"
#include "irq-line.h"
#include "timer.h"

#include <stdint.h>

/* Where a PC has it: a port for each counter and one for control words */
#define I8254_PORT     0x40
#define I8254_PORTS    4
#define I8254_PORT_B   0x61
#define I8254_COUNTERS 3
#define I8254_IRQ      0

struct i8254 {
	struct i8254_counter counters[I8254_COUNTERS];
	struct irq_line line; /* counter 0's output */
	struct timer timer; /* its next rise */
	uint8_t port_b; /* those bits that can be written */
};

/* As it is when the power comes on, on its ports and at its line. */
void i8254_add(struct i8254 *pit, struct bus *ports,
	       const struct irq_line *line);

#endif
