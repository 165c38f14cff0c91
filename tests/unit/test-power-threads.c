/*
 * The power button with its two threads, as the VMM has them: this one is the
 * vCPU, whose guest takes each press for done; another is the console's, to
 * which SIGTERM comes.  For ThreadSanitizer.
 */
#include "test.h"

#include "power.h"

#include <pthread.h>

#define PRESSES	     100000
#define POWER_BUTTON 0x100

static void *press(void *unused)
{
	for (int i = 0; i < PRESSES; i++)
		power_press_button();
	return unused;
}

static void pressed_while_the_guest_looks(void **state)
{
	const uint16_t button = POWER_BUTTON;
	uint16_t status = 0;
	pthread_t presser;
	int seen = 0;

	(void)state;
	fake_reset();
	power_init(&FAKE_LINE);
	power_device.write(NULL, 2, &button, sizeof(button));
	assert_int_equal(pthread_create(&presser, NULL, press, NULL), 0);
	for (int i = 0; i < PRESSES; i++) {
		power_device.read(NULL, 0, &status, sizeof(status));
		if (!status)
			continue;
		seen++;
		power_device.write(NULL, 0, &status, sizeof(status));
	}
	pthread_join(presser, NULL);
	power_press_button();
	assert_true(fake.line);
	power_device.write(NULL, 0, &button, sizeof(button));
	power_device.read(NULL, 0, &status, sizeof(status));
	assert_int_equal(status, 0);
	assert_false(fake.line);
	print_message("%d of %d presses seen\n", seen, PRESSES);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pressed_while_the_guest_looks),
	};

	return cmocka_run_group_tests_name("power, two threads", tests, NULL,
					   NULL);
}
