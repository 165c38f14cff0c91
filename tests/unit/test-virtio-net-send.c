/* Frames to the host, the link, and what ends a turn. */
#include "card.h"

/* ---- to the host ---- */

static void fill(uint64_t gpa, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*ram(gpa + i) = (uint8_t)(i * 3 + 1);
}

static void a_frame_goes_out(void **state)
{
	(void)state;
	bring_up(0);
	fill(BUFFER_GPA, HEADER + 60);
	offer(TRANSMIT, 0, 1, BUFFER_GPA, HEADER + 60);
	offer(TRANSMIT, 1, HEADER + 14, BUFFER_GPA, 1);
	virtio_notify(&net.device, TRANSMIT);
	assert_int_equal(given_back(TRANSMIT), 2);
	assert_int_equal(length_of(TRANSMIT, 0), 0);
	assert_int_equal(sent_count, 2);
	assert_int_equal(sent_size, HEADER + 14);
	assert_memory_equal(sent, ram(BUFFER_GPA), HEADER + 14);
	assert_int_equal(interrupts[TRANSMIT], 1);
}

static void what_is_no_frame_is_not_sent(void **state)
{
	(void)state;
	bring_up(0);
	offer(TRANSMIT, 0, 1, BUFFER_GPA, 0); /* nothing */
	offer(TRANSMIT, 1, 1, BUFFER_GPA, HEADER - 1); /* no header */
	offer(TRANSMIT, 2, 1, BUFFER_GPA, HEADER); /* only a header */
	offer(TRANSMIT, 3, 1, BUFFER_GPA, HEADER + 13); /* no Ethernet */
	offer(TRANSMIT, 4, 1, RAM_SIZE, 100); /* no memory */
	/* For us to write */
	ring_describe(&rings[TRANSMIT].desc[5], BUFFER_GPA, 100,
		      VRING_DESC_F_WRITE, 0);
	ring_offer(&rings[TRANSMIT], 5);
	/* A loop, and longer than any frame */
	ring_describe(&rings[TRANSMIT].desc[6], BUFFER_GPA, 1,
		      VRING_DESC_F_NEXT, 6);
	ring_offer(&rings[TRANSMIT], 6);
	ring_describe(&rings[TRANSMIT].desc[7], 0, RAM_SIZE / 2,
		      VRING_DESC_F_NEXT, 8);
	ring_describe(&rings[TRANSMIT].desc[8], 0, RAM_SIZE / 2,
		      VRING_DESC_F_NEXT, 9);
	ring_describe(&rings[TRANSMIT].desc[9], 0, HEADER + 20, 0, 0);
	ring_offer(&rings[TRANSMIT], 7);
	virtio_notify(&net.device, TRANSMIT);
	assert_int_equal(given_back(TRANSMIT), 8);
	assert_int_equal(sent_count, 0);
}

static void a_full_back_end_is_waited_for(void **state)
{
	(void)state;
	bring_up(0);
	offer(TRANSMIT, 0, 1, BUFFER_GPA, 100);
	result = NET_LATER;
	virtio_notify(&net.device, TRANSMIT);
	assert_int_equal(given_back(TRANSMIT), 0);
	assert_true(net.event.waits_for & EPOLLOUT);
	result = NET_DONE;
	net.event.ready(&net);
	assert_int_equal(given_back(TRANSMIT), 1);
	assert_int_equal(sent_count, 1);
	assert_false(net.event.waits_for & EPOLLOUT);
	assert_int_equal(interrupts[TRANSMIT], 1);
}

/* A reset in between: nothing of it is sent or given back. */
static void a_reset_forgets_what_waits(void **state)
{
	(void)state;
	bring_up(0);
	offer(TRANSMIT, 0, 1, BUFFER_GPA, 100);
	result = NET_LATER;
	virtio_notify(&net.device, TRANSMIT);
	result = NET_DONE;
	virtio_write_status(&net.device, 0);
	net.event.ready(&net);
	assert_int_equal(sent_count, 0);
	assert_int_equal(given_back(TRANSMIT), 0);
	/* And nobody is asked for what nobody wants. */
	assert_int_equal(net.event.waits_for, 0);
	bring_up(0);
	net.event.ready(&net);
	assert_int_equal(sent_count, 0);
}

static unsigned int endless;

static enum net_result send_and_offer(struct net_backend *unused,
				      const struct iovec *buffers, size_t count)
{
	if (count > 0) {
		endless++;
		ring_offer(&rings[TRANSMIT], 0);
	}
	return fake_send(unused, buffers, count);
}

static void one_turn_ends(void **state)
{
	(void)state;
	backend.send = send_and_offer;
	endless = 0;
	bring_up(0);
	offer(TRANSMIT, 0, 1, BUFFER_GPA, 100);
	virtio_notify(&net.device, TRANSMIT);
	assert_in_range(endless, 10, 1000);
	assert_int_equal(rings_of_bell, 1);
	net.again.ready(&net);
	assert_int_equal(rings_of_bell, 2);
}

/* ---- the link ---- */

static void a_back_end_that_goes_and_comes(void **state)
{
	(void)state;
	bring_up(FEATURE(STATUS));
	assert_int_equal(net.config.status, VIRTIO_NET_S_LINK_UP);
	offer(TRANSMIT, 0, 1, BUFFER_GPA, 100);
	result = NET_GONE;
	virtio_notify(&net.device, TRANSMIT);
	assert_int_equal(net.config.status, 0);
	assert_int_equal(config_interrupts, 1);
	assert_int_equal(net.device.config_generation, 1);
	assert_int_equal(given_back(TRANSMIT), 1);
	assert_in_range(reconnect_ms, 100, 5000);

	/* Frames are lost meanwhile, and nothing waits. */
	offer(TRANSMIT, 1, 1, BUFFER_GPA, 100);
	virtio_notify(&net.device, TRANSMIT);
	virtio_notify(&net.device, RECEIVE);
	assert_int_equal(given_back(TRANSMIT), 2);
	assert_int_equal(sent_count, 0);

	/* For nothing, in vain, and then not. */
	net.reconnect.ready(&net);
	assert_int_equal(config_interrupts, 1);
	timer_expired = true;
	reconnect_ms = 0;
	net.reconnect.ready(&net);
	assert_int_equal(config_interrupts, 1);
	assert_int_not_equal(reconnect_ms, 0);
	connects = true;
	result = NET_DONE;
	net.reconnect.ready(&net);
	assert_int_equal(net.config.status, VIRTIO_NET_S_LINK_UP);
	assert_int_equal(config_interrupts, 2);
	assert_int_equal(net.event.fd, 4);
	offer(TRANSMIT, 2, 1, BUFFER_GPA, 100);
	virtio_notify(&net.device, TRANSMIT);
	assert_int_equal(sent_count, 1);
}

static void what_it_says_of_itself(void **state)
{
	const uint8_t *mac = net.config.mac;

	(void)state;
	assert_int_equal(net.device.id, VIRTIO_ID_NET);
	assert_int_equal(mac[0], 0x02);
	assert_int_equal(net.config.mtu, 1500);
	assert_int_equal(net.device.config_size, 12);
	assert_true(net.device.offered & FEATURE(MTU));
	/* No control queue: a driver would wait for its answer. */
	assert_false(net.device.offered & FEATURE(CTRL_VQ));
}

/* A driver that breaks the rules is told so, and the loop goes on. */
static void a_broken_queue(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < QUEUES; i++) {
		bring_up(0);
		add_frame(60, 0, 0);
		rings[i].avail->idx = RING_SIZE + 1;
		virtio_notify(&net.device, i);
		assert_true(net.device.status & VIRTIO_CONFIG_S_NEEDS_RESET);
		net.event.ready(&net);
		assert_int_equal(net.event.waits_for, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET_TEST(a_frame_goes_out),
		NET_TEST(what_is_no_frame_is_not_sent),
		NET_TEST(a_full_back_end_is_waited_for),
		NET_TEST(a_reset_forgets_what_waits),
		NET_TEST(one_turn_ends),
		NET_TEST(a_back_end_that_goes_and_comes),
		NET_TEST(what_it_says_of_itself),
		NET_TEST(a_broken_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
