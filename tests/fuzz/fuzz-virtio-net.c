/*
 * A driver that may do what it likes in both queues, and a back end with frames of
 * any size: no access outside of guest memory, each chain given back once at most,
 * and what is sent is what the chain had.
 *
 * The input: a byte of features, then commands of one byte with what they need.
 */
#include "input.h"

#include "event-loop.h"
#include "fake.h"
#include "ring.h"
#include "trace.h"
#include "virtio-net.h"

#include <linux/virtio_config.h>
#include <pthread.h>

#define RAM_SIZE   0x8000
#define QUEUES	   2
#define QUEUE_SIZE 16
#define STATUS                                                  \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | \
	 VIRTIO_CONFIG_S_FEATURES_OK)

static struct memory memory;
static struct ring rings[QUEUES];
static struct virtio_net net;
static struct net_backend backend;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct input input;
static uint8_t frame[NET_HEADER_SIZE + NET_FRAME_MAX];

/* ---- stand-ins ---- */

void event_init(struct event *event, int fd, void (*ready)(void *owner),
		void *owner)
{
	*event = (struct event){ .fd = fd, .ready = ready, .owner = owner };
}

void event_wait_for(struct event *event, uint32_t what)
{
	CHECK(event->fd >= 0);
	event->waits_for = what;
}

void event_close(struct event *event)
{
	event->fd = -1;
}

void event_timer_init(struct event *timer, void (*ready)(void *owner),
		      void *owner)
{
	event_init(timer, 1, ready, owner);
}

void event_timer_start(struct event *timer, unsigned int ms)
{
	CHECK(timer == &net.reconnect && ms > 0);
}

bool event_timer_expired(struct event *timer)
{
	return timer == &net.reconnect;
}

void event_bell_init(struct event *bell, void (*ready)(void *owner),
		     void *owner)
{
	event_init(bell, 2, ready, owner);
}

void event_ring(struct event *bell)
{
	CHECK(bell == &net.again);
}

void event_unring(struct event *bell)
{
	CHECK(bell == &net.again);
}

bool trace_on(void)
{
	return true;
}

void trace_note(const char *format, ...)
{
	CHECK(format);
}

static bool fake_connect(struct net_backend *unused)
{
	(void)unused;
	backend.fd = take8(&input) & 1 ? 3 : -1;
	return backend.fd >= 0;
}

static void set_features(struct net_backend *unused, uint64_t features)
{
	(void)unused;
	(void)features;
}

static enum net_result any_result(void)
{
	uint8_t value = take8(&input);

	return value < 200 ? NET_DONE : value < 240 ? NET_LATER : NET_GONE;
}

static enum net_result fake_send(struct net_backend *unused,
				 const struct iovec *buffers, size_t count)
{
	size_t size = 0;

	(void)unused;
	for (size_t i = 0; i < count; i++) {
		const volatile uint8_t *data = buffers[i].iov_base;

		size += buffers[i].iov_len;
		if (buffers[i].iov_len > 0) {
			(void)data[0];
			(void)data[buffers[i].iov_len - 1];
		}
	}
	CHECK(count == 0 || size >= NET_HEADER_SIZE + 14);
	CHECK(size <= NET_HEADER_SIZE + NET_FRAME_MAX);
	return count == 0 ? NET_DONE : any_result();
}

static enum net_result fake_receive(struct net_backend *unused, bool may_read)
{
	(void)unused;
	if (!may_read || input.size == 0)
		return NET_LATER;
	if (any_result() != NET_DONE)
		return any_result() == NET_GONE ? NET_GONE : NET_LATER;
	take(&input, frame, 2);
	backend.frame = frame;
	backend.frame_size =
		NET_HEADER_SIZE + take16(&input) % (NET_FRAME_MAX + 1);
	return NET_DONE;
}

static void interrupt(void *transport, uint32_t queue)
{
	CHECK(transport == &net);
	CHECK(queue < QUEUES || queue == VIRTIO_CONFIG);
}

/* ---- the driver ---- */

static void bring_up(void)
{
	virtio_write_status(&net.device, 0);
	virtio_write_features(&net.device, 0,
			      take32(&input) &
				      (uint32_t)virtio_offered(&net.device));
	virtio_write_features(&net.device, 1, 1);
	virtio_write_status(&net.device, STATUS);
	for (uint32_t i = 0; i < QUEUES; i++) {
		ring_create(&rings[i], &memory, QUEUE_SIZE, i * RING_BYTES);
		ring_tell(&rings[i], &net.device.queues[i]);
		virtio_start_queue(&net.device, i);
	}
	virtio_write_status(&net.device, STATUS | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void command(void)
{
	uint8_t what = take8(&input);
	uint32_t number = what & 1;
	struct ring *ring = &rings[number];
	uint16_t index = take8(&input) % QUEUE_SIZE;

	switch (what >> 1 & 7) {
	case 0:
	case 1:
	case 2:
		ring_describe(&ring->desc[index], take16(&input),
			      take16(&input), take8(&input) & 7,
			      take8(&input) % (QUEUE_SIZE + 1));
		break;
	case 3:
		ring_offer(ring, index);
		break;
	case 4:
		virtio_notify(&net.device, number);
		break;
	case 5:
		if (backend.fd >= 0)
			net.event.ready(&net);
		else
			net.reconnect.ready(&net);
		break;
	case 6:
		net.again.ready(&net);
		break;
	case 7:
		bring_up();
		break;
	}
	/* Never more than were offered; data may have gone over the rings. */
	for (uint32_t i = 0; i < QUEUES; i++)
		CHECK((uint16_t)(net.device.queues[i].next_avail -
				 net.device.queues[i].next_used) == 0 ||
		      net.device.queues[i].ready);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){ data, size };
	if (!memory.ram)
		fake_memory_create(&memory, RAM_SIZE);
	fake_reset();
	backend = (struct net_backend){
		.name = "fuzz",
		.features = 1ull << VIRTIO_NET_F_CSUM |
			    1ull << VIRTIO_NET_F_GUEST_CSUM |
			    1ull << VIRTIO_NET_F_GUEST_TSO4,
		.connect = fake_connect,
		.set_features = set_features,
		.send = fake_send,
		.receive = fake_receive,
		.fd = 3,
	};
	virtio_net_open(&net, &backend, &lock);
	virtio_connect(&net.device, &memory, interrupt, &net);
	bring_up();
	while (input.size > 0)
		command();
	return 0;
}
