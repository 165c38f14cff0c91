/*
 * A 16550A serial port, as in the PC16550D data sheet, but for its timing, the
 * errors of a real line, the modem's interrupt and the FIFO's trigger levels:
 * here a character takes no time, and arrives.
 *
 * What the guest sends is at the other end at once.  What comes from there
 * waits in `input` until the guest listens, and moves on through the receive
 * FIFO.
 *
 * Two sides use it, on threads of their own: the guest's by serial_device's
 * functions, and the other end's by serial_room() and serial_receive().  `lock`
 * is held while a register or the interrupt line changes, never while the other
 * end is called.
 */
#ifndef SERIAL_H
#define SERIAL_H

#include "bus.h"
#include "irq-line.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a PC has its first one */
#define SERIAL_COM1	0x3f8
#define SERIAL_COM1_IRQ 4

#define SERIAL_PORTS	  8
#define SERIAL_FIFO_SIZE  16
#define SERIAL_INPUT_SIZE 65536 /* a large paste fits */

/* Who is at the other end of the cable. */
struct serial_peer {
	/* A character from the guest, whose vCPU may wait in here */
	void (*transmit)(void *owner, uint8_t character);
	/* serial_room() was 0, and is no more. */
	void (*room)(void *owner);
	void *owner;
};

struct serial {
	struct serial_peer peer;

	pthread_mutex_t lock; /* of all that follows */
	struct irq_line line;
	bool interrupt; /* the line's level */

	/* The registers, by the names of linux/serial_reg.h */
	uint8_t ier, fcr, lcr, mcr, lsr, scr, dll, dlm;
	bool thr_interrupt; /* "transmitter empty", until IIR is read */
	unsigned int lsr_reads; /* since the last access to anything else */

	uint8_t fifo[SERIAL_FIFO_SIZE];
	size_t fifo_count;

	uint8_t input[SERIAL_INPUT_SIZE]; /* a ring */
	size_t input_start, input_count;
};

void serial_init(struct serial *serial, const struct irq_line *line,
		 const struct serial_peer *peer);

/* What a bus calls: for SERIAL_PORTS ports, and a struct serial. */
extern const struct bus_device serial_device;

/* For the other end: how many bytes serial_receive() can take now. */
size_t serial_room(void *device);

/* For the other end: input for the guest, at most serial_room() bytes. */
void serial_receive(void *device, const uint8_t *data, size_t size);

#endif
