#include "vcpu.h"

#include "die.h"
#include "exit.h"
#include "kvm.h"
#include "trace.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The first serial port's data register */
#define COM1 0x3f8

/* Intel SDM vol. 1, 3.4.3: bit 1 of RFLAGS is always set */
#define RFLAGS_RESERVED (1 << 1)

/* Intel SDM vol. 3A, 2.5: CR0's protection enable bit */
#define CR0_PE (1 << 0)

#define PAGE_SIZE 4096

void vcpu_create(struct vcpu *vcpu, struct vm *vm)
{
	*vcpu = (struct vcpu){ .vm = vm };
	vcpu->fd = kvm_create_vcpu(vm->fd, 0);
	vcpu->run_size = kvm_get_vcpu_mmap_size(vm->kvm);
	vcpu->run = kvm_map_run(vcpu->fd, vcpu->run_size);
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
	struct kvm_regs regs = { .rflags = RFLAGS_RESERVED };
	struct kvm_sregs sregs;

	kvm_get_sregs(vcpu->fd, &sregs);
	sregs.cr0 &= ~(uint64_t)CR0_PE;
	set_segment(&sregs.cs, code_segment);
	set_segment(&sregs.ds, data_segment);
	set_segment(&sregs.es, data_segment);
	set_segment(&sregs.fs, data_segment);
	set_segment(&sregs.gs, data_segment);
	set_segment(&sregs.ss, data_segment);
	kvm_set_sregs(vcpu->fd, &sregs);

	regs.rip = 0;
	regs.rsp = stack_top;
	kvm_set_regs(vcpu->fd, &regs);
}

static void port_out(uint16_t port, uint8_t value)
{
	if (port == COM1 && write(STDOUT_FILENO, &value, 1) < 0)
		die_errno("standard output");
}

/* A bus line that nobody drives reads as one. */
static uint8_t port_in(uint16_t port)
{
	(void)port;
	return 0xff;
}

/*
 * One OUT or IN instruction.  A string instruction repeats it `count` times
 * on the same port; an access of 2 or 4 bytes reaches as many ports.
 */
static void handle_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count * run->io.size; i++) {
		uint16_t port = run->io.port + i % run->io.size;

		if (run->io.direction == KVM_EXIT_IO_OUT)
			port_out(port, data[i]);
		else
			data[i] = port_in(port);
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
		if (!kvm_run(vcpu->fd))
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

	kvm_get_sregs(vcpu->fd, &sregs);
	kvm_get_regs(vcpu->fd, &regs);
	if (kvm_translate(vcpu->fd, sregs.cs.base + regs.rip, &gpa)) {
		size = PAGE_SIZE - gpa % PAGE_SIZE;
		if (size > 16)
			size = 16;
		code = vm_memory(vcpu->vm, gpa, size);
	}
	exit_dump(vcpu->run, vcpu->fd, code, size);
}

void vcpu_destroy(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->run_size);
	close(vcpu->fd);
}
