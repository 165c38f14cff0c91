/* The start in long mode, the serial port, the cases' lines, interrupts. */
#include "guest.h"

#include <stdarg.h>

#define COM1	    0x3f8
#define COM1_LSR    (COM1 + 5)
#define LSR_DR	    0x01
#define LSR_THRE    0x20
#define I8042	    0x64
#define I8042_RESET 0xfe

static bool failed;
static unsigned int failures;

/* The first bytes of the file, at 1 MiB, with the zero page in RSI or nothing */
__attribute__((section(".start"), naked, used)) void start(void);
_Noreturn void guest_main(const struct boot_params *zero_page);

void start(void)
{
	__asm__("mov $0x90000, %esp\n\t"
		"mov %rsi, %rdi\n\t"
		"call guest_main");
}

/* ---- output ---- */

static void put(char character)
{
	while (!(inb(COM1_LSR) & LSR_THRE))
		;
	outb(COM1, (uint8_t)character);
}

uint8_t wait_for_key(void)
{
	while (!(inb(COM1_LSR) & LSR_DR))
		;
	return inb(COM1);
}

static void put_string(const char *text)
{
	while (*text)
		put(*text++);
}

static void put_number(uint64_t value, unsigned int base)
{
	char digits[24];
	char *next = digits + sizeof(digits);

	*--next = '\0';
	do {
		*--next = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_string(next);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	for (; *format; format++) {
		bool wide = false;

		if (*format != '%') {
			put(*format);
			continue;
		}
		format++;
		if (*format == 'l') {
			wide = true;
			format += 2;
		}
		switch (*format) {
		case 's':
			put_string(va_arg(arguments, const char *));
			break;
		case 'c':
			put((char)va_arg(arguments, int));
			break;
		default:
			put_number(wide ? va_arg(arguments, uint64_t)
					: va_arg(arguments, unsigned int),
				   *format == 'x' ? 16 : 10);
			break;
		}
	}
	va_end(arguments);
}

/* ---- cases ---- */

bool check(bool condition, const char *file, int line, const char *what)
{
	if (!condition) {
		say("  %s:%u: not so: %s\n", file, (unsigned int)line, what);
		failed = true;
	}
	return condition;
}

bool same(uint64_t actual, uint64_t expected, const char *file, int line,
	  const char *what)
{
	if (actual != expected) {
		say("  %s:%u: %s is 0x%llx, expected 0x%llx\n", file,
		    (unsigned int)line, what, (unsigned long long)actual,
		    (unsigned long long)expected);
		failed = true;
	}
	return actual == expected;
}

void run_tests(const struct test *tests, void (*before)(void),
	       bool (*after)(void))
{
	for (; tests->name; tests++) {
		if (tests->mmio_only && on_pci)
			continue;
		failed = false;
		before();
		tests->run();
		if (!after()) {
			say("  the device does not work any more\n");
			failed = true;
		}
		failures += failed;
		say("%s %s\n", failed ? "FAILED" : "ok", tests->name);
	}
}

/* ---- interrupts, through the 8259s ---- */

#define PIC1 0x20
#define PIC2 0xa0
#define EOI  0x20

#define FIRST_VECTOR 0x20
#define GATE	     0x8e00 /* present, an interrupt gate */

struct frame {
	uint64_t rip, cs, rflags, rsp, ss;
};

volatile unsigned int interrupts[16];

static struct {
	uint16_t offset_low, selector, type, offset_mid;
	uint32_t offset_high, reserved;
} idt[FIRST_VECTOR + 16];

static _Noreturn void end(void)
{
	for (;;)
		outb(I8042, I8042_RESET);
}

__attribute__((interrupt)) static void exception(struct frame *frame)
{
	say("FAILED: an exception at 0x%llx\n", (unsigned long long)frame->rip);
	end();
}

static void acknowledge(unsigned int irq)
{
	interrupts[irq]++;
	if (irq >= 8)
		outb(PIC2, EOI);
	outb(PIC1, EOI);
}

__attribute__((interrupt)) static void on_irq5(struct frame *frame)
{
	(void)frame;
	acknowledge(5);
}

__attribute__((interrupt)) static void on_irq9(struct frame *frame)
{
	(void)frame;
	acknowledge(9);
}

static void set_gate(unsigned int vector, void (*handler)(struct frame *))
{
	uint64_t offset = (uintptr_t)handler;
	uint16_t code;

	__asm__("mov %%cs, %0" : "=r"(code));
	idt[vector].offset_low = (uint16_t)offset;
	idt[vector].selector = code;
	idt[vector].type = GATE;
	idt[vector].offset_mid = (uint16_t)(offset >> 16);
}

static void set_up_interrupts(void)
{
	static const uint8_t words[][2] = { { 0x11, 0x11 },
					    { FIRST_VECTOR, FIRST_VECTOR + 8 },
					    { 4, 2 },
					    { 1, 1 } };
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	for (unsigned int vector = 0; vector < FIRST_VECTOR + 16; vector++)
		set_gate(vector, exception);
	set_gate(FIRST_VECTOR + 5, on_irq5);
	set_gate(FIRST_VECTOR + 9, on_irq9);
	__asm__ volatile("lidt %0" : : "m"(idtr));
	for (unsigned int i = 0; i < 4; i++) {
		outb(PIC1 + (i > 0), words[i][0]);
		outb(PIC2 + (i > 0), words[i][1]);
	}
	outb(PIC1 + 1, (uint8_t) ~(1 << 5 | 1 << 2));
	outb(PIC2 + 1, (uint8_t) ~(1 << 1));
}

void interrupts_on(void)
{
	__asm__ volatile("sti; nop" : : : "memory");
}

void interrupts_off(void)
{
	__asm__ volatile("nop; cli" : : : "memory");
}

/* ---- the command line ---- */

bool asked_for(const char *word)
{
	const char *next = cmdline();
	size_t length = 0;

	while (word[length])
		length++;
	while (*next) {
		if (memcmp(next, word, length) == 0 &&
		    (next[length] == ' ' || next[length] == '\0'))
			return true;
		while (*next && *next != ' ')
			next++;
		while (*next == ' ')
			next++;
	}
	return false;
}

void guest_main(const struct boot_params *zero_page)
{
	set_up_interrupts();
	started_with(zero_page);
	if (asked_for("pci"))
		pci_find();
	if (asked_for("boot"))
		report_boot();
	if (asked_for("good"))
		drive_well();
	if (asked_for("bad"))
		drive_badly();
	if (asked_for("net"))
		drive_network();
	if (asked_for("faults"))
		meet_faults();
	if (asked_for("full"))
		fill_up();
	if (asked_for("limit"))
		meet_limit();
	if (asked_for("endless"))
		work_for_ever();
	if (asked_for("long"))
		work_for_long();
	if (asked_for("durable"))
		write_durably();
	say("%u failures\n", failures);
	end();
}

void *memcpy(void *to, const void *from, size_t size)
{
	void *start = to;

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(size)
			 :
			 : "memory");
	return start;
}

void *memset(void *to, int value, size_t size)
{
	void *start = to;

	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(size)
			 : "a"(value)
			 : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *left = a, *right = b;

	for (; size > 0; size--, left++, right++)
		if (*left != *right)
			return *left - *right;
	return 0;
}
