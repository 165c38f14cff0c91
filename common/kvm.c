#include "kvm.h"

#include "die.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

int kvm_must(int fd, unsigned long request, uintptr_t argument,
	     const char *name)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		die_errno("%s", name);
	return result;
}

int kvm_open(void)
{
	int kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version;

	if (kvm_fd < 0 && errno == ENOENT)
		die("/dev/kvm is not there: load KVM with sudo modprobe kvm_intel (or kvm_amd); make doctor tells more");
	if (kvm_fd < 0 && errno == EACCES)
		die("/dev/kvm: permission denied: add yourself to the group kvm: sudo usermod -aG kvm $USER, then log in again");
	if (kvm_fd < 0)
		die_errno("/dev/kvm");

	version = KVM_MUST(kvm_fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		die("KVM's API version is %d, not %d: use Linux 2.6.22 or later",
		    version, KVM_API_VERSION);
	return kvm_fd;
}

int kvm_check_extension(int kvm_fd, uint32_t capability)
{
	return KVM_MUST(kvm_fd, KVM_CHECK_EXTENSION, capability);
}

int kvm_create_vm(int kvm_fd)
{
	return KVM_MUST(kvm_fd, KVM_CREATE_VM, 0);
}

size_t kvm_get_vcpu_mmap_size(int kvm_fd)
{
	return (size_t)KVM_MUST(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
}

bool kvm_set_user_memory_region(int vm_fd, uint32_t slot, uint64_t gpa,
				void *memory, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	return ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region) == 0;
}

int kvm_create_vcpu(int vm_fd, int id)
{
	return KVM_MUST(vm_fd, KVM_CREATE_VCPU, id);
}

void kvm_irq_line(int vm_fd, uint32_t irq, bool level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };

	KVM_MUST(vm_fd, KVM_IRQ_LINE, &line);
}

void kvm_signal_msi(int vm_fd, uint64_t address, uint32_t data)
{
	struct kvm_msi msi = { .address_lo = (uint32_t)address,
			       .address_hi = (uint32_t)(address >> 32),
			       .data = data };

	ioctl(vm_fd, KVM_SIGNAL_MSI, &msi);
}

struct kvm_run *kvm_map_run(int vcpu_fd, size_t size)
{
	void *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu_fd, 0);

	if (run == MAP_FAILED)
		die_errno("mapping kvm_run");
	return run;
}

void kvm_set_signal_mask(int vcpu_fd, const sigset_t *mask)
{
	/* The kernel's sigset_t has a bit a signal; libc's has room for more. */
	const uint32_t length = (_NSIG - 1) / 8;
	struct kvm_signal_mask *argument;

	argument = malloc(sizeof(*argument) + length);
	if (!argument)
		die_errno("memory for a signal mask");
	argument->len = length;
	memcpy(argument->sigset, mask, length);
	KVM_MUST(vcpu_fd, KVM_SET_SIGNAL_MASK, argument);
	free(argument);
}

uint32_t kvm_get_mp_state(int vcpu_fd)
{
	struct kvm_mp_state state;

	KVM_MUST(vcpu_fd, KVM_GET_MP_STATE, &state);
	return state.mp_state;
}

void kvm_set_mp_state(int vcpu_fd, uint32_t mp_state)
{
	struct kvm_mp_state state = { .mp_state = mp_state };

	KVM_MUST(vcpu_fd, KVM_SET_MP_STATE, &state);
}

bool kvm_run(int vcpu_fd)
{
	if (ioctl(vcpu_fd, KVM_RUN, 0) == 0)
		return true;
	if (errno != EINTR && errno != EAGAIN)
		die_errno("KVM_RUN");
	return false;
}
