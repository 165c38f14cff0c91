/* What the guest learns of its CPU before it runs. */
#ifndef CPUID_H
#define CPUID_H

/*
 * Gives the vCPU every feature that the host and its KVM support, the number
 * 0 as its APIC's, and the model-specific registers that a BIOS would set.
 */
void cpuid_set_up(int kvm, int vcpu);

#endif
