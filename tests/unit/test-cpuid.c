/* What a guest is told of its CPU, whatever this host's is. */
#include "test.h"

#include "cpuid.h"
#include "kvm-x86.h"
#include "kvm.h"

#include <linux/kvm.h>

#define KVM_FD	10
#define VCPU_FD 11

#ifdef CPUS /* so many, this one is the last of them */
#define cpuid_set_up(kvm_fd, vcpu_fd) \
	cpuid_set_up(kvm_fd, vcpu_fd, CPUS - 1, CPUS)
#endif

/* Of leaf 1's ECX */
#define VMX	     (1u << 5)
#define X2APIC	     (1u << 21)
#define TSC_DEADLINE (1u << 24)
#define HYPERVISOR   (1u << 31)

static int has_tsc_deadline; /* KVM's answer */
static uint32_t supported; /* ... of leaf 1's ECX */
static uint32_t told;

int kvm_check_extension(int kvm_fd, uint32_t capability)
{
	assert_int_equal(kvm_fd, KVM_FD);
	assert_int_equal(capability, KVM_CAP_TSC_DEADLINE_TIMER);
	return has_tsc_deadline;
}

struct kvm_cpuid2 *kvm_get_supported_cpuid(int kvm_fd)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + sizeof(cpuid->entries[0]));

	assert_int_equal(kvm_fd, KVM_FD);
	cpuid->nent = 1;
	cpuid->entries[0].function = 1;
	cpuid->entries[0].ecx = supported;
	return cpuid;
}

void kvm_set_cpuid2(int vcpu_fd, const struct kvm_cpuid2 *cpuid)
{
	assert_int_equal(vcpu_fd, VCPU_FD);
	told = cpuid->entries[0].ecx;
}

void kvm_set_msr(int vcpu_fd, uint32_t index, uint64_t value)
{
	(void)vcpu_fd;
	(void)index;
	(void)value;
}

static uint32_t features(int capability, uint32_t list)
{
	has_tsc_deadline = capability;
	supported = list;
	cpuid_set_up(KVM_FD, VCPU_FD);
	return told;
}

/* api.rst 4.46: the capability says it, whatever the list does. */
static void tsc_deadline_is_where_kvm_has_it(void **state)
{
	(void)state;
	assert_int_equal(features(1, 0), HYPERVISOR | TSC_DEADLINE);
	assert_int_equal(features(1, TSC_DEADLINE), HYPERVISOR | TSC_DEADLINE);
	assert_int_equal(features(0, 0), HYPERVISOR);
	assert_int_equal(features(0, TSC_DEADLINE), HYPERVISOR);
}

static void no_virtual_machines_in_the_guest(void **state)
{
	(void)state;
	assert_int_equal(features(0, VMX | X2APIC), HYPERVISOR | X2APIC);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tsc_deadline_is_where_kvm_has_it),
		cmocka_unit_test(no_virtual_machines_in_the_guest),
	};

	return cmocka_run_group_tests_name("CPUID", tests, NULL, NULL);
}
