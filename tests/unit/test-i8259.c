/* One 8259A, and two: what the data sheet says of their words and modes. */
#include "pic.h"

#define TEST(name)	cmocka_unit_test_setup(name, pic_setup)
#define CHIP_TEST(name) cmocka_unit_test_setup(name, chip_setup)

/*
 * The slave has eight lines that are free, and a master without interrupts in
 * service is not in its way.
 */
#define CHIP I8259_SLAVE

static int chip_setup(void **state)
{
	power_on(state);
	pic_start(ICW1, ICW4_8086 | ICW4_AEOI);
	out(CHIP, ICW1);
	out(CHIP + DATA, SLAVE_BASE);
	out(CHIP + DATA, CASCADE_ID);
	out(CHIP + DATA, ICW4_8086);
	return 0;
}

static void rise(uint8_t line)
{
	pulse(8u + line);
}

/* The line whose interrupt comes, or NONE */
static int next(void)
{
	int number = take();

	return number == NONE ? NONE : number - 8;
}

/* Raises all eight. */
static void all_eight(void)
{
	for (uint8_t i = 0; i < 8; i++)
		rise(i);
}

/* Takes one after another, with `eoi` after each: they are `first` to 7, 0 ... */
static void assert_order(uint8_t first)
{
	all_eight();
	for (uint8_t i = 0; i < 8; i++) {
		int line = next();

		assert_int_equal(line, (first + i) % 8);
		out(CHIP, SPECIFIC_EOI | line);
	}
	assert_int_equal(next(), NONE);
}

/* ---- initialization ---- */

static void after_power_on(void **state)
{
	power_on(state);
	irq(4, true);
	assert_false(cpu_line);
	/* Linux looks whether there is a chip by what its mask holds. */
	out(I8259_MASTER + DATA, 0xfb);
	assert_int_equal(in(I8259_MASTER + DATA), 0xfb);
	out(I8259_MASTER + DATA, 0);
	assert_false(cpu_line);
}

/* How many words follow ICW1, and that no interrupt comes before the last. */
static void words(void **state)
{
	static const struct {
		uint8_t icw1;
		int count;
	} cases[] = { { 0x10, 2 }, { 0x11, 3 }, { 0x12, 1 }, { 0x13, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		out(I8259_MASTER, cases[i].icw1);
		pulse(0);
		assert_int_equal(take(), NONE);
		out(I8259_MASTER + DATA, MASTER_BASE);
		for (int word = 1; word < cases[i].count; word++) {
			assert_int_equal(take(), NONE);
			/* For ICW3: no slave; for ICW4: nothing special */
			out(I8259_MASTER + DATA, 0);
		}
		assert_int_equal(take(), 0);
		/* The next one is OCW1. */
		out(I8259_MASTER + DATA, 0xa5);
		assert_int_equal(in(I8259_MASTER + DATA), 0xa5);
	}
}

/* What ICW1 resets ("Initialization Command Words", a to f) */
static void icw1_resets(void **state)
{
	(void)state;
	out(I8259_MASTER + DATA, 0x80);
	out(I8259_MASTER, SET_PRIORITY | 3);
	out(I8259_MASTER, SPECIAL_MASK);
	out(I8259_MASTER, READ_ISR);
	out(I8259_MASTER, ROTATE_AEOI);
	pulse(5);
	assert_int_equal(take(), 5);
	irq(6, true);
	pic_start(ICW1, ICW4_8086);
	assert_int_equal(in(I8259_MASTER + DATA), 0);
	/* Lines that are high are no requests until they rise again. */
	assert_int_equal(in(I8259_MASTER), 0); /* and this is IRR */
	assert_false(cpu_line);
	pulse(6);
	assert_int_equal(in(I8259_MASTER), 1 << 6);
	pulse(1);
	assert_int_equal(take(), 1);
	assert_int_equal(take(), NONE); /* 6, as 1 is in service */
}

static void icw2_has_five_bits(void **state)
{
	uint32_t number;

	(void)state;
	out(I8259_MASTER, ICW1 | ICW1_SINGLE);
	out(I8259_MASTER + DATA, 0x47);
	out(I8259_MASTER + DATA, ICW4_8086);
	pulse(3);
	assert_int_equal(i8259_acknowledge(&pic, &number), 0x43);
}

/* ---- requests ---- */

static void one_interrupt_a_rise(void **state)
{
	(void)state;
	irq(4, true);
	assert_int_equal(take(), 4);
	out(I8259_MASTER, EOI);
	assert_int_equal(take(), NONE);
	irq(4, true);
	assert_int_equal(take(), NONE);
	irq(4, false);
	irq(4, true);
	assert_int_equal(take(), 4);
	assert_int_equal(cpu_edges, 2);
}

static void a_request_can_be_withdrawn(void **state)
{
	(void)state;
	irq(4, true);
	assert_int_equal(in(I8259_MASTER), 1 << 4);
	irq(4, false);
	assert_int_equal(in(I8259_MASTER), 0);
	assert_int_equal(take(), NONE);
}

static void levels(void **state)
{
	(void)state;
	pic_start(ICW1 | ICW1_LEVEL, ICW4_8086);
	irq(4, true);
	assert_int_equal(take(), 4);
	assert_int_equal(take(), NONE);
	out(I8259_MASTER, EOI);
	assert_int_equal(take(), 4);
	irq(4, false);
	out(I8259_MASTER, EOI);
	assert_int_equal(take(), NONE);
}

static void masks(void **state)
{
	(void)state;
	for (uint8_t line = 0; line < 8; line++) {
		out(CHIP + DATA, (uint8_t)(1 << line));
		rise(line);
		assert_int_equal(next(), NONE);
		assert_int_equal(in(CHIP), 1 << line);
		out(CHIP + DATA, 0);
		assert_int_equal(next(), line);
		out(CHIP, EOI);
		irq(8u + line, false);
	}
}

/* ---- priorities ---- */

/* One after another, each more urgent than those that are in service */
static void the_most_urgent(void **state)
{
	(void)state;
	out(CHIP + DATA, 1 << 4);
	rise(7);
	assert_int_equal(next(), 7);
	for (uint8_t line = 6; line < 8; line--) {
		rise(7);
		rise(line);
		assert_int_equal(next(), line == 4 ? NONE : line);
		assert_int_equal(next(), NONE);
	}
	out(CHIP + DATA, 0);
	assert_int_equal(next(), NONE);
}

static void fully_nested(void **state)
{
	(void)state;
	assert_order(0);
	rise(4);
	assert_int_equal(next(), 4);
	rise(4);
	rise(5);
	assert_int_equal(next(), NONE);
	rise(3);
	assert_int_equal(next(), 3);
	out(CHIP, READ_ISR);
	assert_int_equal(in(CHIP), 1 << 4 | 1 << 3);
	/* Of two in service the higher one is over first. */
	out(CHIP, EOI);
	assert_int_equal(in(CHIP), 1 << 4);
	assert_int_equal(next(), NONE);
	out(CHIP, EOI);
	assert_int_equal(next(), 4);
	out(CHIP, EOI);
	assert_int_equal(next(), 5);
}

static void specific_eoi(void **state)
{
	(void)state;
	rise(4);
	next();
	rise(3);
	next();
	out(CHIP, SPECIFIC_EOI | 4);
	out(CHIP, READ_ISR);
	assert_int_equal(in(CHIP), 1 << 3);
	out(CHIP, SPECIFIC_EOI | 7); /* of none that is in service */
	assert_int_equal(in(CHIP), 1 << 3);
	out(CHIP, 0x40 | 3); /* "No operation" */
	assert_int_equal(in(CHIP), 1 << 3);
}

static void set_priority(void **state)
{
	(void)state;
	for (uint8_t lowest = 0; lowest < 8; lowest++) {
		out(CHIP, SET_PRIORITY | lowest);
		assert_order((lowest + 1) % 8);
	}
}

/* "Automatic Rotation": IR4 and IR6 in service; then IR4 is the lowest. */
static void rotation(void **state)
{
	(void)state;
	rise(6);
	assert_int_equal(next(), 6);
	rise(4);
	assert_int_equal(next(), 4);
	out(CHIP, ROTATE_EOI);
	out(CHIP, READ_ISR);
	assert_int_equal(in(CHIP), 1 << 6);
	out(CHIP, EOI);
	assert_order(5);
}

static void specific_rotation(void **state)
{
	(void)state;
	for (uint8_t line = 0; line < 8; line++) {
		rise(line);
		assert_int_equal(next(), line);
		out(CHIP, ROTATE_SPECIFIC | line);
		assert_order((line + 1) % 8);
	}
}

static void nothing_in_service_rotates_nothing(void **state)
{
	(void)state;
	out(CHIP, EOI);
	out(CHIP, ROTATE_EOI);
	assert_order(0);
}

static void automatic_eoi(void **state)
{
	(void)state;
	pic_start(ICW1, ICW4_8086 | ICW4_AEOI);
	out(CHIP, READ_ISR);
	rise(5);
	assert_int_equal(next(), 5);
	assert_int_equal(in(CHIP), 0);
	rise(6);
	assert_int_equal(next(), 6);
	/* Without rotation the order is as ever, ... */
	all_eight();
	for (int line = 0; line < 8; line++)
		assert_int_equal(next(), line);
	/* ... with it each has its turn; and that can be switched off. */
	out(CHIP, ROTATE_AEOI);
	rise(3);
	assert_int_equal(next(), 3);
	rise(3);
	rise(4);
	assert_int_equal(next(), 4);
	assert_int_equal(next(), 3);
	out(CHIP, NO_ROTATE_AEOI);
	rise(4);
	assert_int_equal(next(), 4);
	rise(4);
	rise(5);
	assert_int_equal(next(), 4);
}

/* A handler lets all others in, the lower ones too. */
static void special_mask(void **state)
{
	(void)state;
	rise(3);
	assert_int_equal(next(), 3);
	out(CHIP + DATA, 1 << 3);
	out(CHIP, SPECIAL_MASK);
	all_eight();
	for (int line = 0; line < 8; line++) {
		if (line == 3)
			continue;
		assert_int_equal(next(), line);
		/* That does not end what is masked. */
		out(CHIP, EOI);
	}
	out(CHIP, READ_ISR);
	assert_int_equal(in(CHIP), 1 << 3);
	rise(5);
	assert_true(cpu_line);
	/* ESMM is 0: as it was */
	out(CHIP, READ_ISR | 0x20);
	assert_true(cpu_line);
	out(CHIP, NO_SPECIAL_MASK);
	assert_int_equal(next(), NONE);
	out(CHIP, SPECIFIC_EOI | 3);
	assert_int_equal(next(), 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(after_power_on),
		TEST(words),
		TEST(icw1_resets),
		TEST(icw2_has_five_bits),
		TEST(one_interrupt_a_rise),
		TEST(a_request_can_be_withdrawn),
		TEST(levels),
		CHIP_TEST(masks),
		CHIP_TEST(the_most_urgent),
		CHIP_TEST(fully_nested),
		CHIP_TEST(specific_eoi),
		CHIP_TEST(set_priority),
		CHIP_TEST(rotation),
		CHIP_TEST(specific_rotation),
		CHIP_TEST(nothing_in_service_rotates_nothing),
		CHIP_TEST(automatic_eoi),
		CHIP_TEST(special_mask),
	};

	return cmocka_run_group_tests_name("an 8259A", tests, NULL, NULL);
}
