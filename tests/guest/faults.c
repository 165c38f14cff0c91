/* A disk on which things go wrong (preload/faults.c), or that has no room. */
#include "fault-places.h"
#include "virtio.h"

#define SIZE (8 * SECTOR_SIZE)

static void errors(void)
{
	SAME(request(VIRTIO_BLK_T_IN, PLACE_ERROR, data, SECTOR_SIZE),
	     VIRTIO_BLK_S_IOERR);
	SAME(request(VIRTIO_BLK_T_OUT, PLACE_ERROR, data, SECTOR_SIZE),
	     VIRTIO_BLK_S_IOERR);
}

static void no_space(void)
{
	SAME(request(VIRTIO_BLK_T_OUT, PLACE_FULL, data, SECTOR_SIZE),
	     VIRTIO_BLK_S_IOERR);
	SAME(request(VIRTIO_BLK_T_IN, PLACE_FULL, data, SECTOR_SIZE), 0);
	CHECK(is_sector(data, PLACE_FULL));
}

static void writes_and_reads(uint64_t sector)
{
	fill(data, SIZE, sector);
	SAME(request(VIRTIO_BLK_T_OUT, sector, data, SIZE), 0);
	memset(data, 0, SIZE);
	SAME(request(VIRTIO_BLK_T_IN, sector, data, SIZE), 0);
	CHECK(is_filled(data, SIZE, sector));
}

static void short_transfers(void)
{
	writes_and_reads(PLACE_SHORT);
}

/* The length that comes back does not claim what was not read. */
static void half(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)data, 2 * SECTOR_SIZE, WRITE },
		{ (uintptr_t)&status, 1, WRITE },
	};

	memset(data, UNTOUCHED, 2 * SECTOR_SIZE);
	set_header(VIRTIO_BLK_T_IN, PLACE_HALF);
	SAME(submit(buffers, 3), SECTOR_SIZE);
	SAME(status, VIRTIO_BLK_S_IOERR);
	CHECK(is_sector(data, PLACE_HALF));
	SAME(data[SECTOR_SIZE], UNTOUCHED);
}

static void end_of_file(void)
{
	SAME(request(VIRTIO_BLK_T_IN, PLACE_END, data, SECTOR_SIZE),
	     VIRTIO_BLK_S_IOERR);
}

static void flush_error(void)
{
	fill(data, SECTOR_SIZE, 9);
	SAME(request(VIRTIO_BLK_T_OUT, PLACE_NO_FLUSH, data, SECTOR_SIZE), 0);
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), VIRTIO_BLK_S_IOERR);
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
}

/* Without FLUSH a write is done when it is durable. */
static void write_through_error(void)
{
	CHECK(start_device(PLAIN & ~FEATURE(FLUSH), QUEUE_MAX));
	SAME(request(VIRTIO_BLK_T_OUT, PLACE_NO_FLUSH, data, SECTOR_SIZE),
	     VIRTIO_BLK_S_IOERR);
	SAME(request(VIRTIO_BLK_T_OUT, SCRATCH, data, SECTOR_SIZE), 0);
}

/* The image has holes, and its file system room for a part of them. */
static void fills_up(void)
{
	uint64_t sector = SCRATCH;
	uint8_t result = 0;

	for (; sector + 8 <= 16384 && result == 0; sector += 8) {
		fill(data, SIZE, sector);
		result = request(VIRTIO_BLK_T_OUT, sector, data, SIZE);
	}
	SAME(result, VIRTIO_BLK_S_IOERR);
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	CHECK(sector > SCRATCH + 1000);
	/* All that was taken is there, and may be written again. */
	for (uint64_t i = SCRATCH; i < sector - 8; i += 8) {
		SAME(request(VIRTIO_BLK_T_IN, i, data, SIZE), 0);
		if (!CHECK(is_filled(data, SIZE, i)))
			return;
	}
	fill(data, SIZE, 1);
	SAME(request(VIRTIO_BLK_T_OUT, SCRATCH, data, SIZE), 0);
	SAME(request(VIRTIO_BLK_T_IN, 16384, data, SECTOR_SIZE), 0);
}

/* The host lets no file be written beyond a limit, amid the image. */
static void beyond_the_limit(void)
{
	const uint64_t limit = PLACE_LIMIT;

	fill(data, SIZE, 1);
	SAME(request(VIRTIO_BLK_T_OUT, limit - 8, data, SIZE), 0);
	SAME(request(VIRTIO_BLK_T_OUT, limit, data, SIZE), VIRTIO_BLK_S_IOERR);
	SAME(request(VIRTIO_BLK_T_OUT, limit - 1, data, SIZE),
	     VIRTIO_BLK_S_IOERR);
	SAME(request(VIRTIO_BLK_T_OUT, 16384, data, SECTOR_SIZE),
	     VIRTIO_BLK_S_IOERR);
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	SAME(request(VIRTIO_BLK_T_IN, limit, data, SECTOR_SIZE), 0);
	CHECK(is_sector(data, limit));
	SAME(request(VIRTIO_BLK_T_IN, 16384, data, SECTOR_SIZE), 0);
	CHECK(is_sector(data, 16384));
}

void meet_faults(void)
{
	static const struct test cases[] = {
		{ "EIO below the image", errors },
		{ "ENOSPC below the image", no_space },
		{ "transfers of a few bytes at a time", short_transfers },
		{ "an error half-way", half },
		{ "an image that has become shorter", end_of_file },
		{ "a flush that fails", flush_error },
		{ "a write-through that fails", write_through_error },
		END_OF_TESTS,
	};

	run_tests(cases, fresh_start, recovers);
}

void meet_limit(void)
{
	static const struct test cases[] = {
		{ "writes beyond the host's limit", beyond_the_limit },
		END_OF_TESTS,
	};

	run_tests(cases, fresh_start, recovers);
}

void fill_up(void)
{
	static const struct test cases[] = {
		{ "a file system that is full", fills_up },
		END_OF_TESTS,
	};

	run_tests(cases, fresh_start, recovers);
}
