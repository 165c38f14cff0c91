/*
 * The benchmark's program in the guest, without a C library:
 *
 *   guest init           as /init: marks, reboots
 *   guest console        as /init: marks, prints CHARACTERS, marks, reboots
 *   guest login          marks, starts a login prompt, waits, marks, reboots
 *   guest linger         waits, reboots
 *   guest mark           marks, and that is all
 *
 * It waits 300 ms, or as many as the environment's "linger" says.
 *
 * A mark is a byte written to an I/O port that no VMM has: on the host it is
 * an event of KVM's tracepoint kvm_pio with the time, and for the guest an
 * exit, no more.  The console tells the time stamp counter too: without a VMM
 * under the guest it is what counts the instructions.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/reboot.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stddef.h>

#define MARK_PORT 0x5158
#define LINE	  64 /* characters, with the line's end */
#define LINES	  256
#define LINGER	  300 /* ms */
#define MS	  1000000l /* in nanoseconds */

struct timespec {
	long seconds, nanoseconds;
};

static long port; /* a file descriptor */

static long call(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void print(const char *text, size_t size)
{
	while (size > 0) {
		long done = call(__NR_write, 1, (long)text, (long)size, 0);

		if (done <= 0)
			return;
		text += done;
		size -= (size_t)done;
	}
}

/* The kernel's way to a port.  An initramfs has no such device yet. */
static void open_port(void)
{
	call(__NR_mknod, (long)"/dev/port", S_IFCHR | 0600, 1 << 8 | 4, 0);
	port = call(__NR_open, (long)"/dev/port", O_WRONLY, 0, 0);
}

/* "bench: mark N tsc T" on the console, after the mark itself. */
static void mark(char number)
{
	char text[] = "bench: mark   tsc 00000000000000000000\n";
	unsigned long low, high, tsc;

	call(__NR_pwrite64, port, (long)&number, 1, MARK_PORT);
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	tsc = high << 32 | low;
	text[12] = number;
	for (size_t i = sizeof(text) - 3; tsc > 0; i--, tsc /= 10)
		text[i] = (char)('0' + tsc % 10);
	print(text, sizeof(text) - 1);
}

static void reboot(void)
{
	call(__NR_reboot, (int)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	     LINUX_REBOOT_CMD_RESTART, 0);
}

static void print_lines(void)
{
	char line[LINE];

	for (size_t i = 0; i < LINE - 1; i++)
		line[i] = (char)('!' + i);
	line[LINE - 1] = '\n';
	for (int i = 0; i < LINES; i++)
		print(line, LINE);
	call(__NR_ioctl, 1, 0x5409, 1, 0); /* TCSBRK: wait until it is out */
}

/* The kernel gives a word of its command line, linger=MS, to init. */
static void linger(char **environment)
{
	static const char name[] = "linger=";
	long ms = 0;

	for (; *environment; environment++) {
		const char *next = *environment;
		size_t i = 0;

		while (name[i] && *next == name[i]) {
			next++;
			i++;
		}
		for (; !name[i] && *next; next++)
			ms = ms * 10 + *next - '0';
	}
	if (ms == 0)
		ms = LINGER;
	struct timespec time = { ms / 1000, ms % 1000 * MS };
	call(__NR_nanosleep, (long)&time, 0, 0, 0);
}

static void start_getty(char **environment)
{
	static char *const getty[] = { "getty",	 "-nL",	  "-l",	   "/etc/login",
				       "115200", "ttyS0", "vt100", NULL };

	if (call(__NR_fork, 0, 0, 0, 0) != 0)
		return;
	call(__NR_setsid, 0, 0, 0, 0);
	call(__NR_execve, (long)"/sbin/getty", (long)getty, (long)environment,
	     0);
	call(__NR_exit, 1, 0, 0, 0);
}

/* What the kernel leaves on the stack: argc, argv, the environment. */
__attribute__((used, noreturn)) static void run(long *stack)
{
	char **argv = (char **)(stack + 1);
	char **environment = argv + stack[0] + 1;
	const char *what = stack[0] > 1 ? argv[1] : "";

	open_port();
	mark('1');
	if (same(what, "console")) {
		print_lines();
		mark('2');
	} else if (same(what, "login")) {
		start_getty(environment);
		linger(environment);
		mark('2');
	} else if (same(what, "linger")) {
		linger(environment);
	} else if (same(what, "mark")) {
		call(__NR_exit, 0, 0, 0, 0);
	}
	reboot();
	for (;;)
		call(__NR_pause, 0, 0, 0, 0);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call run\n");
