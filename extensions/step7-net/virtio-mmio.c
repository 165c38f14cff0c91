#include "virtio-mmio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <stdio.h>
#include <string.h>

/* virtio 1.2, 4.2.2 */
#define MAGIC	  0x74726976 /* "virt" */
#define VERSION	  2
#define VENDOR	  0x4d4d564d /* "MVMM" */
#define NO_REGION UINT32_MAX /* a shared memory region's length and base */

/*
 * As ISA's interrupts, these are edges.  So the line follows the bits, and
 * goes down in between where some remain.
 */
static void set_interrupt_status(struct virtio_mmio *mmio, uint32_t status)
{
	if (mmio->interrupt_status)
		irq_line_set(&mmio->line, false);
	mmio->interrupt_status = status;
	if (status)
		irq_line_set(&mmio->line, true);
}

static void interrupt(void *transport, uint32_t queue)
{
	struct virtio_mmio *mmio = transport;
	uint32_t bit = queue == VIRTIO_CONFIG ? VIRTIO_MMIO_INT_CONFIG
					      : VIRTIO_MMIO_INT_VRING;

	if (!(mmio->interrupt_status & bit))
		set_interrupt_status(mmio, mmio->interrupt_status | bit);
}

void virtio_mmio_init(struct virtio_mmio *mmio, struct virtio *device,
		      const struct memory *memory, const struct irq_line *line)
{
	*mmio = (struct virtio_mmio){ .device = device, .line = *line };
	virtio_connect(device, memory, interrupt, mmio);
}

static void write_status(struct virtio_mmio *mmio, uint32_t value)
{
	virtio_write_status(mmio->device, value);
	if (value != 0)
		return;
	set_interrupt_status(mmio, 0);
	mmio->device_features_sel = 0;
	mmio->driver_features_sel = 0;
	mmio->queue_sel = 0;
}

static void set_low(uint64_t *value, uint32_t low)
{
	*value = (*value & ~(uint64_t)UINT32_MAX) | low;
}

static void set_high(uint64_t *value, uint32_t high)
{
	*value = (*value & UINT32_MAX) | (uint64_t)high << 32;
}

/* The queue that QueueSel selects, or NULL. */
static struct virtqueue *selected(const struct virtio_mmio *mmio)
{
	if (mmio->queue_sel >= mmio->device->queue_count)
		return NULL;
	return &mmio->device->queues[mmio->queue_sel];
}

/* The queue's registers; once it is ready only QueueReady can be written. */
static void write_queue(struct virtio_mmio *mmio, uint64_t offset,
			uint32_t value)
{
	struct virtqueue *queue = selected(mmio);

	if (!queue || (queue->ready && offset != VIRTIO_MMIO_QUEUE_READY))
		return;

	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		virtqueue_set_size(queue, value);
		break;
	case VIRTIO_MMIO_QUEUE_READY:
		if (value)
			virtio_start_queue(mmio->device, mmio->queue_sel);
		else
			queue->ready = false;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		set_low(&queue->desc_gpa, value);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_high(&queue->desc_gpa, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		set_low(&queue->avail_gpa, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_high(&queue->avail_gpa, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
		set_low(&queue->used_gpa, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_high(&queue->used_gpa, value);
		break;
	}
}

static void write_register(struct virtio_mmio *mmio, uint64_t offset,
			   uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		mmio->device_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		mmio->driver_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		virtio_write_features(mmio->device, mmio->driver_features_sel,
				      value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		mmio->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		virtio_notify(mmio->device, value);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		set_interrupt_status(mmio, mmio->interrupt_status & ~value);
		break;
	case VIRTIO_MMIO_STATUS:
		write_status(mmio, value);
		break;
	default:
		write_queue(mmio, offset, value);
		break;
	}
}

static uint32_t read_register(const struct virtio_mmio *mmio, uint64_t offset)
{
	const struct virtqueue *queue = selected(mmio);

	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return mmio->device->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		if (mmio->device_features_sel > 1)
			return 0;
		return (uint32_t)(virtio_offered(mmio->device) >>
				  32 * mmio->device_features_sel);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return queue ? VIRTQUEUE_MAX_SIZE : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return queue && queue->ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return mmio->interrupt_status;
	case VIRTIO_MMIO_STATUS:
		return mmio->device->status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return NO_REGION;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return mmio->device->config_generation;
	default:
		return 0;
	}
}

/* The device's own configuration: any width, at any offset. */
static void read_config(const struct virtio *device, uint64_t offset,
			void *data, size_t size)
{
	if (offset >= device->config_size)
		return;
	if (size > device->config_size - offset)
		size = device->config_size - offset;
	memcpy(data, (const uint8_t *)device->config + offset, size);
}

static void read_page(void *device, uint64_t offset, void *data, size_t size)
{
	const struct virtio_mmio *mmio = device;
	uint32_t value;

	memset(data, 0, size);
	if (offset >= VIRTIO_MMIO_CONFIG) {
		read_config(mmio->device, offset - VIRTIO_MMIO_CONFIG, data,
			    size);
	} else if (size == sizeof(value) && offset % sizeof(value) == 0) {
		value = read_register(mmio, offset);
		memcpy(data, &value, sizeof(value));
	}
}

static void write_page(void *device, uint64_t offset, const void *data,
		       size_t size)
{
	uint32_t value;

	/* Registers are 32 bits wide, and the configuration is read-only. */
	if (offset >= VIRTIO_MMIO_CONFIG || size != sizeof(value))
		return;
	memcpy(&value, data, sizeof(value));
	write_register(device, offset, value);
}

/* ---- in words, for the trace ---- */

static const char *name_of(uint64_t offset)
{
	static const char *const names[VIRTIO_MMIO_CONFIG / 4] = {
		[VIRTIO_MMIO_MAGIC_VALUE / 4] = "MagicValue",
		[VIRTIO_MMIO_VERSION / 4] = "Version",
		[VIRTIO_MMIO_DEVICE_ID / 4] = "DeviceID",
		[VIRTIO_MMIO_VENDOR_ID / 4] = "VendorID",
		[VIRTIO_MMIO_DEVICE_FEATURES / 4] = "DeviceFeatures",
		[VIRTIO_MMIO_DEVICE_FEATURES_SEL / 4] = "DeviceFeaturesSel",
		[VIRTIO_MMIO_DRIVER_FEATURES / 4] = "DriverFeatures",
		[VIRTIO_MMIO_DRIVER_FEATURES_SEL / 4] = "DriverFeaturesSel",
		[VIRTIO_MMIO_QUEUE_SEL / 4] = "QueueSel",
		[VIRTIO_MMIO_QUEUE_NUM_MAX / 4] = "QueueNumMax",
		[VIRTIO_MMIO_QUEUE_NUM / 4] = "QueueNum",
		[VIRTIO_MMIO_QUEUE_READY / 4] = "QueueReady",
		[VIRTIO_MMIO_QUEUE_NOTIFY / 4] = "QueueNotify",
		[VIRTIO_MMIO_INTERRUPT_STATUS / 4] = "InterruptStatus",
		[VIRTIO_MMIO_INTERRUPT_ACK / 4] = "InterruptACK",
		[VIRTIO_MMIO_STATUS / 4] = "Status",
		[VIRTIO_MMIO_QUEUE_DESC_LOW / 4] = "QueueDescLow",
		[VIRTIO_MMIO_QUEUE_DESC_HIGH / 4] = "QueueDescHigh",
		[VIRTIO_MMIO_QUEUE_AVAIL_LOW / 4] = "QueueDriverLow",
		[VIRTIO_MMIO_QUEUE_AVAIL_HIGH / 4] = "QueueDriverHigh",
		[VIRTIO_MMIO_QUEUE_USED_LOW / 4] = "QueueDeviceLow",
		[VIRTIO_MMIO_QUEUE_USED_HIGH / 4] = "QueueDeviceHigh",
		[VIRTIO_MMIO_CONFIG_GENERATION / 4] = "ConfigGeneration",
	};

	if (offset >= VIRTIO_MMIO_CONFIG)
		return "Config";
	return names[offset / 4] ?: "Unknown";
}

static void describe_page(void *device, uint64_t offset, bool is_write,
			  const void *data, size_t size, char *text,
			  size_t text_size)
{
	uint32_t value = 0;

	(void)device;
	(void)is_write;
	memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	if (offset != VIRTIO_MMIO_STATUS) {
		snprintf(text, text_size, "%s = 0x%x", name_of(offset), value);
		return;
	}
	snprintf(text, text_size, "Status = 0x%x:%s%s%s%s%s%s", value,
		 value & VIRTIO_CONFIG_S_ACKNOWLEDGE ? " ACKNOWLEDGE" : "",
		 value & VIRTIO_CONFIG_S_DRIVER ? " DRIVER" : "",
		 value & VIRTIO_CONFIG_S_FEATURES_OK ? " FEATURES_OK" : "",
		 value & VIRTIO_CONFIG_S_DRIVER_OK ? " DRIVER_OK" : "",
		 value & VIRTIO_CONFIG_S_NEEDS_RESET ? " NEEDS_RESET" : "",
		 value & VIRTIO_CONFIG_S_FAILED ? " FAILED" : "");
}

const struct bus_device virtio_mmio_device = {
	.read = read_page,
	.write = write_page,
	.describe = describe_page,
};
