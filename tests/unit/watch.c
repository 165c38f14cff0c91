#include "watch.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

/* Intel SDM vol. 1, 3.4.3.1: RFLAGS.TF, a trap after each instruction */
#define TRAP_FLAG   0x100
/* Intel SDM vol. 3A, 4.7: page faults, the error code's W/R bit */
#define FAULT_WRITE 0x2
/* Intel SDM vol. 2: LOCK, and the three bytes of MFENCE */
#define OPCODE_LOCK 0xf0
#define IS_MFENCE(code) \
	((code)[0] == 0x0f && (code)[1] == 0xae && (code)[2] == 0xf0)

static struct watch *seen;
static uint8_t *watched;
static size_t watched_size;
static volatile sig_atomic_t watching;

static void add(enum watch_kind kind, uint64_t offset)
{
	if (seen->count == WATCH_MAX)
		abort();
	seen->accesses[seen->count].kind = kind;
	seen->accesses[seen->count].offset = offset;
	seen->count++;
}

/* An access: let it pass, and trap behind it. */
static void on_fault(int number, siginfo_t *info, void *argument)
{
	greg_t *registers = ((ucontext_t *)argument)->uc_mcontext.gregs;
	uint8_t *address = info->si_addr;

	(void)number;
	if (address < watched || address >= watched + watched_size)
		abort();
	add(registers[REG_ERR] & FAULT_WRITE ? WATCH_WRITE : WATCH_READ,
	    (uint64_t)(address - watched));
	mprotect(watched, watched_size, PROT_READ | PROT_WRITE);
	registers[REG_EFL] |= TRAP_FLAG;
}

/* An instruction is done: lock the memory again, and look at the next one. */
static void on_trap(int number, siginfo_t *info, void *argument)
{
	greg_t *registers = ((ucontext_t *)argument)->uc_mcontext.gregs;
	const uint8_t *code = (const uint8_t *)registers[REG_RIP];

	(void)number;
	(void)info;
	if (!watching) {
		registers[REG_EFL] &= ~TRAP_FLAG;
		return;
	}
	mprotect(watched, watched_size, PROT_NONE);
	if (code[0] == OPCODE_LOCK || IS_MFENCE(code))
		add(WATCH_BARRIER, 0);
}

void watch(struct watch *log, uint8_t *memory, size_t size,
	   void (*function)(void *), void *argument)
{
	struct sigaction fault = { .sa_sigaction = on_fault,
				   .sa_flags = SA_SIGINFO };
	struct sigaction trap = { .sa_sigaction = on_trap,
				  .sa_flags = SA_SIGINFO };
	struct sigaction old_fault, old_trap;

	log->count = 0;
	seen = log;
	watched = memory;
	watched_size = size;
	sigaction(SIGSEGV, &fault, &old_fault);
	sigaction(SIGTRAP, &trap, &old_trap);

	/* The first access sets the trap flag, for good. */
	watching = true;
	mprotect(memory, size, PROT_NONE);
	function(argument);
	watching = false;
	mprotect(memory, size, PROT_READ | PROT_WRITE);

	sigaction(SIGSEGV, &old_fault, NULL);
	sigaction(SIGTRAP, &old_trap, NULL);
}

size_t watch_find(const struct watch *log, enum watch_kind kind,
		  uint64_t offset, uint64_t length, size_t from)
{
	size_t i;

	for (i = from; i < log->count; i++)
		if (log->accesses[i].kind == kind &&
		    log->accesses[i].offset >= offset &&
		    log->accesses[i].offset < offset + length)
			break;
	return i;
}
