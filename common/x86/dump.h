/* A vCPU's state in words: for the report of a crash. */
#ifndef DUMP_H
#define DUMP_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reports an exit that should not have happened to standard error: the
 * reason, the vCPU's state, the `code_size` bytes at RIP (`code` is NULL
 * where RIP points to no memory), and what to try next.
 */
void dump_vcpu(const struct kvm_run *run, int vcpu_fd, const uint8_t *code,
	       size_t code_size);

/*
 * Reports to standard error where a vCPU was that is not to blame: what it did,
 * its state, and the bytes at RIP, as above.
 */
void dump_other_vcpu(unsigned int number, int vcpu_fd, const uint8_t *code,
		     size_t code_size);

#endif
