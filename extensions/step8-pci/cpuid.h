/* What the guest learns of its CPU before it runs. */
#ifndef CPUID_H
#define CPUID_H

#include <stdint.h>

/*
 * Gives the vCPU the features that KVM_GET_SUPPORTED_CPUID tells of (api.rst
 * 4.46: what needs more of the VMM than CPUID, as the TSC deadline timer, is not
 * among them), without virtualization of its own; its place as vCPU `number`
 * of `count`; and the model-specific registers that a BIOS would set.
 */
void cpuid_set_up(int kvm_fd, int vcpu_fd, uint32_t number, uint32_t count);

#endif
