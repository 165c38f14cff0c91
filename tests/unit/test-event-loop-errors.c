/*
 * The event loop on a host that refuses: each error ends the VMM, with a line
 * that says which call it was.  Each has a process of its own, with an event loop
 * that nobody has used.
 */
#include "test.h"

#include "event-loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the host ---- */

/* The call that is to fail with ENOMEM; written before the loop's thread is */
static const char *failing = "";
static int good; /* after so many that do not */

static bool fails(const char *call)
{
	if (strcmp(call, failing) != 0 || good-- > 0)
		return false;
	errno = ENOMEM;
	return true;
}

/* The linker's names: __real_X is what X was, __wrap_X is what it is now. */
int __real_epoll_create1(int flags);
int __real_epoll_ctl(int epoll, int how, int fd, struct epoll_event *event);
int __real_epoll_wait(int epoll, struct epoll_event *events, int count, int ms);
int __real_eventfd(unsigned int value, int flags);
int __real_timerfd_create(clockid_t clock, int flags);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*run)(void *), void *argument);

int __wrap_epoll_create1(int flags);
int __wrap_epoll_ctl(int epoll, int how, int fd, struct epoll_event *event);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int count, int ms);
int __wrap_eventfd(unsigned int value, int flags);
int __wrap_timerfd_create(clockid_t clock, int flags);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*run)(void *), void *argument);

int __wrap_epoll_create1(int flags)
{
	return fails("epoll_create1") ? -1 : __real_epoll_create1(flags);
}

int __wrap_epoll_ctl(int epoll, int how, int fd, struct epoll_event *event)
{
	return fails("epoll_ctl") ? -1
				  : __real_epoll_ctl(epoll, how, fd, event);
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int count, int ms)
{
	return fails("epoll_wait")
		       ? -1
		       : __real_epoll_wait(epoll, events, count, ms);
}

int __wrap_eventfd(unsigned int value, int flags)
{
	return fails("eventfd") ? -1 : __real_eventfd(value, flags);
}

int __wrap_timerfd_create(clockid_t clock, int flags)
{
	return fails("timerfd_create") ? -1
				       : __real_timerfd_create(clock, flags);
}

/* It returns its error, and leaves errno alone. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*run)(void *), void *argument)
{
	if (strcmp(failing, "pthread_create") == 0)
		return ENOMEM;
	return __real_pthread_create(thread, attributes, run, argument);
}

/* ---- the process that is to end ---- */

/* It ends with status 1 and one line: its name, and this. */
static void expect_end(void (*function)(void), const char *why)
{
	char text[256], expected[256];
	int ends[2], status;
	size_t length = 0;
	ssize_t size;
	pid_t child;

	assert_return_code(pipe(ends), errno);
	child = fork();
	assert_return_code(child, errno);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		function();
		_exit(0);
	}
	close(ends[1]);
	while ((size = read(ends[0], text + length,
			    sizeof(text) - 1 - length)) > 0)
		length += (size_t)size;
	text[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	snprintf(expected, sizeof(expected), "%s: %s\n",
		 program_invocation_short_name, why);
	assert_string_equal(text, expected);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

/* The same where this call fails, after `number` that do not. */
static void expect_failure(void (*function)(void), const char *call, int number,
			   const char *why)
{
	failing = call;
	good = number;
	expect_end(function, why);
	failing = "";
}

static struct event event;

static void never_ready(void *unused)
{
	(void)unused;
}

static void start(void)
{
	event_loop_start();
	sleep(10); /* the thread's end is the end of all, and before */
}

static void the_loop_itself(void **state)
{
	(void)state;
	expect_failure(start, "epoll_create1", 0,
		       "epoll_create1: Cannot allocate memory");
	expect_failure(start, "eventfd", 0, "eventfd: Cannot allocate memory");
	expect_failure(start, "pthread_create", 0,
		       "a thread for the event loop: Cannot allocate memory");
	expect_failure(start, "epoll_wait", 0,
		       "epoll_wait: Cannot allocate memory");
}

/* ---- what it waits for ---- */

static void wait_for_a_file(void)
{
	event_init(&event, open("/proc/self/exe", O_RDONLY), never_ready, NULL);
	event_wait_for(&event, EPOLLIN);
}

/* Its substitute may fail as well as itself. */
static void a_file(void **state)
{
	(void)state;
	expect_failure(wait_for_a_file, "epoll_ctl", 0,
		       "epoll_ctl: Cannot allocate memory");
	expect_failure(wait_for_a_file, "epoll_ctl", 1,
		       "epoll_ctl: Cannot allocate memory");
	expect_failure(wait_for_a_file, "eventfd", 0,
		       "eventfd: Cannot allocate memory");
}

static void create_timer(void)
{
	event_timer_init(&event, never_ready, NULL);
}

/* Not one of ours: a descriptor that is closed */
static void start_closed_timer(void)
{
	event = (struct event){ .fd = -1 };
	event_timer_start(&event, 1);
}

static void a_timer(void **state)
{
	(void)state;
	expect_failure(create_timer, "timerfd_create", 0,
		       "timerfd_create: Cannot allocate memory");
	expect_end(start_closed_timer, "timerfd_settime: Bad file descriptor");
}

static void ring_closed_bell(void)
{
	event = (struct event){ .fd = -1 };
	event_ring(&event);
}

static void unring_closed_bell(void)
{
	event = (struct event){ .fd = -1 };
	event_unring(&event);
}

static void a_bell(void **state)
{
	(void)state;
	expect_end(ring_closed_bell, "eventfd: Bad file descriptor");
	expect_end(unring_closed_bell, "eventfd: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loop_itself),
		cmocka_unit_test(a_file),
		cmocka_unit_test(a_timer),
		cmocka_unit_test(a_bell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
