/* Configuration space in words, for the trace. */
#include "pci.h"

#include <linux/virtio_pci.h>
#include <stdio.h>
#include <string.h>

/* Of the header (6.1); a register that is in the middle of one has its name. */
static const char *header_name(size_t offset)
{
	static const char *const names[] = {
		[PCI_VENDOR_ID] = "VendorID",
		[PCI_DEVICE_ID] = "DeviceID",
		[PCI_COMMAND] = "Command",
		[PCI_STATUS] = "Status",
		[PCI_REVISION_ID] = "RevisionID",
		[PCI_CLASS_PROG] = "ClassCode",
		[PCI_CACHE_LINE_SIZE] = "CacheLineSize",
		[PCI_LATENCY_TIMER] = "LatencyTimer",
		[PCI_HEADER_TYPE] = "HeaderType",
		[PCI_BIST] = "BIST",
		[PCI_BASE_ADDRESS_0] = "BAR0",
		[PCI_BASE_ADDRESS_1] = "BAR1",
		[PCI_BASE_ADDRESS_2] = "BAR2",
		[PCI_BASE_ADDRESS_3] = "BAR3",
		[PCI_BASE_ADDRESS_4] = "BAR4",
		[PCI_BASE_ADDRESS_5] = "BAR5",
		[PCI_CARDBUS_CIS] = "CardbusCIS",
		[PCI_SUBSYSTEM_VENDOR_ID] = "SubsystemVendorID",
		[PCI_SUBSYSTEM_ID] = "SubsystemID",
		[PCI_ROM_ADDRESS] = "ROM",
		[PCI_CAPABILITY_LIST] = "CapabilityList",
		[PCI_CAPABILITY_LIST + 1] = "Reserved",
		[PCI_INTERRUPT_LINE] = "InterruptLine",
		[PCI_INTERRUPT_PIN] = "InterruptPin",
		[PCI_MIN_GNT] = "MinGnt",
		[PCI_MAX_LAT] = "MaxLat",
	};

	while (offset > 0 && !names[offset])
		offset--;
	return names[offset];
}

static const char *virtio_name(uint8_t type)
{
	static const char *const names[] = {
		[VIRTIO_PCI_CAP_COMMON_CFG] = "VirtioCommon",
		[VIRTIO_PCI_CAP_NOTIFY_CFG] = "VirtioNotify",
		[VIRTIO_PCI_CAP_ISR_CFG] = "VirtioISR",
		[VIRTIO_PCI_CAP_DEVICE_CFG] = "VirtioDevice",
		[VIRTIO_PCI_CAP_PCI_CFG] = "VirtioAccess",
	};

	return type < sizeof(names) / sizeof(names[0]) && names[type]
		       ? names[type]
		       : "Virtio";
}

/* Whose part of the list is it?  The links go up, and none is the guest's. */
static const char *capability_name(const struct pci_function *function,
				   size_t offset, size_t *start)
{
	const uint8_t *config = function->config;
	uint8_t next = config[PCI_CAPABILITY_LIST];

	for (*start = 0; next && next <= offset;
	     next = config[next + PCI_CAP_LIST_NEXT])
		*start = next;
	if (*start == 0 || offset >= function->end) {
		*start = 0;
		return "Config";
	}
	if (config[*start] == PCI_CAP_ID_MSIX)
		return "MSI-X";
	return virtio_name(config[*start + VIRTIO_PCI_CAP_CFG_TYPE]);
}

void pci_describe(const struct pci_bus *pci, uint32_t devfn, size_t offset,
		  const void *data, size_t size, char *text, size_t text_size)
{
	const struct pci_function *function = pci_find(pci, devfn);
	unsigned long long value = 0;
	char name[32];
	size_t start;

	memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	if (offset < PCI_STD_HEADER_SIZEOF)
		snprintf(name, sizeof(name), "%s", header_name(offset));
	else if (!function || offset >= PCI_CONFIG_SIZE)
		snprintf(name, sizeof(name), "Config+0x%zx", offset);
	else {
		const char *what = capability_name(function, offset, &start);

		snprintf(name, sizeof(name), "%s+0x%zx", what, offset - start);
	}
	snprintf(text, text_size, "%s = 0x%llx: %02x:%02x.%u%s%s%s", name,
		 value, devfn >> 8, PCI_SLOT(devfn), PCI_FUNC(devfn),
		 function ? "" : ", nobody",
		 offset == PCI_COMMAND && value & PCI_COMMAND_MEMORY ? " MEMORY"
								     : "",
		 offset == PCI_COMMAND && value & PCI_COMMAND_MASTER ? " MASTER"
								     : "");
}
