/* Sound chains, senseless requests. */
#include "virtio.h"

static uint32_t send(uint32_t header_size, uint32_t data_size, uint16_t flags,
		     uint32_t status_size)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, header_size, 0 },
		{ (uintptr_t)data, data_size, flags },
		{ (uintptr_t)&status, status_size, WRITE },
	};

	status = UNTOUCHED;
	memset(data, UNTOUCHED, SECTOR_SIZE);
	return submit(buffers, 3);
}

static void past_the_end(void)
{
	static const struct {
		uint64_t sector;
		uint32_t length;
	} wrong[] = {
		{ 16385, 512 },		  { 16386, 512 },
		{ 16384, 1024 },	  { 16383, 2048 },
		{ 1ull << 32, 512 },	  { 1ull << 54, 512 },
		{ 1ull << 55, 512 },	  { (1ull << 55) + 3, 512 },
		{ 1ull << 63, 512 },	  { UINT64_MAX, 512 },
		{ UINT64_MAX - 1, 1024 }, { 16384, sizeof(data) },
		{ UINT64_MAX, 0 },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(data, UNTOUCHED, SECTOR_SIZE);
		SAME(request(VIRTIO_BLK_T_IN, wrong[i].sector, data,
			     wrong[i].length),
		     VIRTIO_BLK_S_IOERR);
		SAME(data[0], UNTOUCHED);
		SAME(request(VIRTIO_BLK_T_OUT, wrong[i].sector, data,
			     wrong[i].length),
		     VIRTIO_BLK_S_IOERR);
	}
}

static void odd_lengths(void)
{
	static const uint32_t lengths[] = { 1, 511, 513, 1023, 4095 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		SAME(request(VIRTIO_BLK_T_IN, 3, data, lengths[i]),
		     VIRTIO_BLK_S_IOERR);
		SAME(request(VIRTIO_BLK_T_OUT, 3, data, lengths[i]),
		     VIRTIO_BLK_S_IOERR);
	}
}

static void short_header(void)
{
	static const uint32_t sizes[] = { 0, 1, 4, 8, 15 };

	set_header(VIRTIO_BLK_T_IN, 3);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		SAME(send(sizes[i], SECTOR_SIZE, WRITE, 1), 0);
		SAME(status, VIRTIO_BLK_S_IOERR);
		SAME(data[0], UNTOUCHED);
	}
}

/* The status is then the last byte that there is. */
static void no_status(void)
{
	set_header(VIRTIO_BLK_T_IN, 3);
	send(16, SECTOR_SIZE, WRITE, 0);
	SAME(status, UNTOUCHED);
	SAME(data[SECTOR_SIZE - 1], VIRTIO_BLK_S_IOERR);
	SAME(data[0], UNTOUCHED);
}

static void nothing_writable(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)data, SECTOR_SIZE, 0 },
	};

	set_header(VIRTIO_BLK_T_IN, 3);
	SAME(submit(buffers, 1), 0);
	SAME(submit(buffers, 2), 0);
	/* Nor is a write done that could not be answered. */
	fill(data, SECTOR_SIZE, 77);
	set_header(VIRTIO_BLK_T_OUT, SCRATCH + 20);
	SAME(submit(buffers, 2), 0);
	SAME(request(VIRTIO_BLK_T_IN, SCRATCH + 20, data, SECTOR_SIZE), 0);
	CHECK(!is_filled(data, SECTOR_SIZE, 77));
}

static void nothing_readable(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)data, SECTOR_SIZE, WRITE },
		{ (uintptr_t)&status, 1, WRITE },
	};

	status = UNTOUCHED;
	data[0] = UNTOUCHED;
	SAME(submit(buffers, 2), 0);
	SAME(status, VIRTIO_BLK_S_IOERR);
	SAME(data[0], UNTOUCHED);
}

static void empty_chain(void)
{
	struct buffer buffers[] = { { (uintptr_t)data, 0, 0 },
				    { (uintptr_t)data, 0, WRITE } };

	SAME(submit(buffers, 1), 0);
	SAME(submit(buffers + 1, 1), 0);
	SAME(submit(buffers, 2), 0);
}

/* Data the wrong way round is no data. */
static void wrong_direction(void)
{
	set_header(VIRTIO_BLK_T_IN, 3);
	SAME(send(16, SECTOR_SIZE, 0, 1), 1);
	SAME(status, VIRTIO_BLK_S_IOERR);
	SAME(data[0], UNTOUCHED);
	set_header(VIRTIO_BLK_T_OUT, 3);
	SAME(send(16, SECTOR_SIZE, WRITE, 1), 0);
	SAME(status, VIRTIO_BLK_S_IOERR);
	SAME(data[0], UNTOUCHED);
	SAME(request(VIRTIO_BLK_T_IN, 3, data, SECTOR_SIZE), 0);
	CHECK(is_sector(data, 3));
}

/* 254 buffers of 64 MiB, the same memory each: no chain may be so long. */
static void more_than_4_gib(void)
{
	static const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT };

	for (size_t i = 0; i < 2; i++) {
		uint16_t flags = types[i] == VIRTIO_BLK_T_IN ? WRITE : 0;

		put(&desc[0], (uintptr_t)&header, 16, VRING_DESC_F_NEXT, 1);
		for (uint16_t j = 1; j < QUEUE_MAX - 1; j++)
			put(&desc[j], 1 << 22, 1 << 26,
			    flags | VRING_DESC_F_NEXT, j + 1);
		put(&desc[QUEUE_MAX - 1], (uintptr_t)&status, 1, WRITE, 0);
		set_header(types[i], 0);
		offer(0);
		SAME(served(0), 0);
		SAME(status, UNTOUCHED);
	}
}

static void strange_flags(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0xfff8 },
		{ (uintptr_t)data, SECTOR_SIZE, 0xfff8 | WRITE },
		{ (uintptr_t)&status, 1, 0xfff8 | WRITE },
	};

	set_header(VIRTIO_BLK_T_IN, 3);
	SAME(submit(buffers, 3), SECTOR_SIZE + 1);
	SAME(status, 0);
	CHECK(is_sector(data, 3));
}

/* The data goes over the descriptors, the rings, the header, the status. */
static void data_over_everything(void)
{
	const uint64_t targets[] = {
		(uintptr_t)desc,    (uintptr_t)avail,	(uintptr_t)used,
		(uintptr_t)&header, (uintptr_t)&status,
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		static uint8_t saved[SECTOR_SIZE];
		struct buffer buffers[] = {
			{ (uintptr_t)&header, 16, 0 },
			{ targets[i], SECTOR_SIZE, WRITE },
			{ (uintptr_t)&status, 1, WRITE },
		};

		/* Behind the status, where other variables are */
		memcpy(saved, (const void *)targets[i], SECTOR_SIZE);
		set_header(VIRTIO_BLK_T_IN, 3);
		put_chain(desc, buffers, 3);
		offer(0);
		kick();
		kick();
		memcpy((void *)targets[i], saved, SECTOR_SIZE);
		CHECK(start_device(PLAIN, QUEUE_MAX));
	}
}

const struct test bad_request_cases[] = {
	{ "sectors past the end, sums that wrap", past_the_end },
	{ "data that is no multiple of 512", odd_lengths },
	{ "headers that are too short", short_header },
	{ "no status", no_status },
	{ "nothing to write to", nothing_writable },
	{ "nothing to read from", nothing_readable },
	{ "chains without bytes", empty_chain },
	{ "data in the wrong direction", wrong_direction },
	{ "more than 4 GiB in one request", more_than_4_gib },
	{ "descriptor flags that nobody knows", strange_flags },
	{ "data over the rings, the header and the status",
	  data_over_everything },
	END_OF_TESTS,
};
