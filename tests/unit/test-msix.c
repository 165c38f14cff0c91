/* MSI-X: table, masks and pending bits (PCI Local Bus 3.0, 6.8.2 and 6.8.3). */
#include "test.h"

#include "bus.h"
#include "memory-map.h"
#include "msix.h"

#define VECTORS 3
#define SLOT_1	(PCI_ECAM_GPA + (1 << 15))
#define TABLE	PCI_WINDOW_GPA
#define PBA	(TABLE + 0x800)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bus ports, mmio;
static struct pci_bus pci;
static struct pci_function function;
static struct msix *msix;

/* The messages that were sent */
static unsigned int sent;
static uint64_t last_address;
static uint32_t last_data;

static void send(void *controller, uint64_t address, uint32_t data)
{
	assert_ptr_equal(controller, &sent);
	sent++;
	last_address = address;
	last_data = data;
}

static void put(uint64_t gpa, uint64_t value, size_t size)
{
	bus_write(&mmio, gpa, &value, size);
}

static uint64_t get(uint64_t gpa, size_t size)
{
	uint64_t value = 0;

	bus_read(&mmio, gpa, &value, size);
	return value;
}

static void changed(void *owner, size_t offset, size_t size)
{
	(void)offset;
	(void)size;
	msix_send_pending(owner);
}

static void set_control(uint32_t flags)
{
	put(SLOT_1 + msix->capability + PCI_MSIX_FLAGS, flags, 2);
}

static void set_command(uint32_t bits)
{
	put(SLOT_1 + PCI_COMMAND, bits, 2);
}

static void set_vector(uint32_t vector, uint64_t address, uint32_t data,
		       uint32_t control)
{
	uint64_t entry = TABLE + vector * PCI_MSIX_ENTRY_SIZE;

	put(entry, address, 8);
	put(entry + PCI_MSIX_ENTRY_DATA, data, 4);
	put(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, control, 4);
}

static int set_up(void **state)
{
	static const struct pci_identity identity = { .vendor = 0x1234 };
	static const struct msi_port port = { send, &sent };

	(void)state;
	fake_reset();
	ports.count = 0;
	mmio.count = 0;
	sent = 0;
	msix = malloc(sizeof(*msix));
	assert_non_null(msix);
	memset(msix, FAKE_FILL, sizeof(*msix));
	pci_bus_init(&pci, &ports, &mmio, &lock);
	pci_function_init(&function, &identity);
	function.owner = msix;
	function.written = changed;
	msix_init(msix, &function, 1, VECTORS, &port);
	pci_bus_add(&pci, &function);
	put(SLOT_1 + PCI_BASE_ADDRESS_2, TABLE, 4);
	set_command(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(msix);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void is_found_as_a_capability(void **state)
{
	uint64_t at = SLOT_1 + get(SLOT_1 + PCI_CAPABILITY_LIST, 1);

	(void)state;
	assert_int_equal(get(at, 1), PCI_CAP_ID_MSIX);
	assert_int_equal(get(at + PCI_MSIX_FLAGS, 2), VECTORS - 1);
	/* In the BAR at register 2, far enough from each other */
	assert_int_equal(get(at + PCI_MSIX_TABLE, 4), 2);
	assert_int_equal(get(at + PCI_MSIX_PBA, 4), 0x800 | 2);
	set_control(0xffff);
	assert_int_equal(get(at + PCI_MSIX_FLAGS, 2), 0xc000 | (VECTORS - 1));
}

/* 6.8.2.9: all are masked at first. */
static void the_table_is_read_and_written(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VECTORS; i++) {
		assert_int_equal(get(TABLE + 16 * i, 8), 0);
		assert_int_equal(get(TABLE + 16 * i + 12, 4), 1);
		set_vector(i, 0xfee01000 + i, 0x40 + i, i);
	}
	for (uint32_t i = 0; i < VECTORS; i++) {
		assert_int_equal(get(TABLE + 16 * i, 8), 0xfee01000 + i);
		assert_int_equal(get(TABLE + 16 * i + 8, 4), 0x40 + i);
		assert_int_equal(get(TABLE + 16 * i + 12, 4), i);
	}
	/* 16 bits and less, and what is not aligned, change nothing. */
	put(TABLE, 0x55, 1);
	put(TABLE, 0x5555, 2);
	put(TABLE + 1, 0x55555555, 4);
	put(TABLE + 4, 0x5555555555555555, 8);
	assert_int_equal(get(TABLE, 8), 0xfee01000);
	/* Nor is there anything behind it. */
	put(TABLE + 16 * VECTORS, UINT64_MAX, 8);
	assert_int_equal(get(TABLE + 16 * VECTORS, 8), 0);
	put(PBA, UINT64_MAX, 8);
	assert_int_equal(get(PBA, 8), 0);
}

static void sends_the_guests_message(void **state)
{
	(void)state;
	set_vector(1, 0xfee02000, 0x31, 0);
	msix_raise(msix, 1);
	assert_int_equal(sent, 0);
	msix_forget(msix);
	set_control(PCI_MSIX_FLAGS_ENABLE);
	assert_true(msix_is_on(msix));
	assert_int_equal(sent, 0);
	msix_raise(msix, 1);
	assert_int_equal(sent, 1);
	assert_int_equal(last_address, 0xfee02000);
	assert_int_equal(last_data, 0x31);
	assert_int_equal(get(PBA, 8), 0);
	/* What is no vector */
	msix_raise(msix, VECTORS);
	msix_raise(msix, 0xffff);
	msix_raise(msix, UINT32_MAX);
	assert_int_equal(sent, 1);
	assert_int_equal(get(PBA, 8), 0);
}

static void a_masked_vector_stays_pending(void **state)
{
	(void)state;
	set_control(PCI_MSIX_FLAGS_ENABLE);
	set_vector(2, 0xfee00000, 0x32, 1);
	msix_raise(msix, 2);
	msix_raise(msix, 2);
	assert_int_equal(sent, 0);
	assert_int_equal(get(PBA, 8), 1 << 2);
	assert_int_equal(get(PBA, 4), 1 << 2);
	/* The message is what is there when it is unmasked. */
	put(TABLE + 2 * 16 + 8, 0x77, 4);
	assert_int_equal(sent, 0);
	put(TABLE + 2 * 16 + 12, 0, 4);
	assert_int_equal(sent, 1);
	assert_int_equal(last_data, 0x77);
	assert_int_equal(get(PBA, 8), 0);
	put(TABLE + 2 * 16 + 12, 1, 4);
	put(TABLE + 2 * 16 + 12, 0, 4);
	assert_int_equal(sent, 1);
}

static void a_masked_function_too(void **state)
{
	(void)state;
	set_vector(0, 0xfee00000, 0x30, 0);
	set_vector(1, 0xfee00000, 0x31, 1);
	set_control(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	msix_raise(msix, 0);
	msix_raise(msix, 1);
	assert_int_equal(sent, 0);
	assert_int_equal(get(PBA, 8), 3);
	set_control(PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(sent, 1);
	assert_int_equal(last_data, 0x30);
	assert_int_equal(get(PBA, 8), 2);
	msix_forget(msix);
	set_vector(1, 0xfee00000, 0x31, 0);
	assert_int_equal(sent, 1);
}

/* A message is a write to memory, which needs a bus master. */
static void and_what_is_no_bus_master(void **state)
{
	(void)state;
	set_vector(0, 0xfee00000, 0x30, 0);
	set_control(PCI_MSIX_FLAGS_ENABLE);
	set_command(PCI_COMMAND_MEMORY);
	msix_raise(msix, 0);
	assert_int_equal(sent, 0);
	assert_int_equal(get(PBA, 8), 1);
	set_command(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(sent, 1);
}

/* Any garbage in the table is passed on as it is, and no more than that. */
static void garbage_is_only_sent(void **state)
{
	uint8_t data[9];

	(void)state;
	set_control(PCI_MSIX_FLAGS_ENABLE);
	for (int fill = 0; fill < 3; fill++) {
		for (uint64_t offset = 0; offset < 0x1000; offset++) {
			for (size_t size = 1; size <= 8; size++) {
				memset(data, fill == 2 ? 0x5a : -fill, 9);
				bus_write(&mmio, TABLE + offset, data, size);
				memset(data, FAKE_FILL, 9);
				bus_read(&mmio, TABLE + offset, data, size);
				assert_int_equal(data[size], FAKE_FILL);
			}
		}
		for (uint32_t i = 0; i < VECTORS; i++)
			msix_raise(msix, i);
	}
	assert_true(sent >= VECTORS);
	assert_int_equal(get(PBA, 8) >> VECTORS, 0);
}

static void the_trace_has_names(void **state)
{
	uint32_t value = 1;
	char text[80];

	(void)state;
	bus_describe(&mmio, TABLE + 28, true, &value, 4, text, sizeof(text));
	assert_string_equal(text, "MSI-X.VectorControl = 0x1: vector 1");
	bus_describe(&mmio, TABLE + 4, true, &value, 4, text, sizeof(text));
	assert_string_equal(text, "MSI-X.Address(high) = 0x1: vector 0");
	bus_describe(&mmio, PBA, false, &value, 4, text, sizeof(text));
	assert_string_equal(text, "MSI-X.Pending = 0x1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(is_found_as_a_capability),
		TEST(the_table_is_read_and_written),
		TEST(sends_the_guests_message),
		TEST(a_masked_vector_stays_pending),
		TEST(a_masked_function_too),
		TEST(and_what_is_no_bus_master),
		TEST(garbage_is_only_sent),
		TEST(the_trace_has_names),
	};

	return cmocka_run_group_tests_name("MSI-X", tests, NULL, NULL);
}
