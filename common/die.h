/* How the VMM ends when the host, not the guest, is at fault. */
#ifndef DIE_H
#define DIE_H

/*
 * Writes "PROGRAM: MESSAGE" as one line to standard error and ends the VMM
 * with status 1.  What was registered with atexit() still runs.
 */
_Noreturn void die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The same, with ": " and the text of errno behind the message. */
_Noreturn void die_errno(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
