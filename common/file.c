#include "file.h"

#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

void file_open_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			die_errno("/dev/null");
	} while (fd <= STDERR_FILENO);
	close(fd);
}

void file_open(struct file *file, const char *path)
{
	struct stat status;

	file->path = path;
	/* O_NONBLOCK: a FIFO without a writer is refused, not waited for. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &status) < 0)
		die_errno("%s", path);
	if (!S_ISREG(status.st_mode))
		die("%s: not a regular file", path);
	if (status.st_size == 0)
		die("%s: the file is empty", path);
	file->size = (size_t)status.st_size;
}

void file_read(struct file *file, void *buffer, size_t size)
{
	uint8_t *next = buffer;
	ssize_t done;

	while (size > 0) {
		done = read(file->fd, next, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			die_errno("%s", file->path);
		if (done == 0)
			die("%s: the file is too short", file->path);
		next += done;
		size -= (size_t)done;
	}
}

void file_seek(struct file *file, uint64_t offset)
{
	if (lseek(file->fd, (off_t)offset, SEEK_SET) < 0)
		die_errno("%s", file->path);
}

void file_close(struct file *file)
{
	close(file->fd);
}
