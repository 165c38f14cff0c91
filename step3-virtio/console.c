#include "console.h"

#include "die.h"
#include "serial.h"
#include "vcpu.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_A 1

/* The default of 8 MiB could be backed by a page of 2 MiB. */
#define STACK_SIZE (256 << 10)

static struct vcpu *vcpu;
static pthread_t thread;
static int wake_fd; /* interrupts the thread's poll */
static atomic_bool quitting; /* the user has had enough */
static atomic_bool stopping;

static uint8_t line[256]; /* what is not written out yet */
static size_t line_size;

static bool is_terminal;
static bool escape; /* the last key was Ctrl-A */
static struct termios cooked, raw;

/* ---- the terminal's mode ---- */

static void restore_terminal(void)
{
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
}

/* The end by a signal: as without us, but with the terminal restored. */
static void end_by_signal(int number)
{
	restore_terminal();
	signal(number, SIG_DFL);
	raise(number);
}

static void stop_by_signal(int number)
{
	(void)number;
	restore_terminal();
	raise(SIGSTOP);
}

static void continue_by_signal(int number)
{
	(void)number;
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void handle_signals(void)
{
	static const int ends[] = { SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGABRT,
				    SIGSEGV, SIGBUS, SIGILL,  SIGFPE };
	struct sigaction action = { .sa_handler = end_by_signal };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
	action.sa_handler = stop_by_signal;
	sigaction(SIGTSTP, &action, NULL);
	action.sa_handler = continue_by_signal;
	sigaction(SIGCONT, &action, NULL);
	/* A closed pipe is an error of write(). */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static void make_raw(void)
{
	is_terminal = tcgetattr(STDIN_FILENO, &cooked) == 0;
	if (!is_terminal)
		return;
	raw = cooked;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	atexit(restore_terminal);
}

/* ---- input ---- */

static void print_help(void)
{
	static const char help[] =
		"\r\n"
		"Ctrl-A x       quit the virtual machine\r\n"
		"Ctrl-A Ctrl-A  send a Ctrl-A to the guest (also: Ctrl-A a)\r\n"
		"Ctrl-A h       this help\r\n";

	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	/* Where output is blocked, this thread has to stay free for a quit. */
	if (poll(&out, 1, 0) == 1 &&
	    write(STDOUT_FILENO, help, sizeof(help) - 1) < 0)
		return;
}

static void quit(void)
{
	quitting = true;
	vcpu_stop(vcpu);
}

/* Is this key for the guest?  What follows a Ctrl-A may be changed for it. */
static bool for_guest(uint8_t *key)
{
	if (!is_terminal)
		return true;
	if (!escape) {
		escape = *key == CTRL_A;
		return !escape;
	}

	escape = false;
	switch (*key) {
	case CTRL_A:
	case 'a':
		*key = CTRL_A;
		return true;
	case 'x':
		quit();
		return false;
	default:
		print_help();
		return false;
	}
}

/* Reads what there is; false at its end. */
static bool read_input(size_t room)
{
	uint8_t keys[256];
	size_t size = 0;
	ssize_t length;

	length = read(STDIN_FILENO, keys,
		      room < sizeof(keys) ? room : sizeof(keys));
	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	for (ssize_t i = 0; i < length; i++)
		if (for_guest(&keys[i]))
			keys[size++] = keys[i];
	serial_receive(&vcpu->vm->serial, keys, size);
	return length > 0;
}

static void *console_thread(void *unused)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = wake_fd, .events = POLLIN },
	};
	bool open = true;
	uint64_t wakes;

	while (!stopping) {
		size_t room = serial_room(&vcpu->vm->serial);

		/* poll() passes over a negative one. */
		fds[0].fd = open && room > 0 ? STDIN_FILENO : -1;
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents && read(wake_fd, &wakes, sizeof(wakes)) < 0)
			die_errno("eventfd");
		if (fds[0].revents)
			open = read_input(room);
	}
	return unused;
}

void console_wake(void)
{
	static const uint64_t one = 1;

	if (write(wake_fd, &one, sizeof(one)) < 0)
		die_errno("eventfd");
}

/* ---- output ---- */

void console_write(uint8_t character)
{
	line[line_size++] = character;
	if (character == '\n' || line_size == sizeof(line))
		console_flush();
}

void console_flush(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	size_t done = 0;

	/* A signal ends the wait for a terminal: the timer's comes each second. */
	while (!quitting && done < line_size) {
		ssize_t length =
			write(STDOUT_FILENO, line + done, line_size - done);

		if (length >= 0)
			done += (size_t)length;
		else if (errno == EAGAIN)
			poll(&out, 1, -1);
		else if (errno != EINTR)
			break;
	}
	line_size = 0;
}

/* ---- start and stop ---- */

void console_start(struct vcpu *fed)
{
	pthread_attr_t attributes;
	sigset_t timer;

	vcpu = fed;
	wake_fd = eventfd(0, EFD_CLOEXEC);
	if (wake_fd < 0)
		die_errno("eventfd");
	handle_signals();
	make_raw();

	/* The timer's signal is for the vCPU's thread alone. */
	sigemptyset(&timer);
	sigaddset(&timer, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &timer, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	errno = pthread_create(&thread, &attributes, console_thread, NULL);
	if (errno)
		die_errno("the console's thread");
	pthread_sigmask(SIG_UNBLOCK, &timer, NULL);
}

void console_stop(void)
{
	stopping = true;
	console_wake();
	pthread_join(thread, NULL);
	console_flush();
	restore_terminal();
	close(wake_fd);
}
