/* The 8254 in a PC: IRQ 0, port 0x61, and the words for its trace. */
#include "pit.h"

#include <stdio.h>

#define TEST(name) cmocka_unit_test_setup(name, pit_setup)

/* Clocks from `origin` to the timer's deadline, or 0 where it does not run */
static uint64_t clocks_to_tick(void)
{
	if (!fake.timer)
		return 0;
	assert_ptr_equal(fake.timer, &pit.timer);
	return counter_to_clocks(fake.timer->deadline - origin);
}

static void quiet_at_power_on(void **state)
{
	(void)state;
	assert_null(fake.timer);
	assert_false(fake.line);
	out(I8254_PORT, 1); /* without a control word */
	assert_int_equal(in(I8254_PORT), 1);
}

static void mode_0_once(void **state)
{
	(void)state;
	program(0, 0, 1000);
	assert_int_equal(clocks_to_tick(), 1000);
	fake_expire();
	assert_true(fake.line);
	assert_true(output(0));
	assert_null(fake.timer);
	/* A new count, or the mode, takes the request back. */
	out(I8254_PORT, 1);
	assert_false(fake.line);
	assert_null(fake.timer);
	out(I8254_PORT, 0);
	assert_non_null(fake.timer);
	fake_expire();
	assert_int_equal(fake.edges, 2);
	out(CONTROL_PORT, ACCESS_BOTH | PIT_MODE(0));
	assert_false(fake.line);
}

static void half_a_count_stops_mode_0(void **state)
{
	(void)state;
	program(0, 0, 1000);
	out(I8254_PORT, 0x10);
	assert_null(fake.timer);
}

static void a_mode_stops_the_last_one(void **state)
{
	(void)state;
	for (uint8_t mode = 0; mode < 8; mode++) {
		program(0, 2, 1000);
		assert_non_null(fake.timer);
		out(CONTROL_PORT, ACCESS_BOTH | PIT_MODE(mode));
		assert_null(fake.timer);
	}
}

/* With a gate that never rises, these never begin. */
static void modes_1_and_5_never(void **state)
{
	(void)state;
	program(0, 1, 1000);
	assert_null(fake.timer);
	program(0, 5, 1000);
	assert_null(fake.timer);
}

static void mode_4_once(void **state)
{
	(void)state;
	program(0, 4, 1000);
	/* At the end of its strobe */
	assert_int_equal(clocks_to_tick(), 1001);
	fake_expire();
	assert_int_equal(fake.edges, 1);
	assert_null(fake.timer);
	out(I8254_PORT, 0xff);
	assert_null(fake.timer);
	out(I8254_PORT, 0x7f);
	clock_starts();
	assert_int_equal(clocks_to_tick(), 0x8000);
}

/* A hundred a second as Linux wants them, for ten minutes: not one clock off */
static void ten_minutes(void **state)
{
	const uint64_t clocks = 11932, ticks = 60000;

	(void)state;
	for (uint8_t mode = 2; mode < 4; mode++) {
		pit_setup(state);
		program(0, mode, (uint16_t)clocks);
		for (uint64_t i = 1; i <= ticks; i++) {
			assert_int_equal(clocks_to_tick(), i * clocks);
			fake_expire();
			fake.now += 12345; /* a guest that takes its time */
		}
		assert_int_equal(fake.edges, ticks);
		assert_true(fake.now - origin < 600012 * TIMER_MILLISECOND);
		assert_true(fake.now - origin > 600000 * TIMER_MILLISECOND);
	}
}

static void a_new_count_in_mode_2(void **state)
{
	(void)state;
	program(0, 2, 2000);
	fake_expire();
	at(2500);
	out(I8254_PORT, 1000 & 0xff);
	out(I8254_PORT, 1000 >> 8);
	assert_int_equal(clocks_to_tick(), 4000);
	fake_expire();
	assert_int_equal(clocks_to_tick(), 5000);
	fake_expire();
	assert_int_equal(clocks_to_tick(), 6000);
	/* Somebody reads, between its end and our timer: the same */
	out(I8254_PORT, 3000 & 0xff);
	out(I8254_PORT, 3000 >> 8);
	at(6010);
	assert_int_equal(count(0), 2990);
	fake.timer->deadline = fake.now;
	fake_expire();
	assert_int_equal(clocks_to_tick(), 9000);
}

/* A tick is due, and the guest, which has not seen it, changes the rate. */
static void a_new_count_when_a_tick_is_due(void **state)
{
	(void)state;
	program(0, 2, 10000);
	at(10000);
	out(I8254_PORT, 5000 & 0xff);
	out(I8254_PORT, 5000 >> 8);
	assert_true(fake.timer->deadline - fake.now <=
		    counter_to_ns(10000) / 2);
	fake_expire();
	assert_int_equal(fake.edges, 1);
	assert_int_equal(clocks_to_tick(), 20000);
	fake_expire();
	assert_int_equal(clocks_to_tick(), 25000);
}

/* Counter 2's new count, which nobody has looked at but by port 0x61 */
static void port_b_follows_a_new_count(void **state)
{
	(void)state;
	program(2, 3, 1000);
	at(500);
	out(I8254_PORT + 2, 100 & 0xff);
	out(I8254_PORT + 2, 100 >> 8);
	at(999);
	assert_false(in(I8254_PORT_B)&OUTPUT_2);
	at(1049);
	assert_true(in(I8254_PORT_B)&OUTPUT_2);
	at(1051);
	assert_false(in(I8254_PORT_B)&OUTPUT_2);
}

/* The VMM did not run for a while: ticks that were missed come, faster. */
static void late_ticks_catch_up(void **state)
{
	uint64_t last;

	(void)state;
	program(0, 2, 10000);
	at(45000);
	fake.timer->deadline = fake.now;
	for (int i = 0; i < 7; i++) {
		last = fake.now;
		fake_expire();
		assert_true(counter_to_clocks(fake.timer->deadline - last) >=
			    4999);
	}
	fake_expire();
	assert_int_equal(clocks_to_tick(), 90000);
}

/* ... but after a night in which the host slept, life goes on from there. */
static void far_too_late(void **state)
{
	(void)state;
	program(0, 2, 10000);
	at(UINT64_C(36000) * COUNTER_FREQUENCY);
	fake.timer->deadline = fake.now;
	for (int i = 0; i < 3; i++)
		fake_expire();
	assert_true(fake.timer->deadline - fake.now > counter_to_ns(10000) / 2);
	/* As before, at the ends of periods */
	assert_int_equal(pit.counters[0].due % 10000, 0);
}

/* As fast as a guest may ask for ticks, there is time in between. */
static void not_too_fast(void **state)
{
	(void)state;
	for (uint16_t clocks = 1; clocks < 100; clocks++)
		for (uint8_t mode = 2; mode < 4; mode++) {
			program(0, mode, clocks);
			for (int i = 0; i < 20; i++) {
				assert_true(fake.timer->deadline - fake.now >=
					    TIMER_MILLISECOND / 2);
				fake_expire();
			}
		}
	/* It has a second of them to catch up, and then gives up. */
	program(0, 2, 1);
	for (int i = 0; i < 100000; i++)
		fake_expire();
	assert_true(counter_elapsed(&pit.counters[0], fake.now) -
			    pit.counters[0].due <
		    3 * COUNTER_FREQUENCY);
}

/* ---- port 0x61 ---- */

static void port_b(void **state)
{
	bool seen[2] = { false, false };

	(void)state;
	out(I8254_PORT_B, 0xff);
	assert_int_equal(in(I8254_PORT_B) & ~(REFRESH | OUTPUT_2), 0x0f);
	out(I8254_PORT_B, 0);
	assert_int_equal(in(I8254_PORT_B) & ~(REFRESH | OUTPUT_2), 0);
	program(2, 0, 100);
	at(1000);
	assert_false(in(I8254_PORT_B)&OUTPUT_2);
	out(I8254_PORT_B, GATE_2);
	clock_starts();
	at(99);
	assert_false(in(I8254_PORT_B)&OUTPUT_2);
	at(100);
	assert_true(in(I8254_PORT_B)&OUTPUT_2);
	for (uint64_t clock = 0; clock < 36; clock++) {
		at(clock);
		seen[!!(in(I8254_PORT_B)&REFRESH)] = true;
	}
	assert_true(seen[0] && seen[1]);
}

/* Accesses that are wider reach several of its ports. */
static void wide(void **state)
{
	uint16_t word = 0;
	uint32_t dword = 0xffffffff;

	(void)state;
	program(0, 2, 0x1234);
	word = 0x3412; /* counter 2's port, then the control word 0x34 */
	bus_write(&pit_ports, I8254_PORT + 2, &word, 2);
	assert_null(fake.timer);
	bus_read(&pit_ports, I8254_PORT, &dword, 4);
	assert_int_equal(dword >> 24, 0xff);
}

/* ---- in words ---- */

static void says(uint16_t port, bool is_write, uint8_t value, const char *words)
{
	char text[80];

	bus_describe(&pit_ports, port, is_write, &value, 1, text, sizeof(text));
	assert_string_equal(text, words);
}

static void in_words(void **state)
{
	(void)state;
	says(CONTROL_PORT, true, 0x34,
	     "CONTROL = 0x34: counter 0, mode 2, both bytes");
	says(CONTROL_PORT, true, 0xb0,
	     "CONTROL = 0xb0: counter 2, mode 0, both bytes");
	says(CONTROL_PORT, true, 0x1f,
	     "CONTROL = 0x1f: counter 0, mode 3, low byte, decimal");
	says(CONTROL_PORT, true, 0x80, "CONTROL = 0x80: counter 2, latch");
	says(CONTROL_PORT, true, 0xcc,
	     "CONTROL = 0xcc: read back count status of 1 2");
	says(CONTROL_PORT, true, 0xe2, "CONTROL = 0xe2: read back status of 0");
	says(CONTROL_PORT, false, 0xff, "CONTROL = 0xff");
	says(I8254_PORT, true, 0x9b, "COUNTER0 = 0x9b");
	says(I8254_PORT + 2, false, 0x07, "COUNTER2 = 0x07");
	says(I8254_PORT_B, true, 0x21, "PORT_B = 0x21: gate 2");
	says(I8254_PORT_B, false, 0x21, "PORT_B = 0x21: gate 2 output 2");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(quiet_at_power_on),
		TEST(mode_0_once),
		TEST(half_a_count_stops_mode_0),
		TEST(a_mode_stops_the_last_one),
		TEST(modes_1_and_5_never),
		TEST(mode_4_once),
		TEST(ten_minutes),
		TEST(a_new_count_in_mode_2),
		TEST(late_ticks_catch_up),
		TEST(a_new_count_when_a_tick_is_due),
		TEST(port_b_follows_a_new_count),
		TEST(far_too_late),
		TEST(not_too_fast),
		TEST(port_b),
		TEST(wide),
		TEST(in_words),
	};

	return cmocka_run_group_tests_name("an 8254 in a PC", tests, NULL,
					   NULL);
}
