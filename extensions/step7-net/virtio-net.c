#include "virtio-net.h"

#include "trace.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/virtio_ids.h>
#include <string.h>
#include <time.h>

/* virtio 1.2, 5.1.2: the queues' numbers, as the driver sees them */
#define RECEIVE	 0
#define TRANSMIT 1

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)

/* So many frames a direction may move before others get their turn. */
#define TURN 256

/* So often the other end is looked for when it is gone. */
#define RECONNECT_MS 1000

/* A disk that hangs may have the lock: then the loop goes round meanwhile. */
#define LOCK_MS 10

static bool lock_devices(struct virtio_net *net)
{
	struct timespec until;

	if (pthread_mutex_trylock(net->lock) == 0)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOCK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return pthread_mutex_clocklock(net->lock, CLOCK_MONOTONIC, &until) == 0;
}

/* A frame for the trace: its way, its size, its type and addresses. */
static void trace_frame(const char *way, const uint8_t *frame, size_t size)
{
	const struct ethhdr *header = (const void *)frame;
	const uint8_t *to = header->h_dest, *from = header->h_source;

	trace_note(
		"frame to the %s, %zu bytes: %02x:%02x:%02x:%02x:%02x:%02x > %02x:%02x:%02x:%02x:%02x:%02x, type 0x%02x%02x",
		way, size, from[0], from[1], from[2], from[3], from[4], from[5],
		to[0], to[1], to[2], to[3], to[4], to[5], frame[12], frame[13]);
}

/* ---- the link ---- */

static void set_link(struct virtio_net *net, bool is_up)
{
	net->config.status = is_up ? VIRTIO_NET_S_LINK_UP : 0;
	virtio_config_changed(&net->device);
}

/* There is nobody any more: the guest hears of it, and we look for him. */
static void lose_link(struct virtio_net *net)
{
	event_close(&net->event);
	net->backend->fd = -1;
	net->backend->frame = NULL;
	event_timer_start(&net->reconnect, RECONNECT_MS);
	set_link(net, false);
}

static bool has_link(const struct virtio_net *net)
{
	return net->backend->fd >= 0;
}

/* ---- to the guest (5.1.6.4) ---- */

/* Did the driver say that it can do what is left to do for this frame? */
static bool is_acceptable(const struct virtio_net *net)
{
	struct virtio_net_hdr_v1 header;
	uint64_t needed = 0;

	if (net->backend->frame_size < NET_HEADER_SIZE + ETH_HLEN)
		return false;
	memcpy(&header, net->backend->frame, sizeof(header));
	/* Who checks no sums is not told which are right. */
	if (!(net->device.features & FEATURE(GUEST_CSUM)))
		net->backend->frame[0] &= ~VIRTIO_NET_HDR_F_DATA_VALID;
	if (header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		needed |= FEATURE(GUEST_CSUM);
	switch (header.gso_type) {
	case VIRTIO_NET_HDR_GSO_NONE:
		break;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		needed |= FEATURE(GUEST_TSO4);
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		needed |= FEATURE(GUEST_TSO6);
		break;
	default:
		return false;
	}
	return (needed & ~net->device.features) == 0;
}

/* Gives all of them back unused: the frame is lost. */
static bool refuse(struct virtqueue *queue, struct vring_used_elem *used,
		   uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		used[i].len = 0;
	virtqueue_push_all(queue, used, count);
	return true;
}

/*
 * Puts the frame into as many chains as it takes, or into one where the driver
 * does not merge them.  False: it has to wait for more of them.
 */
static bool deliver(struct virtio_net *net)
{
	struct virtqueue *queue = &net->device.queues[RECEIVE];
	bool merges = net->device.features & FEATURE(MRG_RXBUF);
	size_t size = net->backend->frame_size, done = 0;
	struct vring_used_elem used[VIRTQUEUE_MAX_SIZE];
	struct chain first, chain;
	uint16_t count = 0;

	while (done < size) {
		/* All of the queue's chains, or the only one, are too short. */
		if (count == (merges ? queue->size : 1)) {
			virtqueue_unpop(queue, count);
			return true;
		}
		if (!virtqueue_pop(queue, &chain)) {
			if (virtqueue_rearm(queue))
				continue;
			virtqueue_unpop(queue, count);
			return false;
		}
		if (count == 0)
			first = chain;
		used[count].id = chain.head;
		used[count].len =
			chain.valid
				? (uint32_t)chain_write(
					  &chain, 0, net->backend->frame + done,
					  size - done)
				: 0;
		if (used[count++].len == 0)
			return refuse(queue, used, count);
		done += used[count - 1].len;
	}
	chain_write(&first, offsetof(struct virtio_net_hdr_v1, num_buffers),
		    &count, sizeof(count));
	virtqueue_push_all(queue, used, count);
	if (trace_on())
		trace_frame("guest", net->backend->frame + NET_HEADER_SIZE,
			    size - NET_HEADER_SIZE);
	return true;
}

static void receive(struct virtio_net *net)
{
	struct net_backend *backend = net->backend;

	net->wants_frames = false;
	if (!has_link(net))
		return;
	if (net->features != net->device.features) {
		net->features = net->device.features;
		backend->set_features(backend, net->features);
	}
	for (unsigned int i = 0;; i++) {
		if (!backend->frame) {
			enum net_result result =
				backend->receive(backend, i < TURN);

			if (result == NET_GONE)
				lose_link(net);
			net->wants_frames = result == NET_LATER;
			if (result != NET_DONE)
				return;
		}
		if (is_acceptable(net) && !deliver(net))
			return;
		backend->frame = NULL;
	}
}

/* ---- to the host (5.1.6.2) ---- */

static uint64_t total_size(const struct chain *chain)
{
	uint64_t size = 0;

	for (size_t i = 0; i < chain->readable; i++)
		size += chain->buffers[i].iov_len;
	return size;
}

/* A frame to the host, of which the trace wants the start. */
static void trace_chain(const struct chain *chain, uint64_t size)
{
	uint8_t start[NET_HEADER_SIZE + ETH_HLEN];

	chain_read(chain, start, sizeof(start));
	trace_frame("host", start + NET_HEADER_SIZE, size - NET_HEADER_SIZE);
}

/* What is no frame, or has nobody who would take it, is lost. */
static enum net_result send_chain(struct virtio_net *net,
				  const struct chain *chain)
{
	struct net_backend *backend = net->backend;
	uint64_t size = total_size(chain);
	enum net_result result;

	if (!chain->valid || size < NET_HEADER_SIZE + ETH_HLEN ||
	    size > NET_HEADER_SIZE + NET_FRAME_MAX || !has_link(net))
		return NET_DONE;
	/* If it is answered at once, no other thread has to wake up for that. */
	event_wait_for(&net->event, 0);
	result = backend->send(backend, chain->buffers, chain->readable);
	if (result == NET_GONE)
		lose_link(net);
	if (result == NET_DONE && trace_on())
		trace_chain(chain, size);
	return result;
}

static void transmit(struct virtio_net *net)
{
	struct virtqueue *queue = &net->device.queues[TRANSMIT];
	struct chain chain;

	net->wants_room = false;
	for (unsigned int i = 0; i < TURN; i++) {
		if (!virtqueue_pop(queue, &chain)) {
			if (virtqueue_rearm(queue))
				continue;
			return;
		}
		if (send_chain(net, &chain) == NET_LATER) {
			virtqueue_unpop(queue, 1);
			net->wants_room = true;
			return;
		}
		virtqueue_push(queue, &chain, 0);
	}
	event_ring(&net->again);
}

/* ---- who calls: the driver, and the event loop ---- */

static void wait_for_backend(struct virtio_net *net)
{
	bool unsent = net->backend->out_start < net->backend->out_end;

	if (has_link(net))
		event_wait_for(
			&net->event,
			(net->wants_frames ? EPOLLIN : 0) |
				(net->wants_room || unsent ? EPOLLOUT : 0));
}

static void notified(struct virtio *device, uint32_t queue)
{
	struct virtio_net *net = (struct virtio_net *)device;

	if (queue == RECEIVE) {
		receive(net);
	} else {
		transmit(net);
		virtio_notify(device, RECEIVE);
	}
	wait_for_backend(net);
}

/* As if the driver had notified us of a frame; it may be gone, though. */
static void go_on(struct virtio_net *net)
{
	net->wants_frames = false;
	net->wants_room = false;
	if (has_link(net) &&
	    net->backend->send(net->backend, NULL, 0) == NET_GONE)
		lose_link(net);
	virtio_notify(&net->device, TRANSMIT);
	wait_for_backend(net);
}

static void backend_ready(void *owner)
{
	struct virtio_net *net = owner;

	if (!lock_devices(net))
		return;
	go_on(net);
	pthread_mutex_unlock(net->lock);
}

static void next_turn(void *owner)
{
	struct virtio_net *net = owner;

	if (!lock_devices(net))
		return;
	event_unring(&net->again);
	go_on(net);
	pthread_mutex_unlock(net->lock);
}

static void connect_again(struct virtio_net *net)
{
	if (!net->backend->connect(net->backend)) {
		event_timer_start(&net->reconnect, RECONNECT_MS);
		return;
	}
	event_init(&net->event, net->backend->fd, backend_ready, net);
	net->features = 0; /* as it begins */
	set_link(net, true);
	go_on(net);
}

static void look_for_other_end(void *owner)
{
	struct virtio_net *net = owner;

	if (!lock_devices(net))
		return;
	if (event_timer_expired(&net->reconnect))
		connect_again(net);
	pthread_mutex_unlock(net->lock);
}

/* ---- open and close ---- */

/*
 * An address from the back end's name, by FNV-1a, a hash of few lines; the first
 * byte says that nobody has assigned it (IEEE 802, 8.2.2), and not to a group.
 */
static void make_mac(uint8_t *mac, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	memcpy(mac, &hash, ETH_ALEN);
	mac[0] = 0x02;
}

void virtio_net_open(struct virtio_net *net, struct net_backend *backend,
		     pthread_mutex_t *lock)
{
	*net = (struct virtio_net){ .backend = backend, .lock = lock };
	make_mac(net->config.mac, backend->name);
	net->config.status = VIRTIO_NET_S_LINK_UP;
	net->config.mtu = backend->mtu;

	net->device.id = VIRTIO_ID_NET;
	net->device.offered = FEATURE(MAC) | FEATURE(STATUS) |
			      FEATURE(MRG_RXBUF) | backend->features |
			      (backend->mtu ? FEATURE(MTU) : 0);
	net->device.config = &net->config;
	/* What is behind this belongs to features that are not offered. */
	net->device.config_size = offsetof(struct virtio_net_config, speed);
	net->device.queue_count = 2;
	net->device.notified = notified;

	event_init(&net->event, backend->fd, backend_ready, net);
	event_bell_init(&net->again, next_turn, net);
	event_timer_init(&net->reconnect, look_for_other_end, net);
}

void virtio_net_close(struct virtio_net *net)
{
	if (has_link(net))
		event_close(&net->event);
	event_close(&net->again);
	event_close(&net->reconnect);
}
