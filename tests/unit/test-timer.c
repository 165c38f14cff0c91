/* Timers, on a clock that the test turns. */
#include "test.h"

#include "timer.h"

#include <sys/time.h>
#include <time.h>

#define MS TIMER_MILLISECOND

static uint64_t now; /* ns */
static uint64_t alarm_us; /* until the signal, as ordered last */
static unsigned int alarms; /* how often */

/* The linker's names: what is in place of the C library's functions */
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_setitimer(int which, const struct itimerval *new,
		     struct itimerval *old);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	assert_int_equal(clock, CLOCK_MONOTONIC);
	time->tv_sec = (time_t)(now / TIMER_SECOND);
	time->tv_nsec = (long)(now % TIMER_SECOND);
	return 0;
}

int __wrap_setitimer(int which, const struct itimerval *new,
		     struct itimerval *old)
{
	assert_int_equal(which, ITIMER_REAL); /* it sends TIMER_SIGNAL */
	assert_null(old);
	assert_in_range(new->it_value.tv_usec, 0, 999999);
	assert_int_equal(new->it_interval.tv_sec, 0);
	assert_int_equal(new->it_interval.tv_usec, 0);
	alarm_us = (uint64_t) new->it_value.tv_sec * 1000000 +
		   (uint64_t) new->it_value.tv_usec;
	alarms++;
	return 0;
}

/* Three timers that write down their letters */
static char called[32];

static void expired(void *letter)
{
	strncat(called, letter, 1);
}

static struct timer a, b, c;

static int set_up(void **state)
{
	(void)state;
	now = 1000 * TIMER_SECOND + 999999999;
	alarm_us = 0;
	alarms = 0;
	called[0] = '\0';
	a = (struct timer){ .expired = expired, .owner = "a" };
	b = (struct timer){ .expired = expired, .owner = "b" };
	c = (struct timer){ .expired = expired, .owner = "c" };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	timer_stop(&a);
	timer_stop(&b);
	timer_stop(&c);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void run_after(uint64_t delay, const char *expected)
{
	now += delay;
	timer_run();
	assert_string_equal(called, expected);
}

static void tells_the_time(void **state)
{
	(void)state;
	assert_int_equal(timer_now(), now);
}

static void each_is_called_once_in_time(void **state)
{
	(void)state;
	timer_start(&b, 20 * MS);
	timer_start(&c, 30 * MS);
	timer_start(&a, 10 * MS);
	run_after(10 * MS - 1, "");
	run_after(1, "a");
	assert_int_equal(a.deadline, 0);
	run_after(15 * MS, "ab");
	run_after(TIMER_SECOND, "abc");
	run_after(TIMER_SECOND, "abc");
}

/* The earliest first, and of two at a time the one that was started first */
static void called_in_order(void **state)
{
	(void)state;
	timer_start(&b, 20 * MS);
	timer_start(&c, 20 * MS);
	timer_start(&a, 10 * MS);
	run_after(TIMER_SECOND, "abc");
}

/* The signal is ordered for the earliest, and for each next one. */
static void the_signal_comes_for_the_earliest(void **state)
{
	(void)state;
	timer_start(&b, 2 * TIMER_SECOND + 20 * MS);
	assert_int_equal(alarm_us, 2020000);
	timer_start(&c, 3 * TIMER_SECOND);
	assert_int_equal(alarms, 1);
	timer_start(&a, 10 * MS);
	assert_int_equal(alarm_us, 10000);
	/* It came too early. */
	run_after(4 * MS, "");
	assert_int_equal(alarm_us, 6000);
	run_after(6 * MS, "a");
	assert_int_equal(alarm_us, 2010000);
	run_after(2 * TIMER_SECOND, "a");
	run_after(10 * MS, "ab");
	assert_int_equal(alarm_us, 980000);
	/* With none left there is no signal. */
	alarms = 0;
	run_after(TIMER_SECOND, "abc");
	assert_int_equal(alarms, 0);
}

/* 0 would order none at all. */
static void what_is_due_is_signalled_at_once(void **state)
{
	(void)state;
	timer_start(&a, 0);
	assert_int_equal(alarm_us, 1);
	timer_stop(&a);
	timer_start(&a, 999);
	assert_int_equal(alarm_us, 1);
	run_after(998, "");
	assert_int_equal(alarm_us, 1);
	run_after(1, "a");
}

static void stopped_ones_are_not_called(void **state)
{
	(void)state;
	timer_start(&a, 10 * MS);
	timer_start(&b, 10 * MS);
	timer_start(&c, 10 * MS);
	timer_stop(&b);
	timer_stop(&b);
	assert_int_equal(b.deadline, 0);
	run_after(10 * MS, "ac");
	timer_stop(&c);
	run_after(10 * MS, "ac");
}

static void started_once_more_it_starts_anew(void **state)
{
	(void)state;
	timer_start(&a, 10 * MS);
	timer_start(&b, 20 * MS);
	timer_start(&a, 30 * MS);
	run_after(25 * MS, "b");
	timer_start(&a, 30 * MS);
	run_after(25 * MS, "b");
	run_after(5 * MS, "ba");
}

static void again(void *timer)
{
	expired("a");
	timer_start(timer, 10 * MS);
}

static void stop_b(void *unused)
{
	(void)unused;
	expired("c");
	timer_stop(&b);
}

/* Those that are called may start and stop, themselves and others. */
static void called_ones_start_and_stop(void **state)
{
	(void)state;
	a = (struct timer){ .expired = again, .owner = &a };
	timer_start(&a, 10 * MS);
	run_after(10 * MS, "a");
	assert_int_equal(alarm_us, 10000);
	run_after(35 * MS, "aa"); /* once, however late */
	run_after(10 * MS, "aaa");
	timer_stop(&a);

	c.expired = stop_b;
	timer_start(&c, 10 * MS);
	timer_start(&b, 20 * MS);
	run_after(30 * MS, "aaac");
}

static void take_50_ms(void *letter)
{
	now += 50 * MS;
	expired(letter);
}

/* However many of them take long, the guest runs in between. */
static void a_long_one_leaves_time(void **state)
{
	(void)state;
	a.expired = take_50_ms;
	b.expired = take_50_ms;
	timer_start(&a, 10 * MS);
	timer_start(&b, 10 * MS);
	timer_start(&c, 20 * MS);
	run_after(10 * MS, "a");
	assert_int_equal(alarm_us, 1000);
	run_after(1 * MS, "ab");
	assert_int_equal(alarm_us, 1000);
	run_after(1 * MS, "abc");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(tells_the_time),
		TEST(each_is_called_once_in_time),
		TEST(called_in_order),
		TEST(the_signal_comes_for_the_earliest),
		TEST(what_is_due_is_signalled_at_once),
		TEST(stopped_ones_are_not_called),
		TEST(started_once_more_it_starts_anew),
		TEST(called_ones_start_and_stop),
		TEST(a_long_one_leaves_time),
	};

	return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
