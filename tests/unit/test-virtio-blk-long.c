/* Requests that are too long, or long enough for the machine to end amid them. */
#include "blk.h"

/* Has 32 MiB of memory instead, and as much of the disk as a request wants. */
#define MUCH (32u << 20)

static struct memory small;

static void enlarge(void)
{
	small = memory;
	memory.size = MUCH;
	memory.ram = mmap(NULL, MUCH, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(memory.ram, MAP_FAILED);
	blk.config.capacity = 1ull << 40;
	start_disk();
}

static void make_small_again(void)
{
	munmap(memory.ram, MUCH);
	memory = small;
}

/* A few bytes more than 2^32, which is the most of a chain (2.7.5) */
static void four_gib_at_once(uint32_t type, uint16_t flags)
{
	enlarge();
	put_header(HEADER_GPA, type, 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	for (int i = 0; i < 128; i++)
		request_add(0, MUCH, flags);
	request_add(STATUS_GPA, 1, WRITE);
	/* No chain at all: it goes back as it is. */
	assert_int_equal(request_run(FLUSH_FEATURE), 0);
	assert_int_equal(request_status(), NO_STATUS);
	assert_int_equal(host.preadv.calls + host.pwritev.calls, 0);
	make_small_again();
}

static void four_gib_to_read(void **state)
{
	(void)state;
	four_gib_at_once(VIRTIO_BLK_T_IN, WRITE);
}

static void four_gib_to_write(void **state)
{
	(void)state;
	four_gib_at_once(VIRTIO_BLK_T_OUT, 0);
}

/* 40 MiB, in system calls that are not too long */
static uint32_t read_much(void)
{
	const uint64_t data = 1 << 20;

	enlarge();
	assert_return_code(ftruncate(image_fd, 40 << 20), 0);
	put_header(HEADER_GPA, VIRTIO_BLK_T_IN, 0);
	request_begin();
	request_add(HEADER_GPA, 16, 0);
	request_add(data, 20 << 20, WRITE);
	request_add(data, 20 << 20, WRITE);
	request_add(STATUS_GPA, 1, WRITE);
	return request_run(FLUSH_FEATURE);
}

static void long_transfers_go_by_parts(void **state)
{
	(void)state;
	assert_int_equal(read_much(), (40 << 20) + 1);
	assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
	assert_int_equal(host.preadv.calls, 3);
	make_small_again();
}

static void stop_during_the_first(void)
{
	fake.stopped = true;
}

static void the_end_of_the_machine_ends_a_transfer(void **state)
{
	(void)state;
	host.on_transfer = stop_during_the_first;
	read_much();
	assert_int_equal(request_status(), VIRTIO_BLK_S_IOERR);
	assert_int_equal(host.preadv.calls, 1);
	make_small_again();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BLK_TEST(four_gib_to_read),
		BLK_TEST(four_gib_to_write),
		BLK_TEST(long_transfers_go_by_parts),
		BLK_TEST(the_end_of_the_machine_ends_a_transfer),
	};

	return cmocka_run_group_tests_name("virtio-blk, long requests", tests,
					   NULL, NULL);
}
