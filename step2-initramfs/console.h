/*
 * The console: the guest's serial port on the terminal that the VMM runs in.
 *
 * A thread reads standard input.  If that is a terminal, it is in raw mode
 * while the guest runs, so that Ctrl-C and the like reach the guest, and
 * Ctrl-A is the VMM's own key: Ctrl-A x quits, Ctrl-A h tells the others.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

struct vcpu;

/* Starts the thread, which feeds vcpu->vm->serial. */
void console_start(struct vcpu *vcpu);

/* Takes one character, and writes it out with the others of its line. */
void console_write(uint8_t character);

/*
 * Writes out what there is of a line, and waits where standard output is
 * blocked, until the user quits.  What nobody takes any more is dropped.
 */
void console_flush(void);

/* The serial port has room for input again. */
void console_wake(void);

/* Ends the thread and gives the terminal back. */
void console_stop(void);

#endif
