#include "dump.h"

#include "exit.h"
#include "kvm-x86.h"
#include "kvm.h"

#include <asm/processor-flags.h>
#include <stdio.h>

/* Intel SDM vol. 3A 2.2.1: long mode is active */
#define EFER_LMA (1 << 10)

static const char *mode(const struct kvm_sregs *sregs)
{
	if (!(sregs->cr0 & X86_CR0_PE))
		return "real mode";
	if (sregs->efer & EFER_LMA)
		return "long mode";
	if (sregs->cr0 & X86_CR0_PG)
		return "protected mode with paging";
	return "protected mode without paging";
}

static const char *advice(uint32_t reason)
{
	switch (reason) {
	case KVM_EXIT_SHUTDOWN:
		return "a fault whose handler faulted, twice: look at the guest's interrupt table, stack and page tables; on AMD the registers above are already those of a reset";
	case KVM_EXIT_FAIL_ENTRY:
		return "the processor refused the state that the VMM set: compare the segment registers and CR0 with what its mode demands";
	case KVM_EXIT_INTERNAL_ERROR:
		return "look up the bytes at RIP in a disassembler; a jump into nowhere often ends here";
	case KVM_EXIT_MMIO:
		return "the guest used an address where no memory is: is a segment base or a pointer wrong?";
	default:
		return "run it again with --trace FILE and read what led here";
	}
}

static void dump_state(int vcpu_fd, const uint8_t *code, size_t code_size)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	kvm_get_sregs(vcpu_fd, &sregs);
	kvm_get_regs(vcpu_fd, &regs);

	fprintf(stderr, "  RIP %016llx  CS %04x (base %llx)  RFLAGS %08llx\n",
		regs.rip, sregs.cs.selector, sregs.cs.base, regs.rflags);
	fprintf(stderr, "  RAX %016llx  RBX %016llx  RCX %016llx\n", regs.rax,
		regs.rbx, regs.rcx);
	fprintf(stderr, "  RDX %016llx  RSI %016llx  RDI %016llx\n", regs.rdx,
		regs.rsi, regs.rdi);
	fprintf(stderr, "  RSP %016llx  SS %04x  DS %04x  ES %04x\n", regs.rsp,
		sregs.ss.selector, sregs.ds.selector, sregs.es.selector);
	fprintf(stderr, "  CR0 %08llx  CR2 %016llx  CR3 %08llx\n", sregs.cr0,
		sregs.cr2, sregs.cr3);
	fprintf(stderr, "  CR4 %08llx  EFER %04llx: %s\n", sregs.cr4,
		sregs.efer, mode(&sregs));
	fprintf(stderr, "  bytes at RIP:");
	for (size_t i = 0; code && i < code_size; i++)
		fprintf(stderr, " %02x", code[i]);
	fprintf(stderr, "%s\n", code ? "" : " no memory there");
}

void dump_vcpu(const struct kvm_run *run, int vcpu_fd, const uint8_t *code,
	       size_t code_size)
{
	char text[160];

	exit_describe(run, text, sizeof(text));
	fprintf(stderr, "The guest crashed: %s\n", text);
	dump_state(vcpu_fd, code, code_size);
	fprintf(stderr, "  try next: %s\n", advice(run->exit_reason));
}

/* What a vCPU does that runs no guest code, as KVM_GET_MP_STATE tells it */
static const char *activity(uint32_t mp_state)
{
	switch (mp_state) {
	case KVM_MP_STATE_RUNNABLE:
		return "running";
	case KVM_MP_STATE_HALTED:
		return "halted";
	case KVM_MP_STATE_UNINITIALIZED:
	case KVM_MP_STATE_INIT_RECEIVED:
	case KVM_MP_STATE_SIPI_RECEIVED:
		return "not started: it waits for INIT and SIPI";
	default:
		return "in a state that this VMM has no name for";
	}
}

void dump_other_vcpu(unsigned int number, int vcpu_fd, const uint8_t *code,
		     size_t code_size)
{
	fprintf(stderr, "vCPU %u: %s\n", number,
		activity(kvm_get_mp_state(vcpu_fd)));
	dump_state(vcpu_fd, code, code_size);
}
