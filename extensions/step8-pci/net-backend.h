/*
 * Where the frames of a network card go to and come from: a tap interface of
 * the host's, or a program at the other end of a socket.
 *
 * A frame has a header in front (virtio 1.2, 5.1.6), which says what is left to
 * do for it, such as its checksum.  The tap takes and gives it; on a socket there
 * is none, and nothing left to do.
 *
 * The card's lock is held in all of these functions, and they never block.
 */
#ifndef NET_BACKEND_H
#define NET_BACKEND_H

#include "event-loop.h"

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define NET_HEADER_SIZE sizeof(struct virtio_net_hdr_v1)

/* virtio 1.2, 5.1.6.3.1 and 5.1.6.4: the longest frame that there is */
#define NET_FRAME_MAX 65550

/* Room for what is left of one frame, and for the next, which has begun */
#define NET_BUFFER_SIZE (2 * (NET_HEADER_SIZE + NET_FRAME_MAX))

enum net_result {
	NET_DONE,
	NET_LATER, /* nothing was done: it will be ready once more */
	NET_GONE, /* there is nobody at the other end any more */
};

struct net_backend {
	const char *name; /* of an interface, or of a socket */
	uint64_t features; /* what of VIRTIO_NET_F_* it can bear */

	/* Connects `fd` with the other end; -1, false and errno if in vain. */
	bool (*connect)(struct net_backend *backend);
	/* The guest's driver has chosen from `features`. */
	void (*set_features)(struct net_backend *backend, uint64_t features);
	/*
	 * Sends a header and a frame.  Of one that cannot be sent, and could not
	 * be later, nothing remains.  With no buffers: only what was left over.
	 */
	enum net_result (*send)(struct net_backend *backend,
				const struct iovec *buffers, size_t count);
	/* Gets the next header and frame into `frame`; may it read for that? */
	enum net_result (*receive)(struct net_backend *backend, bool may_read);

	uint8_t *frame; /* NULL: there is none, or it is taken */
	size_t frame_size; /* with its header */

	size_t in_start, in_end;
	size_t in_skip; /* so many bytes to come belong to no frame */
	size_t out_start, out_end;
	int fd;
	uint16_t mtu; /* the longest packet, or 0: who knows */
	uint8_t in[NET_BUFFER_SIZE]; /* has been read */
	uint8_t out[sizeof(uint32_t) + NET_FRAME_MAX]; /* a frame's end */
};

/*
 * The tap interface NAME, or the stream socket PATH.  One that is not there ends
 * the VMM.  With `offload` the guest and the tap may leave checksums, and cutting
 * into segments, to each other.
 */
void net_tap_open(struct net_backend *backend, const char *name, bool offload);
void net_stream_open(struct net_backend *backend, const char *path);

#endif
