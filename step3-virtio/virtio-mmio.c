#include "virtio-mmio.h"

#include "die.h"
#include "kvm.h"
#include "memory-map.h"
#include "vm.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* virtio 1.2, 4.2.2 */
#define MAGIC	  0x74726976 /* "virt" */
#define VERSION	  2
#define VENDOR	  0x4d4d564d /* "MVMM" */
#define NO_REGION UINT32_MAX /* a shared memory region's length and base */

#define TRANSPORT_FEATURES                                                  \
	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC | \
	 1ull << VIRTIO_RING_F_EVENT_IDX)

/* Serial is on 4, the timer on 0, and 2 joins the two 8259s. */
static const uint32_t irqs[VIRTIO_MMIO_MAX] = { 5, 9, 10, 11 };

static uint64_t offered_features(const struct virtio_mmio *device)
{
	return TRANSPORT_FEATURES | virtio_blk_features(&device->blk);
}

void virtio_mmio_create(struct virtio_mmio *device, const struct vm *vm,
			size_t index, const char *path, bool read_only)
{
	memset(device, 0, sizeof(*device));
	device->vm = vm;
	device->irq = irqs[index];
	virtio_blk_open(&device->blk, path, read_only);
}

struct virtio_mmio *virtio_mmio_find(struct vm *vm, uint64_t gpa)
{
	uint64_t index = (gpa - VIRTIO_GPA) / VIRTIO_SIZE;

	if (gpa < VIRTIO_GPA || index >= vm->disk_count)
		return NULL;
	return &vm->disks[index];
}

/*
 * The 8259 takes an edge for an interrupt.  So the line follows the bits, and
 * goes down in between where some remain.
 */
static void set_interrupt_status(struct virtio_mmio *device, uint32_t status)
{
	if (device->interrupt_status)
		kvm_irq_line(device->vm->fd, device->irq, false);
	device->interrupt_status = status;
	if (status)
		kvm_irq_line(device->vm->fd, device->irq, true);
}

static void raise_interrupt(struct virtio_mmio *device, uint32_t bit)
{
	if (!(device->interrupt_status & bit))
		set_interrupt_status(device, device->interrupt_status | bit);
}

/* The driver has broken the rules: only a reset helps now (2.1.2). */
static void need_reset(struct virtio_mmio *device)
{
	device->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (device->status & VIRTIO_CONFIG_S_DRIVER_OK)
		raise_interrupt(device, VIRTIO_MMIO_INT_CONFIG);
}

static void reset(struct virtio_mmio *device)
{
	set_interrupt_status(device, 0);
	device->status = 0;
	device->device_features_sel = 0;
	device->driver_features_sel = 0;
	device->queue_sel = 0;
	device->driver_features = 0;
	memset(&device->queue, 0, sizeof(device->queue));
}

static bool has_feature(const struct virtio_mmio *device, unsigned int bit)
{
	return device->driver_features >> bit & 1;
}

/* FEATURES_OK stays clear if the device cannot work this way (3.1.1). */
static void write_status(struct virtio_mmio *device, uint32_t value)
{
	uint32_t rising = value & ~device->status;

	if (value == 0) {
		reset(device);
		return;
	}
	if (rising & VIRTIO_CONFIG_S_FEATURES_OK) {
		if (device->driver_features & ~offered_features(device) ||
		    !has_feature(device, VIRTIO_F_VERSION_1))
			value &= ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
		device->queue.indirect =
			has_feature(device, VIRTIO_RING_F_INDIRECT_DESC);
		device->queue.event_idx =
			has_feature(device, VIRTIO_RING_F_EVENT_IDX);
	}
	/* Bits once set remain, until a reset. */
	device->status |= value;
}

static void set_low(uint64_t *value, uint32_t low)
{
	*value = (*value & ~(uint64_t)UINT32_MAX) | low;
}

static void set_high(uint64_t *value, uint32_t high)
{
	*value = (*value & UINT32_MAX) | (uint64_t)high << 32;
}

static void write_driver_features(struct virtio_mmio *device, uint32_t value)
{
	if (device->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	if (device->driver_features_sel == 0)
		set_low(&device->driver_features, value);
	else if (device->driver_features_sel == 1)
		set_high(&device->driver_features, value);
}

static void write_queue_ready(struct virtio_mmio *device, uint32_t value)
{
	if (value == 0)
		device->queue.ready = false;
	else if (!device->queue.ready &&
		 !virtqueue_start(&device->queue, device->vm))
		need_reset(device);
}

static void notify(struct virtio_mmio *device)
{
	if (!(device->status & VIRTIO_CONFIG_S_DRIVER_OK) ||
	    device->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	virtio_blk_notify(&device->blk, &device->queue,
			  device->driver_features);
	if (virtqueue_wants_interrupt(&device->queue))
		raise_interrupt(device, VIRTIO_MMIO_INT_VRING);
	if (device->queue.broken)
		need_reset(device);
}

/* The queue's registers; once it is ready only QueueReady can be written. */
static void write_queue(struct virtio_mmio *device, uint64_t offset,
			uint32_t value)
{
	struct virtqueue *queue = &device->queue;
	bool power_of_two = (value & (value - 1)) == 0;

	if (device->queue_sel != 0 ||
	    (queue->ready && offset != VIRTIO_MMIO_QUEUE_READY))
		return;

	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		queue->size = power_of_two && value <= VIRTQUEUE_MAX_SIZE
				      ? (uint16_t)value
				      : 0;
		break;
	case VIRTIO_MMIO_QUEUE_READY:
		write_queue_ready(device, value);
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

static void write_register(struct virtio_mmio *device, uint64_t offset,
			   uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		device->device_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		device->driver_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		write_driver_features(device, value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		device->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		if (value == 0)
			notify(device);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		set_interrupt_status(device, device->interrupt_status & ~value);
		break;
	case VIRTIO_MMIO_STATUS:
		write_status(device, value);
		break;
	default:
		write_queue(device, offset, value);
		break;
	}
}

static uint32_t read_register(const struct virtio_mmio *device, uint64_t offset)
{
	bool exists = device->queue_sel == 0;

	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return VIRTIO_ID_BLOCK;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		if (device->device_features_sel > 1)
			return 0;
		return (uint32_t)(offered_features(device) >>
				  32 * device->device_features_sel);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return exists ? VIRTQUEUE_MAX_SIZE : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return exists && device->queue.ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return device->interrupt_status;
	case VIRTIO_MMIO_STATUS:
		return device->status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return NO_REGION;
	default: /* ConfigGeneration too: the configuration never changes */
		return 0;
	}
}

void virtio_mmio_read(struct virtio_mmio *device, uint64_t gpa, void *data,
		      size_t size)
{
	const uint8_t *config = (const uint8_t *)&device->blk.config;
	uint64_t offset = gpa % VIRTIO_SIZE;
	uint32_t value;

	memset(data, 0, size);
	if (offset < VIRTIO_MMIO_CONFIG) {
		if (size != sizeof(value) || offset % sizeof(value) != 0)
			return;
		value = read_register(device, offset);
		memcpy(data, &value, sizeof(value));
		return;
	}

	offset -= VIRTIO_MMIO_CONFIG;
	if (offset >= sizeof(device->blk.config))
		return;
	if (size > sizeof(device->blk.config) - offset)
		size = sizeof(device->blk.config) - offset;
	memcpy(data, config + offset, size);
}

void virtio_mmio_write(struct virtio_mmio *device, uint64_t gpa,
		       const void *data, size_t size)
{
	uint64_t offset = gpa % VIRTIO_SIZE;
	uint32_t value;

	/* Registers are 32 bits wide, and the configuration is read-only. */
	if (offset >= VIRTIO_MMIO_CONFIG || size != sizeof(value))
		return;
	memcpy(&value, data, sizeof(value));
	write_register(device, offset, value);
}

char *virtio_mmio_add_parameters(const char *cmdline, size_t count)
{
	char *all = strdup(cmdline);
	char *more;

	/* In front, as what follows a " -- " is for init. */
	while (all && count-- > 0) {
		if (asprintf(&more, "virtio_mmio.device=%d@0x%llx:%u %s",
			     VIRTIO_SIZE,
			     VIRTIO_GPA +
				     (unsigned long long)count * VIRTIO_SIZE,
			     irqs[count], all) < 0)
			more = NULL;
		free(all);
		all = more;
	}
	if (!all)
		die_errno("memory for the command line");
	return all;
}

static const char *register_name(uint64_t offset)
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

void virtio_mmio_describe(uint64_t gpa, const void *data, size_t size,
			  char *text, size_t text_size)
{
	uint64_t offset = gpa % VIRTIO_SIZE;
	uint32_t value = 0;

	memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	if (offset != VIRTIO_MMIO_STATUS) {
		snprintf(text, text_size, "%s = 0x%x", register_name(offset),
			 value);
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

void virtio_mmio_destroy(struct virtio_mmio *device)
{
	virtio_blk_close(&device->blk);
}
