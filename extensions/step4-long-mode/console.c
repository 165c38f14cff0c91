#include "console.h"

#include "die.h"
#include "stop.h"
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CTRL_A 1

/* The default of 8 MiB could be backed by a page of 2 MiB. */
#define STACK_SIZE (256 << 10)

/* So long the rest of a line is waited for before its start is written. */
#define LINE_MS 10

/* So often somebody who waits for output looks whether we are to end. */
#define LOOK_MS 100

/* A guest that takes no key for so long loses those it has no room for. */
#define DEAF_MS 1000

/* A machine that has not ended so long after Ctrl-A x is left behind. */
#define QUIT_MS 2000

/* ---- output: from a vCPU's thread to a thread of its own ---- */

static pthread_t writer;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* more to write, or less */
static uint8_t output[4096]; /* under lock */
static size_t output_size; /* under lock */
static bool output_ends; /* under lock: no more will come */
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

/* Writes it all; what nobody takes any more is dropped. */
static void write_out(const uint8_t *data, size_t size)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (size > 0) {
		ssize_t done = write(STDOUT_FILENO, data, size);

		if (done >= 0) {
			data += done;
			size -= (size_t)done;
		} else if (errno == EAGAIN) {
			poll(&out, 1, -1);
		} else if (errno != EINTR) {
			return;
		}
	}
}

static void *write_output(void *unused)
{
	uint8_t data[sizeof(output)];
	size_t size;

	pthread_mutex_lock(&lock);
	while (output_size > 0 || !output_ends) {
		if (output_size == 0) {
			pthread_cond_wait(&changed, &lock);
			continue;
		}
		/* In one go with the rest of its line, if that comes. */
		while (!output_ends && output[output_size - 1] != '\n' &&
		       output_size < sizeof(output) && wait_for_change(LINE_MS))
			;
		size = output_size;
		memcpy(data, output, size);
		output_size = 0;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
		write_out(data, size);
		pthread_mutex_lock(&lock);
		unwritten = output_size > 0;
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&lock);
	return unused;
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
	if (output_size == 1 || character == '\n' ||
	    output_size == sizeof(output))
		pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* A remark of our own: as much of it as there is room for. */
static void print(const char *text)
{
	pthread_mutex_lock(&lock);
	while (*text && output_size < sizeof(output))
		output[output_size++] = (uint8_t)*text++;
	unwritten = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Ahead of a sudden end: gives output a second to get out. */
static void drain(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; unwritten && i < 1000; i++)
		nanosleep(&moment, NULL);
}

/* ---- input ---- */

static pthread_t reader;
static struct console_listener guest;
static int wake_fd; /* the guest has room again, or all ends */
static atomic_bool stopping;
static bool escape; /* the last key was Ctrl-A; reader's own */

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

static void *read_all_input(void *argument)
{
	int signal_fd = *(int *)argument;
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = wake_fd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};
	bool open = true, deaf = false;
	uint64_t wakes;

	while (!stopping) {
		size_t room = guest.room(guest.owner);
		int patience = -1; /* ms */
		int ready;

		if (quitting)
			patience = QUIT_MS;
		else if (room == 0 && terminal_present())
			patience = DEAF_MS;
		deaf = deaf && room == 0;
		/* poll() passes over a negative one; no key puts off quitting. */
		fds[0].fd = open && !quitting && (room > 0 || deaf)
				    ? STDIN_FILENO
				    : -1;
		ready = poll(fds, 3, patience);
		if (ready == 0 && quitting) {
			terminal_restore();
			_exit(0);
		}
		deaf = deaf || (ready == 0 && room == 0);
		if (ready <= 0)
			continue;
		if (fds[1].revents && read(wake_fd, &wakes, sizeof(wakes)) < 0)
			die_errno("eventfd");
		if (fds[2].revents)
			terminal_take_signal(signal_fd);
		if (fds[0].revents)
			open = read_input(room);
	}
	return NULL;
}

void console_wake(void *unused)
{
	static const uint64_t one = 1;

	(void)unused;
	if (write(wake_fd, &one, sizeof(one)) < 0)
		die_errno("eventfd");
}

/* ---- start and stop ---- */

static int signal_fd;

static void start_thread(pthread_t *thread, void *(*function)(void *),
			 void *argument)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	errno = pthread_create(thread, &attributes, function, argument);
	if (errno)
		die_errno("a thread for the console");
}

void console_start(const struct console_listener *listener)
{
	pthread_condattr_t clock;

	guest = *listener;
	wake_fd = eventfd(0, EFD_CLOEXEC);
	if (wake_fd < 0)
		die_errno("eventfd");
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &clock);

	signal_fd = terminal_open(drain);
	atexit(drain);
	start_thread(&writer, write_output, NULL);
	start_thread(&reader, read_all_input, &signal_fd);
}

void console_stop(void)
{
	pthread_mutex_lock(&lock);
	output_ends = true;
	pthread_cond_broadcast(&changed);
	/* The user may still quit while we wait for a blocked terminal. */
	while (unwritten && !quitting)
		wait_for_change(LOOK_MS);
	pthread_mutex_unlock(&lock);

	stopping = true;
	console_wake(NULL);
	pthread_join(reader, NULL);
	/* Otherwise the writer waits for a terminal that takes nothing. */
	if (!unwritten)
		pthread_join(writer, NULL);
	unwritten = false;
	terminal_close(signal_fd);
	close(wake_fd);
}
