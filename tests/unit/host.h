/*
 * The host's calls, so that a test can have them fail.  The linker puts these
 * in front of the C library's (--wrap); without a plan they only count.
 */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>
#include <stdint.h>

/* How one of the calls goes: `good` times well, then `bad` times not. */
struct host_call {
	unsigned int calls; /* so far */
	unsigned int good;
	unsigned int bad;
	int error; /* errno of the bad ones */
};

struct host {
	struct host_call open, fstat, flock, ioctl, asprintf;
	struct host_call preadv, pwritev, fdatasync;
	size_t most; /* bytes that preadv and pwritev move at once; 0: all */
	uint64_t block_device_size; /* not 0: what is opened is one */
	void (*on_transfer)(void);
	void (*on_fdatasync)(void);
};

extern struct host host;

void host_reset(void);

#endif
