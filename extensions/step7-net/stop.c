#include "stop.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_t told;
static atomic_bool anybody; /* is there a thread to be told? */
static atomic_bool asked;

void stop_tell_this_thread(void)
{
	told = pthread_self();
	anybody = true;
}

void stop_machine(void)
{
	asked = true;
	if (anybody)
		pthread_kill(told, STOP_SIGNAL);
}

bool stop_asked(void)
{
	return asked;
}
