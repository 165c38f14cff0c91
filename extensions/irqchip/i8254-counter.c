#include "i8254-counter.h"

#include "timer.h"

/* The control word, which is also the lower part of the status */
#define ACCESS(control) ((control) >> 4 & 3)
#define HIGH		2 /* the high byte of its count, and nothing else */
#define BOTH		3 /* the low byte first */
#define MODE(control)	((control) >> 1 & 7)
#define BCD		(1 << 0) /* four decimal digits */
#define CONTROL_BITS	0x3f

#define STATUS_OUTPUT	  (1 << 7)
#define STATUS_NULL_COUNT (1 << 6) /* the last count is not the count yet */

uint64_t counter_to_clocks(uint64_t ns)
{
	return ns / TIMER_SECOND * COUNTER_FREQUENCY +
	       ns % TIMER_SECOND * COUNTER_FREQUENCY / TIMER_SECOND;
}

uint64_t counter_to_ns(uint64_t clocks)
{
	uint64_t rest = clocks % COUNTER_FREQUENCY * TIMER_SECOND;

	return clocks / COUNTER_FREQUENCY * TIMER_SECOND +
	       (rest + COUNTER_FREQUENCY - 1) / COUNTER_FREQUENCY;
}

uint8_t counter_mode(const struct i8254_counter *counter)
{
	uint8_t mode = MODE(counter->control);

	/* 2 and 3 have another number each. */
	return mode > 5 ? mode - 4 : mode;
}

bool counter_is_periodic(const struct i8254_counter *counter)
{
	return counter_mode(counter) == 2 || counter_mode(counter) == 3;
}

/* Does it begin when its gate rises, and only then? */
static bool is_triggered(const struct i8254_counter *counter)
{
	return counter_mode(counter) == 1 || counter_mode(counter) == 5;
}

uint64_t counter_elapsed(const struct i8254_counter *counter, uint64_t now)
{
	if (!counter->running)
		return counter->held;
	return counter->held + counter_to_clocks(now - counter->start);
}

uint64_t counter_time(const struct i8254_counter *counter, uint64_t clocks)
{
	return counter->start + counter_to_ns(clocks - counter->held);
}

/* A new count has waited for the end of a period; has that come? */
static void settle(struct i8254_counter *counter, uint64_t now)
{
	if (!counter_is_periodic(counter) || !counter->running ||
	    !counter->next_count ||
	    counter_elapsed(counter, now) < counter->count)
		return;
	counter->held -= counter->count;
	counter->due -= counter->count;
	counter->count = counter->next_count;
	counter->next_count = 0;
}

bool counter_output(struct i8254_counter *counter, uint64_t now)
{
	uint64_t clocks;
	uint32_t count;

	settle(counter, now);
	clocks = counter_elapsed(counter, now);
	count = counter->count;
	switch (counter_mode(counter)) {
	case 0:
		return counter->started && clocks >= count;
	case 1:
		return !counter->started || clocks >= count;
	case 2:
		return !counter->running || clocks % count != count - 1;
	case 3:
		return !counter->running || clocks % count < (count + 1) / 2;
	default:
		return !counter->started || clocks != count;
	}
}

void counter_risen(struct i8254_counter *counter, uint64_t now)
{
	settle(counter, now);
	counter->due += counter->count;
}

/* ---- counts ---- */

static uint16_t to_bcd(uint32_t value)
{
	uint16_t bcd = 0;

	for (int shift = 0; shift < 16; shift += 4, value /= 10)
		bcd |= (uint16_t)(value % 10 << shift);
	return bcd;
}

static uint32_t from_bcd(uint16_t bcd)
{
	uint32_t value = 0;

	for (int shift = 12; shift >= 0; shift -= 4)
		value = value * 10 + (bcd >> shift & 0xf);
	return value;
}

/* What it has come to: below 0 it goes on, from the highest that there is. */
static uint16_t value(const struct i8254_counter *counter, uint64_t now)
{
	const uint32_t all = counter->control & BCD ? 10000 : 65536;
	uint64_t clocks = counter_elapsed(counter, now);
	uint32_t count = counter->count;
	uint32_t left;

	if (count && counter_mode(counter) == 2)
		clocks %= count;
	left = (uint32_t)(count + all - clocks % all) % all;
	/* By twos, twice a period. */
	if (count && counter_mode(counter) == 3) {
		clocks = clocks % count % ((count + 1) / 2);
		left = ((count & ~1u) - 2 * (uint32_t)clocks) % all;
	}
	return counter->control & BCD ? to_bcd(left) : (uint16_t)left;
}

/* Counts down from the last count that was written. */
static void begin(struct i8254_counter *counter, uint64_t now)
{
	if (counter->next_count)
		counter->count = counter->next_count;
	counter->next_count = 0;
	counter->held = 0;
	counter->start = now;
	counter->due = counter->count;
	/* A strobe is low for one clock, and then rises. */
	if (counter_mode(counter) > 3)
		counter->due++;
	counter->started = counter->count > 0;
	counter->running =
		counter->started && (counter->gate || is_triggered(counter));
}

static void stop(struct i8254_counter *counter, uint64_t now)
{
	counter->held = counter_elapsed(counter, now);
	counter->running = false;
}

static void write_count(struct i8254_counter *counter, uint16_t value,
			uint64_t now)
{
	uint64_t over;

	settle(counter, now);
	counter->next_count = value ?: 65536;
	if (counter->control & BCD)
		counter->next_count = from_bcd(value) ?: 10000;
	if (is_triggered(counter))
		return;
	if (!counter_is_periodic(counter) || !counter->running) {
		begin(counter, now);
		return;
	}
	/* As if it had started with the current period; a rise may be owed. */
	over = counter_elapsed(counter, now) / counter->count * counter->count;
	counter->held -= over;
	counter->due -= over;
}

void counter_program(struct i8254_counter *counter, uint8_t control)
{
	*counter = (struct i8254_counter){ .control = control & CONTROL_BITS,
					   .gate = counter->gate };
}

bool counter_write(struct i8254_counter *counter, uint8_t byte, uint64_t now)
{
	switch (ACCESS(counter->control)) {
	case HIGH:
		write_count(counter, (uint16_t)(byte << 8), now);
		return true;
	case BOTH:
		counter->write_high = !counter->write_high;
		if (!counter->write_high) {
			write_count(counter,
				    (uint16_t)(byte << 8 | counter->low), now);
			return true;
		}
		counter->low = byte;
		/* In mode 0 half a count stops it. */
		if (counter_mode(counter) == 0) {
			stop(counter, now);
			counter->started = false;
		}
		return false;
	default:
		write_count(counter, byte, now);
		return true;
	}
}

uint8_t counter_read(struct i8254_counter *counter, uint64_t now)
{
	uint8_t access = ACCESS(counter->control);
	bool high = access == HIGH;
	uint16_t result;

	if (counter->status_latched) {
		counter->status_latched = false;
		return counter->status;
	}
	settle(counter, now);
	result = value(counter, now);
	if (counter->latched_bytes > 0) {
		result = counter->latched;
		counter->latched_bytes--;
	}
	if (access == BOTH) {
		high = counter->read_high;
		counter->read_high = !high;
	}
	return high ? result >> 8 : result & 0xff;
}

void counter_latch_count(struct i8254_counter *counter, uint64_t now)
{
	if (counter->latched_bytes > 0)
		return;
	settle(counter, now);
	counter->latched = value(counter, now);
	counter->latched_bytes = ACCESS(counter->control) == BOTH ? 2 : 1;
}

void counter_latch_status(struct i8254_counter *counter, uint64_t now)
{
	if (counter->status_latched)
		return;
	settle(counter, now);
	counter->status = counter->control;
	if (counter_output(counter, now))
		counter->status |= STATUS_OUTPUT;
	if (counter->next_count || !counter->count)
		counter->status |= STATUS_NULL_COUNT;
	counter->status_latched = true;
}

void counter_set_gate(struct i8254_counter *counter, bool gate, uint64_t now)
{
	bool rises = gate && !counter->gate;

	settle(counter, now);
	if (!gate && counter->running && !is_triggered(counter))
		stop(counter, now);
	counter->gate = gate;
	if (!rises)
		return;
	if (counter_is_periodic(counter) || is_triggered(counter)) {
		begin(counter, now);
	} else if (counter->started) {
		counter->start = now;
		counter->running = true;
	}
}
