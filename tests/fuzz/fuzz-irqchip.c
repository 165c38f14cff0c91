/*
 * Any sequence of accesses to both 8259s and the 8254, of lines that change,
 * of interrupts taken, and of time.  Each operation is a byte: three bits of
 * what, the others of which.
 */
#include "input.h"

#include "fake.h"
#include "i8254.h"
#include "i8259.h"

enum operation { OUT, OUT_WIDE, IN, IN_WIDE, LINE, TAKE, PASS, EXPIRE };

static const uint16_t port_numbers[] = { 0x20, 0x21, 0xa0, 0xa1, 0x40,
					 0x41, 0x42, 0x43, 0x61 };

static struct bus ports;
static struct i8259 pic;
static struct i8254 pit;
static bool cpu_line;

static void set_cpu(void *owner, uint32_t number, bool level)
{
	CHECK(owner == &pic && number == 0);
	CHECK(level != cpu_line);
	cpu_line = level;
}

static void describe(uint16_t port, bool is_write, uint8_t value)
{
	char text[80];

	memset(text, '?', sizeof(text));
	bus_describe(&ports, port, is_write, &value, 1, text, sizeof(text));
	CHECK(memchr(text, '\0', sizeof(text)));
	CHECK(strstr(text, " = 0x"));
}

/* How far a line is from the one with the highest priority. */
static unsigned int rank(const struct i8259_chip *chip, unsigned int line)
{
	return (line - chip->highest) & 7;
}

static bool blocked(const struct i8259_chip *chip, unsigned int line)
{
	for (unsigned int other = 0; other < 8; other++) {
		if (!(chip->isr & 1 << other))
			continue;
		if (chip->special_mask && (chip->imr & 1 << other))
			continue;
		if (rank(chip, other) < rank(chip, line))
			return true;
		if (other == line &&
		    !((chip->icw4 & 0x10) && (chip->icw3 & 1 << line)))
			return true;
	}
	return false;
}

/* The same once more, in another way: may a line have its interrupt? */
static bool may(const struct i8259_chip *chip, unsigned int line)
{
	uint8_t wanted =
		chip->icw1 & 8 ? chip->lines : chip->lines & chip->edges;

	return chip->ready && (wanted & ~chip->imr & 1 << line) &&
	       !blocked(chip, line);
}

static int first(const struct i8259_chip *chip)
{
	int best = -1;

	for (unsigned int line = 0; line < 8; line++)
		if (may(chip, line) &&
		    (best < 0 ||
		     rank(chip, line) < rank(chip, (unsigned int)best)))
			best = (int)line;
	return best;
}

static void check(void)
{
	CHECK(cpu_line == (first(&pic.master) >= 0));
	CHECK(!!(pic.master.lines & 1 << I8259_CASCADE) ==
	      (first(&pic.slave) >= 0));
	CHECK(pthread_mutex_trylock(&pic.lock) == 0);
	pthread_mutex_unlock(&pic.lock);
	for (int i = 0; i < I8254_COUNTERS; i++) {
		struct i8254_counter *counter = &pit.counters[i];

		CHECK(counter->count <= 65536);
		CHECK(counter->next_count <= 65536);
		CHECK(!counter->running || counter->count);
		CHECK(counter->latched_bytes <= 2);
		counter_output(counter, fake.now);
	}
	/* Where it repeats, there is time for something else in between. */
	if (fake.timer && counter_is_periodic(&pit.counters[0]))
		CHECK(fake.timer->deadline >= TIMER_MILLISECOND / 10);
}

/* An interrupt that is taken, whether there is one or not. */
static void take_interrupt(void)
{
	int line = first(&pic.master);
	bool slave = line >= 0 && (pic.master.icw3 & 1 << line);
	uint32_t number = 99;

	i8259_acknowledge(&pic, &number);
	CHECK(number < 16);
	if (!slave && line >= 0)
		CHECK(number == (uint32_t)line);
	if (line < 0 && !(pic.master.icw3 & 1 << 7))
		CHECK(number == 7);
}

static void access_ports(struct input *input, enum operation operation,
			 uint16_t port)
{
	uint32_t value = 0;
	size_t size = operation == OUT || operation == IN ? 1 : 4;

	if (operation == OUT || operation == OUT_WIDE) {
		take(input, &value, size);
		bus_write(&ports, port, &value, size);
	} else {
		bus_read(&ports, port, &value, size);
	}
	if (size == 1)
		describe(port, operation == OUT, (uint8_t)value);
}

static void start(void)
{
	const struct irq_line cpu = { set_cpu, &pic, 0 };
	const struct irq_line timer = { i8259_set_line, &pic, I8254_IRQ };

	fake_reset();
	fake.now = TIMER_SECOND;
	ports.count = 0;
	cpu_line = false;
	i8259_add(&pic, &ports);
	i8259_connect(&pic, &cpu);
	i8254_add(&pit, &ports, &timer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	start();
	while (input.size > 0) {
		uint8_t byte = take8(&input);
		unsigned int which = byte >> 3;

		switch (byte % 8) {
		case LINE:
			/* The master's IR2 is the slave's. */
			if (which % 16 != I8259_CASCADE)
				i8259_set_line(&pic, which % 16, which / 16);
			break;
		case TAKE:
			take_interrupt();
			break;
		case PASS:
			fake.now += UINT64_C(1) << (which + which / 2) % 44;
			break;
		case EXPIRE:
			if (fake.timer)
				fake_expire();
			break;
		default:
			access_ports(&input, byte % 8, port_numbers[which % 9]);
		}
		check();
	}
	return 0;
}
