/* The virtual CPU: its registers, and the loop that runs it. */
#ifndef VCPU_H
#define VCPU_H

#include "timer.h"
#include "vm.h"

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu {
	struct vm *vm;
	int vcpu_fd;
	struct kvm_run *run; /* what KVM tells about an exit */
	size_t run_size; /* bytes mapped at run */
	atomic_bool interrupt; /* the line from the interrupt controllers */
	bool halted; /* by HLT, until there is an interrupt */
	pthread_t thread; /* that runs it */
	bool reset_by_triple_fault; /* what else would be a crash */
};

/* How the guest's life ends, which is also the VMM's exit status. */
enum vcpu_status {
	GUEST_RUNS = -1,
	GUEST_ENDED = 0,
	GUEST_CRASHED = 2,
};

/* Creates the machine's only vCPU, in the state after a reset. */
void vcpu_create(struct vcpu *vcpu, struct vm *vm);

/*
 * Has the vCPU start at code_segment:0 in 16-bit real mode, interrupts off,
 * with all other segments at data_segment and the stack growing down from
 * data_segment:stack_top.
 */
void vcpu_set_real_mode(struct vcpu *vcpu, uint16_t code_segment,
			uint16_t data_segment, uint16_t stack_top);

/* Runs the guest to its end: GUEST_ENDED or GUEST_CRASHED. */
enum vcpu_status vcpu_run(struct vcpu *vcpu);

/* Says on standard error why the guest crashed, and where it was. */
void vcpu_report_crash(struct vcpu *vcpu);

/* Gives everything back. */
void vcpu_destroy(struct vcpu *vcpu);

#endif
