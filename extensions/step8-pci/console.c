#include "console.h"

#include "event-loop.h"
#include "stop.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CTRL_A 1

/* So long the rest of a line is waited for before its start is written. */
#define LINE_MS 10

/* So often somebody who waits for output looks whether we are to end. */
#define LOOK_MS 100

/* A guest that takes no key for so long loses those it has no room for. */
#define DEAF_MS 1000

/* A machine that has not ended so long after Ctrl-A x is left behind. */
#define QUIT_MS 2000

/* ---- output: from a vCPU's thread to the event loop's ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* less to write */
static uint8_t output[4096]; /* under lock */
static size_t output_size; /* under lock */
static struct event out; /* under lock: standard output */
static bool out_blocks; /* set once */
static struct event line_timer; /* the rest of the line has not come */
static atomic_bool unwritten; /* is there anything on its way? */
static atomic_bool quitting; /* the user has had enough */

/* Waits for a change, under lock; not for ever, and false if in vain. */
static bool wait_for_change(long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return pthread_cond_timedwait(&changed, &lock, &until) == 0;
}

/* Does a write of one byte, at least, not block? */
static bool takes_output(void)
{
	struct pollfd room = { .fd = out.fd, .events = POLLOUT };

	return !out_blocks || poll(&room, 1, 0) > 0;
}

/* Under lock: writes as much as standard output takes without a wait. */
static void write_out(void)
{
	while (output_size > 0 && takes_output()) {
		size_t most = out_blocks ? 1 : output_size;
		ssize_t done = write(out.fd, output, most);

		if (done < 0 && errno == EAGAIN)
			break;
		/* What nobody takes any more is dropped. */
		if (done < 0 && errno != EINTR)
			done = (ssize_t)output_size;
		if (done > 0) {
			output_size -= (size_t)done;
			memmove(output, output + done, output_size);
		}
	}
	unwritten = output_size > 0;
	event_wait_for(&out, unwritten ? EPOLLOUT : 0);
	pthread_cond_broadcast(&changed);
}

static void output_ready(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	write_out();
	pthread_mutex_unlock(&lock);
}

static void line_waited_for(void *unused)
{
	if (event_timer_expired(&line_timer))
		output_ready(unused);
}

/*
 * Standard output, so that a write to it does not block: opened once more,
 * because all who share ours with us share its O_NONBLOCK, too.
 */
static void open_output(void)
{
	int fd = -1;
	struct stat status;

	/* Opened anew, a file would begin at its start. */
	if (fstat(STDOUT_FILENO, &status) == 0 && !S_ISREG(status.st_mode)) {
		fd = open("/proc/self/fd/1",
			  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		out_blocks = fd < 0;
	}
	event_init(&out, fd < 0 ? STDOUT_FILENO : fd, output_ready, NULL);
	event_timer_init(&line_timer, line_waited_for, NULL);
}

void console_write(void *unused, uint8_t character)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	while (output_size == sizeof(output) && !stop_asked())
		wait_for_change(LOOK_MS);
	if (output_size < sizeof(output))
		output[output_size++] = character;
	unwritten = true;
	/* In one go with the rest of its line, if that comes. */
	if (character == '\n' || output_size == sizeof(output))
		event_wait_for(&out, EPOLLOUT);
	else if (output_size == 1)
		event_timer_start(&line_timer, LINE_MS);
	pthread_mutex_unlock(&lock);
}

/* A remark of our own: as much of it as there is room for. */
static void print(const char *text)
{
	pthread_mutex_lock(&lock);
	while (*text && output_size < sizeof(output))
		output[output_size++] = (uint8_t)*text++;
	unwritten = true;
	event_wait_for(&out, EPOLLOUT);
	pthread_mutex_unlock(&lock);
}

/* Ahead of a sudden end: gives output a second to get out. */
static void drain(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; unwritten && i < 1000; i++) {
		/* Nobody else writes while the loop's thread is here. */
		if (event_loop_is_here() && pthread_mutex_trylock(&lock) == 0) {
			write_out();
			pthread_mutex_unlock(&lock);
		}
		nanosleep(&moment, NULL);
	}
}

/* ---- input: all of it is the event loop's thread's ---- */

static struct console_listener guest;
static struct event in, signals;
static struct event room_bell; /* the guest has room again */
static struct event deaf_timer, quit_timer;
static bool open_input = true; /* standard input is not at its end */
static bool deaf; /* the guest has taken no key for long */
static bool escape; /* the last key was Ctrl-A */

static void print_help(void)
{
	print("\r\n"
	      "Ctrl-A x       quit the virtual machine\r\n"
	      "Ctrl-A Ctrl-A  send a Ctrl-A to the guest (also: Ctrl-A a)\r\n"
	      "Ctrl-A h       this help\r\n");
}

/* Is this key for the guest?  What follows a Ctrl-A may be changed for it. */
static bool for_guest(uint8_t *key)
{
	if (!terminal_present())
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
		quitting = true;
		stop_machine();
		event_timer_start(&quit_timer, QUIT_MS);
		return false;
	default:
		print_help();
		return false;
	}
}

/* Reads what there is, into `room` bytes or into none; false at its end. */
static bool read_input(size_t room)
{
	uint8_t keys[256];
	size_t most = room > 0 && room < sizeof(keys) ? room : sizeof(keys);
	size_t size = 0;
	ssize_t length = read(STDIN_FILENO, keys, most);

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	for (ssize_t i = 0; i < length; i++)
		if (for_guest(&keys[i]))
			keys[size++] = keys[i];
	if (room > 0)
		guest.receive(guest.owner, keys, size);
	else if (size > 0)
		print("\a");
	return length > 0;
}

/* To be called after every change: are keys wanted now? */
static void look_for_keys(void)
{
	bool room = guest.room(guest.owner) > 0;

	deaf = deaf && !room;
	/* Once the user has quit, no key puts that off. */
	event_wait_for(&in,
		       open_input && !quitting && (room || deaf) ? EPOLLIN : 0);
	if (!room && !deaf && terminal_present())
		event_timer_start(&deaf_timer, DEAF_MS);
}

static void input_ready(void *unused)
{
	size_t room = guest.room(guest.owner);

	(void)unused;
	if (in.waits_for && (room > 0 || deaf))
		open_input = read_input(room);
	look_for_keys();
}

static void room_again(void *unused)
{
	(void)unused;
	event_unring(&room_bell);
	look_for_keys();
}

static void deaf_for_long(void *unused)
{
	(void)unused;
	if (!event_timer_expired(&deaf_timer))
		return;
	deaf = guest.room(guest.owner) == 0;
	look_for_keys();
}

static void quit_in_vain(void *unused)
{
	(void)unused;
	if (!event_timer_expired(&quit_timer))
		return;
	terminal_restore();
	_exit(0);
}

static void signal_came(void *unused)
{
	(void)unused;
	terminal_take_signal(signals.fd);
}

void console_wake(void *unused)
{
	(void)unused;
	event_ring(&room_bell);
}

/* ---- start and stop ---- */

void console_start(const struct console_listener *listener)
{
	pthread_condattr_t clock;

	guest = *listener;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &clock);

	open_output();
	event_init(&in, STDIN_FILENO, input_ready, NULL);
	event_bell_init(&room_bell, room_again, NULL);
	event_timer_init(&deaf_timer, deaf_for_long, NULL);
	event_timer_init(&quit_timer, quit_in_vain, NULL);
	event_init(&signals, terminal_open(drain), signal_came, NULL);
	event_wait_for(&signals, EPOLLIN);
	atexit(drain);
	look_for_keys();
}

void console_drain(void)
{
	pthread_mutex_lock(&lock);
	if (unwritten)
		event_wait_for(&out, EPOLLOUT);
	/* The user may still quit while we wait for a blocked terminal. */
	while (unwritten && !quitting)
		wait_for_change(LOOK_MS);
	pthread_mutex_unlock(&lock);
}

void console_stop(void)
{
	unwritten = false;
	terminal_close(signals.fd);
}
