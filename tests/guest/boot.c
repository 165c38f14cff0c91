/* What the boot protocol gave us, as lines of a name and a value. */
#include "guest.h"

#include <asm/bootparam.h>

#define SETUP	  0x10000
#define FACTS	  (SETUP + 0x8000)
#define ZERO_PAGE 0x7000
#define HEADER	  0x1f1

#define EFER 0xc0000080

/* An entry in a page table: present, writable, and which kind it is */
#define PAGE_TABLE 0x003
#define PAGE_2_MIB 0x083

#define E820_RAM 1 /* ACPI 6.4, table 15.2: AddressRangeMemory */

struct e820 {
	uint64_t address, size;
	uint32_t type;
} __attribute__((packed));

/* As setup.asm notes them */
struct facts {
	uint32_t cs, ip, ds, es, fs, gs, ss, sp, flags, cr0;
	uint32_t wrong_smap, small_buffer, past_end, e801, ah88;
	uint32_t large_buffer, kept, vectors, e820_count;
	struct e820 e820[16];
};

static const struct facts *const facts = (const struct facts *)FACTS;

static const struct setup_header *header(void)
{
	uint64_t address = SETUP + HEADER;

	/* The compiler need not know that it knows the address. */
	__asm__("" : "+r"(address));
	return (const struct setup_header *)address;
}

static const struct boot_params *zero_page; /* or NULL: by way of setup.asm */

/* A 64-bit loader's page tables end at 4 GiB: they get the next one, too. */
static void map_above_4_gib(void)
{
	static uint64_t directory[512] __attribute__((aligned(4096)));
	uint64_t *table;

	for (uint64_t i = 0; i < 512; i++)
		directory[i] = (4ull << 30) + (i << 21) + PAGE_2_MIB;
	__asm__("mov %%cr3, %0" : "=r"(table));
	table = (uint64_t *)(table[0] & ~0xfffull);
	table[4] = (uintptr_t)directory + PAGE_TABLE;
}

void started_with(const struct boot_params *params)
{
	zero_page = params;
	if (params)
		map_above_4_gib();
}

const char *cmdline(void)
{
	return (const char *)(uintptr_t)(zero_page ? &zero_page->hdr : header())
		->cmd_line_ptr;
}

static uint64_t top_below(uint64_t limit)
{
	const struct e820 *table = facts->e820;
	uint32_t count = facts->e820_count;
	uint64_t top = 0;

	if (zero_page) {
		table = (const struct e820 *)zero_page->e820_table;
		count = zero_page->e820_entries;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint64_t end = table[i].address + table[i].size;

		if (table[i].type == E820_RAM && end <= limit && end > top)
			top = end;
	}
	return top;
}

uint64_t top_of_low_ram(void)
{
	return top_below(1ull << 32);
}

uint64_t top_of_ram(void)
{
	return top_below(UINT64_MAX);
}

/* As gzip computes it */
static uint32_t crc32(const uint8_t *data, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (; size > 0; size--, data++) {
		crc ^= *data;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void report_start(void)
{
	uint64_t cr0, cr4;
	uint32_t low, high;

	say("cs:ip %x:%x\n", facts->cs, facts->ip);
	say("data segments %x %x %x %x\n", facts->ds, facts->es, facts->fs,
	    facts->gs);
	say("ss:sp %x:%x\n", facts->ss, facts->sp);
	say("interrupts %s\n", facts->flags & 1 << 9 ? "on" : "off");
	say("direction %s\n", facts->flags & 1 << 10 ? "down" : "up");
	say("protection %s\n", facts->cr0 & 1 ? "on" : "off");
	say("paging %s\n", facts->cr0 & 1u << 31 ? "on" : "off");

	__asm__("mov %%cr0, %0" : "=r"(cr0));
	__asm__("mov %%cr4, %0" : "=r"(cr4));
	__asm__("rdmsr" : "=a"(low), "=d"(high) : "c"(EFER));
	say("long mode %s\n",
	    cr0 & 1 && cr0 & 1u << 31 && cr4 & 1 << 5 && low & 1 << 10
		    ? "reached"
		    : "missed");
}

static void report_header(void)
{
	const struct boot_params *params =
		(const struct boot_params *)ZERO_PAGE;
	const struct setup_header *hdr = header();
	const struct boot_e820_entry *table;
	bool equal;

	say("setup code %s\n",
	    memcmp((const void *)(uintptr_t)(SETUP + 8 * 512 - 8), "setupend",
		   8) == 0
		    ? "whole"
		    : "cut off");
	say("type_of_loader %x\n", hdr->type_of_loader);
	say("loadflags %x\n", hdr->loadflags);
	say("heap_end_ptr %x\n", hdr->heap_end_ptr);
	say("vid_mode %x\n", hdr->vid_mode);
	say("cmd_line_ptr %s\n",
	    hdr->cmd_line_ptr && hdr->cmd_line_ptr < 1 << 20 ? "below 1 MiB"
							     : "too high");
	say("cmdline %s\n", cmdline());

	equal = memcmp(&params->hdr, hdr, sizeof(*hdr) - 8) == 0;
	say("zero page's header %s\n", equal ? "the same" : "another");
	table = params->e820_table;
	equal = params->e820_entries == facts->e820_count &&
		memcmp(table, facts->e820, facts->e820_count * 20) == 0;
	say("zero page's e820 %s\n", equal ? "the same" : "another");
}

static void report_stub(void)
{
	for (uint32_t i = 0; i < facts->e820_count; i++)
		say("e820 %llx %llx %u\n",
		    (unsigned long long)facts->e820[i].address,
		    (unsigned long long)(facts->e820[i].address +
					 facts->e820[i].size),
		    facts->e820[i].type);
	say("e820 with a larger buffer: %u bytes\n", facts->large_buffer);
	say("e820 keeps registers and flags: %u\n", facts->kept);
	say("e820 with a wrong signature: %x\n", facts->wrong_smap);
	say("e820 with a small buffer: %x\n", facts->small_buffer);
	say("e820 past the end: %x\n", facts->past_end);
	say("e801: %x\n", facts->e801);
	say("88: %x\n", facts->ah88);
	say("vectors that only return: %u\n", facts->vectors);
}

static void report_initramfs(void)
{
	const struct setup_header *hdr = header();

	say("initramfs %x %u\n", hdr->ramdisk_image, hdr->ramdisk_size);
	say("initramfs crc32 %x\n",
	    crc32((const uint8_t *)(uintptr_t)hdr->ramdisk_image,
		  hdr->ramdisk_size));
}

/* What KVM's own devices and our serial port do not claim */
static void report_ports(void)
{
	static const uint16_t ports[] = { 0x60,	 0x72,	0x80,  0x2f8, 0x3f7,
					  0x400, 0xcf8, 0xcfa, 0xcfc, 0xffff };
	bool ones = true;

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		outb(ports[i], 0x55);
		ones &= inb(ports[i]) == 0xff;
	}
	say("unclaimed ports %s\n", ones ? "all ones" : "something else");
	say("i8042 status %x\n", inb(0x64));
	outb(0x70, 0x0a);
	say("clock status %x\n", inb(0x71));
	say("memory behind the RAM %llx\n",
	    *(volatile unsigned long long *)top_of_ram());
	say("memory in the hole %x\n", *(volatile unsigned int *)0xd0004000ull);
}

void report_boot(void)
{
	say("@ boot\n");
	report_start();
	report_header();
	report_stub();
	report_initramfs();
	report_ports();
	say("@ end\n");
}
