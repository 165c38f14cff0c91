#include "die.h"
#include "net-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)
#define OFFLOADS                                                   \
	(FEATURE(CSUM) | FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6) | \
	 FEATURE(GUEST_CSUM) | FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6))

/* Gives the tap's descriptor its interface, and frames their headers. */
static bool attach(int fd, const char *name)
{
	int header_size = NET_HEADER_SIZE;
	struct ifreq request = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
	};

	memcpy(request.ifr_name, name, strlen(name));
	return ioctl(fd, TUNSETIFF, &request) == 0 &&
	       ioctl(fd, TUNSETVNETHDRSZ, &header_size) == 0;
}

static bool tap_connect(struct net_backend *backend)
{
	/* A missing one would be made, and nobody would be on its other side. */
	if (if_nametoindex(backend->name) == 0)
		return false;
	backend->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (backend->fd < 0)
		return false;
	if (attach(backend->fd, backend->name))
		return true;
	close(backend->fd);
	backend->fd = -1;
	return false;
}

/* What the guest can do is left to it; all else the kernel does before. */
static void tap_set_features(struct net_backend *backend, uint64_t features)
{
	unsigned int offload = 0;

	if (features & FEATURE(GUEST_CSUM)) {
		offload |= TUN_F_CSUM;
		offload |= features & FEATURE(GUEST_TSO4) ? TUN_F_TSO4 : 0;
		offload |= features & FEATURE(GUEST_TSO6) ? TUN_F_TSO6 : 0;
	}
	/* The card looks at each header itself, whatever this has done. */
	(void)ioctl(backend->fd, TUNSETOFFLOAD, offload);
}

/* The kernel believes no header, and refuses a frame that it does not fit. */
static enum net_result tap_send(struct net_backend *backend,
				const struct iovec *buffers, size_t count)
{
	if (count == 0 || writev(backend->fd, buffers, (int)count) >= 0)
		return NET_DONE;
	if (errno == EAGAIN)
		return NET_LATER;
	return errno == EBADFD ? NET_GONE : NET_DONE;
}

static enum net_result tap_receive(struct net_backend *backend, bool may_read)
{
	ssize_t size;

	if (!may_read)
		return NET_LATER;
	size = read(backend->fd, backend->in, sizeof(backend->in));
	if (size < 0)
		return errno == EAGAIN ? NET_LATER : NET_GONE;
	backend->frame = backend->in;
	backend->frame_size = (size_t)size;
	return NET_DONE;
}

/* The longest packet that goes through the interface. */
static uint16_t read_mtu(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, name, strlen(name));
	if (fd < 0 || ioctl(fd, SIOCGIFMTU, &request) < 0)
		die_errno("tap=%s: its MTU", name);
	close(fd);
	return request.ifr_mtu < UINT16_MAX ? (uint16_t)request.ifr_mtu
					    : UINT16_MAX;
}

static _Noreturn void refuse(const char *name)
{
	switch (errno) {
	case ENODEV:
	case EPERM:
		die_errno(
			"tap=%s: have root make it for you: ip tuntap add %s mode tap user $USER",
			name, name);
	case EINVAL:
		die_errno("tap=%s: no tap interface", name);
	case EBUSY:
		die_errno("tap=%s: in use by another program", name);
	default:
		die_errno("tap=%s: /dev/net/tun", name);
	}
}

void net_tap_open(struct net_backend *backend, const char *name, bool offload)
{
	*backend = (struct net_backend){
		.name = name,
		.features = offload ? OFFLOADS : 0,
		.connect = tap_connect,
		.set_features = tap_set_features,
		.send = tap_send,
		.receive = tap_receive,
	};
	if (strlen(name) >= IFNAMSIZ)
		die("tap=%s: a name has at most %d letters", name,
		    IFNAMSIZ - 1);
	if (!tap_connect(backend))
		refuse(name);
	backend->mtu = read_mtu(name);
}
