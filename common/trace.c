#include "trace.h"

#include "die.h"
#include "exit.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local char who[16]; /* whose exits these are, or "" */

/* How often each kind of exit came: its reason, port and register; under lock */
static struct {
	char kind[80];
	uint64_t count;
} counts[256];

static size_t kinds;
static FILE *file;
static double start;

/* Seconds, from some moment in the past. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void trace_open(const char *path)
{
	file = fopen(path, "we");
	if (!file)
		die_errno("%s", path);
	/* By lines: they are there even when the VMM is killed. */
	setvbuf(file, NULL, _IOLBF, 0);
	start = now();
}

void trace_vcpu(unsigned int number)
{
	snprintf(who, sizeof(who), "vCPU %u ", number);
}

bool trace_on(void)
{
	return file != NULL;
}

/* The table's last row collects what comes when it is full. */
static void count(const char *kind)
{
	const size_t last = sizeof(counts) / sizeof(counts[0]) - 1;
	size_t i = 0;

	while (i < kinds && strcmp(counts[i].kind, kind) != 0)
		i++;
	if (i >= last) {
		i = last;
		kind = "others";
	}
	if (i >= kinds) {
		snprintf(counts[i].kind, sizeof(counts[i].kind), "%s", kind);
		kinds = i + 1;
	}
	counts[i].count++;
}

void trace_exit(const struct kvm_run *run, const char *meaning)
{
	int register_name = (int)strcspn(meaning, " :");
	char text[160], kind[80];
	char *details;

	if (!file)
		return;

	exit_describe(run, text, sizeof(text));
	pthread_mutex_lock(&lock);
	if (fprintf(file, "%12.6f %s%s%s%s\n", now() - start, who, text,
		    *meaning ? "  " : "", meaning) < 0)
		die_errno("the trace");

	/* What differs from one exit of a kind to the next is left out. */
	details = strstr(text, " size") ?: strstr(text, " (");
	if (details)
		*details = '\0';
	snprintf(kind, sizeof(kind), "%.60s%s%.*s", text, *meaning ? " " : "",
		 register_name, meaning);
	count(kind);
	pthread_mutex_unlock(&lock);
}

void trace_note(const char *format, ...)
{
	va_list args;

	if (!file)
		return;
	va_start(args, format);
	pthread_mutex_lock(&lock);
	fprintf(file, "%12.6f ", now() - start);
	vfprintf(file, format, args);
	if (fputc('\n', file) == EOF)
		die_errno("the trace");
	pthread_mutex_unlock(&lock);
	va_end(args);
}

static int most_frequent_first(const void *a, const void *b)
{
	uint64_t left = ((const typeof(counts[0]) *)a)->count;
	uint64_t right = ((const typeof(counts[0]) *)b)->count;

	return (left < right) - (left > right);
}

void trace_close(void)
{
	uint64_t total = 0;

	if (!file)
		return;

	qsort(counts, kinds, sizeof(counts[0]), most_frequent_first);
	for (size_t i = 0; i < kinds; i++)
		total += counts[i].count;
	fprintf(file, "\n%llu exits by reason, port and register:\n",
		(unsigned long long)total);
	for (size_t i = 0; i < kinds; i++)
		fprintf(file, "%10llu  %s\n",
			(unsigned long long)counts[i].count, counts[i].kind);
	if (fclose(file) != 0)
		die_errno("the trace");
	file = NULL;
}
