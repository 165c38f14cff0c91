/*
 * A guest without an operating system, which looks at the virtual machine from
 * the inside.  The words of its command line say what it does:
 *
 *   boot      tells how it was started (boot.c)
 *   good      a virtio-blk driver that keeps to the rules (good*.c)
 *   bad       one that does not (bad*.c)
 *   net       one for step 7's card and entropy source, that does not (net.c)
 *   faults    one whose host has I/O errors (faults.c)
 *   full      one whose host has no space left (faults.c)
 *   durable   writes, flushes and tells, for ever (durable.c)
 *   pci       with these: the devices are on PCI (pci.c)
 *   slots     with `bad`: a place without a device is a slot that says so
 *
 * Each case prints one line: "ok NAME", or "FAILED NAME" below lines that
 * say what was wrong.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a check found; it goes on, but the case has failed. */
#define CHECK(condition) check(condition, __FILE__, __LINE__, #condition)
#define SAME(actual, expected) \
	same(actual, expected, __FILE__, __LINE__, #actual)

struct test {
	const char *name;
	void (*run)(void);
	bool mmio_only; /* it asks for what is not there on PCI */
};

#define END_OF_TESTS              \
	{                         \
		NULL, NULL, false \
	}

/* %s %u %x %llu %llx %c, with no widths. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool check(bool condition, const char *file, int line, const char *what);
bool same(uint64_t actual, uint64_t expected, const char *file, int line,
	  const char *what);

/* Runs tests, `before` ahead of each; after each, `after` must hold too. */
void run_tests(const struct test *tests, void (*before)(void),
	       bool (*after)(void));

/* As the loader started us: in 64-bit mode it gives a zero page. */
struct boot_params;
void started_with(const struct boot_params *zero_page);

/* The command line, and whether it has a word. */
const char *cmdline(void);
bool asked_for(const char *word);

/* The memory map's entries, as INT 15h or the zero page told them. */
uint64_t top_of_low_ram(void);
uint64_t top_of_ram(void);

/* How often each of the 8259s' 16 interrupts came; they are on for `sti`. */
extern volatile unsigned int interrupts[16];
void interrupts_on(void);
void interrupts_off(void);

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void barrier(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

void pci_find(void);
extern bool on_pci;
void report_boot(void);
void drive_well(void);
void drive_badly(void);
void drive_network(void);
void meet_faults(void);
void fill_up(void);
void meet_limit(void);
_Noreturn void work_for_ever(void);
_Noreturn void work_for_long(void);
uint8_t wait_for_key(void);
_Noreturn void write_durably(void);

/* libc's, which the compiler takes for granted */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
