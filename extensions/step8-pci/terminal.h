/*
 * The terminal that the VMM runs in: raw while the guest runs, and on every
 * way out as it was before, by a signal or a crash of our own as well.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>

/*
 * Makes standard input raw if it is a terminal.  From here on, and in all
 * threads that are started later, signals that would end or stop the VMM wait
 * to be read from the returned file descriptor, a signalfd.  A signal that
 * was ignored stays so.
 *
 * before_end() is called ahead of an end by a signal, possibly from a
 * signal handler.
 */
int terminal_open(void (*before_end)(void));

/*
 * Has SIGTERM press the guest's power button, and end the VMM only where that
 * is of no use: press() returns false.
 */
void terminal_on_sigterm(bool (*press)(void));

/* Is standard input a terminal, and so has keys of our own? */
bool terminal_present(void);

/* Does what the signal that has come would have done without us. */
void terminal_take_signal(int signal_fd);

/* Gives the terminal back, and lets signals in again. */
void terminal_close(int signal_fd);

/* Gives only the terminal back; safe in a signal handler. */
void terminal_restore(void);

#endif
