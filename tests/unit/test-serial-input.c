/* Input on COM1: all of it, in its order, when the driver is ready for it. */
#include "com1.h"

/* Else input is lost while the kernel prints, with interrupts off. */
static void ier_shows_input_that_waits(void **state)
{
	(void)state;
	listen();
	out(UART_IER, 0);
	receive("k");
	assert_false(fake.line);
	out(UART_IER, UART_IER_RDI);
	assert_true(fake.line);
	assert_int_equal(in(UART_IIR), UART_IIR_RDI | FIFOS_ON);
	assert_int_equal(in(UART_RX), 'k');
	assert_false(fake.line);
}

/* What comes before the driver is ready would be cleared from the FIFO. */
static void input_waits_for_the_driver(void **state)
{
	(void)state;
	receive("early");
	out(UART_IER, UART_IER_RDI);
	assert_false(fake.line);
	out(UART_FCR, FIFO_CLEAR);
	assert_int_equal(in(UART_RX), 0);
	out(UART_IER, 0);
	out(UART_MCR, UART_MCR_RTS);
	assert_int_equal(in(UART_RX), 0);
	out(UART_IER, UART_IER_RDI);
	assert_true(fake.line);
	for (const char *next = "early"; *next; next++)
		assert_int_equal(in(UART_RX), *next);
}

static void input_comes_to_who_polls(void **state)
{
	(void)state;
	receive("p");
	/* Twice in a row is what Linux does before it clears the FIFO. */
	assert_false(lsr_has(UART_LSR_DR));
	assert_false(lsr_has(UART_LSR_DR));
	in(UART_MSR);
	assert_false(lsr_has(UART_LSR_DR));
	assert_false(lsr_has(UART_LSR_DR));
	out(UART_SCR, 0);
	assert_false(lsr_has(UART_LSR_DR));
	assert_false(lsr_has(UART_LSR_DR));
	assert_true(lsr_has(UART_LSR_DR));
	assert_int_equal(in(UART_RX), 'p');
}

static void paste(size_t from, size_t size)
{
	for (size_t i = from; i < from + size; i++)
		serial_receive(&serial, &(uint8_t){ pattern(i) }, 1);
}

static void expect_pasted(size_t from, size_t size)
{
	for (size_t i = from; i < from + size; i++) {
		assert_true(lsr_has(UART_LSR_DR));
		assert_int_equal(in(UART_RX), pattern(i));
	}
}

static void a_paste_of_64_kib_arrives_whole(void **state)
{
	(void)state;
	assert_int_equal(serial_room(&serial), 65536);
	paste(0, 65536);
	assert_int_equal(serial_room(&serial), 0);
	assert_int_equal(fake.wakes, 0);

	/* Room again: the console is told, once. */
	listen();
	assert_int_equal(fake.wakes, 1);
	assert_int_equal(serial_room(&serial), 16);
	expect_pasted(0, 1000);
	assert_int_equal(fake.wakes, 1);
	assert_int_equal(serial_room(&serial), 1016);
	paste(65536, 1016); /* around the ring's end */
	expect_pasted(1000, 65552);
	assert_false(lsr_has(UART_LSR_DR));
	assert_int_equal(fake.wakes, 2);
	assert_int_equal(serial_room(&serial), 65536);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(ier_shows_input_that_waits),
		TEST(input_waits_for_the_driver),
		TEST(input_comes_to_who_polls),
		TEST(a_paste_of_64_kib_arrives_whole),
	};

	return cmocka_run_group_tests_name("serial input", tests, NULL, NULL);
}
