#include "vcpu.h"

#include "console.h"
#include "cpuid.h"
#include "exit.h"
#include "kvm.h"
#include "trace.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

/* The keyboard controller; of it there are only a status and the reset. */
#define I8042_PORT     0x64 /* reads: status, writes: command */
#define I8042_NOT_BUSY 0x00
#define I8042_RESET    0xfe

/* Intel SDM vol. 1, 3.4.3: bit 1 of RFLAGS is always set */
#define RFLAGS_RESERVED (1 << 1)

/* Intel SDM vol. 3A, 2.5: CR0's protection enable bit */
#define CR0_PE (1 << 0)

#define PAGE_SIZE 4096

/* A signal's whole work is that KVM_RUN returns. */
static void do_nothing(int number)
{
	(void)number;
}

/* SIGALRM comes once a second, SIGUSR1 with vcpu_stop(). */
static void handle_signals(void)
{
	const struct itimerval second = { .it_interval.tv_sec = 1,
					  .it_value.tv_sec = 1 };
	struct sigaction action = { .sa_handler = do_nothing };

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &second, NULL);
}

void vcpu_create(struct vcpu *vcpu, struct vm *vm)
{
	*vcpu = (struct vcpu){ .vm = vm };
	vcpu->fd = kvm_create_vcpu(vm->fd, 0);
	vcpu->run_size = kvm_get_vcpu_mmap_size(vm->kvm);
	vcpu->run = kvm_map_run(vcpu->fd, vcpu->run_size);
	vcpu->thread = pthread_self();
	cpuid_set_up(vm->kvm, vcpu->fd);
	handle_signals();
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

static void port_out(struct vcpu *vcpu, uint16_t port, uint8_t value)
{
	if (serial_has(port))
		serial_out(&vcpu->vm->serial, port, value);
	else if (port == I8042_PORT && value == I8042_RESET)
		vcpu->reset = true;
}

/* A bus line that nobody drives reads as one. */
static uint8_t port_in(struct vcpu *vcpu, uint16_t port)
{
	if (serial_has(port))
		return serial_in(&vcpu->vm->serial, port);
	if (port == I8042_PORT)
		return I8042_NOT_BUSY;
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
			port_out(vcpu, port, data[i]);
		else
			data[i] = port_in(vcpu, port);
	}
}

/* Behind the RAM there is nothing, as on a port without a device. */
static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t gpa = run->mmio.phys_addr;
	struct virtio_mmio *device = virtio_mmio_find(vcpu->vm, gpa);

	if (device && run->mmio.is_write)
		virtio_mmio_write(device, gpa, run->mmio.data, run->mmio.len);
	else if (device)
		virtio_mmio_read(device, gpa, run->mmio.data, run->mmio.len);
	else if (!run->mmio.is_write)
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
}

static enum vcpu_status handle_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_io(vcpu);
		return vcpu->reset ? GUEST_ENDED : GUEST_RUNS;
	case KVM_EXIT_MMIO:
		handle_mmio(vcpu);
		return GUEST_RUNS;
	case KVM_EXIT_SHUTDOWN:
		if (vcpu->reset_by_triple_fault)
			return GUEST_ENDED;
		/* fall through */
	default:
		return GUEST_CRASHED;
	}
}

static void trace(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	const uint8_t *data = (const uint8_t *)run + run->io.data_offset;
	char meaning[80] = "";

	if (!trace_on())
		return;
	if (run->exit_reason == KVM_EXIT_IO && serial_has(run->io.port))
		serial_describe(&vcpu->vm->serial, run->io.port,
				run->io.direction == KVM_EXIT_IO_OUT, *data,
				meaning, sizeof(meaning));
	if (run->exit_reason == KVM_EXIT_MMIO &&
	    virtio_mmio_find(vcpu->vm, run->mmio.phys_addr))
		virtio_mmio_describe(run->mmio.phys_addr, run->mmio.data,
				     run->mmio.len, meaning, sizeof(meaning));
	trace_exit(run, meaning);
}

/*
 * Has the guest powered off?  Without ACPI, Linux halts with interrupts off,
 * and the in-kernel irqchip keeps that to itself.
 */
static bool halted_for_good(const struct vcpu *vcpu)
{
	return kvm_get_mp_state(vcpu->fd) == KVM_MP_STATE_HALTED &&
	       !vcpu->run->if_flag;
}

enum vcpu_status vcpu_run(struct vcpu *vcpu)
{
	enum vcpu_status status = GUEST_RUNS;

	while (status == GUEST_RUNS) {
		if (!kvm_run(vcpu->fd)) {
			console_flush();
			if (vcpu->stop || halted_for_good(vcpu))
				status = GUEST_ENDED;
			continue;
		}
		status = handle_exit(vcpu);
		trace(vcpu);
	}
	return status;
}

void vcpu_stop(struct vcpu *vcpu)
{
	vcpu->stop = true;
	/* The signal may come just before KVM_RUN, which then returns too. */
	vcpu->run->immediate_exit = 1;
	pthread_kill(vcpu->thread, SIGUSR1);
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
