/* A virtio device with two queues, its transport, and a driver for it. */
#ifndef DEVICE_H
#define DEVICE_H

#include "queue.h"

#include "virtio.h"

#include <linux/virtio_config.h>

#define QUEUES	     2
#define OWN_FEATURES 5 /* bits 0 and 2 */

#define VERSION_1     (1ull << VIRTIO_F_VERSION_1)
#define INDIRECT_DESC (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT_IDX     (1ull << VIRTIO_RING_F_EVENT_IDX)
#define NOT_OFFERED   (1ull << VIRTIO_F_RING_PACKED)

#define ACKNOWLEDGE VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER	    VIRTIO_CONFIG_S_DRIVER
#define FEATURES_OK VIRTIO_CONFIG_S_FEATURES_OK
#define DRIVER_OK   VIRTIO_CONFIG_S_DRIVER_OK
#define FAILED	    VIRTIO_CONFIG_S_FAILED
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET
#define RUNNING	    (ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)

static struct virtio device;
static struct ring rings[QUEUES];
static unsigned int handled[QUEUES];
static unsigned int interrupts[QUEUES], config_interrupts;
static void (*on_chain)(uint32_t number);

static inline uint32_t handle(uint32_t number, struct chain *request)
{
	assert_true(request->valid);
	handled[number]++;
	if (on_chain)
		on_chain(number);
	return 7 + number;
}

static inline uint32_t handle_0(struct virtio *unused, struct chain *request)
{
	(void)unused;
	return handle(0, request);
}

static inline uint32_t handle_1(struct virtio *unused, struct chain *request)
{
	(void)unused;
	return handle(1, request);
}

static inline void notified(struct virtio *notified_device, uint32_t number)
{
	assert_ptr_equal(notified_device, &device);
	assert_in_range(number, 0, QUEUES - 1);
	virtio_serve(&device, number, number == 0 ? handle_0 : handle_1);
}

static inline void interrupt(void *transport, uint32_t number)
{
	assert_ptr_equal(transport, &rings);
	if (number == VIRTIO_CONFIG)
		config_interrupts++;
	else
		interrupts[number]++;
}

static inline int set_up_device(void **state)
{
	(void)state;
	fake_reset();
	fake_memory_create(&memory, RAM_SIZE);
	device = (struct virtio){ .id = 99,
				  .offered = OWN_FEATURES,
				  .queue_count = QUEUES,
				  .notified = notified };
	virtio_connect(&device, &memory, interrupt, &rings);
	memset(handled, 0, sizeof(handled));
	memset(interrupts, 0, sizeof(interrupts));
	config_interrupts = 0;
	on_chain = NULL;
	return 0;
}

#define DEVICE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_device, tear_down)

/* ---- its driver ---- */

static inline bool negotiate(uint64_t features)
{
	virtio_write_status(&device, ACKNOWLEDGE);
	virtio_write_status(&device, ACKNOWLEDGE | DRIVER);
	virtio_write_features(&device, 0, (uint32_t)features);
	virtio_write_features(&device, 1, (uint32_t)(features >> 32));
	virtio_write_status(&device, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	return device.status & FEATURES_OK;
}

static inline void start_queues(void)
{
	for (uint32_t i = 0; i < QUEUES; i++) {
		ring_create(&rings[i], &memory, QUEUE_SIZE,
			    RING_GPA + i * RING_BYTES);
		ring_tell(&rings[i], &device.queues[i]);
		virtio_start_queue(&device, i);
		assert_true(device.queues[i].ready);
		ring_describe(&rings[i].desc[0], BUFFER_GPA, 1, WRITE, 0);
	}
}

static inline void bring_up(uint64_t features)
{
	virtio_write_status(&device, 0);
	assert_true(negotiate(features));
	start_queues();
	virtio_write_status(&device, RUNNING);
	assert_int_equal(device.status, RUNNING);
}

static inline void offer(uint32_t number)
{
	ring_offer(&rings[number], 0);
}

/* A chain in each queue, and whether the device takes it */
static inline bool serves(uint32_t number)
{
	unsigned int before = handled[number];

	offer(number);
	virtio_notify(&device, number);
	return handled[number] > before;
}

#endif
