#include "i8254.h"

#include <stdio.h>
#include <string.h>

/* The control word: a counter, its access, its mode; or a command */
#define CONTROL		    3 /* its port */
#define SELECT(control)	    ((control) >> 6)
#define ACCESS(control)	    ((control) >> 4 & 3)
#define LATCH		    0 /* in the place of an access */
#define READ_BACK	    3 /* in the place of a counter's number */
#define READ_BACK_NO_COUNT  (1 << 5)
#define READ_BACK_NO_STATUS (1 << 4)

/* Port B of a PC */
#define PORT_B_WRITABLE 0x0f
#define PORT_B_GATE_2	(1 << 0)
#define PORT_B_REFRESH	(1 << 4) /* the memory's: changes all the time */
#define PORT_B_OUTPUT_2 (1 << 5)
#define REFRESH_CLOCKS	18

/* Ticks closer together leave a guest no time to do anything else. */
#define LEAST_PERIOD (TIMER_MILLISECOND / 2)

/* ---- counter 0's interrupt ---- */

static void schedule(struct i8254 *pit, uint64_t now)
{
	struct i8254_counter *counter = &pit->counters[0];
	uint64_t at = counter_time(counter, counter->due);
	uint64_t elapsed = counter_elapsed(counter, now);
	uint64_t delay = at > now ? at - now : 0;
	uint64_t least = 0;

	if (counter_is_periodic(counter)) {
		/* A late one catches up, unless it is far too late. */
		if (now > at + TIMER_SECOND)
			counter->due = elapsed - elapsed % counter->count;
		least = counter_to_ns(counter->count) / 2;
		if (least < LEAST_PERIOD)
			least = LEAST_PERIOD;
	}
	timer_start(&pit->timer, delay > least ? delay : least);
}

/* The line is low for no longer than an edge needs. */
static void rise(void *owner)
{
	struct i8254 *pit = owner;
	uint64_t now = timer_now();

	irq_line_set(&pit->line, false);
	irq_line_set(&pit->line, true);
	if (!counter_is_periodic(&pit->counters[0]))
		return;
	counter_risen(&pit->counters[0], now);
	schedule(pit, now);
}

/* ---- the ports ---- */

static void write_counter(struct i8254 *pit, uint64_t number, uint8_t byte)
{
	struct i8254_counter *counter = &pit->counters[number];
	uint64_t now = timer_now();
	bool written = counter_write(counter, byte, now);

	if (number != 0)
		return;
	/* Mode 0's output is low as long as it counts. */
	if (counter_mode(counter) == 0)
		irq_line_set(&pit->line, false);
	if (written && counter->running)
		schedule(pit, now);
	else if (!counter->running)
		timer_stop(&pit->timer);
}

static void read_back(struct i8254 *pit, uint8_t control, uint64_t now)
{
	for (int i = 0; i < I8254_COUNTERS; i++) {
		if (!(control & 2 << i))
			continue;
		if (!(control & READ_BACK_NO_COUNT))
			counter_latch_count(&pit->counters[i], now);
		if (!(control & READ_BACK_NO_STATUS))
			counter_latch_status(&pit->counters[i], now);
	}
}

static void write_control(struct i8254 *pit, uint8_t control)
{
	uint8_t number = SELECT(control);

	if (number == READ_BACK) {
		read_back(pit, control, timer_now());
		return;
	}
	if (ACCESS(control) == LATCH) {
		counter_latch_count(&pit->counters[number], timer_now());
		return;
	}
	counter_program(&pit->counters[number], control);
	if (number != 0)
		return;
	timer_stop(&pit->timer);
	if (counter_mode(&pit->counters[0]) == 0)
		irq_line_set(&pit->line, false);
}

static void read_ports(void *device, uint64_t offset, void *data, size_t size)
{
	struct i8254 *pit = device;
	uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++, offset++)
		bytes[i] = offset == CONTROL
				   ? 0xff
				   : counter_read(&pit->counters[offset],
						  timer_now());
}

static void write_ports(void *device, uint64_t offset, const void *data,
			size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++, offset++) {
		if (offset == CONTROL)
			write_control(device, bytes[i]);
		else
			write_counter(device, offset, bytes[i]);
	}
}

static void read_port_b(void *device, uint64_t offset, void *data, size_t size)
{
	struct i8254 *pit = device;
	uint64_t now = timer_now();
	uint8_t value = pit->port_b;

	(void)offset;
	(void)size; /* Of one port it is 1. */
	if (counter_to_clocks(now) / REFRESH_CLOCKS % 2)
		value |= PORT_B_REFRESH;
	if (counter_output(&pit->counters[2], now))
		value |= PORT_B_OUTPUT_2;
	*(uint8_t *)data = value;
}

static void write_port_b(void *device, uint64_t offset, const void *data,
			 size_t size)
{
	struct i8254 *pit = device;

	(void)offset;
	(void)size;
	pit->port_b = *(const uint8_t *)data & PORT_B_WRITABLE;
	counter_set_gate(&pit->counters[2], pit->port_b & PORT_B_GATE_2,
			 timer_now());
}

/* ---- in words, for the trace ---- */

static void describe_control(uint8_t control, char *text, size_t size)
{
	static const char *const bytes[] = { "", "low byte", "high byte",
					     "both bytes" };
	struct i8254_counter counter = { .control = control };

	if (SELECT(control) == READ_BACK)
		snprintf(text, size, ": read back%s%s of%s%s%s",
			 control & READ_BACK_NO_COUNT ? "" : " count",
			 control & READ_BACK_NO_STATUS ? "" : " status",
			 control & 2 ? " 0" : "", control & 4 ? " 1" : "",
			 control & 8 ? " 2" : "");
	else if (ACCESS(control) == LATCH)
		snprintf(text, size, ": counter %d, latch", SELECT(control));
	else
		snprintf(text, size, ": counter %d, mode %d, %s%s",
			 SELECT(control), counter_mode(&counter),
			 bytes[ACCESS(control)],
			 control & 1 ? ", decimal" : "");
}

static void describe_ports(void *device, uint64_t offset, bool is_write,
			   const void *data, size_t size, char *text,
			   size_t text_size)
{
	static const char *const names[] = { "COUNTER0", "COUNTER1", "COUNTER2",
					     "CONTROL" };
	uint8_t value = *(const uint8_t *)data;
	char meaning[64] = "";

	(void)device;
	(void)size; /* of a wider access, its first register */
	if (offset == CONTROL && is_write)
		describe_control(value, meaning, sizeof(meaning));
	snprintf(text, text_size, "%s = 0x%02x%s", names[offset], value,
		 meaning);
}

static void describe_port_b(void *device, uint64_t offset, bool is_write,
			    const void *data, size_t size, char *text,
			    size_t text_size)
{
	uint8_t value = *(const uint8_t *)data;

	(void)device;
	(void)offset;
	(void)size;
	snprintf(text, text_size, "PORT_B = 0x%02x:%s%s", value,
		 value & PORT_B_GATE_2 ? " gate 2" : "",
		 !is_write && (value & PORT_B_OUTPUT_2) ? " output 2" : "");
}

static const struct bus_device ports_device = {
	.read = read_ports,
	.write = write_ports,
	.describe = describe_ports,
};

static const struct bus_device port_b_device = {
	.read = read_port_b,
	.write = write_port_b,
	.describe = describe_port_b,
};

void i8254_add(struct i8254 *pit, struct bus *ports,
	       const struct irq_line *line)
{
	memset(pit, 0, sizeof(*pit));
	pit->line = *line;
	pit->timer = (struct timer){ .expired = rise, .owner = pit };
	pit->counters[0].gate = true;
	pit->counters[1].gate = true;
	bus_add(ports, I8254_PORT, I8254_PORTS, &ports_device, pit);
	bus_add(ports, I8254_PORT_B, 1, &port_b_device, pit);
}
