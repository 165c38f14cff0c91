/*
 * One counter of the timer (i8254.h), as in the data sheet of the 8254.
 *
 * Nothing counts here.  A counter knows since when it does, and what it has
 * come to is worked out when somebody asks.  A count is there as soon as it is
 * written, one clock earlier than on the chip; a new one for mode 3 comes at
 * the end of a whole cycle and not of half of one.
 *
 * Only the vCPU's thread uses it.  `now` is timer_now().
 */
#ifndef I8254_COUNTER_H
#define I8254_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/* Hz: a twelfth of the first PC's 14.318 MHz */
#define COUNTER_FREQUENCY 1193182

struct i8254_counter {
	uint8_t control; /* the last six bits of its control word */
	bool gate; /* it may count */

	uint32_t count; /* what it counts down from, 1 to 65536; 0: nothing */
	uint32_t next_count; /* what it will next; 0: the same again */
	bool running, started; /* it counts; it has begun to */
	uint64_t start; /* it runs since then, nanoseconds */
	uint64_t held; /* clocks that it had counted before that, mod 2^64 */
	uint64_t due; /* when its output rises next, in clocks counted */

	uint8_t low; /* of a count that is written in two bytes */
	bool write_high, read_high; /* the other byte is next */
	uint16_t latched; /* a count, as it was */
	uint8_t latched_bytes; /* of it that are still to be read */
	uint8_t status; /* latched likewise */
	bool status_latched;
};

/* Nanoseconds in clocks, and clocks in nanoseconds: then they are over. */
uint64_t counter_to_clocks(uint64_t ns);
uint64_t counter_to_ns(uint64_t clocks);

/* 0 to 5 */
uint8_t counter_mode(const struct i8254_counter *counter);

/* Does it begin again by itself? */
bool counter_is_periodic(const struct i8254_counter *counter);

/* A control word, with its last six bits. */
void counter_program(struct i8254_counter *counter, uint8_t control);

/* A byte of a count; true where it is the last one. */
bool counter_write(struct i8254_counter *counter, uint8_t byte, uint64_t now);

uint8_t counter_read(struct i8254_counter *counter, uint64_t now);

/* The gate rises, falls or stays. */
void counter_set_gate(struct i8254_counter *counter, bool gate, uint64_t now);

/* What is latched first is what will be read first. */
void counter_latch_count(struct i8254_counter *counter, uint64_t now);
void counter_latch_status(struct i8254_counter *counter, uint64_t now);

bool counter_output(struct i8254_counter *counter, uint64_t now);

/* Its output has risen: the next time for that is due. */
void counter_risen(struct i8254_counter *counter, uint64_t now);

/* How many clocks it has counted since it began, and when those are over. */
uint64_t counter_elapsed(const struct i8254_counter *counter, uint64_t now);
uint64_t counter_time(const struct i8254_counter *counter, uint64_t clocks);

#endif
