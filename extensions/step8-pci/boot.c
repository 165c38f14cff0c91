#include "boot.h"

#include "die.h"
#include "file.h"
#include "memory-map.h"
#include "vmlinux.h"

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
#define HEADER_OFFSET	    0x1f1
#define JUMP_TARGET	    0x202 /* plus the byte before it: the end */
#define LOADER_UNDEFINED    0xff
#define XLOADFLAGS_VERSION  0x020c /* the first with xloadflags */
#define ENTRY_64	    0x200 /* from the start of the kernel proper */
#define PARAGRAPH_SIZE	    16 /* the unit of syssize */

/* Linux's COMMAND_LINE_SIZE for x86, minus the final NUL */
#define VMLINUX_CMDLINE_SIZE 2047

/* ACPI 6.4, 15: AddressRangeMemory, AddressRangeReserved */
#define E820_RAM      1
#define E820_RESERVED 2

#define MIB (1 << 20)

/* reset-vector.asm, assembled */
extern const uint8_t _binary_reset_vector_bin_start[],
	_binary_reset_vector_bin_end[];

/* A kernel: a bzImage, which has a header among setup sectors, or a vmlinux. */
struct kernel {
	struct file file;
	uint8_t start[2 * SETUP_SECTOR]; /* of the setup code; has the header */
	struct setup_header header;
	size_t setup_size;
	size_t size; /* without the setup sectors */

	uint64_t entry; /* where it starts in 64-bit mode */
	uint64_t end; /* of the memory that it needs */
	uint64_t ramdisk_gpa, ramdisk_size; /* the initramfs, or size 0 */
};

/* The header is as long as it says, which may be more than we know of. */
static void read_header(struct kernel *kernel)
{
	const uint8_t *start = kernel->start;
	size_t size;

	if (kernel->file.size < sizeof(kernel->start))
		die("%s: too short for a Linux kernel", kernel->file.path);
	file_seek(&kernel->file, 0);
	file_read(&kernel->file, kernel->start, sizeof(kernel->start));
	size = JUMP_TARGET + start[JUMP_TARGET - 1] - HEADER_OFFSET;
	if (size > sizeof(kernel->header))
		size = sizeof(kernel->header);
	memcpy(&kernel->header, start + HEADER_OFFSET, size);
}

static void check_header(struct kernel *kernel)
{
	const struct setup_header *header = &kernel->header;
	const char *path = kernel->file.path;
	size_t wanted;

	if (header->boot_flag != BOOT_FLAG || header->header != MAGIC)
		die("%s: neither a Linux bzImage nor a vmlinux", path);
	if (header->version < MIN_VERSION || !(header->loadflags & LOADED_HIGH))
		die("%s: its boot protocol %d.%02d is too old: take Linux 2.6.22 or later",
		    path, header->version >> 8, header->version & 0xff);

	if (header->version < XLOADFLAGS_VERSION ||
	    !(header->xloadflags & XLF_KERNEL_64))
		die("%s: a kernel without a 64-bit entry: take a 64-bit one, Linux 3.8 or later",
		    path);

	kernel->setup_size = header->setup_sects ?: DEFAULT_SETUP_SECTS;
	kernel->setup_size = (kernel->setup_size + 1) * SETUP_SECTOR;
	wanted = kernel->setup_size + (size_t)header->syssize * PARAGRAPH_SIZE;
	if (kernel->file.size <= kernel->setup_size + ENTRY_64 ||
	    kernel->file.size + PARAGRAPH_SIZE <= wanted)
		die("%s: truncated: it has %zu bytes of %zu", path,
		    kernel->file.size, wanted);
	kernel->size = kernel->file.size - kernel->setup_size;
}

/* The end of the memory that the kernel needs from its start. */
static uint64_t kernel_end(const struct kernel *kernel)
{
	const struct setup_header *header = &kernel->header;
	uint64_t end = KERNEL_GPA + kernel->size;
	uint64_t start = KERNEL_GPA;

	/* It unpacks itself to where it was loaded, or to pref_address. */
	if (header->pref_address > start)
		start = header->pref_address;
	if (header->init_size > UINT64_MAX - start)
		return UINT64_MAX;
	return start + header->init_size > end ? start + header->init_size
					       : end;
}

/* Of a bzImage only the kernel proper; its setup code is for real mode. */
static void load_bzimage(const struct memory *memory, struct kernel *kernel)
{
	read_header(kernel);
	check_header(kernel);
	kernel->end = kernel_end(kernel);
	kernel->entry = KERNEL_GPA + ENTRY_64;
	if (kernel->end > memory_below_hole(memory))
		die("%s: needs memory up to %llu MiB: use a larger -m",
		    kernel->file.path,
		    (unsigned long long)(kernel->end - 1) / MIB + 1);
	file_seek(&kernel->file, kernel->setup_size);
	file_read(&kernel->file, memory_at(memory, KERNEL_GPA, kernel->size),
		  kernel->size);
}

/* A vmlinux has no header: this is what a bzImage's would say of it. */
static void load_vmlinux(const struct memory *memory, struct kernel *kernel)
{
	kernel->entry = vmlinux_load(memory, &kernel->file, &kernel->end);
	kernel->header = (struct setup_header){
		.boot_flag = BOOT_FLAG,
		.header = MAGIC,
		.version = XLOADFLAGS_VERSION,
		.loadflags = LOADED_HIGH,
		.xloadflags = XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G,
		.cmdline_size = VMLINUX_CMDLINE_SIZE,
	};
}

/* The initramfs goes as high as the kernel allows, but not into the hole. */
static void load_initramfs(const struct memory *memory, const char *path,
			   struct kernel *kernel)
{
	const struct setup_header *header = &kernel->header;
	uint64_t low = memory_below_hole(memory), high = memory->size - low;
	uint64_t lowest = kernel->end, highest = low;
	struct file file;
	uint64_t gpa;

	file_open(&file, path);
	if (header->xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G) {
		if (file.size <= high) {
			lowest = HOLE_END;
			highest = HOLE_END + high;
		}
	} else if (highest > (uint64_t)header->initrd_addr_max + 1) {
		highest = (uint64_t)header->initrd_addr_max + 1;
	}

	gpa = (highest - file.size) & PAGE_MASK;
	if (highest < lowest + file.size || gpa < lowest)
		die("%s: no room for its %zu MiB above the kernel, which ends at %llu MiB: use a larger -m, or a smaller initramfs",
		    path, (file.size - 1) / MIB + 1,
		    (unsigned long long)(lowest - 1) / MIB + 1);
	memory_load_file(memory, gpa, &file);
	kernel->ramdisk_gpa = gpa;
	kernel->ramdisk_size = file.size;
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

static void add_e820(struct boot_params *params, uint64_t start, uint64_t end,
		     uint32_t type)
{
	struct boot_e820_entry *entry =
		&params->e820_table[params->e820_entries];

	if (start >= end)
		return;
	entry->addr = start;
	entry->size = end - start;
	entry->type = type;
	params->e820_entries++;
}

/* The zero page: the header, the initramfs, and the map of all memory. */
static void load_zero_page(const struct memory *memory,
			   const struct kernel *kernel)
{
	struct boot_params params = { .hdr = kernel->header };
	uint64_t high_ram = memory->size - memory_below_hole(memory);

	params.acpi_rsdp_addr = ACPI_GPA;
	params.hdr.type_of_loader = LOADER_UNDEFINED;
	params.hdr.ramdisk_image = (uint32_t)kernel->ramdisk_gpa;
	params.ext_ramdisk_image = (uint32_t)(kernel->ramdisk_gpa >> 32);
	params.hdr.ramdisk_size = (uint32_t)kernel->ramdisk_size;
	params.ext_ramdisk_size = (uint32_t)(kernel->ramdisk_size >> 32);
	add_e820(&params, 0, TABLES_END, E820_RESERVED);
	add_e820(&params, TABLES_END, LOW_RAM_END, E820_RAM);
	add_e820(&params, ACPI_GPA, KERNEL_GPA, E820_RESERVED);
	add_e820(&params, KERNEL_GPA, memory_below_hole(memory), E820_RAM);
	add_e820(&params, HOLE_END, HOLE_END + high_ram, E820_RAM);
	memory_load(memory, ZERO_PAGE_GPA, &params, sizeof(params));
}

uint64_t boot_load(const struct memory *memory, const char *path,
		   const char *initramfs, const char *cmdline)
{
	struct kernel kernel = { 0 };

	file_open(&kernel.file, path);
	if (vmlinux_is(&kernel.file))
		load_vmlinux(memory, &kernel);
	else
		load_bzimage(memory, &kernel);
	file_close(&kernel.file);

	load_cmdline(memory, &kernel.header, cmdline);
	if (initramfs)
		load_initramfs(memory, initramfs, &kernel);
	load_zero_page(memory, &kernel);
	memory_load(memory, RESET_GPA, _binary_reset_vector_bin_start,
		    _binary_reset_vector_bin_end -
			    _binary_reset_vector_bin_start);
	return kernel.entry;
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
