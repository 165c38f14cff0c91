/* Frames on a stream socket: lengths and frames cut anywhere, of every size, and
 * an end that comes at any place. */
#include "test.h"

#include "fake.h"
#include "net-backend.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEADER NET_HEADER_SIZE

static struct net_backend backend;
static char path[64];
static int listener, other_end;

static void connect_it(void)
{
	other_end = accept(listener, NULL, NULL);
	assert_true(other_end >= 0);
}

static int set_up_stream(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	fake_reset();
	snprintf(path, sizeof(path), "/tmp/test-net-stream.%d", getpid());
	unlink(path);
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_return_code(
		bind(listener, (struct sockaddr *)&address, sizeof(address)),
		errno);
	assert_return_code(listen(listener, 4), errno);
	net_stream_open(&backend, path);
	connect_it();
	return 0;
}

static int tear_down_stream(void **state)
{
	(void)state;
	close(other_end);
	close(listener);
	if (backend.fd >= 0)
		close(backend.fd);
	unlink(path);
	return 0;
}

#define STREAM_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_stream, tear_down_stream)

static uint8_t byte(size_t i)
{
	return (uint8_t)(i * 5 + i / 253);
}

/* A frame of this size as it is on the wire */
static size_t wire(uint8_t *data, uint32_t size)
{
	uint32_t length = htonl(size);

	memcpy(data, &length, sizeof(length));
	for (size_t i = 0; i < size; i++)
		data[sizeof(length) + i] = byte(i);
	return sizeof(length) + size;
}

static void say(const void *data, size_t size)
{
	assert_int_equal(write(other_end, data, size), size);
}

static void expect_frame(size_t size)
{
	assert_int_equal(backend.receive(&backend, true), NET_DONE);
	assert_non_null(backend.frame);
	assert_int_equal(backend.frame_size, HEADER + size);
	for (size_t i = 0; i < HEADER; i++)
		assert_int_equal(backend.frame[i], 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(backend.frame[HEADER + i], byte(i));
	backend.frame = NULL;
}

static void expect_none(void)
{
	assert_int_equal(backend.receive(&backend, true), NET_LATER);
	assert_null(backend.frame);
}

static void cut_anywhere(void **state)
{
	uint8_t data[200];
	size_t size = wire(data, 60);

	(void)state;
	size += wire(data + size, 90);
	for (size_t cut = 1; cut < size; cut++) {
		say(data, cut);
		if (cut < 64)
			expect_none();
		else
			expect_frame(60);
		if (cut >= 64)
			expect_none();
		say(data + cut, size - cut);
		if (cut < 64)
			expect_frame(60);
		expect_frame(90);
		expect_none();
	}
}

static void byte_by_byte(void **state)
{
	uint8_t data[100];
	size_t size = wire(data, 60);

	(void)state;
	for (size_t i = 0; i < size; i++) {
		expect_none();
		say(data + i, 1);
	}
	expect_frame(60);
}

/* Those that are read at once need no second look at the socket. */
static void many_at_once(void **state)
{
	uint8_t data[100];

	(void)state;
	for (int i = 0; i < 50; i++)
		say(data, wire(data, 60));
	expect_frame(60);
	for (int i = 1; i < 50; i++) {
		assert_int_equal(backend.receive(&backend, false), NET_DONE);
		backend.frame = NULL;
	}
	assert_int_equal(backend.receive(&backend, false), NET_LATER);
}

static void of_every_size(void **state)
{
	static const uint32_t sizes[] = {
		14, 1514, NET_FRAME_MAX, 0, NET_FRAME_MAX + 1, 200000, 60
	};
	static uint8_t data[4 + 200000];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		bool fits = sizes[i] > 0 && sizes[i] <= NET_FRAME_MAX;
		size_t size = wire(data, sizes[i]), done = 0;

		/* As much as the socket takes, and read in between */
		while (done < size) {
			ssize_t part = send(other_end, data + done, size - done,
					    MSG_DONTWAIT);

			if (part > 0)
				done += (size_t)part;
			if (done < size)
				expect_none();
		}
		if (fits)
			expect_frame(sizes[i]);
		else
			expect_none();
	}
}

/* A length of 4 GiB is none to wait for: all of it is skipped. */
static void a_length_that_is_none(void **state)
{
	uint8_t data[100];

	(void)state;
	say("\xff\xff\xff\xff", 4);
	say(data, wire(data, 60));
	expect_none();
	assert_int_equal(backend.in_skip, 0xffffffff - 64u);
}

static void an_end_at_any_place(void **state)
{
	uint8_t data[100];
	size_t size = wire(data, 60);

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		say(data, cut);
		close(other_end);
		if (cut == size)
			expect_frame(60);
		while (backend.receive(&backend, true) == NET_LATER)
			assert_null(backend.frame);
		assert_int_equal(backend.receive(&backend, true), NET_GONE);
		close(backend.fd);
		/* And nothing of it is left for the next one. */
		assert_true(backend.connect(&backend));
		connect_it();
		say(data, size);
		expect_frame(60);
	}
}

static void what_is_sent_has_a_length_in_place_of_the_header(void **state)
{
	uint8_t data[HEADER + 60], got[100], expected[100];
	struct iovec buffers[HEADER + 60];

	(void)state;
	memset(data, 0xee, HEADER);
	for (size_t i = 0; i < 60; i++)
		data[HEADER + i] = byte(i);
	/* In one part, in bytes, and in two parts, cut anywhere */
	for (size_t cut = 0; cut <= sizeof(data) + 1; cut++) {
		size_t count = 2;

		buffers[0] = (struct iovec){ data, cut };
		buffers[1] = (struct iovec){ data + cut, sizeof(data) - cut };
		if (cut > sizeof(data)) {
			count = sizeof(data);
			for (size_t i = 0; i < count; i++)
				buffers[i] = (struct iovec){ data + i, 1 };
		}
		assert_int_equal(backend.send(&backend, buffers, count),
				 NET_DONE);
		assert_int_equal(read(other_end, got, sizeof(got)),
				 wire(expected, 60));
		assert_memory_equal(got, expected, 64);
	}
}

/* The other end takes nothing: one frame waits, and no more. */
static void a_full_socket(void **state)
{
	static uint8_t data[HEADER + NET_FRAME_MAX], got[NET_FRAME_MAX];
	const struct iovec buffer = { data, HEADER + 50000 };
	unsigned int sent = 0, whole = 0;
	uint32_t length;

	(void)state;
	for (size_t i = 0; i < 50000; i++)
		data[HEADER + i] = byte(i);
	while (backend.send(&backend, &buffer, 1) == NET_DONE)
		assert_in_range(++sent, 1, 1000);
	assert_int_equal(backend.send(&backend, &buffer, 1), NET_LATER);
	assert_in_range(backend.out_end, 0, sizeof(backend.out));
	for (; whole < sent; whole++) {
		assert_int_equal(recv(other_end, &length, 4, MSG_WAITALL), 4);
		assert_int_equal(ntohl(length), 50000);
		for (size_t done = 0; done < 50000;) {
			ssize_t part = recv(other_end, got, 50000 - done,
					    MSG_DONTWAIT);

			if (part > 0)
				for (ssize_t i = 0; i < part; i++)
					assert_int_equal(
						got[i], byte(done + (size_t)i));
			if (part > 0)
				done += (size_t)part;
			/* Only what is left over */
			assert_int_not_equal(backend.send(&backend, NULL, 0),
					     NET_GONE);
		}
	}
	assert_int_equal(backend.send(&backend, &buffer, 1), NET_DONE);
}

static void nobody_to_send_to(void **state)
{
	uint8_t data[HEADER + 60] = { 0 };
	const struct iovec buffer = { data, sizeof(data) };

	(void)state;
	close(other_end);
	assert_int_equal(backend.send(&backend, &buffer, 1), NET_GONE);
	close(listener);
	assert_false(backend.connect(&backend));
}

static void what_cannot_be_a_socket(void **state)
{
	static char name[300];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	assert_true(dies(net_stream_open(&backend, name)));
	assert_true(dies(net_stream_open(&backend, "/nowhere")));
	assert_non_null(strstr(fake.message, "its other end comes first"));
	backend.fd = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(cut_anywhere),
		STREAM_TEST(byte_by_byte),
		STREAM_TEST(many_at_once),
		STREAM_TEST(of_every_size),
		STREAM_TEST(a_length_that_is_none),
		STREAM_TEST(an_end_at_any_place),
		STREAM_TEST(what_is_sent_has_a_length_in_place_of_the_header),
		STREAM_TEST(a_full_socket),
		STREAM_TEST(nobody_to_send_to),
		STREAM_TEST(what_cannot_be_a_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
