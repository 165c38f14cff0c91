/*
 * Any sequence of register accesses and of input.  Each operation is a byte:
 * two bits of what, three of which register (or six of how much).
 */
#include "input.h"

#include "fake.h"
#include "serial.h"

#include <linux/serial_reg.h>

enum operation { OUT, IN, RECEIVE, DRAIN };

static struct serial serial;
static size_t received; /* bytes of input so far */

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i ^ i / 251);
}

static uint8_t in(uint64_t offset)
{
	uint8_t value;

	serial_device.read(&serial, offset, &value, 1);
	return value;
}

static void receive(unsigned int shift)
{
	size_t size = (size_t)1 << shift % 14;
	size_t room = serial_room(&serial);
	static uint8_t keys[1 << 13];

	if (size > room)
		size = room;
	for (size_t i = 0; i < size; i++)
		keys[i] = pattern(received++);
	serial_receive(&serial, keys, size);
}

/* As a driver that polls */
static void drain(unsigned int count)
{
	while (count-- > 0)
		if (in(UART_LSR)&UART_LSR_DR)
			in(UART_RX);
}

static void describe(uint64_t offset, bool is_write, uint8_t value)
{
	char text[80];

	memset(text, '?', sizeof(text));
	serial_device.describe(&serial, offset, is_write, &value, 1, text,
			       sizeof(text));
	CHECK(memchr(text, '\0', sizeof(text)));
	CHECK(strstr(text, " = 0x"));
}

static void check(void)
{
	bool pending =
		((serial.ier & UART_IER_RLSI) && (serial.lsr & UART_LSR_OE)) ||
		((serial.ier & UART_IER_RDI) && serial.fifo_count) ||
		((serial.ier & UART_IER_THRI) && serial.thr_interrupt);
	size_t passed = received - serial.input_count;

	CHECK(fake.line == pending);
	CHECK(serial.fifo_count <= SERIAL_FIFO_SIZE);
	CHECK(serial.input_count <= SERIAL_INPUT_SIZE);
	CHECK(serial.input_start < SERIAL_INPUT_SIZE);
	CHECK(serial_room(&serial) == SERIAL_INPUT_SIZE - serial.input_count);
	/* What waits is what came last, in its order. */
	for (size_t i = 0; i < serial.input_count; i += 1021)
		CHECK(serial.input[(serial.input_start + i) %
				   SERIAL_INPUT_SIZE] == pattern(passed + i));
	CHECK(pthread_mutex_trylock(&serial.lock) == 0);
	pthread_mutex_unlock(&serial.lock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	fake_reset();
	serial_init(&serial, &FAKE_LINE, &FAKE_PEER);
	received = 0;
	while (input.size > 0) {
		uint8_t operation = take8(&input);
		uint64_t offset = (operation >> 2) % SERIAL_PORTS;
		uint8_t value;

		switch (operation % 4) {
		case OUT:
			value = take8(&input);
			serial_device.write(&serial, offset, &value, 1);
			describe(offset, true, value);
			break;
		case IN:
			value = in(offset);
			describe(offset, false, value);
			break;
		case RECEIVE:
			receive(operation >> 2);
			break;
		case DRAIN:
			drain(operation >> 2);
			break;
		}
		check();
	}
	return 0;
}
