/* A vmlinux in memory, made field by field, in the place of kernel.h's bzImage. */
#ifndef VMLINUX_IN_MEMORY_H
#define VMLINUX_IN_MEMORY_H

#include "kernel.h"

#include <elf.h>

/* Two segments, the first with BSS, in the order that the file has them in */
#define SEGMENTS 2
#define TEXT_GPA (2 * MIB)
#define DATA_GPA (4 * MIB)
#define OFFSET	 0x1000
#define TEXT	 0x3000
#define BSS	 0x5000 /* behind it */
#define DATA	 0x2000

static Elf64_Ehdr *elf = (void *)file;
static Elf64_Phdr *segments = (void *)(file + sizeof(Elf64_Ehdr));

static inline void vmlinux_create(void)
{
	kernel_create();
	memset(file, 0, sizeof(*elf) + SEGMENTS * sizeof(*segments));
	memcpy(elf->e_ident, ELFMAG, SELFMAG);
	elf->e_ident[EI_CLASS] = ELFCLASS64;
	elf->e_ident[EI_DATA] = ELFDATA2LSB;
	elf->e_type = ET_EXEC;
	elf->e_machine = EM_X86_64;
	elf->e_entry = TEXT_GPA;
	elf->e_phoff = sizeof(*elf);
	elf->e_phentsize = sizeof(*segments);
	elf->e_phnum = SEGMENTS;
	segments[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
				    .p_offset = OFFSET,
				    .p_paddr = TEXT_GPA,
				    .p_filesz = TEXT,
				    .p_memsz = TEXT + BSS };
	segments[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
				    .p_offset = OFFSET + TEXT,
				    .p_paddr = DATA_GPA,
				    .p_filesz = DATA,
				    .p_memsz = DATA };
	file_size = OFFSET + TEXT + DATA;
}

static inline int set_up_vmlinux(void **state)
{
	set_up_kernel(state);
	vmlinux_create();
	return 0;
}

#define VMLINUX_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_vmlinux, tear_down_kernel)

/* boot_load() with no initramfs: where the kernel is entered */
static inline uint64_t entry_of(const char *cmdline)
{
	int fd = file_in_memory(file, file_size, kernel_path);
	uint64_t entry = boot_load(&memory, kernel_path, NULL, cmdline);

	close(fd);
	return entry;
}

static inline void expect_refused(const char *why)
{
	assert_dies(load(""), why);
	assert_non_null(strstr(fake.message, kernel_path));
}

/* ---- any bytes changed: is it refused, or loaded where it may be? ---- */

#define MUTATIONS 2000
#define SECONDS	  60 /* for all of them, or it hangs */

static inline uint32_t random_number(uint32_t *seed)
{
	*seed ^= *seed << 13; /* xorshift: the same numbers everywhere */
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* One to four fields of 1 to 8 bytes get a number, or one of these */
static inline void mutate(size_t from, size_t size, uint32_t *seed)
{
	static const uint64_t favourites[] = {
		0,	    1,	       UINT8_MAX,  UINT16_MAX,
		UINT32_MAX, INT32_MAX, UINT64_MAX, INT64_MAX,
		MIB,	    RAM_SIZE,  HOLE_START, HOLE_END,
	};
	uint32_t count = 1 + random_number(seed) % 4;

	while (count-- > 0) {
		size_t width = 1u << random_number(seed) % 4;
		size_t at = from + random_number(seed) % (size - width);
		uint64_t value = random_number(seed);

		if (value % 2)
			value = favourites[value / 2 % 12];
		memcpy(file + at / width * width, &value, width);
	}
}

/* False: it was refused; fake.message says why. */
static __attribute__((noinline)) bool is_loaded(uint64_t *entry)
{
	volatile uint64_t result = 0;

	if (dies(result = entry_of("console=ttyS0")))
		return false;
	*entry = result;
	return true;
}

/* ASan sees what is loaded behind the end of RAM, and UBSan what overflows. */
static inline bool refused_or_loaded(void)
{
	const struct boot_params *params = zero_page();
	int files = open_files();
	uint64_t entry;

	if (!is_loaded(&entry)) {
		assert_true(strstr(fake.message, kernel_path) ||
			    strstr(fake.message, "the command line has"));
		assert_null(strchr(fake.message, '\n'));
		/* entry_of()'s own file, and what the loader had open */
		close(files);
		close(files + 1);
		return false;
	}
	assert_true(entry >= KERNEL_GPA);
	assert_non_null(memory_at(&memory, entry, 1));
	assert_string_equal((char *)memory.ram + CMDLINE_GPA, "console=ttyS0");
	assert_int_equal(params->e820_entries, 3);
	assert_int_equal(params->e820_table[2].addr, KERNEL_GPA);
	assert_int_equal(params->e820_table[2].size, RAM_SIZE - KERNEL_GPA);
	return true;
}

#endif
