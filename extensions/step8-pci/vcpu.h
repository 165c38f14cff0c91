/* A virtual CPU: its registers, and the loop that runs it. */
#ifndef VCPU_H
#define VCPU_H

#include "vm.h"

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu {
	struct vm *vm;
	uint32_t number; /* which is its APIC's, too */
	pthread_t thread; /* that runs it, and uses the rest meanwhile */
	int vcpu_fd;
	struct kvm_run *run; /* what KVM tells about an exit */
	size_t run_size; /* bytes mapped at run */
};

/* How the guest's life ends, which is also the VMM's exit status. */
enum vcpu_status {
	GUEST_RUNS = -1,
	GUEST_ENDED = 0,
	GUEST_CRASHED = 2,
};

/*
 * Creates vCPU `number` of `count`, in the state after a reset: the first is to
 * boot, and any other waits for it to send INIT and SIPI.
 */
void vcpu_create(struct vcpu *vcpu, struct vm *vm, uint32_t number,
		 uint32_t count);

/* Runs the guest to its end: GUEST_ENDED or GUEST_CRASHED. */
enum vcpu_status vcpu_run(struct vcpu *vcpu);

/*
 * Says on standard error where this vCPU was when the guest crashed, and why,
 * if it is the guilty one.
 */
void vcpu_report_crash(const struct vcpu *vcpu, bool guilty);

/* Gives everything back. */
void vcpu_destroy(struct vcpu *vcpu);

#endif
