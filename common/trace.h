/* --trace FILE: every exit as a line, and a summary at the end. */
#ifndef TRACE_H
#define TRACE_H

#include <linux/kvm.h>
#include <stdbool.h>

/* Starts the trace; a file that cannot be written ends the VMM. */
void trace_open(const char *path);

/*
 * The exits of the calling thread are those of vCPU `number`, and their lines
 * say so.  Where nobody calls this, there is one vCPU, and nobody asks.
 */
void trace_vcpu(unsigned int number);

/* Is there a trace, and so a use for the meaning of an exit? */
bool trace_on(void);

/*
 * Writes an exit once it is handled, so that the data of a read is there.
 * `meaning` is the device's own reading of it, "" where there is none; it
 * starts with the register's name, by which the summary counts.
 * Without trace_open() this does nothing.
 */
void trace_exit(const struct kvm_run *run, const char *meaning);

/* Writes something that is no exit as a line of its own; it is not counted. */
void trace_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes the summary, most frequent first, and closes the file. */
void trace_close(void);

#endif
