/* Which images are taken for a disk; what is none is told from it clearly. */
#include "blk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static int set_up_host(void **state)
{
	(void)state;
	fake_reset();
	host_reset();
	image_create(sizeof(image));
	memset(&blk, FAKE_FILL, sizeof(blk));
	return 0;
}

static int close_image(void **state)
{
	(void)state;
	return close(image_fd);
}

static void tells_its_size_and_its_limits(void **state)
{
	(void)state;
	virtio_blk_open(&blk, image_path, false);
	assert_int_equal(blk.config.capacity, CAPACITY);
	assert_int_equal(blk.config.blk_size, SECTOR);
	/* Of what is not offered there are no values. */
	assert_int_equal(blk.config.size_max, 0);
	assert_int_equal(blk.config.wce, 0);
	/* Linux makes its indirect tables by this: header and status fit too. */
	assert_true(blk.config.seg_max <= VIRTQUEUE_MAX_SIZE - 2);
	assert_true(blk.config.seg_max > 0);
	virtio_blk_close(&blk);

	/* Beyond 2 TiB, where 32 bits of sectors end */
	assert_return_code(ftruncate(image_fd, 0x20000000200), 0);
	virtio_blk_open(&blk, image_path, false);
	assert_int_equal(blk.config.capacity, 0x100000001);
	virtio_blk_close(&blk);
	/* The least there is */
	assert_return_code(ftruncate(image_fd, SECTOR), 0);
	virtio_blk_open(&blk, image_path, false);
	assert_int_equal(blk.config.capacity, 1);
	virtio_blk_close(&blk);
}

static void offers_flush_and_says_read_only(void **state)
{
	const uint64_t both = 1ull << VIRTIO_BLK_F_FLUSH |
			      1ull << VIRTIO_BLK_F_SEG_MAX |
			      1ull << VIRTIO_BLK_F_BLK_SIZE;

	(void)state;
	virtio_blk_open(&blk, image_path, false);
	assert_int_equal(blk.device.offered, both);
	assert_int_equal(fcntl(blk.fd, F_GETFL) & O_ACCMODE, O_RDWR);
	virtio_blk_close(&blk);
	virtio_blk_open(&blk, image_path, true);
	assert_int_equal(blk.device.offered, both | 1ull << VIRTIO_BLK_F_RO);
	assert_int_equal(fcntl(blk.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(blk.fd, F_GETFD), FD_CLOEXEC);
	virtio_blk_close(&blk);
	/* It is closed, and its lock is gone. */
	assert_int_equal(fcntl(blk.fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static void one_writer_or_any_number_of_readers(void **state)
{
	static const char in_use[] = "in use by another VMM";
	struct virtio_blk first, second;

	(void)state;
	virtio_blk_open(&first, image_path, false);
	assert_dies(virtio_blk_open(&second, image_path, false), in_use);
	assert_non_null(strstr(fake.message, image_path));
	close(second.fd);
	assert_dies(virtio_blk_open(&second, image_path, true), in_use);
	close(second.fd);
	virtio_blk_close(&first);

	virtio_blk_open(&first, image_path, true);
	virtio_blk_open(&second, image_path, true);
	assert_dies(virtio_blk_open(&blk, image_path, false), in_use);
	close(blk.fd);
	virtio_blk_close(&first);
	virtio_blk_close(&second);

	virtio_blk_open(&first, image_path, false);
	virtio_blk_close(&first);
	host.flock = (struct host_call){ .bad = 1, .error = ENOLCK };
	assert_dies(virtio_blk_open(&first, image_path, false),
		    "flock: No locks");
	close(first.fd);
}

/* A FIFO would block for ever, a directory cannot be read, ... */
static void refuses_what_is_no_image(void **state)
{
	char fifo[] = "/tmp/unit-fifo-XXXXXX";

	(void)state;
	assert_dies(virtio_blk_open(&blk, "/nowhere/disk", false),
		    "/nowhere/disk: No such file");
	assert_dies(virtio_blk_open(&blk, "/tmp", false),
		    "/tmp: Is a directory");
	assert_dies(virtio_blk_open(&blk, "/tmp", true),
		    "/tmp: neither a regular file nor a block device");
	close(blk.fd);
	assert_dies(virtio_blk_open(&blk, "/dev/null", false),
		    "/dev/null: neither a regular file nor a block device");
	close(blk.fd);

	assert_non_null(mkdtemp(fifo));
	rmdir(fifo);
	assert_return_code(mkfifo(fifo, 0600), 0);
	assert_dies(virtio_blk_open(&blk, fifo, true),
		    "neither a regular file");
	close(blk.fd);
	unlink(fifo);
}

static void expect_refused(off_t size)
{
	assert_return_code(ftruncate(image_fd, size), 0);
	assert_dies(virtio_blk_open(&blk, image_path, true), image_path);
	close(blk.fd);
}

static void refuses_odd_sizes(void **state)
{
	static const off_t sizes[] = {
		0, 1, 511, 513, 1000, CAPACITY * 512 - 1
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		expect_refused(sizes[i]);
	assert_non_null(strstr(fake.message, "32767 bytes"));
}

static void says_what_the_host_refuses(void **state)
{
	(void)state;
	host.open = (struct host_call){ .bad = 1, .error = EACCES };
	assert_dies(virtio_blk_open(&blk, "disk", false),
		    "disk: Permission denied");
	for (volatile unsigned int good = 0; good < 2; good++) {
		host.fstat = (struct host_call){ .good = good,
						 .bad = 1,
						 .error = EIO };
		assert_dies(virtio_blk_open(&blk, image_path, false),
			    "Input/output error");
		close(blk.fd);
	}
}

static void a_block_device_has_its_size(void **state)
{
	(void)state;
	host.block_device_size = 10 * SECTOR;
	virtio_blk_open(&blk, image_path, false);
	assert_int_equal(blk.config.capacity, 10);
	virtio_blk_close(&blk);
	host.block_device_size = 10 * SECTOR + 1;
	assert_dies(virtio_blk_open(&blk, image_path, false), "5121 bytes");
	close(blk.fd);
	host.ioctl = (struct host_call){ .bad = 1, .error = ENOTTY };
	assert_dies(virtio_blk_open(&blk, image_path, false), "BLKGETSIZE64");
	close(blk.fd);
}

#define OPEN_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_host, close_image)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		OPEN_TEST(tells_its_size_and_its_limits),
		OPEN_TEST(offers_flush_and_says_read_only),
		OPEN_TEST(one_writer_or_any_number_of_readers),
		OPEN_TEST(refuses_what_is_no_image),
		OPEN_TEST(refuses_odd_sizes),
		OPEN_TEST(says_what_the_host_refuses),
		OPEN_TEST(a_block_device_has_its_size),
	};

	return cmocka_run_group_tests_name("virtio-blk, images", tests, NULL,
					   NULL);
}
