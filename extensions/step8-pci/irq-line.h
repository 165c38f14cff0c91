/*
 * An interrupt line, as the device at one end of it sees it: it can be high
 * or low.  Which interrupt controller is at the other end, and where that one
 * lives, the device never knows.
 */
#ifndef IRQ_LINE_H
#define IRQ_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct irq_line {
	void (*set)(void *controller, uint32_t irq, bool level);
	void *controller;
	uint32_t irq;
};

static inline void irq_line_set(const struct irq_line *line, bool level)
{
	line->set(line->controller, line->irq, level);
}

#endif
