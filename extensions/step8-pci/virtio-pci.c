#include "virtio-pci.h"

#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <stddef.h>

/* virtio 1.2, 4.1.2: what a driver knows these functions by */
#define VENDOR	      0x1af4
#define DEVICE(id)    (0x1040 + (uint32_t)(id))
#define SUBSYSTEM     0x0040 /* so much, or more: not transitional */
#define REVISION      1 /* or more, likewise */
#define CLASS_OTHER   0x088000 /* a peripheral of the system */
#define CLASS_NETWORK 0x020000
#define CLASS_STORAGE 0x018000

/* Which BAR has what */
#define BAR_REGISTERS 0
#define BAR_MSIX      1

/* ---- the last capability is another way to the BARs (4.1.4.9) ---- */

/* Where the guest wants to read or write: a BAR, or NULL, and a place in it */
static const struct pci_bar *accessed(const struct virtio_pci *pci,
				      uint64_t *offset, size_t *size)
{
	const struct pci_function *function = &pci->function;
	uint8_t number = function->config[pci->access + VIRTIO_PCI_CAP_BAR];

	*offset = pci_get32(function, pci->access + VIRTIO_PCI_CAP_OFFSET);
	*size = pci_get32(function, pci->access + VIRTIO_PCI_CAP_LENGTH);
	if (number % 2 != 0 || number / 2 >= PCI_BARS ||
	    (*size != 1 && *size != 2 && *size != 4) || *offset % *size != 0 ||
	    *offset >= function->bars[number / 2].size)
		return NULL;
	return &function->bars[number / 2];
}

static uint8_t *cfg_data(struct virtio_pci *pci)
{
	return pci->function.config + pci->access +
	       offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
}

static bool is_cfg_data(struct virtio_pci *pci, size_t offset, size_t size)
{
	size_t data = (size_t)(cfg_data(pci) - pci->function.config);

	return offset < data + sizeof(uint32_t) && offset + size > data;
}

static void reading_config(void *owner, size_t offset, size_t size)
{
	struct virtio_pci *pci = owner;
	const struct pci_bar *bar;
	uint64_t place;
	size_t width;

	if (!is_cfg_data(pci, offset, size))
		return;
	bar = accessed(pci, &place, &width);
	if (bar)
		bar->kind->read(bar->device, place, cfg_data(pci), width);
}

static void written_config(void *owner, size_t offset, size_t size)
{
	struct virtio_pci *pci = owner;
	const struct pci_bar *bar;
	uint64_t place;
	size_t width;

	virtio_registers_follow_master(&pci->registers);
	msix_send_pending(&pci->msix);
	if (!is_cfg_data(pci, offset, size))
		return;
	bar = accessed(pci, &place, &width);
	if (bar)
		bar->kind->write(bar->device, place, cfg_data(pci), width);
}

/* ---- the function and its capabilities (4.1.4) ---- */

static uint8_t add_capability(struct virtio_pci *pci, uint8_t type,
			      uint32_t offset, uint32_t length, size_t size)
{
	/* With what any of them has at its end */
	const union {
		struct virtio_pci_cap cap;
		struct virtio_pci_notify_cap notify;
		struct virtio_pci_cfg_cap access;
	} capability = {
		.notify = { .cap = { .cap_len = (uint8_t)size,
				     .cfg_type = type,
				     .bar = 2 * BAR_REGISTERS,
				     .offset = offset,
				     .length = length },
			    .notify_off_multiplier =
				    type == VIRTIO_PCI_CAP_NOTIFY_CFG
					    ? VIRTIO_NOTIFY_STEP
					    : 0 },
	};
	static const struct virtio_pci_cfg_cap free = {
		.cap = { .bar = 0xff, .offset = ~0u, .length = ~0u },
		.pci_cfg_data = { 0xff, 0xff, 0xff, 0xff },
	};

	return pci_add_capability(&pci->function, PCI_CAP_ID_VNDR, &capability,
				  type == VIRTIO_PCI_CAP_PCI_CFG ? &free : NULL,
				  size);
}

static void add_capabilities(struct virtio_pci *pci)
{
	const size_t size = sizeof(struct virtio_pci_cap);

	add_capability(pci, VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_COMMON,
		       sizeof(struct virtio_pci_common_cfg), size);
	add_capability(pci, VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_ISR,
		       sizeof(pci->registers.isr), size);
	add_capability(pci, VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_DEVICE,
		       VIRTIO_AREA_SIZE, size);
	add_capability(pci, VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_NOTIFY,
		       VIRTIO_AREA_SIZE, sizeof(struct virtio_pci_notify_cap));
	pci->access = add_capability(pci, VIRTIO_PCI_CAP_PCI_CFG, 0, 0,
				     sizeof(struct virtio_pci_cfg_cap));
}

/* What lspci calls it; drivers do not look at this. */
static uint32_t class_of(const struct virtio *device)
{
	switch (device->id) {
	case VIRTIO_ID_NET:
		return CLASS_NETWORK;
	case VIRTIO_ID_BLOCK:
		return CLASS_STORAGE;
	default:
		return CLASS_OTHER;
	}
}

void virtio_pci_init(struct virtio_pci *pci, struct virtio *device,
		     const struct memory *memory, const struct msi_port *port)
{
	const struct pci_identity identity = {
		.vendor = VENDOR,
		.device = (uint16_t)DEVICE(device->id),
		.subsystem_vendor = VENDOR,
		.subsystem = SUBSYSTEM,
		.class_code = class_of(device),
		.revision = REVISION,
	};

	pci_function_init(&pci->function, &identity);
	pci->function.owner = pci;
	pci->function.reading = reading_config;
	pci->function.written = written_config;
	pci_add_bar(&pci->function, BAR_REGISTERS, VIRTIO_BAR_SIZE,
		    &virtio_registers_in_bar, &pci->registers);
	/* A vector for the configuration, and one for each queue */
	msix_init(&pci->msix, &pci->function, BAR_MSIX, device->queue_count + 1,
		  port);
	add_capabilities(pci);
	virtio_registers_init(&pci->registers, device, &pci->function,
			      &pci->msix);
	virtio_connect(device, memory, virtio_registers_interrupt,
		       &pci->registers);
}
