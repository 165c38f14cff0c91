/* A bzImage in memory, made field by field, and a machine that loads it. */
#ifndef KERNEL_H
#define KERNEL_H

#include "test.h"

#include "boot.h"
#include "memory-map.h"

#include <asm/bootparam.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB    (1ull << 20)
#define SECTOR 512

/* boot.rst, "The real-mode kernel header" */
#define HEADER_OFFSET 0x1f1
#define JUMP_OFFSET   0x201 /* the header's length, from 0x202 on */
#define BOOT_FLAG     0xaa55
#define HDRS	      0x53726448

/* The usual one: 5 sectors of setup code, 40 KiB of kernel, 4 MiB to run */
#define SETUP_SECTS 4
#define SETUP_SIZE  ((SETUP_SECTS + 1) * SECTOR)
#define KERNEL_SIZE 0xa000
#define INIT_SIZE   0x400000

#define RAM_SIZE (16 * MIB)

extern const uint8_t _binary_realmode_bin_start[], _binary_realmode_bin_end[];

static struct memory memory;
static uint8_t file[0x20000];
static size_t file_size;
static struct setup_header *header = (void *)(file + HEADER_OFFSET);

/* All of it has a pattern: what is code, and not the header, stays so. */
static inline void kernel_create(void)
{
	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = (uint8_t)(i * 7 + i / 256);
	memset(file, 0xff, 32); /* as newer kernels begin */
	memset(header, 0, sizeof(*header));
	file[JUMP_OFFSET - 1] = 0xeb;
	file[JUMP_OFFSET] = HEADER_OFFSET + sizeof(*header) - 0x202;
	header->setup_sects = SETUP_SECTS;
	header->syssize = KERNEL_SIZE / 16;
	header->boot_flag = BOOT_FLAG;
	header->header = HDRS;
	header->version = 0x020f;
	header->loadflags = LOADED_HIGH;
	header->xloadflags = XLF_KERNEL_64;
	header->initrd_addr_max = 0x7fffffff;
	header->cmdline_size = 2047;
	header->kernel_alignment = 0x200000;
	header->pref_address = 0x100000;
	header->init_size = INIT_SIZE;
	file_size = SETUP_SIZE + KERNEL_SIZE;
}

static inline int set_up_kernel(void **state)
{
	(void)state;
	fake_reset();
	fake_memory_create(&memory, RAM_SIZE);
	kernel_create();
	return 0;
}

static inline int tear_down_kernel(void **state)
{
	(void)state;
	fake_memory_destroy(&memory);
	return 0;
}

#define KERNEL_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_kernel, tear_down_kernel)

/* A file in memory, and its path; close it after use. */
static inline int file_in_memory(const void *data, size_t size, char path[32])
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_return_code(fd, 0);
	assert_int_equal(write(fd, data, size), size);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* The path of the kernel and the initramfs in messages */
static char kernel_path[32], initramfs_path[32];

static inline void load(const char *cmdline)
{
	int fd = file_in_memory(file, file_size, kernel_path);

	boot_load(&memory, kernel_path, NULL, cmdline);
	close(fd);
}

/* An initramfs of this size, with a first and a last byte to find again */
static inline void load_with_initramfs(size_t size)
{
	int fd = file_in_memory(file, file_size, kernel_path);
	int initramfs = file_in_memory("<", 1, initramfs_path);

	assert_return_code(ftruncate(initramfs, (off_t)size), 0);
	assert_int_equal(pwrite(initramfs, ">", 1, (off_t)size - 1), 1);
	boot_load(&memory, kernel_path, initramfs_path, "");
	close(initramfs);
	close(fd);
}

#ifdef SETUP_GPA /* not in the steps that have no use for the setup code */
/* The header as the kernel finds it, and its copy in the zero page */
static inline const struct setup_header *loaded_header(void)
{
	return memory_at(&memory, SETUP_GPA + HEADER_OFFSET,
			 sizeof(struct setup_header));
}
#endif

static inline const struct boot_params *zero_page(void)
{
	return memory_at(&memory, ZERO_PAGE_GPA, sizeof(struct boot_params));
}

#endif
