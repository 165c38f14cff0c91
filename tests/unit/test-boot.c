/* What the kernel finds in its memory (boot.rst): itself, header, zero page. */
#include "kernel.h"

/* The 16-bit code and the header in it are the file's, but for these fields. */
static void setup_code_is_whole(void **state)
{
	uint8_t *setup = memory_at(&memory, SETUP_GPA, SETUP_SIZE + 1);

	(void)state;
	load("console=ttyS0");
	header->type_of_loader = 0xff;
	header->loadflags = LOADED_HIGH | CAN_USE_HEAP;
	header->heap_end_ptr = SETUP_STACK_TOP - 0x200;
	header->vid_mode = 0xffff; /* NORMAL_VGA: no question */
	header->cmd_line_ptr = CMDLINE_GPA;
	assert_memory_equal(setup, file, SETUP_SIZE);
	assert_int_equal(setup[SETUP_SIZE], FAKE_FILL);
	assert_true(header->cmd_line_ptr < MIB);
}

static void kernel_is_at_1_mib(void **state)
{
	(void)state;
	load("");
	assert_memory_equal(memory_at(&memory, MIB, KERNEL_SIZE),
			    file + SETUP_SIZE, KERNEL_SIZE);
	assert_int_equal(memory.ram[MIB + KERNEL_SIZE], FAKE_FILL);
	assert_int_equal(memory.ram[MIB - 1], FAKE_FILL);
}

static void stub_is_at_0(void **state)
{
	const uint8_t *start = _binary_realmode_bin_start;
	size_t size = (size_t)(_binary_realmode_bin_end - start);

	(void)state;
	load("");
	assert_true(size > 1024); /* 256 vectors, at least */
	assert_true(size <= ZERO_PAGE_GPA);
	assert_memory_equal(memory.ram, start, size);
	assert_int_equal(memory.ram[size], FAKE_FILL);
}

static void no_setup_sects_are_four(void **state)
{
	(void)state;
	header->setup_sects = 0;
	load("");
	assert_int_equal(memory.ram[MIB], file[SETUP_SIZE]);
	assert_memory_equal(memory_at(&memory, MIB, KERNEL_SIZE),
			    file + SETUP_SIZE, KERNEL_SIZE);
}

/* One sector behind the first is the least, 32 KiB in all the most. */
static void any_length_of_setup_code(void **state)
{
	static const uint8_t sects[] = { 1, 2, 3, 5, 31, 63 };

	(void)state;
	for (size_t i = 0; i < sizeof(sects); i++) {
		size_t size = (sects[i] + 1u) * SECTOR;

		header->setup_sects = sects[i];
		file_size = size + KERNEL_SIZE;
		load("");
		assert_memory_equal(memory_at(&memory, SETUP_GPA + 0x300, 1),
				    file + 0x300, size - 0x300);
		assert_memory_equal(memory_at(&memory, MIB, KERNEL_SIZE),
				    file + size, KERNEL_SIZE);
	}
}

static void leaves_no_file_open(void **state)
{
	int before = open_files();

	(void)state;
	load("");
	load_with_initramfs(4096);
	assert_int_equal(open_files(), before);
}

/* ---- the zero page ---- */

/* Of the first sector it has the header, and nothing around it. */
static void zero_page_has_only_the_header(void **state)
{
	const struct boot_params *params = zero_page();
	struct boot_params expected = { 0 };

	(void)state;
	load("");
	expected.hdr = *loaded_header();
	expected.e820_entries = params->e820_entries;
	memcpy(expected.e820_table, params->e820_table,
	       params->e820_entries * sizeof(expected.e820_table[0]));
	assert_memory_equal(params, &expected, sizeof(expected));
	assert_int_equal(params->hdr.header, HDRS);
}

/* What is behind a short header is code, and no field of it. */
static void headers_are_as_long_as_they_say(void **state)
{
	/* As far as 2.06 goes: cmdline_size is its last field. */
	const size_t size = offsetof(struct setup_header, cmdline_size) + 4;
	struct setup_header expected;

	(void)state;
	memset((uint8_t *)header + size, 0x77, sizeof(*header) - size);
	header->version = 0x0206;
	file[JUMP_OFFSET] = (uint8_t)(HEADER_OFFSET + size - 0x202);
	load("");
	assert_true(all_are((const uint8_t *)loaded_header() + size,
			    sizeof(expected) - size, 0x77));
	memset(&expected, 0, sizeof(expected));
	memcpy(&expected, loaded_header(), size);
	assert_memory_equal(&zero_page()->hdr, &expected, sizeof(expected));

	/* Longer than we know of: what we do not know stays, in its place. */
	kernel_create();
	file[JUMP_OFFSET] = 0xff;
	load("");
	assert_memory_equal(&zero_page()->hdr, loaded_header(),
			    sizeof(expected));
	assert_memory_equal(loaded_header() + 1, header + 1, 100);
}

/* ---- e820 ---- */

static void expect_e820(uint64_t ram_size, size_t count,
			const uint64_t ranges[][2])
{
	const struct boot_params *params;

	memory.size = ram_size;
	memory.ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(memory.ram, MAP_FAILED);
	load("");
	params = zero_page();
	assert_int_equal(params->e820_entries, count);
	for (size_t i = 0; i < count; i++) {
		struct boot_e820_entry entry = params->e820_table[i];

		assert_int_equal(entry.addr, ranges[i][0]);
		assert_int_equal(entry.addr + entry.size, ranges[i][1]);
		assert_int_equal(entry.type, 1);
		/* All of it is RAM, on one side of the hole. */
		assert_non_null(memory_at(&memory, entry.addr, entry.size));
	}
	munmap(memory.ram, ram_size);
}

/* No RAM in the hole, none where a PC has its video memory, none twice */
static void the_map_of_memory(void **state)
{
	const uint64_t low = 0xa0000, gib = 1024 * MIB;
	uint8_t *ram = memory.ram;

	(void)state;
	expect_e820(128 * MIB, 2,
		    (const uint64_t[][2]){ { 0, low }, { MIB, 128 * MIB } });
	expect_e820(gib, 2, (const uint64_t[][2]){ { 0, low }, { MIB, gib } });
	expect_e820(3 * gib, 2,
		    (const uint64_t[][2]){ { 0, low }, { MIB, 3 * gib } });
	expect_e820(3 * gib + 4096, 3,
		    (const uint64_t[][2]){ { 0, low },
					   { MIB, 3 * gib },
					   { 4 * gib, 4 * gib + 4096 } });
	expect_e820(3 * gib + gib / 2, 3,
		    (const uint64_t[][2]){ { 0, low },
					   { MIB, 3 * gib },
					   { 4 * gib, 4 * gib + gib / 2 } });
	expect_e820(4 * gib, 3,
		    (const uint64_t[][2]){ { 0, low },
					   { MIB, 3 * gib },
					   { 4 * gib, 5 * gib } });
	expect_e820(8 * gib, 3,
		    (const uint64_t[][2]){ { 0, low },
					   { MIB, 3 * gib },
					   { 4 * gib, 9 * gib } });
	memory.ram = ram;
	memory.size = RAM_SIZE;
}

/* ---- the command line ---- */

static void command_line(void **state)
{
	const char *loaded = memory_at(&memory, CMDLINE_GPA, 64);

	(void)state;
	load("console=ttyS0 panic=1");
	assert_string_equal(loaded, "console=ttyS0 panic=1");
	assert_int_equal(loaded_header()->cmd_line_ptr, CMDLINE_GPA);
	load("");
	assert_string_equal(loaded, "");
}

static void long_command_lines(void **state)
{
	static char line[CMDLINE_MAX_SIZE + 2];
	const char *loaded = memory_at(&memory, CMDLINE_GPA, CMDLINE_MAX_SIZE);

	(void)state;
	/* As long as the kernel takes, without the final NUL */
	memset(line, 'c', 2047);
	load(line);
	assert_string_equal(loaded, line);
	line[2047] = 'c';
	assert_dies(load(line), "2048 characters, this kernel takes 2047");
	/* As long as there is room, whatever the kernel takes */
	header->cmdline_size = 1 << 20;
	memset(line, 'd', CMDLINE_MAX_SIZE - 1);
	load(line);
	assert_string_equal(loaded, line);
	assert_int_equal(memory.ram[CMDLINE_GPA + CMDLINE_MAX_SIZE], FAKE_FILL);
	line[CMDLINE_MAX_SIZE - 1] = 'd';
	assert_dies(load(line), "8192 characters, this kernel takes 8191");
}

static void reboot_by_triple_fault(void **state)
{
	static const char *const yes[] = {
		"reboot=t",
		"reboot=triple",
		"reboot=warm,t",
		"reboot=t,force",
		"reboot=t,smp0",
		"reboot=w,,t quiet",
		"panic=1 reboot=t",
		/* The last type counts, of all words together. */
		"reboot=k,t",
		"reboot=k reboot=t",
		"reboot=t reboot=",
		"reboot=t reboot=warm panic=1",
		"reboot=panic_t",
		"reboot=panic_warm,t",
		"reboot=t -- reboot=k",
		"--reboot=k reboot=t",
	};
	static const char *const no[] = {
		"",
		"reboot",
		"reboot=",
		"reboot= t",
		"reboot=k t",
		"reboot=k,w",
		"reboot=k,bt",
		"reboot=k\0,t",
		"noreboot=t",
		"xreboot=t",
		"a.reboot=t",
		"REBOOT=t",
		"reboot=t,k",
		"reboot=t,b,force",
		"reboot=t,panic_k",
		"reboot=panic_cold",
		"reboot=t reboot=k",
		"-- reboot=t",
		"quiet -- reboot=t",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!boot_reboots_by_triple_fault(yes[i]))
			fail_msg("not recognised: %s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (boot_reboots_by_triple_fault(no[i]))
			fail_msg("wrongly recognised: %s", no[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KERNEL_TEST(setup_code_is_whole),
		KERNEL_TEST(kernel_is_at_1_mib),
		KERNEL_TEST(stub_is_at_0),
		KERNEL_TEST(no_setup_sects_are_four),
		KERNEL_TEST(any_length_of_setup_code),
		KERNEL_TEST(leaves_no_file_open),
		KERNEL_TEST(zero_page_has_only_the_header),
		KERNEL_TEST(headers_are_as_long_as_they_say),
		KERNEL_TEST(the_map_of_memory),
		KERNEL_TEST(command_line),
		KERNEL_TEST(long_command_lines),
		KERNEL_TEST(reboot_by_triple_fault),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
