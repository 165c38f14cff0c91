/* The device as it presents itself, and its queue from start to reset. */
#include "virtio.h"

static void identity(void)
{
	SAME(get(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	SAME(get(VIRTIO_MMIO_VERSION), 2);
	SAME(get(VIRTIO_MMIO_DEVICE_ID), 2);
	SAME(get(VIRTIO_MMIO_QUEUE_NUM_MAX), QUEUE_MAX);
}

static void features(void)
{
	uint64_t offered;

	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	offered = (uint64_t)get(VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	offered |= get(VIRTIO_MMIO_DEVICE_FEATURES);
	SAME(offered, OFFERED);
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	SAME(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
}

static void configuration(void)
{
	const volatile uint8_t *config =
		(const volatile uint8_t *)device + VIRTIO_MMIO_CONFIG;
	const volatile struct virtio_blk_config *fields =
		(const volatile struct virtio_blk_config *)config;
	uint64_t bytes = 0;

	SAME(fields->capacity, 16385);
	SAME(get(VIRTIO_MMIO_CONFIG), 16385);
	SAME(get(VIRTIO_MMIO_CONFIG + 4), 0);
	SAME(*(const volatile uint16_t *)config, 16385);
	for (int i = 7; i >= 0; i--)
		bytes = bytes << 8 | config[i];
	SAME(bytes, 16385);
	CHECK(fields->seg_max <= QUEUE_MAX - 2 && fields->seg_max > 0);
	SAME(fields->blk_size, 512);
	SAME(get(VIRTIO_MMIO_CONFIG_GENERATION),
	     get(VIRTIO_MMIO_CONFIG_GENERATION));
}

/* The request in two descriptors, as many as the smallest queue takes; where
 * there is room for one only, it is none. */
static void every_size(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)data, SECTOR_SIZE + 1, WRITE },
	};

	CHECK(start_device(PLAIN, 1));
	SAME(submit(buffers + 1, 1), 0);
	SAME(data[SECTOR_SIZE], VIRTIO_BLK_S_IOERR);
	for (uint16_t size = 2; size <= QUEUE_MAX; size *= 2) {
		CHECK(start_device(PLAIN, size));
		/* A few rounds, so that the ring wraps */
		for (uint16_t i = 0; i < 2 * size + 3; i++) {
			set_header(VIRTIO_BLK_T_IN, 50 + i);
			memset(data, UNTOUCHED, SECTOR_SIZE + 1);
			if (i % 2)
				SAME(submit_indirect(buffers, 2), 513);
			else
				SAME(submit(buffers, 2), 513);
			SAME(data[SECTOR_SIZE], VIRTIO_BLK_S_OK);
			if (!CHECK(is_sector(data, 50 + i)))
				return;
		}
	}
}

/* 270 rounds of a full queue; each request gets an indirect table. */
static void wrap(void)
{
	static struct vring_desc tables[QUEUE_MAX][3];
	static volatile uint8_t statuses[QUEUE_MAX];
	static struct virtio_blk_outhdr headers[QUEUE_MAX];
	uint32_t bad = 0;

	for (uint16_t i = 0; i < QUEUE_MAX; i++) {
		const struct buffer buffers[] = {
			{ (uintptr_t)&headers[i], 16, 0 },
			{ (uintptr_t)data + i * 20, 20, WRITE },
			{ (uintptr_t)&statuses[i], 1, WRITE },
		};

		headers[i].type = VIRTIO_BLK_T_GET_ID;
		put_chain(tables[i], buffers, 3);
		put(&desc[i], (uintptr_t)tables[i], sizeof(tables[i]),
		    VRING_DESC_F_INDIRECT, 0);
	}
	for (unsigned int round = 0; round < 270; round++) {
		uint16_t before = used->idx;

		for (uint16_t i = 0; i < QUEUE_MAX; i++) {
			statuses[i] = UNTOUCHED;
			offer((uint16_t)(i * 7 + round) % QUEUE_MAX);
		}
		kick();
		/* A slow machine may need more than one of the disk's turns. */
		for (unsigned int look = 0; look < 10000; look++) {
			barrier();
			if ((uint16_t)(used->idx - before) == QUEUE_MAX)
				break;
			get(VIRTIO_MMIO_STATUS);
		}
		if (!SAME(finished(), QUEUE_MAX))
			return;
		for (uint16_t i = 0; i < QUEUE_MAX; i++) {
			uint16_t head = (uint16_t)(i * 7 + round) % QUEUE_MAX;
			uint16_t place = (uint16_t)(before + i) % QUEUE_MAX;

			bad += statuses[i] != 0 ||
			       used->ring[place].id != head ||
			       used->ring[place].len != 21;
		}
	}
	SAME(bad, 0);
	SAME(used->idx, (uint16_t)(270 * QUEUE_MAX));
	SAME(avail->idx, used->idx);
}

static void interrupt(void)
{
	unsigned int before;

	interrupts_on();
	before = interrupts[5];
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	interrupts_off();
	SAME(interrupts[5] - before, 1);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);

	/* Acknowledged, it comes again. */
	interrupts_on();
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	interrupts_off();
	SAME(interrupts[5] - before, 2);
}

/* Only what is acknowledged goes, and what is left interrupts again. */
static void two_interrupts(void)
{
	unsigned int before;

	interrupts_on();
	before = interrupts[5];
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	avail->idx += QUEUE_MAX + 1; /* a violation: the device needs a reset */
	kick();
	interrupts_off();
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 3);
	SAME(interrupts[5] - before, 2);
	set(VIRTIO_MMIO_INTERRUPT_ACK, 0);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 3);
	set(VIRTIO_MMIO_INTERRUPT_ACK, ~3u);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 3);
	interrupts_on();
	interrupts_off();
	before = interrupts[5];
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
	interrupts_on();
	interrupts_off();
	SAME(interrupts[5] - before, 1);
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_CONFIG);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static void second_disk(void)
{
	unsigned int first = interrupts[5], second = interrupts[9];

	device = READ_ONLY;
	CHECK(start_device(PLAIN, 16));
	interrupts_on();
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	interrupts_off();
	SAME(interrupts[5] - first, 0);
	SAME(interrupts[9] - second, 1);
}

static void no_interrupt(void)
{
	avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	avail->flags = 0;
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
}

static void events(void)
{
	volatile uint16_t *used_event, *avail_event;

	CHECK(start_device(OFFERED, 16));
	used_event = &avail->ring[16];
	avail_event = (volatile uint16_t *)&used->ring[16];
	avail->flags = VRING_AVAIL_F_NO_INTERRUPT; /* which means nothing */
	*used_event = 2;
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	SAME(*avail_event, 2);
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	SAME(*avail_event, 3);
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static void again(void)
{
	for (unsigned int i = 0; i < 1000; i++) {
		if (!CHECK(start_device(i % 2 ? PLAIN : OFFERED,
					(uint16_t)(4 << i % 7))))
			return;
		memset(data, 0, SECTOR_SIZE);
		SAME(request(VIRTIO_BLK_T_IN, i, data, SECTOR_SIZE), 0);
		if (!CHECK(is_sector(data, i)))
			return;
	}
}

/* The queue at the very top of the memory */
static void queue_at(uint64_t top)
{
	reset();
	CHECK(negotiate(PLAIN));
	place_queue(QUEUE_MAX);
	used = (volatile struct vring_used *)(top - 4 - QUEUE_MAX * 8 - 4);
	memset((void *)(top - 8192), 0, 8192);
	tell_queue();
	CHECK(ready());
	SAME(request(VIRTIO_BLK_T_IN, 60, data, SECTOR_SIZE), 0);
	CHECK(is_sector(data, 60));

	reset();
	CHECK(negotiate(PLAIN));
	place_queue(QUEUE_MAX);
	avail = (volatile struct vring_avail *)(top - 4 - QUEUE_MAX * 2 - 2);
	memset((void *)(top - 8192), 0, 8192);
	tell_queue();
	CHECK(ready());
	SAME(request(VIRTIO_BLK_T_IN, 61, data, SECTOR_SIZE), 0);
	CHECK(is_sector(data, 61));

	reset();
	CHECK(negotiate(PLAIN));
	place_queue(QUEUE_MAX);
	desc = (volatile struct vring_desc *)(top - QUEUE_MAX * 16);
	tell_queue();
	CHECK(ready());
	SAME(request(VIRTIO_BLK_T_IN, 62, data, SECTOR_SIZE), 0);
	CHECK(is_sector(data, 62));
}

static void queue_at_the_top(void)
{
	queue_at(top_of_low_ram());
	queue_at(top_of_ram());
}

const struct test queue_cases[] = {
	{ "the device's identity", identity, true },
	{ "the features it offers", features },
	{ "its configuration, by 1, 2, 4 and 8 bytes", configuration, true },
	{ "queues of every size", every_size },
	{ "indices that wrap past 65535", wrap },
	{ "an interrupt for a completion", interrupt, true },
	{ "two interrupts, acknowledged one by one", two_interrupts, true },
	{ "the second disk has its own interrupt", second_disk, true },
	{ "no interrupt where the driver wants none", no_interrupt },
	{ "events instead of flags", events },
	{ "initialised a thousand times", again },
	{ "rings that end at the top of RAM", queue_at_the_top },
	END_OF_TESTS,
};
