/* A bzImage for its 64-bit entry, and the zero page that is the kernel's own
 * source now (boot.rst, "64-bit Boot Protocol"). */
#include "vmlinux.h"

#define HIGH (4096 * MIB)

static void only_the_kernel_proper_is_loaded(void **state)
{
	(void)state;
	assert_int_equal(entry_of(""), MIB + 0x200);
	assert_memory_equal(memory_at(&memory, MIB, KERNEL_SIZE),
			    file + SETUP_SIZE, KERNEL_SIZE);
	assert_int_equal(memory.ram[MIB + KERNEL_SIZE], FAKE_FILL);
	/* Below, the tables, the command line, and what resets */
	assert_true(all_are(memory.ram + TABLES_END, RESET_GPA - TABLES_END,
			    FAKE_FILL));
	assert_int_equal(memory.ram[RESET_GPA], 0xb0); /* MOV AL */
}

static void without_a_64_bit_entry(void **state)
{
	(void)state;
	header->xloadflags = 0;
	expect_refused("a kernel without a 64-bit entry");
	header->xloadflags = (uint16_t)~XLF_KERNEL_64;
	expect_refused("a kernel without a 64-bit entry");
	header->xloadflags = XLF_KERNEL_64;
	header->version = 0x020c;
	load("");
	header->version = 0x020b; /* had no such field */
	expect_refused("a kernel without a 64-bit entry");
	header->version = 0x0205;
	expect_refused("boot protocol 2.05 is too old");
}

static void the_entry_is_in_the_file(void **state)
{
	(void)state;
	header->syssize = 0;
	file_size = SETUP_SIZE + 0x200;
	expect_refused("truncated");
	file_size++;
	load("");
	header->setup_sects = 255;
	file_size = sizeof(file);
	expect_refused("truncated");
}

static void not_a_kernel(void **state)
{
	(void)state;
	header->boot_flag = 0x55aa;
	expect_refused("neither a Linux bzImage nor a vmlinux");
	kernel_create();
	header->header = 0x53726449;
	expect_refused("neither a Linux bzImage nor a vmlinux");
	file_size = 3;
	expect_refused("too short for a Linux kernel");
}

static void zero_page_has_the_header(void **state)
{
	const struct boot_params *params = zero_page();
	struct boot_params expected = { 0 };

	(void)state;
	load("quiet");
	header->type_of_loader = 0xff;
	header->cmd_line_ptr = CMDLINE_GPA;
	expected.hdr = *header;
	expected.e820_entries = 3;
	memcpy(expected.e820_table, params->e820_table,
	       3 * sizeof(expected.e820_table[0]));
	assert_memory_equal(params, &expected, sizeof(expected));
}

/* ---- e820 and the initramfs, with RAM on both sides of the hole ---- */

static uint8_t *small;

static void large_memory(uint64_t size)
{
	small = memory.ram;
	memory.size = size;
	memory.ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(memory.ram, MAP_FAILED);
}

static void small_memory(void)
{
	munmap(memory.ram, memory.size);
	memory.ram = small;
	memory.size = RAM_SIZE;
}

static void expect_entry(size_t i, uint64_t start, uint64_t end, uint32_t type)
{
	struct boot_e820_entry entry = zero_page()->e820_table[i];

	assert_int_equal(entry.addr, start);
	assert_int_equal(entry.addr + entry.size, end);
	assert_int_equal(entry.type, type);
	assert_non_null(memory_at(&memory, entry.addr, entry.size));
}

static void the_map_of_memory(void **state)
{
	(void)state;
	load("");
	assert_int_equal(zero_page()->e820_entries, 3);
	expect_entry(0, 0, TABLES_END, 2); /* reserved */
	expect_entry(1, TABLES_END, 0xa0000, 1);
	expect_entry(2, MIB, RAM_SIZE, 1);
	for (uint64_t high = 0; high <= 5120; high += 512) {
		large_memory(HOLE_START + high * MIB);
		load("");
		assert_int_equal(zero_page()->e820_entries, high ? 4 : 3);
		expect_entry(2, MIB, HOLE_START, 1);
		if (high)
			expect_entry(3, HIGH, HIGH + high * MIB, 1);
		small_memory();
	}
}

static void expect_initramfs(uint64_t gpa, size_t size)
{
	const struct boot_params *params = zero_page();
	const uint8_t *loaded = memory_at(&memory, gpa, size);

	load_with_initramfs(size);
	assert_int_equal(params->hdr.ramdisk_image |
				 (uint64_t)params->ext_ramdisk_image << 32,
			 gpa);
	assert_int_equal(params->hdr.ramdisk_size |
				 (uint64_t)params->ext_ramdisk_size << 32,
			 size);
	assert_int_equal(loaded[0], '<');
	assert_int_equal(loaded[size - 1], '>');
}

static void initramfs_above_4_gib(void **state)
{
	(void)state;
	large_memory(HOLE_START + 16 * MIB);
	header->xloadflags |= XLF_CAN_BE_LOADED_ABOVE_4G;
	expect_initramfs(HIGH + 16 * MIB - 4096, 4096);
	expect_initramfs(HIGH, 16 * MIB);
	/* No room there: below the hole, wherever initrd_addr_max is */
	expect_initramfs(HOLE_START - 16 * MIB - 4096, 16 * MIB + 1);
	vmlinux_create();
	expect_initramfs(HIGH + 16 * MIB - 4096, 4096);
	/* The kernel does not allow it. */
	kernel_create();
	expect_initramfs(0x80000000 - 4096, 4096);
	small_memory();
}

static void initramfs_as_high_as_allowed(void **state)
{
	(void)state;
	expect_initramfs(RAM_SIZE - 8192, 4097);
	header->initrd_addr_max = 12 * MIB - 1;
	expect_initramfs(12 * MIB - 4096, 4096);
	header->initrd_addr_max = MIB;
	assert_dies(load_with_initramfs(2), "no room for its 1 MiB");
	kernel_create();
	assert_dies(load_with_initramfs(RAM_SIZE), "no room for its 16 MiB");
	header->xloadflags |= XLF_CAN_BE_LOADED_ABOVE_4G;
	header->initrd_addr_max = MIB;
	expect_initramfs(RAM_SIZE - 4096, 4096);
}

/* ---- what does not fit ---- */

static void kernel_and_its_memory_have_to_fit(void **state)
{
	(void)state;
	header->init_size = RAM_SIZE - MIB;
	load("");
	header->init_size++;
	expect_refused("needs memory up to 17 MiB: use a larger -m");
	header->pref_address = UINT64_MAX - header->init_size + 1;
	expect_refused("use a larger -m");
	header->init_size = 0;
	header->pref_address = 0;
	memory.size = MIB + KERNEL_SIZE;
	load("");
	memory.size--;
	expect_refused("needs memory up to 2 MiB");
	memory.size = RAM_SIZE;
}

static void mutations(void **state)
{
	const size_t end = HEADER_OFFSET + sizeof(*header);
	uint32_t seed = 20240102;
	unsigned int loaded = 0;

	(void)state;
	alarm(SECONDS);
	for (unsigned int i = 0; i < MUTATIONS; i++) {
		kernel_create();
		mutate(HEADER_OFFSET - 1, end - HEADER_OFFSET, &seed);
		loaded += refused_or_loaded();
	}
	alarm(0);
	assert_in_range(loaded, MUTATIONS / 20, MUTATIONS * 3 / 4);
}

/* As in the other steps, where there are more cases (test-boot.c) */
static void reboot_by_triple_fault(void **state)
{
	(void)state;
	assert_true(boot_reboots_by_triple_fault("panic=1 reboot=w,t"));
	assert_true(boot_reboots_by_triple_fault("reboot=panic_t -- reboot=k"));
	assert_false(boot_reboots_by_triple_fault("reboot=t quiet reboot=k"));
	assert_false(boot_reboots_by_triple_fault("quiet -- reboot=t"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KERNEL_TEST(only_the_kernel_proper_is_loaded),
		KERNEL_TEST(without_a_64_bit_entry),
		KERNEL_TEST(the_entry_is_in_the_file),
		KERNEL_TEST(not_a_kernel),
		KERNEL_TEST(zero_page_has_the_header),
		KERNEL_TEST(the_map_of_memory),
		KERNEL_TEST(initramfs_above_4_gib),
		KERNEL_TEST(initramfs_as_high_as_allowed),
		KERNEL_TEST(kernel_and_its_memory_have_to_fit),
		KERNEL_TEST(mutations),
		KERNEL_TEST(reboot_by_triple_fault),
	};

	return cmocka_run_group_tests_name("boot, 64-bit", tests, NULL, NULL);
}
