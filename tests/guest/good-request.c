/* Requests of every type, their results checked. */
#include "virtio.h"

static void reads_a_sector(void)
{
	memset(data, 0, SECTOR_SIZE);
	SAME(request(VIRTIO_BLK_T_IN, 4711, data, SECTOR_SIZE), 0);
	CHECK(is_sector(data, 4711));
}

static void reads_all_sectors(void)
{
	uint64_t sector = 0;

	/* A MiB at a time, and the last sector alone */
	for (; sector + 2048 < 16385; sector += 2048) {
		memset(data, 0, sizeof(data));
		if (!SAME(request(VIRTIO_BLK_T_IN, sector, data, sizeof(data)),
			  0))
			return;
		if (sector >= SCRATCH && sector < SCRATCH_END)
			continue;
		for (uint64_t i = 0; i < 2048; i += 1)
			if (sector + i < SCRATCH || sector + i >= SCRATCH_END)
				if (!CHECK(is_sector(data + i * SECTOR_SIZE,
						     sector + i)))
					return;
	}
}

static void writes_a_sector(void)
{
	fill(data, SECTOR_SIZE, 1);
	SAME(request(VIRTIO_BLK_T_OUT, SCRATCH + 1, data, SECTOR_SIZE), 0);
	memset(data, 0, 3 * SECTOR_SIZE);
	SAME(request(VIRTIO_BLK_T_IN, SCRATCH + 1, data, SECTOR_SIZE), 0);
	CHECK(is_filled(data, SECTOR_SIZE, 1));
}

static void writes_a_mib(void)
{
	fill(data, sizeof(data), 2);
	SAME(request(VIRTIO_BLK_T_OUT, SCRATCH, data, sizeof(data)), 0);
	memset(data, 0, sizeof(data));
	SAME(request(VIRTIO_BLK_T_IN, SCRATCH, data, sizeof(data)), 0);
	CHECK(is_filled(data, sizeof(data), 2));
}

static void last_sector(void)
{
	static uint8_t old[SECTOR_SIZE];

	SAME(request(VIRTIO_BLK_T_IN, 16384, old, SECTOR_SIZE), 0);
	CHECK(is_sector(old, 16384));
	fill(data, SECTOR_SIZE, 3);
	SAME(request(VIRTIO_BLK_T_OUT, 16384, data, SECTOR_SIZE), 0);
	memset(data, 0, SECTOR_SIZE);
	SAME(request(VIRTIO_BLK_T_IN, 16384, data, SECTOR_SIZE), 0);
	CHECK(is_filled(data, SECTOR_SIZE, 3));
	SAME(request(VIRTIO_BLK_T_OUT, 16384, old, SECTOR_SIZE), 0);
}

static void flush(void)
{
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
}

static void no_data(void)
{
	SAME(request(VIRTIO_BLK_T_IN, 5, data, 0), 0);
	SAME(request(VIRTIO_BLK_T_OUT, 5, data, 0), 0);
}

/* The image's name, 20 bytes of it, here "disk" and zeroes */
/* "disk-" and 8 hexadecimal digits; zeros up to the end */
static void get_id(void)
{
	memset(data, UNTOUCHED, 32);
	SAME(request(VIRTIO_BLK_T_GET_ID, 0, data, 20), 0);
	CHECK(memcmp(data, "disk-", 5) == 0);
	for (unsigned int i = 5; i < 13; i++)
		CHECK((data[i] >= '0' && data[i] <= '9') ||
		      (data[i] >= 'a' && data[i] <= 'f'));
	CHECK(memcmp(data + 13, "\0\0\0\0\0\0", 7) == 0);
	SAME(data[20], UNTOUCHED);
}

static void get_id_in_pieces(void)
{
	struct buffer buffers[22] = { { (uintptr_t)&header, 16, 0 } };
	uint8_t id[20];

	SAME(request(VIRTIO_BLK_T_GET_ID, 0, data, 20), 0);
	memcpy(id, data, sizeof(id));
	set_header(VIRTIO_BLK_T_GET_ID, 0);
	memset(data, UNTOUCHED, 64);
	for (unsigned int i = 0; i < 20; i++)
		buffers[1 + i] =
			(struct buffer){ (uintptr_t)data + 2 * i, 1, WRITE };
	buffers[21] = (struct buffer){ (uintptr_t)&status, 1, WRITE };
	SAME(submit(buffers, 22), 21);
	SAME(status, 0);
	for (unsigned int i = 0; i < 20; i++) {
		SAME(data[2 * i], id[i]);
		SAME(data[2 * i + 1], UNTOUCHED);
	}
}

/* A shorter buffer gets what fits, a longer one no more than there is. */
static void get_id_short_and_long(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)data, 2, WRITE },
		{ (uintptr_t)&status, 1, WRITE },
	};

	set_header(VIRTIO_BLK_T_GET_ID, 0);
	memset(data, UNTOUCHED, 64);
	SAME(submit(buffers, 3), 3);
	SAME(status, 0);
	CHECK(data[0] == 'd' && data[1] == 'i' && data[2] == UNTOUCHED);

	set_header(VIRTIO_BLK_T_GET_ID, 0);
	buffers[1].length = 40;
	SAME(submit(buffers, 3), 20);
	SAME(status, 0);
	CHECK(data[3] == 'k' && data[19] == 0 && data[20] == UNTOUCHED);
}

static void unknown_types(void)
{
	static const uint32_t types[] = { 2,  3,  5,  6,	7,	   10,
					  11, 13, 14, 0x100000, UINT32_MAX };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		SAME(request(types[i], 0, data, SECTOR_SIZE),
		     VIRTIO_BLK_S_UNSUPP);
}

static void read_only(void)
{
	for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
		device = READ_ONLY;
		CHECK(start_device(PLAIN | (acknowledged ? FEATURE(RO) : 0),
				   256));
		set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
		CHECK(get(VIRTIO_MMIO_DEVICE_FEATURES) & FEATURE(RO));
		memset(data, 0, SECTOR_SIZE);
		SAME(request(VIRTIO_BLK_T_IN, 15, data, SECTOR_SIZE), 0);
		CHECK(is_sector(data, 15));
		SAME(request(VIRTIO_BLK_T_OUT, 0, data, SECTOR_SIZE),
		     VIRTIO_BLK_S_IOERR);
		SAME(request(VIRTIO_BLK_T_IN, 0, data, SECTOR_SIZE), 0);
		CHECK(is_sector(data, 0));
		SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	}
}

/* Each with its own header, data and status */
static void batch(void)
{
	static struct virtio_blk_outhdr headers[64];
	static volatile uint8_t statuses[64];

	for (uint16_t i = 0; i < 64; i++) {
		headers[i].type = VIRTIO_BLK_T_IN;
		headers[i].sector = i * 100u >= SCRATCH ? i : i * 100u;
		statuses[i] = UNTOUCHED;
		put(&desc[3 * i], (uintptr_t)&headers[i], 16, VRING_DESC_F_NEXT,
		    3 * i + 1);
		put(&desc[3 * i + 1], (uintptr_t)data + i * SECTOR_SIZE,
		    SECTOR_SIZE, WRITE | VRING_DESC_F_NEXT, 3 * i + 2);
		put(&desc[3 * i + 2], (uintptr_t)&statuses[i], 1, WRITE, 0);
		offer(3 * i);
	}
	kick();
	SAME(finished(), 64);
	for (uint16_t i = 0; i < 64; i++) {
		SAME(used->ring[i].id, 3 * i);
		SAME(used->ring[i].len, SECTOR_SIZE + 1);
		SAME(statuses[i], 0);
		CHECK(is_sector(data + i * SECTOR_SIZE, headers[i].sector));
	}
}

const struct test request_cases[] = {
	{ "a sector is read", reads_a_sector },
	{ "all sectors are read, a MiB at a time", reads_all_sectors },
	{ "a sector is written", writes_a_sector },
	{ "a MiB is written", writes_a_mib },
	{ "the last sector is read and written", last_sector },
	{ "FLUSH", flush },
	{ "reads and writes of nothing", no_data },
	{ "GET_ID gives 20 bytes", get_id },
	{ "GET_ID into single bytes", get_id_in_pieces },
	{ "GET_ID into too short and too long a buffer",
	  get_id_short_and_long },
	{ "unknown types are UNSUPP", unknown_types },
	{ "a read-only disk is read, not written", read_only },
	{ "64 requests with one notification", batch },
	END_OF_TESTS,
};
