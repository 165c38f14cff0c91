#include "serial.h"

#include "console.h"
#include "kvm.h"

#include <ctype.h>
#include <linux/serial_reg.h>
#include <stdio.h>
#include <string.h>

#define COM1_IRQ 4

/* With the interrupt identification: the FIFOs are on */
#define IIR_FIFOS_ON 0xc0

/* A terminal is there and ready. */
#define MSR_READY (UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)

void serial_init(struct serial *serial, int vm)
{
	memset(serial, 0, sizeof(*serial));
	pthread_mutex_init(&serial->lock, NULL);
	serial->vm = vm;
	serial->lsr = UART_LSR_THRE | UART_LSR_TEMT;
}

bool serial_has(uint16_t port)
{
	return port >= SERIAL_COM1 && port < SERIAL_COM1 + SERIAL_PORTS;
}

/* The pending interrupt of the highest priority, as IIR tells it. */
static uint8_t pending(const struct serial *serial)
{
	if ((serial->ier & UART_IER_RLSI) && (serial->lsr & UART_LSR_OE))
		return UART_IIR_RLSI;
	if ((serial->ier & UART_IER_RDI) && serial->fifo_count > 0)
		return UART_IIR_RDI;
	if ((serial->ier & UART_IER_THRI) && serial->thr_interrupt)
		return UART_IIR_THRI;
	return UART_IIR_NO_INT;
}

/* To be called after every change: the line follows what is pending. */
static void update_interrupt(struct serial *serial)
{
	bool interrupt = pending(serial) != UART_IIR_NO_INT;

	if (interrupt == serial->interrupt)
		return;
	serial->interrupt = interrupt;
	kvm_irq_line(serial->vm, COM1_IRQ, interrupt);
}

static bool fifo_full(const struct serial *serial)
{
	bool fifo_on = serial->fcr & UART_FCR_ENABLE_FIFO;

	return serial->fifo_count >= (fifo_on ? SERIAL_FIFO_SIZE : 1);
}

static uint8_t pop_fifo(struct serial *serial)
{
	uint8_t value = serial->fifo[0];

	if (serial->fifo_count == 0)
		return 0;
	serial->fifo_count--;
	memmove(serial->fifo, serial->fifo + 1, serial->fifo_count);
	return value;
}

/*
 * Input moves on when the guest is ready for it: it raises RTS and has the
 * interrupt enabled, or it reads LSR over and over.  Sooner it would be lost,
 * because a driver clears the FIFO while it sets up the port.
 */
static void fill_fifo(struct serial *serial)
{
	bool interrupts =
		(serial->ier & UART_IER_RDI) && (serial->mcr & UART_MCR_RTS);
	bool polls = serial->lsr_reads >= 2;
	bool was_full = serial->input_count == SERIAL_INPUT_SIZE;

	if (!interrupts && !polls)
		return;
	if (serial->mcr & UART_MCR_LOOP)
		return;
	while (serial->input_count > 0 && !fifo_full(serial)) {
		serial->fifo[serial->fifo_count++] =
			serial->input[serial->input_start];
		serial->input_start =
			(serial->input_start + 1) % SERIAL_INPUT_SIZE;
		serial->input_count--;
	}
	if (was_full && serial->input_count < SERIAL_INPUT_SIZE)
		console_wake();
}

/* In loopback the modem's outputs are its inputs. */
static uint8_t modem_status(const struct serial *serial)
{
	uint8_t msr = 0;

	if (!(serial->mcr & UART_MCR_LOOP))
		return MSR_READY;
	msr |= serial->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0;
	msr |= serial->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0;
	msr |= serial->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0;
	msr |= serial->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0;
	return msr;
}

static uint8_t read_iir(struct serial *serial)
{
	uint8_t iir = pending(serial);

	if (iir == UART_IIR_THRI)
		serial->thr_interrupt = false;
	return iir | (serial->fcr & UART_FCR_ENABLE_FIFO ? IIR_FIFOS_ON : 0);
}

static uint8_t read_lsr(struct serial *serial)
{
	uint8_t lsr = serial->lsr | (serial->fifo_count > 0 ? UART_LSR_DR : 0);

	serial->lsr &= ~UART_LSR_OE;
	return lsr;
}

static uint8_t read_register(struct serial *serial, uint16_t offset)
{
	bool divisor = serial->lcr & UART_LCR_DLAB;

	switch (offset) {
	case UART_RX:
		return divisor ? serial->dll : pop_fifo(serial);
	case UART_IER:
		return divisor ? serial->dlm : serial->ier;
	case UART_IIR:
		return read_iir(serial);
	case UART_LCR:
		return serial->lcr;
	case UART_MCR:
		return serial->mcr;
	case UART_LSR:
		return read_lsr(serial);
	case UART_MSR:
		return modem_status(serial);
	default: /* UART_SCR */
		return serial->scr;
	}
}

uint8_t serial_in(struct serial *serial, uint16_t port)
{
	uint16_t offset = port - SERIAL_COM1;
	bool between; /* two characters, where drivers look at LSR once */
	uint8_t value;

	pthread_mutex_lock(&serial->lock);
	serial->lsr_reads = offset == UART_LSR ? serial->lsr_reads + 1 : 0;
	between = serial->lsr_reads == 1;
	fill_fifo(serial);
	value = read_register(serial, offset);
	fill_fifo(serial);
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
	if (!between)
		console_flush();
	return value;
}

static void write_ier(struct serial *serial, uint8_t value)
{
	uint8_t enabled = value & ~serial->ier;

	serial->ier = value & (UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI |
			       UART_IER_MSI);
	/* The transmitter is empty, and says so when it is asked to. */
	if (enabled & UART_IER_THRI)
		serial->thr_interrupt = true;
}

static void write_fcr(struct serial *serial, uint8_t value)
{
	bool toggled = (serial->fcr ^ value) & UART_FCR_ENABLE_FIFO;

	if (toggled || (value & UART_FCR_CLEAR_RCVR))
		serial->fifo_count = 0;
	serial->fcr = value;
}

/* Returns whether the character `value` goes out to the terminal. */
static bool write_thr(struct serial *serial, uint8_t value)
{
	/* Full for no time at all: the interrupt goes and comes back. */
	serial->thr_interrupt = false;
	update_interrupt(serial);
	serial->thr_interrupt = true;

	if (!(serial->mcr & UART_MCR_LOOP))
		return true;
	if (fifo_full(serial))
		serial->lsr |= UART_LSR_OE;
	else
		serial->fifo[serial->fifo_count++] = value;
	return false;
}

static bool write_register(struct serial *serial, uint16_t offset,
			   uint8_t value)
{
	bool divisor = serial->lcr & UART_LCR_DLAB;

	switch (offset) {
	case UART_TX:
		if (!divisor)
			return write_thr(serial, value);
		serial->dll = value;
		break;
	case UART_IER:
		if (divisor)
			serial->dlm = value;
		else
			write_ier(serial, value);
		break;
	case UART_FCR:
		write_fcr(serial, value);
		break;
	case UART_LCR:
		serial->lcr = value;
		break;
	case UART_MCR:
		serial->mcr =
			value & (UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT1 |
				 UART_MCR_OUT2 | UART_MCR_LOOP);
		break;
	case UART_SCR:
		serial->scr = value;
		break;
	}
	return false;
}

void serial_out(struct serial *serial, uint16_t port, uint8_t value)
{
	bool sent;

	pthread_mutex_lock(&serial->lock);
	serial->lsr_reads = 0;
	sent = write_register(serial, port - SERIAL_COM1, value);
	fill_fifo(serial);
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
	if (sent)
		console_write(value);
	else
		console_flush();
}

size_t serial_room(struct serial *serial)
{
	size_t room;

	pthread_mutex_lock(&serial->lock);
	room = SERIAL_INPUT_SIZE - serial->input_count;
	pthread_mutex_unlock(&serial->lock);
	return room;
}

void serial_receive(struct serial *serial, const uint8_t *data, size_t size)
{
	pthread_mutex_lock(&serial->lock);
	for (size_t i = 0; i < size; i++) {
		size_t end = serial->input_start + serial->input_count++;

		serial->input[end % SERIAL_INPUT_SIZE] = data[i];
	}
	fill_fifo(serial);
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
}

static const char *register_name(const struct serial *serial, uint16_t offset,
				 bool is_write)
{
	static const char *const divisor[] = { "DLL", "DLM" };
	static const char *const write[] = { "THR", "IER", "FCR", "LCR",
					     "MCR", "LSR", "MSR", "SCR" };
	static const char *const read[] = { "RBR", "IER", "IIR", "LCR",
					    "MCR", "LSR", "MSR", "SCR" };

	if (offset <= UART_DLM && (serial->lcr & UART_LCR_DLAB))
		return divisor[offset];
	return is_write ? write[offset] : read[offset];
}

static const char *iir_meaning(uint8_t iir)
{
	switch (iir & ~IIR_FIFOS_ON) {
	case UART_IIR_RLSI:
		return "line status";
	case UART_IIR_RDI:
		return "data received";
	case UART_IIR_THRI:
		return "transmitter empty";
	default:
		return "no interrupt";
	}
}

void serial_describe(struct serial *serial, uint16_t port, bool is_write,
		     uint8_t value, char *text, size_t size)
{
	uint16_t offset = port - SERIAL_COM1;
	const char *name = register_name(serial, offset, is_write);
	char extra[64] = "";

	if (name[0] != 'D' && offset == UART_TX && isprint(value))
		snprintf(extra, sizeof(extra), ": '%c'", value);
	else if (offset == UART_LCR)
		snprintf(extra, sizeof(extra), ": %d%c%d%s",
			 5 + (value & UART_LCR_WLEN8),
			 !(value & UART_LCR_PARITY) ? 'N'
			 : value & UART_LCR_EPAR    ? 'E'
						    : 'O',
			 value & UART_LCR_STOP ? 2 : 1,
			 value & UART_LCR_DLAB ? ", divisor latch" : "");
	else if (offset == UART_IIR && !is_write)
		snprintf(extra, sizeof(extra), ": %s", iir_meaning(value));
	else if (name[0] == 'I')
		snprintf(extra, sizeof(extra), ":%s%s%s%s",
			 value & UART_IER_RDI ? " receive" : "",
			 value & UART_IER_THRI ? " transmit" : "",
			 value & UART_IER_RLSI ? " line" : "",
			 value & UART_IER_MSI ? " modem" : "");
	else if (offset == UART_LSR)
		snprintf(extra, sizeof(extra), ":%s%s%s",
			 value & UART_LSR_DR ? " data ready" : "",
			 value & UART_LSR_OE ? " overrun" : "",
			 value & UART_LSR_THRE ? " transmitter empty" : "");
	snprintf(text, size, "%s = 0x%02x%s", name, value, extra);
}
