/*
 * The KVM API, one function an ioctl.
 *
 * KVM is driven through three kinds of file descriptor: the system's
 * (/dev/kvm), one for each virtual machine, and one for each of its vCPUs.
 * Section numbers are those of the kernel's Documentation/virt/kvm/api.rst.
 *
 * A call that fails ends the VMM with one line that names the ioctl; so what
 * returns has worked.
 */
#ifndef KVM_H
#define KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the system: /dev/kvm ---- */

/* Opens /dev/kvm and checks its API version (4.1). */
int kvm_open(void);

/* Creates a virtual machine without memory or vCPUs (4.2). */
int kvm_create_vm(int kvm);

/* The size in bytes of what a vCPU shares with the VMM (4.5). */
size_t kvm_get_vcpu_mmap_size(int kvm);

/*
 * The CPU features that this host and its KVM can give a guest (4.46).
 * The result is allocated; the caller frees it.
 */
struct kvm_cpuid2 *kvm_get_supported_cpuid(int kvm);

/* ---- a virtual machine ---- */

/*
 * Makes `size` bytes at `memory` the guest's RAM at guest-physical address
 * `gpa` (4.35).  All three are multiples of the page size.
 */
void kvm_set_user_memory_region(int vm, uint32_t slot, uint64_t gpa,
				void *memory, uint64_t size);

/* Creates the vCPU number `id` (4.7). */
int kvm_create_vcpu(int vm, int id);

/*
 * Where KVM on Intel may keep three pages (4.36) and one page (4.40) of its
 * own in guest-physical memory, away from all RAM.
 */
void kvm_set_tss_addr(int vm, uint64_t gpa);
void kvm_set_identity_map_addr(int vm, uint64_t gpa);

/* Two 8259s, an I/O APIC and a local APIC for each vCPU, in KVM (4.24). */
void kvm_create_irqchip(int vm);

/* An 8254 timer in KVM, with `flags` of KVM_PIT_* (4.71). */
void kvm_create_pit2(int vm, uint32_t flags);

/* Sets the level of the interrupt line `irq` (4.25). */
void kvm_irq_line(int vm, uint32_t irq, bool level);

/* ---- a vCPU ---- */

/* Maps what the vCPU shares with the VMM: why it left the guest (5). */
struct kvm_run *kvm_map_run(int vcpu, size_t size);

/* Segments and control registers (4.13, 4.14). */
void kvm_get_sregs(int vcpu, struct kvm_sregs *sregs);
void kvm_set_sregs(int vcpu, const struct kvm_sregs *sregs);

/* General registers, RIP and RFLAGS (4.11, 4.12). */
void kvm_get_regs(int vcpu, struct kvm_regs *regs);
void kvm_set_regs(int vcpu, const struct kvm_regs *regs);

/* What the CPUID instruction answers (4.20). */
void kvm_set_cpuid2(int vcpu, const struct kvm_cpuid2 *cpuid);

/* A model-specific register (4.19). */
void kvm_set_msr(int vcpu, uint32_t index, uint64_t value);

/* One of KVM_MP_STATE_*: running, halted, ... (4.38) */
uint32_t kvm_get_mp_state(int vcpu);

/*
 * The guest-physical address of a linear one, by the vCPU's own page tables
 * (4.15).  False where nothing is mapped, or where KVM cannot tell.
 */
bool kvm_translate(int vcpu, uint64_t linear, uint64_t *gpa);

/*
 * Runs the guest until it needs the VMM (4.10).  True: kvm_run says why.
 * False: a signal came first, and kvm_run's exit_reason is an old one.
 */
bool kvm_run(int vcpu);

#endif
