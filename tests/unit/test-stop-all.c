/*
 * The end of a machine with several threads: each is told, once, early or late,
 * and none before all others may be gone.  It comes only once, so the order of
 * these tests matters.
 */
#include "test.h"

#include "stop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS 8
#define ASKERS	4

static pthread_barrier_t all_wait, all_told;
static atomic_int told;

static void get_signal(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, STOP_SIGNAL);
}

static bool signal_waits(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, STOP_SIGNAL);
}

/* As a vCPU: it waits for the signal, which is there even if it comes first. */
static void *wait_for_the_end(void *unused)
{
	sigset_t set;
	int number;

	stop_tell_this_thread();
	pthread_barrier_wait(&all_wait);
	get_signal(&set);
	sigwait(&set, &number);
	/* Who has been told sees why. */
	assert_true(stop_asked());
	told++;
	pthread_barrier_wait(&all_told);
	/* As all have, and nobody twice */
	assert_false(signal_waits());
	stop_machine();
	assert_false(signal_waits());
	return unused;
}

static void *ask(void *unused)
{
	stop_machine();
	/* Now all are told, whoever asked first. */
	assert_true(stop_asked());
	return unused;
}

static void each_is_told_once(void **state)
{
	pthread_t threads[THREADS], askers[ASKERS];

	(void)state;
	pthread_barrier_init(&all_wait, NULL, THREADS + 1);
	pthread_barrier_init(&all_told, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, wait_for_the_end, NULL);
	pthread_barrier_wait(&all_wait);
	assert_false(stop_asked());
	for (int i = 0; i < ASKERS; i++)
		pthread_create(&askers[i], NULL, ask, NULL);
	for (int i = 0; i < ASKERS; i++)
		pthread_join(askers[i], NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(told, THREADS);
	/* This thread had no wish to be told. */
	assert_false(signal_waits());
}

static void who_comes_late_is_told_at_once(void **state)
{
	sigset_t set;
	int number;

	(void)state;
	stop_machine();
	assert_false(signal_waits());
	stop_tell_this_thread();
	assert_true(signal_waits());
	get_signal(&set);
	sigwait(&set, &number);
	stop_machine();
	assert_false(signal_waits());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_told_once),
		cmocka_unit_test(who_comes_late_is_told_at_once),
	};
	sigset_t set;

	get_signal(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	alarm(60);
	return cmocka_run_group_tests_name("stop, several threads", tests, NULL,
					   NULL);
}
