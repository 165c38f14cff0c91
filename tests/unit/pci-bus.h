/* A PCI bus with three functions, and a guest that looks at it. */
#ifndef PCI_BUS_H
#define PCI_BUS_H

#include "test.h"

#include "bus.h"
#include "memory-map.h"
#include "pci.h"

#include <pthread.h>

#define DEVICES	 3
#define BAR_SIZE 0x4000

static const struct pci_identity identity = {
	.vendor = 0x1234,
	.device = 0x5678,
	.subsystem_vendor = 0x9abc,
	.subsystem = 0xdef0,
	.class_code = 0x010203,
	.revision = 0x42,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bus ports, mmio;
static struct pci_bus *pci;

/* In the heap: the sanitizer sees each access behind its end. */
static struct pci_function *functions[DEVICES];

/* What the registers of a function were asked last, and by which */
static struct {
	int function;
	uint64_t offset;
	size_t size;
	unsigned int reads, writes;
} seen;

static inline void note(void *device, uint64_t offset, size_t size)
{
	seen.function = -1;
	for (int i = 0; i < DEVICES; i++)
		if (device == functions[i])
			seen.function = i;
	seen.offset = offset;
	seen.size = size;
	assert_true(offset < BAR_SIZE && size <= BAR_SIZE - offset);
}

static inline void read_bar(void *device, uint64_t offset, void *data,
			    size_t size)
{
	note(device, offset, size);
	seen.reads++;
	memset(data, 0x77, size);
}

static inline void write_bar(void *device, uint64_t offset, const void *data,
			     size_t size)
{
	(void)data;
	note(device, offset, size);
	seen.writes++;
}

static inline void describe_bar(void *device, uint64_t offset, bool is_write,
				const void *data, size_t size, char *text,
				size_t text_size)
{
	(void)is_write;
	(void)data;
	note(device, offset, size);
	strncpy(text, "mine = 0x0", text_size);
}

static const struct bus_device in_bar = { read_bar, write_bar, describe_bar };

static inline int set_up(void **state)
{
	(void)state;
	fake_reset();
	memset(&seen, 0, sizeof(seen));
	ports.count = 0;
	mmio.count = 0;
	pci = malloc(sizeof(*pci));
	assert_non_null(pci);
	memset(pci, FAKE_FILL, sizeof(*pci));
	pci_bus_init(pci, &ports, &mmio, &lock);
	for (int i = 0; i < DEVICES; i++) {
		functions[i] = malloc(sizeof(*functions[i]));
		assert_non_null(functions[i]);
		memset(functions[i], FAKE_FILL, sizeof(*functions[i]));
		pci_function_init(functions[i], &identity);
		pci_add_bar(functions[i], 0, BAR_SIZE, &in_bar, functions[i]);
		pci_bus_add(pci, functions[i]);
	}
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < DEVICES; i++)
		free(functions[i]);
	free(pci);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- the guest's accesses: the two ways ---- */

static inline uint32_t port_address(uint32_t slot, uint32_t offset)
{
	return 1u << 31 | slot << 11 | (offset & ~3u);
}

static inline uint32_t in(uint32_t slot, uint32_t offset, size_t size)
{
	uint32_t address = port_address(slot, offset), value = 0;

	bus_write(&ports, 0xcf8, &address, 4);
	bus_read(&ports, 0xcfc + (offset & 3), &value, size);
	return value;
}

static inline void out(uint32_t slot, uint32_t offset, uint32_t value,
		       size_t size)
{
	uint32_t address = port_address(slot, offset);

	bus_write(&ports, 0xcf8, &address, 4);
	bus_write(&ports, 0xcfc + (offset & 3), &value, size);
}

static inline uint64_t ecam(uint32_t bus, uint32_t slot, uint32_t function,
			    uint32_t offset)
{
	return PCI_ECAM_GPA + (bus << 20 | slot << 15 | function << 12) +
	       offset;
}

static inline uint64_t get(uint64_t gpa, size_t size)
{
	uint64_t value = 0;

	bus_read(&mmio, gpa, &value, size);
	return value;
}

static inline void put(uint64_t gpa, uint64_t value, size_t size)
{
	bus_write(&mmio, gpa, &value, size);
}

static inline void place(uint32_t slot, uint64_t gpa)
{
	out(slot, PCI_BASE_ADDRESS_0, (uint32_t)gpa, 4);
	out(slot, PCI_BASE_ADDRESS_1, (uint32_t)(gpa >> 32), 4);
}

static inline void decode(uint32_t slot, bool on)
{
	out(slot, PCI_COMMAND, on ? PCI_COMMAND_MEMORY : 0, 2);
}

/* Who answers at this address: a slot, or 0 for nobody. */
static inline uint32_t answers(uint64_t gpa)
{
	unsigned int before = seen.reads;
	uint64_t value = get(gpa, 4);

	if (seen.reads == before) {
		assert_int_equal(value, UINT32_MAX);
		return 0;
	}
	assert_int_equal(value, 0x77777777);
	return (uint32_t)seen.function + 1;
}

#endif
