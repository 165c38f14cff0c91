/* A network card, its driver, a back end that does what the test says, and a
 * stand-in for the event loop. */
#ifndef CARD_H
#define CARD_H

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

static inline bool fake_connect(struct net_backend *unused)
{
	(void)unused;
	backend.fd = connects ? 4 : -1;
	return connects;
}

static inline void fake_set_features(struct net_backend *unused,
				     uint64_t features)
{
	(void)unused;
	told_features = features;
}

static inline enum net_result
fake_send(struct net_backend *unused, const struct iovec *buffers, size_t count)
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

static inline enum net_result fake_receive(struct net_backend *unused,
					   bool may_read)
{
	(void)unused;
	if (!may_read || source_next == source_count)
		return NET_LATER;
	backend.frame = source[source_next];
	backend.frame_size = source_sizes[source_next++];
	return NET_DONE;
}

/* A frame of this size, and which kind of work is left to do for it */
static inline void add_frame(size_t size, uint8_t flags, uint8_t gso_type)
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

static inline void interrupt(void *transport, uint32_t number)
{
	assert_ptr_equal(transport, &rings);
	if (number == VIRTIO_CONFIG)
		config_interrupts++;
	else
		interrupts[number]++;
}

static inline void bring_up(uint64_t features)
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

static inline int set_up_net(void **state)
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
static inline void offer(uint32_t number, uint16_t first, unsigned int count,
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

static inline uint16_t given_back(uint32_t number)
{
	return rings[number].used->idx;
}

static inline uint32_t length_of(uint32_t number, uint16_t i)
{
	return rings[number].used->ring[i % RING_SIZE].len;
}

static inline uint8_t *ram(uint64_t gpa)
{
	return memory_at(&memory, gpa, 1);
}

/* The header's last field, wherever it lies */
static inline unsigned int num_buffers(uint64_t gpa)
{
	return ram(gpa)[10] | ram(gpa)[11] << 8;
}

#endif
