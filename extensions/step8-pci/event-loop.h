/*
 * The event loop: one thread that waits for everything that comes from outside
 * the guest, and calls whoever waits for it.
 *
 * Nothing in here blocks but the wait itself.  So no function that it calls may
 * block, either: a terminal that takes nothing must not stop the network.
 */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* A file descriptor that somebody waits for. */
struct event {
	int fd;
	/* Called on the loop's thread; now and then for nothing, too. */
	void (*ready)(void *owner);
	void *owner;

	/* Under the owner's lock, where it has one */
	uint32_t waits_for; /* EPOLLIN, EPOLLOUT, both, or 0 */
	bool is_file; /* is always ready, which epoll does not like */
	int substitute_fd; /* what then is in its place */
};

/* Starts the thread.  Events may come before, and at any time from then on. */
void event_loop_start(void);

/* Is the caller the loop's thread? */
bool event_loop_is_here(void);

/* Ends the thread, once it is through with what it is doing. */
void event_loop_stop(void);

void event_init(struct event *event, int fd, void (*ready)(void *owner),
		void *owner);

/*
 * Has ready() called as long as the descriptor is ready for one of EPOLLIN and
 * EPOLLOUT; 0: for none.  From any thread.
 */
void event_wait_for(struct event *event, uint32_t what);

/* Closes the descriptor, and waits for it no more. */
void event_close(struct event *event);

/* ---- two events that need no file ---- */

/* A moment: ready() is called once, `ms` after event_timer_start(). */
void event_timer_init(struct event *timer, void (*ready)(void *owner),
		      void *owner);
void event_timer_start(struct event *timer, unsigned int ms); /* 0: not */

/* For ready() of a timer: has it really run out?  It is stopped then. */
bool event_timer_expired(struct event *timer);

/* A doorbell: ready() is called after one event_ring() or several. */
void event_bell_init(struct event *bell, void (*ready)(void *owner),
		     void *owner);
void event_ring(struct event *bell);
void event_unring(struct event *bell); /* by ready() */

#endif
