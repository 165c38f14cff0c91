/*
 * Step 4's loader: any file as a vmlinux or a bzImage, with any sizes of memory,
 * command line and initramfs: it is refused, or what is loaded lies where it may.
 *
 * The input: three bytes for these sizes, and the file.
 */
#include "input.h"

#include "boot.h"
#include "fake.h"
#include "memory-map.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB   (1 << 20)
#define SIZES 4

static const uint64_t ram_sizes[SIZES] = { MIB, MIB + 4096, 2 * MIB, 5 * MIB };
static struct memory memories[SIZES];

static int file_of(const void *data, size_t size, char path[32])
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* A bzImage's kernel proper at 1 MiB, whole; where what it needs ends */
static uint64_t check_bzimage(const struct memory *memory,
			      const struct setup_header *h, const uint8_t *file,
			      size_t size, uint64_t entry)
{
	size_t setup = ((h->setup_sects ?: 4u) + 1) * 512;
	uint64_t start = KERNEL_GPA, end = KERNEL_GPA + size - setup;

	CHECK(h->xloadflags & XLF_KERNEL_64 && h->version >= 0x020c);
	CHECK(entry == KERNEL_GPA + 0x200 && entry < end);
	CHECK(memcmp(memory->ram + KERNEL_GPA, file + setup, size - setup) ==
	      0);
	if (h->pref_address > start)
		start = h->pref_address;
	CHECK(start <= memory->size);
	return start + h->init_size > end ? start + h->init_size : end;
}

/* Each segment in its place; the end of the last */
static uint64_t check_vmlinux(const struct memory *memory, const uint8_t *file,
			      uint64_t entry)
{
	uint64_t end = 0;
	Elf64_Ehdr elf;

	memcpy(&elf, file, sizeof(elf));
	CHECK(elf.e_machine == EM_X86_64 && elf.e_type == ET_EXEC);
	CHECK(elf.e_entry == entry);
	for (size_t i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr p;

		memcpy(&p, file + elf.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type != PT_LOAD || p.p_memsz == 0)
			continue;
		CHECK(p.p_paddr >= KERNEL_GPA && p.p_paddr < memory->size);
		CHECK(p.p_memsz <= memory->size - p.p_paddr);
		CHECK(memcmp(memory->ram + p.p_paddr, file + p.p_offset,
			     p.p_filesz) == 0);
		if (p.p_paddr + p.p_memsz > end)
			end = p.p_paddr + p.p_memsz;
	}
	return end;
}

static void check_loaded(const struct memory *memory, const uint8_t *file,
			 size_t size, uint64_t entry, const char *cmdline,
			 size_t initramfs_size)
{
	const struct boot_params *zero_page =
		memory_at(memory, ZERO_PAGE_GPA, sizeof(*zero_page));
	const struct setup_header *h = &zero_page->hdr;
	uint64_t end;

	CHECK(h->cmd_line_ptr == CMDLINE_GPA);
	CHECK(strcmp((const char *)memory->ram + CMDLINE_GPA, cmdline) == 0);
	CHECK(strlen(cmdline) <= h->cmdline_size);
	CHECK(zero_page->ext_ramdisk_image == 0);
	if (memcmp(file, ELFMAG, SELFMAG) == 0)
		end = check_vmlinux(memory, file, entry);
	else
		end = check_bzimage(memory, h, file, size, entry);
	CHECK(entry >= KERNEL_GPA && entry < end && end <= memory->size);
	CHECK(h->ramdisk_size == initramfs_size);
	if (initramfs_size > 0) {
		CHECK(h->ramdisk_image >= end);
		CHECK(h->ramdisk_image + initramfs_size <= memory->size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	const struct memory *memory = &memories[take8(&input) % SIZES];
	char kernel_path[32], initramfs_path[32];
	static char cmdline[256 * 40];
	volatile uint64_t entry = 0;
	size_t initramfs_size;
	int kernel, initramfs;

	if (!memories[0].ram)
		for (size_t i = 0; i < SIZES; i++)
			fake_memory_create(&memories[i], ram_sizes[i]);
	memset(cmdline, 'c', sizeof(cmdline));
	cmdline[take8(&input) * 40] = '\0';
	initramfs_size = take8(&input) * 4097u;

	kernel = file_of(input.data, input.size, kernel_path);
	initramfs = file_of("", 0, initramfs_path);
	CHECK(ftruncate(initramfs, (off_t)initramfs_size) == 0);
	if (dies(entry = boot_load(memory, kernel_path,
				   initramfs_size ? initramfs_path : NULL,
				   cmdline))) {
		CHECK(strlen(fake.message) > 0 && !strchr(fake.message, '\n'));
		/* What it had open; the numbers are the next ones. */
		close(initramfs + 1);
		close(initramfs + 2);
	} else {
		check_loaded(memory, input.data, input.size, entry, cmdline,
			     initramfs_size);
	}
	close(initramfs);
	close(kernel);
	return 0;
}
