/* When what was written is on the disk. */
#include "blk.h"

#include <errno.h>

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
		BLK_TEST(write_through_without_flush),
		BLK_TEST(write_through_that_fails),
		BLK_TEST(write_back_with_flush),
	};

	return cmocka_run_group_tests_name("virtio-blk, durability", tests,
					   NULL, NULL);
}
