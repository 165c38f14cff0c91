/*
 * What CPUID says of a processor's place among the others: one package, in
 * which each is a core of one thread.  Its APIC ID is its number.
 */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H

#include <linux/kvm.h>
#include <stdint.h>

/*
 * Says so in `cpuid`, as vCPU `number` of `count` is to have it.  The result
 * is `cpuid`, or where there was no room in it a larger one in its place.
 */
struct kvm_cpuid2 *topology_set(struct kvm_cpuid2 *cpuid, uint32_t number,
				uint32_t count);

#endif
