/* What every unit test includes: cmocka, with what it needs before it. */
#ifndef TEST_H
#define TEST_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The C library's own headers have to come first. */
#include <cmocka.h>

#include "fake.h"

/* UNIT_TEST=NAME: this test alone, so that it fails for itself alone */
static __attribute__((constructor)) inline void choose_test(void)
{
	if (getenv("UNIT_TEST"))
		cmocka_set_test_filter(getenv("UNIT_TEST"));
}

/* The statement ends the VMM with a message that contains `text`. */
#define assert_dies(statement, text)                                      \
	do {                                                              \
		if (!dies(statement))                                     \
			fail_msg("does not end the VMM: %s", #statement); \
		if (!strstr(fake.message, text))                          \
			fail_msg("the message is: %s", fake.message);     \
	} while (0)

/* Do all bytes have this value? */
static inline bool all_are(const void *memory, size_t size, uint8_t value)
{
	const uint8_t *bytes = memory;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* How many files are open */
static inline int open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

#endif
