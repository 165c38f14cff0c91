/* Requests that go wrong: the guest sees an I/O error, and the disk lives. */
#include "blk.h"

#include <errno.h>

static void expect_ioerr(uint32_t used_length, uint32_t expected)
{
	assert_int_equal(request_status(), VIRTIO_BLK_S_IOERR);
	assert_int_equal(used_length, expected);
	expect_image();
	assert_int_equal(host.preadv.calls + host.pwritev.calls, 0);
}

/* ---- the guest's mistakes ---- */

static void past_the_end(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t size;
	} outside[] = {
		{ CAPACITY, SECTOR },
		{ CAPACITY - 1, 2 * SECTOR },
		{ CAPACITY + 1, 0 },
		{ CAPACITY + 1, SECTOR },
		{ UINT64_MAX, SECTOR },
		{ UINT64_MAX, 2 * SECTOR },
		/* Times 512 these are small, or the image's last sectors. */
		{ 1ull << 55, SECTOR },
		{ (1ull << 55) + CAPACITY - 1, SECTOR },
		{ 1ull << 54, SECTOR },
		{ 1ull << 32, SECTOR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		uint64_t sector = outside[i].sector;
		uint32_t size = outside[i].size;

		expect_ioerr(read_sectors(sector, size), size == 0);
		expect_ioerr(write_sectors(sector, size), 1);
	}
	read_sectors(0, SECTOR);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
}

static void no_whole_sectors(void **state)
{
	static const uint32_t sizes[] = { 1, 511, 513, 1023, 0x6fff };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		expect_ioerr(read_sectors(0, sizes[i]), 0);
		expect_ioerr(write_sectors(0, sizes[i]), 1);
	}
	assert_true(all_are(guest(DATA_GPA, SECTOR), SECTOR, FAKE_FILL));
}

/* A request with `out` bytes of data to read, and `in` to write */
static uint32_t both_ways(uint32_t type, uint32_t out, uint32_t in)
{
	put_header(HEADER_GPA, type, 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	request_add(DATA_GPA, out, 0);
	request_add(DATA_GPA + SECTOR, in, WRITE);
	request_add(STATUS_GPA, 1, WRITE);
	return request_run(FLUSH_FEATURE);
}

/* Data to read or data to write, and not both: each has its type (5.2.6). */
static void data_in_the_wrong_direction(void **state)
{
	(void)state;
	expect_ioerr(both_ways(VIRTIO_BLK_T_IN, SECTOR, 0), 1);
	expect_ioerr(both_ways(VIRTIO_BLK_T_IN, SECTOR, SECTOR), 0);
	expect_ioerr(both_ways(VIRTIO_BLK_T_IN, 1, SECTOR), 0);
	expect_ioerr(both_ways(VIRTIO_BLK_T_OUT, 0, SECTOR), 0);
	expect_ioerr(both_ways(VIRTIO_BLK_T_OUT, SECTOR, SECTOR), 0);
	expect_ioerr(both_ways(VIRTIO_BLK_T_OUT, SECTOR, 1), 0);
	assert_true(
		all_are(guest(DATA_GPA, 2 * SECTOR), 2 * SECTOR, FAKE_FILL));
}

static void no_room_for_a_status(void **state)
{
	(void)state;
	put_header(HEADER_GPA, VIRTIO_BLK_T_OUT, 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	request_add(DATA_GPA, SECTOR, 0);
	assert_int_equal(request_run(FLUSH_FEATURE), 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	request_add(STATUS_GPA, 0, WRITE);
	request_add(STATUS_GPA, 0, WRITE);
	assert_int_equal(request_run(FLUSH_FEATURE), 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	request_add(STATUS_GPA, 0, 0);
	assert_int_equal(request_run(FLUSH_FEATURE), 0);
	assert_int_equal(request_status(), NO_STATUS);
	expect_image();
}

static void no_whole_header(void **state)
{
	(void)state;
	put_header(HEADER_GPA, VIRTIO_BLK_T_FLUSH, 0);
	for (uint32_t size = 0; size < 16; size++) {
		request_begin();
		request_add(HEADER_GPA, size, 0);
		request_add(STATUS_GPA, 1, WRITE);
		expect_ioerr(request_run(FLUSH_FEATURE), 1);
		request_begin();
		request_add(HEADER_GPA, size, 0);
		request_add(DATA_GPA, 16, WRITE);
		request_add(STATUS_GPA, 1, WRITE);
		expect_ioerr(request_run(FLUSH_FEATURE), 0);
	}
	request_begin();
	request_add(STATUS_GPA, 1, WRITE);
	expect_ioerr(request_run(FLUSH_FEATURE), 1);
	assert_int_equal(host.fdatasync.calls, 0);
}

/* Malformed chains go back unread, and those between them are done. */
static void malformed_chains(void **state)
{
	(void)state;
	request_begin();
	put_header(HEADER_GPA, VIRTIO_BLK_T_FLUSH, 0);
	describe(0, HEADER_GPA, 16, NEXT, 0);
	describe(1, HEADER_GPA, 16, NEXT, 2);
	describe(2, STATUS_GPA, 1, WRITE, 0);
	describe(3, UINT64_MAX, 16, NEXT, 2);
	ring_offer(&ring, 0);
	ring_offer(&ring, 1);
	ring_offer(&ring, 3);
	notify_disk(FLUSH_FEATURE);
	assert_int_equal(ring.used->idx, 3);
	assert_int_equal(ring.used->ring[0].id, 0);
	assert_int_equal(ring.used->ring[0].len, 0);
	assert_int_equal(ring.used->ring[1].id, 1);
	assert_int_equal(ring.used->ring[1].len, 1);
	assert_int_equal(ring.used->ring[2].id, 3);
	assert_int_equal(ring.used->ring[2].len, 0);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_int_equal(host.fdatasync.calls, 1);
}

/* The driver changes a request that the device has begun with. */
static void change_header(void)
{
	put_header(HEADER_GPA, VIRTIO_BLK_T_OUT, 0);
}

static void a_header_that_changes(void **state)
{
	(void)state;
	host.most = 100;
	host.on_transfer = change_header;
	assert_int_equal(read_sectors(2, SECTOR), SECTOR + 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_memory_equal(guest(DATA_GPA, SECTOR), image + 2 * SECTOR,
			    SECTOR);
	assert_int_equal(host.pwritev.calls, 0);
	expect_image();
}

/* ---- a read-only disk ---- */

static int set_up_read_only(void **state)
{
	(void)state;
	return set_up_disk(true);
}

static void read_only(void **state)
{
	(void)state;
	expect_ioerr(write_sectors(0, SECTOR), 1);
	assert_int_equal(read_sectors(0, SECTOR), SECTOR + 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	request(VIRTIO_BLK_T_FLUSH, 0, 0, 0);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
}

/* ---- the host's troubles ---- */

static void short_transfers_go_on(void **state)
{
	(void)state;
	for (host.most = 1; host.most < 2 * SECTOR; host.most += 99) {
		memset(guest(DATA_GPA, 2 * SECTOR), FAKE_FILL, 2 * SECTOR);
		assert_int_equal(read_sectors(1, 2 * SECTOR), 2 * SECTOR + 1);
		assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
		assert_memory_equal(guest(DATA_GPA, 2 * SECTOR), image + SECTOR,
				    2 * SECTOR);
		assert_int_equal(write_sectors(11, 2 * SECTOR), 1);
		assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
		memcpy(image + 11 * SECTOR, image + SECTOR, 2 * SECTOR);
		expect_image();
	}
}

static void errors_in_the_middle(void **state)
{
	(void)state;
	host.most = 100;
	host.preadv = (struct host_call){ .good = 2, .bad = 1, .error = EIO };
	assert_int_equal(read_sectors(0, SECTOR), 200);
	assert_int_equal(request_status(), VIRTIO_BLK_S_IOERR);
	assert_memory_equal(guest(DATA_GPA, 200), image, 200);
	host.pwritev = (struct host_call){ .bad = 1, .error = ENOSPC };
	assert_int_equal(write_sectors(0, SECTOR), 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_IOERR);
	/* The next one is fine. */
	read_sectors(0, SECTOR);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
}

/* Somebody has truncated the image. */
static void the_image_ends_too_soon(void **state)
{
	(void)state;
	assert_return_code(ftruncate(image_fd, 10 * SECTOR + 40), 0);
	assert_int_equal(read_sectors(10, SECTOR), 40);
	assert_int_equal(request_status(), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_sectors(11, SECTOR), 0);
	assert_int_equal(request_status(), VIRTIO_BLK_S_IOERR);
}

static void a_flush_that_fails(void **state)
{
	(void)state;
	host.fdatasync = (struct host_call){ .bad = 1, .error = EIO };
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0), 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_IOERR);
}

/* ---- durability ---- */

static unsigned int writes_before_sync;

static void expect_incomplete(void)
{
	writes_before_sync = host.pwritev.calls;
	assert_int_equal(ring.used->idx, 0);
	assert_int_equal(request_status(), NO_STATUS);
}

static void write_and_expect(uint64_t features, unsigned int syncs)
{
	host.on_fdatasync = expect_incomplete;
	put_header(HEADER_GPA, VIRTIO_BLK_T_OUT, 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	request_add(DATA_GPA, SECTOR, 0);
	request_add(STATUS_GPA, 1, WRITE);
	request_run(features);
	assert_int_equal(host.fdatasync.calls, syncs);
}

static void write_through_without_flush(void **state)
{
	(void)state;
	write_and_expect(~FLUSH_FEATURE, 1);
	assert_int_equal(writes_before_sync, 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	/* A read has nothing to save. */
	put_header(HEADER_GPA, VIRTIO_BLK_T_IN, 0);
	ring.desc[1].flags |= WRITE;
	request_run(0);
	assert_int_equal(host.fdatasync.calls, 1);
}

static void write_through_that_fails(void **state)
{
	(void)state;
	host.fdatasync = (struct host_call){ .bad = 1, .error = EIO };
	write_and_expect(0, 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_IOERR);
}

static void write_back_with_flush(void **state)
{
	(void)state;
	write_and_expect(FLUSH_FEATURE, 0);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BLK_TEST(past_the_end),
		BLK_TEST(no_whole_sectors),
		BLK_TEST(data_in_the_wrong_direction),
		BLK_TEST(no_room_for_a_status),
		BLK_TEST(no_whole_header),
		BLK_TEST(malformed_chains),
		BLK_TEST(a_header_that_changes),
		cmocka_unit_test_setup_teardown(read_only, set_up_read_only,
						tear_down_blk),
		BLK_TEST(short_transfers_go_on),
		BLK_TEST(errors_in_the_middle),
		BLK_TEST(the_image_ends_too_soon),
		BLK_TEST(a_flush_that_fails),
		BLK_TEST(write_through_without_flush),
		BLK_TEST(write_through_that_fails),
		BLK_TEST(write_back_with_flush),
	};

	return cmocka_run_group_tests_name("virtio-blk, errors", tests, NULL,
					   NULL);
}
