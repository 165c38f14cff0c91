/*
 * The console at a serial port, with all its threads: this one is the vCPU,
 * the console has two, and two play the person at the terminal.  Also for
 * ThreadSanitizer: what no lock covers shows here.
 *
 * A console starts once in a process: so this is one test.
 */
#include "test.h"

#include "console.h"
#include "serial.h"
#include "stop.h"

#include <linux/serial_reg.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Where there is an event loop it has the console's two threads' work. */
#if __has_include("event-loop.h")
#include "event-loop.h"

static void start_loop(void)
{
	event_loop_start();
}

static void stop_loop(void)
{
	console_drain();
	event_loop_stop();
}
#else
static void start_loop(void)
{
}

static void stop_loop(void)
{
}
#endif

#define TYPED	200000 /* three times what the serial port keeps */
#define PRINTED 100000
#define CTRL_A	"\x01"

static struct serial serial;
static int keyboard; /* the terminal's other end */
static int screen; /* the other end of standard output */

/* Never a Ctrl-A, and now and then the end of a line */
static uint8_t key(size_t i)
{
	return (uint8_t)(i ^ i / 251) | 0x80;
}

static uint8_t letter(size_t i)
{
	return i % 61 == 60 ? '\n' : (uint8_t)(i ^ i / 251);
}

static void *type(void *unused)
{
	uint8_t keys[500];

	for (size_t i = 0; i < TYPED; i++) {
		keys[i % sizeof(keys)] = key(i);
		if ((i + 1) % sizeof(keys) == 0)
			assert_int_equal(write(keyboard, keys, sizeof(keys)),
					 sizeof(keys));
	}
	return unused;
}

static void *look(void *unused)
{
	uint8_t text[300];
	size_t seen = 0;

	while (seen < PRINTED) {
		ssize_t size = read(screen, text, sizeof(text));

		assert_true(size > 0);
		for (ssize_t i = 0; i < size; i++)
			assert_int_equal(text[i], letter(seen++));
	}
	return unused;
}

static void wait_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = 50 * 1000000 };

	nanosleep(&moment, NULL);
}

/* Quits once standard output takes no more. */
static void *quit(void *unused)
{
	int size = 0, before;

	do {
		before = size;
		wait_a_moment();
		assert_return_code(ioctl(screen, FIONREAD, &size), 0);
	} while (size == 0 || size != before);
	assert_int_equal(write(keyboard, CTRL_A "x", 2), 2);
	return unused;
}

static uint8_t in(uint64_t offset)
{
	uint8_t value;

	serial_device.read(&serial, offset, &value, 1);
	return value;
}

static void out(uint64_t offset, uint8_t value)
{
	serial_device.write(&serial, offset, &value, 1);
}

/* The guest: an echo that is deaf now and then. */
static void read_and_print(void)
{
	size_t received = 0, printed = 0;

	while (received < TYPED || printed < PRINTED) {
		uint8_t lsr = in(UART_LSR);

		assert_int_equal(lsr & UART_LSR_OE, 0);
		if (lsr & UART_LSR_DR)
			assert_int_equal(in(UART_RX), key(received++));
		else if (printed < PRINTED)
			out(UART_TX, letter(printed++));
		in(UART_IIR);
	}
}

static bool level;

static void set_line(void *controller, uint32_t irq, bool new)
{
	(void)controller;
	(void)irq;
	level = new; /* under the serial port's lock */
}

static void set_up_serial(void)
{
	const struct irq_line line = { .set = set_line };
	const struct serial_peer peer = { console_write, console_wake, NULL };

	serial_init(&serial, &line, &peer);
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_MCR, UART_MCR_RTS);
	out(UART_IER, UART_IER_RDI | UART_IER_THRI);
}

/* A terminal for standard input, a pipe for standard output */
static void set_up_streams(struct termios *before)
{
	int ends[2], terminal;

	keyboard = posix_openpt(O_RDWR | O_NOCTTY);
	assert_return_code(keyboard, 0);
	assert_return_code(grantpt(keyboard), 0);
	assert_return_code(unlockpt(keyboard), 0);
	terminal = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
	assert_return_code(tcgetattr(terminal, before), 0);
	assert_return_code(dup2(terminal, STDIN_FILENO), 0);
	close(terminal);
	assert_return_code(pipe(ends), 0);
	assert_return_code(dup2(ends[1], STDOUT_FILENO), 0);
	close(ends[1]);
	screen = ends[0];
}

static sigset_t stop_signal;

static void block_stop_signal(void)
{
	sigemptyset(&stop_signal);
	sigaddset(&stop_signal, STOP_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &stop_signal, NULL);
	stop_tell_this_thread();
}

static void typed_printed_and_quit(void **state)
{
	const struct console_listener listener = { serial_room, serial_receive,
						   &serial };
	pthread_t typist, reader, quitter;
	struct termios before = { 0 }, after = { 0 };
	int stdout_before = dup(STDOUT_FILENO);
	time_t start;
	int number;

	(void)state;
	set_up_streams(&before);
	set_up_serial();
	block_stop_signal();
	console_start(&listener);
	start_loop();
	pthread_create(&typist, NULL, type, NULL);
	pthread_create(&reader, NULL, look, NULL);
	read_and_print();
	pthread_join(typist, NULL);
	pthread_join(reader, NULL);
	assert_int_equal(serial_room(&serial), SERIAL_INPUT_SIZE);

	/* Nobody reads any more; yet Ctrl-A x is heard. */
	pthread_create(&quitter, NULL, quit, NULL);
	while (!stop_asked())
		out(UART_TX, '.');
	pthread_join(quitter, NULL);
	start = time(NULL);
	stop_loop();
	console_stop();
	assert_in_range(time(NULL) - start, 0, 5);

	/* The console's writer, left behind, is not to write to ours. */
	close(screen);
	wait_a_moment();
	dup2(stdout_before, STDOUT_FILENO);
	assert_int_equal(sigwait(&stop_signal, &number), 0);
	assert_return_code(tcgetattr(STDIN_FILENO, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
}

/* ThreadSanitizer's hook: the writer is left behind, and may be. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0";
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(typed_printed_and_quit),
	};

	alarm(120);
	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
