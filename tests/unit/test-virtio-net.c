/* The network card, between a driver that may do what it likes and a back end
 * that does what the test says: chains of any form in both queues. */
#include "queue.h"

#include "event-loop.h"
#include "trace.h"
#include "virtio-net.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <stdarg.h>
#include <stdio.h>

#define RECEIVE	  0
#define TRANSMIT  1
#define QUEUES	  2
#define RING_SIZE 32

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)
#define VERSION_1     (1ull << VIRTIO_F_VERSION_1)
#define HEADER	      NET_HEADER_SIZE

#define RUNNING                                                 \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | \
	 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)

static struct virtio_net net;
static struct net_backend backend;
static struct ring rings[QUEUES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int interrupts[QUEUES], config_interrupts;

/* ---- the event loop's stand-in ---- */

static unsigned int rings_of_bell, reconnect_ms;
static bool timer_expired;

void event_init(struct event *event, int fd, void (*ready)(void *owner),
		void *owner)
{
	*event = (struct event){ .fd = fd, .ready = ready, .owner = owner };
}

void event_wait_for(struct event *event, uint32_t what)
{
	event->waits_for = what;
}

void event_close(struct event *event)
{
	*event = (struct event){ .fd = -1 };
}

void event_timer_init(struct event *timer, void (*ready)(void *owner),
		      void *owner)
{
	event_init(timer, 1, ready, owner);
}

void event_timer_start(struct event *timer, unsigned int ms)
{
	assert_ptr_equal(timer, &net.reconnect);
	reconnect_ms = ms;
}

bool event_timer_expired(struct event *timer)
{
	assert_ptr_equal(timer, &net.reconnect);
	return timer_expired;
}

void event_bell_init(struct event *bell, void (*ready)(void *owner),
		     void *owner)
{
	event_init(bell, 2, ready, owner);
}

void event_ring(struct event *bell)
{
	assert_ptr_equal(bell, &net.again);
	rings_of_bell++;
}

void event_unring(struct event *bell)
{
	assert_ptr_equal(bell, &net.again);
}

/* Every frame goes through what the trace does with it, too. */
bool trace_on(void)
{
	return true;
}

void trace_note(const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert_memory_equal(text, "frame to the ", 13);
}

/* ---- the back end: frames that wait in it, and what it was given ---- */

static uint8_t source[4][HEADER + NET_FRAME_MAX];
static size_t source_sizes[4];
static unsigned int source_count, source_next;
static uint8_t sent[HEADER + NET_FRAME_MAX];
static size_t sent_size;
static unsigned int sent_count;
static enum net_result result; /* of each send */
static uint64_t told_features;
static bool connects;

static bool fake_connect(struct net_backend *unused)
{
	(void)unused;
	backend.fd = connects ? 4 : -1;
	return connects;
}

static void fake_set_features(struct net_backend *unused, uint64_t features)
{
	(void)unused;
	told_features = features;
}

static enum net_result fake_send(struct net_backend *unused,
				 const struct iovec *buffers, size_t count)
{
	(void)unused;
	if (count == 0 || result != NET_DONE)
		return count == 0 ? NET_DONE : result;
	sent_size = 0;
	for (size_t i = 0; i < count; i++) {
		assert_in_range(sent_size + buffers[i].iov_len, 0,
				sizeof(sent));
		memcpy(sent + sent_size, buffers[i].iov_base,
		       buffers[i].iov_len);
		sent_size += buffers[i].iov_len;
	}
	sent_count++;
	return NET_DONE;
}

static enum net_result fake_receive(struct net_backend *unused, bool may_read)
{
	(void)unused;
	if (!may_read || source_next == source_count)
		return NET_LATER;
	backend.frame = source[source_next];
	backend.frame_size = source_sizes[source_next++];
	return NET_DONE;
}

/* A frame of this size, and which kind of work is left to do for it */
static void add_frame(size_t size, uint8_t flags, uint8_t gso_type)
{
	uint8_t *frame = source[source_count];

	memset(frame, 0, HEADER);
	frame[offsetof(struct virtio_net_hdr_v1, flags)] = flags;
	frame[offsetof(struct virtio_net_hdr_v1, gso_type)] = gso_type;
	for (size_t i = 0; i < size; i++)
		frame[HEADER + i] = (uint8_t)(i * 7 + i / 251);
	source_sizes[source_count++] = HEADER + size;
}

/* ---- the driver ---- */

static void interrupt(void *transport, uint32_t number)
{
	assert_ptr_equal(transport, &rings);
	if (number == VIRTIO_CONFIG)
		config_interrupts++;
	else
		interrupts[number]++;
}

static void bring_up(uint64_t features)
{
	virtio_write_status(&net.device, 0);
	virtio_write_features(&net.device, 0, (uint32_t)features);
	virtio_write_features(&net.device, 1, (uint32_t)(VERSION_1 >> 32));
	virtio_write_status(&net.device,
			    RUNNING & ~(uint32_t)VIRTIO_CONFIG_S_DRIVER_OK);
	for (uint32_t i = 0; i < QUEUES; i++) {
		ring_create(&rings[i], &memory, RING_SIZE,
			    RING_GPA + i * RING_BYTES);
		ring_tell(&rings[i], &net.device.queues[i]);
		virtio_start_queue(&net.device, i);
	}
	virtio_write_status(&net.device, RUNNING);
	assert_int_equal(net.device.status, RUNNING);
}

static int set_up_net(void **state)
{
	(void)state;
	fake_reset();
	fake_memory_create(&memory, RAM_SIZE);
	memset(&backend, 0, sizeof(backend));
	backend.name = "test";
	backend.features = FEATURE(CSUM) | FEATURE(GUEST_CSUM) |
			   FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6);
	backend.mtu = 1500;
	backend.connect = fake_connect;
	backend.set_features = fake_set_features;
	backend.send = fake_send;
	backend.receive = fake_receive;
	backend.fd = 3;
	source_count = source_next = sent_count = 0;
	sent_size = 0;
	result = NET_DONE;
	rings_of_bell = reconnect_ms = config_interrupts = 0;
	memset(interrupts, 0, sizeof(interrupts));
	timer_expired = connects = false;
	told_features = 0;
	virtio_net_open(&net, &backend, &lock);
	virtio_connect(&net.device, &memory, interrupt, &rings);
	return 0;
}

#define NET_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_net, tear_down)

/* A chain of `count` descriptors, `size` bytes each, from `first` on. */
static void offer(uint32_t number, uint16_t first, unsigned int count,
		  uint64_t gpa, uint32_t size)
{
	const uint16_t way = number == RECEIVE ? VRING_DESC_F_WRITE : 0;

	for (uint16_t i = 0; i < count; i++)
		ring_describe(&rings[number].desc[first + i], gpa + i * size,
			      size,
			      way | (i + 1u < count ? VRING_DESC_F_NEXT : 0),
			      first + i + 1);
	ring_offer(&rings[number], first);
}

static uint16_t given_back(uint32_t number)
{
	return rings[number].used->idx;
}

static uint32_t length_of(uint32_t number, uint16_t i)
{
	return rings[number].used->ring[i % RING_SIZE].len;
}

static uint8_t *ram(uint64_t gpa)
{
	return memory_at(&memory, gpa, 1);
}

/* The header's last field, wherever it lies */
static unsigned int num_buffers(uint64_t gpa)
{
	return ram(gpa)[10] | ram(gpa)[11] << 8;
}

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
		NET_TEST(a_frame_fills_a_buffer),
		NET_TEST(a_long_frame_fills_several),
		NET_TEST(a_header_in_single_bytes),
		NET_TEST(without_a_buffer_it_waits),
		NET_TEST(without_merging_one_has_to_do),
		NET_TEST(what_never_fits_is_dropped),
		NET_TEST(bad_buffers_come_back_once),
		NET_TEST(a_bad_one_behind_a_good_one),
		NET_TEST(what_the_driver_cannot_do_is_not_left_to_it),
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
