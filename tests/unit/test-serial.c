/* COM1 as a driver sees it: PC16550D data sheet, and what Linux relies on. */
#include "com1.h"

static void after_reset(void **state)
{
	(void)state;
	assert_int_equal(in(UART_IER), 0);
	assert_int_equal(in(UART_IIR), UART_IIR_NO_INT);
	assert_int_equal(in(UART_LCR), 0);
	assert_int_equal(in(UART_MCR), 0);
	assert_int_equal(in(UART_LSR), UART_LSR_THRE | UART_LSR_TEMT);
	assert_int_equal(in(UART_MSR),
			 UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS);
	assert_false(fake.line);
}

static void sends_each_character(void **state)
{
	(void)state;
	for (unsigned int value = 0; value < 256; value++)
		out(UART_TX, (uint8_t)value);
	assert_int_equal(fake.output_size, 256);
	for (unsigned int value = 0; value < 256; value++)
		assert_int_equal(fake.output[value], value);
}

static void divisor_latch_is_apart(void **state)
{
	(void)state;
	listen();
	out(UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	receive("x");
	out(UART_DLL, 0x12);
	out(UART_DLM, UART_IER_THRI);
	assert_int_equal(in(UART_DLL), 0x12);
	assert_int_equal(in(UART_DLM), UART_IER_THRI);
	assert_int_equal(fake.output_size, 0);
	assert_int_equal(in(UART_IIR) & ~FIFOS_ON, UART_IIR_RDI);

	out(UART_LCR, UART_LCR_WLEN8);
	assert_int_equal(in(UART_LCR), UART_LCR_WLEN8);
	assert_int_equal(in(UART_IER), UART_IER_RDI);
	assert_int_equal(in(UART_RX), 'x');
	out(UART_TX, 0x34);
	assert_int_equal(fake.output_size, 1);
	out(UART_LCR, UART_LCR_DLAB);
	assert_int_equal(in(UART_DLL), 0x12);
	assert_int_equal(in(UART_DLM), UART_IER_THRI);
}

/* Each register has a place of its own. */
static void a_write_reaches_one_register(void **state)
{
	(void)state;
	out(UART_SCR, 0x77);
	out(UART_MCR, 0x0d);
	out(UART_LCR, 0x1b);
	out(UART_FCR, FIFO_ENABLE);
	out(UART_IER, 0x0a);
	assert_int_equal(in(UART_LCR), 0x1b);
	assert_int_equal(in(UART_MCR), 0x0d);
	assert_int_equal(in(UART_SCR), 0x77);
	assert_true(fifos_are_on());

	out(UART_LCR, 0x1b | UART_LCR_DLAB);
	out(UART_DLM, 0x55);
	out(UART_DLL, 0x66);
	assert_int_equal(in(UART_DLL), 0x66);
	assert_int_equal(in(UART_DLM), 0x55);
	assert_true(fifos_are_on());
	out(UART_LCR, 0x1b);
	assert_int_equal(in(UART_IER), 0x0a);
}

/* As the bus has them: the ports are eight, and a byte each. */
static void wider_accesses_are_to_many_registers(void **state)
{
	static const uint8_t two[] = { 0x1b, 0x0d };
	uint8_t all[9];

	(void)state;
	serial_device.write(&serial, UART_LCR, two, 2);
	assert_int_equal(in(UART_LCR), 0x1b);
	assert_int_equal(in(UART_MCR), 0x0d);
	out(UART_SCR, 0x77);
	memset(all, FAKE_FILL, sizeof(all));
	serial_device.read(&serial, 0, all, SERIAL_PORTS);
	assert_int_equal(all[UART_LCR], 0x1b);
	assert_int_equal(all[UART_MCR], 0x0d);
	assert_int_equal(all[UART_LSR], UART_LSR_THRE | UART_LSR_TEMT);
	assert_int_equal(all[UART_SCR], 0x77);
	assert_int_equal(all[SERIAL_PORTS], FAKE_FILL);
	serial_device.write(&serial, UART_TX, "ab", 1);
	assert_int_equal(fake.output_size, 1);
}

static void scratch_holds_its_value(void **state)
{
	(void)state;
	for (unsigned int value = 0; value < 256; value++) {
		out(UART_SCR, (uint8_t)value);
		assert_int_equal(in(UART_SCR), value);
	}
}

/* How Linux tells a 16550A from an 8250, and from a 16750 */
static void is_a_16550a(void **state)
{
	(void)state;
	out(UART_FCR, 0);
	assert_false(fifos_are_on());
	out(UART_FCR, FIFO_ENABLE);
	assert_true(fifos_are_on());
	out(UART_LCR, UART_LCR_DLAB);
	out(UART_FCR, FIFO_ENABLE | UART_FCR7_64BYTE);
	assert_int_equal(in(UART_IIR) >> 5, FIFOS_ON >> 5);
	/* Bits that do not exist do not stay. */
	out(UART_LCR, 0);
	out(UART_IER, 0xff);
	assert_int_equal(in(UART_IER), 0x0f);
	out(UART_MCR, 0xff);
	assert_int_equal(in(UART_MCR), 0x1f);
}

static void status_registers_cannot_be_written(void **state)
{
	(void)state;
	out(UART_LSR, 0xff);
	out(UART_MSR, 0x00);
	after_reset(state);
}

static void loopback_joins_the_modem_lines(void **state)
{
	static const uint8_t pairs[][2] = {
		{ UART_MCR_DTR, UART_MSR_DSR },
		{ UART_MCR_RTS, UART_MSR_CTS },
		{ UART_MCR_OUT1, UART_MSR_RI },
		{ UART_MCR_OUT2, UART_MSR_DCD },
	};

	(void)state;
	out(UART_MCR, UART_MCR_LOOP);
	assert_int_equal(in(UART_MSR), 0);
	for (size_t i = 0; i < 4; i++) {
		out(UART_MCR, UART_MCR_LOOP | pairs[i][0]);
		assert_int_equal(in(UART_MSR), pairs[i][1]);
	}
}

static void loopback_returns_characters(void **state)
{
	(void)state;
	listen();
	receive("typed");
	assert_int_equal(in(UART_RX), 't');
	out(UART_FCR, FIFO_CLEAR);
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	receive("later");
	assert_false(lsr_has(UART_LSR_DR));
	out(UART_TX, 'L');
	assert_int_equal(fake.output_size, 0);
	assert_true(lsr_has(UART_LSR_DR));
	assert_int_equal(in(UART_RX), 'L');
	assert_false(lsr_has(UART_LSR_DR));
	/* What was typed meanwhile comes afterwards. */
	out(UART_MCR, UART_MCR_RTS);
	assert_int_equal(in(UART_RX), 'l');
}

static void overrun(unsigned int capacity)
{
	out(UART_MCR, UART_MCR_LOOP);
	for (unsigned int i = 0; i < capacity; i++)
		out(UART_TX, (uint8_t)i);
	assert_false(lsr_has(UART_LSR_OE));
	out(UART_TX, 0xff);
	assert_int_equal(in(UART_LSR), UART_LSR_DR | UART_LSR_OE |
					       UART_LSR_THRE | UART_LSR_TEMT);
	assert_false(lsr_has(UART_LSR_OE));
	for (unsigned int i = 0; i < capacity; i++)
		assert_int_equal(in(UART_RX), i);
	assert_false(lsr_has(UART_LSR_DR));
	assert_int_equal(in(UART_RX), 0);
	assert_int_equal(serial.fifo_count, 0);
}

static void fifo_overrun(void **state)
{
	(void)state;
	out(UART_FCR, FIFO_ENABLE);
	overrun(16);
}

static void overrun_without_fifo(void **state)
{
	(void)state;
	overrun(1);
}

static void fcr_clears_the_fifo(void **state)
{
	static const uint8_t values[] = { FIFO_CLEAR, 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		set_up(state);
		listen();
		receive("ab");
		assert_true(fake.line);
		out(UART_FCR, values[i]);
		assert_false(lsr_has(UART_LSR_DR));
		assert_false(fake.line);
	}
	/* To enable it once more, or to clear the other one, does not. */
	listen();
	out(UART_FCR, FIFO_ENABLE);
	receive("c");
	out(UART_FCR, FIFO_ENABLE | UART_FCR_CLEAR_XMIT);
	assert_int_equal(in(UART_RX), 'c');
}

static void interrupts_by_priority(void **state)
{
	(void)state;
	out(UART_MCR, UART_MCR_LOOP);
	out(UART_TX, 'a');
	out(UART_TX, 'b'); /* the overrun */
	out(UART_IER, UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI);
	assert_true(fake.line);
	assert_int_equal(in(UART_IIR), UART_IIR_RLSI);
	assert_int_equal(in(UART_IIR), UART_IIR_RLSI);
	in(UART_LSR);
	assert_int_equal(in(UART_IIR), UART_IIR_RDI);
	assert_int_equal(in(UART_IIR), UART_IIR_RDI);
	in(UART_RX);
	assert_true(fake.line);
	assert_int_equal(in(UART_IIR), UART_IIR_THRI);
	assert_int_equal(in(UART_IIR), UART_IIR_NO_INT);
	assert_false(fake.line);
}

static void only_enabled_interrupts(void **state)
{
	(void)state;
	out(UART_MCR, UART_MCR_LOOP);
	out(UART_TX, 'a');
	out(UART_TX, 'b');
	assert_int_equal(in(UART_IIR), UART_IIR_NO_INT);
	assert_false(fake.line);
	out(UART_IER, UART_IER_RLSI);
	assert_int_equal(in(UART_IIR), UART_IIR_RLSI);
	out(UART_IER, UART_IER_RDI);
	assert_int_equal(in(UART_IIR), UART_IIR_RDI);
	out(UART_IER, UART_IER_MSI);
	assert_int_equal(in(UART_IIR), UART_IIR_NO_INT);
	assert_false(fake.line);
}

/* Linux tests for this, and takes the port for a broken one without it. */
static void enabling_thre_raises_it(void **state)
{
	(void)state;
	out(UART_IER, UART_IER_THRI);
	assert_true(fake.line);
	assert_int_equal(in(UART_IIR), UART_IIR_THRI);
	assert_false(fake.line);

	out(UART_IER, UART_IER_THRI); /* it was */
	assert_false(fake.line);
	out(UART_IER, 0);
	out(UART_IER, UART_IER_THRI);
	assert_int_equal(in(UART_IIR), UART_IIR_THRI);
}

static void each_character_sent_interrupts(void **state)
{
	(void)state;
	out(UART_IER, UART_IER_THRI);
	for (unsigned int i = 1; i < 5; i++) {
		/* An edge each, even where IIR has not been read */
		assert_int_equal(fake.edges, i);
		out(UART_TX, 'x');
	}
	assert_int_equal(in(UART_IIR), UART_IIR_THRI);
	out(UART_TX, 'x');
	assert_true(fake.line);
	out(UART_IER, 0);
	assert_false(fake.line);
}

static void expect_description(uint16_t offset, bool is_write, uint8_t value,
			       const char *expected)
{
	char text[80];

	serial_device.describe(&serial, offset, is_write, &value, 1, text,
			       sizeof(text));
	assert_string_equal(text, expected);
}

static void accesses_in_words(void **state)
{
	(void)state;
	expect_description(UART_TX, true, 'H', "THR = 0x48: 'H'");
	expect_description(UART_TX, true, '\n', "THR = 0x0a");
	expect_description(UART_RX, false, 'h', "RBR = 0x68: 'h'");
	expect_description(UART_IER, true, 0x0f,
			   "IER = 0x0f: receive transmit line modem");
	expect_description(UART_IIR, false, 0x01, "IIR = 0x01: no interrupt");
	expect_description(UART_IIR, false, 0xc6, "IIR = 0xc6: line status");
	expect_description(UART_IIR, false, 0xc4, "IIR = 0xc4: data received");
	expect_description(UART_IIR, false, 0x02,
			   "IIR = 0x02: transmitter empty");
	expect_description(UART_FCR, true, 0x07, "FCR = 0x07");
	expect_description(UART_LCR, true, 0x03, "LCR = 0x03: 8N1");
	expect_description(UART_LCR, true, 0x1e, "LCR = 0x1e: 7E2");
	expect_description(UART_LCR, true, 0x89,
			   "LCR = 0x89: 6O1, divisor latch");
	expect_description(UART_MCR, true, 0x0b, "MCR = 0x0b");
	expect_description(UART_LSR, false, 0x63,
			   "LSR = 0x63: data ready overrun transmitter empty");
	expect_description(UART_SCR, false, 0x5a, "SCR = 0x5a");
	out(UART_LCR, UART_LCR_DLAB);
	expect_description(UART_DLL, true, 'A', "DLL = 0x41");
	expect_description(UART_DLM, true, 0x01, "DLM = 0x01");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(after_reset),
		TEST(sends_each_character),
		TEST(wider_accesses_are_to_many_registers),
		TEST(divisor_latch_is_apart),
		TEST(a_write_reaches_one_register),
		TEST(scratch_holds_its_value),
		TEST(is_a_16550a),
		TEST(status_registers_cannot_be_written),
		TEST(loopback_joins_the_modem_lines),
		TEST(loopback_returns_characters),
		TEST(fifo_overrun),
		TEST(overrun_without_fifo),
		TEST(fcr_clears_the_fifo),
		TEST(interrupts_by_priority),
		TEST(only_enabled_interrupts),
		TEST(enabling_thre_raises_it),
		TEST(each_character_sent_interrupts),
		TEST(accesses_in_words),
	};

	return cmocka_run_group_tests_name("serial", tests, NULL, NULL);
}
