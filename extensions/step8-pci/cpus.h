/* The machine's processors: a vCPU for each of them, and a thread that runs it. */
#ifndef CPUS_H
#define CPUS_H

#include "vcpu.h"
#include "vm.h"

#include <stdint.h>

struct cpus {
	struct vm *vm;
	struct vcpu *vcpus;
	uint32_t count;
};

/*
 * Creates `count` vCPUs.  The first boots, and may be given registers for it;
 * the others wait until the guest starts them.  More than KVM can run end the
 * VMM, more than it recommends a word of warning.
 */
void cpus_create(struct cpus *cpus, struct vm *vm, uint32_t count);

/*
 * Runs the guest to its end: GUEST_ENDED, or GUEST_CRASHED if any of them has.
 * The calling thread runs the timers meanwhile.
 */
enum vcpu_status cpus_run(struct cpus *cpus);

/* Says on standard error which of them crashed and why, and where all were. */
void cpus_report_crash(const struct cpus *cpus);

/* Gives everything back. */
void cpus_destroy(struct cpus *cpus);

#endif
