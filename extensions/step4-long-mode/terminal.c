#include "terminal.h"

#include "die.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static struct termios cooked, raw;
static bool is_terminal;
static void (*call_before_end)(void);
static sigset_t before_us; /* what was blocked then */

bool terminal_present(void)
{
	return is_terminal;
}

void terminal_restore(void)
{
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
}

static void make_raw(void)
{
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

/* The end by a signal: as without us, but in good order. */
static void end_by_signal(int number)
{
	sigset_t set;

	call_before_end();
	terminal_restore();
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
}

/* Faults, and what others send in their place, come to whom they concern. */
static void handle_crashes(void)
{
	static const int crashes[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL,
				       SIGSEGV, SIGSYS, SIGTRAP };
	struct sigaction action = { .sa_handler = end_by_signal };

	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &action, NULL);
}

static void add_unless_ignored(sigset_t *set, int number)
{
	struct sigaction action;

	sigaction(number, NULL, &action);
	if (action.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

/* All others that would end or stop us, or let us go on. */
static int read_other_signals(void)
{
	static const int others[] = { SIGHUP,  SIGINT,	SIGQUIT,   SIGTERM,
				      SIGUSR2, SIGXCPU, SIGVTALRM, SIGPROF,
				      SIGIO,   SIGPWR,	SIGSTKFLT, SIGTSTP };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		add_unless_ignored(&set, others[i]);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		add_unless_ignored(&set, number);
	pthread_sigmask(SIG_BLOCK, &set, &before_us);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		die_errno("signalfd");
	return fd;
}

int terminal_open(void (*before_end)(void))
{
	int signal_fd;

	call_before_end = before_end;
	/* These two are errors of write(): a closed pipe, a file too large. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);

	is_terminal = tcgetattr(STDIN_FILENO, &cooked) == 0;
	raw = cooked;
	cfmakeraw(&raw);
	handle_crashes();
	atexit(terminal_restore);
	/* First, so that no signal ends us with a raw terminal. */
	signal_fd = read_other_signals();
	make_raw();
	return signal_fd;
}

void terminal_take_signal(int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		die_errno("signalfd");
	switch (info.ssi_signo) {
	case SIGTSTP:
		terminal_restore();
		raise(SIGSTOP); /* returns when somebody has us go on */
		make_raw();
		break;
	case SIGCONT:
		make_raw();
		break;
	default:
		end_by_signal((int)info.ssi_signo);
	}
}

void terminal_close(int signal_fd)
{
	terminal_restore();
	close(signal_fd);
	pthread_sigmask(SIG_SETMASK, &before_us, NULL);
}
