/* Requests to the disk (virtio 1.2, 5.2.6), in every layout (2.7.4). */
#include "blk.h"

#include <errno.h>
#include <fcntl.h>

/* ---- read and write ---- */

static void reads(void **state)
{
	(void)state;
	assert_int_equal(read_sectors(3, 2 * SECTOR), 2 * SECTOR + 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_memory_equal(guest(DATA_GPA, 2 * SECTOR), image + 3 * SECTOR,
			    2 * SECTOR);
	assert_true(all_are(guest(DATA_GPA + 2 * SECTOR, SECTOR), SECTOR,
			    FAKE_FILL));
	expect_image();
}

static void writes(void **state)
{
	(void)state;
	memset(guest(DATA_GPA, 2 * SECTOR), 'w', 2 * SECTOR);
	memset(image + 5 * SECTOR, 'w', 2 * SECTOR);
	assert_int_equal(write_sectors(5, 2 * SECTOR), 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	expect_image();
}

static void the_last_sector(void **state)
{
	(void)state;
	assert_int_equal(read_sectors(CAPACITY - 1, SECTOR), SECTOR + 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_memory_equal(guest(DATA_GPA, SECTOR),
			    image + (CAPACITY - 1) * SECTOR, SECTOR);
	memset(guest(DATA_GPA, SECTOR), 'z', SECTOR);
	memset(image + (CAPACITY - 1) * SECTOR, 'z', SECTOR);
	write_sectors(CAPACITY - 1, SECTOR);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	expect_image();
}

/* The first one behind 2^32: none of the arithmetic has only 32 bits. */
static void far_sectors(void **state)
{
	const uint64_t sector = 1ull << 32;
	char byte;

	(void)state;
	assert_return_code(ftruncate(image_fd, (off_t)(sector + 1) * SECTOR),
			   0);
	blk.config.capacity = sector + 1;
	memset(guest(DATA_GPA, SECTOR), 'f', SECTOR);
	write_sectors(sector, SECTOR);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_int_equal(pread(image_fd, &byte, 1, (off_t)sector * SECTOR), 1);
	assert_int_equal(byte, 'f');
	assert_int_equal(pread(image_fd, &byte, 1, 0), 1);
	assert_int_equal(byte, (char)image[0]);
}

static void nothing_to_transfer(void **state)
{
	(void)state;
	assert_int_equal(read_sectors(CAPACITY, 0), 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_int_equal(write_sectors(0, 0), 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	expect_image();
}

/* ---- layouts ---- */

static void header_split_anywhere(void **state)
{
	(void)state;
	for (uint32_t at = 1; at < 16; at++) {
		put_header(HEADER_GPA, VIRTIO_BLK_T_IN, at);
		request_begin();
		request_add(HEADER_GPA, at, 0);
		request_add(HEADER_GPA + at, 16 - at, 0);
		request_add(DATA_GPA, SECTOR, WRITE);
		request_add(STATUS_GPA, 1, WRITE);
		assert_int_equal(request_run(FLUSH_FEATURE), SECTOR + 1);
		assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
		assert_memory_equal(guest(DATA_GPA, SECTOR),
				    image + at * SECTOR, SECTOR);
	}
}

/* With empty buffers wherever there can be one */
static void a_byte_per_descriptor(void **state)
{
	const uint32_t data_bytes = 200;
	const uint32_t rest = SECTOR - data_bytes;

	(void)state;
	put_header(HEADER_GPA, VIRTIO_BLK_T_IN, 9);
	request_begin();
	request_add(HEADER_GPA, 0, 0);
	for (uint32_t i = 0; i < 16; i++)
		request_add(HEADER_GPA + i, 1, 0);
	request_add(HEADER_GPA, 0, 0);
	request_add(DATA_GPA, 0, WRITE);
	for (uint32_t i = 0; i < data_bytes; i++)
		request_add(DATA_GPA + i, 1, WRITE);
	request_add(DATA_GPA, 0, WRITE);
	request_add(DATA_GPA + data_bytes, rest, WRITE);
	request_add(STATUS_GPA, 1, WRITE);
	request_add(STATUS_GPA, 0, WRITE);
	assert_int_equal(request_run(FLUSH_FEATURE), SECTOR + 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_memory_equal(guest(DATA_GPA, SECTOR), image + 9 * SECTOR,
			    SECTOR);
}

static void header_with_data(void **state)
{
	const uint64_t at = DATA_GPA - 16;

	(void)state;
	put_header(at, VIRTIO_BLK_T_OUT, 4);
	memset(guest(DATA_GPA, SECTOR), 'h', SECTOR);
	memset(image + 4 * SECTOR, 'h', SECTOR);
	request_begin();
	request_add(at, 16 + 100, 0);
	request_add(DATA_GPA + 100, SECTOR - 100, 0);
	request_add(STATUS_GPA, 1, WRITE);
	assert_int_equal(request_run(FLUSH_FEATURE), 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	expect_image();
}

static void data_with_status(void **state)
{
	const uint8_t *end = guest(DATA_GPA + SECTOR, 2);

	(void)state;
	put_header(HEADER_GPA, VIRTIO_BLK_T_IN, 4);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	request_add(DATA_GPA, SECTOR + 1, WRITE);
	assert_int_equal(request_run(FLUSH_FEATURE), SECTOR + 1);
	assert_memory_equal(guest(DATA_GPA, SECTOR), image + 4 * SECTOR,
			    SECTOR);
	assert_int_equal(end[0], VIRTIO_BLK_S_OK);
	assert_int_equal(end[1], FAKE_FILL);
}

static void as_many_segments_as_told(void **state)
{
	const uint32_t count = blk.config.seg_max;

	(void)state;
	put_header(HEADER_GPA, VIRTIO_BLK_T_OUT, 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	for (uint32_t i = 0; i < count; i++)
		request_add(DATA_GPA + i,
			    i < count - 1 ? 2 : SECTOR * 2 - 2 * (count - 1),
			    0);
	request_add(STATUS_GPA, 1, WRITE);
	for (uint32_t i = 0; i < SECTOR * 3; i++)
		*(uint8_t *)guest(DATA_GPA + i, 1) = (uint8_t)(i * 3);
	for (uint32_t i = 0; i < SECTOR * 2; i++)
		image[i] = (uint8_t)((i < 2 * count - 2 ? i / 2 + i % 2
							: i - (count - 1)) *
				     3);
	assert_int_equal(request_run(FLUSH_FEATURE), 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	expect_image();
}

static void up_to_the_top_of_ram(void **state)
{
	(void)state;
	put_header(RAM_SIZE - 16, VIRTIO_BLK_T_IN, 7);
	request_begin();
	request_add(RAM_SIZE - 16, 16, 0);
	request_add(RAM_SIZE - SECTOR, SECTOR, WRITE);
	request_add(STATUS_GPA, 1, WRITE);
	assert_int_equal(request_run(FLUSH_FEATURE), SECTOR + 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_memory_equal(guest(RAM_SIZE - SECTOR, SECTOR),
			    image + 7 * SECTOR, SECTOR);
}

/* ---- the other types ---- */

static void flush(void **state)
{
	(void)state;
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0), 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_int_equal(host.fdatasync.calls, 1);
	/* Its sector means nothing. */
	request(VIRTIO_BLK_T_FLUSH, UINT64_MAX, 0, 0);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	/* Only the status is written, behind data that is not: so no byte
	 * up to the first that is missing. */
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, SECTOR, WRITE), 0);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_true(all_are(guest(DATA_GPA, SECTOR), SECTOR, FAKE_FILL));
}

/* Reads the serial number of the image with this name, which it makes. */
static void id_of(const char *path, char id[VIRTIO_BLK_ID_BYTES + 1])
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	uint8_t *data = guest(DATA_GPA, 21);

	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, SECTOR), errno);
	close(fd);
	virtio_blk_close(&blk);
	virtio_blk_open(&blk, path, true);
	start_disk();
	unlink(path);

	memset(data, FAKE_FILL, 21);
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, 20, WRITE), 21);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_int_equal(data[20], FAKE_FILL);
	memcpy(id, data, VIRTIO_BLK_ID_BYTES);
	id[VIRTIO_BLK_ID_BYTES] = '\0';
}

/* The file's name, as far as there is room, and 8 digits of what it is */
static void expect_id(const char *path, const char *name)
{
	char id[VIRTIO_BLK_ID_BYTES + 1];
	size_t length = strlen(name);

	id_of(path, id);
	assert_memory_equal(id, name, length);
	assert_int_equal(id[length], '-');
	assert_int_equal(strspn(id + length + 1, "0123456789abcdef"), 8);
	/* Zeros up to the end */
	assert_int_equal(strlen(id), length + 9);
	assert_true(all_are(id + length + 9, sizeof(id) - length - 9, 0));
}

static void get_id(void **state)
{
	(void)state;
	expect_id("/tmp/unit", "unit");
	expect_id("/tmp/../tmp/unit.img", "unit.img");
	expect_id("/tmp/unit-567890", "unit-567890");
	expect_id("/tmp/unit-and-more-than-20", "unit-and-mo");
	/* ASCII, whatever the name is (5.2.6) */
	expect_id("/tmp/unit\x7f\xc3\xa4\t.", "unit____.");
}

static void get_id_tells_namesakes_apart(void **state)
{
	char first[VIRTIO_BLK_ID_BYTES + 1], second[sizeof(first)];
	char folder[] = "/tmp/unit-XXXXXX";
	char path[sizeof(folder) + 5];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/unit", folder);
	id_of("/tmp/unit", first);
	id_of(path, second);
	rmdir(folder);
	assert_string_not_equal(first, second);
	assert_memory_equal(first, second, strlen("unit-"));
}

static void get_id_into_any_buffers(void **state)
{
	uint8_t *data = guest(DATA_GPA, 64);

	(void)state;
	memcpy(blk.id, "0123456789abcdefghij", VIRTIO_BLK_ID_BYTES);
	/* Too small: as much as there is room for */
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, 7, WRITE), 8);
	assert_memory_equal(data, "0123456", 7);
	assert_int_equal(data[7], FAKE_FILL);
	/* Too large: 20 bytes and no more */
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, 64, WRITE), 20);
	assert_memory_equal(data, "0123456789abcdefghij", 20);
	assert_int_equal(data[20], FAKE_FILL);
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, 0, 0), 1);
	/* Split */
	memset(data, FAKE_FILL, 64);
	put_header(HEADER_GPA, VIRTIO_BLK_T_GET_ID, 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	request_add(DATA_GPA, 3, WRITE);
	request_add(DATA_GPA, 0, WRITE);
	request_add(DATA_GPA + 8, 17, WRITE);
	request_add(STATUS_GPA, 1, WRITE);
	assert_int_equal(request_run(FLUSH_FEATURE), 21);
	assert_memory_equal(data, "012", 3);
	assert_memory_equal(data + 8, "3456789abcdefghij", 17);
}

static void unknown_types(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 40; type++) {
		if (type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_OUT ||
		    type == VIRTIO_BLK_T_FLUSH || type == VIRTIO_BLK_T_GET_ID)
			continue;
		assert_int_equal(request(type, 0, 0, 0), 1);
		assert_int_equal(request_status(), VIRTIO_BLK_S_UNSUPP);
		assert_int_equal(request(type, 0, SECTOR, WRITE), 0);
		assert_int_equal(request_status(), VIRTIO_BLK_S_UNSUPP);
	}
	request(UINT32_MAX, 0, SECTOR, 0);
	assert_int_equal(request_status(), VIRTIO_BLK_S_UNSUPP);
	assert_true(all_are(guest(DATA_GPA, SECTOR), SECTOR, FAKE_FILL));
	expect_image();
}

/* ---- the queue ---- */

static void all_that_waits(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 50; i++) {
		put_header(HEADER_GPA + 16 * i, VIRTIO_BLK_T_FLUSH, 0);
		describe(2 * i, HEADER_GPA + 16 * i, 16, NEXT, 2 * i + 1);
		describe(2 * i + 1, DATA_GPA + i, 1, WRITE, 0);
		ring_offer(&ring, 2 * i);
	}
	notify_disk(FLUSH_FEATURE);
	assert_int_equal(ring.used->idx, 50);
	for (uint16_t i = 0; i < 50; i++)
		assert_int_equal(ring.used->ring[i].id, 2 * i);
	assert_true(all_are(guest(DATA_GPA, 50), 50, VIRTIO_BLK_S_OK));
	assert_int_equal(host.fdatasync.calls, 50);
}

/* The driver adds one when the device has seen the last: no kick for it. */
static void offer_another(void)
{
	if (ring.avail->idx < 5)
		ring_offer(&ring, 0);
}

static void what_comes_meanwhile(void **state)
{
	(void)state;
	disk_queue->event_idx = true;
	host.on_fdatasync = offer_another;
	put_header(HEADER_GPA, VIRTIO_BLK_T_FLUSH, 0);
	describe(0, HEADER_GPA, 16, NEXT, 1);
	describe(1, STATUS_GPA, 1, WRITE, 0);
	ring_offer(&ring, 0);
	notify_disk(FLUSH_FEATURE);
	assert_int_equal(ring.used->idx, 5);
	assert_int_equal(*ring_avail_event(&ring), 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BLK_TEST(reads),
		BLK_TEST(writes),
		BLK_TEST(the_last_sector),
		BLK_TEST(far_sectors),
		BLK_TEST(nothing_to_transfer),
		BLK_TEST(header_split_anywhere),
		BLK_TEST(a_byte_per_descriptor),
		BLK_TEST(header_with_data),
		BLK_TEST(data_with_status),
		BLK_TEST(as_many_segments_as_told),
		BLK_TEST(up_to_the_top_of_ram),
		BLK_TEST(flush),
		BLK_TEST(get_id),
		BLK_TEST(get_id_tells_namesakes_apart),
		BLK_TEST(get_id_into_any_buffers),
		BLK_TEST(unknown_types),
		BLK_TEST(all_that_waits),
		BLK_TEST(what_comes_meanwhile),
	};

	return cmocka_run_group_tests_name("virtio-blk, requests", tests, NULL,
					   NULL);
}
