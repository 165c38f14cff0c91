/*
 * The terminal: while it is raw, no signal ends the VMM behind its back.  What
 * is blocked is looked at where the terminal's mode is set (--wrap).
 */
#include "test.h"

#include "terminal.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

static bool is_raw;

int __real_tcsetattr(int fd, int when, const struct termios *mode);
int __wrap_tcsetattr(int fd, int when, const struct termios *mode);

static bool waits(int number)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	return sigismember(&blocked, number);
}

int __wrap_tcsetattr(int fd, int when, const struct termios *mode)
{
	bool was_raw = is_raw;

	is_raw = !(mode->c_lflag & ICANON);
	if (was_raw || is_raw) {
		assert_true(waits(SIGTERM));
		assert_true(waits(SIGHUP));
	}
	return __real_tcsetattr(fd, when, mode);
}

static void nothing(void)
{
}

static void raw_only_while_signals_wait(void **state)
{
	int keyboard = posix_openpt(O_RDWR | O_NOCTTY), terminal, signal_fd;

	(void)state;
	assert_return_code(grantpt(keyboard), 0);
	assert_return_code(unlockpt(keyboard), 0);
	terminal = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
	assert_return_code(dup2(terminal, STDIN_FILENO), 0);
	close(terminal);

	signal_fd = terminal_open(nothing);
	assert_true(is_raw);
	assert_true(terminal_present());
	terminal_close(signal_fd);
	assert_false(is_raw);
	assert_false(waits(SIGTERM));
	close(keyboard);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_only_while_signals_wait),
	};

	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
