/* The end of the machine: who asks, and who is told.  It comes only once, so
 * that these tests are in the order of a VMM's life. */
#include "test.h"

#include "stop.h"

#include <pthread.h>

static bool signal_waits(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, STOP_SIGNAL);
}

static int block_signal(void **state)
{
	sigset_t set;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, STOP_SIGNAL);
	return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* As a wrong usage, before there is a vCPU */
static void nobody_is_there_to_be_told(void **state)
{
	(void)state;
	assert_false(stop_asked());
	stop_machine();
	assert_true(stop_asked());
	assert_false(signal_waits());
}

static void *stop_twice(void *unused)
{
	stop_machine();
	stop_machine();
	/* It is not this thread that is told. */
	assert_false(signal_waits());
	return unused;
}

static void the_vcpus_thread_is_told(void **state)
{
	pthread_t thread;
	int number;
	sigset_t set;

	(void)state;
	stop_tell_this_thread();
	assert_int_equal(pthread_create(&thread, NULL, stop_twice, NULL), 0);
	pthread_join(thread, NULL);
	assert_true(stop_asked());
	assert_true(signal_waits());
	sigemptyset(&set);
	sigaddset(&set, STOP_SIGNAL);
	assert_int_equal(sigwait(&set, &number), 0);
	assert_false(signal_waits());

	/* By itself, too: a device does so on the vCPU's thread. */
	stop_machine();
	assert_true(signal_waits());
	sigwait(&set, &number);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nobody_is_there_to_be_told,
				       block_signal),
		cmocka_unit_test_setup(the_vcpus_thread_is_told, block_signal),
	};

	return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
