#include "topology.h"

#include "die.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* CPUID leaves and bits, Intel SDM vol. 2A, CPUID */
#define LEAF_HIGHEST	 0x0 /* EAX; EBX: the first letters of the vendor */
#define LEAF_FEATURES	 0x1
#define APIC_ID(id)	 ((id) << 24) /* of EBX */
#define APIC_IDS(count)	 ((count) << 16) /* of EBX */
#define NOT_IDS		 0xffff /* of EBX */
#define HTT		 (1u << 28) /* of EDX: APIC_IDS is valid */
#define LEAF_CACHES	 0x4
#define CACHE_TYPE	 0x1f /* of EAX; 0: no more caches */
#define CACHE_LEVEL(eax) ((eax) >> 5 & 7)
#define CACHE_FOR(ids)	 (((ids)-1) << 14) /* of EAX: who shares it */
#define CORES(ids)	 (((ids)-1) << 26) /* of EAX: in the package */
#define NOT_SHARING	 0x3fff /* of EAX */
#define LEAF_LEVELS	 0xb /* EDX: the x2APIC ID */
#define LEAF_LEVELS_2	 0x1f
#define LEVEL_THREAD	 (1 << 8) /* of ECX */
#define LEVEL_CORE	 (2 << 8)
#define MAX_CORES	 64 /* as many as CORES has room for */

/* AMD APM vol. 3, CPUID */
#define LEAF_AMD_FEATURES 0x80000001
#define CMP_LEGACY	  (1u << 1) /* of ECX: HTT tells of cores */
#define LEAF_AMD_SIZES	  0x80000008
#define AMD_CORES(count)  ((count)-1) /* of ECX */
#define AMD_ID_BITS(bits) ((bits) << 12) /* of ECX */
#define LEAF_AMD_CACHES	  0x8000001d /* EAX: CACHE_FOR */
#define LEAF_AMD_TOPOLOGY 0x8000001e /* EAX: the APIC ID; EBX: the core */

/* From this level on, a cache is for all. */
#define SHARED_LEVEL 3

/* How many bits it takes to number so many */
static uint32_t bits_for(uint32_t count)
{
	uint32_t bits = 0;

	while (1u << bits < count)
		bits++;
	return bits;
}

static uint32_t at_most(uint32_t value, uint32_t most)
{
	return value < most ? value : most;
}

static void share_cache(struct kvm_cpuid_entry2 *entry, uint32_t ids)
{
	entry->eax &= NOT_SHARING;
	if (CACHE_LEVEL(entry->eax) >= SHARED_LEVEL)
		entry->eax |= CACHE_FOR(ids);
}

static void adjust(struct kvm_cpuid_entry2 *entry, uint32_t number,
		   uint32_t count)
{
	uint32_t ids = 1u << bits_for(count);

	switch (entry->function) {
	case LEAF_FEATURES:
		entry->ebx = (entry->ebx & NOT_IDS) | APIC_ID(number) |
			     APIC_IDS(at_most(ids, UINT8_MAX));
		entry->edx &= ~HTT;
		if (count > 1)
			entry->edx |= HTT;
		break;
	case LEAF_CACHES:
		if (!(entry->eax & CACHE_TYPE))
			break;
		share_cache(entry, ids);
		entry->eax |= CORES(at_most(ids, MAX_CORES));
		break;
	}
}

static void adjust_amd(struct kvm_cpuid_entry2 *entry, uint32_t number,
		       uint32_t count)
{
	uint32_t bits = bits_for(count);

	switch (entry->function) {
	case LEAF_AMD_FEATURES:
		entry->ecx &= ~CMP_LEGACY;
		if (count > 1)
			entry->ecx |= CMP_LEGACY;
		break;
	case LEAF_AMD_SIZES:
		entry->ecx = AMD_CORES(count) | AMD_ID_BITS(bits);
		break;
	case LEAF_AMD_CACHES:
		if (entry->eax & CACHE_TYPE)
			share_cache(entry, 1u << bits);
		break;
	case LEAF_AMD_TOPOLOGY:
		entry->eax = number;
		entry->ebx = number;
		entry->ecx = 0;
		break;
	}
}

/* A leaf with an index for each level: KVM tells of the first, if of any. */
static void set_levels(struct kvm_cpuid2 *cpuid, uint32_t function,
		       uint32_t number, uint32_t count)
{
	const struct kvm_cpuid_entry2 levels[] = {
		{ .eax = 0, .ebx = 1, .ecx = LEVEL_THREAD },
		{ .eax = bits_for(count), .ebx = count, .ecx = LEVEL_CORE },
		{ .eax = 0 }, /* no more of them */
	};
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function != function)
			cpuid->entries[kept++] = cpuid->entries[i];
	for (uint32_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[kept++];

		*entry = levels[i];
		entry->function = function;
		entry->index = i;
		entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		entry->ecx |= i;
		entry->edx = number;
	}
	cpuid->nent = kept;
}

struct kvm_cpuid2 *topology_set(struct kvm_cpuid2 *cpuid, uint32_t number,
				uint32_t count)
{
	const uint32_t added = 2 * 3; /* two leaves, three levels */
	uint32_t highest = 0;
	bool amd = false;

	cpuid = realloc(cpuid,
			sizeof(*cpuid) + (cpuid->nent + added) *
						 sizeof(cpuid->entries[0]));
	if (!cpuid)
		die_errno("memory for CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == LEAF_HIGHEST) {
			highest = entry->eax;
			amd = memcmp(&entry->ebx, "Auth", 4) == 0 ||
			      memcmp(&entry->ebx, "Hygo", 4) == 0;
		}
		adjust(entry, number, count);
		if (amd)
			adjust_amd(entry, number, count);
	}
	if (highest >= LEAF_LEVELS)
		set_levels(cpuid, LEAF_LEVELS, number, count);
	if (highest >= LEAF_LEVELS_2)
		set_levels(cpuid, LEAF_LEVELS_2, number, count);
	return cpuid;
}
