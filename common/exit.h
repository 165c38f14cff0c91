/* VM exits in words: for error messages and for --trace. */
#ifndef EXIT_H
#define EXIT_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

/* The name of an exit reason (api.rst 5), as "KVM_EXIT_IO". */
const char *exit_name(uint32_t reason);

/*
 * One line without its end, at most `size` bytes with the final NUL, as
 * "KVM_EXIT_IO out 0x3f8 size 1: 0x48".
 */
void exit_describe(const struct kvm_run *run, char *text, size_t size);

/*
 * Reports an exit that should not have happened to standard error: the
 * reason, the vCPU's state, the `code_size` bytes at RIP (`code` is NULL
 * where RIP points to no memory), and what to try next.
 */
void exit_dump(const struct kvm_run *run, int vcpu, const uint8_t *code,
	       size_t code_size);

#endif
