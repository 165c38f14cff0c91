/* Files, above all those that go into guest memory, as a kernel. */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Opens /dev/null as each of the standard streams that is closed: otherwise
 * the next file to be opened, perhaps a disk, would be taken for it.
 */
void file_open_standard_streams(void);

struct file {
	const char *path; /* for messages */
	int fd;
	size_t size; /* bytes */
};

/*
 * Opens a regular file for reading.  One that is missing, unreadable, empty
 * or no regular file ends the VMM.
 */
void file_open(struct file *file, const char *path);

/* Reads exactly `size` bytes more of it; a shorter file ends the VMM. */
void file_read(struct file *file, void *buffer, size_t size);

/* Has the next file_read() begin `offset` bytes from the file's start. */
void file_seek(struct file *file, uint64_t offset);

void file_close(struct file *file);

#endif
