#include "pci.h"

#include "die.h"
#include "memory-map.h"

#include <stdio.h>
#include <string.h>

/* PCI Local Bus 3.0, 3.2.2.3.2: the address, and at 4 ports further the data */
#define PCI_ADDRESS    0xcf8
#define PCI_PORTS      8
#define PCI_DATA       4
#define ADDRESS_ENABLE (1u << 31)
#define ADDRESS_BITS   0x80fffffc
#define ADDRESS_TARGET 0xffff00 /* bus, device, function */

/* PCI Express 3.0, 7.2.2: of an address in ECAM, bits 12 and up are those. */
#define ECAM_SHIFT 12
_Static_assert(PCI_ECAM_SIZE == PCI_SLOTS * 8 << ECAM_SHIFT, "one bus");

/*
 * The host bridge is what QEMU has as its generic one, whose only registers are
 * these: no driver is interested in it.
 */
#define BRIDGE_VENDOR 0x1b36
#define BRIDGE_DEVICE 0x0008
#define BRIDGE_CLASS  0x060000

/* Capabilities begin where the header of configuration space ends. */
#define HEADER_END 0x40

static uint32_t get(const struct pci_function *function, size_t offset,
		    size_t size)
{
	uint32_t value = 0;

	memcpy(&value, function->config + offset, size);
	return value;
}

uint16_t pci_get16(const struct pci_function *function, size_t offset)
{
	return (uint16_t)get(function, offset, sizeof(uint16_t));
}

uint32_t pci_get32(const struct pci_function *function, size_t offset)
{
	return get(function, offset, sizeof(uint32_t));
}

static void set(uint8_t *bytes, uint64_t value, size_t size)
{
	memcpy(bytes, &value, size);
}

bool pci_is_master(const struct pci_function *function)
{
	return pci_get16(function, PCI_COMMAND) & PCI_COMMAND_MASTER;
}

void pci_function_init(struct pci_function *function,
		       const struct pci_identity *identity)
{
	uint8_t *config = function->config;

	memset(function, 0, sizeof(*function));
	set(config + PCI_VENDOR_ID, identity->vendor, 2);
	set(config + PCI_DEVICE_ID, identity->device, 2);
	set(config + PCI_REVISION_ID, identity->revision, 1);
	set(config + PCI_CLASS_PROG, identity->class_code, 3);
	set(config + PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor, 2);
	set(config + PCI_SUBSYSTEM_ID, identity->subsystem, 2);
	set(function->writable + PCI_COMMAND,
	    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE,
	    2);
	function->last_link = PCI_CAPABILITY_LIST;
	function->end = HEADER_END;
}

/*
 * A BAR's size is told by the bits in it that cannot be changed (6.2.5.1): the
 * guest writes ones everywhere, and looks which of them it reads.
 */
void pci_add_bar(struct pci_function *function, uint32_t number, uint64_t size,
		 const struct bus_device *kind, void *device)
{
	size_t offset = PCI_BASE_ADDRESS_0 + number * sizeof(uint64_t);

	function->bars[number] =
		(struct pci_bar){ size, PCI_NOWHERE, kind, device };
	set(function->config + offset, PCI_BASE_ADDRESS_MEM_TYPE_64, 8);
	set(function->writable + offset, ~(size - 1), 8);
}

uint8_t pci_add_capability(struct pci_function *function, uint8_t id,
			   const void *data, const void *writable, size_t size)
{
	uint8_t offset = function->end;

	if (size > PCI_CONFIG_SIZE - 1 - (size_t)offset)
		die("no room for a PCI capability of %zu bytes", size);
	memcpy(function->config + offset, data, size);
	if (writable)
		memcpy(function->writable + offset, writable, size);
	function->config[offset + PCI_CAP_LIST_ID] = id;
	function->config[offset + PCI_CAP_LIST_NEXT] = 0;
	function->config[function->last_link] = offset;
	function->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	function->last_link = offset + PCI_CAP_LIST_NEXT;
	function->end = (uint8_t)((offset + size + 3) & ~3ull);
	return offset;
}

/* ---- configuration space ---- */

struct pci_function *pci_find(const struct pci_bus *pci, uint32_t devfn)
{
	/* Each has function 0 only, and there is bus 0 only. */
	if (PCI_FUNC(devfn) != 0 || PCI_SLOT(devfn) >= pci->count ||
	    devfn > UINT8_MAX)
		return NULL;
	return pci->slots[PCI_SLOT(devfn)];
}

/* How much of an access is to the bytes that there are. */
static size_t within(size_t offset, size_t size)
{
	if (offset >= PCI_CONFIG_SIZE)
		return 0;
	return size < PCI_CONFIG_SIZE - offset ? size
					       : PCI_CONFIG_SIZE - offset;
}

/* Where nobody is, all bits are ones: so the guest finds out who is there. */
static void read_config(const struct pci_bus *pci, uint32_t devfn,
			size_t offset, void *data, size_t size)
{
	struct pci_function *function = pci_find(pci, devfn);

	memset(data, 0xff, size);
	size = within(offset, size);
	if (!function || size == 0)
		return;
	if (function->reading)
		function->reading(function->owner, offset, size);
	memcpy(data, function->config + offset, size);
}

/* The BARs are where the guest says, if it has switched them on (6.2.2). */
static void place_bars(struct pci_function *function)
{
	bool on = pci_get16(function, PCI_COMMAND) & PCI_COMMAND_MEMORY;

	for (size_t i = 0; i < PCI_BARS; i++) {
		size_t offset = PCI_BASE_ADDRESS_0 + i * sizeof(uint64_t);
		uint64_t low = pci_get32(function, offset);
		uint64_t high = pci_get32(function, offset + 4);

		function->bars[i].start =
			on ? high << 32 | (low & PCI_BASE_ADDRESS_MEM_MASK)
			   : PCI_NOWHERE;
	}
}

static void write_config(const struct pci_bus *pci, uint32_t devfn,
			 size_t offset, const void *data, size_t size)
{
	struct pci_function *function = pci_find(pci, devfn);
	const uint8_t *bytes = data;

	size = within(offset, size);
	if (!function || size == 0)
		return;
	for (size_t i = 0; i < size; i++) {
		uint8_t writable = function->writable[offset + i];
		uint8_t *byte = &function->config[offset + i];

		*byte = (*byte & ~writable) | (bytes[i] & writable);
	}
	place_bars(function);
	if (function->written)
		function->written(function->owner, offset, size);
}

/* ---- by the two ports: which register, and then what is in it ---- */

/* Is it an access to the data, of a register that is addressed? */
static bool is_data(const struct pci_bus *pci, uint64_t port)
{
	return port >= PCI_DATA && pci->address & ADDRESS_ENABLE;
}

static uint32_t target(const struct pci_bus *pci)
{
	return (pci->address & ADDRESS_TARGET) >> 8;
}

static size_t target_offset(const struct pci_bus *pci, uint64_t port)
{
	return (pci->address & 0xff) + (port - PCI_DATA);
}

static void read_ports(void *device, uint64_t port, void *data, size_t size)
{
	struct pci_bus *pci = device;

	memset(data, 0xff, size);
	pthread_mutex_lock(pci->lock);
	if (port == 0 && size == sizeof(pci->address))
		memcpy(data, &pci->address, size);
	else if (is_data(pci, port))
		read_config(pci, target(pci), target_offset(pci, port), data,
			    size);
	pthread_mutex_unlock(pci->lock);
}

static void write_ports(void *device, uint64_t port, const void *data,
			size_t size)
{
	struct pci_bus *pci = device;

	pthread_mutex_lock(pci->lock);
	if (port == 0 && size == sizeof(pci->address)) {
		memcpy(&pci->address, data, size);
		pci->address &= ADDRESS_BITS;
	} else if (is_data(pci, port)) {
		write_config(pci, target(pci), target_offset(pci, port), data,
			     size);
	}
	pthread_mutex_unlock(pci->lock);
}

static void describe_ports(void *device, uint64_t port, bool is_write,
			   const void *data, size_t size, char *text,
			   size_t text_size)
{
	struct pci_bus *pci = device;

	(void)is_write;
	pthread_mutex_lock(pci->lock);
	if (is_data(pci, port))
		pci_describe(pci, target(pci), target_offset(pci, port), data,
			     size, text, text_size);
	else if (port == 0 && size == sizeof(pci->address))
		snprintf(text, text_size, "PCI_ADDRESS = 0x%08x", pci->address);
	pthread_mutex_unlock(pci->lock);
}

static const struct bus_device config_ports = { read_ports, write_ports,
						describe_ports };

/* ---- by memory, ECAM: the address is the register ---- */

static void read_ecam(void *device, uint64_t offset, void *data, size_t size)
{
	read_config(device, (uint32_t)(offset >> ECAM_SHIFT),
		    offset % (1 << ECAM_SHIFT), data, size);
}

static void write_ecam(void *device, uint64_t offset, const void *data,
		       size_t size)
{
	write_config(device, (uint32_t)(offset >> ECAM_SHIFT),
		     offset % (1 << ECAM_SHIFT), data, size);
}

static void describe_ecam(void *device, uint64_t offset, bool is_write,
			  const void *data, size_t size, char *text,
			  size_t text_size)
{
	struct pci_bus *pci = device;

	(void)is_write;
	pthread_mutex_lock(pci->lock);
	pci_describe(pci, (uint32_t)(offset >> ECAM_SHIFT),
		     offset % (1 << ECAM_SHIFT), data, size, text, text_size);
	pthread_mutex_unlock(pci->lock);
}

static const struct bus_device ecam = { read_ecam, write_ecam, describe_ecam };

/* ---- registers in memory: whose BAR is it? ---- */

void pci_read_part(const void *bytes, size_t bytes_size, uint64_t offset,
		   void *data, size_t size)
{
	if (offset >= bytes_size)
		return;
	if (size > bytes_size - offset)
		size = bytes_size - offset;
	memcpy(data, (const uint8_t *)bytes + offset, size);
}

/* A part of memory that the host bridge passes on to the bus. */
struct window {
	struct pci_bus *pci;
	uint64_t start; /* guest-physical */
};

/* Where two are at one address, the one in the lower slot answers. */
static const struct pci_bar *find_bar(const struct window *window,
				      uint64_t *offset, size_t size)
{
	const struct pci_bus *pci = window->pci;
	uint64_t gpa = window->start + *offset;

	for (uint32_t i = 0; i < pci->count; i++) {
		for (size_t j = 0; j < PCI_BARS; j++) {
			const struct pci_bar *bar = &pci->slots[i]->bars[j];

			*offset = gpa - bar->start;
			if (*offset < bar->size && size <= bar->size - *offset)
				return bar;
		}
	}
	return NULL;
}

static void read_window(void *device, uint64_t offset, void *data, size_t size)
{
	const struct pci_bar *bar = find_bar(device, &offset, size);

	memset(data, 0xff, size);
	if (bar)
		bar->kind->read(bar->device, offset, data, size);
}

static void write_window(void *device, uint64_t offset, const void *data,
			 size_t size)
{
	const struct pci_bar *bar = find_bar(device, &offset, size);

	if (bar)
		bar->kind->write(bar->device, offset, data, size);
}

static void describe_window(void *device, uint64_t offset, bool is_write,
			    const void *data, size_t size, char *text,
			    size_t text_size)
{
	const struct window *window = device;
	const struct pci_bar *bar;

	pthread_mutex_lock(window->pci->lock);
	bar = find_bar(window, &offset, size);
	if (bar)
		bar->kind->describe(bar->device, offset, is_write, data, size,
				    text, text_size);
	pthread_mutex_unlock(window->pci->lock);
}

static const struct bus_device in_window = { read_window, write_window,
					     describe_window };

/* ---- the bus ---- */

void pci_bus_add(struct pci_bus *pci, struct pci_function *function)
{
	if (pci->count == PCI_SLOTS)
		die("more than %d disks, network cards and the like: a PCI bus has slots for no more",
		    PCI_SLOTS - 1);
	pci->slots[pci->count++] = function;
	place_bars(function);
}

void pci_bus_init(struct pci_bus *pci, struct bus *ports, struct bus *mmio,
		  pthread_mutex_t *lock)
{
	static const struct pci_identity identity = {
		.vendor = BRIDGE_VENDOR,
		.device = BRIDGE_DEVICE,
		.class_code = BRIDGE_CLASS,
	};
	static struct pci_function bridge;
	static struct window windows[2];

	*pci = (struct pci_bus){ .lock = lock };
	windows[0] = (struct window){ pci, PCI_WINDOW_GPA };
	windows[1] = (struct window){ pci, PCI_HIGH_GPA };
	pci_function_init(&bridge, &identity);
	pci_bus_add(pci, &bridge);
	bus_add(ports, PCI_ADDRESS, PCI_PORTS, &config_ports, pci);
	bus_add(mmio, PCI_ECAM_GPA, PCI_ECAM_SIZE, &ecam, pci);
	bus_add(mmio, PCI_WINDOW_GPA, PCI_WINDOW_SIZE, &in_window, &windows[0]);
	bus_add(mmio, PCI_HIGH_GPA, PCI_HIGH_SIZE, &in_window, &windows[1]);
}
