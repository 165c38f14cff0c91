#include "kvm-x86.h"

#include "die.h"
#include "kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

struct kvm_cpuid2 *kvm_get_supported_cpuid(int kvm_fd)
{
	struct kvm_cpuid2 *cpuid = NULL;
	uint32_t entries = 64;

	/* Too small an array is E2BIG, and nothing tells the right size. */
	for (;; entries *= 2) {
		cpuid = realloc(cpuid,
				sizeof(*cpuid) +
					entries * sizeof(cpuid->entries[0]));
		if (!cpuid)
			die_errno("memory for CPUID");
		cpuid->nent = entries;
		if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) == 0)
			return cpuid;
		if (errno != E2BIG)
			die_errno("KVM_GET_SUPPORTED_CPUID");
	}
}

void kvm_set_tss_addr(int vm_fd, uint64_t gpa)
{
	KVM_MUST(vm_fd, KVM_SET_TSS_ADDR, gpa);
}

void kvm_set_identity_map_addr(int vm_fd, uint64_t gpa)
{
	KVM_MUST(vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &gpa);
}

void kvm_create_irqchip(int vm_fd)
{
	KVM_MUST(vm_fd, KVM_CREATE_IRQCHIP, 0);
}

void kvm_create_pit2(int vm_fd, uint32_t flags)
{
	struct kvm_pit_config config = { .flags = flags };

	KVM_MUST(vm_fd, KVM_CREATE_PIT2, &config);
}

void kvm_get_sregs(int vcpu_fd, struct kvm_sregs *sregs)
{
	KVM_MUST(vcpu_fd, KVM_GET_SREGS, sregs);
}

void kvm_set_sregs(int vcpu_fd, const struct kvm_sregs *sregs)
{
	KVM_MUST(vcpu_fd, KVM_SET_SREGS, sregs);
}

void kvm_get_regs(int vcpu_fd, struct kvm_regs *regs)
{
	KVM_MUST(vcpu_fd, KVM_GET_REGS, regs);
}

void kvm_set_regs(int vcpu_fd, const struct kvm_regs *regs)
{
	KVM_MUST(vcpu_fd, KVM_SET_REGS, regs);
}

void kvm_interrupt(int vcpu_fd, uint8_t vector)
{
	struct kvm_interrupt interrupt = { .irq = vector };

	KVM_MUST(vcpu_fd, KVM_INTERRUPT, &interrupt);
}

void kvm_set_cpuid2(int vcpu_fd, const struct kvm_cpuid2 *cpuid)
{
	KVM_MUST(vcpu_fd, KVM_SET_CPUID2, cpuid);
}

void kvm_set_msr(int vcpu_fd, uint32_t index, uint64_t value)
{
	size_t size = sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry);
	struct kvm_msrs *msrs = calloc(1, size);

	if (!msrs)
		die_errno("memory for an MSR");
	msrs->nmsrs = 1;
	msrs->entries[0].index = index;
	msrs->entries[0].data = value;
	/* The result is how many were set. */
	if (KVM_MUST(vcpu_fd, KVM_SET_MSRS, msrs) != 1)
		die("KVM_SET_MSRS: KVM refuses MSR 0x%x", index);
	free(msrs);
}

void kvm_kvmclock_ctrl(int vcpu_fd)
{
	/* EINVAL: the guest does not use that clock. */
	if (ioctl(vcpu_fd, KVM_KVMCLOCK_CTRL, 0) < 0 && errno != EINVAL)
		die_errno("KVM_KVMCLOCK_CTRL");
}

bool kvm_translate(int vcpu_fd, uint64_t linear, uint64_t *gpa)
{
	struct kvm_translation translation = { .linear_address = linear };

	if (ioctl(vcpu_fd, KVM_TRANSLATE, &translation) < 0 ||
	    !translation.valid)
		return false;
	*gpa = translation.physical_address;
	return true;
}
