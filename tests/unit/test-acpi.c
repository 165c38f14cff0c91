/* ACPI's tables, found and read as a guest does: ACPI 6.4, 5.2. */
#include "test.h"

#include "acpi.h"
#include "memory-map.h"
#include "power.h"
#include "virtio-mmio.h"

#define HEADER_SIZE 36

#ifdef CPUS /* more than one */
#define acpi_load(memory) acpi_load(memory, CPUS)
#endif

static struct memory memory;

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	fake_memory_create(&memory, 0x200000);
	acpi_load(&memory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_memory_destroy(&memory);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static uint64_t number(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

static uint8_t sum(const uint8_t *bytes, size_t size)
{
	uint8_t all = 0;

	while (size--)
		all += *bytes++;
	return all;
}

/* 5.2.5.1: on a 16-byte boundary between 0xe0000 and 0xfffff */
static const uint8_t *find_rsdp(void)
{
	for (uint64_t gpa = 0xe0000; gpa < 0x100000; gpa += 16)
		if (memcmp(memory.ram + gpa, "RSD PTR ", 8) == 0)
			return memory.ram + gpa;
	fail_msg("no RSDP");
	return NULL;
}

/* The table at a GPA, wholly in the area for tables */
static const uint8_t *table_at(uint64_t gpa, const char *signature)
{
	const uint8_t *table = memory.ram + gpa;

	assert_in_range(gpa, ACPI_GPA, RESET_GPA - HEADER_SIZE);
	assert_memory_equal(table, signature, 4);
	assert_in_range(gpa + number(table + 4, 4), ACPI_GPA, RESET_GPA);
	if (memcmp(signature, "FACS", 4) != 0)
		assert_int_equal(sum(table, number(table + 4, 4)), 0);
	return table;
}

static const uint8_t *find(const char *signature)
{
	const uint8_t *xsdt = table_at(number(find_rsdp() + 24, 8), "XSDT");

	for (uint64_t at = HEADER_SIZE; at < number(xsdt + 4, 4); at += 8) {
		uint64_t gpa = number(xsdt + at, 8);

		if (memcmp(memory.ram + gpa, signature, 4) == 0)
			return table_at(gpa, signature);
	}
	fail_msg("no %s", signature);
	return NULL;
}

static void rsdp_of_acpi_2(void **state)
{
	const uint8_t *rsdp = find_rsdp();

	(void)state;
	assert_ptr_equal(rsdp, memory.ram + ACPI_GPA); /* boot_params has it */
	assert_int_equal(sum(rsdp, 20), 0);
	assert_int_equal(rsdp[15], 2);
	assert_int_equal(number(rsdp + 16, 4), 0); /* no RSDT */
	assert_int_equal(number(rsdp + 20, 4), 36);
	assert_int_equal(sum(rsdp, 36), 0);
}

static void xsdt_names_fadt_and_madt(void **state)
{
	const uint8_t *xsdt = table_at(number(find_rsdp() + 24, 8), "XSDT");

	(void)state;
	assert_int_equal(xsdt[8], 1);
	assert_int_equal(number(xsdt + 4, 4), HEADER_SIZE + 2 * 8);
	find("FACP");
	find("APIC");
}

static void expect_port(const uint8_t *gas, uint16_t number_of_port,
			uint8_t bits, uint8_t access)
{
	const uint8_t wanted[4] = { 1, bits, 0, access };

	assert_memory_equal(gas, wanted, sizeof(wanted));
	assert_int_equal(number(gas + 4, 8), number_of_port);
}

/* Table 5.9, by its offsets */
static void fadt_names_the_power_registers(void **state)
{
	const uint8_t *fadt = find("FACP");

	(void)state;
	assert_int_equal(number(fadt + 4, 4), 276);
	assert_int_equal(fadt[8], 6);
	assert_int_equal(fadt[131], 4);
	assert_int_equal(number(fadt + 46, 2), POWER_SCI);
	assert_int_equal(number(fadt + 48, 4), 0); /* no SMI_CMD */
	assert_int_equal(number(fadt + 56, 4), POWER_EVENT);
	assert_int_equal(number(fadt + 64, 4), POWER_CONTROL);
	assert_int_equal(fadt[88], POWER_EVENT_SIZE);
	assert_int_equal(fadt[89], POWER_CONTROL_SIZE);
	assert_int_equal(number(fadt + 109, 2), 0x24);
	/* WBINVD, C1, no sleep button, no wake by RTC, a reset register;
	 * the power button is a register's bit, not a device's: bit 4 is 0 */
	assert_int_equal(number(fadt + 112, 4), 0x465);
	expect_port(fadt + 116, 0xcf9, 8, 1);
	assert_int_equal(fadt[128], 6);
	expect_port(fadt + 148, POWER_EVENT, 32, 2);
	expect_port(fadt + 172, POWER_CONTROL, 16, 2);
}

static void fadt_points_to_dsdt_and_facs(void **state)
{
	const uint8_t *fadt = find("FACP");
	uint64_t facs = number(fadt + 36, 4);

	(void)state;
	assert_int_equal(number(fadt + 40, 4), number(fadt + 140, 8));
	assert_int_equal(table_at(number(fadt + 40, 4), "DSDT")[8], 2);
	assert_int_equal(facs % 64, 0);
	table_at(facs, "FACS");
	assert_int_equal(number(memory.ram + facs + 4, 4), 64);
	assert_int_equal(memory.ram[facs + 32], 2);
	assert_int_equal(number(fadt + 132, 8), 0); /* one of the two only */
}

#ifdef CPUS
/* 5.2.12: an I/O APIC, an interrupt that is a level, and each CPU */
static void madt_tells_of_each_cpu(void **state)
{
	static const uint8_t wanted[] = {
		0x00, 0x00,	 0xe0,	    0xfe, 1,	0, 0,	 0, 1, 12, 0,
		0,    0x00,	 0x00,	    0xc0, 0xfe, 0, 0,	 0, 0, 2,  10,
		0,    POWER_SCI, POWER_SCI, 0,	  0,	0, 0x0d, 0, 0, 8,  0,
		0,    1,	 0,	    0,	  0,	0, 8,	 1, 1, 1,  0,
		0,    0,	 0,	    8,	  2,	2, 1,	 0, 0, 0,
	};
	const uint8_t *madt = find("APIC");

	(void)state;
	assert_int_equal(number(madt + 4, 4), HEADER_SIZE + sizeof(wanted));
	assert_memory_equal(madt + HEADER_SIZE, wanted, sizeof(wanted));
}

/* The largest number of them: the next table is still there. */
static void madt_of_the_largest_machine(void **state)
{
	const uint8_t *madt;

	(void)state;
#undef acpi_load
	acpi_load(&memory, ACPI_MAX_CPUS);
#define acpi_load(memory) acpi_load(memory, CPUS)
	madt = find("APIC");
	assert_int_equal(number(madt + 4, 4),
			 HEADER_SIZE + 8 + 12 + 10 + 8 * ACPI_MAX_CPUS);
	assert_memory_equal(madt + number(madt + 4, 4) - 8,
			    "\0\x08\xfe\xfe\1\0\0", 8);
	table_at(number(find("FACP") + 40, 4), "DSDT");
}
#else
/* 5.2.12: a CPU, an I/O APIC, an interrupt that is a level */
static void madt_is_as_kvm_has_it(void **state)
{
	static const uint8_t wanted[] = {
		0x00, 0x00,	 0xe0,	    0xfe, 1, 0, 0,    0,  0, 8,
		0,    0,	 1,	    0,	  0, 0, 1,    12, 0, 0,
		0x00, 0x00,	 0xc0,	    0xfe, 0, 0, 0,    0,  2, 10,
		0,    POWER_SCI, POWER_SCI, 0,	  0, 0, 0x0d, 0,
	};
	const uint8_t *madt = find("APIC");

	(void)state;
	assert_int_equal(madt[8], 5);
	assert_int_equal(number(madt + 4, 4), HEADER_SIZE + sizeof(wanted));
	assert_memory_equal(madt + HEADER_SIZE, wanted, sizeof(wanted));
}
#endif

/* The slots' pages and interrupts are the code's, and stand in the AML. */
static void dsdt_has_each_slot(void **state)
{
	const uint8_t *dsdt = table_at(number(find("FACP") + 40, 4), "DSDT");
	size_t size = number(dsdt + 4, 4), slots = 0;

	(void)state;
	for (size_t at = 0; at + 12 + 9 <= size; at++) {
		uint8_t memory32[12] = { 0x86, 9, 0, 1 };
		uint8_t interrupt[9] = { 0x89, 6, 0, 0x03, 1 };
		uint32_t gpa = (uint32_t)VIRTIO_MMIO_GPA(slots);
		uint32_t length = VIRTIO_SIZE, gsi = VIRTIO_MMIO_GSI(slots);

		/* 6.4.3.4 and 6.4.3.6 */
		memcpy(memory32 + 4, &gpa, 4);
		memcpy(memory32 + 8, &length, 4);
		memcpy(interrupt + 5, &gsi, 4);
		if (memcmp(dsdt + at, memory32, sizeof(memory32)) == 0 &&
		    memcmp(dsdt + at + sizeof(memory32), interrupt,
			   sizeof(interrupt)) == 0)
			slots++;
	}
	assert_int_equal(slots, VIRTIO_MMIO_MAX);
}

static void writes_nothing_but_its_area(void **state)
{
	(void)state;
	assert_true(all_are(memory.ram, ACPI_GPA, FAKE_FILL));
	assert_true(all_are(memory.ram + RESET_GPA, memory.size - RESET_GPA,
			    FAKE_FILL));
}

/* Less RAM than the tables need; a kernel would not have fitted, either. */
static void no_room(void **state)
{
	struct memory small = memory;

	(void)state;
	small.size = ACPI_GPA + 0x480;
	assert_dies(acpi_load(&small), "do not fit");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(rsdp_of_acpi_2),
		TEST(xsdt_names_fadt_and_madt),
		TEST(fadt_names_the_power_registers),
		TEST(fadt_points_to_dsdt_and_facs),
#ifdef CPUS
		TEST(madt_tells_of_each_cpu),
		TEST(madt_of_the_largest_machine),
#else
		TEST(madt_is_as_kvm_has_it),
#endif
		TEST(dsdt_has_each_slot),
		TEST(writes_nothing_but_its_area),
		TEST(no_room),
	};

	return cmocka_run_group_tests_name("ACPI's tables", tests, NULL, NULL);
}
