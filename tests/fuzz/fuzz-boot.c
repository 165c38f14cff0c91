/*
 * Any file as a kernel, with any sizes of memory, command line and initramfs:
 * it is refused, or what is loaded lies where it may.
 *
 * The input: three bytes for these sizes, and the file.
 */
#include "input.h"

#include "boot.h"
#include "fake.h"
#include "memory-map.h"

#include <asm/bootparam.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB	      (1 << 20)
#define HEADER_OFFSET 0x1f1
#define SIZES	      4

static const uint64_t ram_sizes[SIZES] = { MIB, MIB + 4096, 2 * MIB, 5 * MIB };
static struct memory memories[SIZES];

static int file_of(const void *data, size_t size, char path[32])
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void check_initramfs(const struct memory *memory,
			    const struct setup_header *h, uint64_t kernel_end,
			    size_t size)
{
	uint64_t end = (uint64_t)h->ramdisk_image + h->ramdisk_size;

	CHECK(h->ramdisk_size == size);
	CHECK(h->ramdisk_image >= kernel_end);
	CHECK(end <= memory->size);
	CHECK(end <= (uint64_t)h->initrd_addr_max + 1);
}

static void check_loaded(const struct memory *memory, const uint8_t *file,
			 size_t size, const char *cmdline,
			 size_t initramfs_size)
{
	const struct boot_params *zero_page =
		memory_at(memory, ZERO_PAGE_GPA, sizeof(*zero_page));
	const struct setup_header *h = &zero_page->hdr;
	size_t setup = ((h->setup_sects ?: 4u) + 1) * 512;
	uint64_t start = KERNEL_GPA, end = KERNEL_GPA + size - setup;

	CHECK(h->header == 0x53726448 && h->version >= 0x0206);
	CHECK(h->loadflags & LOADED_HIGH && h->loadflags & CAN_USE_HEAP);
	CHECK(setup <= SETUP_MAX_SIZE && setup < size);
	/* All there, but for the setup code's header */
	CHECK(memcmp(memory->ram + SETUP_GPA, file, HEADER_OFFSET) == 0);
	CHECK(memcmp(memory->ram + KERNEL_GPA, file + setup, size - setup) ==
	      0);
	CHECK(strcmp((const char *)memory->ram + CMDLINE_GPA, cmdline) == 0);
	CHECK(strlen(cmdline) <= h->cmdline_size);

	if (h->version >= 0x020a) {
		if (h->pref_address > start)
			start = h->pref_address;
		CHECK(start <= memory->size);
		if (start + h->init_size > end)
			end = start + h->init_size;
	}
	CHECK(end <= memory->size);
	if (initramfs_size > 0)
		check_initramfs(memory, h, end, initramfs_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	const struct memory *memory = &memories[take8(&input) % SIZES];
	char kernel_path[32], initramfs_path[32];
	static char cmdline[256 * 40];
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
	if (dies(boot_load(memory, kernel_path,
			   initramfs_size ? initramfs_path : NULL, cmdline))) {
		CHECK(strlen(fake.message) > 0 && !strchr(fake.message, '\n'));
		/* What it had open; the numbers are the next ones. */
		close(initramfs + 1);
		close(initramfs + 2);
	} else {
		check_loaded(memory, input.data, input.size, cmdline,
			     initramfs_size);
	}
	close(initramfs);
	close(kernel);

	/* The same bytes as a command line */
	take(&input, cmdline, sizeof(cmdline) - 1);
	if (boot_reboots_by_triple_fault(cmdline))
		CHECK(strstr(cmdline, "reboot="));
	return 0;
}
