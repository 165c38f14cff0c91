/*
 * How fast this machine's time stamp counter runs, in kHz, measured for a tenth of
 * a second; nothing where there is none.  QEMU's emulated processors show it as
 * theirs, and to measure it they have only emulated timers: on a busy machine
 * these can be wrong by a factor of ten.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>

struct moment {
	int64_t ns;
	uint64_t ticks;
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Both at once: the one of many tries in which the least time passed. */
static struct moment look(void)
{
	struct moment best = { 0 };
	int64_t shortest = INT64_MAX;

	for (int i = 0; i < 100; i++) {
		int64_t start = now();
		uint64_t ticks = __rdtsc();
		int64_t end = now();

		if (end - start < shortest) {
			shortest = end - start;
			best = (struct moment){ start + (end - start) / 2,
						ticks };
		}
	}
	return best;
}

int main(void)
{
	struct moment start = look(), end;

	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	end = look();
	printf("%.0f\n", (double)(end.ticks - start.ticks) * 1e6 /
				 (double)(end.ns - start.ns));
	return 0;
}
#else
int main(void)
{
	return 0;
}
#endif
