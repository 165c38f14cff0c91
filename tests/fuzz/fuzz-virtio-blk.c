/*
 * Requests of any form on an image in memory, compared with a model: what the
 * request has to do to the image and to guest memory, byte by byte.
 *
 * The input: options, then for each request its header (type, sector), and
 * descriptors of one byte of flags, two of address and two of length.
 */
#include "input.h"

#include "fake.h"
#include "ring.h"
#include "virtio-blk.h"

#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE   0x8000
#define RING_GPA   0x0000
#define HEADER_GPA 0x2000
#define QUEUE_SIZE 64

#define SECTOR	   512
#define CAPACITY   16
#define IMAGE_SIZE (CAPACITY * SECTOR)

#define OPTION_READ_ONLY 1
#define OPTION_FLUSH	 2

/* A descriptor's flags in the input */
#define WRITABLE 1
#define LAST	 2
#define HEADER	 4 /* its address is from the header on */

static struct memory memory;
static struct ring ring;
static struct virtio_blk blk;
static struct virtqueue *const queue = &blk.device.queues[0];
static int image_fd;

/* The model's memory and image */
static uint8_t ram[RAM_SIZE], image[IMAGE_SIZE];

static void create(void)
{
	static char path[32];

	fake_memory_create(&memory, RAM_SIZE);
	image_fd = memfd_create("image", MFD_CLOEXEC);
	CHECK(image_fd >= 0 && ftruncate(image_fd, IMAGE_SIZE) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image_fd);
	virtio_blk_open(&blk, path, false);
	memset(blk.id, 0, sizeof(blk.id));
	memcpy(blk.id, "disk", 4);
}

/* ---- the model ---- */

static size_t total(const struct iovec *buffers, size_t count)
{
	size_t size = 0;

	while (count > 0)
		size += buffers[--count].iov_len;
	return size;
}

/* The model's own copy of a byte of guest memory */
static uint8_t *mine(const struct iovec *buffers, size_t index)
{
	while (index >= buffers->iov_len)
		index -= buffers++->iov_len;
	return &ram[(uint8_t *)buffers->iov_base - memory.ram +
		    (ptrdiff_t)index];
}

/* Does what the header asks for, with `out` bytes of data and room for `in`;
 * `*done` is what of it is used. */
static uint8_t model_execute(const struct virtio_blk_outhdr *header,
			     const struct iovec *readable, size_t out,
			     const struct iovec *writable, size_t in,
			     size_t *done)
{
	static const char id[VIRTIO_BLK_ID_BYTES] = "disk";
	bool is_out = header->type == VIRTIO_BLK_T_OUT;
	size_t size = is_out ? out : in;
	uint64_t start = header->sector * SECTOR;

	*done = 0;
	switch (header->type) {
	case VIRTIO_BLK_T_FLUSH:
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_GET_ID:
		for (; *done < in && *done < sizeof(id); ++*done)
			*mine(writable, *done) = (uint8_t)id[*done];
		return VIRTIO_BLK_S_OK;
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		break;
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
	if (size % SECTOR || (is_out ? in : out) > 0 ||
	    header->sector > CAPACITY || start + size > IMAGE_SIZE ||
	    (is_out && blk.read_only))
		return VIRTIO_BLK_S_IOERR;
	for (size_t i = 0; i < size; i++)
		if (is_out)
			image[start + i] = *mine(readable, 16 + i);
		else
			*mine(writable, i) = image[start + i];
	*done = is_out ? 0 : size;
	return VIRTIO_BLK_S_OK;
}

/* Returns used.len: the bytes written up to the first that is not. */
static uint32_t model(const struct chain *chain)
{
	const struct iovec *readable = chain->buffers;
	const struct iovec *writable = chain->buffers + chain->readable;
	size_t out = total(readable, chain->readable);
	size_t in = total(writable, chain->writable);
	struct virtio_blk_outhdr header;
	uint8_t status = VIRTIO_BLK_S_IOERR;
	size_t done = 0;

	if (!chain->valid || in == 0)
		return 0;
	in--;
	if (out >= sizeof(header)) {
		for (size_t i = 0; i < sizeof(header); i++)
			((uint8_t *)&header)[i] = *mine(readable, i);
		status = model_execute(&header, readable, out - sizeof(header),
				       writable, in, &done);
	}
	*mine(writable, in) = status;
	return (uint32_t)(done + (done == in));
}

/* ---- a request ---- */

static void make_request(struct input *input)
{
	struct virtio_blk_outhdr header = { .type = take8(input) };
	uint16_t index = 0;
	uint8_t flags;

	header.sector = take8(input);
	if (header.sector == 0xff)
		header.sector = take64(input);
	memcpy(memory.ram + HEADER_GPA, &header, sizeof(header));
	do {
		uint16_t gpa;

		flags = take8(input);
		gpa = take16(input);
		if (index == QUEUE_SIZE - 1 || input->size == 0)
			flags |= LAST;
		ring_describe(&ring.desc[index],
			      flags & HEADER ? HEADER_GPA + gpa % 64u : gpa,
			      take16(input),
			      (flags & WRITABLE ? VRING_DESC_F_WRITE : 0) |
				      (flags & LAST ? 0 : VRING_DESC_F_NEXT),
			      index + 1);
		index++;
	} while (!(flags & LAST));
	ring_offer(&ring, 0);
}

static void expect_same(void)
{
	static uint8_t content[IMAGE_SIZE + 1];

	/* The used ring is the queue's business. */
	CHECK(memcmp(memory.ram + HEADER_GPA, ram + HEADER_GPA,
		     RAM_SIZE - HEADER_GPA) == 0);
	CHECK(pread(image_fd, content, sizeof(content), 0) == IMAGE_SIZE);
	CHECK(memcmp(content, image, IMAGE_SIZE) == 0);
}

static void run_request(uint64_t features)
{
	struct virtqueue copy = *queue;
	uint16_t given = queue->next_used;
	static struct chain chain;
	uint32_t expected;

	/* What the queue makes of it has a fuzz target of its own. */
	CHECK(virtqueue_pop(&copy, &chain));
	memcpy(ram, memory.ram, RAM_SIZE);
	expected = model(&chain);
	blk.device.features = features;
	blk.device.notified(&blk.device, 0);
	/* Data may lie on the rings: then they are no measure any more. */
	for (size_t i = 0; i < chain.readable + chain.writable; i++)
		if ((uint8_t *)chain.buffers[i].iov_base <
		    memory.ram + HEADER_GPA)
			return;
	CHECK(queue->next_used == (uint16_t)(given + 1));
	CHECK(ring.used->ring[given % QUEUE_SIZE].len == expected);
	expect_same();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint8_t options;

	if (!memory.ram)
		create();
	options = take8(&input);
	blk.read_only = options & OPTION_READ_ONLY;
	for (size_t i = 0; i < IMAGE_SIZE; i++)
		image[i] = (uint8_t)(i ^ i / SECTOR * 3);
	CHECK(pwrite(image_fd, image, IMAGE_SIZE, 0) == IMAGE_SIZE);
	memset(memory.ram, 0x5a, RAM_SIZE);

	while (input.size > 0) {
		ring_create(&ring, &memory, QUEUE_SIZE, RING_GPA);
		memset(queue, 0, sizeof(*queue));
		ring_tell(&ring, queue);
		CHECK(virtqueue_start(queue, &memory));
		make_request(&input);
		run_request(options & OPTION_FLUSH ? 1ull << VIRTIO_BLK_F_FLUSH
						   : 0);
		CHECK(pread(image_fd, image, IMAGE_SIZE, 0) == IMAGE_SIZE);
	}
	return 0;
}
