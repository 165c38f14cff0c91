#include "reset.h"

#include "stop.h"

#include <string.h>

/* Of the i8042 there are only a status, never busy, and the reset. */
#define I8042_COMMAND  4 /* port 0x64: reads: status, writes: command */
#define I8042_NOT_BUSY 0x00
#define I8042_RESET    0xfe

/* Reset control: the bit whose rise is the reset */
#define RESET_CPU (1 << 2)

static void read_i8042(void *device, uint64_t offset, void *data, size_t size)
{
	(void)device;
	memset(data, 0xff, size);
	if (offset == I8042_COMMAND)
		*(uint8_t *)data = I8042_NOT_BUSY;
}

static void write_i8042(void *device, uint64_t offset, const void *data,
			size_t size)
{
	(void)device;
	(void)size;
	if (offset == I8042_COMMAND && *(const uint8_t *)data == I8042_RESET)
		stop_machine();
}

const struct bus_device reset_i8042 = {
	.read = read_i8042,
	.write = write_i8042,
};

static void read_control(void *device, uint64_t offset, void *data, size_t size)
{
	(void)device;
	(void)offset;
	memset(data, 0, size);
}

static void write_control(void *device, uint64_t offset, const void *data,
			  size_t size)
{
	(void)device;
	(void)offset;
	(void)size;
	if (*(const uint8_t *)data & RESET_CPU)
		stop_machine();
}

const struct bus_device reset_control = {
	.read = read_control,
	.write = write_control,
};
