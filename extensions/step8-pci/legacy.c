#include "legacy.h"

#include "stop.h"

#include <string.h>

/*
 * The keyboard controller, an i8042: data and, 4 ports further, status and
 * command.  Never busy, so that a reset goes through; and always with one more
 * byte to be read, which no real one has for long.
 */
#define I8042		  0x60
#define I8042_COMMAND	  0x64
#define I8042_OUTPUT_FULL (1 << 0)
#define I8042_RESET	  0xfe

/*
 * The clock, an MC146818: index and data.  Registers that are all zero are
 * never amid an update, for whose end drivers would wait, and in 12-hour mode,
 * with which Linux does not bother.
 */
#define RTC	 0x70
#define RTC_DATA 0x71

/*
 * The reset control of Intel's chipsets (ICH9 data sheet, 13.7.5): a byte in
 * the middle of PCI's address register, which is 32 bits wide (pci.c).
 */
#define RESET_CONTROL 0xcf9
#define RESET_CPU     (1 << 2)

static void read_i8042(void *device, uint64_t offset, void *data, size_t size)
{
	(void)device;
	memset(data, 0xff, size);
	if (offset == I8042_COMMAND - I8042)
		*(uint8_t *)data = I8042_OUTPUT_FULL;
}

static void write_i8042(void *device, uint64_t offset, const void *data,
			size_t size)
{
	(void)device;
	(void)size;
	if (offset == I8042_COMMAND - I8042 &&
	    *(const uint8_t *)data == I8042_RESET)
		stop_machine();
}

static void read_zero(void *device, uint64_t offset, void *data, size_t size)
{
	(void)device;
	(void)offset;
	memset(data, 0, size);
}

static void write_nowhere(void *device, uint64_t offset, const void *data,
			  size_t size)
{
	(void)device;
	(void)offset;
	(void)data;
	(void)size;
}

static void write_reset_control(void *device, uint64_t offset, const void *data,
				size_t size)
{
	(void)device;
	(void)offset;
	(void)size;
	if (*(const uint8_t *)data & RESET_CPU)
		stop_machine();
}

static const struct bus_device i8042 = { read_i8042, write_i8042, NULL };
static const struct bus_device rtc = { read_zero, write_nowhere, NULL };
static const struct bus_device reset_control = { read_zero, write_reset_control,
						 NULL };

void legacy_add(struct bus *ports)
{
	bus_add(ports, I8042, I8042_COMMAND - I8042 + 1, &i8042, NULL);
	bus_add(ports, RTC, RTC_DATA - RTC + 1, &rtc, NULL);
	bus_add(ports, RESET_CONTROL, 1, &reset_control, NULL);
}
