#include "boot.h"

#include "die.h"
#include "file.h"
#include "memory-map.h"

#include <asm/bootparam.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/user.h>

/* boot.rst, "The Real-Mode Kernel Header" */
#define SETUP_SECTOR	    512
#define DEFAULT_SETUP_SECTS 4
#define BOOT_FLAG	    0xaa55
#define MAGIC		    0x53726448 /* "HdrS" */
#define MIN_VERSION	    0x0206 /* the first with cmdline_size */
#define INIT_SIZE_VERSION   0x020a /* the first with init_size */
#define HEADER_OFFSET	    0x1f1
#define JUMP_TARGET	    0x202 /* plus the byte before it: the end */
#define LOADER_UNDEFINED    0xff
#define VID_MODE_NORMAL	    0xffff
#define HEAP_END_CORRECTION 0x200
#define PARAGRAPH_SIZE	    16 /* the unit of syssize */

#define E820_RAM 1 /* ACPI 6.4, 15: AddressRangeMemory */
#define MIB	 (1 << 20)

/* realmode.asm and reset-vector.asm, assembled */
extern const uint8_t _binary_realmode_bin_start[], _binary_realmode_bin_end[];
extern const uint8_t _binary_reset_vector_bin_start[],
	_binary_reset_vector_bin_end[];

/* These are in realmode.asm, too. */
_Static_assert(ZERO_PAGE_GPA == 0x7000, "ZERO_PAGE");
_Static_assert(offsetof(struct boot_params, e820_entries) == 0x1e8,
	       "E820_COUNT");
_Static_assert(offsetof(struct boot_params, e820_table) == 0x2d0, "E820_TABLE");

/* A bzImage: a header among setup sectors, then the kernel itself. */
struct kernel {
	struct file file;
	uint8_t start[2 * SETUP_SECTOR]; /* of the setup code; has the header */
	struct setup_header header;
	size_t header_size;
	size_t setup_size;
	size_t size; /* without the setup sectors */
};

/* The header is as long as it says, which may be more than we know of. */
static void read_header(struct kernel *kernel)
{
	const uint8_t *start = kernel->start;
	size_t size;

	if (kernel->file.size < sizeof(kernel->start))
		die("%s: too short for a Linux kernel", kernel->file.path);
	file_read(&kernel->file, kernel->start, sizeof(kernel->start));
	size = JUMP_TARGET + start[JUMP_TARGET - 1] - HEADER_OFFSET;
	if (size > sizeof(kernel->header))
		size = sizeof(kernel->header);
	memcpy(&kernel->header, start + HEADER_OFFSET, size);
	kernel->header_size = size;
}

static void check_header(struct kernel *kernel)
{
	const struct setup_header *header = &kernel->header;
	const char *path = kernel->file.path;
	size_t wanted;

	if (header->boot_flag != BOOT_FLAG || header->header != MAGIC)
		die("%s: not a Linux bzImage (of a kernel tree take arch/x86/boot/bzImage, not vmlinux)",
		    path);
	if (header->version < MIN_VERSION || !(header->loadflags & LOADED_HIGH))
		die("%s: its boot protocol %d.%02d is too old: take Linux 2.6.22 or later",
		    path, header->version >> 8, header->version & 0xff);

	kernel->setup_size = header->setup_sects ?: DEFAULT_SETUP_SECTS;
	kernel->setup_size = (kernel->setup_size + 1) * SETUP_SECTOR;
	if (kernel->setup_size > SETUP_MAX_SIZE)
		die("%s: its setup code of %zu bytes is longer than %d", path,
		    kernel->setup_size, SETUP_MAX_SIZE);
	wanted = kernel->setup_size + (size_t)header->syssize * PARAGRAPH_SIZE;
	if (kernel->file.size <= kernel->setup_size ||
	    kernel->file.size + PARAGRAPH_SIZE <= wanted)
		die("%s: truncated: it has %zu bytes of %zu", path,
		    kernel->file.size, wanted);
	kernel->size = kernel->file.size - kernel->setup_size;
}

/* Setup sectors low, the kernel itself high. */
static void load_kernel(const struct memory *memory, struct kernel *kernel)
{
	size_t rest = kernel->setup_size - sizeof(kernel->start);

	memory_load(memory, SETUP_GPA, kernel->start, sizeof(kernel->start));
	file_read(&kernel->file,
		  memory_at(memory, SETUP_GPA + sizeof(kernel->start), rest),
		  rest);
	file_read(&kernel->file, memory_at(memory, KERNEL_GPA, kernel->size),
		  kernel->size);
}

/* The end of the memory that the kernel needs from its start. */
static uint64_t kernel_end(const struct kernel *kernel)
{
	const struct setup_header *header = &kernel->header;
	uint64_t end = KERNEL_GPA + kernel->size;
	uint64_t start = KERNEL_GPA;

	/* It unpacks itself to where it was loaded, or to pref_address. */
	if (header->version < INIT_SIZE_VERSION)
		return end;
	if (header->pref_address > start)
		start = header->pref_address;
	if (header->init_size > UINT64_MAX - start)
		return UINT64_MAX;
	return start + header->init_size > end ? start + header->init_size
					       : end;
}

/* The initramfs goes as high as it may be, below the hole. */
static void load_initramfs(const struct memory *memory, const char *path,
			   struct setup_header *header, uint64_t lowest)
{
	uint64_t highest = memory_below_hole(memory);
	struct file file;
	uint64_t gpa;

	if (highest > (uint64_t)header->initrd_addr_max + 1)
		highest = (uint64_t)header->initrd_addr_max + 1;

	file_open(&file, path);
	gpa = (highest - file.size) & PAGE_MASK;
	if (highest < lowest + file.size || gpa < lowest)
		die("%s: no room for its %zu MiB above the kernel, which ends at %llu MiB: use a larger -m, or a smaller initramfs",
		    path, (file.size - 1) / MIB + 1,
		    (unsigned long long)(lowest - 1) / MIB + 1);
	memory_load_file(memory, gpa, &file);
	header->ramdisk_image = (uint32_t)gpa;
	header->ramdisk_size = (uint32_t)file.size;
	file_close(&file);
}

static void load_cmdline(const struct memory *memory,
			 struct setup_header *header, const char *cmdline)
{
	size_t length = strlen(cmdline);
	size_t max = CMDLINE_MAX_SIZE - 1;

	if (max > header->cmdline_size)
		max = header->cmdline_size;
	if (length > max)
		die("the command line has %zu characters, this kernel takes %zu",
		    length, max);
	memory_load(memory, CMDLINE_GPA, cmdline, length + 1);
	header->cmd_line_ptr = CMDLINE_GPA;
}

static void add_e820(struct boot_params *params, uint64_t start, uint64_t end)
{
	struct boot_e820_entry *entry =
		&params->e820_table[params->e820_entries];

	if (start >= end)
		return;
	entry->addr = start;
	entry->size = end - start;
	entry->type = E820_RAM;
	params->e820_entries++;
}

/* The zero page: the header once more, and the map of all RAM. */
static void load_zero_page(const struct memory *memory,
			   const struct setup_header *header)
{
	struct boot_params params = { .hdr = *header };
	uint64_t high_ram = memory->size - memory_below_hole(memory);

	add_e820(&params, 0, LOW_RAM_END);
	add_e820(&params, KERNEL_GPA, memory_below_hole(memory));
	add_e820(&params, HOLE_END, HOLE_END + high_ram);
	memory_load(memory, ZERO_PAGE_GPA, &params, sizeof(params));
}

void boot_load(const struct memory *memory, const char *path,
	       const char *initramfs, const char *cmdline)
{
	struct kernel kernel = { 0 };
	struct setup_header *header = &kernel.header;
	uint64_t end;

	file_open(&kernel.file, path);
	read_header(&kernel);
	check_header(&kernel);
	end = kernel_end(&kernel);
	if (end > memory_below_hole(memory))
		die("%s: needs memory up to %llu MiB: use a larger -m", path,
		    (unsigned long long)(end - 1) / MIB + 1);
	load_kernel(memory, &kernel);
	file_close(&kernel.file);

	header->type_of_loader = LOADER_UNDEFINED;
	header->loadflags |= CAN_USE_HEAP;
	header->heap_end_ptr = SETUP_STACK_TOP - HEAP_END_CORRECTION;
	header->vid_mode = VID_MODE_NORMAL; /* no question, no waiting */
	load_cmdline(memory, header, cmdline);
	if (initramfs)
		load_initramfs(memory, initramfs, header, end);

	memory_load(memory, SETUP_GPA + HEADER_OFFSET, header,
		    kernel.header_size);
	load_zero_page(memory, header);
	memory_load(memory, STUB_GPA, _binary_realmode_bin_start,
		    _binary_realmode_bin_end - _binary_realmode_bin_start);
	memory_load(memory, RESET_GPA, _binary_reset_vector_bin_start,
		    _binary_reset_vector_bin_end -
			    _binary_reset_vector_bin_start);
}

/* The type that one word of the command line asks for, or else `type`. */
static char reboot_type(const char *word, char type)
{
	static const char option[] = "reboot=", panic[] = "panic_";
	const char *part = word + strlen(option);

	if (strncmp(word, option, strlen(option)) != 0)
		return type;
	/* A list, as in reboot=w,t: of modes, numbers and types */
	for (;;) {
		if (strncmp(part, panic, strlen(panic)) == 0)
			part += strlen(panic);
		if (*part && strchr("bakept", *part))
			type = *part;
		part += strcspn(part, ", ");
		if (*part++ != ',')
			return type;
	}
}

bool boot_reboots_by_triple_fault(const char *cmdline)
{
	const char *word = cmdline;
	char type = 0;

	/* What follows -- is for init. */
	while (*word && strncmp(word, "-- ", 3) != 0) {
		type = reboot_type(word, type);
		word += strcspn(word, " ");
		word += strspn(word, " ");
	}
	return type == 't';
}
