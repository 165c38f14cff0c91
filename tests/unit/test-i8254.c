/* The counters of an 8254: what the data sheet's figures and tables say. */
#include "pit.h"

#define TEST(name) cmocka_unit_test_setup(name, pit_setup)

/* The output at each clock from 0 on, as '0' and '1' */
static void assert_outputs(const char *levels)
{
	for (size_t clock = 0; levels[clock]; clock++) {
		at(clock);
		if (output(2) != (levels[clock] == '1'))
			fail_msg("clock %zu: not %c", clock, levels[clock]);
	}
}

static void assert_counts(const uint16_t *counts, size_t size)
{
	for (size_t clock = 0; clock < size; clock++) {
		at(clock);
		if (count(2) != counts[clock])
			fail_msg("clock %zu: %d, not %d", clock, count(2),
				 counts[clock]);
	}
}

#define COUNTS(...)                                      \
	assert_counts((const uint16_t[]){ __VA_ARGS__ }, \
		      sizeof((uint16_t[]){ __VA_ARGS__ }) / sizeof(uint16_t))

/* ---- the modes ---- */

static void mode_0(void **state)
{
	(void)state;
	out(CONTROL_PORT, COUNTER(2) | ACCESS_BOTH | PIT_MODE(0));
	assert_false(output(2));
	program(2, 0, 4);
	assert_outputs("000011111111");
	program(2, 0, 4);
	COUNTS(4, 3, 2, 1, 0, 0xffff, 0xfffe);
	/* The first byte of another count stops it, the second starts it. */
	at(10);
	out(I8254_PORT + 2, 2);
	assert_false(output(2));
	at(100);
	assert_false(output(2));
	out(I8254_PORT + 2, 0);
	clock_starts();
	assert_outputs("0011");
}

static void mode_0_waits_for_its_gate(void **state)
{
	(void)state;
	program(2, 0, 10);
	at(3);
	gate_2(false);
	at(1000);
	assert_int_equal(count(2), 7);
	assert_false(output(2));
	gate_2(true);
	clock_starts();
	COUNTS(7, 6, 5);
	at(7);
	assert_true(output(2));
}

static void mode_1(void **state)
{
	(void)state;
	program(2, 1, 3);
	assert_outputs("1111");
	assert_true(status(2) & STATUS_NULL);
	gate_2(false);
	gate_2(true);
	clock_starts();
	assert_false(status(2) & STATUS_NULL);
	assert_outputs("000111");
	/* Triggered again before its end it begins again. */
	gate_2(false);
	gate_2(true);
	clock_starts();
	at(2);
	gate_2(false);
	gate_2(true);
	clock_starts();
	assert_outputs("0001");
	/* A new count is for the next time. */
	gate_2(false);
	gate_2(true);
	clock_starts();
	out(I8254_PORT + 2, 5);
	out(I8254_PORT + 2, 0);
	assert_outputs("0001");
	gate_2(false);
	gate_2(true);
	clock_starts();
	assert_outputs("0000011");
}

static void mode_2(void **state)
{
	(void)state;
	program(2, 2, 3);
	assert_outputs("110110110");
	program(2, 2, 4);
	COUNTS(4, 3, 2, 1, 4, 3, 2, 1, 4);
	/* Its other number */
	program(2, 6, 3);
	assert_outputs("110110110");
}

static void mode_2_gate(void **state)
{
	(void)state;
	program(2, 2, 3);
	at(2);
	assert_false(output(2));
	gate_2(false);
	assert_true(output(2));
	at(50);
	assert_true(output(2));
	gate_2(true);
	clock_starts();
	assert_outputs("110110");
}

/* A new count begins with the next period, for that one. */
static void mode_2_new_count(void **state)
{
	(void)state;
	program(2, 2, 4);
	at(5);
	out(I8254_PORT + 2, 5);
	assert_false(status(2) & STATUS_NULL);
	out(I8254_PORT + 2, 0);
	assert_true(status(2) & STATUS_NULL);
	origin += counter_to_ns(4);
	COUNTS(4, 3, 2, 1, 5, 4, 3, 2, 1, 5, 4);
	assert_false(status(2) & STATUS_NULL);
}

static void mode_3_even(void **state)
{
	(void)state;
	program(2, 3, 4);
	assert_outputs("110011001100");
	program(2, 3, 4);
	COUNTS(4, 2, 4, 2, 4, 2);
	program(2, 7, 4);
	assert_outputs("1100");
}

/* Of 5, three are high, and two low. */
static void mode_3_odd(void **state)
{
	(void)state;
	program(2, 3, 5);
	assert_outputs("1110011100");
	program(2, 3, 5);
	COUNTS(4, 2, 0, 4, 2, 4, 2, 0, 4, 2);
	at(3);
	gate_2(false);
	assert_true(output(2));
	gate_2(true);
	clock_starts();
	assert_outputs("11100");
}

static void mode_4(void **state)
{
	(void)state;
	program(2, 4, 3);
	assert_outputs("11101111");
	program(2, 4, 3);
	COUNTS(3, 2, 1, 0, 0xffff);
	/* Once, until there is a new count. */
	out(I8254_PORT + 2, 2);
	out(I8254_PORT + 2, 0);
	clock_starts();
	assert_outputs("1101");
	program(2, 4, 3);
	at(1);
	gate_2(false);
	at(77);
	assert_int_equal(count(2), 2);
	gate_2(true);
	clock_starts();
	assert_outputs("1101");
}

static void mode_5(void **state)
{
	(void)state;
	program(2, 5, 3);
	assert_outputs("111111");
	gate_2(false);
	gate_2(true);
	clock_starts();
	assert_outputs("1110111");
	/* The gate has to rise; afterwards it does not matter. */
	gate_2(false);
	gate_2(true);
	clock_starts();
	gate_2(false);
	assert_outputs("1110111");
}

/* ---- counts ---- */

static void zero_is_the_most(void **state)
{
	(void)state;
	program(2, 2, 0);
	assert_int_equal(count(2), 0);
	at(1);
	assert_int_equal(count(2), 0xffff);
	at(65535);
	assert_int_equal(count(2), 1);
	assert_false(output(2));
	at(65536);
	assert_int_equal(count(2), 0);
}

static void decimal(void **state)
{
	(void)state;
	program(2, 0 | DECIMAL, 0);
	out(CONTROL_PORT, COUNTER(2) | ACCESS_BOTH | PIT_MODE(0) | DECIMAL);
	out(I8254_PORT + 2, 0x00);
	out(I8254_PORT + 2, 0x12);
	clock_starts();
	at(1);
	assert_int_equal(count(2), 0x1199);
	at(1199);
	assert_int_equal(count(2), 0x0001);
	assert_false(output(2));
	at(1201);
	assert_int_equal(count(2), 0x9999);
	assert_true(output(2));
	out(CONTROL_PORT, COUNTER(2) | ACCESS_BOTH | PIT_MODE(2) | DECIMAL);
	out(I8254_PORT + 2, 0);
	out(I8254_PORT + 2, 0);
	clock_starts();
	assert_int_equal(count(2), 0);
	at(1);
	assert_int_equal(count(2), 0x9999);
	at(9999);
	assert_int_equal(count(2), 1);
	at(10000);
	assert_int_equal(count(2), 0);
}

static void access_to_one_byte(void **state)
{
	(void)state;
	out(CONTROL_PORT, COUNTER(2) | ACCESS_LOW | PIT_MODE(2));
	out(I8254_PORT + 2, 0x34);
	clock_starts();
	at(0x10);
	assert_int_equal(in(I8254_PORT + 2), 0x24);
	assert_int_equal(in(I8254_PORT + 2), 0x24);
	out(CONTROL_PORT, COUNTER(2) | ACCESS_HIGH | PIT_MODE(2));
	out(I8254_PORT + 2, 0x34);
	clock_starts();
	at(0x100);
	assert_int_equal(in(I8254_PORT + 2), 0x33);
	assert_int_equal(in(I8254_PORT + 2), 0x33);
	out(CONTROL_PORT, COUNTER(2) | LATCH);
	at(0x1100);
	assert_int_equal(in(I8254_PORT + 2), 0x33);
	assert_int_equal(in(I8254_PORT + 2), 0x23);
}

static void access_to_two_bytes(void **state)
{
	(void)state;
	program(2, 2, 0x1234);
	at(0x10);
	assert_int_equal(in(I8254_PORT + 2), 0x24);
	assert_int_equal(in(I8254_PORT + 2), 0x12);
	at(0x35);
	/* What has happened in between shows: that is what latching is for. */
	assert_int_equal(in(I8254_PORT + 2), 0xff);
	at(0x1134);
	assert_int_equal(in(I8254_PORT + 2), 0x01);
}

/* ---- latches ---- */

static void latch(void **state)
{
	(void)state;
	program(2, 2, 0x1234);
	at(4);
	out(CONTROL_PORT, COUNTER(2) | LATCH);
	at(0x300);
	/* A second time before it was read does nothing. */
	out(CONTROL_PORT, COUNTER(2) | LATCH);
	assert_int_equal(in(I8254_PORT + 2), 0x30);
	at(0x400);
	assert_int_equal(in(I8254_PORT + 2), 0x12);
	assert_int_equal(count(2), 0x0e34);
	/* A new mode forgets it. */
	out(CONTROL_PORT, COUNTER(2) | LATCH);
	program(2, 2, 0x5678);
	assert_int_equal(in(I8254_PORT + 2), 0x78);
	assert_int_equal(in(I8254_PORT + 2), 0x56);
}

/* Status comes before the count, each as it was. */
static void read_back(void **state)
{
	(void)state;
	program(0, 2, 0x1000);
	program(2, 0, 0x2000);
	at(0x20);
	out(CONTROL_PORT, READ_BACK | OF(0) | OF(2));
	at(0x3000);
	out(CONTROL_PORT, READ_BACK | OF(0) | OF(2)); /* too late */
	assert_int_equal(in(I8254_PORT + 2), ACCESS_BOTH | PIT_MODE(0));
	assert_int_equal(in(I8254_PORT + 2), 0xe0);
	assert_int_equal(in(I8254_PORT + 0),
			 STATUS_OUTPUT | ACCESS_BOTH | PIT_MODE(2));
	assert_int_equal(in(I8254_PORT + 0), 0xe0);
	assert_int_equal(in(I8254_PORT + 2), 0x1f);
	assert_int_equal(in(I8254_PORT + 0), 0x0f);
	out(CONTROL_PORT, READ_BACK | NO_STATUS | OF(2));
	at(0x4000);
	assert_int_equal(in(I8254_PORT + 2), 0x00);
	assert_int_equal(in(I8254_PORT + 2), 0xf0);
	/* Counter 1 was not asked. */
	assert_int_equal(in(I8254_PORT + 1), 0);
	out(CONTROL_PORT, READ_BACK | NO_COUNT | NO_STATUS | OF(2));
	at(0x5000);
	assert_int_equal(in(I8254_PORT + 2), 0x00);
}

static void null_count(void **state)
{
	(void)state;
	out(CONTROL_PORT, COUNTER(2) | ACCESS_BOTH | PIT_MODE(3) | DECIMAL);
	assert_int_equal(status(2), STATUS_OUTPUT | STATUS_NULL | ACCESS_BOTH |
					    PIT_MODE(3) | DECIMAL);
	out(I8254_PORT + 2, 0x10);
	assert_true(status(2) & STATUS_NULL);
	out(I8254_PORT + 2, 0);
	assert_false(status(2) & STATUS_NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(mode_0),
		TEST(mode_0_waits_for_its_gate),
		TEST(mode_1),
		TEST(mode_2),
		TEST(mode_2_gate),
		TEST(mode_2_new_count),
		TEST(mode_3_even),
		TEST(mode_3_odd),
		TEST(mode_4),
		TEST(mode_5),
		TEST(zero_is_the_most),
		TEST(decimal),
		TEST(access_to_one_byte),
		TEST(access_to_two_bytes),
		TEST(latch),
		TEST(read_back),
		TEST(null_count),
	};

	return cmocka_run_group_tests_name("an 8254's counters", tests, NULL,
					   NULL);
}
