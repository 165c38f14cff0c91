/*
 * The serial port with its two threads, as the VMM has them: this one is the
 * vCPU, which prints, and reads what comes; another is the console, which
 * feeds it.  For ThreadSanitizer: what the lock does not cover shows here.
 */
#include "com1.h"

#include <sched.h>

#define TOTAL 200000 /* three times what fits */

static void *feed(void *unused)
{
	uint8_t keys[256];
	size_t sent = 0;

	while (sent < TOTAL) {
		size_t size = serial_room(&serial);

		if (size > sizeof(keys))
			size = sizeof(keys);
		if (size > TOTAL - sent)
			size = TOTAL - sent;
		for (size_t i = 0; i < size; i++)
			keys[i] = pattern(sent + i);
		serial_receive(&serial, keys, size);
		sent += size;
		if (size == 0)
			sched_yield();
	}
	return unused;
}

static void paste_while_the_guest_prints(void **state)
{
	size_t received = 0;
	pthread_t feeder;

	(void)state;
	serial_init(&serial, &FAKE_LINE, &FAKE_PEER);
	listen();
	out(UART_IER, UART_IER_RDI | UART_IER_THRI);
	assert_int_equal(pthread_create(&feeder, NULL, feed, NULL), 0);
	while (received < TOTAL) {
		uint8_t lsr = in(UART_LSR);

		assert_int_equal(lsr & UART_LSR_OE, 0);
		if (lsr & UART_LSR_DR)
			assert_int_equal(in(UART_RX), pattern(received++));
		else
			out(UART_TX, '.');
		in(UART_IIR);
	}
	pthread_join(feeder, NULL);
	assert_int_equal(serial_room(&serial), SERIAL_INPUT_SIZE);
	/* All is read, and said: nothing is pending. */
	in(UART_IIR);
	assert_false(fake.line);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(paste_while_the_guest_prints),
	};

	return cmocka_run_group_tests_name("serial, two threads", tests, NULL,
					   NULL);
}
