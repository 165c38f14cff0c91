/* Which device gets an access, and as what; the ports that reset. */
#include "test.h"

#include "bus.h"
#include "legacy.h"

#include <stdio.h>

/* A device that says where it was read, and notes its last access. */
struct probe {
	uint8_t number; /* in the upper half of each byte that it gives */
	unsigned int calls;
	uint64_t offset;
	size_t size;
	uint64_t written;
};

static void read_probe(void *device, uint64_t offset, void *data, size_t size)
{
	struct probe *probe = device;

	probe->calls++;
	probe->offset = offset;
	probe->size = size;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)data)[i] =
			(uint8_t)(probe->number << 4 | ((offset + i) & 0xf));
}

static void write_probe(void *device, uint64_t offset, const void *data,
			size_t size)
{
	struct probe *probe = device;

	probe->calls++;
	probe->offset = offset;
	probe->size = size;
	probe->written = 0;
	memcpy(&probe->written, data, size);
}

static void describe_probe(void *device, uint64_t offset, bool is_write,
			   const void *data, size_t size, char *text,
			   size_t text_size)
{
	const struct probe *probe = device;

	snprintf(text, text_size, "%u: %s %u at %u, first 0x%02x",
		 probe->number, is_write ? "write" : "read", (unsigned int)size,
		 (unsigned int)offset, *(const uint8_t *)data);
}

static const struct bus_device kind = { read_probe, write_probe,
					describe_probe };
static const struct bus_device silent_kind = { read_probe, write_probe, NULL };

/* 1 is from 0x100 to 0x107, 2 behind it from 0x108 to 0x10b. */
static struct bus bus;
static struct probe first, second;

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	bus.count = 0;
	first = (struct probe){ .number = 1 };
	second = (struct probe){ .number = 2 };
	bus_add(&bus, 0x100, 8, &kind, &first);
	bus_add(&bus, 0x108, 4, &silent_kind, &second);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

/* What is read, and that nothing behind it is touched */
static uint64_t read_bus(uint64_t address, size_t size)
{
	uint8_t data[9];
	uint64_t value = 0;

	memset(data, FAKE_FILL, sizeof(data));
	bus_read(&bus, address, data, size);
	assert_true(all_are(data + size, sizeof(data) - size, FAKE_FILL));
	memcpy(&value, data, size);
	return value;
}

static void accesses_come_whole(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 8; size++) {
		uint64_t value = 0x1122334455667788 >> (64 - 8 * size);

		set_up(state);
		read_bus(0x108 - size, size);
		assert_int_equal(first.calls, 1);
		assert_int_equal(first.offset, 8 - size);
		assert_int_equal(first.size, size);
		bus_write(&bus, 0x100, &value, size);
		assert_int_equal(first.calls, 2);
		assert_int_equal(first.offset, 0);
		assert_int_equal(first.size, size);
		assert_int_equal(first.written, value);
		assert_int_equal(second.calls, 0);
	}
	assert_int_equal(read_bus(0x102, 4), 0x15141312);
}

/* No device has it all: each byte goes to the one at its own address. */
static void straddling_accesses_go_by_bytes(void **state)
{
	static const uint8_t four[] = { 1, 2, 3, 4 };

	(void)state;
	assert_int_equal(read_bus(0x106, 4), 0x21201716);
	assert_int_equal(first.calls, 2);
	assert_int_equal(second.calls, 2);
	assert_int_equal(second.size, 1);
	/* Into a device, and out of one */
	assert_int_equal(read_bus(0xfe, 4), 0x1110ffff);
	assert_int_equal(read_bus(0x10a, 4), 0xffff2322);

	set_up(state);
	bus_write(&bus, 0x106, four, 4);
	assert_int_equal(first.calls, 2);
	assert_int_equal(first.offset, 7);
	assert_int_equal(first.written, 2);
	assert_int_equal(second.calls, 2);
	assert_int_equal(second.offset, 1);
	assert_int_equal(second.written, 4);
}

static void where_nobody_is_all_lines_are_high(void **state)
{
	static const uint64_t nowhere[] = { 0, 0xf8, 0x10c, 1ull << 63,
					    UINT64_MAX - 7 };
	uint64_t value = 0;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t size = 1; size <= 8; size++) {
			assert_int_equal(read_bus(nowhere[i], size),
					 UINT64_MAX >> (64 - 8 * size));
			bus_write(&bus, nowhere[i], &value, size);
		}
	/* Where addresses end, too */
	assert_int_equal(read_bus(UINT64_MAX, 2), 0xffff);
	bus_write(&bus, UINT64_MAX, &value, 2);
	assert_int_equal(first.calls + second.calls, 0);
}

static void of_two_at_an_address_the_first_answers(void **state)
{
	struct probe third = { .number = 3 };

	(void)state;
	bus_add(&bus, 0, 0x1000, &kind, &third);
	assert_int_equal(read_bus(0x100, 1), 0x10);
	assert_int_equal(read_bus(0x108, 4), 0x23222120);
	assert_int_equal(third.calls, 0);
	/* The one below has all of it, and so gets it whole. */
	assert_int_equal(read_bus(0x106, 4), 0x39383736);
	assert_int_equal(third.calls, 1);
	assert_int_equal(third.size, 4);
	assert_int_equal(read_bus(0x10c, 1), 0x3c);
}

/* Up to the last address that there is */
static void devices_at_the_end_of_all_addresses(void **state)
{
	struct probe last = { .number = 4 };

	(void)state;
	bus_add(&bus, UINT64_MAX - 3, 4, &kind, &last);
	assert_int_equal(read_bus(UINT64_MAX - 3, 4), 0x43424140);
	assert_int_equal(read_bus(UINT64_MAX, 1), 0x43);
	assert_int_equal(last.calls, 2);
}

static void has_places_for_sixteen(void **state)
{
	(void)state;
	for (int i = 2; i < BUS_MAX; i++)
		bus_add(&bus, 0x1000, 1, &kind, &first);
	assert_dies(bus_add(&bus, 0x1000, 1, &kind, &first),
		    "more than 16 devices");
}

static void expect_description(uint64_t address, size_t size,
			       const char *expected)
{
	static const uint8_t data[8] = { 0x5a };
	char text[80];

	memset(text, '?', sizeof(text));
	bus_describe(&bus, address, true, data, size, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void a_device_describes_its_accesses(void **state)
{
	(void)state;
	expect_description(0x103, 2, "1: write 2 at 3, first 0x5a");
	/* Without words: no device, two of them, one without words */
	expect_description(0x200, 1, "");
	expect_description(0x107, 2, "");
	expect_description(0x108, 1, "");
	assert_int_equal(first.calls, 0);
}

/* ---- resets ---- */

static void write_port(uint64_t port, uint32_t value, size_t size)
{
	bus_write(&bus, port, &value, size);
}

static void set_up_resets(void)
{
	fake_reset();
	bus.count = 0;
	legacy_add(&bus);
}

static void the_keyboard_controller_resets(void **state)
{
	(void)state;
	set_up_resets();
	assert_int_equal(read_bus(0x64, 1) & 2, 0); /* never busy */
	for (unsigned int value = 0; value < 256; value++)
		if (value != 0xfe)
			write_port(0x64, value, 1);
	for (uint64_t port = 0x60; port < 0x64; port++)
		write_port(port, 0xfe, 1);
	assert_false(fake.stopped);
	write_port(0x64, 0xfe, 1);
	assert_true(fake.stopped);
}

/* As Linux does it: first what kind of a reset, then the reset */
static void the_chipset_resets(void **state)
{
	(void)state;
	for (uint32_t value = 0; value < 256; value++) {
		set_up_resets();
		assert_int_equal(read_bus(0xcf9, 1), 0);
		write_port(0xcf9, value, 1);
		assert_int_equal(fake.stopped, value >> 2 & 1);
	}
	/* It is one port wide: 0xcf8 belongs to PCI, and is 32 bits. */
	set_up_resets();
	write_port(0xcf8, 0x80000400, 4);
	write_port(0xcfa, 0xff, 1);
	assert_false(fake.stopped);
}

/* A clock whose registers are all zero, whatever is written. */
static void the_clock_is_none(void **state)
{
	(void)state;
	set_up_resets();
	for (uint32_t index = 0; index < 128; index++) {
		write_port(0x70, index, 1);
		write_port(0x71, 0xff, 1);
		assert_int_equal(read_bus(0x71, 1), 0);
	}
	assert_false(fake.stopped);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(accesses_come_whole),
		TEST(straddling_accesses_go_by_bytes),
		TEST(where_nobody_is_all_lines_are_high),
		TEST(of_two_at_an_address_the_first_answers),
		TEST(devices_at_the_end_of_all_addresses),
		TEST(has_places_for_sixteen),
		TEST(a_device_describes_its_accesses),
		TEST(the_keyboard_controller_resets),
		TEST(the_chipset_resets),
		TEST(the_clock_is_none),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
