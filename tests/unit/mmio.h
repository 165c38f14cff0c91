/* A device behind its registers, and a driver that uses them. */
#ifndef MMIO_H
#define MMIO_H

#include "blk.h"

#include "virtio-mmio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#define VERSION_1      (1ull << VIRTIO_F_VERSION_1)
#define INDIRECT_DESC  (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT_IDX      (1ull << VIRTIO_RING_F_EVENT_IDX)
#define USUAL_FEATURES (VERSION_1 | FLUSH_FEATURE)

#define ACKNOWLEDGE VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER	    VIRTIO_CONFIG_S_DRIVER
#define FEATURES_OK VIRTIO_CONFIG_S_FEATURES_OK
#define DRIVER_OK   VIRTIO_CONFIG_S_DRIVER_OK
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET

#define USED_BUFFER VIRTIO_MMIO_INT_VRING
#define CONFIG	    VIRTIO_MMIO_INT_CONFIG

static struct virtio *const device = &blk.device;

/* In the heap: the sanitizer sees each access behind their ends. */
static struct virtio_mmio *mmio;
static struct virtio_blk_config *config;

static inline uint32_t get(uint64_t offset)
{
	uint32_t value;

	virtio_mmio_device.read(mmio, offset, &value, sizeof(value));
	return value;
}

static inline void put(uint64_t offset, uint32_t value)
{
	virtio_mmio_device.write(mmio, offset, &value, sizeof(value));
}

/* The line follows InterruptStatus, which is there before the interrupt. */
static inline void expect_status_first(bool level)
{
	if (level)
		assert_int_not_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static inline int set_up_mmio(void **state)
{
	(void)state;
	set_up_size(QUEUE_SIZE);
	host_reset();
	image_create(sizeof(image));
	image_fill();
	virtio_blk_open(&blk, image_path, false);
	config = malloc(sizeof(*config));
	mmio = malloc(sizeof(*mmio));
	assert_non_null(config);
	assert_non_null(mmio);
	*config = blk.config;
	device->config = config;
	memset(mmio, FAKE_FILL, sizeof(*mmio));
	virtio_mmio_init(mmio, device, &memory, &FAKE_LINE);
	fake.on_line = expect_status_first;
	return 0;
}

static inline int tear_down_mmio(void **state)
{
	free(mmio);
	free(config);
	return tear_down_blk(state);
}

#define MMIO_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_mmio, tear_down_mmio)

static inline uint64_t offered(void)
{
	uint64_t features;

	put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	features = (uint64_t)get(VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return features | get(VIRTIO_MMIO_DEVICE_FEATURES);
}

static inline void accept_features(uint64_t features)
{
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	put(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	put(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
}

static inline void add_status(uint32_t bits)
{
	put(VIRTIO_MMIO_STATUS, get(VIRTIO_MMIO_STATUS) | bits);
}

/* virtio 1.2, 3.1.1: up to the queue */
static inline bool negotiate(uint64_t features)
{
	put(VIRTIO_MMIO_STATUS, 0);
	add_status(ACKNOWLEDGE);
	add_status(DRIVER);
	accept_features(features);
	add_status(FEATURES_OK);
	return get(VIRTIO_MMIO_STATUS) & FEATURES_OK;
}

/* virtio 1.2, 4.2.3.2; the addresses with the given displacements */
static inline void place_queue(uint64_t desc, uint64_t avail, uint64_t used)
{
	put(VIRTIO_MMIO_QUEUE_SEL, 0);
	put(VIRTIO_MMIO_QUEUE_NUM, ring.size);
	put(VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)(ring.desc_gpa + desc));
	put(VIRTIO_MMIO_QUEUE_DESC_HIGH, (ring.desc_gpa + desc) >> 32);
	put(VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)(ring.avail_gpa + avail));
	put(VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (ring.avail_gpa + avail) >> 32);
	put(VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)(ring.used_gpa + used));
	put(VIRTIO_MMIO_QUEUE_USED_HIGH, (ring.used_gpa + used) >> 32);
}

static inline void bring_up(uint64_t features)
{
	assert_true(negotiate(features));
	ring_create(&ring, &memory, QUEUE_SIZE, RING_GPA);
	place_queue(0, 0, 0);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 1);
	add_status(DRIVER_OK);
	assert_int_equal(get(VIRTIO_MMIO_STATUS),
			 ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

/* One request, which asks for the image's name; the result is there. */
static inline void offer_request(void)
{
	put_header(HEADER_GPA, VIRTIO_BLK_T_GET_ID, 0);
	request_begin();
	request_add(HEADER_GPA, sizeof(struct virtio_blk_outhdr), 0);
	request_add(STATUS_GPA, 1, WRITE);
	ring_offer(&ring, 0);
}

static inline void kick(void)
{
	put(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

#endif
