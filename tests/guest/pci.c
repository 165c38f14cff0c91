/*
 * virtio's registers where they are on PCI (virtio 1.2, 4.1): the cases name
 * those of MMIO.
 */
#include "virtio.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>

#define ECAM	  0xe0000000ull /* configuration space, 32 KiB a slot */
#define SLOTS	  32
#define BARS	  0xc0000000ull /* where the first BARs are put, a MiB each */
#define VENDOR	  0x1af4
#define FUNCTIONS 8

bool on_pci;

/* Where the areas of registers are, of what is behind DISK, READ_ONLY, ... */
static struct areas {
	uint64_t common, notify, isr, config;
	uint32_t notify_step;
} functions[FUNCTIONS];

static const struct {
	uint8_t offset, width; /* in the common area; no width: not there */
} places[] = {
	[VIRTIO_MMIO_DEVICE_FEATURES / 4] = { VIRTIO_PCI_COMMON_DF, 4 },
	[VIRTIO_MMIO_DEVICE_FEATURES_SEL / 4] = { VIRTIO_PCI_COMMON_DFSELECT,
						  4 },
	[VIRTIO_MMIO_DRIVER_FEATURES / 4] = { VIRTIO_PCI_COMMON_GF, 4 },
	[VIRTIO_MMIO_DRIVER_FEATURES_SEL / 4] = { VIRTIO_PCI_COMMON_GFSELECT,
						  4 },
	[VIRTIO_MMIO_QUEUE_SEL / 4] = { VIRTIO_PCI_COMMON_Q_SELECT, 2 },
	[VIRTIO_MMIO_QUEUE_NUM_MAX / 4] = { VIRTIO_PCI_COMMON_Q_SIZE, 2 },
	[VIRTIO_MMIO_QUEUE_NUM / 4] = { VIRTIO_PCI_COMMON_Q_SIZE, 2 },
	[VIRTIO_MMIO_QUEUE_READY / 4] = { VIRTIO_PCI_COMMON_Q_ENABLE, 2 },
	[VIRTIO_MMIO_STATUS / 4] = { VIRTIO_PCI_COMMON_STATUS, 1 },
	[VIRTIO_MMIO_QUEUE_DESC_LOW / 4] = { VIRTIO_PCI_COMMON_Q_DESCLO, 4 },
	[VIRTIO_MMIO_QUEUE_DESC_HIGH / 4] = { VIRTIO_PCI_COMMON_Q_DESCHI, 4 },
	[VIRTIO_MMIO_QUEUE_AVAIL_LOW / 4] = { VIRTIO_PCI_COMMON_Q_AVAILLO, 4 },
	[VIRTIO_MMIO_QUEUE_AVAIL_HIGH / 4] = { VIRTIO_PCI_COMMON_Q_AVAILHI, 4 },
	[VIRTIO_MMIO_QUEUE_USED_LOW / 4] = { VIRTIO_PCI_COMMON_Q_USEDLO, 4 },
	[VIRTIO_MMIO_QUEUE_USED_HIGH / 4] = { VIRTIO_PCI_COMMON_Q_USEDHI, 4 },
	[VIRTIO_MMIO_CONFIG_GENERATION / 4] = { VIRTIO_PCI_COMMON_CFGGENERATION,
						1 },
};

static uint32_t read(uint64_t address, uint8_t width)
{
	if (width == 1)
		return *(volatile uint8_t *)address;
	if (width == 2)
		return *(volatile uint16_t *)address;
	return *(volatile uint32_t *)address;
}

static void write(uint64_t address, uint8_t width, uint32_t value)
{
	if (width == 1)
		*(volatile uint8_t *)address = (uint8_t)value;
	else if (width == 2)
		*(volatile uint16_t *)address = (uint16_t)value;
	else
		*(volatile uint32_t *)address = value;
}

static const struct areas *function(void)
{
	return &functions[(device - DISK) / (READ_ONLY - DISK)];
}

uint32_t pci_get(uint32_t offset)
{
	if (offset >= VIRTIO_MMIO_CONFIG)
		return read(function()->config + offset - VIRTIO_MMIO_CONFIG,
			    4);
	if (offset == VIRTIO_MMIO_INTERRUPT_STATUS)
		return read(function()->isr, 1);
	if (offset / 4 >= sizeof(places) / sizeof(places[0]) ||
	    !places[offset / 4].width)
		return 0;
	return read(function()->common + places[offset / 4].offset,
		    places[offset / 4].width);
}

void pci_set(uint32_t offset, uint32_t value)
{
	const struct areas *areas = function();

	if (offset == VIRTIO_MMIO_QUEUE_NOTIFY) {
		/* Each queue has its own place; of larger numbers there is none. */
		if (value <= UINT16_MAX)
			write(areas->notify + value * areas->notify_step, 2,
			      value);
	} else if (offset / 4 < sizeof(places) / sizeof(places[0]) &&
		   places[offset / 4].width) {
		write(areas->common + places[offset / 4].offset,
		      places[offset / 4].width, value);
	}
}

/* What virtio's capabilities of a slot tell, with its first BAR at `bar`. */
static void find_areas(uint64_t slot, uint64_t bar, struct areas *areas)
{
	uint8_t next = (uint8_t)read(slot + PCI_CAPABILITY_LIST, 1);

	for (; next; next = (uint8_t)read(slot + next + 1, 1)) {
		uint64_t capability = slot + next;
		uint64_t area =
			bar + read(capability + VIRTIO_PCI_CAP_OFFSET, 4);

		if (read(capability, 1) != PCI_CAP_ID_VNDR)
			continue;
		switch (read(capability + VIRTIO_PCI_CAP_CFG_TYPE, 1)) {
		case VIRTIO_PCI_CAP_COMMON_CFG:
			areas->common = area;
			break;
		case VIRTIO_PCI_CAP_NOTIFY_CFG:
			areas->notify = area;
			areas->notify_step = read(
				capability + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
			break;
		case VIRTIO_PCI_CAP_ISR_CFG:
			areas->isr = area;
			break;
		case VIRTIO_PCI_CAP_DEVICE_CFG:
			areas->config = area;
			break;
		}
	}
}

void pci_find(void)
{
	unsigned int count = 0;

	on_pci = true;
	for (unsigned int i = 0; i < SLOTS && count < FUNCTIONS; i++) {
		uint64_t slot = ECAM + (i << 15), bar = BARS + (count << 20);

		if (read(slot + PCI_VENDOR_ID, 2) != VENDOR)
			continue;
		write(slot + PCI_BASE_ADDRESS_0, 4, (uint32_t)bar);
		write(slot + PCI_BASE_ADDRESS_1, 4, 0);
		write(slot + PCI_COMMAND, 2,
		      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
		find_areas(slot, bar, &functions[count++]);
	}
}
