/* Files that go into guest memory: a flat binary, a kernel, an initramfs. */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>

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

void file_close(struct file *file);

#endif
