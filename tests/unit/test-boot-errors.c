/* Kernels and initramfs that cannot be booted: one clear line, and where they
 * fit exactly, they are. */
#include "kernel.h"

#include <fcntl.h>

/* ---- what is no kernel ---- */

static void no_file(void **state)
{
	(void)state;
	assert_dies(boot_load(&memory, "/nowhere/bzImage", NULL, ""),
		    "/nowhere/bzImage: No such file");
	assert_dies(boot_load(&memory, "/tmp", NULL, ""),
		    "/tmp: not a regular file");
	assert_dies(boot_load(&memory, "/dev/null", NULL, ""),
		    "/dev/null: not a regular file");
}

static void expect_refused(const char *why)
{
	assert_dies(load(""), why);
	assert_non_null(strstr(fake.message, kernel_path));
}

static void too_short(void **state)
{
	(void)state;
	file_size = 0;
	expect_refused("the file is empty");
	file_size = 1;
	expect_refused("too short for a Linux kernel");
	file_size = 2 * SECTOR - 1;
	expect_refused("too short for a Linux kernel");
}

/* The parts that are missing are told by the file's length. */
static void truncated(void **state)
{
	(void)state;
	file_size = 2 * SECTOR;
	expect_refused("truncated");
	file_size = SETUP_SIZE;
	expect_refused("truncated");
	file_size = SETUP_SIZE + 1;
	expect_refused("truncated: it has 2561 bytes of 43520");
	file_size = SETUP_SIZE + KERNEL_SIZE - 16;
	expect_refused("truncated");
	/* The unit of syssize is 16 bytes: the last ones may be fewer. */
	file_size = SETUP_SIZE + KERNEL_SIZE - 15;
	load("");
	/* What is behind the kernel (a signature) is no reason. */
	file_size = SETUP_SIZE + KERNEL_SIZE + 1000;
	load("");
	/* A header that promises nothing */
	header->syssize = 0;
	file_size = SETUP_SIZE;
	expect_refused("truncated");
	header->syssize = UINT32_MAX;
	file_size = SETUP_SIZE + KERNEL_SIZE;
	expect_refused("truncated: it has 43520 bytes of 68719479280");
}

static void not_a_kernel(void **state)
{
	(void)state;
	header->boot_flag = 0x55aa;
	expect_refused("not a Linux bzImage");
	kernel_create();
	header->header = 0x53726449;
	expect_refused("not a Linux bzImage");
	/* The header ends before its magic number. */
	kernel_create();
	file[JUMP_OFFSET] = 0;
	expect_refused("not a Linux bzImage");
	memcpy(file, "\177ELF", 4); /* vmlinux */
	memset(file + HEADER_OFFSET, 0, sizeof(*header));
	expect_refused("take arch/x86/boot/bzImage");
}

static void too_old(void **state)
{
	(void)state;
	header->version = 0x0205;
	expect_refused("boot protocol 2.05 is too old");
	header->version = 0x0206;
	load("");
	header->loadflags = 0; /* a zImage */
	expect_refused("too old");
	header->loadflags = (uint8_t)~LOADED_HIGH;
	expect_refused("too old");
}

static void setup_code_too_long(void **state)
{
	(void)state;
	header->setup_sects = 64;
	file_size = 65 * SECTOR + KERNEL_SIZE;
	expect_refused("its setup code of 33280 bytes is longer than 32768");
	header->setup_sects = 255;
	expect_refused("longer than 32768");
}

/* ---- what does not fit into memory ---- */

static void kernel_and_its_memory_have_to_fit(void **state)
{
	(void)state;
	header->init_size = RAM_SIZE - MIB;
	load("");
	header->init_size++;
	expect_refused("needs memory up to 17 MiB: use a larger -m");
	header->init_size = RAM_SIZE;
	expect_refused("needs memory up to 17 MiB: use a larger -m");
	header->init_size = UINT32_MAX;
	expect_refused("use a larger -m");
	/* From its preferred address on, if that is higher */
	header->init_size = INIT_SIZE;
	header->pref_address = RAM_SIZE - INIT_SIZE;
	load("");
	header->pref_address++;
	expect_refused("needs memory up to 17 MiB: use a larger -m");
	header->pref_address = UINT64_MAX - INIT_SIZE / 2;
	expect_refused("use a larger -m");
	header->pref_address = UINT64_MAX;
	expect_refused("use a larger -m");
	/* If that is lower, from 1 MiB on */
	header->pref_address = 0;
	header->init_size = RAM_SIZE - MIB + 1;
	expect_refused("use a larger -m");
	/* The last protocol without these fields, and the first with them */
	header->version = 0x020a;
	expect_refused("use a larger -m");
	header->version = 0x0209;
	load("");
}

static void the_file_itself_has_to_fit(void **state)
{
	(void)state;
	header->version = 0x0209;
	memory.size = MIB + KERNEL_SIZE;
	load("");
	memory.size--;
	expect_refused("needs memory up to 2 MiB");
	/* Even if less memory is asked for */
	header->version = 0x020f;
	header->init_size = 4096;
	expect_refused("needs memory up to 2 MiB");
	memory.size = 4096;
	expect_refused("needs memory up to 2 MiB");
	memory.size = RAM_SIZE;
}

/* ---- the initramfs ---- */

static void expect_initramfs(uint64_t gpa, size_t size)
{
	const uint8_t *loaded = memory_at(&memory, gpa, size);

	load_with_initramfs(size);
	assert_int_equal(loaded_header()->ramdisk_image, gpa);
	assert_int_equal(loaded_header()->ramdisk_size, size);
	assert_int_equal(zero_page()->hdr.ramdisk_image, gpa);
	assert_int_equal(zero_page()->hdr.ramdisk_size, size);
	assert_int_equal(loaded[0], '<');
	assert_int_equal(loaded[size - 1], '>');
	assert_int_equal(gpa % 4096, 0);
}

static void without_initramfs(void **state)
{
	(void)state;
	load("");
	assert_int_equal(loaded_header()->ramdisk_image, 0);
	assert_int_equal(loaded_header()->ramdisk_size, 0);
}

static void initramfs_as_high_as_allowed(void **state)
{
	(void)state;
	expect_initramfs(RAM_SIZE - 4096, 2);
	expect_initramfs(RAM_SIZE - 4096, 4096);
	expect_initramfs(RAM_SIZE - 8192, 4097);
	/* The kernel's own limit: the last byte's address */
	header->initrd_addr_max = 12 * MIB - 1;
	expect_initramfs(12 * MIB - 4096, 4096);
	header->initrd_addr_max = 12 * MIB - 2;
	expect_initramfs(12 * MIB - 8192, 4096);
	header->initrd_addr_max = UINT32_MAX;
	expect_initramfs(RAM_SIZE - 4096, 4096);
}

/* 3 GiB and more: below the hole */
static void initramfs_below_the_hole(void **state)
{
	uint8_t *ram = memory.ram;

	(void)state;
	memory.size = 4096 * MIB;
	memory.ram = mmap(NULL, memory.size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(memory.ram, MAP_FAILED);
	header->initrd_addr_max = UINT32_MAX;
	expect_initramfs(HOLE_START - 4096, 4096);
	header->initrd_addr_max = 0x7fffffff;
	expect_initramfs(0x80000000 - 4096, 4096);
	munmap(memory.ram, memory.size);
	memory.ram = ram;
	memory.size = RAM_SIZE;
}

static void expect_no_room(size_t size)
{
	assert_dies(load_with_initramfs(size), "no room for its ");
	assert_non_null(strstr(fake.message, initramfs_path));
	assert_non_null(strstr(fake.message, "use a larger -m"));
}

static void initramfs_above_the_kernel(void **state)
{
	const size_t room = RAM_SIZE - MIB - INIT_SIZE;

	(void)state;
	expect_initramfs(MIB + INIT_SIZE, room);
	expect_no_room(room + 1);
	expect_no_room(RAM_SIZE);
	expect_no_room(5000 * MIB);
	header->init_size = MIB / 2;
	expect_no_room(RAM_SIZE - MIB - MIB / 2 + 1);
	header->initrd_addr_max = MIB;
	expect_no_room(2);
	header->initrd_addr_max = 0;
	expect_no_room(4096);
	/* The end of the kernel is within a page. */
	kernel_create();
	header->init_size = INIT_SIZE - 1;
	expect_initramfs(MIB + INIT_SIZE, room);
	header->init_size = INIT_SIZE + 1;
	expect_no_room(room);
	expect_no_room(room + 1);
	assert_non_null(strstr(fake.message, "its 12 MiB above the kernel, "
					     "which ends at 6 MiB"));
	expect_initramfs(MIB + INIT_SIZE + 4096, room - 4096);
}

static void load_no_initramfs(const char *path)
{
	int fd = file_in_memory(file, file_size, kernel_path);

	boot_load(&memory, kernel_path, path, "");
	close(fd);
}

static void what_is_no_initramfs(void **state)
{
	(void)state;
	assert_dies(load_no_initramfs("/nowhere/initramfs"),
		    "/nowhere/initramfs: No such file");
	assert_dies(load_no_initramfs("/tmp"), "/tmp: not a regular file");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KERNEL_TEST(no_file),
		KERNEL_TEST(too_short),
		KERNEL_TEST(truncated),
		KERNEL_TEST(not_a_kernel),
		KERNEL_TEST(too_old),
		KERNEL_TEST(setup_code_too_long),
		KERNEL_TEST(kernel_and_its_memory_have_to_fit),
		KERNEL_TEST(the_file_itself_has_to_fit),
		KERNEL_TEST(without_initramfs),
		KERNEL_TEST(initramfs_as_high_as_allowed),
		KERNEL_TEST(initramfs_below_the_hole),
		KERNEL_TEST(initramfs_above_the_kernel),
		KERNEL_TEST(what_is_no_initramfs),
	};

	return cmocka_run_group_tests_name("boot, errors", tests, NULL, NULL);
}
