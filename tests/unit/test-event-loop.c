/* The event loop, with its thread: for ThreadSanitizer, too. */
#include "test.h"

#include "event-loop.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static struct event pipe_end, file, timer, bell;
static atomic_int pipe_calls, file_calls, timer_calls, bell_calls;
static int ends[2];

/* The file's owner's: this and the loop's thread change what it waits for. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void wait_for(struct event *event, uint32_t what)
{
	pthread_mutex_lock(&lock);
	event_wait_for(event, what);
	pthread_mutex_unlock(&lock);
}

static void wait_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000000 };

	nanosleep(&moment, NULL);
}

/* Waits for a count, for 5 seconds at most. */
static bool becomes(atomic_int *count, int wanted)
{
	for (int i = 0; i < 250 && *count < wanted; i++)
		wait_a_moment();
	return *count >= wanted;
}

static void pipe_ready(void *owner)
{
	char letter;

	assert_ptr_equal(owner, &pipe_end);
	assert_true(event_loop_is_here());
	if (read(ends[0], &letter, 1) == 1)
		pipe_calls++;
}

static void file_ready(void *owner)
{
	assert_ptr_equal(owner, &file);
	if (++file_calls >= 3)
		wait_for(&file, 0);
}

static void timer_ready(void *unused)
{
	(void)unused;
	if (event_timer_expired(&timer))
		timer_calls++;
}

static void bell_ready(void *unused)
{
	(void)unused;
	event_unring(&bell);
	bell_calls++;
}

static void waits_only_for_what_is_wanted(void)
{
	assert_int_equal(write(ends[1], "ab", 2), 2);
	wait_a_moment();
	assert_int_equal(pipe_calls, 0);
	wait_for(&pipe_end, EPOLLIN);
	assert_true(becomes(&pipe_calls, 2));
	wait_for(&pipe_end, 0);
	assert_int_equal(write(ends[1], "c", 1), 1);
	wait_a_moment();
	assert_int_equal(pipe_calls, 2);
	/* Nor of its end, which epoll would tell of in any case */
	close(ends[1]);
	wait_a_moment();
	assert_int_equal(pipe_calls, 2);
	wait_for(&pipe_end, EPOLLIN);
	assert_true(becomes(&pipe_calls, 3));
	wait_for(&pipe_end, 0);
}

/* epoll refuses a file: it is always ready. */
static void a_file_is_ready(void)
{
	wait_for(&file, EPOLLIN | EPOLLOUT);
	assert_true(becomes(&file_calls, 3));
	wait_a_moment();
	assert_int_equal(file_calls, 3);
	wait_for(&file, EPOLLIN);
	assert_true(becomes(&file_calls, 4));
}

static void a_timer_runs_out_once(void)
{
	event_timer_start(&timer, 10);
	assert_true(becomes(&timer_calls, 1));
	wait_a_moment();
	assert_int_equal(timer_calls, 1);
	event_timer_start(&timer, 10000);
	event_timer_start(&timer, 0);
	event_timer_start(&timer, 1100);
	wait_a_moment();
	assert_int_equal(timer_calls, 1);
	assert_true(becomes(&timer_calls, 2));
}

static void a_bell_rings(void)
{
	for (int i = 0; i < 1000; i++)
		event_ring(&bell);
	assert_true(becomes(&bell_calls, 1));
	assert_in_range(bell_calls, 1, 1000);
	bell_calls = 0;
	event_ring(&bell);
	assert_true(becomes(&bell_calls, 1));
}

static void works(void **state)
{
	(void)state;
	assert_return_code(pipe2(ends, O_NONBLOCK), 0);
	event_init(&pipe_end, ends[0], pipe_ready, &pipe_end);
	event_init(&file, open("/proc/self/exe", O_RDONLY), file_ready, &file);
	event_timer_init(&timer, timer_ready, NULL);
	event_bell_init(&bell, bell_ready, NULL);
	assert_false(event_loop_is_here());
	event_loop_start();
	waits_only_for_what_is_wanted();
	a_file_is_ready();
	a_timer_runs_out_once();
	a_bell_rings();
	event_loop_stop();
	event_close(&pipe_end);
	event_close(&file);
	event_close(&timer);
	event_close(&bell);
	assert_int_equal(pipe_end.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(works) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
