/*
 * The console: what the guest and its user say to each other, on the VMM's
 * standard input and output.
 *
 * All of it happens on the event loop's thread, which never waits for one of
 * the two: neither a terminal that is blocked nor a guest that does not listen
 * keeps the other direction from working.  On a terminal Ctrl-A is the VMM's own
 * key: Ctrl-A x quits, Ctrl-A h tells the others.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/* Who gets what is typed: for example a serial port of the guest's. */
struct console_listener {
	/* How many bytes receive() can take now */
	size_t (*room)(void *owner);
	void (*receive)(void *owner, const uint8_t *keys, size_t size);
	void *owner;
};

/* To be called before the event loop starts. */
void console_start(const struct console_listener *listener);

/*
 * Takes one character from the guest; it is on standard output within a
 * hundredth of a second, or with the rest of its line.  Waits where standard
 * output is blocked, until the machine is to end.
 */
void console_write(void *unused, uint8_t character);

/* The listener has room again. */
void console_wake(void *unused);

/* Waits until all that the guest has said is written, or the user has quit. */
void console_drain(void);

/* Gives the terminal back, once the event loop has stopped. */
void console_stop(void);

#endif
