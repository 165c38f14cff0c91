/*
 * The KVM API, one function an ioctl: those that every architecture has.
 *
 * KVM is driven through three kinds of file descriptor: the system's
 * (kvm_fd, /dev/kvm), one for each virtual machine (vm_fd), and one for each
 * of its vCPUs (vcpu_fd).  Section numbers are those of the kernel's
 * Documentation/virt/kvm/api.rst.
 *
 * A call that fails ends the VMM with one line that names the ioctl; so what
 * returns has worked.  Those that may fail return bool, with errno set.
 */
#ifndef KVM_H
#define KVM_H

#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An ioctl that has to work: what it returns.  Called by way of KVM_MUST. */
int kvm_must(int fd, unsigned long request, uintptr_t argument,
	     const char *name);

/* `argument` is a number or a pointer. */
#define KVM_MUST(fd, request, argument) \
	kvm_must(fd, request, (uintptr_t)(argument), #request)

/* ---- the system: /dev/kvm ---- */

/* Opens /dev/kvm and checks its API version (4.1). */
int kvm_open(void);

/* What KVM says of KVM_CAP_*: 0 for no, else yes or a number (4.4) */
int kvm_check_extension(int kvm_fd, uint32_t capability);

/* Creates a virtual machine without memory or vCPUs (4.2). */
int kvm_create_vm(int kvm_fd);

/* The size in bytes of what a vCPU shares with the VMM (4.5). */
size_t kvm_get_vcpu_mmap_size(int kvm_fd);

/* ---- a virtual machine ---- */

/*
 * Makes `size` bytes at `memory` the guest's RAM at guest-physical address
 * `gpa` (4.35).  All three are multiples of the page size.  False where that
 * is more than KVM can manage.
 */
bool kvm_set_user_memory_region(int vm_fd, uint32_t slot, uint64_t gpa,
				void *memory, uint64_t size);

/* Creates the vCPU number `id` (4.7). */
int kvm_create_vcpu(int vm_fd, int id);

/* Sets the level of the interrupt line `irq` (4.25). */
void kvm_irq_line(int vm_fd, uint32_t irq, bool level);

/*
 * Sends a message-signalled interrupt (4.71).  Both values are the guest's: where
 * they make no sense to KVM, it says so, and nobody gets an interrupt.
 */
void kvm_signal_msi(int vm_fd, uint64_t address, uint32_t data);

/* ---- a vCPU ---- */

/* Maps what the vCPU shares with the VMM: why it left the guest (5). */
struct kvm_run *kvm_map_run(int vcpu_fd, size_t size);

/* Which signals are blocked while KVM_RUN runs, and only then (4.21). */
void kvm_set_signal_mask(int vcpu_fd, const sigset_t *mask);

/* One of KVM_MP_STATE_*: running, halted, ... (4.38, 4.39) */
uint32_t kvm_get_mp_state(int vcpu_fd);
void kvm_set_mp_state(int vcpu_fd, uint32_t mp_state);

/*
 * Runs the guest until it needs the VMM (4.10).  True: kvm_run says why.
 * False: a signal came first, and kvm_run's exit_reason is KVM_EXIT_INTR, or
 * an old one where the guest was not entered at all.
 */
bool kvm_run(int vcpu_fd);

#endif
