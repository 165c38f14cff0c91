#include "event-loop.h"

#include "die.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The default of 8 MiB could be backed by a page of 2 MiB. */
#define STACK_SIZE (256 << 10)

/* So many that are ready are told of at once. */
#define BATCH 16

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int epoll_fd;
static pthread_t thread; /* written before it starts */
static atomic_bool stopping;
static struct event stop_bell;

static void create_epoll(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		die_errno("epoll_create1");
}

static void *run(void *unused)
{
	struct epoll_event events[BATCH];

	while (!stopping) {
		int count = epoll_wait(epoll_fd, events, BATCH, -1);

		if (count < 0 && errno != EINTR)
			die_errno("epoll_wait");
		for (int i = 0; i < count && !stopping; i++) {
			struct event *event = events[i].data.ptr;

			event->ready(event->owner);
		}
	}
	return unused;
}

static void stop_asked_for(void *unused)
{
	(void)unused;
	event_unring(&stop_bell);
}

void event_loop_start(void)
{
	pthread_attr_t attributes;

	event_bell_init(&stop_bell, stop_asked_for, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	errno = pthread_create(&thread, &attributes, run, NULL);
	if (errno)
		die_errno("a thread for the event loop");
}

bool event_loop_is_here(void)
{
	return pthread_equal(thread, pthread_self());
}

void event_loop_stop(void)
{
	stopping = true;
	event_ring(&stop_bell);
	pthread_join(thread, NULL);
	event_close(&stop_bell);
}

void event_init(struct event *event, int fd, void (*ready)(void *owner),
		void *owner)
{
	*event = (struct event){
		.fd = fd, .ready = ready, .owner = owner, .substitute_fd = -1
	};
	pthread_once(&once, create_epoll);
}

/* What epoll cannot wait for is always ready, as is an eventfd that is 1. */
static int substitute(struct event *event)
{
	event->is_file = true;
	event->substitute_fd = eventfd(1, EFD_CLOEXEC);
	if (event->substitute_fd < 0)
		die_errno("eventfd");
	return event->substitute_fd;
}

void event_wait_for(struct event *event, uint32_t what)
{
	struct epoll_event wanted = { .events = what, .data.ptr = event };
	int how = event->waits_for ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	int fd = event->fd;

	if (what == event->waits_for)
		return;
	if (event->is_file) {
		fd = event->substitute_fd;
		wanted.events = what ? EPOLLIN : 0;
	}
	/* With 0, epoll would still tell of an end and of errors. */
	if (!what)
		how = EPOLL_CTL_DEL;
	event->waits_for = what;
	if (epoll_ctl(epoll_fd, how, fd, &wanted) == 0)
		return;
	if (errno != EPERM || event->is_file)
		die_errno("epoll_ctl");
	wanted.events = EPOLLIN;
	if (epoll_ctl(epoll_fd, how, substitute(event), &wanted) < 0)
		die_errno("epoll_ctl");
}

void event_close(struct event *event)
{
	event_wait_for(event, 0);
	close(event->fd);
	if (event->is_file)
		close(event->substitute_fd);
	event->fd = -1;
}

void event_timer_init(struct event *timer, void (*ready)(void *owner),
		      void *owner)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		die_errno("timerfd_create");
	event_init(timer, fd, ready, owner);
	event_wait_for(timer, EPOLLIN);
}

void event_timer_start(struct event *timer, unsigned int ms)
{
	const struct itimerspec when = {
		.it_value = { .tv_sec = ms / 1000,
			      .tv_nsec = ms % 1000 * 1000000L },
	};

	if (timerfd_settime(timer->fd, 0, &when, NULL) < 0)
		die_errno("timerfd_settime");
}

bool event_timer_expired(struct event *timer)
{
	uint64_t times;

	return read(timer->fd, &times, sizeof(times)) == sizeof(times);
}

void event_bell_init(struct event *bell, void (*ready)(void *owner),
		     void *owner)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		die_errno("eventfd");
	event_init(bell, fd, ready, owner);
	event_wait_for(bell, EPOLLIN);
}

void event_ring(struct event *bell)
{
	static const uint64_t one = 1;

	/* It fails only where it has rung 2^64 times, and is rung. */
	if (write(bell->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		die_errno("eventfd");
}

void event_unring(struct event *bell)
{
	uint64_t times;

	if (read(bell->fd, &times, sizeof(times)) < 0 && errno != EAGAIN)
		die_errno("eventfd");
}
