#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

struct host host;

/* The linker's names: __real_X is what X was, __wrap_X is what it is now. */
int __real_open(const char *path, int flags, ...);
int __real_fstat(int fd, struct stat *status);
int __real_flock(int fd, int operation);
int __real_ioctl(int fd, unsigned long request, ...);
int __real_fdatasync(int fd);
ssize_t __real_preadv(int fd, const struct iovec *buffers, int count,
		      off_t offset);
ssize_t __real_pwritev(int fd, const struct iovec *buffers, int count,
		       off_t offset);

int __wrap_open(const char *path, int flags, ...);
int __wrap_fstat(int fd, struct stat *status);
int __wrap_flock(int fd, int operation);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_fdatasync(int fd);
int __wrap_asprintf(char **text, const char *format, ...);
ssize_t __wrap_preadv(int fd, const struct iovec *buffers, int count,
		      off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *buffers, int count,
		       off_t offset);

void host_reset(void)
{
	memset(&host, 0, sizeof(host));
}

/* Counts the call; is it to fail? */
static bool fails(struct host_call *call)
{
	unsigned int number = call->calls++;

	if (number < call->good || number >= call->good + call->bad)
		return false;
	errno = call->error;
	return true;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails(&host.open) ? -1 : __real_open(path, flags, mode);
}

int __wrap_fstat(int fd, struct stat *status)
{
	if (fails(&host.fstat))
		return -1;
	if (__real_fstat(fd, status) < 0)
		return -1;
	if (host.block_device_size)
		status->st_mode = S_IFBLK;
	return 0;
}

int __wrap_flock(int fd, int operation)
{
	return fails(&host.flock) ? -1 : __real_flock(fd, operation);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *argument;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (fails(&host.ioctl))
		return -1;
	if (request != BLKGETSIZE64)
		return __real_ioctl(fd, request, argument);
	*(uint64_t *)argument = host.block_device_size;
	return 0;
}

int __wrap_fdatasync(int fd)
{
	if (host.on_fdatasync)
		host.on_fdatasync();
	return fails(&host.fdatasync) ? -1 : __real_fdatasync(fd);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list args;
	int length;

	if (fails(&host.asprintf))
		return -1;
	va_start(args, format);
	length = vasprintf(text, format, args);
	va_end(args);
	return length;
}

/* The same buffers, but of `host.most` bytes at most; returns their number. */
static int shorten(struct iovec *to, const struct iovec *from, int count)
{
	size_t left = host.most ? host.most : SIZE_MAX;
	int i;

	for (i = 0; i < count && left > 0; i++) {
		to[i] = from[i];
		if (to[i].iov_len > left)
			to[i].iov_len = left;
		left -= to[i].iov_len;
	}
	return i;
}

ssize_t __wrap_preadv(int fd, const struct iovec *buffers, int count,
		      off_t offset)
{
	struct iovec some[IOV_MAX];

	if (host.on_transfer)
		host.on_transfer();
	if (fails(&host.preadv))
		return -1;
	count = shorten(some, buffers, count);
	return __real_preadv(fd, some, count, offset);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *buffers, int count,
		       off_t offset)
{
	struct iovec some[IOV_MAX];

	if (host.on_transfer)
		host.on_transfer();
	if (fails(&host.pwritev))
		return -1;
	count = shorten(some, buffers, count);
	return __real_pwritev(fd, some, count, offset);
}
