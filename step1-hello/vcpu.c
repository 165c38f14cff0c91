#include "vcpu.h"

#include "die.h"
#include "dump.h"
#include "kvm-x86.h"
#include "kvm.h"
#include "trace.h"

#include <asm/processor-flags.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/user.h>
#include <unistd.h>

/* The first serial port's data register */
#define COM1 0x3f8

/* So many bytes at RIP are shown: an instruction has at most 15. */
#define CODE_SIZE 16

void vcpu_create(struct vcpu *vcpu, struct vm *vm)
{
	*vcpu = (struct vcpu){ .vm = vm };
	vcpu->vcpu_fd = kvm_create_vcpu(vm->vm_fd, 0);
	vcpu->run_size = kvm_get_vcpu_mmap_size(vm->kvm_fd);
	vcpu->run = kvm_map_run(vcpu->vcpu_fd, vcpu->run_size);
}

/* In real mode a segment's base is 16 times its selector. */
static void set_segment(struct kvm_segment *segment, uint16_t selector)
{
	segment->selector = selector;
	segment->base = (uint64_t)selector << 4;
}

void vcpu_set_real_mode(struct vcpu *vcpu, uint16_t code_segment,
			uint16_t data_segment, uint16_t stack_top)
{
	struct kvm_regs regs = { .rflags = X86_EFLAGS_FIXED };
	struct kvm_sregs sregs;

	/* A reset has left CR0.PE clear, which is real mode. */
	kvm_get_sregs(vcpu->vcpu_fd, &sregs);
	set_segment(&sregs.cs, code_segment);
	set_segment(&sregs.ds, data_segment);
	set_segment(&sregs.es, data_segment);
	set_segment(&sregs.fs, data_segment);
	set_segment(&sregs.gs, data_segment);
	set_segment(&sregs.ss, data_segment);
	kvm_set_sregs(vcpu->vcpu_fd, &sregs);

	regs.rip = 0;
	regs.rsp = stack_top;
	kvm_set_regs(vcpu->vcpu_fd, &regs);
}

/* An OUT of 2 or 4 bytes reaches as many ports. */
static void port_write(uint16_t port, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (port + i == COM1 && write(STDOUT_FILENO, &data[i], 1) < 0)
			die_errno("standard output");
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
			port_write(run->io.port, data, run->io.size);
		else /* a line that nobody drives reads as one */
			memset(data, 0xff, run->io.size);
		data += run->io.size;
	}
}

static enum vcpu_status handle_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_io(vcpu);
		return GUEST_RUNS;
	case KVM_EXIT_HLT:
		return GUEST_ENDED;
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
	if (run->exit_reason == KVM_EXIT_IO && run->io.port == COM1 &&
	    run->io.direction == KVM_EXIT_IO_OUT)
		strcpy(meaning, "THR: transmit");
	trace_exit(run, meaning);
}

enum vcpu_status vcpu_run(struct vcpu *vcpu)
{
	enum vcpu_status status = GUEST_RUNS;

	while (status == GUEST_RUNS) {
		if (!kvm_run(vcpu->vcpu_fd))
			continue;
		status = handle_exit(vcpu);
		trace(vcpu);
	}
	return status;
}

void vcpu_report_crash(struct vcpu *vcpu)
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
	dump_vcpu(vcpu->run, vcpu->vcpu_fd, code, size);
}

void vcpu_destroy(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->run_size);
	close(vcpu->vcpu_fd);
}
