#include "fake.h"

#include "console.h"
#include "die.h"
#include "kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake fake;

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
}

void fake_vm_create(struct vm *vm, uint64_t ram_size)
{
	*vm = (struct vm){ .ram_size = ram_size, .fd = FAKE_VM };
	vm->ram = malloc(ram_size);
	if (!vm->ram)
		abort();
	memset(vm->ram, FAKE_FILL, ram_size);
	serial_init(&vm->serial, vm->fd);
}

void fake_vm_destroy(struct vm *vm)
{
	free(vm->ram);
}

/* ---- common/die.h ---- */

static _Noreturn void end(void)
{
	if (!fake.may_die) {
		fprintf(stderr, "unexpected end: %s\n", fake.message);
		abort();
	}
	longjmp(fake.end, 1);
}

_Noreturn void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fake.message, sizeof(fake.message), format, args);
	va_end(args);
	end();
}

_Noreturn void die_errno(const char *format, ...)
{
	const char *error = strerror(errno);
	size_t length;
	va_list args;

	va_start(args, format);
	vsnprintf(fake.message, sizeof(fake.message), format, args);
	va_end(args);
	length = strlen(fake.message);
	snprintf(fake.message + length, sizeof(fake.message) - length, ": %s",
		 error);
	end();
}

/* ---- step3-virtio/console.h ---- */

void console_write(uint8_t character)
{
	if (fake.output_size < FAKE_OUTPUT)
		fake.output[fake.output_size++] = character;
	if (fake.on_output)
		fake.on_output(character);
}

void console_flush(void)
{
	fake.flushed = fake.output_size;
	if (fake.on_output)
		fake.on_output('\0');
}

void console_wake(void)
{
	fake.wakes++;
}

/* ---- common/kvm.h ---- */

void kvm_irq_line(int vm, uint32_t irq, bool level)
{
	if (vm != FAKE_VM || irq >= FAKE_IRQS)
		abort();
	fake.edges[irq] += level && !fake.line[irq];
	fake.line[irq] = level;
	if (fake.on_irq_line)
		fake.on_irq_line(irq, level);
}

int kvm_open(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int kvm_create_vm(int kvm)
{
	(void)kvm;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void kvm_set_user_memory_region(int vm, uint32_t slot, uint64_t gpa,
				void *memory, uint64_t size)
{
	(void)vm;
	if (slot >= FAKE_REGIONS || slot != fake.region_count++)
		abort();
	fake.regions[slot].gpa = gpa;
	fake.regions[slot].memory = memory;
	fake.regions[slot].size = size;
}

void kvm_set_tss_addr(int vm, uint64_t gpa)
{
	(void)vm;
	fake.tss_gpa = gpa;
}

void kvm_set_identity_map_addr(int vm, uint64_t gpa)
{
	(void)vm;
	fake.identity_map_gpa = gpa;
}

void kvm_create_irqchip(int vm)
{
	(void)vm;
	fake.irqchip = true;
}

void kvm_create_pit2(int vm, uint32_t flags)
{
	(void)vm;
	fake.pit_flags = flags;
}
