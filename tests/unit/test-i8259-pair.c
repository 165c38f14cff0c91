/* Two 8259As as in a PC/AT: the cascade, and interrupts that nobody wants. */
#include "pic.h"

#define TEST(name) cmocka_unit_test_setup(name, pic_setup)

static const uint32_t all[] = { 0,  1,	8, 9, 10, 11, 12, 13,
				14, 15, 3, 4, 5,  6,  7 };
#define COUNT (sizeof(all) / sizeof(all[0]))

static void eoi(int number)
{
	if (number >= 8)
		out(I8259_SLAVE, EOI);
	out(I8259_MASTER, EOI);
}

/* The slave's eight are in the place of the master's IR2. */
static void priorities(void **state)
{
	(void)state;
	for (size_t i = COUNT; i-- > 0;)
		irq(all[i], true);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(take(), all[i]);
		eoi((int)all[i]);
	}
	assert_int_equal(take(), NONE);
}

/* Each one alone, many times: no edge of the slave's is lost. */
static void each_again_and_again(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < COUNT; i++) {
			pulse(all[i]);
			assert_int_equal(take(), all[i]);
			assert_int_equal(take(), NONE);
			eoi((int)all[i]);
		}
	assert_int_equal(cpu_edges, 3 * COUNT);
}

static void in_service_in_both(void **state)
{
	(void)state;
	pulse(12);
	assert_int_equal(take(), 12);
	out(I8259_MASTER, READ_ISR);
	out(I8259_SLAVE, READ_ISR);
	assert_int_equal(in(I8259_MASTER), CASCADE);
	assert_int_equal(in(I8259_SLAVE), 1 << 4);
	/* Between the two EOIs another one comes, and waits for the second. */
	out(I8259_SLAVE, EOI);
	pulse(15);
	assert_int_equal(take(), NONE);
	out(I8259_MASTER, EOI);
	assert_int_equal(take(), 15);
}

/* In the usual mode the master takes nothing from a slave that it serves. */
static void a_slave_does_not_nest(void **state)
{
	(void)state;
	pulse(12);
	assert_int_equal(take(), 12);
	pulse(9);
	assert_int_equal(take(), NONE);
	pulse(1);
	assert_int_equal(take(), 1);
	out(I8259_MASTER, EOI);
	out(I8259_SLAVE, SPECIFIC_EOI | 4);
	out(I8259_MASTER, EOI);
	assert_int_equal(take(), 9);
}

static void special_fully_nested(void **state)
{
	(void)state;
	pic_start(ICW1, ICW4_8086 | ICW4_SFNM);
	pulse(12);
	assert_int_equal(take(), 12);
	pulse(13);
	pulse(3);
	assert_int_equal(take(), NONE);
	pulse(9);
	assert_int_equal(take(), 9);
	/* The guest asks whether there is another one before the second EOI. */
	out(I8259_SLAVE, EOI);
	out(I8259_SLAVE, READ_ISR);
	assert_int_equal(in(I8259_SLAVE), 1 << 4);
	out(I8259_SLAVE, EOI);
	assert_int_equal(in(I8259_SLAVE), 0);
	assert_int_equal(take(), 13);
	eoi(13);
	assert_int_equal(take(), 3);
}

static void masked_at_the_master(void **state)
{
	(void)state;
	out(I8259_MASTER + DATA, CASCADE);
	pulse(9);
	assert_int_equal(take(), NONE);
	out(I8259_MASTER, READ_IRR);
	assert_int_equal(in(I8259_MASTER), CASCADE);
	out(I8259_MASTER + DATA, 0);
	assert_int_equal(take(), 9);
}

static void spurious_7(void **state)
{
	uint32_t number;

	(void)state;
	irq(4, true);
	assert_true(cpu_line);
	irq(4, false);
	assert_false(cpu_line);
	/* A CPU that is not as fast as ours has begun to ask. */
	assert_int_equal(i8259_acknowledge(&pic, &number), MASTER_BASE + 7);
	assert_int_equal(number, 7);
	/* By this the guest knows that it was none. */
	out(I8259_MASTER, READ_ISR);
	assert_int_equal(in(I8259_MASTER), 0);
	pulse(7);
	assert_int_equal(take(), 7);
	assert_int_equal(in(I8259_MASTER), 1 << 7);
}

/* The slave is asked and has none: here, as its words say it were at IR5. */
static void spurious_15(void **state)
{
	(void)state;
	out(I8259_MASTER, ICW1);
	out(I8259_MASTER + DATA, MASTER_BASE);
	out(I8259_MASTER + DATA, 1 << 5);
	out(I8259_MASTER + DATA, ICW4_8086);
	out(I8259_SLAVE, ICW1);
	out(I8259_SLAVE + DATA, SLAVE_BASE);
	out(I8259_SLAVE + DATA, 5);
	out(I8259_SLAVE + DATA, ICW4_8086);
	irq(5, true);
	assert_int_equal(take(), 15);
	out(I8259_MASTER, READ_ISR);
	out(I8259_SLAVE, READ_ISR);
	/* So the guest owes the master an EOI, and the slave none. */
	assert_int_equal(in(I8259_MASTER), 1 << 5);
	assert_int_equal(in(I8259_SLAVE), 0);
}

static void a_slave_polled(void **state)
{
	(void)state;
	pulse(9);
	assert_true(cpu_line);
	out(I8259_SLAVE, POLL);
	assert_int_equal(in(I8259_SLAVE), 0x81);
	assert_false(cpu_line);
	out(I8259_SLAVE, EOI);
	pulse(10);
	assert_int_equal(take(), 10);
}

/* Each has to be told of the other, and where the other is. */
static void words_that_do_not_match(void **state)
{
	uint32_t number;

	(void)state;
	/* The master knows of no slave: the vector is its own. */
	out(I8259_MASTER, ICW1);
	out(I8259_MASTER + DATA, MASTER_BASE);
	out(I8259_MASTER + DATA, 0);
	out(I8259_MASTER + DATA, ICW4_8086);
	pulse(9);
	assert_int_equal(i8259_acknowledge(&pic, &number), MASTER_BASE + 2);
	/* The slave is not the one that is called: nobody says anything. */
	pic_setup(state);
	out(I8259_SLAVE, ICW1);
	out(I8259_SLAVE + DATA, SLAVE_BASE);
	out(I8259_SLAVE + DATA, 5);
	out(I8259_SLAVE + DATA, ICW4_8086);
	pulse(9);
	assert_int_equal(i8259_acknowledge(&pic, &number), 0xff);
	out(I8259_SLAVE, READ_ISR);
	assert_int_equal(in(I8259_SLAVE), 0);
}

/* ---- reading ---- */

static void poll(void **state)
{
	(void)state;
	out(I8259_MASTER, POLL);
	assert_int_equal(in(I8259_MASTER), 0);
	pulse(6);
	pulse(3);
	out(I8259_MASTER, POLL);
	assert_int_equal(in(I8259_MASTER), 0x83);
	/* It was an acknowledgement, and the next read is none. */
	assert_int_equal(in(I8259_MASTER), 1 << 6);
	out(I8259_MASTER, READ_ISR);
	assert_int_equal(in(I8259_MASTER), 1 << 3);
	assert_int_equal(take(), NONE);
	out(I8259_MASTER, EOI);
	out(I8259_MASTER, POLL);
	assert_int_equal(in(I8259_MASTER + DATA), 0x86);
}

static void reads_in_pairs(void **state)
{
	uint8_t both[2] = { READ_ISR, 0x5a };

	(void)state;
	pulse(0);
	take();
	/* OUT and IN of a word reach both of its ports. */
	out(I8259_MASTER, both[0]);
	out(I8259_MASTER + DATA, both[1]);
	both[0] = in(I8259_MASTER);
	both[1] = in(I8259_MASTER + DATA);
	assert_int_equal(both[0], 1 << 0);
	assert_int_equal(both[1], 0x5a);
}

static void says(uint16_t port, uint8_t value, const char *text)
{
	out(port, value);
	assert_string_equal(described(port, true, value), text);
}

static void in_words(void **state)
{
	(void)state;
	says(I8259_SLAVE, ICW1, "ICW1 = 0x11");
	says(I8259_SLAVE + DATA, SLAVE_BASE, "ICW2 = 0x38");
	says(I8259_SLAVE + DATA, CASCADE_ID, "ICW3 = 0x02");
	says(I8259_SLAVE + DATA, ICW4_8086, "ICW4 = 0x01");
	says(I8259_SLAVE + DATA, 0xfb, "IMR = 0xfb");
	says(I8259_SLAVE, EOI, "OCW2 = 0x20: EOI");
	says(I8259_SLAVE, SPECIFIC_EOI | 5, "OCW2 = 0x65: EOI, IR5");
	says(I8259_SLAVE, ROTATE_EOI, "OCW2 = 0xa0: EOI and rotation");
	says(I8259_SLAVE, SET_PRIORITY | 3, "OCW2 = 0xc3: IR3 is the lowest");
	says(I8259_SLAVE, READ_ISR, "OCW3 = 0x0b: read ISR");
	in(I8259_SLAVE);
	assert_string_equal(described(I8259_SLAVE, false, 0), "ISR = 0x00");
	says(I8259_SLAVE, READ_IRR, "OCW3 = 0x0a: read IRR");
	in(I8259_SLAVE);
	assert_string_equal(described(I8259_SLAVE, false, 0), "IRR = 0x00");
	says(I8259_SLAVE, SPECIAL_MASK, "OCW3 = 0x68: special mask");
	says(I8259_SLAVE, NO_SPECIAL_MASK, "OCW3 = 0x48: usual mask");
	says(I8259_SLAVE, POLL, "OCW3 = 0x0c: poll");
	in(I8259_SLAVE);
	assert_string_equal(described(I8259_SLAVE, false, 0), "poll = 0x00");
	in(I8259_SLAVE + DATA);
	assert_string_equal(described(I8259_SLAVE + DATA, false, 0xfb),
			    "IMR = 0xfb");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(priorities),
		TEST(each_again_and_again),
		TEST(in_service_in_both),
		TEST(a_slave_does_not_nest),
		TEST(special_fully_nested),
		TEST(masked_at_the_master),
		TEST(spurious_7),
		TEST(spurious_15),
		TEST(a_slave_polled),
		TEST(words_that_do_not_match),
		TEST(poll),
		TEST(reads_in_pairs),
		TEST(in_words),
	};

	return cmocka_run_group_tests_name("two 8259As", tests, NULL, NULL);
}
