/*
 * Watches each access to guest memory, in its order: what another processor
 * would see.  The function runs one instruction at a time (the trap flag), and
 * the memory's pages are locked in between, so that an access is a fault.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stddef.h>
#include <stdint.h>

#define WATCH_MAX  4096
#define WATCH_PAGE 4096

enum watch_kind {
	WATCH_READ,
	WATCH_WRITE,
	WATCH_BARRIER, /* MFENCE, or an instruction with LOCK */
};

struct watch {
	size_t count;
	struct {
		enum watch_kind kind;
		uint64_t offset; /* in the memory, of the access's start */
	} accesses[WATCH_MAX];
};

/* `memory` and `size` are those of whole pages. */
void watch(struct watch *log, uint8_t *memory, size_t size,
	   void (*function)(void *), void *argument);

/*
 * The number of the first such access at `offset` or up to `length` bytes
 * behind it, from number `from` on; log->count if there is none.
 */
size_t watch_find(const struct watch *log, enum watch_kind kind,
		  uint64_t offset, uint64_t length, size_t from);

#endif
