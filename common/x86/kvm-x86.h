/* The KVM API, one function an ioctl: those for x86 (see kvm.h). */
#ifndef KVM_X86_H
#define KVM_X86_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The CPU features that this host and its KVM can give a guest (4.46).
 * The result is allocated; the caller frees it.
 */
struct kvm_cpuid2 *kvm_get_supported_cpuid(int kvm_fd);

/*
 * Where KVM on Intel may keep three pages (4.36) and one page (4.40) of its
 * own in guest-physical memory, away from all RAM.
 */
void kvm_set_tss_addr(int vm_fd, uint64_t gpa);
void kvm_set_identity_map_addr(int vm_fd, uint64_t gpa);

/* Two 8259s, an I/O APIC and a local APIC for each vCPU, in KVM (4.24). */
void kvm_create_irqchip(int vm_fd);

/* An 8254 timer in KVM, with `flags` of KVM_PIT_* (4.71). */
void kvm_create_pit2(int vm_fd, uint32_t flags);

/* Segments and control registers (4.13, 4.14). */
void kvm_get_sregs(int vcpu_fd, struct kvm_sregs *sregs);
void kvm_set_sregs(int vcpu_fd, const struct kvm_sregs *sregs);

/* General registers, RIP and RFLAGS (4.11, 4.12). */
void kvm_get_regs(int vcpu_fd, struct kvm_regs *regs);
void kvm_set_regs(int vcpu_fd, const struct kvm_regs *regs);

/*
 * Has the guest take an interrupt, by its vector, as soon as it runs (4.16):
 * where KVM has no interrupt controllers, and the vCPU can take one.
 */
void kvm_interrupt(int vcpu_fd, uint8_t vector);

/* What the CPUID instruction answers (4.20). */
void kvm_set_cpuid2(int vcpu_fd, const struct kvm_cpuid2 *cpuid);

/* A model-specific register (4.19). */
void kvm_set_msr(int vcpu_fd, uint32_t index, uint64_t value);

/*
 * Tells a guest that reads the time from KVM's clock that it did not run for
 * a while, so that it does not take itself for hung (4.70).
 */
void kvm_kvmclock_ctrl(int vcpu_fd);

/*
 * The guest-physical address of a linear one, by the vCPU's own page tables
 * (4.15).  False where nothing is mapped, or where KVM cannot tell.
 */
bool kvm_translate(int vcpu_fd, uint64_t linear, uint64_t *gpa);

#endif
