/*
 * Bytes of any kind on a stream socket, cut anywhere, compared with a model: each
 * frame that is whole, and of a length that a frame can have, comes out once.
 *
 * The input: sizes of pieces, two bytes each and a byte of what they contain; a
 * piece is the next bytes of a stream that is made of lengths and frames.
 */
#include "input.h"

#include "net-backend.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STREAM_MAX (512 << 10)

static struct net_backend backend;
static uint8_t stream[STREAM_MAX];
static size_t stream_size;

/* A backend needs somebody to connect with, once. */
static void create(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path),
		 "/tmp/fuzz-net-stream.%d", getpid());
	unlink(address.sun_path);
	CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) ==
	      0);
	CHECK(listen(listener, 1) == 0);
	net_stream_open(&backend, address.sun_path);
	close(backend.fd);
	close(listener);
	unlink(address.sun_path);
}

static void check_frame(size_t *place)
{
	uint32_t length;

	for (;;) {
		CHECK(*place + 4 <= stream_size);
		memcpy(&length, stream + *place, 4);
		length = ntohl(length);
		*place += 4;
		if (length > 0 && length <= NET_FRAME_MAX)
			break;
		CHECK(*place + length <= stream_size);
		*place += length;
	}
	CHECK(backend.frame_size == NET_HEADER_SIZE + length);
	CHECK(*place + length <= stream_size);
	CHECK(memcmp(backend.frame + NET_HEADER_SIZE, stream + *place,
		     length) == 0);
	for (size_t i = 0; i < NET_HEADER_SIZE; i++)
		CHECK(backend.frame[i] == 0);
	*place += length;
	backend.frame = NULL;
}

/* Appends a length, and that many bytes or fewer. */
static void extend(struct input *input)
{
	uint32_t length = take8(input) & 1 ? take32(input) : take16(input);
	uint32_t wire = htonl(length), there = length % 70000;
	uint8_t fill = take8(input);

	if (stream_size + 4 + there > STREAM_MAX)
		return;
	memcpy(stream + stream_size, &wire, 4);
	for (uint32_t i = 0; i < there; i++)
		stream[stream_size + 4 + i] = (uint8_t)(fill + i);
	stream_size += 4 + there;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t sent = 0, place = 0;
	int ends[2];

	if (!backend.receive)
		create();
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	/* As after a connection */
	backend.fd = ends[0];
	backend.in_start = backend.in_end = NET_HEADER_SIZE - 4;
	backend.in_skip = 0;
	stream_size = 0;
	while (input.size > 0) {
		size_t piece;

		extend(&input);
		piece = take16(&input);
		if (piece > stream_size - sent)
			piece = stream_size - sent;
		while (piece > 0) {
			ssize_t done = send(ends[1], stream + sent, piece,
					    MSG_DONTWAIT);

			if (done > 0) {
				sent += (size_t)done;
				piece -= (size_t)done;
			}
			while (backend.receive(&backend, true) == NET_DONE)
				check_frame(&place);
		}
	}
	close(ends[0]);
	close(ends[1]);
	return 0;
}
