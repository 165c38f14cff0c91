#include "kvm.h"

#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* An ioctl that has to work; `argument` is a number or a pointer. */
static int must(int fd, unsigned long request, uintptr_t argument,
		const char *name)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		die_errno("%s", name);
	return result;
}

#define MUST(fd, request, argument) \
	must(fd, request, (uintptr_t)(argument), #request)

int kvm_open(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version;

	if (kvm < 0 && errno == ENOENT)
		die("/dev/kvm is not there: load KVM with sudo modprobe kvm_intel (or kvm_amd); make doctor tells more");
	if (kvm < 0 && errno == EACCES)
		die("/dev/kvm: permission denied: add yourself to the group kvm: sudo usermod -aG kvm $USER, then log in again");
	if (kvm < 0)
		die_errno("/dev/kvm");

	version = MUST(kvm, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		die("KVM's API version is %d, not %d: use Linux 2.6.22 or later",
		    version, KVM_API_VERSION);
	return kvm;
}

int kvm_create_vm(int kvm)
{
	return MUST(kvm, KVM_CREATE_VM, 0);
}

size_t kvm_get_vcpu_mmap_size(int kvm)
{
	return (size_t)MUST(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
}

struct kvm_cpuid2 *kvm_get_supported_cpuid(int kvm)
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
		if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid) == 0)
			return cpuid;
		if (errno != E2BIG)
			die_errno("KVM_GET_SUPPORTED_CPUID");
	}
}

void kvm_set_user_memory_region(int vm, uint32_t slot, uint64_t gpa,
				void *memory, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	MUST(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

int kvm_create_vcpu(int vm, int id)
{
	return MUST(vm, KVM_CREATE_VCPU, id);
}

void kvm_set_tss_addr(int vm, uint64_t gpa)
{
	MUST(vm, KVM_SET_TSS_ADDR, gpa);
}

void kvm_set_identity_map_addr(int vm, uint64_t gpa)
{
	MUST(vm, KVM_SET_IDENTITY_MAP_ADDR, &gpa);
}

void kvm_create_irqchip(int vm)
{
	MUST(vm, KVM_CREATE_IRQCHIP, 0);
}

void kvm_create_pit2(int vm, uint32_t flags)
{
	struct kvm_pit_config config = { .flags = flags };

	MUST(vm, KVM_CREATE_PIT2, &config);
}

void kvm_irq_line(int vm, uint32_t irq, bool level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };

	MUST(vm, KVM_IRQ_LINE, &line);
}

struct kvm_run *kvm_map_run(int vcpu, size_t size)
{
	void *run =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

	if (run == MAP_FAILED)
		die_errno("mapping kvm_run");
	return run;
}

void kvm_get_sregs(int vcpu, struct kvm_sregs *sregs)
{
	MUST(vcpu, KVM_GET_SREGS, sregs);
}

void kvm_set_sregs(int vcpu, const struct kvm_sregs *sregs)
{
	MUST(vcpu, KVM_SET_SREGS, sregs);
}

void kvm_get_regs(int vcpu, struct kvm_regs *regs)
{
	MUST(vcpu, KVM_GET_REGS, regs);
}

void kvm_set_regs(int vcpu, const struct kvm_regs *regs)
{
	MUST(vcpu, KVM_SET_REGS, regs);
}

void kvm_set_cpuid2(int vcpu, const struct kvm_cpuid2 *cpuid)
{
	MUST(vcpu, KVM_SET_CPUID2, cpuid);
}

void kvm_set_msr(int vcpu, uint32_t index, uint64_t value)
{
	size_t size = sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry);
	struct kvm_msrs *msrs = calloc(1, size);

	if (!msrs)
		die_errno("memory for an MSR");
	msrs->nmsrs = 1;
	msrs->entries[0].index = index;
	msrs->entries[0].data = value;
	/* The result is how many were set. */
	if (MUST(vcpu, KVM_SET_MSRS, msrs) != 1)
		die("KVM_SET_MSRS: KVM refuses MSR 0x%x", index);
	free(msrs);
}

uint32_t kvm_get_mp_state(int vcpu)
{
	struct kvm_mp_state state;

	MUST(vcpu, KVM_GET_MP_STATE, &state);
	return state.mp_state;
}

bool kvm_translate(int vcpu, uint64_t linear, uint64_t *gpa)
{
	struct kvm_translation translation = { .linear_address = linear };

	if (ioctl(vcpu, KVM_TRANSLATE, &translation) < 0 || !translation.valid)
		return false;
	*gpa = translation.physical_address;
	return true;
}

bool kvm_run(int vcpu)
{
	if (ioctl(vcpu, KVM_RUN, 0) == 0)
		return true;
	if (errno != EINTR && errno != EAGAIN)
		die_errno("KVM_RUN");
	return false;
}
