/*
 * The two interrupt controllers of a PC/AT, as in Intel's data sheet of the
 * 8259A: what eight lines want, one after another becomes an interrupt.
 *
 *   IRQ 0, 1, 3 to 7  IR0 ... of the first, the master, whose INT is the CPU's
 *   IRQ 8 to 15       IR0 ... of the second, the slave, whose INT is IR2 of
 *                     the first
 *
 * Left out are the 8080's mode, in which it sends a CALL instruction, and the
 * buffers of a large board.
 *
 * Any thread may set a line.  The vCPU's does all else.
 */
#ifndef I8259_H
#define I8259_H

#include "bus.h"
#include "irq-line.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Where a PC has them: each has two ports. */
#define I8259_MASTER 0x20
#define I8259_SLAVE  0xa0

#define I8259_CASCADE 2 /* the master's line at which the slave is */

/* One chip; a bit a line in each uint8_t, IR0's is bit 0. */
struct i8259_chip {
	struct i8259 *pair;

	/* Under the pair's lock */
	uint8_t lines; /* those that are high */
	uint8_t edges; /* those that have risen since their last interrupt */
	uint8_t isr; /* in service: acknowledged, and not yet over */
	uint8_t imr; /* masked */
	uint8_t icw1, icw2, icw3, icw4; /* as written at the start */
	uint8_t next_icw; /* the number of the one that comes next, or 0 */
	bool ready; /* all of them have come */
	uint8_t highest; /* the line with the highest priority */
	bool special_mask, rotate_on_aeoi;
	bool poll; /* the next read acknowledges an interrupt */
	bool read_isr; /* a read of the command port tells ISR, not IRR */

	const char *accessed; /* for the trace; vCPU's thread only */
};

struct i8259 {
	pthread_mutex_t lock;
	struct i8259_chip master, slave;
	struct irq_line cpu; /* set once; called under lock */
	bool interrupt; /* its level; under lock */
};

/* Both as they are when the power comes on, on their four ports. */
void i8259_add(struct i8259 *pair, struct bus *ports);

/* The line to the CPU: high as long as there is an interrupt for it. */
void i8259_connect(struct i8259 *pair, const struct irq_line *cpu);

/* For an irq_line: IRQ 0 to 15, without 2. */
void i8259_set_line(void *pair, uint32_t irq, bool level);

/*
 * What the CPU does when it takes an interrupt: returns its vector, and the
 * IRQ that it is for.  Where none is wanted any more that is 7 or 15.
 */
uint8_t i8259_acknowledge(struct i8259 *pair, uint32_t *irq);

#endif
