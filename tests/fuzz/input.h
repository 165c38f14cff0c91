/* The fuzzer's bytes, taken one after the other; behind them come zeros. */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *data;
	size_t size;
};

/* The next bytes, at most `size`; returns how many there were. */
static inline size_t take(struct input *input, void *data, size_t size)
{
	size_t length = size < input->size ? size : input->size;

	memset(data, 0, size);
	if (length > 0)
		memcpy(data, input->data, length);
	input->data += length;
	input->size -= length;
	return length;
}

static inline uint8_t take8(struct input *input)
{
	uint8_t value;

	take(input, &value, sizeof(value));
	return value;
}

static inline uint16_t take16(struct input *input)
{
	uint16_t value;

	take(input, &value, sizeof(value));
	return value;
}

static inline uint32_t take32(struct input *input)
{
	uint32_t value;

	take(input, &value, sizeof(value));
	return value;
}

static inline uint64_t take64(struct input *input)
{
	uint64_t value;

	take(input, &value, sizeof(value));
	return value;
}

/* What has to hold whatever the guest does; if not, the fuzzer reports it. */
#define CHECK(condition)                                              \
	do {                                                          \
		if (!(condition)) {                                   \
			fprintf(stderr, "%s:%d: does not hold: %s\n", \
				__FILE__, __LINE__, #condition);      \
			abort();                                      \
		}                                                     \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
