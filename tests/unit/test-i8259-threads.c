/*
 * The 8259s with their two threads, as the VMM has them: this one is the
 * vCPU, another is the console's, whose device raises a line.  For
 * ThreadSanitizer; and no interrupt may be lost.
 */
#include "pic.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define TIMES 20000

static atomic_int raised, taken;
static atomic_bool interrupt;

static void set_cpu(void *owner, uint32_t number, bool level)
{
	(void)owner;
	(void)number;
	interrupt = level;
}

static void *raise_lines(void *unused)
{
	for (int i = 0; i < TIMES; i++) {
		while (raised != taken)
			sched_yield();
		raised++;
		irq(i % 2 ? 4 : 12, true);
	}
	return unused;
}

static void none_is_lost(void **state)
{
	const struct irq_line cpu = { set_cpu, NULL, 0 };
	pthread_t device;

	pic_setup(state);
	i8259_connect(&pic, &cpu);
	assert_int_equal(pthread_create(&device, NULL, raise_lines, NULL), 0);
	while (taken < TIMES) {
		uint32_t number;

		if (!interrupt) {
			sched_yield();
			continue;
		}
		i8259_acknowledge(&pic, &number);
		assert_int_equal(number, taken % 2 ? 4 : 12);
		irq(number, false);
		out(I8259_SLAVE, EOI);
		out(I8259_MASTER, EOI);
		taken++;
	}
	pthread_join(device, NULL);
	assert_false(interrupt);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_lost),
	};

	return cmocka_run_group_tests_name("8259As, two threads", tests, NULL,
					   NULL);
}
