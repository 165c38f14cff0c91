#include "serial.h"

#include <ctype.h>
#include <linux/serial_reg.h>
#include <stdio.h>
#include <string.h>

/* With the interrupt identification: the FIFOs are on */
#define IIR_FIFOS_ON 0xc0

/* A terminal is there and ready. */
#define MSR_READY (UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)

/*
 * Who reads LSR so often in a row waits for a character.  (Linux reads it twice
 * when it opens a port, and then clears the FIFO.)
 */
#define POLLING 3

void serial_init(struct serial *serial, const struct irq_line *line,
		 const struct serial_peer *peer)
{
	memset(serial, 0, sizeof(*serial));
	pthread_mutex_init(&serial->lock, NULL);
	serial->line = *line;
	serial->peer = *peer;
	serial->lsr = UART_LSR_THRE | UART_LSR_TEMT;
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
	irq_line_set(&serial->line, interrupt);
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
 * Does the guest listen?  It raises RTS and has the interrupt enabled, or it
 * reads LSR over and over.
 */
static bool listens(const struct serial *serial)
{
	bool interrupts =
		(serial->ier & UART_IER_RDI) && (serial->mcr & UART_MCR_RTS);

	return (interrupts || serial->lsr_reads >= POLLING) &&
	       !(serial->mcr & UART_MCR_LOOP);
}

/*
 * Input moves on once the guest listens: sooner it would be lost, because a
 * driver clears the FIFO while it sets up the port.  Returns whether there is
 * room for more input, and was none.
 */
static bool fill_fifo(struct serial *serial)
{
	bool was_full = serial->input_count == SERIAL_INPUT_SIZE;

	if (!listens(serial))
		return false;
	while (serial->input_count > 0 && !fifo_full(serial)) {
		serial->fifo[serial->fifo_count++] =
			serial->input[serial->input_start];
		serial->input_start =
			(serial->input_start + 1) % SERIAL_INPUT_SIZE;
		serial->input_count--;
	}
	return was_full && serial->input_count < SERIAL_INPUT_SIZE;
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

static uint8_t read_byte(struct serial *serial, uint16_t offset)
{
	uint8_t value;
	bool room;

	pthread_mutex_lock(&serial->lock);
	serial->lsr_reads = offset == UART_LSR ? serial->lsr_reads + 1 : 0;
	room = fill_fifo(serial);
	value = read_register(serial, offset);
	room |= fill_fifo(serial);
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
	if (room)
		serial->peer.room(serial->peer.owner);
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

/* Returns whether the character `value` goes out to the other end. */
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

static void write_byte(struct serial *serial, uint16_t offset, uint8_t value)
{
	bool sent, room;

	pthread_mutex_lock(&serial->lock);
	serial->lsr_reads = 0;
	sent = write_register(serial, offset, value);
	room = fill_fifo(serial);
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
	if (sent)
		serial->peer.transmit(serial->peer.owner, value);
	if (room)
		serial->peer.room(serial->peer.owner);
}

/* Its registers are bytes: a wider access is to as many of them. */
static void read_ports(void *device, uint64_t offset, void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)data)[i] =
			read_byte(device, (uint16_t)(offset + i));
}

static void write_ports(void *device, uint64_t offset, const void *data,
			size_t size)
{
	for (size_t i = 0; i < size; i++)
		write_byte(device, (uint16_t)(offset + i),
			   ((const uint8_t *)data)[i]);
}

size_t serial_room(void *device)
{
	struct serial *serial = device;
	size_t room;

	pthread_mutex_lock(&serial->lock);
	room = SERIAL_INPUT_SIZE - serial->input_count;
	pthread_mutex_unlock(&serial->lock);
	return room;
}

void serial_receive(void *device, const uint8_t *data, size_t size)
{
	struct serial *serial = device;

	pthread_mutex_lock(&serial->lock);
	for (size_t i = 0; i < size; i++) {
		size_t end = serial->input_start + serial->input_count++;

		serial->input[end % SERIAL_INPUT_SIZE] = data[i];
	}
	/* Nobody waits for the room that this may make: we were called. */
	fill_fifo(serial);
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
}

/* ---- in words, for the trace ---- */

static const char *iir_meaning(uint8_t iir)
{
	switch (iir & ~IIR_FIFOS_ON) {
	case UART_IIR_RLSI:
		return ": line status";
	case UART_IIR_RDI:
		return ": data received";
	case UART_IIR_THRI:
		return ": transmitter empty";
	default:
		return ": no interrupt";
	}
}

static void describe_lcr(uint8_t lcr, char *text, size_t size)
{
	char parity = 'N';

	if (lcr & UART_LCR_PARITY)
		parity = lcr & UART_LCR_EPAR ? 'E' : 'O';
	snprintf(text, size, ": %d%c%d%s", 5 + (lcr & UART_LCR_WLEN8), parity,
		 lcr & UART_LCR_STOP ? 2 : 1,
		 lcr & UART_LCR_DLAB ? ", divisor latch" : "");
}

/* What a value means, where its number alone does not tell. */
static void describe_value(uint16_t offset, bool is_write, uint8_t value,
			   char *text, size_t size)
{
	switch (offset) {
	case UART_TX:
		if (isprint(value))
			snprintf(text, size, ": '%c'", value);
		break;
	case UART_IER:
		snprintf(text, size, ":%s%s%s%s",
			 value & UART_IER_RDI ? " receive" : "",
			 value & UART_IER_THRI ? " transmit" : "",
			 value & UART_IER_RLSI ? " line" : "",
			 value & UART_IER_MSI ? " modem" : "");
		break;
	case UART_IIR:
		if (!is_write)
			snprintf(text, size, "%s", iir_meaning(value));
		break;
	case UART_LCR:
		describe_lcr(value, text, size);
		break;
	case UART_LSR:
		snprintf(text, size, ":%s%s%s",
			 value & UART_LSR_DR ? " data ready" : "",
			 value & UART_LSR_OE ? " overrun" : "",
			 value & UART_LSR_THRE ? " transmitter empty" : "");
		break;
	}
}

static void describe_ports(void *device, uint64_t offset, bool is_write,
			   const void *data, size_t size, char *text,
			   size_t text_size)
{
	static const char *const divisor[] = { "DLL", "DLM" };
	static const char *const written[] = { "THR", "IER", "FCR", "LCR",
					       "MCR", "LSR", "MSR", "SCR" };
	static const char *const read[] = { "RBR", "IER", "IIR", "LCR",
					    "MCR", "LSR", "MSR", "SCR" };
	struct serial *serial = device;
	uint8_t value = *(const uint8_t *)data;
	char meaning[64] = "";
	const char *name = is_write ? written[offset] : read[offset];
	bool latch;

	pthread_mutex_lock(&serial->lock);
	latch = serial->lcr & UART_LCR_DLAB;
	pthread_mutex_unlock(&serial->lock);
	if (offset <= UART_DLM && latch)
		name = divisor[offset];
	else
		describe_value((uint16_t)offset, is_write, value, meaning,
			       sizeof(meaning));
	(void)size; /* of a wider access, its first register */
	snprintf(text, text_size, "%s = 0x%02x%s", name, value, meaning);
}

const struct bus_device serial_device = {
	.read = read_ports,
	.write = write_ports,
	.describe = describe_ports,
};
