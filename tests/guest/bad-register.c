/* Registers in the wrong width, the wrong order, the wrong place. */
#include "virtio.h"

static bool works(void)
{
	memset(data, 0, SECTOR_SIZE);
	return request(VIRTIO_BLK_T_IN, 3, data, SECTOR_SIZE) == 0 &&
	       is_sector(data, 3);
}

/* ---- features ---- */

static void not_offered(void)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (OFFERED & BIT(bit))
			continue;
		reset();
		if (!CHECK(!negotiate(PLAIN | BIT(bit))))
			return;
		CHECK(!(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK));
	}
	reset();
	CHECK(!negotiate(UINT64_MAX));
}

static void legacy(void)
{
	reset();
	CHECK(!negotiate(PLAIN & ~BIT(VIRTIO_F_VERSION_1)));
	reset();
	CHECK(!negotiate(0));
}

/* Once accepted they are fixed. */
static void features_later(void)
{
	uint64_t without = PLAIN & ~BIT(VIRTIO_RING_F_INDIRECT_DESC);
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)&status, 1, WRITE },
	};

	CHECK(start_device(without, QUEUE_MAX));
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, UINT32_MAX);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 7);
	set(VIRTIO_MMIO_DRIVER_FEATURES, UINT32_MAX);
	set(VIRTIO_MMIO_STATUS, RUNNING);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
	set_header(VIRTIO_BLK_T_FLUSH, 0);
	SAME(submit_indirect(buffers, 2), 0);
	SAME(status, UNTOUCHED);
	CHECK(works());
}

/* The device does not begin, and says so. */
static void does_not_begin(void)
{
	place_queue(QUEUE_MAX);
	tell_queue();
	CHECK(!ready());
	CHECK(!(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_DRIVER_OK));
	SAME(request(VIRTIO_BLK_T_IN, 3, data, SECTOR_SIZE), UNTOUCHED);
	SAME(finished(), 0);
}

static void no_negotiation(void)
{
	reset();
	does_not_begin();
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
	SAME(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_DRIVER_OK, 0);
	reset();
	SAME(get(VIRTIO_MMIO_STATUS), 0);
}

static void refused_and_used(void)
{
	reset();
	CHECK(!negotiate(PLAIN | BIT(VIRTIO_F_RING_PACKED)));
	does_not_begin();
}

/* The driver has given up: the device is to leave its memory alone. */
static void failed(void)
{
	set(VIRTIO_MMIO_STATUS, RUNNING | VIRTIO_CONFIG_S_FAILED);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING | VIRTIO_CONFIG_S_FAILED);
	SAME(request(VIRTIO_BLK_T_IN, 3, data, SECTOR_SIZE), UNTOUCHED);
	SAME(finished(), 0);
}

/* Only the device says that it needs a reset. */
static void needs_reset_of_the_drivers(void)
{
	set(VIRTIO_MMIO_STATUS, RUNNING | VIRTIO_CONFIG_S_NEEDS_RESET);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
	CHECK(works());
}

/* Only a reset takes bits away. */
static void status_bits(void)
{
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
	CHECK(works());
	set(VIRTIO_MMIO_STATUS, UINT32_MAX);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING | VIRTIO_CONFIG_S_FAILED);
	kick();
	reset();
	SAME(get(VIRTIO_MMIO_STATUS), 0);
}

/* ---- widths and places ---- */

/* Of other than 4 bytes: reads give nothing, writes do nothing. */
static void wrong_widths(void)
{
	for (uint64_t offset = 0; offset < VIRTIO_MMIO_CONFIG; offset += 4) {
		uint64_t address = device + offset;

		SAME(*(volatile uint8_t *)address, 0);
		SAME(*(volatile uint16_t *)address, 0);
		SAME(*(volatile uint64_t *)address, 0);
		SAME(*(volatile uint32_t *)(address + 1), 0);
		*(volatile uint8_t *)address = 0;
		*(volatile uint16_t *)address = 0;
		*(volatile uint64_t *)address = 0;
		/* Whoever takes this for an offset has a wild pointer. */
		*(volatile uint64_t *)address = 1ull << 63;
		*(volatile uint32_t *)(address + 2) = 0;
	}
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
	CHECK(works());
}

/* Each register that is there to be read, and each hole between them */
static void writes_to_others(void)
{
	for (uint32_t offset = 0; offset < 0x1000; offset += 4) {
		switch (offset) {
		case VIRTIO_MMIO_QUEUE_READY:
		case VIRTIO_MMIO_QUEUE_NOTIFY:
		case VIRTIO_MMIO_QUEUE_SEL:
		case VIRTIO_MMIO_STATUS:
			continue;
		default:
			set(offset, 0xdeadbeef);
		}
	}
	SAME(get(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	SAME(get(VIRTIO_MMIO_CONFIG), 16385);
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
	CHECK(works());
}

static void reads_of_all(void)
{
	for (uint64_t i = 0; i < 0x1000; i++)
		(void)*(volatile uint8_t *)(device + i);
	for (uint64_t i = 0; i < 0x1000; i += 4)
		(void)*(volatile uint32_t *)(device + i);
	/* Write-only ones read as nothing. */
	SAME(get(VIRTIO_MMIO_QUEUE_NOTIFY), 0);
	SAME(get(VIRTIO_MMIO_INTERRUPT_ACK), 0);
	SAME(get(0x0fc), get(VIRTIO_MMIO_CONFIG_GENERATION));
	CHECK(works());
}

/* The configuration, from byte to byte, and past its end */
static void configuration(void)
{
	const uint64_t config = device + VIRTIO_MMIO_CONFIG;
	size_t size = sizeof(struct virtio_blk_config);

	for (size_t i = 0; i < size; i++) {
		*(volatile uint8_t *)(config + i) = 0x55;
		*(volatile uint64_t *)(config + i) = 0x5555555555555555;
	}
	SAME(*(volatile uint64_t *)config, 16385);
	SAME(*(volatile uint32_t *)(config + 1), 16385 >> 8);
	for (size_t i = size; i < 0x1000 - VIRTIO_MMIO_CONFIG - 7; i += 61) {
		SAME(*(volatile uint8_t *)(config + i), 0);
		SAME(*(volatile uint64_t *)(config + i), 0);
	}
	SAME(*(volatile uint64_t *)(config + size - 4) >> 32, 0);
}

/* Where the next device would be ("slots": of none), and across a page's end */
static void next_page(void)
{
	if (!asked_for("slots")) {
		SAME(*(volatile uint32_t *)NO_DISK, UINT32_MAX);
		SAME(*(volatile uint8_t *)(NO_DISK + VIRTIO_MMIO_CONFIG), 0xff);
	}
	for (uint64_t offset = 0; offset < 0x200; offset += 4)
		*(volatile uint32_t *)(NO_DISK + offset) = 1;
	(void)*(volatile uint64_t *)(NO_DISK - 4);
	(void)*(volatile uint64_t *)(READ_ONLY - 3);
	*(volatile uint64_t *)(READ_ONLY - 4) = 0;
	*(volatile uint64_t *)(DISK - 4) = 0;
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
	CHECK(works());
}

/* String instructions, and one that reads and writes */
static void instructions(void)
{
	static uint32_t copy[64];
	const void *from = (const void *)device;
	void *to = copy;
	uint64_t count = 64;

	__asm__ volatile("rep movsl"
			 : "+S"(from), "+D"(to), "+c"(count)
			 :
			 : "memory");
	SAME(copy[0], 0x74726976);
	SAME(copy[VIRTIO_MMIO_STATUS / 4], RUNNING);
	__asm__ volatile(
		"lock orl $0, %0"
		: "+m"(*(volatile uint32_t *)(device + VIRTIO_MMIO_STATUS)));
	SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
	CHECK(works());
}

static void random_writes(void)
{
	uint64_t value = 88172645463325252;

	reset();
	for (unsigned int i = 0; i < 5000; i++) {
		value ^= value << 13;
		value ^= value >> 7;
		value ^= value << 17;
		/* Rings in our own memory are spared. */
		if ((value & 0xfc) < VIRTIO_MMIO_QUEUE_DESC_LOW)
			set(value & 0xfc,
			    (uint32_t)(value >> 32) >> (value >> 8 & 31));
	}
	reset();
	SAME(get(VIRTIO_MMIO_STATUS), 0);
}

/* Ports in every width; what they say matters to nobody. */
static void ports(void)
{
	static uint8_t buffer[256];
	uint32_t wide;
	void *to = buffer;
	const void *from = buffer;
	uint64_t count = sizeof(buffer);

	for (uint32_t port = 0; port < 0x10000; port += 16)
		__asm__ volatile("inl %w1, %0" : "=a"(wide) : "Nd"(port));
	memset(buffer, 0, sizeof(buffer));
	__asm__ volatile("rep insb"
			 : "+D"(to), "+c"(count)
			 : "d"(0x3fd)
			 : "memory");
	SAME(buffer[0] & 0x60, 0x60);
	SAME(buffer[255] & 0x60, 0x60);
	count = sizeof(buffer) / 2;
	__asm__ volatile("rep outsw"
			 : "+S"(from), "+c"(count)
			 : "d"(0x500)
			 : "memory");
}

const struct test bad_register_cases[] = {
	{ "features that are not offered", not_offered },
	{ "a driver without VERSION_1", legacy },
	{ "features changed after FEATURES_OK", features_later },
	{ "DRIVER_OK without any negotiation", no_negotiation },
	{ "DRIVER_OK after features were refused", refused_and_used },
	{ "a driver that has FAILED", failed },
	{ "NEEDS_RESET set by the driver", needs_reset_of_the_drivers },
	{ "status bits are only taken away by a reset", status_bits },
	{ "registers in the wrong width", wrong_widths, true },
	{ "writes to registers that are none", writes_to_others, true },
	{ "reads of every register", reads_of_all, true },
	{ "the configuration is read-only, and has an end", configuration,
	  true },
	{ "pages without a device, and across pages", next_page, true },
	{ "string and locked instructions", instructions, true },
	{ "five thousand random writes", random_writes },
	{ "ports in every width", ports },
	END_OF_TESTS,
};
