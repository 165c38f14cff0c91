#include "virtio-blk.h"

#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
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

/* A request while it is worked on: what is left of its buffers. */
struct request {
	struct virtio_blk_outhdr header;
	struct iovec *data;
	size_t count;
	uint64_t size; /* of all the data, bytes */
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

void virtio_blk_open(struct virtio_blk *blk, const char *path, bool read_only)
{
	int access = read_only ? O_RDONLY : O_RDWR;
	uint64_t size;

	blk->path = path;
	blk->read_only = read_only;
	blk->fd = open(path, access | O_CLOEXEC | O_NONBLOCK);
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

	memset(&blk->config, 0, sizeof(blk->config));
	blk->config.capacity = size / SECTOR_SIZE;
	blk->config.seg_max = MAX_SEGMENTS;
	blk->config.blk_size = SECTOR_SIZE;
}

uint64_t virtio_blk_features(const struct virtio_blk *blk)
{
	return FEATURE(SEG_MAX) | FEATURE(BLK_SIZE) | FEATURE(FLUSH) |
	       (blk->read_only ? FEATURE(RO) : 0);
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

/* Moves all data; what an error leaves undone is left in the request. */
static bool transfer(const struct virtio_blk *blk, struct request *request)
{
	off_t offset = (off_t)(request->header.sector * SECTOR_SIZE);
	ssize_t done;

	while (total_size(request->data, request->count) > 0) {
		if (request->header.type == VIRTIO_BLK_T_OUT)
			done = pwritev(blk->fd, request->data,
				       (int)request->count, offset);
		else
			done = preadv(blk->fd, request->data,
				      (int)request->count, offset);
		if (done < 0 && errno == EINTR)
			continue;
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

	if (request->size % SECTOR_SIZE != 0)
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

/* The name of the image serves as the device's serial number. */
static uint8_t get_id(const struct virtio_blk *blk, struct request *request)
{
	const char *slash = strrchr(blk->path, '/');
	const char *name = slash ? slash + 1 : blk->path;
	char id[VIRTIO_BLK_ID_BYTES] = { 0 };
	const char *next = id;

	memcpy(id, name, strnlen(name, sizeof(id)));
	while (request->count > 0 && next < id + sizeof(id)) {
		size_t length = (size_t)(id + sizeof(id) - next);

		if (length > request->data->iov_len)
			length = request->data->iov_len;
		memcpy(request->data->iov_base, next, length);
		skip(&request->data, &request->count, length);
		next += length;
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

/* Returns how many bytes of the chain's buffers were written. */
static uint32_t handle(const struct virtio_blk *blk, struct chain *chain,
		       bool write_through)
{
	struct iovec *readable = chain->buffers;
	struct iovec *writable = chain->buffers + chain->readable;
	struct request request;
	uint64_t in_size, left;
	uint8_t *status;

	status = take_status(writable, &chain->writable);
	if (!status)
		return 0;
	in_size = total_size(writable, chain->writable);
	if (!take_header(&readable, &chain->readable, &request.header) ||
	    in_size >= UINT32_MAX) {
		*status = VIRTIO_BLK_S_IOERR;
		return in_size == 0;
	}

	if (request.header.type == VIRTIO_BLK_T_OUT) {
		request.data = readable;
		request.count = chain->readable;
	} else {
		request.data = writable;
		request.count = chain->writable;
	}
	request.size = total_size(request.data, request.count);
	*status = execute(blk, &request, write_through);

	/* The status is the last byte: it counts if those before it do. */
	left = request.header.type == VIRTIO_BLK_T_OUT
		       ? in_size
		       : total_size(request.data, request.count);
	return (uint32_t)(in_size - left) + (left == 0);
}

void virtio_blk_notify(struct virtio_blk *blk, struct virtqueue *queue,
		       uint64_t features)
{
	bool write_through = !(features & FEATURE(FLUSH));
	struct chain chain;

	do {
		while (virtqueue_pop(queue, &chain)) {
			uint32_t written = 0;

			if (chain.valid)
				written = handle(blk, &chain, write_through);
			virtqueue_push(queue, &chain, written);
		}
	} while (virtqueue_rearm(queue));
}

void virtio_blk_close(struct virtio_blk *blk)
{
	close(blk->fd);
}
