#include "msix.h"

#include <stdio.h>
#include <string.h>

/* In the BAR: the table, and the pending bits, of which there is a word */
#define BAR_SIZE 0x1000
#define PENDING	 0x800
_Static_assert(MSIX_MAX_VECTORS *PCI_MSIX_ENTRY_SIZE <= PENDING,
	       "the table's room");
_Static_assert(sizeof(struct msix_entry) == PCI_MSIX_ENTRY_SIZE,
	       "an entry as the guest sees it");

/* PCI Local Bus 3.0, 6.8.2.3 to 6.8.2.5 */
struct capability {
	uint8_t id, next;
	uint16_t control; /* PCI_MSIX_FLAGS_*; in its low bits, vectors - 1 */
	uint32_t table, pending; /* the BAR's register, and where in it */
};
_Static_assert(sizeof(struct capability) == PCI_CAP_MSIX_SIZEOF, "its size");

static uint16_t control(const struct msix *msix)
{
	return pci_get16(msix->function, msix->capability + PCI_MSIX_FLAGS);
}

bool msix_is_on(const struct msix *msix)
{
	return control(msix) & PCI_MSIX_FLAGS_ENABLE;
}

static bool is_masked(const struct msix *msix, uint32_t vector)
{
	return control(msix) & PCI_MSIX_FLAGS_MASKALL ||
	       msix->table[vector].control & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

void msix_send_pending(struct msix *msix)
{
	if (!msix_is_on(msix) || !pci_is_master(msix->function))
		return;
	for (uint32_t i = 0; i < msix->vectors; i++) {
		const struct msix_entry *entry = &msix->table[i];

		if (!(msix->pending >> i & 1) || is_masked(msix, i))
			continue;
		msix->pending &= ~(1ull << i);
		msix->port.send(msix->port.controller, entry->address,
				entry->data);
	}
}

void msix_raise(struct msix *msix, uint32_t vector)
{
	if (vector >= msix->vectors)
		return;
	msix->pending |= 1ull << vector;
	msix_send_pending(msix);
}

void msix_forget(struct msix *msix)
{
	msix->pending = 0;
}

/* ---- the BAR: 32 or 64 bits, aligned (6.8.2) ---- */

static void read_bar(void *device, uint64_t offset, void *data, size_t size)
{
	const struct msix *msix = device;

	memset(data, 0, size);
	if (offset < PENDING)
		pci_read_part(msix->table,
			      msix->vectors * sizeof(msix->table[0]), offset,
			      data, size);
	else
		pci_read_part(&msix->pending, sizeof(msix->pending),
			      offset - PENDING, data, size);
}

static void write_bar(void *device, uint64_t offset, const void *data,
		      size_t size)
{
	struct msix *msix = device;

	if (offset >= msix->vectors * sizeof(msix->table[0]) ||
	    (size != 4 && size != 8) || offset % size != 0)
		return;
	memcpy((uint8_t *)msix->table + offset, data, size);
	/* It may have been unmasked. */
	msix_send_pending(msix);
}

static void describe_bar(void *device, uint64_t offset, bool is_write,
			 const void *data, size_t size, char *text,
			 size_t text_size)
{
	static const char *const names[] = { "Address", "Address(high)", "Data",
					     "VectorControl" };
	uint64_t value = 0;

	(void)device;
	(void)is_write;
	memcpy(&value, data, size);
	if (offset >= PENDING)
		snprintf(text, text_size, "MSI-X.Pending = 0x%llx",
			 (unsigned long long)value);
	else
		snprintf(text, text_size, "MSI-X.%s = 0x%llx: vector %u",
			 names[offset % PCI_MSIX_ENTRY_SIZE / 4],
			 (unsigned long long)value,
			 (unsigned int)(offset / PCI_MSIX_ENTRY_SIZE));
}

static const struct bus_device in_bar = { read_bar, write_bar, describe_bar };

void msix_init(struct msix *msix, struct pci_function *function, uint32_t bar,
	       uint32_t vectors, const struct msi_port *port)
{
	/* A BAR of 64 bits takes two registers. */
	const struct capability capability = {
		.control = (uint16_t)(vectors - 1),
		.table = 2 * bar,
		.pending = PENDING | 2 * bar,
	};
	const struct capability writable = {
		.control = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL,
	};

	*msix = (struct msix){ .function = function,
			       .vectors = vectors,
			       .port = *port };
	for (uint32_t i = 0; i < vectors; i++)
		msix->table[i].control = PCI_MSIX_ENTRY_CTRL_MASKBIT;
	pci_add_bar(function, bar, BAR_SIZE, &in_bar, msix);
	msix->capability =
		pci_add_capability(function, PCI_CAP_ID_MSIX, &capability,
				   &writable, sizeof(capability));
}
