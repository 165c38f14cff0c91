#include "virtio-registers.h"

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdio.h>
#include <string.h>

/* 4.1.4.5: the bits of ISR */
#define ISR_QUEUE  (1 << 0)
#define ISR_CONFIG (1 << 1)

/* ---- interrupts ---- */

void virtio_registers_interrupt(void *transport, uint32_t queue)
{
	struct virtio_registers *registers = transport;
	bool is_config = queue == VIRTIO_CONFIG;

	if (msix_is_on(registers->msix))
		msix_raise(registers->msix,
			   is_config ? registers->config_vector
				     : registers->vectors[queue]);
	else
		registers->isr |= is_config ? ISR_CONFIG : ISR_QUEUE;
}

/* 4.1.5.1.2: a vector that does not exist is refused, which the driver reads. */
static void set_vector(const struct virtio_registers *registers,
		       uint16_t *vector, uint32_t value)
{
	*vector = value < registers->msix->vectors ? (uint16_t)value
						   : VIRTIO_MSI_NO_VECTOR;
}

/* ---- the common configuration (4.1.4.3) ---- */

static void reset(struct virtio_registers *registers)
{
	registers->isr = 0;
	registers->device_features_sel = 0;
	registers->driver_features_sel = 0;
	registers->queue_sel = 0;
	registers->config_vector = VIRTIO_MSI_NO_VECTOR;
	msix_forget(registers->msix);
	for (uint32_t i = 0; i < registers->device->queue_count; i++) {
		registers->vectors[i] = VIRTIO_MSI_NO_VECTOR;
		/* As large as a driver may have it, until it says otherwise */
		virtqueue_set_size(&registers->device->queues[i],
				   VIRTQUEUE_MAX_SIZE);
	}
}

/* The queue that queue_select says, or NULL. */
static struct virtqueue *selected(const struct virtio_registers *registers)
{
	if (registers->queue_sel >= registers->device->queue_count)
		return NULL;
	return &registers->device->queues[registers->queue_sel];
}

void virtio_registers_follow_master(struct virtio_registers *registers)
{
	if (!pci_is_master(registers->function))
		registers->device->status &=
			~(uint32_t)VIRTIO_CONFIG_S_DRIVER_OK;
}

static void set_low(uint64_t *value, uint32_t low)
{
	*value = (*value & ~(uint64_t)UINT32_MAX) | low;
}

static void set_high(uint64_t *value, uint32_t high)
{
	*value = (*value & UINT32_MAX) | (uint64_t)high << 32;
}

/* Once a queue is enabled, only its vector can be changed. */
static void write_queue(struct virtio_registers *registers, uint64_t offset,
			uint32_t value)
{
	struct virtqueue *queue = selected(registers);

	if (!queue)
		return;
	if (offset == VIRTIO_PCI_COMMON_Q_MSIX)
		set_vector(registers, &registers->vectors[registers->queue_sel],
			   value);
	if (queue->ready)
		return;

	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		virtqueue_set_size(queue, value);
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		if (value == 1)
			virtio_start_queue(registers->device,
					   registers->queue_sel);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		set_low(&queue->desc_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		set_high(&queue->desc_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		set_low(&queue->avail_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		set_high(&queue->avail_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		set_low(&queue->used_gpa, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		set_high(&queue->used_gpa, value);
		break;
	}
}

static void write_register(struct virtio_registers *registers, uint64_t offset,
			   uint32_t value)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		registers->device_features_sel = value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		registers->driver_features_sel = value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		virtio_write_features(registers->device,
				      registers->driver_features_sel, value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		set_vector(registers, &registers->config_vector, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		virtio_write_status(registers->device, value);
		virtio_registers_follow_master(registers);
		if (value == 0)
			reset(registers);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		registers->queue_sel = (uint16_t)value;
		break;
	default:
		write_queue(registers, offset, value);
		break;
	}
}

/* Their widths, in which alone they are written, and names */
static const struct {
	uint8_t width;
	const char *name;
} fields[sizeof(struct virtio_pci_common_cfg)] = {
	[VIRTIO_PCI_COMMON_DFSELECT] = { 4, "device_feature_select" },
	[VIRTIO_PCI_COMMON_DF] = { 4, "device_feature" },
	[VIRTIO_PCI_COMMON_GFSELECT] = { 4, "driver_feature_select" },
	[VIRTIO_PCI_COMMON_GF] = { 4, "driver_feature" },
	[VIRTIO_PCI_COMMON_MSIX] = { 2, "config_msix_vector" },
	[VIRTIO_PCI_COMMON_NUMQ] = { 2, "num_queues" },
	[VIRTIO_PCI_COMMON_STATUS] = { 1, "device_status" },
	[VIRTIO_PCI_COMMON_CFGGENERATION] = { 1, "config_generation" },
	[VIRTIO_PCI_COMMON_Q_SELECT] = { 2, "queue_select" },
	[VIRTIO_PCI_COMMON_Q_SIZE] = { 2, "queue_size" },
	[VIRTIO_PCI_COMMON_Q_MSIX] = { 2, "queue_msix_vector" },
	[VIRTIO_PCI_COMMON_Q_ENABLE] = { 2, "queue_enable" },
	[VIRTIO_PCI_COMMON_Q_NOFF] = { 2, "queue_notify_off" },
	[VIRTIO_PCI_COMMON_Q_DESCLO] = { 4, "queue_desc" },
	[VIRTIO_PCI_COMMON_Q_DESCHI] = { 4, "queue_desc(high)" },
	[VIRTIO_PCI_COMMON_Q_AVAILLO] = { 4, "queue_driver" },
	[VIRTIO_PCI_COMMON_Q_AVAILHI] = { 4, "queue_driver(high)" },
	[VIRTIO_PCI_COMMON_Q_USEDLO] = { 4, "queue_device" },
	[VIRTIO_PCI_COMMON_Q_USEDHI] = { 4, "queue_device(high)" },
};

static void write_common(struct virtio_registers *registers, uint64_t offset,
			 const void *data, size_t size)
{
	uint32_t value = 0;

	if (offset >= sizeof(struct virtio_pci_common_cfg) ||
	    size != fields[offset].width)
		return;
	memcpy(&value, data, size);
	write_register(registers, offset, value);
}

/* All of them at once: so any part, of any width, can be read. */
static struct virtio_pci_common_cfg
common(const struct virtio_registers *registers)
{
	const struct virtqueue *queue = selected(registers);
	struct virtio_pci_common_cfg cfg = {
		.device_feature_select = registers->device_features_sel,
		.guest_feature_select = registers->driver_features_sel,
		.msix_config = registers->config_vector,
		.num_queues = (uint16_t)registers->device->queue_count,
		.device_status = (uint8_t)registers->device->status,
		.config_generation =
			(uint8_t)registers->device->config_generation,
		.queue_select = registers->queue_sel,
		.queue_msix_vector = VIRTIO_MSI_NO_VECTOR,
	};

	if (registers->device_features_sel < 2)
		cfg.device_feature =
			(uint32_t)(virtio_offered(registers->device) >>
				   32 * registers->device_features_sel);
	if (registers->driver_features_sel < 2)
		cfg.guest_feature =
			(uint32_t)(registers->device->features >>
				   32 * registers->driver_features_sel);
	if (!queue)
		return cfg;
	cfg.queue_size = queue->size;
	cfg.queue_msix_vector = registers->vectors[registers->queue_sel];
	cfg.queue_enable = queue->ready;
	cfg.queue_notify_off = registers->queue_sel;
	cfg.queue_desc_lo = (uint32_t)queue->desc_gpa;
	cfg.queue_desc_hi = (uint32_t)(queue->desc_gpa >> 32);
	cfg.queue_avail_lo = (uint32_t)queue->avail_gpa;
	cfg.queue_avail_hi = (uint32_t)(queue->avail_gpa >> 32);
	cfg.queue_used_lo = (uint32_t)queue->used_gpa;
	cfg.queue_used_hi = (uint32_t)(queue->used_gpa >> 32);
	return cfg;
}

/* ---- the BAR ---- */

static void read_bar(void *device, uint64_t offset, void *data, size_t size)
{
	struct virtio_registers *registers = device;
	struct virtio_pci_common_cfg cfg;

	memset(data, 0, size);
	if (offset >= VIRTIO_NOTIFY)
		return;
	if (offset >= VIRTIO_DEVICE) {
		pci_read_part(registers->device->config,
			      registers->device->config_size,
			      offset - VIRTIO_DEVICE, data, size);
	} else if (offset == VIRTIO_ISR) {
		/* Who reads it takes it (4.1.4.5.1). */
		*(uint8_t *)data = registers->isr;
		registers->isr = 0;
	} else if (offset < VIRTIO_ISR) {
		cfg = common(registers);
		pci_read_part(&cfg, sizeof(cfg), offset - VIRTIO_COMMON, data,
			      size);
	}
}

/* The device's own configuration is read-only here. */
static void write_bar(void *device, uint64_t offset, const void *data,
		      size_t size)
{
	struct virtio_registers *registers = device;

	if (offset >= VIRTIO_NOTIFY && offset % VIRTIO_NOTIFY_STEP == 0)
		virtio_notify(registers->device,
			      (uint32_t)((offset - VIRTIO_NOTIFY) /
					 VIRTIO_NOTIFY_STEP));
	else if (offset < VIRTIO_ISR)
		write_common(registers, offset - VIRTIO_COMMON, data, size);
}

static void describe_common(uint64_t offset, uint32_t value, char *text,
			    size_t text_size)
{
	const char *name = offset < sizeof(fields) / sizeof(fields[0])
				   ? fields[offset].name
				   : NULL;

	if (offset != VIRTIO_PCI_COMMON_STATUS) {
		snprintf(text, text_size, "%s = 0x%x", name ?: "Unknown",
			 value);
		return;
	}
	snprintf(text, text_size, "%s = 0x%x:%s%s%s%s%s%s", name, value,
		 value & VIRTIO_CONFIG_S_ACKNOWLEDGE ? " ACKNOWLEDGE" : "",
		 value & VIRTIO_CONFIG_S_DRIVER ? " DRIVER" : "",
		 value & VIRTIO_CONFIG_S_FEATURES_OK ? " FEATURES_OK" : "",
		 value & VIRTIO_CONFIG_S_DRIVER_OK ? " DRIVER_OK" : "",
		 value & VIRTIO_CONFIG_S_NEEDS_RESET ? " NEEDS_RESET" : "",
		 value & VIRTIO_CONFIG_S_FAILED ? " FAILED" : "");
}

static void describe_bar(void *device, uint64_t offset, bool is_write,
			 const void *data, size_t size, char *text,
			 size_t text_size)
{
	uint32_t value = 0;

	(void)device;
	(void)is_write;
	memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	if (offset < VIRTIO_ISR)
		describe_common(offset - VIRTIO_COMMON, value, text, text_size);
	else if (offset >= VIRTIO_NOTIFY)
		snprintf(text, text_size, "queue_notify = %u", value);
	else
		snprintf(text, text_size, "%s = 0x%x",
			 offset < VIRTIO_DEVICE ? "ISR" : "Config", value);
}

const struct bus_device virtio_registers_in_bar = { read_bar, write_bar,
						    describe_bar };

void virtio_registers_init(struct virtio_registers *registers,
			   struct virtio *device,
			   const struct pci_function *function,
			   struct msix *msix)
{
	*registers = (struct virtio_registers){
		.device = device,
		.function = function,
		.msix = msix,
	};
	reset(registers);
}
