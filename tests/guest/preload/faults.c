/*
 * Under a VMM with LD_PRELOAD: a disk with faults, each at a place of its own,
 * so that the guest has the one it wants by where it reads and writes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../fault-places.h"

typedef ssize_t transfer_function(int, const struct iovec *, int, off_t);

static bool flush_fails;

/* With $NO_FLUSH its only fault is that it says it has flushed. */
static bool lies(void)
{
	return getenv("NO_FLUSH") != NULL;
}

/* At most `size` bytes of it, as a file system may do at any time */
static ssize_t some(transfer_function *transfer, int fd,
		    const struct iovec *buffers, off_t offset, size_t size)
{
	struct iovec first = *buffers;

	if (first.iov_len > size)
		first.iov_len = size;
	return transfer(fd, &first, 1, offset);
}

static ssize_t with_faults(transfer_function *transfer, bool is_write, int fd,
			   const struct iovec *buffers, int count, off_t offset)
{
	if (lies())
		return transfer(fd, buffers, count, offset);
	switch (offset / SECTOR / PLACE_SIZE * PLACE_SIZE) {
	case PLACE_ERROR:
		errno = EIO;
		return -1;
	case PLACE_FULL:
		if (!is_write)
			break;
		errno = ENOSPC;
		return -1;
	case PLACE_SHORT:
		return some(transfer, fd, buffers, offset, 100);
	case PLACE_HALF:
		if (offset == PLACE_HALF * SECTOR)
			return some(transfer, fd, buffers, offset, SECTOR);
		errno = EIO;
		return -1;
	case PLACE_NO_FLUSH:
		flush_fails = is_write;
		break;
	case PLACE_END:
		return 0;
	}
	return transfer(fd, buffers, count, offset);
}

ssize_t preadv(int fd, const struct iovec *buffers, int count, off_t offset)
{
	transfer_function *next = dlsym(RTLD_NEXT, "preadv");

	return with_faults(next, false, fd, buffers, count, offset);
}

ssize_t pwritev(int fd, const struct iovec *buffers, int count, off_t offset)
{
	transfer_function *next = dlsym(RTLD_NEXT, "pwritev");

	return with_faults(next, true, fd, buffers, count, offset);
}

int fdatasync(int fd)
{
	int (*next)(int) = dlsym(RTLD_NEXT, "fdatasync");

	if (lies())
		return 0;
	if (flush_fails) {
		flush_fails = false;
		errno = EIO;
		return -1;
	}
	return next(fd);
}
