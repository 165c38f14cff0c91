/*
 * Timers: functions to be called when their time has come, by the thread that
 * calls timer_run().  One thread at a time uses them.
 */
#ifndef TIMER_H
#define TIMER_H

#include <signal.h>
#include <stdint.h>

/* The signal that it has come; blocked, it waits for that thread. */
#define TIMER_SIGNAL SIGALRM

#define TIMER_MILLISECOND 1000000ull
#define TIMER_SECOND	  1000000000ull

struct timer {
	void (*expired)(void *owner);
	void *owner;
	uint64_t deadline; /* as timer_now() tells it; 0: not running */
	struct timer *next;
};

/* The time in nanoseconds, since some moment in the past. */
uint64_t timer_now(void);

/* Has expired(owner) called once, `delay` nanoseconds from now. */
void timer_start(struct timer *timer, uint64_t delay);

void timer_stop(struct timer *timer);

/*
 * Calls what is due.  One that takes a millisecond is the last, so that the
 * guest has its turn as well.  Returns how late the first was, in nanoseconds.
 */
uint64_t timer_run(void);

#endif
