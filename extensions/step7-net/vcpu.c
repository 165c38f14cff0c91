#include "vcpu.h"

#include "cpuid.h"
#include "dump.h"
#include "kvm-x86.h"
#include "kvm.h"
#include "stop.h"
#include "timer.h"
#include "trace.h"

#include <asm/processor-flags.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/user.h>
#include <unistd.h>

/* So many bytes at RIP are shown: an instruction has at most 15. */
#define CODE_SIZE 16

/* KVM_RUN returns for this signal; no other call is interrupted by it. */
static void let_signal_in(const struct vcpu *vcpu)
{
	sigset_t others;

	sigfillset(&others);
	sigdelset(&others, STOP_SIGNAL);
	kvm_set_signal_mask(vcpu->vcpu_fd, &others);
}

void vcpu_create(struct vcpu *vcpu, struct vm *vm, uint32_t number,
		 uint32_t count)
{
	*vcpu = (struct vcpu){ .vm = vm, .number = number };
	vcpu->vcpu_fd = kvm_create_vcpu(vm->vm_fd, (int)number);
	vcpu->run_size = kvm_get_vcpu_mmap_size(vm->kvm_fd);
	vcpu->run = kvm_map_run(vcpu->vcpu_fd, vcpu->run_size);
	cpuid_set_up(vm->kvm_fd, vcpu->vcpu_fd, number, count);
	let_signal_in(vcpu);
}

/*
 * One OUT or IN instruction: a string instruction repeats it `count` times,
 * on the same port.
 */
static void handle_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++) {
		if (run->io.direction == KVM_EXIT_IO_OUT)
			bus_write(&vcpu->vm->ports, run->io.port, data,
				  run->io.size);
		else
			bus_read(&vcpu->vm->ports, run->io.port, data,
				 run->io.size);
		data += run->io.size;
	}
}

static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	pthread_mutex_lock(&vcpu->vm->lock);
	if (run->mmio.is_write)
		bus_write(&vcpu->vm->mmio, run->mmio.phys_addr, run->mmio.data,
			  run->mmio.len);
	else
		bus_read(&vcpu->vm->mmio, run->mmio.phys_addr, run->mmio.data,
			 run->mmio.len);
	pthread_mutex_unlock(&vcpu->vm->lock);
}

static enum vcpu_status handle_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_io(vcpu);
		return GUEST_RUNS;
	case KVM_EXIT_MMIO:
		handle_mmio(vcpu);
		return GUEST_RUNS;
	case KVM_EXIT_SHUTDOWN:
		if (vcpu->vm->reset_by_triple_fault)
			return GUEST_ENDED;
		/* fall through */
	default:
		return GUEST_CRASHED;
	}
}

static void trace(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	char meaning[80] = "";

	if (!trace_on())
		return;
	if (run->exit_reason == KVM_EXIT_IO)
		bus_describe(&vcpu->vm->ports, run->io.port,
			     run->io.direction == KVM_EXIT_IO_OUT,
			     (const uint8_t *)run + run->io.data_offset,
			     run->io.size, meaning, sizeof(meaning));
	if (run->exit_reason == KVM_EXIT_MMIO)
		bus_describe(&vcpu->vm->mmio, run->mmio.phys_addr,
			     run->mmio.is_write, run->mmio.data, run->mmio.len,
			     meaning, sizeof(meaning));
	trace_exit(run, meaning);
}

enum vcpu_status vcpu_run(struct vcpu *vcpu)
{
	enum vcpu_status status = GUEST_RUNS;
	uint64_t began;

	while (status == GUEST_RUNS) {
		if (!kvm_run(vcpu->vcpu_fd)) {
			if (stop_asked())
				return GUEST_ENDED;
			/* All was stopped, as by Ctrl-Z; or a SIPI came. */
			kvm_kvmclock_ctrl(vcpu->vcpu_fd);
			continue;
		}
		began = timer_now();
		status = handle_exit(vcpu);
		trace(vcpu);
		/* It was stopped, or a host's disk or terminal held it up. */
		if (timer_now() - began > TIMER_SECOND)
			kvm_kvmclock_ctrl(vcpu->vcpu_fd);
	}
	return status;
}

void vcpu_report_crash(const struct vcpu *vcpu, bool guilty)
{
	uint8_t *code = NULL;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	uint64_t gpa;
	size_t size = 0;

	kvm_get_sregs(vcpu->vcpu_fd, &sregs);
	kvm_get_regs(vcpu->vcpu_fd, &regs);
	if (kvm_translate(vcpu->vcpu_fd, sregs.cs.base + regs.rip, &gpa)) {
		/* The page after this one may be anywhere. */
		size = PAGE_SIZE - gpa % PAGE_SIZE;
		if (size > CODE_SIZE)
			size = CODE_SIZE;
		code = memory_at(&vcpu->vm->memory, gpa, size);
	}
	if (guilty)
		dump_vcpu(vcpu->run, vcpu->vcpu_fd, code, size);
	else
		dump_other_vcpu(vcpu->number, vcpu->vcpu_fd, code, size);
}

void vcpu_destroy(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->run_size);
	close(vcpu->vcpu_fd);
}
