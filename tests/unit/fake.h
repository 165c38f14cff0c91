/*
 * A machine without KVM, for the unit tests and the fuzz targets: guest
 * memory from malloc(), and stand-ins for all that the code under test calls.
 * They note what was asked of them, and check what has to hold at any time.
 */
#ifndef FAKE_H
#define FAKE_H

#include "vm.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_VM	     1234 /* its file descriptor */
#define FAKE_IRQS    16
#define FAKE_OUTPUT  4096
#define FAKE_REGIONS 2

struct fake {
	/* The interrupt lines; an 8259 takes the rising edges for interrupts */
	bool line[FAKE_IRQS];
	unsigned int edges[FAKE_IRQS];
	void (*on_irq_line)(uint32_t irq, bool level);

	/* The console: what the guest has sent, and room for input again */
	uint8_t output[FAKE_OUTPUT];
	size_t output_size, flushed;
	void (*on_output)(uint8_t character);
	unsigned int wakes;

	/* What KVM was told of the memory */
	struct {
		uint64_t gpa, size;
		void *memory;
	} regions[FAKE_REGIONS];
	unsigned int region_count;
	uint64_t tss_gpa, identity_map_gpa;
	bool irqchip;
	uint32_t pit_flags;

	/* die() comes back to dies() */
	bool may_die;
	jmp_buf end;
	char message[512];
};

extern struct fake fake;

/* Everything as at the start. */
void fake_reset(void);

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
void fake_vm_create(struct vm *vm, uint64_t ram_size);
void fake_vm_destroy(struct vm *vm);

#endif
