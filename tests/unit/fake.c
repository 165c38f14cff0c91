#include "fake.h"

#include "die.h"
#include "kvm-x86.h"
#include "kvm.h"
#include "stop.h"

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

void fake_memory_create(struct memory *memory, uint64_t size)
{
	memory->size = size;
	memory->ram = malloc(size);
	if (!memory->ram)
		abort();
	memset(memory->ram, FAKE_FILL, size);
}

void fake_memory_destroy(struct memory *memory)
{
	free(memory->ram);
}

/* ---- an interrupt line, and the other end of a cable ---- */

static void set_line(void *controller, uint32_t irq, bool level)
{
	if (controller != &fake || irq != FAKE_IRQ)
		abort();
	fake.edges += level && !fake.line;
	fake.line = level;
	if (fake.on_line)
		fake.on_line(level);
}

const struct irq_line FAKE_LINE = { set_line, &fake, FAKE_IRQ };

static void transmit(void *owner, uint8_t character)
{
	if (owner != &fake)
		abort();
	if (fake.output_size < FAKE_OUTPUT)
		fake.output[fake.output_size++] = character;
	if (fake.on_output)
		fake.on_output(character);
}

static void room(void *owner)
{
	if (owner != &fake)
		abort();
	fake.wakes++;
}

const struct serial_peer FAKE_PEER = { transmit, room, &fake };

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

/* ---- step3-virtio/stop.h and timer.h ---- */

void stop_machine(void)
{
	fake.stopped = true;
}

bool stop_asked(void)
{
	return fake.stopped;
}

uint64_t timer_now(void)
{
	return fake.now += fake.tick;
}

void timer_start(struct timer *timer, uint64_t delay)
{
	timer->deadline = fake.now + delay;
	fake.timer = timer;
}

void timer_stop(struct timer *timer)
{
	timer->deadline = 0;
	if (fake.timer == timer)
		fake.timer = NULL;
}

void fake_expire(void)
{
	struct timer *timer = fake.timer;

	if (!timer)
		abort();
	fake.now = timer->deadline;
	timer_stop(timer);
	timer->expired(timer->owner);
}

/* ---- common/kvm.h and x86/kvm-x86.h ---- */

int kvm_open(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int kvm_create_vm(int kvm_fd)
{
	(void)kvm_fd;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool kvm_set_user_memory_region(int vm_fd, uint32_t slot, uint64_t gpa,
				void *memory, uint64_t size)
{
	(void)vm_fd;
	if (slot >= FAKE_REGIONS || slot != fake.region_count++)
		abort();
	fake.regions[slot].gpa = gpa;
	fake.regions[slot].memory = memory;
	fake.regions[slot].size = size;
	errno = EINVAL;
	return !fake.no_region;
}

void kvm_irq_line(int vm_fd, uint32_t irq, bool level)
{
	fake.irq_fd = vm_fd;
	fake.irq = irq;
	fake.line = level;
}

void kvm_signal_msi(int vm_fd, uint64_t address, uint32_t data)
{
	fake.irq_fd = vm_fd;
	fake.msi_address = address;
	fake.msi_data = data;
}

void kvm_set_tss_addr(int vm_fd, uint64_t gpa)
{
	(void)vm_fd;
	fake.tss_gpa = gpa;
}

void kvm_set_identity_map_addr(int vm_fd, uint64_t gpa)
{
	(void)vm_fd;
	fake.identity_map_gpa = gpa;
}

void kvm_create_irqchip(int vm_fd)
{
	(void)vm_fd;
	fake.irqchip = true;
}

void kvm_create_pit2(int vm_fd, uint32_t flags)
{
	(void)vm_fd;
	fake.pit_flags = flags;
}
