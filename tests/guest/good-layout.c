/* One request in every form that a driver may give it (virtio 1.2, 2.7.4). */
#include "virtio.h"

/* Adds `length` bytes at `address` as pieces of `size`. */
static uint16_t split(struct buffer *buffers, uint16_t count, uint64_t address,
		      uint32_t length, uint32_t size, uint16_t flags)
{
	while (length > 0) {
		uint32_t piece = length < size ? length : size;

		buffers[count++] = (struct buffer){ address, piece, flags };
		address += piece;
		length -= piece;
	}
	return count;
}

static struct buffer pieces[QUEUE_MAX];

/* Writes and reads back, with header and data in pieces. */
static void with_pieces(uint32_t header_size, uint32_t data_size,
			uint32_t length, bool indirect)
{
	uint32_t (*send)(const struct buffer *, uint16_t) =
		indirect ? submit_indirect : submit;
	uint64_t seed = header_size * 1000 + data_size;
	uint16_t count;

	fill(data, length, seed);
	set_header(VIRTIO_BLK_T_OUT, SCRATCH + 8);
	count = split(pieces, 0, (uintptr_t)&header, 16, header_size, 0);
	count = split(pieces, count, (uintptr_t)data, length, data_size, 0);
	count = split(pieces, count, (uintptr_t)&status, 1, 1, WRITE);
	SAME(send(pieces, count), 1);
	SAME(status, 0);

	memset(data, 0, length);
	set_header(VIRTIO_BLK_T_IN, SCRATCH + 8);
	count = split(pieces, 0, (uintptr_t)&header, 16, header_size, 0);
	count = split(pieces, count, (uintptr_t)data, length, data_size, WRITE);
	count = split(pieces, count, (uintptr_t)&status, 1, 1, WRITE);
	SAME(send(pieces, count), length + 1);
	SAME(status, 0);
	CHECK(is_filled(data, length, seed));
}

static void split_header(void)
{
	with_pieces(8, SECTOR_SIZE, SECTOR_SIZE, false);
	with_pieces(5, SECTOR_SIZE, SECTOR_SIZE, false);
	with_pieces(1, SECTOR_SIZE, SECTOR_SIZE, false);
}

static void many_segments(void)
{
	with_pieces(16, SECTOR_SIZE, 254 * SECTOR_SIZE, false);
	with_pieces(16, 4096, 254 * 4096, false);
	with_pieces(16, 254 * 512, 2 * 254 * 512, false);
}

static void odd_segments(void)
{
	with_pieces(3, 7, SECTOR_SIZE, false);
	with_pieces(16, 333, 8 * SECTOR_SIZE, false);
}

/* 253 segments of one byte, and one with the rest */
static void byte_segments(void)
{
	uint16_t count;

	fill(data, SECTOR_SIZE, 5);
	for (int writing = 1; writing >= 0; writing--) {
		uint16_t flags = writing ? 0 : WRITE;

		set_header(writing ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
			   SCRATCH + 9);
		count = split(pieces, 0, (uintptr_t)&header, 16, 16, 0);
		count = split(pieces, count, (uintptr_t)data, 253, 1, flags);
		count = split(pieces, count, (uintptr_t)data + 253,
			      SECTOR_SIZE - 253, SECTOR_SIZE, flags);
		count = split(pieces, count, (uintptr_t)&status, 1, 1, WRITE);
		SAME(submit(pieces, count), writing ? 1 : SECTOR_SIZE + 1);
		SAME(status, 0);
		if (writing)
			memset(data, 0, SECTOR_SIZE);
	}
	CHECK(is_filled(data, SECTOR_SIZE, 5));
}

/* [header, data] [status] and [header] [data, status] */
static void shared_descriptors(void)
{
	struct {
		struct virtio_blk_outhdr header;
		uint8_t data[SECTOR_SIZE];
		uint8_t status;
	} all;
	struct buffer write[] = {
		{ (uintptr_t)&all, 16 + SECTOR_SIZE, 0 },
		{ (uintptr_t)&all.status, 1, WRITE },
	};
	struct buffer read[] = {
		{ (uintptr_t)&all.header, 16, 0 },
		{ (uintptr_t)all.data, SECTOR_SIZE + 1, WRITE },
	};

	memset(&all, 0, sizeof(all));
	fill(all.data, SECTOR_SIZE, 6);
	all.header.type = VIRTIO_BLK_T_OUT;
	all.header.sector = SCRATCH + 10;
	all.status = UNTOUCHED;
	SAME(submit(write, 2), 1);
	SAME(all.status, 0);

	memset(all.data, 0, SECTOR_SIZE);
	all.header.type = VIRTIO_BLK_T_IN;
	all.status = UNTOUCHED;
	SAME(submit(read, 2), SECTOR_SIZE + 1);
	SAME(all.status, 0);
	CHECK(is_filled(all.data, SECTOR_SIZE, 6));
}

static void empty_segments(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 0, 0 },
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)data, 0, WRITE },
		{ (uintptr_t)data, SECTOR_SIZE, WRITE },
		{ (uintptr_t)&status, 1, WRITE },
		{ (uintptr_t)data, 0, WRITE },
	};

	set_header(VIRTIO_BLK_T_IN, 33);
	SAME(submit(buffers, 6), SECTOR_SIZE + 1);
	SAME(status, 0);
	CHECK(is_sector(data, 33));
}

/* Descriptors may lie in the table in any order. */
static void scattered(void)
{
	set_header(VIRTIO_BLK_T_IN, 34);
	put(&desc[255], (uintptr_t)&header, 16, VRING_DESC_F_NEXT, 3);
	put(&desc[3], (uintptr_t)data, SECTOR_SIZE, WRITE | VRING_DESC_F_NEXT,
	    128);
	put(&desc[128], (uintptr_t)&status, 1, WRITE, 77);
	offer(255);
	SAME(served(255), SECTOR_SIZE + 1);
	SAME(status, 0);
	CHECK(is_sector(data, 34));
}

static void indirect(void)
{
	with_pieces(16, SECTOR_SIZE, SECTOR_SIZE, true);
	with_pieces(1, 100, 4 * SECTOR_SIZE, true);
	with_pieces(16, 4096, 254 * 4096, true);
}

static void indirect_anywhere(void)
{
	static uint8_t odd[3 * 16 + 1];
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)data, SECTOR_SIZE, WRITE },
		{ (uintptr_t)&status, 1, WRITE },
	};

	set_header(VIRTIO_BLK_T_IN, 35);
	put_chain((volatile struct vring_desc *)(odd + 1), buffers, 3);
	/* WRITE means nothing here (2.7.5.3.2). */
	put(&desc[0], (uintptr_t)odd + 1, 48, VRING_DESC_F_INDIRECT | WRITE, 0);
	offer(0);
	SAME(served(0), SECTOR_SIZE + 1);
	SAME(status, 0);
	CHECK(is_sector(data, 35));
}

/* Direct descriptors may come before an indirect one. */
static void indirect_last(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)data, SECTOR_SIZE, WRITE },
		{ (uintptr_t)&status, 1, WRITE },
	};

	set_header(VIRTIO_BLK_T_IN, 36);
	put_chain(table, buffers, 2);
	put(&desc[0], (uintptr_t)&header, 16, VRING_DESC_F_NEXT, 1);
	put(&desc[1], (uintptr_t)table, 32, VRING_DESC_F_INDIRECT, 0);
	offer(0);
	SAME(served(0), SECTOR_SIZE + 1);
	SAME(status, 0);
	CHECK(is_sector(data, 36));
}

/* The last bytes of the RAM are as good as any. */
static void up_to(uint64_t top)
{
	uint8_t *end = (uint8_t *)top;
	volatile uint8_t *last = end - 1;
	struct virtio_blk_outhdr *high = (void *)(end - 16);
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ top - SECTOR_SIZE, SECTOR_SIZE, WRITE },
		{ (uintptr_t)&status, 1, WRITE },
	};

	set_header(VIRTIO_BLK_T_IN, 37);
	SAME(submit(buffers, 3), SECTOR_SIZE + 1);
	SAME(status, 0);
	CHECK(is_sector(end - SECTOR_SIZE, 37));

	fill(end - sizeof(data), sizeof(data), 8);
	SAME(request(VIRTIO_BLK_T_OUT, SCRATCH + 1000, end - sizeof(data),
		     sizeof(data)),
	     0);
	memset(end - sizeof(data), 0, sizeof(data));
	SAME(request(VIRTIO_BLK_T_IN, SCRATCH + 1000, end - sizeof(data),
		     sizeof(data)),
	     0);
	CHECK(is_filled(end - sizeof(data), sizeof(data), 8));

	/* The header, then the status there */
	*high = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_IN,
					    .sector = 38 };
	buffers[0].address = top - 16;
	buffers[1].address = (uintptr_t)data;
	SAME(submit(buffers, 3), SECTOR_SIZE + 1);
	CHECK(is_sector(data, 38));
	set_header(VIRTIO_BLK_T_IN, 39);
	buffers[0].address = (uintptr_t)&header;
	buffers[2].address = top - 1;
	*last = UNTOUCHED;
	SAME(submit(buffers, 3), SECTOR_SIZE + 1);
	SAME(*last, 0);
	CHECK(is_sector(data, 39));

	/* And an indirect table */
	set_header(VIRTIO_BLK_T_IN, 40);
	buffers[2].address = (uintptr_t)&status;
	put_chain((volatile struct vring_desc *)(top - 48), buffers, 3);
	put(&desc[0], top - 48, 48, VRING_DESC_F_INDIRECT, 0);
	offer(0);
	SAME(served(0), SECTOR_SIZE + 1);
	CHECK(is_sector(data, 40));
}

static void up_to_the_hole(void)
{
	SAME(top_of_low_ram(), 0xc0000000);
	up_to(top_of_low_ram());
}

static void up_to_the_top(void)
{
	CHECK(top_of_ram() > 1ull << 32);
	up_to(top_of_ram());
}

static void from_4_gib(void)
{
	uint8_t *start = (uint8_t *)(1ull << 32);

	memset(start, 0, SECTOR_SIZE);
	SAME(request(VIRTIO_BLK_T_IN, 41, start, SECTOR_SIZE), 0);
	CHECK(is_sector(start, 41));
}

const struct test layout_cases[] = {
	{ "the header in pieces", split_header },
	{ "as many segments as fit", many_segments },
	{ "segments of odd lengths", odd_segments },
	{ "one byte a segment", byte_segments },
	{ "data that shares a descriptor with header or status",
	  shared_descriptors },
	{ "descriptors without bytes", empty_segments },
	{ "descriptors in any order", scattered },
	{ "indirect tables", indirect },
	{ "an indirect table at an odd address", indirect_anywhere },
	{ "an indirect table behind a direct descriptor", indirect_last },
	{ "buffers that end where the 32-bit hole begins", up_to_the_hole },
	{ "buffers that end at the top of RAM", up_to_the_top },
	{ "a buffer that begins at 4 GiB", from_4_gib },
	END_OF_TESTS,
};
