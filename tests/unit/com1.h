/* The serial port under test, and a driver's access to it. */
#ifndef COM1_H
#define COM1_H

#include "test.h"

#include "serial.h"

#include <linux/serial_reg.h>

#define FIFOS_ON 0xc0 /* of IIR */

#define FIFO_ENABLE UART_FCR_ENABLE_FIFO
#define FIFO_CLEAR  (UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR)

static struct serial serial;

static inline uint8_t in(uint64_t offset)
{
	uint8_t value;

	serial_device.read(&serial, offset, &value, 1);
	return value;
}

static inline void out(uint64_t offset, uint8_t value)
{
	serial_device.write(&serial, offset, &value, 1);
}

static inline bool lsr_has(uint8_t bit)
{
	return in(UART_LSR)&bit;
}

static inline bool fifos_are_on(void)
{
	return (in(UART_IIR)&FIFOS_ON) == FIFOS_ON;
}

static inline void receive(const char *text)
{
	serial_receive(&serial, (const uint8_t *)text, strlen(text));
}

/* The line's level changes only while no other thread can look. */
static inline void expect_locked(bool level)
{
	(void)level;
	assert_int_not_equal(pthread_mutex_trylock(&serial.lock), 0);
}

/* A terminal may block for long: the console's thread has to go on. */
static inline void expect_unlocked(uint8_t character)
{
	(void)character;
	assert_int_equal(pthread_mutex_trylock(&serial.lock), 0);
	pthread_mutex_unlock(&serial.lock);
}

static inline int set_up(void **state)
{
	(void)state;
	fake_reset();
	fake.on_line = expect_locked;
	fake.on_output = expect_unlocked;
	serial_init(&serial, &FAKE_LINE, &FAKE_PEER);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

/* As a driver that is open for input */
static inline void listen(void)
{
	out(UART_FCR, FIFO_ENABLE);
	out(UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
	out(UART_IER, UART_IER_RDI);
}

/* Long input: a different byte each time, and no period a buffer could have */
static inline uint8_t pattern(size_t i)
{
	return (uint8_t)(i ^ i / 251);
}

#endif
