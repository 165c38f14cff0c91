/*
 * Any sequence of accesses to the registers, with notifications, in memory that
 * the driver changes in between: transport, virtio device and disk together.
 * Each operation is a byte and its arguments; some do what takes a driver many
 * accesses, so that the fuzzer gets far.
 */
#include "input.h"

#include "fake.h"
#include "memory-map.h"
#include "ring.h"
#include "virtio-blk.h"
#include "virtio-mmio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE   0x4000
#define RING_GPA   0x0000
#define IMAGE_SIZE (8 * 512)

enum operation {
	PUT, /* a register, 32 bits */
	WRITE, /* any access */
	READ,
	POKE, /* guest memory */
	BRING_UP, /* with these features and this size */
	OFFER, /* the chain that begins with this descriptor */
	DESCRIBE, /* a descriptor */
	NOTIFY, /* and how much time passes meanwhile */
	OPERATIONS
};

static struct memory memory;
static struct ring ring;
static struct virtio_blk disk;
static struct virtio_mmio *mmio;
static int image;

static void create(void)
{
	char path[32];

	fake_memory_create(&memory, RAM_SIZE);
	image = memfd_create("image", MFD_CLOEXEC);
	CHECK(image >= 0 && ftruncate(image, IMAGE_SIZE) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image);
	virtio_blk_open(&disk, path, false);
	mmio = malloc(sizeof(*mmio));
	CHECK(mmio);
	virtio_mmio_init(mmio, &disk.device, &memory, &FAKE_LINE);
}

static void put(uint64_t offset, uint32_t value)
{
	virtio_mmio_device.write(mmio, offset, &value, sizeof(value));
}

static uint32_t get(uint64_t offset)
{
	uint32_t value;

	virtio_mmio_device.read(mmio, offset, &value, sizeof(value));
	return value;
}

/* What a driver does from the reset on (virtio 1.2, 3.1.1). */
static void bring_up(uint8_t features, uint8_t shift)
{
	uint32_t low = (features & 1 ? 1u << VIRTIO_RING_F_INDIRECT_DESC : 0) |
		       (features & 2 ? 1u << VIRTIO_RING_F_EVENT_IDX : 0) |
		       (features & 4 ? 1u << VIRTIO_BLK_F_FLUSH : 0);

	ring_create(&ring, &memory, (uint16_t)(1 << shift % 9), RING_GPA);
	put(VIRTIO_MMIO_STATUS, 0);
	CHECK(get(VIRTIO_MMIO_STATUS) == 0 && !fake.line);
	put(VIRTIO_MMIO_DRIVER_FEATURES, low);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	put(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	put(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK);
	put(VIRTIO_MMIO_QUEUE_NUM, ring.size);
	put(VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)ring.desc_gpa);
	put(VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)ring.avail_gpa);
	put(VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)ring.used_gpa);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	put(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
	/* Whatever was before, a reset and these make it work. */
	CHECK(get(VIRTIO_MMIO_QUEUE_READY) == 1);
	CHECK(get(VIRTIO_MMIO_STATUS) ==
	      (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK));
}

static void describe(struct input *input)
{
	uint16_t index = take8(input) % ring.size;
	uint64_t gpa = take16(input);
	uint32_t length = take16(input);
	uint16_t flags = take8(input) % 8;

	ring_describe(&ring.desc[index], gpa, length, flags, take8(input));
}

static void access_any(struct input *input, bool is_write)
{
	uint64_t offset = take16(input) % VIRTIO_SIZE;
	size_t size = take8(input) % 8 + 1;
	uint8_t *data = malloc(size); /* no more: the sanitizer sees it */
	char text[80];

	CHECK(data);
	take(input, data, size);
	if (is_write)
		virtio_mmio_device.write(mmio, offset, data, size);
	else
		virtio_mmio_device.read(mmio, offset, data, size);
	virtio_mmio_device.describe(mmio, offset, is_write, data, size, text,
				    sizeof(text));
	CHECK(strstr(text, " = 0x"));
	free(data);
}

/* Where the time does not suffice, the device goes on by its timer. */
static void notify(unsigned int ms)
{
	uint16_t used = disk.device.queues[0].next_used;
	bool runs = get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_DRIVER_OK;

	fake.tick = ms * TIMER_MILLISECOND;
	put(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	CHECK(runs || disk.device.queues[0].next_used == used);
	for (int i = 0; fake.timer && i < 4; i++)
		fake_expire();
	fake.tick = 0;
}

/* What holds between any two accesses of the driver's */
static void check(void)
{
	const struct virtio *device = &disk.device;
	uint32_t status = get(VIRTIO_MMIO_STATUS);

	CHECK(fake.line == (get(VIRTIO_MMIO_INTERRUPT_STATUS) != 0));
	CHECK(status == device->status);
	CHECK(!fake.timer || device->unfinished);
	if (!(status & VIRTIO_CONFIG_S_FEATURES_OK)) {
		CHECK(!(status & VIRTIO_CONFIG_S_DRIVER_OK));
		return;
	}
	CHECK(!(device->features & ~virtio_offered(device)));
	CHECK(device->features >> VIRTIO_F_VERSION_1 & 1);
	CHECK(device->queues[0].indirect ==
	      (device->features >> VIRTIO_RING_F_INDIRECT_DESC & 1));
	CHECK(device->queues[0].event_idx ==
	      (device->features >> VIRTIO_RING_F_EVENT_IDX & 1));
}

static void operate(struct input *input)
{
	uint8_t operation = take8(input);
	uint8_t offset;
	uint16_t gpa;
	uint8_t value;

	switch (operation % OPERATIONS) {
	case PUT:
		offset = take8(input);
		put(offset * 4ull, take32(input));
		break;
	case WRITE:
		access_any(input, true);
		break;
	case READ:
		access_any(input, false);
		break;
	case POKE:
		gpa = take16(input) % (RAM_SIZE - 8);
		take(input, memory.ram + gpa, 8);
		break;
	case BRING_UP:
		value = take8(input);
		bring_up(value, take8(input));
		break;
	case OFFER:
		ring_offer(&ring, take8(input));
		break;
	case DESCRIBE:
		describe(input);
		break;
	case NOTIFY:
		notify(operation / OPERATIONS);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	if (!mmio)
		create();
	put(VIRTIO_MMIO_STATUS, 0);
	fake_reset();
	memset(memory.ram, 0, RAM_SIZE);
	ring_create(&ring, &memory, 8, RING_GPA);
	while (input.size > 0) {
		operate(&input);
		check();
	}
	CHECK(lseek(image, 0, SEEK_END) == IMAGE_SIZE);
	return 0;
}
