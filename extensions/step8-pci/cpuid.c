#include "cpuid.h"

#include "kvm-x86.h"
#include "kvm.h"
#include "topology.h"

#include <stdlib.h>

/* CPUID leaves and bits, Intel SDM vol. 2A, CPUID */
#define LEAF_FEATURES	   0x1
#define VMX		   (1u << 5) /* of ECX */
#define TSC_DEADLINE	   (1u << 24) /* of ECX */
#define HYPERVISOR	   (1u << 31) /* of ECX; kvm's cpuid.rst */
#define LEAF_MORE_FEATURES 0x7
#define ERMS		   (1u << 9) /* of EBX: fast REP MOVSB */
#define FSRM		   (1u << 4) /* of EDX: also where it is short */
#define LEAF_AMD_FEATURES  0x80000001 /* AMD APM vol. 3, CPUID */
#define SVM		   (1u << 2) /* of ECX */

/* MSRs, Intel SDM vol. 4, table 2-2 */
#define IA32_MISC_ENABLE     0x1a0
#define FAST_STRINGS	     (1 << 0)
#define BTS_UNAVAILABLE	     (1 << 11)
#define PEBS_UNAVAILABLE     (1 << 12)
#define IA32_MTRR_DEF_TYPE   0x2ff
#define MTRR_ENABLE	     (1 << 11)
#define MTRR_TYPE_WRITE_BACK 6

static void adjust(struct kvm_cpuid_entry2 *entry, bool has_tsc_deadline)
{
	switch (entry->function) {
	case LEAF_FEATURES:
		/* So Linux looks for KVM's leaves, and finds its clock. */
		entry->ecx |= HYPERVISOR;
		/* A capability tells of this one (api.rst 4.46). */
		entry->ecx &= ~TSC_DEADLINE;
		if (has_tsc_deadline)
			entry->ecx |= TSC_DEADLINE;
		/* Nobody here has use for a hypervisor in the guest. */
		entry->ecx &= ~VMX;
		break;
	case LEAF_MORE_FEATURES:
		/* Linux relies on the first where it sees the second. */
		if (entry->index == 0 && !(entry->ebx & ERMS))
			entry->edx &= ~FSRM;
		break;
	case LEAF_AMD_FEATURES:
		entry->ecx &= ~SVM;
		break;
	}
}

void cpuid_set_up(int kvm_fd, int vcpu_fd, uint32_t number, uint32_t count)
{
	struct kvm_cpuid2 *cpuid = kvm_get_supported_cpuid(kvm_fd);
	bool has_tsc_deadline =
		kvm_check_extension(kvm_fd, KVM_CAP_TSC_DEADLINE_TIMER) > 0;

	for (uint32_t i = 0; i < cpuid->nent; i++)
		adjust(&cpuid->entries[i], has_tsc_deadline);
	cpuid = topology_set(cpuid, number, count);
	kvm_set_cpuid2(vcpu_fd, cpuid);
	free(cpuid);

	kvm_set_msr(vcpu_fd, IA32_MISC_ENABLE,
		    FAST_STRINGS | BTS_UNAVAILABLE | PEBS_UNAVAILABLE);
	/* All memory is cached, unless the guest has it otherwise. */
	kvm_set_msr(vcpu_fd, IA32_MTRR_DEF_TYPE,
		    MTRR_ENABLE | MTRR_TYPE_WRITE_BACK);
}
