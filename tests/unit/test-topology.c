/* What CPUID says of a processor's place, whatever this host's is. */
#include "test.h"

#include "topology.h"

#define INTEL "Genu"
#define AMD   "Auth"
#define HYGON "Hygo"
#define HTT   (1u << 28)

/* A host's answers: those that have to be changed all say "wrong". */
static const struct kvm_cpuid_entry2 host[] = {
	{ .function = 0x0, .eax = 0x1f },
	{ .function = 0x1, .eax = 0x1234, .ebx = 0x7e403456, .edx = HTT | 3 },
	{ .function = 0x4, .index = 0, .eax = 0xfc0fc121, .ebx = 42 },
	{ .function = 0x4, .index = 1, .eax = 0xfc0fc143, .ebx = 43 },
	{ .function = 0x4, .index = 2, .eax = 0xfc0fc163, .ebx = 44 },
	{ .function = 0x4, .index = 3, .eax = 0 },
	{ .function = 0xb, .index = 0, .eax = 1, .ebx = 2, .edx = 99 },
	{ .function = 0xb, .index = 1, .eax = 6, .ebx = 64, .edx = 99 },
	{ .function = 0xd, .index = 0, .eax = 7 },
	{ .function = 0x1f, .index = 0, .eax = 1, .ebx = 2, .edx = 99 },
	{ .function = 0x80000001, .ecx = 0x102 },
	{ .function = 0x80000008, .eax = 0x3030, .ecx = 0x603f },
	{ .function = 0x8000001d, .index = 0, .eax = 0x04121 },
	{ .function = 0x8000001d, .index = 1, .eax = 0x3c163 },
	{ .function = 0x8000001d, .index = 2, .eax = 0 },
	{ .function = 0x8000001e, .eax = 99, .ebx = 0x163, .ecx = 0x703 },
};

#define ENTRIES (sizeof(host) / sizeof(host[0]))

static struct kvm_cpuid2 *cpuid;

/* As vCPU `number` of `count` is told, on a host of this make. */
static void told(const char *vendor, uint32_t number, uint32_t count)
{
	free(cpuid);
	cpuid = calloc(1, sizeof(*cpuid) + sizeof(host));
	cpuid->nent = ENTRIES;
	memcpy(cpuid->entries, host, sizeof(host));
	memcpy(&cpuid->entries[0].ebx, vendor, 4);
	cpuid = topology_set(cpuid, number, count);
}

/* The only entry of this function and index */
static const struct kvm_cpuid_entry2 *leaf(uint32_t function, uint32_t index)
{
	const struct kvm_cpuid_entry2 *found = NULL;

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function != function ||
		    cpuid->entries[i].index != index)
			continue;
		assert_null(found);
		found = &cpuid->entries[i];
	}
	assert_non_null(found);
	return found;
}

static int tear_down(void **state)
{
	(void)state;
	free(cpuid);
	cpuid = NULL;
	return 0;
}

static void leaf_1_has_id_and_count(void **state)
{
	(void)state;
	told(INTEL, 0, 1);
	assert_int_equal(leaf(1, 0)->ebx, 0x00013456);
	assert_int_equal(leaf(1, 0)->edx, 3);
	told(INTEL, 2, 3);
	assert_int_equal(leaf(1, 0)->ebx, 0x02043456);
	assert_int_equal(leaf(1, 0)->edx, HTT | 3);
	told(AMD, 7, 8);
	assert_int_equal(leaf(1, 0)->ebx, 0x07083456);
	told(INTEL, 254, 255);
	assert_int_equal(leaf(1, 0)->ebx, 0xfeff3456);
	assert_int_equal(leaf(1, 0)->eax, 0x1234);
}

static void expect_levels(uint32_t function, uint32_t number, uint32_t count,
			  uint32_t bits)
{
	const struct kvm_cpuid_entry2 *thread = leaf(function, 0);
	const struct kvm_cpuid_entry2 *core = leaf(function, 1);
	const struct kvm_cpuid_entry2 *end = leaf(function, 2);

	assert_int_equal(thread->eax, 0);
	assert_int_equal(thread->ebx, 1);
	assert_int_equal(thread->ecx, 0x100);
	assert_int_equal(core->eax, bits);
	assert_int_equal(core->ebx, count);
	assert_int_equal(core->ecx, 0x201);
	assert_int_equal(end->eax, 0);
	assert_int_equal(end->ebx, 0);
	assert_int_equal(end->ecx, 2);
	assert_int_equal(thread->edx, number);
	assert_int_equal(core->edx, number);
	assert_int_equal(end->edx, number);
	assert_int_equal(core->flags, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
}

static void levels_are_ours_and_no_others(void **state)
{
	static const struct {
		uint32_t count, bits;
	} cases[] = { { 1, 0 }, { 2, 1 }, { 3, 2 },  { 4, 2 },	{ 5, 3 },
		      { 8, 3 }, { 9, 4 }, { 64, 6 }, { 255, 8 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t count = cases[i].count;

		told(INTEL, count - 1, count);
		expect_levels(0xb, count - 1, count, cases[i].bits);
		expect_levels(0x1f, count - 1, count, cases[i].bits);
		/* Three entries were the host's, six are ours. */
		assert_int_equal(cpuid->nent, ENTRIES + 3);
		assert_int_equal(leaf(0xd, 0)->eax, 7);
	}
}

static void no_leaf_beyond_the_highest(void **state)
{
	(void)state;
	cpuid = calloc(1, sizeof(*cpuid) + 2 * sizeof(host[0]));
	cpuid->nent = 2;
	cpuid->entries[0].eax = 0xa;
	cpuid->entries[1].function = 1;
	cpuid = topology_set(cpuid, 1, 2);
	assert_int_equal(cpuid->nent, 2);
	cpuid->entries[0].eax = 0x1e;
	cpuid = topology_set(cpuid, 1, 2);
	assert_int_equal(cpuid->nent, 2 + 3);
	expect_levels(0xb, 1, 2, 1);
}

static void caches_are_shared_from_the_third_on(void **state)
{
	(void)state;
	told(INTEL, 1, 4);
	assert_int_equal(leaf(4, 0)->eax, 3u << 26 | 0x121);
	assert_int_equal(leaf(4, 1)->eax, 3u << 26 | 0x143);
	assert_int_equal(leaf(4, 2)->eax, 3u << 26 | 3 << 14 | 0x163);
	assert_int_equal(leaf(4, 2)->ebx, 44);
	assert_int_equal(leaf(4, 3)->eax, 0);
	told(INTEL, 0, 1);
	assert_int_equal(leaf(4, 2)->eax, 0x163);
	/* The field for cores has six bits, the one for threads twelve. */
	told(INTEL, 0, 200);
	assert_int_equal(leaf(4, 0)->eax, 63u << 26 | 0x121);
	assert_int_equal(leaf(4, 2)->eax, 63u << 26 | 255 << 14 | 0x163);
}

static void expect_amd(const char *vendor)
{
	told(vendor, 5, 6);
	assert_int_equal(leaf(0x80000001, 0)->ecx, 0x102);
	assert_int_equal(leaf(0x80000008, 0)->ecx, 0x3005);
	assert_int_equal(leaf(0x80000008, 0)->eax, 0x3030);
	assert_int_equal(leaf(0x8000001d, 0)->eax, 0x121);
	assert_int_equal(leaf(0x8000001d, 1)->eax, 7 << 14 | 0x163);
	assert_int_equal(leaf(0x8000001d, 2)->eax, 0);
	assert_int_equal(leaf(0x8000001e, 0)->eax, 5);
	assert_int_equal(leaf(0x8000001e, 0)->ebx, 5);
	assert_int_equal(leaf(0x8000001e, 0)->ecx, 0);
	told(vendor, 0, 1);
	assert_int_equal(leaf(0x80000001, 0)->ecx, 0x100);
	assert_int_equal(leaf(0x80000008, 0)->ecx, 0);
}

static void amd_has_leaves_of_its_own(void **state)
{
	(void)state;
	expect_amd(AMD);
	expect_amd(HYGON);
	/* They are reserved, or something else, on others. */
	told(INTEL, 5, 6);
	for (uint32_t i = 10; i < ENTRIES; i++)
		assert_memory_equal(leaf(host[i].function, host[i].index),
				    &host[i], sizeof(host[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(leaf_1_has_id_and_count, tear_down),
		cmocka_unit_test_teardown(levels_are_ours_and_no_others,
					  tear_down),
		cmocka_unit_test_teardown(no_leaf_beyond_the_highest,
					  tear_down),
		cmocka_unit_test_teardown(caches_are_shared_from_the_third_on,
					  tear_down),
		cmocka_unit_test_teardown(amd_has_leaves_of_its_own, tear_down),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
