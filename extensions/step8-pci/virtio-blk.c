#include "virtio-blk.h"

#include "die.h"
#include "stop.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* virtio 1.2, 5.2.4: the unit of sector numbers, whatever blk_size is */
#define SECTOR_SIZE 512

/* The header and the status of a request need a descriptor each. */
#define MAX_SEGMENTS (VIRTQUEUE_MAX_SIZE - 2)

#define FEATURE(name) (1ull << VIRTIO_BLK_F_##name)

/* So much is transferred at once; in between we look whether we are to end. */
#define PART (16 << 20)

/* A request while it is worked on: what is left of its buffers. */
struct request {
	struct virtio_blk_outhdr header;
	struct iovec *data;
	size_t count;
	uint64_t size; /* of all the data, bytes */
	uint64_t other_way; /* bytes that are not for this type's direction */
};

/* The size in bytes of a regular file or a block device. */
static uint64_t image_size(int fd, const char *path)
{
	struct stat status;
	uint64_t size;

	if (fstat(fd, &status) < 0)
		die_errno("%s", path);
	if (S_ISREG(status.st_mode))
		return (uint64_t)status.st_size;
	if (!S_ISBLK(status.st_mode))
		die("%s: neither a regular file nor a block device", path);
	if (ioctl(fd, BLKGETSIZE64, &size) < 0)
		die_errno("%s: BLKGETSIZE64", path);
	return size;
}

/*
 * The device's serial number (5.2.6): letters of the file's name, and what
 * makes it differ from another file of that name.
 */
static void make_id(struct virtio_blk *blk, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct stat status;

	if (fstat(blk->fd, &status) < 0)
		die_errno("%s", path);
	snprintf(blk->id, sizeof(blk->id), "%.11s-%08x", name,
		 (unsigned int)(status.st_ino ^ status.st_dev));
	for (char *c = blk->id; *c; c++)
		if (!isascii(*c) || !isprint(*c))
			*c = '_';
}

static void serve(struct virtio *device, uint32_t queue);

void virtio_blk_open(struct virtio_blk *blk, const char *path, bool read_only)
{
	int mode = read_only ? O_RDONLY : O_RDWR;
	uint64_t size;

	memset(blk, 0, sizeof(*blk));
	blk->read_only = read_only;
	blk->fd = open(path, mode | O_CLOEXEC | O_NONBLOCK);
	if (blk->fd < 0)
		die_errno("%s", path);
	size = image_size(blk->fd, path);
	if (size == 0 || size % SECTOR_SIZE != 0)
		die("%s: it has %llu bytes: a disk has a multiple of %d, and not 0",
		    path, (unsigned long long)size, SECTOR_SIZE);

	if (flock(blk->fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			die("%s: in use by another VMM: end that one, or have both use it with ,ro",
			    path);
		die_errno("%s: flock", path);
	}
	make_id(blk, path);

	blk->config.capacity = size / SECTOR_SIZE;
	blk->config.seg_max = MAX_SEGMENTS;
	blk->config.blk_size = SECTOR_SIZE;
	blk->device.id = VIRTIO_ID_BLOCK;
	blk->device.offered = FEATURE(SEG_MAX) | FEATURE(BLK_SIZE) |
			      FEATURE(FLUSH) | (read_only ? FEATURE(RO) : 0);
	blk->device.config = &blk->config;
	blk->device.config_size = sizeof(blk->config);
	blk->device.queue_count = 1;
	blk->device.notified = serve;
}

/* ---- buffers: the framing of a request is up to the driver (2.7.4) ---- */

static uint64_t total_size(const struct iovec *buffers, size_t count)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += buffers[i].iov_len;
	return size;
}

/* Takes `size` bytes off the front; there are as many. */
static void skip(struct iovec **buffers, size_t *count, size_t size)
{
	while (*count > 0 && size >= (*buffers)->iov_len) {
		size -= (*buffers)->iov_len;
		(*buffers)++;
		(*count)--;
	}
	if (size > 0) {
		(*buffers)->iov_base = (uint8_t *)(*buffers)->iov_base + size;
		(*buffers)->iov_len -= size;
	}
}

/* Takes the header off the front. */
static bool take_header(struct iovec **buffers, size_t *count,
			struct virtio_blk_outhdr *header)
{
	uint8_t *next = (uint8_t *)header;
	size_t left = sizeof(*header);

	if (total_size(*buffers, *count) < sizeof(*header))
		return false;
	while (left > 0) {
		size_t length = (*buffers)->iov_len;

		if (length > left)
			length = left;
		memcpy(next, (*buffers)->iov_base, length);
		skip(buffers, count, length);
		next += length;
		left -= length;
	}
	return true;
}

/* Takes the last byte off the end; NULL if there is none. */
static uint8_t *take_status(struct iovec *buffers, size_t *count)
{
	struct iovec *last;

	while (*count > 0 && buffers[*count - 1].iov_len == 0)
		(*count)--;
	if (*count == 0)
		return NULL;
	last = &buffers[*count - 1];
	last->iov_len--;
	return (uint8_t *)last->iov_base + last->iov_len;
}

/* ---- requests (5.2.6) ---- */

/* One system call's work of a transfer: at most PART bytes. */
static ssize_t transfer_part(const struct virtio_blk *blk,
			     const struct request *request, off_t offset)
{
	struct iovec part[VIRTQUEUE_MAX_SIZE];
	size_t left = PART;
	int count = 0;

	for (size_t i = 0; i < request->count && left > 0; i++) {
		part[count] = request->data[i];
		if (part[count].iov_len > left)
			part[count].iov_len = left;
		left -= part[count++].iov_len;
	}
	if (request->header.type == VIRTIO_BLK_T_OUT)
		return pwritev(blk->fd, part, count, offset);
	return preadv(blk->fd, part, count, offset);
}

/* Moves all data; what an error leaves undone is left in the request. */
static bool transfer(const struct virtio_blk *blk, struct request *request)
{
	off_t offset = (off_t)(request->header.sector * SECTOR_SIZE);

	while (total_size(request->data, request->count) > 0) {
		ssize_t done;

		if (stop_asked())
			return false;
		done = transfer_part(blk, request, offset);
		if (done <= 0)
			return false;
		skip(&request->data, &request->count, (size_t)done);
		offset += done;
	}
	return true;
}

static uint8_t read_or_write(const struct virtio_blk *blk,
			     struct request *request, bool write_through)
{
	bool is_write = request->header.type == VIRTIO_BLK_T_OUT;
	uint64_t sector = request->header.sector;

	/* Data to read or data to write, and not both */
	if (request->size % SECTOR_SIZE != 0 || request->other_way > 0)
		return VIRTIO_BLK_S_IOERR;
	if (sector > blk->config.capacity ||
	    request->size / SECTOR_SIZE > blk->config.capacity - sector)
		return VIRTIO_BLK_S_IOERR;
	if (is_write && blk->read_only)
		return VIRTIO_BLK_S_IOERR;
	if (!transfer(blk, request))
		return VIRTIO_BLK_S_IOERR;
	if (is_write && write_through && fdatasync(blk->fd) < 0)
		return VIRTIO_BLK_S_IOERR;
	return VIRTIO_BLK_S_OK;
}

/* 20 bytes, of which those behind the end are 0. */
static uint8_t get_id(const struct virtio_blk *blk, struct request *request)
{
	const char *next = blk->id;
	size_t left = VIRTIO_BLK_ID_BYTES;

	while (request->count > 0 && left > 0) {
		size_t length = left;

		if (length > request->data->iov_len)
			length = request->data->iov_len;
		memcpy(request->data->iov_base, next, length);
		skip(&request->data, &request->count, length);
		next += length;
		left -= length;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t execute(const struct virtio_blk *blk, struct request *request,
		       bool write_through)
{
	switch (request->header.type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		return read_or_write(blk, request, write_through);
	case VIRTIO_BLK_T_FLUSH:
		return fdatasync(blk->fd) < 0 ? VIRTIO_BLK_S_IOERR
					      : VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_GET_ID:
		return get_id(blk, request);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

/* Has a chain's request executed; returns how many bytes were written. */
static uint32_t handle(struct virtio *device, struct chain *chain)
{
	const struct virtio_blk *blk = (const struct virtio_blk *)device;
	bool write_through = !(device->features & FEATURE(FLUSH));
	struct iovec *readable = chain->buffers;
	struct iovec *writable = chain->buffers + chain->readable;
	struct request request;
	uint64_t in_size, out_size, left;
	uint8_t *status;
	bool is_write;

	status = take_status(writable, &chain->writable);
	if (!status)
		return 0;
	in_size = total_size(writable, chain->writable);
	if (!take_header(&readable, &chain->readable, &request.header)) {
		*status = VIRTIO_BLK_S_IOERR;
		return in_size == 0;
	}

	out_size = total_size(readable, chain->readable);
	is_write = request.header.type == VIRTIO_BLK_T_OUT;
	request.data = is_write ? readable : writable;
	request.count = is_write ? chain->readable : chain->writable;
	request.size = is_write ? out_size : in_size;
	request.other_way = is_write ? in_size : out_size;
	*status = execute(blk, &request, write_through);

	/* The status is the last byte: it counts if those before it do. */
	left = is_write ? in_size : total_size(request.data, request.count);
	return (uint32_t)(in_size - left) + (left == 0);
}

static void serve(struct virtio *device, uint32_t queue)
{
	virtio_serve(device, queue, handle);
}

void virtio_blk_close(struct virtio_blk *blk)
{
	close(blk->fd);
}
