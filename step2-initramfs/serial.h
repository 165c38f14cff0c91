/*
 * COM1: a 16550A serial port, as in the PC16550D data sheet.
 *
 * What the guest sends is there at once.  What comes from the terminal waits
 * in `input` until the guest listens, and moves on through the receive FIFO.
 *
 * Two threads use it: the vCPU's by serial_in() and serial_out(), and the
 * console's by serial_receive().  `lock` is held while a register or the
 * interrupt line changes, never while a character is written to the terminal.
 */
#ifndef SERIAL_H
#define SERIAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_COM1	  0x3f8
#define SERIAL_PORTS	  8
#define SERIAL_FIFO_SIZE  16
#define SERIAL_INPUT_SIZE 65536 /* a large paste fits */

struct serial {
	pthread_mutex_t lock;
	int vm; /* whose interrupt line it drives */
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

void serial_init(struct serial *serial, int vm);

/* Is this one of COM1's ports? */
bool serial_has(uint16_t port);

/* The guest reads or writes one of its ports. */
uint8_t serial_in(struct serial *serial, uint16_t port);
void serial_out(struct serial *serial, uint16_t port, uint8_t value);

/* How many bytes serial_receive() can take now. */
size_t serial_room(struct serial *serial);

/* Input for the guest: at most serial_room() bytes. */
void serial_receive(struct serial *serial, const uint8_t *data, size_t size);

/* An access in words, as "LCR = 0x03: 8N1", for the trace. */
void serial_describe(struct serial *serial, uint16_t port, bool is_write,
		     uint8_t value, char *text, size_t size);

#endif
