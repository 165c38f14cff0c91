#include "die.h"
#include "net-backend.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* In front of each frame, big endian: its length */
#define LENGTH_SIZE sizeof(uint32_t)

/* The header is longer: with this in front of all, there is room for it. */
#define MARGIN (NET_HEADER_SIZE - LENGTH_SIZE)

/* A kernel's limit is 1024, and a frame of more parts is none of Linux'. */
#define MAX_PARTS 260

static bool stream_connect(struct net_backend *backend)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	memcpy(address.sun_path, backend->name, strlen(backend->name));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return false;
	}
	/* Of what was half read or half sent, nobody wants the rest. */
	backend->fd = fd;
	backend->in_start = backend->in_end = MARGIN;
	backend->in_skip = 0;
	backend->out_start = backend->out_end = 0;
	return true;
}

static void stream_set_features(struct net_backend *backend, uint64_t features)
{
	(void)backend;
	(void)features;
}

/* ---- to the other end ---- */

static enum net_result failed(void)
{
	return errno == EAGAIN || errno == EINTR ? NET_LATER : NET_GONE;
}

/* Sends what is left of the last frame. */
static enum net_result send_rest(struct net_backend *backend)
{
	while (backend->out_start < backend->out_end) {
		ssize_t done =
			send(backend->fd, backend->out + backend->out_start,
			     backend->out_end - backend->out_start,
			     MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done < 0)
			return failed();
		backend->out_start += (size_t)done;
	}
	return NET_DONE;
}

/* Keeps all of these parts but their first `done` bytes. */
static void keep_rest(struct net_backend *backend, const struct iovec *parts,
		      size_t count, size_t done)
{
	backend->out_start = backend->out_end = 0;
	for (size_t i = 0; i < count; i++) {
		size_t skip = done < parts[i].iov_len ? done : parts[i].iov_len;
		size_t size = parts[i].iov_len - skip;

		memcpy(backend->out + backend->out_end,
		       (const uint8_t *)parts[i].iov_base + skip, size);
		backend->out_end += size;
		done -= skip;
	}
}

static enum net_result stream_send(struct net_backend *backend,
				   const struct iovec *buffers, size_t count)
{
	struct iovec parts[MAX_PARTS];
	struct msghdr message = { .msg_iov = parts };
	enum net_result result = send_rest(backend);
	size_t size = 0, skip = NET_HEADER_SIZE;
	uint32_t length;
	ssize_t done;

	if (result != NET_DONE || count == 0 || count >= MAX_PARTS)
		return result;
	/* In place of the header, which may be in parts itself, the length */
	parts[message.msg_iovlen++] = (struct iovec){ &length, LENGTH_SIZE };
	for (size_t i = 0; i < count; i++) {
		struct iovec part = buffers[i];
		size_t off = skip < part.iov_len ? skip : part.iov_len;

		skip -= off;
		part.iov_base = (uint8_t *)part.iov_base + off;
		part.iov_len -= off;
		size += part.iov_len;
		if (part.iov_len > 0)
			parts[message.msg_iovlen++] = part;
	}
	length = htonl((uint32_t)size);
	done = sendmsg(backend->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (done < 0)
		return failed();
	keep_rest(backend, parts, message.msg_iovlen, (size_t)done);
	return NET_DONE;
}

/* ---- from the other end ---- */

/* The first whole frame of those that have been read, if there is one. */
static bool find_frame(struct net_backend *backend)
{
	for (;;) {
		size_t there = backend->in_end - backend->in_start;
		uint8_t *start = backend->in + backend->in_start;
		uint32_t length;

		if (backend->in_skip > 0) {
			size_t skip = backend->in_skip < there
					      ? backend->in_skip
					      : there;

			backend->in_skip -= skip;
			backend->in_start += skip;
			if (backend->in_skip > 0)
				return false;
			continue;
		}
		if (there < LENGTH_SIZE)
			return false;
		memcpy(&length, start, LENGTH_SIZE);
		length = ntohl(length);
		if (length == 0 || length > NET_FRAME_MAX) {
			backend->in_start += LENGTH_SIZE;
			backend->in_skip = length;
			continue;
		}
		if (there < LENGTH_SIZE + length)
			return false;

		/* Its header goes over what was taken before, and the length. */
		memset(start - MARGIN, 0, NET_HEADER_SIZE);
		backend->frame = start - MARGIN;
		backend->frame_size = NET_HEADER_SIZE + length;
		backend->in_start += LENGTH_SIZE + length;
		return true;
	}
}

static enum net_result stream_receive(struct net_backend *backend,
				      bool may_read)
{
	size_t there;
	ssize_t size;

	if (find_frame(backend))
		return NET_DONE;
	if (!may_read)
		return NET_LATER;
	there = backend->in_end - backend->in_start;
	memmove(backend->in + MARGIN, backend->in + backend->in_start, there);
	backend->in_start = MARGIN;
	backend->in_end = MARGIN + there;
	size = recv(backend->fd, backend->in + backend->in_end,
		    sizeof(backend->in) - backend->in_end, MSG_DONTWAIT);
	if (size < 0)
		return failed();
	if (size == 0)
		return NET_GONE;
	backend->in_end += (size_t)size;
	return find_frame(backend) ? NET_DONE : NET_LATER;
}

void net_stream_open(struct net_backend *backend, const char *path)
{
	struct sockaddr_un address;

	*backend = (struct net_backend){
		.name = path,
		.connect = stream_connect,
		.set_features = stream_set_features,
		.send = stream_send,
		.receive = stream_receive,
	};
	if (strlen(path) >= sizeof(address.sun_path))
		die("unix=%s: a socket's path has at most %zu letters", path,
		    sizeof(address.sun_path) - 1);
	if (!stream_connect(backend))
		die_errno(
			"unix=%s: its other end comes first, as passt --socket %s",
			path, path);
}
