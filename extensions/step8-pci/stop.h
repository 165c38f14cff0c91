/*
 * The end of the machine.  Anybody may ask for it, from any thread, as often
 * as they like; whoever works for long or waits looks whether it was.
 *
 * A lock sees to it that each thread is told, and once.
 */
#ifndef STOP_H
#define STOP_H

#include <signal.h>
#include <stdbool.h>

/* The signal that has KVM_RUN return; elsewhere it is blocked, and waits. */
#define STOP_SIGNAL SIGUSR1

/* The calling thread is to be told of the end by STOP_SIGNAL, late or early. */
void stop_tell_this_thread(void);

/* Ends the machine; once this returns, all are told, whoever asked first. */
void stop_machine(void);

/* Is it to end? */
bool stop_asked(void);

#endif
