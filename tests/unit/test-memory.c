/* Guest memory: the one function through which every access to it goes. */
#include "test.h"

#include "memory-map.h"

#include <sys/mman.h>
#include <unistd.h>

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct memory memory;

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	memory.ram = (uint8_t *)MIB; /* an address, with nothing there */
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

static void *at(uint64_t size, uint64_t gpa, uint64_t length)
{
	memory.size = size;
	return memory_at(&memory, gpa, length);
}

static void below_the_hole(void **state)
{
	(void)state;
	assert_ptr_equal(at(16 * MIB, 0, 16 * MIB), memory.ram);
	assert_ptr_equal(at(16 * MIB, 4097, 1), memory.ram + 4097);
	assert_ptr_equal(at(16 * MIB, 16 * MIB - 1, 1),
			 memory.ram + 16 * MIB - 1);
	assert_ptr_equal(at(16 * MIB, 16 * MIB, 0), memory.ram + 16 * MIB);
	assert_null(at(16 * MIB, 16 * MIB - 1, 2));
	assert_null(at(16 * MIB, 16 * MIB, 1));
	assert_null(at(16 * MIB, 16 * MIB + 1, 0));
	assert_null(at(16 * MIB, 0, 16 * MIB + 1));
	/* What is behind the hole is there only with more than 3 GiB. */
	assert_null(at(16 * MIB, HOLE_END, 1));
	assert_null(at(3 * GIB, HOLE_END, 1));
}

static void both_sides_of_the_hole(void **state)
{
	const uint64_t size = 8 * GIB;

	(void)state;
	assert_ptr_equal(at(size, 0, 3 * GIB), memory.ram);
	assert_null(at(size, 0, 3 * GIB + 1));
	assert_null(at(size, 3 * GIB, 1));
	assert_null(at(size, VIRTIO_GPA, 1));
	assert_null(at(size, IDENTITY_MAP_GPA, 1));
	assert_null(at(size, 4 * GIB - 1, 1));
	assert_null(at(size, 4 * GIB - 1, 2));
	assert_ptr_equal(at(size, 4 * GIB, 1), memory.ram + 3 * GIB);
	assert_ptr_equal(at(size, 4 * GIB, 5 * GIB), memory.ram + 3 * GIB);
	assert_null(at(size, 4 * GIB, 5 * GIB + 1));
	assert_ptr_equal(at(size, 9 * GIB - 1, 1), memory.ram + 8 * GIB - 1);
	assert_null(at(size, 9 * GIB, 1));
}

static void lengths_that_wrap(void **state)
{
	static const uint64_t sizes[] = { 16 * MIB, 3 * GIB, 8 * GIB };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_null(at(sizes[i], 0, UINT64_MAX));
		assert_null(at(sizes[i], 1, UINT64_MAX));
		assert_null(at(sizes[i], UINT64_MAX, 1));
		assert_null(at(sizes[i], UINT64_MAX, UINT64_MAX));
		assert_null(at(sizes[i], 4096, UINT64_MAX - 4095));
		assert_null(at(sizes[i], HOLE_END, UINT64_MAX));
		assert_null(at(sizes[i], HOLE_END, -HOLE_END));
	}
}

static void create(uint64_t size, uint64_t low)
{
	fake_reset();
	memory_create(&memory, -1, size);
	assert_int_equal(memory_below_hole(&memory), low);
	assert_int_equal(fake.region_count, size > low ? 2 : 1);
	assert_int_equal(fake.regions[0].gpa, 0);
	assert_int_equal(fake.regions[0].size, low);
	assert_ptr_equal(fake.regions[0].memory, memory.ram);
	assert_int_equal(fake.regions[1].size, size - low);
	if (size > low) {
		assert_int_equal(fake.regions[1].gpa, 4 * GIB);
		assert_ptr_equal(fake.regions[1].memory, memory.ram + low);
	}
	/* The first and the last byte are there, and zero. */
	assert_int_equal(memory.ram[0] + memory.ram[size - 1], 0);

	/* All of it is given back. */
	memory_destroy(&memory);
	assert_int_equal(madvise(memory.ram, 4096, MADV_NORMAL), -1);
}

static void kvm_gets_all_memory_but_the_hole(void **state)
{
	(void)state;
	create(4096, 4096);
	create(16 * MIB, 16 * MIB);
	create(3 * GIB - 4096, 3 * GIB - 4096);
	create(3 * GIB, 3 * GIB);
	create(3 * GIB + 4096, 3 * GIB);
	create(8 * GIB, 3 * GIB);
}

static void more_memory_than_the_host_has(void **state)
{
	(void)state;
	assert_dies(memory_create(&memory, -1, 1ull << 60),
		    "-m 1099511627776: this host cannot give that much memory");
	/* More than KVM can manage: it is the user's -m as well. */
	fake.no_region = true;
	assert_dies(memory_create(&memory, -1, 16 * MIB),
		    "-m 16: this host cannot give that much memory");
	memory_destroy(&memory);
}

static void what_is_loaded_has_to_fit(void **state)
{
	struct file file = { .path = "file", .fd = -1, .size = 4097 };
	int fd = memfd_create("file", MFD_CLOEXEC);

	(void)state;
	fake_memory_create(&memory, 8192);
	assert_dies(memory_load_file(&memory, 4096, &file),
		    "file: 4097 bytes do not fit");
	assert_return_code(ftruncate(fd, 4096), 0);
	file = (struct file){ .path = "file", .fd = fd, .size = 4096 };
	memory_load_file(&memory, 4096, &file);
	assert_true(all_are(memory.ram + 4096, 4096, 0));
	assert_int_equal(memory.ram[4095], FAKE_FILL);
	memory_load(&memory, 8190, "ab", 2);
	assert_memory_equal(memory.ram + 8190, "ab", 2);
	assert_dies(memory_load(&memory, 8190, "abc", 3),
		    "3 bytes do not fit into the guest's memory at 0x1ffe");
	close(fd);
	fake_memory_destroy(&memory);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(below_the_hole),
		TEST(both_sides_of_the_hole),
		TEST(lengths_that_wrap),
		TEST(kvm_gets_all_memory_but_the_hole),
		TEST(more_memory_than_the_host_has),
		TEST(what_is_loaded_has_to_fit),
	};

	return cmocka_run_group_tests_name("guest memory", tests, NULL, NULL);
}
