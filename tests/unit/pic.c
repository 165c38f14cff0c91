#include "pic.h"

struct i8259 pic;
bool cpu_line;
unsigned int cpu_edges;

static struct bus ports;

static void set_cpu(void *owner, uint32_t number, bool level)
{
	if (owner != &pic || number != 0 || level == cpu_line)
		abort();
	cpu_line = level;
	cpu_edges += level;
}

void out(uint16_t port, uint8_t value)
{
	bus_write(&ports, port, &value, 1);
}

uint8_t in(uint16_t port)
{
	uint8_t value;

	bus_read(&ports, port, &value, 1);
	return value;
}

const char *described(uint16_t port, bool is_write, uint8_t value)
{
	static char text[80];

	bus_describe(&ports, port, is_write, &value, 1, text, sizeof(text));
	return text;
}

int power_on(void **state)
{
	const struct irq_line cpu = { set_cpu, &pic, 0 };

	(void)state;
	fake_reset();
	ports.count = 0;
	cpu_line = false;
	cpu_edges = 0;
	i8259_add(&pic, &ports);
	i8259_connect(&pic, &cpu);
	return 0;
}

void pic_start(uint8_t icw1, uint8_t icw4)
{
	out(I8259_MASTER + COMMAND, icw1);
	out(I8259_MASTER + DATA, MASTER_BASE);
	if (!(icw1 & ICW1_SINGLE))
		out(I8259_MASTER + DATA, CASCADE);
	out(I8259_MASTER + DATA, icw4);
	out(I8259_SLAVE + COMMAND, icw1);
	out(I8259_SLAVE + DATA, SLAVE_BASE);
	if (!(icw1 & ICW1_SINGLE))
		out(I8259_SLAVE + DATA, CASCADE_ID);
	out(I8259_SLAVE + DATA, icw4);
}

int pic_setup(void **state)
{
	power_on(state);
	pic_start(ICW1, ICW4_8086);
	return 0;
}

void irq(uint32_t number, bool level)
{
	i8259_set_line(&pic, number, level);
}

void pulse(uint32_t number)
{
	irq(number, false);
	irq(number, true);
}

int take(void)
{
	uint32_t number = 99;
	uint8_t vector;

	if (!cpu_line)
		return NONE;
	vector = i8259_acknowledge(&pic, &number);
	assert_int_equal(vector,
			 (number < 8 ? MASTER_BASE : SLAVE_BASE) + number % 8);
	return (int)number;
}
