#include "timer.h"

#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#define LEAST 1000 /* ns; 0 would order no signal */

/* After a function that took so long, the guest runs so long at least. */
#define PAUSE TIMER_MILLISECOND

static struct timer *first; /* those that run, the earliest first */

uint64_t timer_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * TIMER_SECOND + (uint64_t)now.tv_nsec;
}

/* Orders the signal for the earliest, after `least` ns or later. */
static void set_alarm(uint64_t least)
{
	struct itimerval alarm = { 0 };
	uint64_t now = timer_now();
	uint64_t us = least / 1000;

	if (!first)
		return;
	if (first->deadline > now + least)
		us = (first->deadline - now) / 1000;
	alarm.it_value.tv_sec = (time_t)(us / 1000000);
	alarm.it_value.tv_usec = (suseconds_t)(us % 1000000);
	setitimer(ITIMER_REAL, &alarm, NULL);
}

void timer_start(struct timer *timer, uint64_t delay)
{
	struct timer **place = &first;

	timer_stop(timer);
	timer->deadline = timer_now() + delay;
	while (*place && (*place)->deadline <= timer->deadline)
		place = &(*place)->next;
	timer->next = *place;
	*place = timer;
	if (first == timer)
		set_alarm(LEAST);
}

void timer_stop(struct timer *timer)
{
	struct timer **place = &first;

	while (*place && *place != timer)
		place = &(*place)->next;
	if (*place)
		*place = timer->next;
	timer->deadline = 0;
}

uint64_t timer_run(void)
{
	uint64_t now = timer_now();
	uint64_t late =
		first && first->deadline < now ? now - first->deadline : 0;
	uint64_t least = LEAST;

	while (first && first->deadline <= now) {
		struct timer *timer = first;

		timer_stop(timer);
		timer->expired(timer->owner);
		if (timer_now() >= now + PAUSE) {
			least = PAUSE;
			break;
		}
	}
	set_alarm(least);
	return late;
}
