/* Guest memory: the one function through which every access to it goes. */
#include "test.h"

#include "memory-map.h"

#include <linux/kvm.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct vm vm;

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	vm.ram = (uint8_t *)MIB; /* an address, with nothing there */
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

static void *memory(uint64_t ram_size, uint64_t gpa, uint64_t length)
{
	vm.ram_size = ram_size;
	return vm_memory(&vm, gpa, length);
}

static void below_the_hole(void **state)
{
	(void)state;
	assert_ptr_equal(memory(16 * MIB, 0, 16 * MIB), vm.ram);
	assert_ptr_equal(memory(16 * MIB, 4097, 1), vm.ram + 4097);
	assert_ptr_equal(memory(16 * MIB, 16 * MIB - 1, 1),
			 vm.ram + 16 * MIB - 1);
	assert_ptr_equal(memory(16 * MIB, 16 * MIB, 0), vm.ram + 16 * MIB);
	assert_null(memory(16 * MIB, 16 * MIB - 1, 2));
	assert_null(memory(16 * MIB, 16 * MIB, 1));
	assert_null(memory(16 * MIB, 16 * MIB + 1, 0));
	assert_null(memory(16 * MIB, 0, 16 * MIB + 1));
	/* What is behind the hole is there only with more than 3 GiB. */
	assert_null(memory(16 * MIB, HOLE_END, 1));
	assert_null(memory(3 * GIB, HOLE_END, 1));
}

static void both_sides_of_the_hole(void **state)
{
	const uint64_t size = 8 * GIB;

	(void)state;
	assert_ptr_equal(memory(size, 0, 3 * GIB), vm.ram);
	assert_null(memory(size, 0, 3 * GIB + 1));
	assert_null(memory(size, 3 * GIB, 1));
	assert_null(memory(size, VIRTIO_GPA, 1));
	assert_null(memory(size, IDENTITY_MAP_GPA, 1));
	assert_null(memory(size, 4 * GIB - 1, 1));
	assert_null(memory(size, 4 * GIB - 1, 2));
	assert_ptr_equal(memory(size, 4 * GIB, 1), vm.ram + 3 * GIB);
	assert_ptr_equal(memory(size, 4 * GIB, 5 * GIB), vm.ram + 3 * GIB);
	assert_null(memory(size, 4 * GIB, 5 * GIB + 1));
	assert_ptr_equal(memory(size, 9 * GIB - 1, 1), vm.ram + 8 * GIB - 1);
	assert_null(memory(size, 9 * GIB, 1));
}

static void lengths_that_wrap(void **state)
{
	static const uint64_t sizes[] = { 16 * MIB, 3 * GIB, 8 * GIB };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_null(memory(sizes[i], 0, UINT64_MAX));
		assert_null(memory(sizes[i], 1, UINT64_MAX));
		assert_null(memory(sizes[i], UINT64_MAX, 1));
		assert_null(memory(sizes[i], UINT64_MAX, UINT64_MAX));
		assert_null(memory(sizes[i], 4096, UINT64_MAX - 4095));
		assert_null(memory(sizes[i], HOLE_END, UINT64_MAX));
		assert_null(memory(sizes[i], HOLE_END, -HOLE_END));
	}
}

static void create(uint64_t size, uint64_t low)
{
	int files = open_files();

	fake_reset();
	vm_create(&vm, size);
	assert_int_equal(vm_low_ram(&vm), low);
	assert_int_equal(fake.region_count, size > low ? 2 : 1);
	assert_int_equal(fake.regions[0].gpa, 0);
	assert_int_equal(fake.regions[0].size, low);
	assert_ptr_equal(fake.regions[0].memory, vm.ram);
	assert_int_equal(fake.regions[1].size, size - low);
	if (size > low) {
		assert_int_equal(fake.regions[1].gpa, 4 * GIB);
		assert_ptr_equal(fake.regions[1].memory, vm.ram + low);
	}
	/* The first and the last byte are there, and zero. */
	assert_int_equal(vm.ram[0] + vm.ram[size - 1], 0);
	assert_int_equal(vm.serial.vm, vm.fd);

	/* All of it is given back: the memory, and the files. */
	vm_destroy(&vm);
	assert_int_equal(madvise(vm.ram, 4096, MADV_NORMAL), -1);
	assert_int_equal(open_files(), files);
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

/* Where api.rst 4.40 and 4.41 want them: below 4 GiB, away from RAM, each
 * from the other, and from the virtio window */
static void kvm_gets_its_own_pages(void **state)
{
	(void)state;
	create(8 * GIB, 3 * GIB);
	assert_true(fake.irqchip);
	assert_int_equal(fake.pit_flags, KVM_PIT_SPEAKER_DUMMY);
	assert_true(fake.identity_map_gpa >= VIRTIO_GPA + 0x100000);
	assert_int_equal(fake.identity_map_gpa % 4096, 0);
	assert_int_equal(fake.tss_gpa % 4096, 0);
	assert_true(fake.tss_gpa >= fake.identity_map_gpa + 4096);
	assert_true(fake.tss_gpa + 3 * 4096 <= HOLE_END);
}

static void more_memory_than_the_host_has(void **state)
{
	(void)state;
	assert_dies(vm_create(&vm, 1ull << 60), "MiB of guest memory: Cannot");
	assert_non_null(strstr(fake.message, "1099511627776 MiB"));
	close(vm.fd);
	close(vm.kvm);
}

static void files_have_to_fit(void **state)
{
	struct file file = { .path = "file", .fd = -1, .size = 4097 };
	int fd = memfd_create("file", MFD_CLOEXEC);

	(void)state;
	fake_vm_create(&vm, 8192);
	assert_dies(vm_load_file(&vm, 4096, &file),
		    "file: 4097 bytes do not fit");
	assert_return_code(ftruncate(fd, 4096), 0);
	file = (struct file){ .path = "file", .fd = fd, .size = 4096 };
	vm_load_file(&vm, 4096, &file);
	assert_true(all_are(vm.ram + 4096, 4096, 0));
	assert_int_equal(vm.ram[4095], FAKE_FILL);
	vm_load(&vm, 8190, "ab", 2);
	assert_memory_equal(vm.ram + 8190, "ab", 2);
	close(fd);
	fake_vm_destroy(&vm);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(below_the_hole),
		TEST(both_sides_of_the_hole),
		TEST(lengths_that_wrap),
		TEST(kvm_gets_all_memory_but_the_hole),
		TEST(kvm_gets_its_own_pages),
		TEST(more_memory_than_the_host_has),
		TEST(files_have_to_fit),
	};

	return cmocka_run_group_tests_name("guest memory", tests, NULL, NULL);
}
