/*
 * A machine without KVM, for the unit tests and the fuzz targets: guest
 * memory from malloc(), and stand-ins for what the code under test calls.
 * They note what was asked of them, and check what has to hold at any time.
 */
#ifndef FAKE_H
#define FAKE_H

#include "irq-line.h"
#include "memory.h"
#include "serial.h"
#include "timer.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_IRQ     7
#define FAKE_OUTPUT  4096
#define FAKE_REGIONS 2

struct fake {
	/* FAKE_LINE; an 8259 takes its rising edges for interrupts. */
	bool line;
	unsigned int edges;
	void (*on_line)(bool level);

	/* FAKE_PEER: what a serial port has sent, and told of room for input */
	uint8_t output[FAKE_OUTPUT];
	size_t output_size;
	void (*on_output)(uint8_t character);
	unsigned int wakes;

	/* stop.h: is the machine to end? */
	bool stopped;

	/* timer.h: the time, what passes at each look, what was started last */
	uint64_t now, tick;
	struct timer *timer;

	/* What KVM was told */
	struct {
		uint64_t gpa, size;
		void *memory;
	} regions[FAKE_REGIONS];
	unsigned int region_count;
	bool no_region; /* KVM cannot manage it */
	uint64_t tss_gpa, identity_map_gpa;
	bool irqchip;
	uint32_t pit_flags;
	uint32_t irq; /* the last one set, and where */
	int irq_fd;
	uint64_t msi_address; /* the last message */
	uint32_t msi_data;

	/* die() comes back to dies() */
	bool may_die;
	jmp_buf end;
	char message[512];
};

extern struct fake fake;

extern const struct irq_line FAKE_LINE;
extern const struct serial_peer FAKE_PEER;

/* Everything as at the start. */
void fake_reset(void);

/* The time that the timer waits for has come: calls what it is to call. */
void fake_expire(void);

/* Does this statement end the VMM?  Then fake.message says why. */
#define dies(statement)                      \
	({                                   \
		volatile bool died = true;   \
		fake.may_die = true;         \
		if (setjmp(fake.end) == 0) { \
			statement;           \
			died = false;        \
		}                            \
		fake.may_die = false;        \
		died;                        \
	})

/*
 * Memory of exactly this size, so that the sanitizer sees each access behind
 * its end; it is filled with FAKE_FILL, so that what was written shows.
 */
#define FAKE_FILL 0xa5
void fake_memory_create(struct memory *memory, uint64_t size);
void fake_memory_destroy(struct memory *memory);

#endif
