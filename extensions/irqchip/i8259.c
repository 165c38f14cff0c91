#include "i8259.h"

#include <stdio.h>
#include <string.h>

/* The command port; its other one is for data. */
#define COMMAND 0

/* "Initialization Command Words" */
#define ICW1	    (1 << 4) /* a command with this bit is one */
#define ICW1_LEVEL  (1 << 3) /* a line that is high is a request, again */
#define ICW1_SINGLE (1 << 1) /* no second chip, and so no ICW3 */
#define ICW1_IC4    (1 << 0) /* ICW4 will come */
#define ICW2_BASE   0xf8
#define ICW3_ID	    0x07
#define ICW4_SFNM   (1 << 4) /* special fully nested mode */
#define ICW4_AEOI   (1 << 1) /* automatic end of interrupt */

/* "Operation Command Words" */
#define OCW2_ROTATE   (1 << 7)
#define OCW2_SPECIFIC (1 << 6)
#define OCW2_EOI      (1 << 5)
#define OCW2_LINE     0x07
#define OCW3	      (1 << 3) /* else it is OCW2 */
#define OCW3_ESMM     (1 << 6) /* the next bit counts */
#define OCW3_SMM      (1 << 5) /* special mask mode */
#define OCW3_POLL     (1 << 2)
#define OCW3_READ     (1 << 1) /* the next bit counts */
#define OCW3_ISR      (1 << 0)

#define POLL_INTERRUPT (1 << 7)

#define SPURIOUS 7 /* who does not know which line says this one */
#define NOBODY	 0xff /* as a bus reads that nobody drives */

/* The lines that ask to be acknowledged, masked or not. */
static uint8_t requests(const struct i8259_chip *chip)
{
	if (chip->icw1 & ICW1_LEVEL)
		return chip->lines;
	return chip->lines & chip->edges;
}

/* Does an interrupt in service keep this line's from the CPU? */
static bool in_the_way(const struct i8259_chip *chip, uint8_t line)
{
	uint8_t isr = chip->isr;

	if (chip->special_mask)
		isr &= ~chip->imr;
	return isr & 1 << line;
}

/* Is another one from the slave welcome while one is in service? */
static bool nests(const struct i8259_chip *chip, uint8_t line)
{
	return (chip->icw4 & ICW4_SFNM) && (chip->icw3 & 1 << line);
}

/* The line whose interrupt is next, or -1: the chip's INT follows it. */
static int next_interrupt(const struct i8259_chip *chip)
{
	uint8_t wanted = requests(chip) & ~chip->imr;

	if (!chip->ready)
		return -1;
	for (uint8_t i = 0; i < 8; i++) {
		uint8_t line = (chip->highest + i) % 8;
		bool stop = in_the_way(chip, line);

		if ((wanted & 1 << line) && (!stop || nests(chip, line)))
			return line;
		if (stop)
			return -1;
	}
	return -1;
}

static void set_chip_line(struct i8259_chip *chip, uint8_t line, bool level)
{
	uint8_t bit = (uint8_t)(1 << line);

	if (level && !(chip->lines & bit))
		chip->edges |= bit;
	if (level)
		chip->lines |= bit;
	else
		chip->lines &= ~bit;
}

/* To be called after every change: each INT follows its chip. */
static void update(struct i8259 *pair)
{
	bool interrupt;

	set_chip_line(&pair->master, I8259_CASCADE,
		      next_interrupt(&pair->slave) >= 0);
	interrupt = next_interrupt(&pair->master) >= 0;
	if (interrupt == pair->interrupt)
		return;
	pair->interrupt = interrupt;
	irq_line_set(&pair->cpu, interrupt);
}

/* The end of the interrupt of a line, which may get the lowest priority. */
static void end(struct i8259_chip *chip, uint8_t line, bool rotate)
{
	chip->isr &= ~(1 << line);
	if (rotate)
		chip->highest = (line + 1) % 8;
}

/* One chip's part of an acknowledgement: returns the line. */
static uint8_t acknowledge(struct i8259_chip *chip)
{
	int line = next_interrupt(chip);

	if (line < 0)
		return SPURIOUS;
	chip->edges &= ~(1 << line);
	chip->isr |= 1 << line;
	if (chip->icw4 & ICW4_AEOI)
		end(chip, (uint8_t)line, chip->rotate_on_aeoi);
	return (uint8_t)line;
}

uint8_t i8259_acknowledge(struct i8259 *pair, uint32_t *irq)
{
	struct i8259_chip *master = &pair->master, *slave = &pair->slave;
	uint8_t line, vector;

	pthread_mutex_lock(&pair->lock);
	line = acknowledge(master);
	vector = master->icw2 | line;
	*irq = line;
	/* Then the master tells this number to all slaves, and is silent. */
	if (master->icw3 & 1 << line) {
		vector = NOBODY;
		if ((slave->icw3 & ICW3_ID) == line) {
			line = acknowledge(slave);
			vector = slave->icw2 | line;
			*irq = 8u + line;
		}
		/* INT falls; if it rises again, that is another edge. */
		set_chip_line(master, I8259_CASCADE, false);
	}
	update(pair);
	pthread_mutex_unlock(&pair->lock);
	return vector;
}

void i8259_set_line(void *controller, uint32_t irq, bool level)
{
	struct i8259 *pair = controller;
	struct i8259_chip *chip = irq < 8 ? &pair->master : &pair->slave;

	pthread_mutex_lock(&pair->lock);
	set_chip_line(chip, irq % 8, level);
	update(pair);
	pthread_mutex_unlock(&pair->lock);
}

/* ---- the ports ---- */

static void write_icw1(struct i8259_chip *chip, uint8_t value)
{
	chip->accessed = "ICW1";
	chip->icw1 = value;
	chip->icw3 = 0;
	chip->icw4 = 0;
	chip->next_icw = 2;
	chip->ready = false;
	chip->edges = 0;
	chip->imr = 0;
	chip->isr = 0;
	chip->highest = 0;
	chip->special_mask = false;
	chip->rotate_on_aeoi = false;
	chip->poll = false;
	chip->read_isr = false;
}

/* The line in service that has the highest priority, or -1. */
static int first_in_service(const struct i8259_chip *chip)
{
	for (uint8_t i = 0; i < 8; i++) {
		uint8_t line = (chip->highest + i) % 8;

		if (in_the_way(chip, line))
			return line;
	}
	return -1;
}

static void write_ocw2(struct i8259_chip *chip, uint8_t value)
{
	bool rotate = value & OCW2_ROTATE;
	int line = value & OCW2_LINE;

	chip->accessed = "OCW2";
	if (!(value & OCW2_SPECIFIC))
		line = first_in_service(chip);
	if (value & OCW2_EOI) {
		if (line >= 0)
			end(chip, (uint8_t)line, rotate);
	} else if (!(value & OCW2_SPECIFIC)) {
		chip->rotate_on_aeoi = rotate;
	} else if (rotate) {
		chip->highest = (uint8_t)(line + 1) % 8;
	}
}

static void write_ocw3(struct i8259_chip *chip, uint8_t value)
{
	chip->accessed = "OCW3";
	chip->poll = value & OCW3_POLL;
	if (value & OCW3_READ)
		chip->read_isr = value & OCW3_ISR;
	if (value & OCW3_ESMM)
		chip->special_mask = value & OCW3_SMM;
}

static void write_data(struct i8259_chip *chip, uint8_t value)
{
	bool more = chip->icw1 & ICW1_IC4;

	switch (chip->next_icw) {
	case 2:
		chip->accessed = "ICW2";
		chip->icw2 = value & ICW2_BASE;
		chip->next_icw = more ? 4 : 0;
		if (!(chip->icw1 & ICW1_SINGLE))
			chip->next_icw = 3;
		break;
	case 3:
		chip->accessed = "ICW3";
		chip->icw3 = value;
		chip->next_icw = more ? 4 : 0;
		break;
	case 4:
		chip->accessed = "ICW4";
		chip->icw4 = value;
		chip->next_icw = 0;
		break;
	default:
		chip->accessed = "IMR";
		chip->imr = value;
		return;
	}
	chip->ready = chip->next_icw == 0;
}

static void write_byte(struct i8259_chip *chip, uint64_t offset, uint8_t value)
{
	pthread_mutex_lock(&chip->pair->lock);
	if (offset != COMMAND)
		write_data(chip, value);
	else if (value & ICW1)
		write_icw1(chip, value);
	else if (value & OCW3)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
	update(chip->pair);
	pthread_mutex_unlock(&chip->pair->lock);
}

/* A program takes the CPU's place: it acknowledges, and reads which. */
static uint8_t poll(struct i8259_chip *chip)
{
	bool interrupt = next_interrupt(chip) >= 0;
	uint8_t line = acknowledge(chip);

	chip->accessed = "poll";
	chip->poll = false;
	if (chip == &chip->pair->slave)
		set_chip_line(&chip->pair->master, I8259_CASCADE, false);
	return interrupt ? POLL_INTERRUPT | line : 0;
}

static uint8_t read_register(struct i8259_chip *chip, uint64_t offset)
{
	if (chip->poll)
		return poll(chip);
	chip->accessed = "IMR";
	if (offset != COMMAND)
		return chip->imr;
	chip->accessed = chip->read_isr ? "ISR" : "IRR";
	return chip->read_isr ? chip->isr : requests(chip);
}

static uint8_t read_byte(struct i8259_chip *chip, uint64_t offset)
{
	uint8_t value;

	pthread_mutex_lock(&chip->pair->lock);
	value = read_register(chip, offset);
	update(chip->pair);
	pthread_mutex_unlock(&chip->pair->lock);
	return value;
}

/* Its registers are bytes: a wider access is to as many of them. */
static void read_ports(void *device, uint64_t offset, void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)data)[i] = read_byte(device, offset + i);
}

static void write_ports(void *device, uint64_t offset, const void *data,
			size_t size)
{
	for (size_t i = 0; i < size; i++)
		write_byte(device, offset + i, ((const uint8_t *)data)[i]);
}

/* ---- in words, for the trace ---- */

static void describe_ocw2(uint8_t value, char *text, size_t size)
{
	static const char *const commands[] = {
		"no rotation in AEOI", "EOI",
		"nothing, IR%d",       "EOI, IR%d",
		"rotation in AEOI",    "EOI and rotation",
		"IR%d is the lowest",  "EOI and rotation, IR%d",
	};

	*text = ' ';
	snprintf(text + 1, size - 1, commands[value >> 5], value & OCW2_LINE);
}

static void describe_ocw3(uint8_t value, char *text, size_t size)
{
	const char *mask = "", *read = "";

	if (value & OCW3_ESMM)
		mask = value & OCW3_SMM ? " special mask" : " usual mask";
	if (value & OCW3_READ)
		read = value & OCW3_ISR ? " read ISR" : " read IRR";
	snprintf(text, size, "%s%s%s", mask, read,
		 value & OCW3_POLL ? " poll" : "");
}

static void describe_ports(void *device, uint64_t offset, bool is_write,
			   const void *data, size_t size, char *text,
			   size_t text_size)
{
	const struct i8259_chip *chip = device;
	uint8_t value = ((const uint8_t *)data)[size - 1];
	char meaning[64] = "";

	(void)offset;
	if (is_write && strcmp(chip->accessed, "OCW2") == 0)
		describe_ocw2(value, meaning, sizeof(meaning));
	else if (is_write && strcmp(chip->accessed, "OCW3") == 0)
		describe_ocw3(value, meaning, sizeof(meaning));
	snprintf(text, text_size, "%s = 0x%02x%s%s", chip->accessed, value,
		 *meaning ? ":" : "", meaning);
}

static const struct bus_device ports_device = {
	.read = read_ports,
	.write = write_ports,
	.describe = describe_ports,
};

void i8259_add(struct i8259 *pair, struct bus *ports)
{
	memset(pair, 0, sizeof(*pair));
	pthread_mutex_init(&pair->lock, NULL);
	pair->master.pair = pair;
	pair->slave.pair = pair;
	bus_add(ports, I8259_MASTER, 2, &ports_device, &pair->master);
	bus_add(ports, I8259_SLAVE, 2, &ports_device, &pair->slave);
}

void i8259_connect(struct i8259 *pair, const struct irq_line *cpu)
{
	pthread_mutex_lock(&pair->lock);
	pair->cpu = *cpu;
	pthread_mutex_unlock(&pair->lock);
}
