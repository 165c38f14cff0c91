/* PM1 and the power button: ACPI 6.4, 4.8, as a guest and SIGTERM use them. */
#include "test.h"

#include "power.h"

#include <stdio.h>

/* Offsets of the registers, and their bits (4.8.3.1 and 4.8.3.2) */
#define STATUS	     0
#define ENABLE	     2
#define CONTROL	     4
#define POWER_BUTTON 0x100
#define SCI_EN	     0x1
#define SLP_EN	     0x2000
#define SLP_TYP(n)   ((n) << 10)

static uint32_t in(uint64_t offset, size_t size)
{
	uint32_t value = 0;

	power_device.read(NULL, offset, &value, size);
	return value;
}

static void out(uint64_t offset, uint32_t value, size_t size)
{
	power_device.write(NULL, offset, &value, size);
}

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	power_init(&FAKE_LINE);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

/* A guest that listens to a button that was pressed */
static void press(void)
{
	out(ENABLE, POWER_BUTTON, 2);
	assert_true(power_press_button());
}

/* ACPI is on: without SMI_CMD nobody could turn it on (4.8.2.5). */
static void after_reset(void **state)
{
	(void)state;
	assert_int_equal(in(STATUS, 2), 0);
	assert_int_equal(in(ENABLE, 2), 0);
	assert_int_equal(in(CONTROL, 2), SCI_EN);
	assert_false(fake.line);
	assert_false(fake.stopped);
}

static void reads_in_every_width(void **state)
{
	const uint8_t all[POWER_PORTS] = { 0x00, 0x01, 0x21, 0x01, 0x01, 0x14 };

	(void)state;
	press();
	out(ENABLE, POWER_BUTTON | 0x21, 2);
	out(CONTROL, SLP_TYP(5), 2);
	for (size_t size = 1; size <= 4; size *= 2)
		for (uint64_t at = 0; at + size <= sizeof(all); at++) {
			uint32_t value = in(at, size);

			assert_memory_equal(&value, all + at, size);
		}
}

/* Each byte goes where it belongs; those beside it stay. */
static void writes_in_every_width(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 4; size *= 2)
		for (uint64_t at = 0; at + size <= POWER_PORTS; at++) {
			uint32_t written = 0x41424344;
			uint16_t enable = 0x3031;

			out(ENABLE, enable, 2);
			out(at, written, size);
			for (uint64_t i = 0; i < size; i++)
				if (at + i == ENABLE || at + i == ENABLE + 1)
					memcpy((uint8_t *)&enable + at + i -
						       ENABLE,
					       (uint8_t *)&written + i, 1);
			assert_int_equal(in(ENABLE, 2), enable);
			assert_int_equal(in(STATUS, 2), 0);
			assert_int_equal(in(CONTROL, 2) & SCI_EN, SCI_EN);
		}
}

/* 4.8.3.1.1: a one clears, a zero leaves; and nothing else does. */
static void ones_clear_status(void **state)
{
	(void)state;
	press();
	out(STATUS, 0, 2);
	out(STATUS, (uint16_t)~POWER_BUTTON, 2);
	out(STATUS, 0xff, 1);
	out(STATUS + 1, 0xfe, 1);
	out(ENABLE, 0xffff, 2);
	out(CONTROL, 0xdfff, 2);
	assert_int_equal(in(STATUS, 2), POWER_BUTTON);
	out(STATUS, POWER_BUTTON, 2);
	assert_int_equal(in(STATUS, 2), 0);
}

static void ones_clear_status_by_bytes_and_dwords(void **state)
{
	(void)state;
	press();
	out(STATUS + 1, 1, 1);
	assert_int_equal(in(STATUS, 2), 0);
	power_press_button();
	out(STATUS + 1, 0x000001, 4); /* and enable, and half of control */
	assert_int_equal(in(STATUS, 2), 0);
	assert_int_equal(in(ENABLE, 2), 0);
	power_press_button();
	out(STATUS, POWER_BUTTON | POWER_BUTTON << 16, 4);
	assert_int_equal(in(STATUS, 4), POWER_BUTTON << 16);
}

/* 4.8.2.5: the line is a level, status and enable at each moment. */
static void sci_is_a_level(void **state)
{
	(void)state;
	press();
	assert_true(fake.line);
	in(STATUS, 2);
	assert_true(fake.line);
	out(ENABLE, 0, 2);
	assert_false(fake.line);
	out(ENABLE, POWER_BUTTON, 2);
	assert_true(fake.line);
	out(STATUS, POWER_BUTTON, 2);
	assert_false(fake.line);
	assert_int_equal(fake.edges, 2);
}

static void no_sci_where_it_is_not_enabled(void **state)
{
	(void)state;
	out(ENABLE, (uint16_t)~POWER_BUTTON, 2);
	assert_false(power_press_button());
	assert_false(fake.line);
	/* But the guest can see it. */
	assert_int_equal(in(STATUS, 2), POWER_BUTTON);
}

/* What ends the VMM: nobody listens, or it is the second time. */
static void button_is_of_use_once(void **state)
{
	(void)state;
	press();
	assert_false(power_press_button());
	assert_int_equal(in(STATUS, 2), POWER_BUTTON);
}

static void nor_once_the_machine_has_ended(void **state)
{
	(void)state;
	out(ENABLE, POWER_BUTTON, 2);
	fake.stopped = true;
	assert_false(power_press_button());
}

static void nor_twice_for_who_took_notice(void **state)
{
	(void)state;
	press();
	out(STATUS, POWER_BUTTON, 2);
	assert_false(power_press_button());
}

static void switches_off(void **state)
{
	(void)state;
	out(CONTROL, SLP_TYP(POWER_OFF_TYPE) | SLP_EN, 2);
	assert_true(fake.stopped);
	assert_int_equal(in(CONTROL, 2), SLP_TYP(POWER_OFF_TYPE) | SCI_EN);
}

static void switches_off_by_bytes_and_dwords(void **state)
{
	(void)state;
	out(CONTROL + 1, (SLP_TYP(POWER_OFF_TYPE) | SLP_EN) >> 8, 1);
	assert_true(fake.stopped);
	fake.stopped = false;
	out(ENABLE, (uint32_t)(SLP_TYP(POWER_OFF_TYPE) | SLP_EN) << 16, 4);
	assert_true(fake.stopped);
}

static void other_states_are_none(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 8; type++) {
		out(CONTROL, SLP_TYP(type), 2);
		assert_int_equal(in(CONTROL, 2), SLP_TYP(type) | SCI_EN);
		if (type != POWER_OFF_TYPE)
			out(CONTROL, SLP_TYP(type) | SLP_EN, 2);
	}
	/* Not the type of one write and the enable of another */
	out(CONTROL, SLP_TYP(POWER_OFF_TYPE), 2);
	out(CONTROL, SLP_EN, 2);
	assert_false(fake.stopped);
}

/* Whatever a guest writes but the way off: it stays on, and ACPI as well. */
static void survives_anything(void **state)
{
	(void)state;
	srand(5);
	for (int i = 0; i < 100000; i++) {
		size_t size = 1u << rand() % 3;
		uint64_t at = (uint64_t)rand() % (POWER_PORTS - size + 1);

		if (rand() % 8 == 0)
			power_press_button();
		out(at, (uint32_t)rand() ^ (uint32_t)rand() << 16, size);
		assert_int_equal(in(CONTROL, 2) & (SCI_EN | SLP_EN), SCI_EN);
		assert_int_equal(in(STATUS, 2) & ~POWER_BUTTON, 0);
		assert_int_equal(fake.line, (in(STATUS, 2) & in(ENABLE, 2) &
					     POWER_BUTTON) != 0);
	}
}

static const char *words(uint64_t offset, bool is_write, uint32_t value,
			 size_t size)
{
	static char text[80];

	power_device.describe(NULL, offset, is_write, &value, size, text,
			      sizeof(text));
	return text;
}

static void tells_in_words(void **state)
{
	(void)state;
	assert_string_equal(words(STATUS, false, 0x100, 2),
			    "PM1_STS = 0x0100: power button");
	assert_string_equal(words(STATUS + 1, true, 1, 1),
			    "PM1_STS = 0x0100: power button");
	assert_string_equal(words(ENABLE, true, 0x20, 2), "PM1_EN = 0x0020");
	assert_string_equal(words(CONTROL, false, 0x1, 2), "PM1_CNT = 0x0001");
	assert_string_equal(words(CONTROL, true, 0x3401, 2),
			    "PM1_CNT = 0x3401: sleep");
	assert_string_equal(words(CONTROL + 1, true, 0x34, 1),
			    "PM1_CNT = 0x3400: sleep");
	assert_string_equal(words(STATUS, true, 0x01000100, 4),
			    "PM1_STS = 0x0100: power button");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(after_reset),
		TEST(reads_in_every_width),
		TEST(writes_in_every_width),
		TEST(ones_clear_status),
		TEST(ones_clear_status_by_bytes_and_dwords),
		TEST(sci_is_a_level),
		TEST(no_sci_where_it_is_not_enabled),
		TEST(button_is_of_use_once),
		TEST(nor_once_the_machine_has_ended),
		TEST(nor_twice_for_who_took_notice),
		TEST(switches_off),
		TEST(switches_off_by_bytes_and_dwords),
		TEST(other_states_are_none),
		TEST(survives_anything),
		TEST(tells_in_words),
	};

	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
