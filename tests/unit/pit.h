/* An 8254 on a bus, with a clock of the tests' own (fake.now). */
#ifndef PIT_H
#define PIT_H

#include "test.h"

#include "i8254.h"

/* Control words: a counter, its access, its mode */
#define COUNTER(n)    ((n) << 6)
#define LATCH	      0x00
#define ACCESS_LOW    0x10
#define ACCESS_HIGH   0x20
#define ACCESS_BOTH   0x30
#define PIT_MODE(n)   ((n) << 1)
#define DECIMAL	      0x01
#define READ_BACK     0xc0
#define NO_COUNT      0x20
#define NO_STATUS     0x10
#define OF(n)	      (2 << (n))
#define CONTROL_PORT  (I8254_PORT + 3)
#define GATE_2	      0x01
#define OUTPUT_2      0x20
#define REFRESH	      0x10
#define STATUS_OUTPUT 0x80
#define STATUS_NULL   0x40
#define START_OF_TIME (1000 * TIMER_SECOND + 7)

static struct i8254 pit;
static struct bus pit_ports;
static uint64_t origin; /* the time of clock 0 */

static inline void out(uint16_t port, uint8_t value)
{
	bus_write(&pit_ports, port, &value, 1);
}

static inline uint8_t in(uint16_t port)
{
	uint8_t value;

	bus_read(&pit_ports, port, &value, 1);
	return value;
}

static inline int pit_setup(void **state)
{
	(void)state;
	fake_reset();
	fake.now = START_OF_TIME;
	origin = fake.now;
	pit_ports.count = 0;
	i8254_add(&pit, &pit_ports, &FAKE_LINE);
	out(I8254_PORT_B, GATE_2);
	return 0;
}

/* From now on clocks are counted from here. */
static inline void clock_starts(void)
{
	origin = fake.now;
}

/* It is that clock, and none later. */
static inline void at(uint64_t clock)
{
	fake.now = origin + counter_to_ns(clock);
}

/* A mode and a count of two bytes, for counter n */
static inline void program(uint8_t n, uint8_t mode, uint16_t count)
{
	out(CONTROL_PORT, COUNTER(n) | ACCESS_BOTH | PIT_MODE(mode));
	out(I8254_PORT + n, count & 0xff);
	out(I8254_PORT + n, count >> 8);
	clock_starts();
}

/* What counter n has come to */
static inline uint16_t count(uint8_t n)
{
	uint8_t low;

	out(CONTROL_PORT, COUNTER(n) | LATCH);
	low = in(I8254_PORT + n);
	return (uint16_t)(in(I8254_PORT + n) << 8 | low);
}

static inline uint8_t status(uint8_t n)
{
	out(CONTROL_PORT, READ_BACK | NO_COUNT | OF(n));
	return in(I8254_PORT + n);
}

static inline bool output(uint8_t n)
{
	return status(n) & STATUS_OUTPUT;
}

static inline void gate_2(bool level)
{
	out(I8254_PORT_B, level ? GATE_2 : 0);
}

#endif
