#include "die.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first thread that dies speaks for all; others wait here for the end. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

_Noreturn void die(const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&lock);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

_Noreturn void die_errno(const char *format, ...)
{
	const char *error = strerror(errno);
	va_list args;

	pthread_mutex_lock(&lock);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", error);
	exit(1);
}
