#include "stop.h"

#include "die.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define MAX_THREADS 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t told[MAX_THREADS]; /* under lock */
static size_t told_count; /* under lock */
static atomic_bool asked; /* changed under lock */

void stop_tell_this_thread(void)
{
	pthread_mutex_lock(&lock);
	if (told_count == MAX_THREADS)
		die("more than %d threads", MAX_THREADS);
	told[told_count++] = pthread_self();
	if (asked)
		pthread_kill(pthread_self(), STOP_SIGNAL);
	pthread_mutex_unlock(&lock);
}

void stop_machine(void)
{
	pthread_mutex_lock(&lock);
	if (!atomic_exchange(&asked, true))
		for (size_t i = 0; i < told_count; i++)
			pthread_kill(told[i], STOP_SIGNAL);
	pthread_mutex_unlock(&lock);
}

bool stop_asked(void)
{
	return asked;
}
