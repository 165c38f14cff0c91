#include "cpuid.h"

#include "kvm-x86.h"

#include <asm/kvm_para.h>
#include <stdlib.h>

/* What KVM does for its guests without an APIC of theirs (kvm's cpuid.rst) */
#define WITHOUT_APIC                                                      \
	(1u << KVM_FEATURE_CLOCKSOURCE | 1u << KVM_FEATURE_NOP_IO_DELAY | \
	 1u << KVM_FEATURE_CLOCKSOURCE2 | 1u << KVM_FEATURE_STEAL_TIME |  \
	 1u << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT)

/* CPUID leaves and bits, Intel SDM vol. 2A, CPUID */
#define LEAF_FEATURES	   0x1
#define APIC_ID_MASK	   0xff000000 /* of EBX */
#define VMX		   (1u << 5) /* of ECX */
#define X2APIC		   (1u << 21) /* of ECX */
#define TSC_DEADLINE	   (1u << 24) /* of ECX: an APIC's timer */
#define APIC		   (1u << 9) /* of EDX */
#define HYPERVISOR	   (1u << 31) /* of ECX; kvm's cpuid.rst */
#define LEAF_POWER	   0x6
#define ARAT		   (1u << 2) /* of EAX: its timer always runs */
#define LEAF_MORE_FEATURES 0x7
#define ERMS		   (1u << 9) /* of EBX: fast REP MOVSB */
#define FSRM		   (1u << 4) /* of EDX: also where it is short */
#define LEAF_TOPOLOGY	   0xb /* EDX: the x2APIC ID */
#define LEAF_TOPOLOGY_2	   0x1f
#define LEAF_AMD_FEATURES  0x80000001 /* AMD APM vol. 3, CPUID */
#define SVM		   (1u << 2) /* of ECX */
#define LEAF_AMD_TOPOLOGY  0x8000001e /* EAX: the APIC ID */

/* MSRs, Intel SDM vol. 4, table 2-2 */
#define IA32_APIC_BASE	     0x1b
#define IA32_MISC_ENABLE     0x1a0
#define FAST_STRINGS	     (1 << 0)
#define BTS_UNAVAILABLE	     (1 << 11)
#define PEBS_UNAVAILABLE     (1 << 12)
#define IA32_MTRR_DEF_TYPE   0x2ff
#define MTRR_ENABLE	     (1 << 11)
#define MTRR_TYPE_WRITE_BACK 6

static void adjust(struct kvm_cpuid_entry2 *entry)
{
	switch (entry->function) {
	case LEAF_FEATURES:
		entry->ebx &= ~APIC_ID_MASK;
		/* So Linux looks for KVM's leaves, and finds its clock. */
		entry->ecx |= HYPERVISOR;
		/* Nobody here has use for a hypervisor in the guest. */
		entry->ecx &= ~VMX;
		entry->ecx &= ~(X2APIC | TSC_DEADLINE);
		entry->edx &= ~APIC;
		break;
	case LEAF_POWER:
		entry->eax &= ~ARAT;
		break;
	case LEAF_MORE_FEATURES:
		/* Linux relies on the first where it sees the second. */
		if (entry->index == 0 && !(entry->ebx & ERMS))
			entry->edx &= ~FSRM;
		break;
	case LEAF_TOPOLOGY:
	case LEAF_TOPOLOGY_2:
		entry->edx = 0;
		break;
	case KVM_CPUID_FEATURES:
		entry->eax &= WITHOUT_APIC;
		break;
	case LEAF_AMD_FEATURES:
		entry->ecx &= ~SVM;
		entry->edx &= ~APIC; /* repeated */
		break;
	case LEAF_AMD_TOPOLOGY:
		entry->eax = 0;
		break;
	}
}

void cpuid_set_up(int kvm_fd, int vcpu_fd)
{
	struct kvm_cpuid2 *cpuid = kvm_get_supported_cpuid(kvm_fd);

	for (uint32_t i = 0; i < cpuid->nent; i++)
		adjust(&cpuid->entries[i]);
	kvm_set_cpuid2(vcpu_fd, cpuid);
	free(cpuid);

	/* Off; by this register KVM decides what CPUID says of an APIC. */
	kvm_set_msr(vcpu_fd, IA32_APIC_BASE, 0);
	kvm_set_msr(vcpu_fd, IA32_MISC_ENABLE,
		    FAST_STRINGS | BTS_UNAVAILABLE | PEBS_UNAVAILABLE);
	/* All memory is cached, unless the guest has it otherwise. */
	kvm_set_msr(vcpu_fd, IA32_MTRR_DEF_TYPE,
		    MTRR_ENABLE | MTRR_TYPE_WRITE_BACK);
}
