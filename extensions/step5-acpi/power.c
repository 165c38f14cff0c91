#include "power.h"

#include "stop.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A bit of PM1 status and enable (ACPI 6.4, 4.8.3.1) */
#define POWER_BUTTON (1 << 8)

/* Bits of PM1 control (4.8.3.2) */
#define SCI_ENABLED    (1 << 0) /* ACPI is on, and was from the start */
#define SLEEP_TYPE     (7 << 10) /* which state SLEEP_ENABLE goes to */
#define SLEEP_TYPE_OFF (POWER_OFF_TYPE << 10)
#define SLEEP_ENABLE   (1 << 13) /* reads as 0 */

/* The registers, in the order of their ports */
struct pm1 {
	uint16_t status, enable, control;
};

/* A vCPU's thread reads and writes, the console's presses the button. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct irq_line line; /* under lock */
static struct pm1 pm1; /* under lock */
static bool was_pressed; /* under lock */

void power_init(const struct irq_line *sci)
{
	line = *sci;
	pm1 = (struct pm1){ .control = SCI_ENABLED };
	was_pressed = false;
}

/* To be called after every change: the line is the level of the events. */
static void update_sci(void)
{
	irq_line_set(&line, pm1.status & pm1.enable & POWER_BUTTON);
}

static void read_ports(void *device, uint64_t offset, void *data, size_t size)
{
	(void)device;
	pthread_mutex_lock(&lock);
	memcpy(data, (const uint8_t *)&pm1 + offset, size);
	pthread_mutex_unlock(&lock);
}

static void write_ports(void *device, uint64_t offset, const void *data,
			size_t size)
{
	struct pm1 written;

	(void)device;
	pthread_mutex_lock(&lock);
	/* What this access does not reach stays; in status, ones are cleared. */
	written = pm1;
	written.status = 0;
	memcpy((uint8_t *)&written + offset, data, size);
	pm1.status &= ~written.status;
	pm1.enable = written.enable;
	pm1.control = (written.control & SLEEP_TYPE) | SCI_ENABLED;
	update_sci();
	pthread_mutex_unlock(&lock);
	if (written.control & SLEEP_ENABLE &&
	    (written.control & SLEEP_TYPE) == SLEEP_TYPE_OFF)
		stop_machine();
}

bool power_press_button(void)
{
	bool is_heard;

	pthread_mutex_lock(&lock);
	is_heard = pm1.enable & POWER_BUTTON && !was_pressed && !stop_asked();
	was_pressed = true;
	pm1.status |= POWER_BUTTON;
	update_sci();
	pthread_mutex_unlock(&lock);
	return is_heard;
}

/* ---- in words, for the trace ---- */

static void describe_ports(void *device, uint64_t offset, bool is_write,
			   const void *data, size_t size, char *text,
			   size_t text_size)
{
	static const char *const names[] = { "PM1_STS", "PM1_EN", "PM1_CNT" };
	uint64_t part = offset % sizeof(uint16_t);
	uint16_t value = 0;

	(void)device;
	/* A byte of a register, or all of it, or even the next one, too */
	if (size > sizeof(value) - part)
		size = sizeof(value) - part;
	memcpy((uint8_t *)&value + part, data, size);
	snprintf(text, text_size, "%s = 0x%04x%s%s", names[offset / 2], value,
		 offset < POWER_EVENT_SIZE && value & POWER_BUTTON
			 ? ": power button"
			 : "",
		 is_write && offset >= POWER_EVENT_SIZE && value & SLEEP_ENABLE
			 ? ": sleep"
			 : "");
}

const struct bus_device power_device = {
	.read = read_ports,
	.write = write_ports,
	.describe = describe_ports,
};
