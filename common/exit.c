#include "exit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME(reason) [reason] = #reason

static const char *const names[] = {
	NAME(KVM_EXIT_UNKNOWN),
	NAME(KVM_EXIT_EXCEPTION),
	NAME(KVM_EXIT_IO),
	NAME(KVM_EXIT_HYPERCALL),
	NAME(KVM_EXIT_DEBUG),
	NAME(KVM_EXIT_HLT),
	NAME(KVM_EXIT_MMIO),
	NAME(KVM_EXIT_IRQ_WINDOW_OPEN),
	NAME(KVM_EXIT_SHUTDOWN),
	NAME(KVM_EXIT_FAIL_ENTRY),
	NAME(KVM_EXIT_INTR),
	NAME(KVM_EXIT_SET_TPR),
	NAME(KVM_EXIT_TPR_ACCESS),
	NAME(KVM_EXIT_NMI),
	NAME(KVM_EXIT_INTERNAL_ERROR),
	NAME(KVM_EXIT_SYSTEM_EVENT),
	NAME(KVM_EXIT_IOAPIC_EOI),
	NAME(KVM_EXIT_HYPERV),
	NAME(KVM_EXIT_X86_RDMSR),
	NAME(KVM_EXIT_X86_WRMSR),
	NAME(KVM_EXIT_DIRTY_RING_FULL),
	NAME(KVM_EXIT_AP_RESET_HOLD),
	NAME(KVM_EXIT_X86_BUS_LOCK),
	NAME(KVM_EXIT_XEN),
};

static const char *const internal_errors[] = {
	[KVM_INTERNAL_ERROR_EMULATION] = "KVM cannot emulate an instruction",
	[KVM_INTERNAL_ERROR_SIMUL_EX] =
		"two exceptions at once that KVM cannot deliver",
	[KVM_INTERNAL_ERROR_DELIVERY_EV] =
		"an exit while an event was being delivered",
	[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] =
		"the processor left the guest for a reason unknown to KVM",
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *exit_name(uint32_t reason)
{
	if (reason < LENGTH(names) && names[reason])
		return names[reason];
	return "an exit that this VMM has no name for";
}

/* A number of up to 8 bytes, as the guest's CPU sees it: little endian. */
static uint64_t number(const uint8_t *data, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	return value;
}

static void describe_io(const struct kvm_run *run, char *text, size_t size)
{
	const uint8_t *data = (const uint8_t *)run + run->io.data_offset;
	const char *direction =
		run->io.direction == KVM_EXIT_IO_OUT ? "out" : "in";

	if (run->io.count == 1)
		snprintf(text, size, "%s %s 0x%x size %u: 0x%" PRIx64,
			 exit_name(run->exit_reason), direction, run->io.port,
			 run->io.size, number(data, run->io.size));
	else
		snprintf(text, size,
			 "%s %s 0x%x size %u: %u times, 0x%" PRIx64 "...",
			 exit_name(run->exit_reason), direction, run->io.port,
			 run->io.size, run->io.count,
			 number(data, run->io.size));
}

static const char *internal_error(uint32_t suberror)
{
	if (suberror < LENGTH(internal_errors) && internal_errors[suberror])
		return internal_errors[suberror];
	return "for a reason that this VMM has no words for";
}

void exit_describe(const struct kvm_run *run, char *text, size_t size)
{
	const char *name = exit_name(run->exit_reason);

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		describe_io(run, text, size);
		break;
	case KVM_EXIT_MMIO:
		snprintf(text, size, "%s %s 0x%" PRIx64 " size %u: 0x%" PRIx64,
			 name, run->mmio.is_write ? "write" : "read",
			 (uint64_t)run->mmio.phys_addr, run->mmio.len,
			 number(run->mmio.data, run->mmio.len));
		break;
	case KVM_EXIT_SHUTDOWN:
		snprintf(text, size, "%s (triple fault)", name);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		snprintf(text, size, "%s (hardware reason 0x%" PRIx64 ")", name,
			 (uint64_t)
				 run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		snprintf(text, size, "%s (suberror %u: %s)", name,
			 run->internal.suberror,
			 internal_error(run->internal.suberror));
		break;
	default:
		snprintf(text, size, "%s (%u)", name, run->exit_reason);
		break;
	}
}
