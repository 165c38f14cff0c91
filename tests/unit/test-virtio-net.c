/* Frames to the guest: chains of any form, of a driver that may do what it likes. */
#include "card.h"

/* ---- to the guest ---- */

static void a_frame_fills_a_buffer(void **state)
{
	(void)state;
	bring_up(FEATURE(MRG_RXBUF));
	offer(RECEIVE, 0, 1, BUFFER_GPA, 200);
	add_frame(60, 0, 0);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 1);
	assert_int_equal(length_of(RECEIVE, 0), HEADER + 60);
	assert_int_equal(num_buffers(BUFFER_GPA), 1);
	assert_memory_equal(ram(BUFFER_GPA + HEADER), source[0] + HEADER, 60);
	assert_int_equal(ram(BUFFER_GPA)[HEADER + 60], FAKE_FILL);
	assert_int_equal(interrupts[RECEIVE], 1);
	/* And now it waits for the next. */
	assert_int_equal(net.event.waits_for, EPOLLIN);
}

static void a_long_frame_fills_several(void **state)
{
	(void)state;
	bring_up(FEATURE(MRG_RXBUF));
	for (uint16_t i = 0; i < 4; i++)
		offer(RECEIVE, i, 1, BUFFER_GPA + i * 100u, 100);
	add_frame(250, 0, 0);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 3);
	assert_int_equal(num_buffers(BUFFER_GPA), 3);
	assert_int_equal(length_of(RECEIVE, 0), 100);
	assert_int_equal(length_of(RECEIVE, 2), HEADER + 250 - 200);
	assert_memory_equal(ram(BUFFER_GPA + HEADER), source[0] + HEADER, 250);
	assert_int_equal(ram(BUFFER_GPA)[HEADER + 250], FAKE_FILL);
}

static void a_header_in_single_bytes(void **state)
{
	(void)state;
	bring_up(FEATURE(MRG_RXBUF));
	offer(RECEIVE, 0, 14, BUFFER_GPA, 1);
	offer(RECEIVE, 14, 1, BUFFER_GPA + 14, 100);
	add_frame(60, 0, 0);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 2);
	assert_int_equal(num_buffers(BUFFER_GPA), 2);
	assert_memory_equal(ram(BUFFER_GPA + HEADER), source[0] + HEADER, 60);
}

/* It waits with us, one at most, and the loop does not ask for more. */
static void without_a_buffer_it_waits(void **state)
{
	(void)state;
	bring_up(FEATURE(MRG_RXBUF));
	add_frame(60, 0, 0);
	add_frame(61, 0, 0);
	net.event.ready(&net);
	assert_int_equal(source_next, 1);
	assert_int_equal(net.event.waits_for, 0);
	/* Too little is no better than nothing, and stays the driver's. */
	offer(RECEIVE, 0, 1, BUFFER_GPA, 50);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 0);
	offer(RECEIVE, 1, 1, BUFFER_GPA + 50, 50);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 2);
	assert_int_equal(num_buffers(BUFFER_GPA), 2);
	assert_memory_equal(ram(BUFFER_GPA + HEADER), source[0] + HEADER, 60);
	assert_int_equal(net.event.waits_for, 0);
	assert_int_equal(source_next, 2);
}

static void without_merging_one_has_to_do(void **state)
{
	(void)state;
	bring_up(0);
	offer(RECEIVE, 0, 1, BUFFER_GPA, 80);
	offer(RECEIVE, 1, 1, BUFFER_GPA + 80, 80);
	add_frame(69, 0, 0);
	add_frame(68, 0, 0);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 1);
	assert_int_equal(length_of(RECEIVE, 0), HEADER + 68);
	assert_int_equal(num_buffers(BUFFER_GPA), 1);
	assert_memory_equal(ram(BUFFER_GPA + HEADER), source[1] + HEADER, 68);
}

/* The whole ring is too small: then this one is lost, and the next comes. */
static void what_never_fits_is_dropped(void **state)
{
	(void)state;
	bring_up(FEATURE(MRG_RXBUF));
	for (uint16_t i = 0; i < RING_SIZE; i++)
		offer(RECEIVE, i, 1, BUFFER_GPA + i * 20u, 20);
	add_frame(NET_FRAME_MAX, 0, 0);
	add_frame(14, 0, 0);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 2);
	assert_memory_equal(ram(BUFFER_GPA + HEADER), source[1] + HEADER, 8);
}

static void bad_buffers_come_back_once(void **state)
{
	(void)state;
	bring_up(FEATURE(MRG_RXBUF));
	add_frame(60, 0, 0);
	add_frame(61, 0, 0);
	add_frame(62, 0, 0);
	add_frame(63, 0, 0);
	/* Nothing to write to; not in RAM; a loop; then a good one. */
	ring_describe(&rings[RECEIVE].desc[0], BUFFER_GPA, 100, 0, 0);
	ring_offer(&rings[RECEIVE], 0);
	ring_describe(&rings[RECEIVE].desc[1], RAM_SIZE - 1, 100,
		      VRING_DESC_F_WRITE, 0);
	ring_offer(&rings[RECEIVE], 1);
	ring_describe(&rings[RECEIVE].desc[2], BUFFER_GPA, 1,
		      VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 2);
	ring_offer(&rings[RECEIVE], 2);
	offer(RECEIVE, 3, 1, BUFFER_GPA, 100);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 4);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(length_of(RECEIVE, i), 0);
	assert_int_equal(length_of(RECEIVE, 3), HEADER + 63);
}

/* In the middle of a frame, too: all that were taken for it come back. */
static void a_bad_one_behind_a_good_one(void **state)
{
	(void)state;
	bring_up(FEATURE(MRG_RXBUF));
	offer(RECEIVE, 0, 1, BUFFER_GPA, 50);
	ring_describe(&rings[RECEIVE].desc[1], RAM_SIZE, 100,
		      VRING_DESC_F_WRITE, 0);
	ring_offer(&rings[RECEIVE], 1);
	add_frame(60, 0, 0);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(RECEIVE), 2);
	assert_int_equal(length_of(RECEIVE, 0), 0);
	assert_int_equal(length_of(RECEIVE, 1), 0);
}

/* The host may have queued it for a driver that could do more. */
static void what_the_driver_cannot_do_is_not_left_to_it(void **state)
{
	const uint8_t csum = VIRTIO_NET_HDR_F_NEEDS_CSUM;

	(void)state;
	bring_up(FEATURE(MRG_RXBUF) | FEATURE(GUEST_CSUM) |
		 FEATURE(GUEST_TSO4));
	assert_int_equal(told_features, 0);
	for (uint16_t i = 0; i < 4; i++)
		offer(RECEIVE, i, 1, BUFFER_GPA + i * 200u, 200);
	add_frame(60, csum, VIRTIO_NET_HDR_GSO_TCPV6);
	add_frame(61, csum, VIRTIO_NET_HDR_GSO_UDP);
	add_frame(62, csum, VIRTIO_NET_HDR_GSO_TCPV4);
	add_frame(13, 0, 0);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(told_features, VERSION_1 | FEATURE(MRG_RXBUF) |
						FEATURE(GUEST_CSUM) |
						FEATURE(GUEST_TSO4));
	assert_int_equal(given_back(RECEIVE), 1);
	assert_int_equal(length_of(RECEIVE, 0), HEADER + 62);

	source_count = source_next = 0;
	bring_up(FEATURE(MRG_RXBUF));
	offer(RECEIVE, 0, 1, BUFFER_GPA, 200);
	add_frame(60, csum, 0);
	add_frame(61, VIRTIO_NET_HDR_F_DATA_VALID, 0);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(told_features, VERSION_1 | FEATURE(MRG_RXBUF));
	assert_int_equal(length_of(RECEIVE, 0), HEADER + 61);
	/* A hint is no lie; but who did not ask for it does not get it. */
	assert_int_equal(ram(BUFFER_GPA)[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_TEST(a_frame_fills_a_buffer),
		NET_TEST(a_long_frame_fills_several),
		NET_TEST(a_header_in_single_bytes),
		NET_TEST(without_a_buffer_it_waits),
		NET_TEST(without_merging_one_has_to_do),
		NET_TEST(what_never_fits_is_dropped),
		NET_TEST(bad_buffers_come_back_once),
		NET_TEST(a_bad_one_behind_a_good_one),
		NET_TEST(what_the_driver_cannot_do_is_not_left_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
