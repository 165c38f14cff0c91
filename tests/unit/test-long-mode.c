/* The registers and tables of a start in 64-bit mode, without KVM. */
#include "test.h"

#include "kvm-x86.h"
#include "long-mode.h"
#include "memory-map.h"

#define VCPU_FD	  11
#define RAM_SIZE  (2 << 20)
#define ENTRY	  0x1000000
#define ZERO_PAGE 0x8000

static struct kvm_sregs special;
static struct kvm_regs general;

/* As after a reset, as far as it matters here */
void kvm_get_sregs(int vcpu_fd, struct kvm_sregs *sregs)
{
	assert_int_equal(vcpu_fd, VCPU_FD);
	memset(sregs, 0, sizeof(*sregs));
	sregs->cr0 = 0x60000010; /* cache disabled */
	sregs->tr.type = 11;
	sregs->tr.present = 1;
	sregs->apic_base = 0xfee00900;
}

void kvm_set_sregs(int vcpu_fd, const struct kvm_sregs *sregs)
{
	assert_int_equal(vcpu_fd, VCPU_FD);
	special = *sregs;
}

void kvm_set_regs(int vcpu_fd, const struct kvm_regs *regs)
{
	assert_int_equal(vcpu_fd, VCPU_FD);
	general = *regs;
}

static struct memory memory;

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	fake_memory_create(&memory, RAM_SIZE);
	memset(memory.ram, 0, RAM_SIZE);
	long_mode_start(VCPU_FD, &memory, ENTRY, ZERO_PAGE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_memory_destroy(&memory);
	return 0;
}

static void registers(void **state)
{
	(void)state;
	assert_int_equal(general.rip, ENTRY);
	assert_int_equal(general.rsi, ZERO_PAGE);
	assert_int_equal(general.rflags, 2); /* interrupts off */
	/* PE, ET, PG; nothing disables the cache */
	assert_int_equal(special.cr0, 0x80000011);
	assert_int_equal(special.cr4, 0x20); /* PAE */
	assert_int_equal(special.efer, 0x500); /* LME, LMA */
	/* What is none of ours stays. */
	assert_int_equal(special.tr.type, 11);
	assert_int_equal(special.apic_base, 0xfee00900);
}

/* The entry of the GDT that this segment says it comes from (SDM vol. 3A, 3.4.5) */
static void expect_descriptor(const struct kvm_segment *segment)
{
	uint64_t entry;

	assert_int_equal(special.gdt.base, GDT_GPA);
	assert_true(segment->selector + 7u <= special.gdt.limit);
	memcpy(&entry, memory.ram + GDT_GPA + segment->selector, sizeof(entry));
	assert_int_equal(entry >> 40 & 0xf, segment->type);
	assert_int_equal(entry >> 44 & 1, segment->s);
	assert_int_equal(entry >> 45 & 3, segment->dpl);
	assert_int_equal(entry >> 47 & 1, segment->present);
	assert_int_equal(entry >> 53 & 1, segment->l);
	assert_int_equal(entry >> 54 & 1, segment->db);
	assert_int_equal(entry >> 55 & 1, segment->g);
	assert_int_equal(entry & 0xffff, 0xffff); /* 4 GiB */
	assert_int_equal(entry >> 48 & 0xf, 0xf);
	assert_int_equal((entry >> 16 & 0xffffff) | entry >> 56, 0); /* base */
	assert_int_equal(segment->base, 0);
	assert_int_equal(segment->limit, 0xffffffff);
}

static void segments(void **state)
{
	const struct kvm_segment *data[] = { &special.ds, &special.es,
					     &special.fs, &special.gs,
					     &special.ss };

	(void)state;
	assert_int_equal(special.cs.selector, 0x10);
	assert_int_equal(special.cs.type, 0xb); /* code: execute, read */
	assert_int_equal(special.cs.l, 1);
	assert_int_equal(special.cs.db, 0); /* has to be, where L is 1 */
	expect_descriptor(&special.cs);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(data[i]->selector, 0x18);
		assert_int_equal(data[i]->type, 3); /* data: read, write */
		expect_descriptor(data[i]);
	}
}

static uint64_t entry_at(uint64_t table, uint64_t index)
{
	uint64_t entry;

	memcpy(&entry, memory_at(&memory, table + index * 8, 8), sizeof(entry));
	return entry;
}

/* Present, writable; a bit that is reserved would be a fault. */
static uint64_t next_table(uint64_t table, uint64_t index)
{
	uint64_t entry = entry_at(table, index);

	assert_int_equal(entry & 0xfff, 3);
	return entry & ~0xfffull;
}

static void pages_are_one_to_one(void **state)
{
	(void)state;
	for (uint64_t gpa = 0; gpa < HOLE_END; gpa += 2 << 20) {
		uint64_t table = next_table(special.cr3, gpa >> 39);

		table = next_table(table, gpa >> 30 & 511);
		assert_int_equal(entry_at(table, gpa >> 21 & 511), gpa | 0x83);
	}
	/* Above 4 GiB there is nothing. */
	assert_int_equal(entry_at(next_table(special.cr3, 0), 4), 0);
	assert_int_equal(entry_at(special.cr3, 1), 0);
}

static void tables_are_in_their_place(void **state)
{
	(void)state;
	assert_true(all_are(memory.ram, GDT_GPA, 0));
	assert_true(all_are(memory.ram + ZERO_PAGE_GPA,
			    RAM_SIZE - ZERO_PAGE_GPA, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(registers),
		TEST(segments),
		TEST(pages_are_one_to_one),
		TEST(tables_are_in_their_place),
	};

	return cmocka_run_group_tests_name("long mode", tests, NULL, NULL);
}
