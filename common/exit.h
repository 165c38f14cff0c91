/* Exits to the VMM in words: for error messages and for --trace. */
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

#endif
