/* The queue, the status and the interrupt behind the registers (virtio 1.2, 3.1,
 * 4.2.3). */
#include "mmio.h"

/* ---- the queue's registers ---- */

static void other_queues_do_not_exist(void **state)
{
	static const uint32_t others[] = { 1, 2, 0xffff, 0x10000, UINT32_MAX };

	(void)state;
	bring_up(USUAL_FEATURES);
	for (size_t i = 0; i < 5; i++) {
		put(VIRTIO_MMIO_QUEUE_SEL, others[i]);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
		put(VIRTIO_MMIO_QUEUE_NUM, 4);
		put(VIRTIO_MMIO_QUEUE_READY, 1);
		put(VIRTIO_MMIO_QUEUE_READY, 0);
	}
	put(VIRTIO_MMIO_QUEUE_SEL, 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), VIRTQUEUE_MAX_SIZE);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 1);
	assert_int_equal(disk_queue->size, QUEUE_SIZE);
}

static void other_queues_cannot_be_notified(void **state)
{
	(void)state;
	bring_up(USUAL_FEATURES);
	offer_request();
	put(VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	put(VIRTIO_MMIO_QUEUE_NOTIFY, 0x10000);
	put(VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
	assert_int_equal(ring.used->idx, 0);
	/* Which queue is selected does not matter. */
	put(VIRTIO_MMIO_QUEUE_SEL, 1);
	kick();
	assert_int_equal(ring.used->idx, 1);
}

static bool starts_with_size(uint32_t size)
{
	assert_true(negotiate(USUAL_FEATURES));
	ring_create(&ring, &memory, 256, RING_GPA);
	place_queue(0, 0, 0);
	put(VIRTIO_MMIO_QUEUE_NUM, size);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(!get(VIRTIO_MMIO_QUEUE_READY),
			 !!(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET));
	return get(VIRTIO_MMIO_QUEUE_READY);
}

static void sizes_are_powers_of_two(void **state)
{
	static const uint32_t wrong[] = {
		0,     3,	6,	 255,	   257, 512,
		32768, 0x10000, 0x10008, 1u << 31, 384, UINT32_MAX
	};

	(void)state;
	for (uint32_t size = 1; size <= VIRTQUEUE_MAX_SIZE; size *= 2)
		assert_true(starts_with_size(size));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(starts_with_size(wrong[i]));
}

static void refuses_rings_that_are_wrong(void **state)
{
	static const uint64_t off[][3] = {
		{ 8, 0, 0 },
		{ 0, 1, 0 },
		{ 0, 0, 2 },
		{ RAM_SIZE, 0, 0 },
		{ 0, RAM_SIZE, 0 },
		{ 0, 0, RAM_SIZE },
		/* Right but for the upper half of the address */
		{ 1ull << 32, 0, 0 },
		{ 0, 1ull << 63, 0 },
		{ 0, 0, 1ull << 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		assert_true(negotiate(USUAL_FEATURES));
		ring_create(&ring, &memory, QUEUE_SIZE, RING_GPA);
		place_queue(off[i][0], off[i][1], off[i][2]);
		put(VIRTIO_MMIO_QUEUE_READY, 1);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
		assert_true(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
		/* The driver is not there yet to be interrupted. */
		assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	}
	bring_up(USUAL_FEATURES);
	put(VIRTIO_MMIO_QUEUE_READY, 0);
	place_queue(8, 0, 0);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), CONFIG);
	assert_true(fake.line);
}

static void fixed_while_ready(void **state)
{
	static const uint64_t offsets[] = {
		VIRTIO_MMIO_QUEUE_NUM,	      VIRTIO_MMIO_QUEUE_DESC_LOW,
		VIRTIO_MMIO_QUEUE_DESC_HIGH,  VIRTIO_MMIO_QUEUE_AVAIL_LOW,
		VIRTIO_MMIO_QUEUE_AVAIL_HIGH, VIRTIO_MMIO_QUEUE_USED_LOW,
		VIRTIO_MMIO_QUEUE_USED_HIGH,
	};
	struct virtqueue before;

	(void)state;
	bring_up(USUAL_FEATURES);
	before = *disk_queue;
	for (size_t i = 0; i < 7; i++) {
		put(offsets[i], 16);
		assert_memory_equal(disk_queue, &before, sizeof(before));
	}
	put(VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	for (size_t i = 0; i < 7; i++) {
		before = *disk_queue;
		put(offsets[i], 32);
		assert_memory_not_equal(disk_queue, &before, sizeof(before));
	}
}

static void ready_once_more_changes_nothing(void **state)
{
	(void)state;
	bring_up(USUAL_FEATURES);
	offer_request();
	kick();
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	kick();
	assert_int_equal(ring.used->idx, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 1);
}

static void not_ready_not_served(void **state)
{
	(void)state;
	bring_up(USUAL_FEATURES);
	offer_request();
	put(VIRTIO_MMIO_QUEUE_READY, 0);
	kick();
	assert_int_equal(ring.used->idx, 0);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static void served_only_with_driver_ok(void **state)
{
	(void)state;
	assert_true(negotiate(USUAL_FEATURES));
	place_queue(0, 0, 0);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	offer_request();
	kick();
	assert_int_equal(ring.used->idx, 0);
	add_status(DRIVER_OK);
	kick();
	assert_int_equal(ring.used->idx, 1);
}

/* ---- what was negotiated reaches the disk ---- */

static void without_flush_writes_go_through(void **state)
{
	(void)state;
	for (unsigned int with = 0; with < 2; with++) {
		bring_up(VERSION_1 | (with ? FLUSH_FEATURE : 0));
		put_header(HEADER_GPA, VIRTIO_BLK_T_OUT, 0);
		request_begin();
		request_add(HEADER_GPA, 16, 0);
		request_add(DATA_GPA, SECTOR, 0);
		request_add(STATUS_GPA, 1, WRITE);
		ring_offer(&ring, 0);
		kick();
		assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
		assert_int_equal(host.fdatasync.calls, 1);
	}
}

/* ---- status ---- */

static void status_bits_remain(void **state)
{
	(void)state;
	bring_up(USUAL_FEATURES);
	put(VIRTIO_MMIO_STATUS, ACKNOWLEDGE);
	assert_int_equal(get(VIRTIO_MMIO_STATUS),
			 ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	put(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FAILED);
	assert_true(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FAILED);
}

static void reset_resets_everything(void **state)
{
	struct virtio_mmio fresh = { .device = device, .line = FAKE_LINE };
	struct virtio as_before = *device;

	(void)state;
	bring_up(offered());
	put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	offer_request();
	kick();
	put(VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_true(fake.line);
	put(VIRTIO_MMIO_STATUS, 0);
	assert_memory_equal(mmio, &fresh, sizeof(fresh));
	assert_memory_equal(device, &as_before, sizeof(as_before));
	assert_false(fake.line);
	/* Nothing is served any more. */
	offer_request();
	kick();
	assert_int_equal(ring.used->idx, 1);
}

static void a_thousand_drivers_in_turn(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		bring_up(i % 2 ? USUAL_FEATURES : offered());
		for (unsigned int j = 0; j < i % QUEUE_SIZE; j++)
			offer_request();
		kick();
		assert_int_equal(ring.used->idx, i % QUEUE_SIZE);
		assert_int_equal(fake.line, i % QUEUE_SIZE > 0);
	}
}

static void a_broken_ring_needs_a_reset(void **state)
{
	(void)state;
	bring_up(USUAL_FEATURES);
	offer_request();
	ring_offer(&ring, QUEUE_SIZE);
	kick();
	/* What came before it is done; both interrupts are there. */
	assert_int_equal(ring.used->idx, 1);
	assert_true(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS),
			 USED_BUFFER | CONFIG);
	assert_int_equal(fake.edges, 2);

	ring.avail->ring[1] = 0;
	put(VIRTIO_MMIO_QUEUE_READY, 0);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	kick();
	assert_int_equal(ring.used->idx, 1);
	put(VIRTIO_MMIO_STATUS, DRIVER_OK);
	assert_true(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);

	bring_up(USUAL_FEATURES);
	offer_request();
	kick();
	assert_int_equal(ring.used->idx, 1);
}

/* ---- interrupts ---- */

static void the_line_follows_the_status(void **state)
{
	(void)state;
	bring_up(USUAL_FEATURES);
	assert_false(fake.line);
	offer_request();
	kick();
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), USED_BUFFER);
	assert_true(fake.line);
	put(VIRTIO_MMIO_INTERRUPT_ACK, USED_BUFFER);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_false(fake.line);
	assert_int_equal(fake.edges, 1);
}

static void an_acknowledge_takes_its_bits_only(void **state)
{
	(void)state;
	bring_up(USUAL_FEATURES);
	offer_request();
	ring_offer(&ring, QUEUE_SIZE);
	kick();
	assert_int_equal(fake.edges, 2);
	put(VIRTIO_MMIO_INTERRUPT_ACK, USED_BUFFER);
	/* The other one remains: as a new edge, or the 8259 would not see it. */
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), CONFIG);
	assert_true(fake.line);
	assert_int_equal(fake.edges, 3);
	put(VIRTIO_MMIO_INTERRUPT_ACK, ~(uint32_t)CONFIG);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), CONFIG);
	put(VIRTIO_MMIO_INTERRUPT_ACK, UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_false(fake.line);
}

/* A completion before the acknowledge of the last one, or behind it */
static void no_completion_is_lost(void **state)
{
	unsigned int seen = 0, edges = 0;

	(void)state;
	bring_up(USUAL_FEATURES);
	for (unsigned int i = 1; i <= 100; i++) {
		offer_request();
		kick();
		if (i % 3 == 0) /* two before the driver comes to look */
			continue;
		assert_true(fake.edges > edges);
		edges = fake.edges;
		put(VIRTIO_MMIO_INTERRUPT_ACK,
		    get(VIRTIO_MMIO_INTERRUPT_STATUS));
		seen = ring.used->idx;
	}
	assert_int_equal(seen, 100);
	assert_false(fake.line);
}

static void no_interrupt_that_nobody_wants(void **state)
{
	(void)state;
	bring_up(USUAL_FEATURES);
	kick();
	assert_int_equal(fake.edges, 0);
	ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	offer_request();
	kick();
	assert_int_equal(ring.used->idx, 1);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(fake.edges, 0);

	bring_up(USUAL_FEATURES | EVENT_IDX);
	*ring_used_event(&ring) = 1;
	offer_request();
	kick();
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	offer_request();
	kick();
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), USED_BUFFER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		MMIO_TEST(other_queues_do_not_exist),
		MMIO_TEST(other_queues_cannot_be_notified),
		MMIO_TEST(sizes_are_powers_of_two),
		MMIO_TEST(refuses_rings_that_are_wrong),
		MMIO_TEST(fixed_while_ready),
		MMIO_TEST(ready_once_more_changes_nothing),
		MMIO_TEST(not_ready_not_served),
		MMIO_TEST(served_only_with_driver_ok),
		MMIO_TEST(without_flush_writes_go_through),
		MMIO_TEST(status_bits_remain),
		MMIO_TEST(reset_resets_everything),
		MMIO_TEST(a_thousand_drivers_in_turn),
		MMIO_TEST(a_broken_ring_needs_a_reset),
		MMIO_TEST(the_line_follows_the_status),
		MMIO_TEST(an_acknowledge_takes_its_bits_only),
		MMIO_TEST(no_completion_is_lost),
		MMIO_TEST(no_interrupt_that_nobody_wants),
	};

	return cmocka_run_group_tests_name("virtio-mmio, queue", tests, NULL,
					   NULL);
}
