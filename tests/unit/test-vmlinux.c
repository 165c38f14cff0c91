/* Uncompressed kernels: ELF files, of which every field may be wrong. */
#include "vmlinux.h"

/* ---- what is loaded ---- */

static void segments_are_where_they_say(void **state)
{
	(void)state;
	assert_int_equal(entry_of(""), TEXT_GPA);
	assert_memory_equal(memory_at(&memory, TEXT_GPA, TEXT), file + OFFSET,
			    TEXT);
	assert_memory_equal(memory_at(&memory, DATA_GPA, DATA),
			    file + OFFSET + TEXT, DATA);
	/* BSS is left as it is: guest memory is zeroed from its start. */
	assert_true(all_are(memory.ram + TEXT_GPA + TEXT, BSS, FAKE_FILL));
	assert_true(all_are(memory.ram + KERNEL_GPA, TEXT_GPA - KERNEL_GPA,
			    FAKE_FILL));
	assert_true(all_are(memory.ram + DATA_GPA + DATA, OFFSET, FAKE_FILL));
}

static void other_segments_do_not_matter(void **state)
{
	(void)state;
	/* A note, a segment without memory: wherever they are */
	segments[1].p_type = PT_NOTE;
	segments[1].p_paddr = 0;
	segments[1].p_offset = UINT64_MAX;
	load("");
	segments[1].p_type = PT_LOAD;
	segments[1].p_memsz = segments[1].p_filesz = 0;
	load("");
	assert_true(all_are(memory.ram + DATA_GPA, DATA, FAKE_FILL));
}

static void entry_anywhere_in_a_segment(void **state)
{
	(void)state;
	elf->e_entry = DATA_GPA + DATA - 1;
	assert_int_equal(entry_of(""), DATA_GPA + DATA - 1);
	elf->e_entry++;
	expect_refused("its entry 0x402000 is in none of its segments");
	/* In BSS there is no code. */
	elf->e_entry = TEXT_GPA + TEXT;
	expect_refused("is in none of its segments");
	elf->e_entry = 0xffffffff81000000;
	expect_refused("its entry 0xffffffff81000000 is in none");
}

/* A header as a bzImage's, so that Linux believes the zero page. */
static void zero_page_of_a_vmlinux(void **state)
{
	const struct setup_header *h = &zero_page()->hdr;

	(void)state;
	load("quiet");
	assert_int_equal(h->boot_flag, BOOT_FLAG);
	assert_int_equal(h->header, HDRS);
	assert_true(h->version >= 0x020c);
	assert_int_equal(h->loadflags, LOADED_HIGH);
	assert_int_equal(h->type_of_loader, 0xff);
	assert_int_equal(h->cmd_line_ptr, CMDLINE_GPA);
	assert_string_equal((char *)memory.ram + CMDLINE_GPA, "quiet");
	assert_int_equal(zero_page()->sentinel, 0);
}

static void initramfs_above_the_last_segment(void **state)
{
	const struct setup_header *h = &zero_page()->hdr;

	(void)state;
	/* The highest end, BSS included, in whatever order they come */
	segments[0].p_memsz = DATA_GPA - TEXT_GPA;
	load_with_initramfs(RAM_SIZE - DATA_GPA - DATA);
	assert_int_equal(h->ramdisk_image, DATA_GPA + DATA);
	assert_dies(load_with_initramfs(RAM_SIZE - DATA_GPA - DATA + 1),
		    "no room for its 12 MiB above the kernel");
	segments[0].p_paddr = elf->e_entry = 8 * MIB;
	segments[0].p_memsz = 2 * MIB;
	load_with_initramfs(6 * MIB);
	assert_int_equal(h->ramdisk_image, 10 * MIB);
	assert_dies(load_with_initramfs(6 * MIB + 1), "no room");
}

/* ---- what is not ---- */

static void not_for_this_machine(void **state)
{
	(void)state;
	elf->e_ident[EI_CLASS] = ELFCLASS32;
	expect_refused("no 64-bit ELF file");
	vmlinux_create();
	elf->e_ident[EI_DATA] = ELFDATA2MSB;
	expect_refused("big-endian");
	vmlinux_create();
	elf->e_machine = EM_AARCH64;
	expect_refused("another machine (number 183, not x86-64's 62)");
	vmlinux_create();
	elf->e_type = ET_REL;
	expect_refused("no executable");
	elf->e_type = ET_DYN;
	expect_refused("no executable");
}

static void truncated(void **state)
{
	const size_t whole = file_size;

	(void)state;
	file_size = sizeof(*elf) - 1;
	expect_refused("too short for an ELF file");
	file_size = sizeof(*elf);
	expect_refused("its program headers are missing");
	file_size = sizeof(*elf) + SEGMENTS * sizeof(*segments) - 1;
	expect_refused("its program headers are missing");
	file_size = whole - 1;
	expect_refused("truncated: a segment of 8192 bytes from 16384 on, "
		       "in a file of 24575");
	file_size = whole;
	load("");
}

static void program_headers(void **state)
{
	(void)state;
	elf->e_phentsize = sizeof(Elf32_Phdr);
	expect_refused("2 segments of 32 bytes each");
	vmlinux_create();
	elf->e_phnum = 0;
	expect_refused("0 segments");
	elf->e_phnum = 65;
	expect_refused("65 segments");
	elf->e_phnum = 0xffff; /* PN_XNUM: the number is elsewhere */
	expect_refused("65535 segments");
	elf->e_phnum = 64;
	elf->e_phoff = file_size - 64 * sizeof(*segments) + 1;
	expect_refused("its program headers are missing");
	elf->e_phoff = UINT64_MAX - sizeof(*segments) + 1;
	expect_refused("its program headers are missing");
}

static void offsets_and_sizes(void **state)
{
	(void)state;
	segments[1].p_offset = file_size - DATA + 1;
	expect_refused("truncated");
	segments[1].p_offset = UINT64_MAX - DATA + 1;
	expect_refused("truncated");
	vmlinux_create();
	segments[1].p_memsz = DATA - 1;
	expect_refused("more bytes in the file than in memory");
	segments[1].p_filesz = segments[1].p_memsz = UINT64_MAX;
	expect_refused("truncated");
}

static void addresses(void **state)
{
	(void)state;
	segments[1].p_paddr = KERNEL_GPA;
	load("");
	segments[1].p_paddr--;
	expect_refused("a segment at 0xfffff: below 1 MiB");
	segments[1].p_paddr = RAM_SIZE - DATA;
	load("");
	segments[1].p_paddr++;
	expect_refused("a segment of 0x2000 bytes at 0xffe001, but memory ends "
		       "at 0x1000000: use a larger -m");
	segments[1].p_paddr = UINT64_MAX;
	expect_refused("use a larger -m");
	vmlinux_create();
	segments[1].p_memsz = RAM_SIZE - DATA_GPA;
	load("");
	segments[1].p_memsz++;
	expect_refused("use a larger -m");
	segments[1].p_memsz = UINT64_MAX - DATA_GPA + 1;
	expect_refused("use a larger -m");
}

static void overlaps(void **state)
{
	const uint64_t end = TEXT_GPA + TEXT + BSS;

	(void)state;
	segments[1].p_paddr = end;
	load("");
	segments[1].p_paddr--;
	expect_refused("its segments at 0x200000 and 0x207fff overlap");
	segments[1].p_paddr = TEXT_GPA - DATA;
	load("");
	segments[1].p_paddr++;
	expect_refused("overlap");
	segments[1].p_paddr = TEXT_GPA + 1; /* within the other */
	expect_refused("overlap");
	segments[1].p_paddr = TEXT_GPA - 1; /* around it */
	segments[1].p_memsz = 2 * MIB;
	expect_refused("overlap");
}

static void the_command_line_has_a_limit(void **state)
{
	static char line[2049];

	(void)state;
	memset(line, 'c', 2047); /* Linux's COMMAND_LINE_SIZE, minus the NUL */
	load(line);
	line[2047] = 'c';
	assert_dies(load(line), "2048 characters, this kernel takes 2047");
}

static void mutations(void **state)
{
	uint32_t seed = 20240101;
	unsigned int loaded = 0;

	(void)state;
	alarm(SECONDS);
	for (unsigned int i = 0; i < MUTATIONS; i++) {
		vmlinux_create();
		mutate(0, sizeof(*elf) + SEGMENTS * sizeof(*segments), &seed);
		loaded += refused_or_loaded();
	}
	alarm(0);
	/* Some of each: what changed did matter, and not all was lost at once. */
	assert_in_range(loaded, MUTATIONS / 20, MUTATIONS / 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		VMLINUX_TEST(segments_are_where_they_say),
		VMLINUX_TEST(other_segments_do_not_matter),
		VMLINUX_TEST(entry_anywhere_in_a_segment),
		VMLINUX_TEST(zero_page_of_a_vmlinux),
		VMLINUX_TEST(initramfs_above_the_last_segment),
		VMLINUX_TEST(not_for_this_machine),
		VMLINUX_TEST(truncated),
		VMLINUX_TEST(program_headers),
		VMLINUX_TEST(offsets_and_sizes),
		VMLINUX_TEST(addresses),
		VMLINUX_TEST(overlaps),
		VMLINUX_TEST(the_command_line_has_a_limit),
		VMLINUX_TEST(mutations),
	};

	return cmocka_run_group_tests_name("vmlinux", tests, NULL, NULL);
}
