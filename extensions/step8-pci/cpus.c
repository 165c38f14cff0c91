/*
 * Threads, and the locks between them:
 *
 *   a thread for each vCPU  runs its guest code, and the devices that it uses
 *   the main thread         runs the timers, and waits for the end
 *   the event loop's        has the keys, the output, and frames for the guest
 *
 *   vm->lock         what is at memory-mapped addresses, PCI, and the timers:
 *                    a vCPU's around its access, main's around timer_run(),
 *                    the event loop's around its work for a network card
 *   a serial port's  its registers: a vCPU's, and the event loop's
 *   power.c's        its registers: likewise
 *   console.c's      the output: whoever writes, and the event loop's
 *   stop.c's, trace.c's, die.c's: anybody's
 *
 * The order is that of this list: a thread that holds one of these may take
 * one that stands below it, and no other.  KVM's own come after them all.
 * Nobody waits for the terminal with a lock that stands above console.c's: so
 * one that is blocked holds up those vCPUs that write to it, and no other.
 */
#include "cpus.h"

#include "die.h"
#include "kvm.h"
#include "stop.h"
#include "timer.h"
#include "trace.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* The default of 8 MiB could be backed by a page of 2 MiB. */
#define STACK_SIZE (256 << 10)

/* The first vCPU that has crashed, or NULL */
static _Atomic(struct vcpu *) guilty;

/* What the main thread waits for.  All threads block it, as they inherit. */
static sigset_t signals;

static void check_count(int kvm_fd, uint32_t count)
{
	int most = kvm_check_extension(kvm_fd, KVM_CAP_MAX_VCPUS);
	int recommended = kvm_check_extension(kvm_fd, KVM_CAP_NR_VCPUS);

	if (count > (uint32_t)most)
		die("-s %u: this host's KVM can run %d", count, most);
	if (count > (uint32_t)recommended)
		fprintf(stderr,
			"%s: -s %u: more than the %d that this host's KVM recommends: they will wait for each other\n",
			program_invocation_short_name, count, recommended);
}

void cpus_create(struct cpus *cpus, struct vm *vm, uint32_t count)
{
	check_count(vm->kvm_fd, count);
	*cpus = (struct cpus){ .vm = vm, .count = count };
	cpus->vcpus = calloc(count, sizeof(cpus->vcpus[0]));
	if (!cpus->vcpus)
		die_errno("memory for %u vCPUs", count);
	for (uint32_t i = 0; i < count; i++)
		vcpu_create(&cpus->vcpus[i], vm, i, count);

	sigemptyset(&signals);
	sigaddset(&signals, STOP_SIGNAL);
	sigaddset(&signals, TIMER_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	stop_tell_this_thread();
}

static void *run_vcpu(void *argument)
{
	struct vcpu *vcpu = argument;
	struct vcpu *nobody = NULL;

	trace_vcpu(vcpu->number);
	stop_tell_this_thread();
	if (vcpu_run(vcpu) == GUEST_CRASHED)
		atomic_compare_exchange_strong(&guilty, &nobody, vcpu);
	/* Where one ends all do; and none is gone before all are told. */
	stop_machine();
	return NULL;
}

static void start(struct vcpu *vcpu)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	errno = pthread_create(&vcpu->thread, &attributes, run_vcpu, vcpu);
	if (errno)
		die_errno("a thread for vCPU %u", vcpu->number);
}

static void run_timers(struct vm *vm)
{
	int number;

	while (!stop_asked()) {
		sigwait(&signals, &number);
		pthread_mutex_lock(&vm->lock);
		timer_run();
		pthread_mutex_unlock(&vm->lock);
	}
}

enum vcpu_status cpus_run(struct cpus *cpus)
{
	for (uint32_t i = 0; i < cpus->count; i++)
		start(&cpus->vcpus[i]);
	run_timers(cpus->vm);
	for (uint32_t i = 0; i < cpus->count; i++)
		pthread_join(cpus->vcpus[i].thread, NULL);
	return guilty ? GUEST_CRASHED : GUEST_ENDED;
}

void cpus_report_crash(const struct cpus *cpus)
{
	const struct vcpu *first = guilty;

	vcpu_report_crash(first, true);
	if (cpus->count == 1)
		return;
	fprintf(stderr, "That was vCPU %u.  The others, where they stopped:\n",
		first->number);
	for (uint32_t i = 0; i < cpus->count; i++)
		if (i != first->number)
			vcpu_report_crash(&cpus->vcpus[i], false);
}

void cpus_destroy(struct cpus *cpus)
{
	for (uint32_t i = 0; i < cpus->count; i++)
		vcpu_destroy(&cpus->vcpus[i]);
	free(cpus->vcpus);
}
