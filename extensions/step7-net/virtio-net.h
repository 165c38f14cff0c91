/*
 * A virtio network card (virtio 1.2, 5.1), with one queue for each direction.
 *
 *   to the host    the driver's notification sends what is in the queue
 *   to the guest   the event loop does, when the back end has a frame
 *
 * Neither waits: what the other side does not take now stays where it is, in
 * the queue or in the host's socket, and the event loop tells when to go on.
 */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include "event-loop.h"
#include "net-backend.h"
#include "virtio.h"

#include <linux/virtio_net.h>
#include <pthread.h>
#include <stdbool.h>

struct virtio_net {
	struct virtio device; /* what a transport takes */
	struct virtio_net_config config;
	struct net_backend *backend;

	/* Of all in here and of the back end: the lock of all devices */
	pthread_mutex_t *lock;

	struct event event; /* of the back end's descriptor, while it has one */
	struct event again; /* there is more to send than one turn sends */
	struct event reconnect; /* when next to look for the other end */
	uint64_t features; /* those that the back end was told of */
	bool wants_frames; /* there are buffers for them, and it has none */
	bool wants_room; /* there are frames for it, and it takes none */
};

/*
 * Makes a network card of a back end, for a machine whose lock that is.  Its
 * address is made from the back end's name: the same as long as that is.
 */
void virtio_net_open(struct virtio_net *net, struct net_backend *backend,
		     pthread_mutex_t *lock);

/* Once the event loop has stopped. */
void virtio_net_close(struct virtio_net *net);

#endif
