#include "long-mode.h"

#include "kvm-x86.h"
#include "memory-map.h"

#include <asm/processor-flags.h>
#include <linux/kvm.h>

/* boot.rst, "64-bit Boot Protocol": the names that it gives these selectors */
#define BOOT_CS 0x10
#define BOOT_DS 0x18

/* Segment types, Intel SDM vol. 3A, 3.4.5.1 */
#define DATA_READ_WRITE 0x3 /* and accessed */
#define CODE_READ	0xb /* executed, read, and accessed */

/* Entries of page tables, Intel SDM vol. 3A, 4.5 */
#define PRESENT	   (1 << 0)
#define WRITABLE   (1 << 1)
#define LARGE_PAGE (1 << 7) /* in a page directory: 2 MiB */
#define TABLE	   (PRESENT | WRITABLE)
#define ENTRIES	   512

#define LARGE_PAGE_SIZE (2ull << 20)
#define TABLE_SIZE	4096ull
#define GIBS		4ull /* that are mapped */

/* Intel SDM vol. 3A, 2.2.1: long mode enabled, and active */
#define EFER_LME (1 << 8)
#define EFER_LMA (1 << 10)

static const struct kvm_segment code = {
	.selector = BOOT_CS,
	.limit = 0xffffffff,
	.type = CODE_READ,
	.s = 1, /* code or data */
	.present = 1,
	.l = 1, /* 64-bit code */
	.g = 1, /* the limit counts pages of 4 KiB */
};

static const struct kvm_segment data = {
	.selector = BOOT_DS,
	.limit = 0xffffffff,
	.type = DATA_READ_WRITE,
	.s = 1,
	.present = 1,
	.db = 1, /* 32-bit data */
	.g = 1,
};

/* A segment as an entry of the GDT (Intel SDM vol. 3A, 3.4.5), base 0 */
static uint64_t descriptor(const struct kvm_segment *segment)
{
	uint64_t limit = segment->limit >> (segment->g ? 12 : 0);

	return (limit & 0xffff) | (limit >> 16) << 48 |
	       (uint64_t)segment->type << 40 | (uint64_t)segment->s << 44 |
	       (uint64_t)segment->dpl << 45 | (uint64_t)segment->present << 47 |
	       (uint64_t)segment->l << 53 | (uint64_t)segment->db << 54 |
	       (uint64_t)segment->g << 55;
}

static void load_gdt(const struct memory *memory)
{
	const uint64_t gdt[] = {
		[BOOT_CS / sizeof(uint64_t)] = descriptor(&code),
		[BOOT_DS / sizeof(uint64_t)] = descriptor(&data),
	};

	memory_load(memory, GDT_GPA, gdt, sizeof(gdt));
}

/*
 * One table of each of the two upper levels, and a page directory for each
 * GiB, one behind the other.
 */
static void load_page_tables(const struct memory *memory)
{
	const uint64_t pointers_gpa = PAGE_TABLES_GPA + TABLE_SIZE;
	const uint64_t directories_gpa = pointers_gpa + TABLE_SIZE;
	uint64_t level4[1] = { pointers_gpa | TABLE };
	uint64_t pointers[GIBS];
	uint64_t directories[GIBS * ENTRIES];

	for (uint64_t i = 0; i < GIBS; i++)
		pointers[i] = (directories_gpa + i * TABLE_SIZE) | TABLE;
	for (uint64_t i = 0; i < GIBS * ENTRIES; i++)
		directories[i] = (i * LARGE_PAGE_SIZE) | TABLE | LARGE_PAGE;
	memory_load(memory, PAGE_TABLES_GPA, level4, sizeof(level4));
	memory_load(memory, pointers_gpa, pointers, sizeof(pointers));
	memory_load(memory, directories_gpa, directories, sizeof(directories));
}

void long_mode_start(int vcpu_fd, const struct memory *memory, uint64_t entry,
		     uint64_t zero_page)
{
	struct kvm_regs regs = {
		.rip = entry,
		.rsi = zero_page,
		.rflags = X86_EFLAGS_FIXED,
	};
	struct kvm_sregs sregs;

	load_gdt(memory);
	load_page_tables(memory);

	kvm_get_sregs(vcpu_fd, &sregs);
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.ss = data;
	sregs.gdt.base = GDT_GPA;
	sregs.gdt.limit = BOOT_DS + sizeof(uint64_t) - 1;
	sregs.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_PG;
	sregs.cr3 = PAGE_TABLES_GPA;
	sregs.cr4 = X86_CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	kvm_set_sregs(vcpu_fd, &sregs);
	kvm_set_regs(vcpu_fd, &regs);
}
