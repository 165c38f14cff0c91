#include "virtio.h"

/* Ticks of the time stamp counter, some ten seconds' worth */
#define PATIENCE 30000000000ull

uint64_t device = DISK;
uint32_t queue;
uint16_t queue_size;
volatile struct vring_desc *desc;
volatile struct vring_avail *avail;
volatile struct vring_used *used;
struct virtio_blk_outhdr header;
volatile uint8_t status;
uint8_t data[1 << 20] __attribute__((aligned(4096)));

__attribute__((aligned(16))) volatile struct vring_desc table[QUEUE_MAX];

/* The index of the next to come back, and the rings, of each queue */
static uint16_t seen[QUEUES];
static uint8_t ring_memory[QUEUES][3][8192] __attribute__((aligned(4096)));

uint32_t get(uint32_t offset)
{
	return on_pci ? pci_get(offset)
		      : *(volatile uint32_t *)(device + offset);
}

void set(uint32_t offset, uint32_t value)
{
	barrier();
	if (on_pci)
		pci_set(offset, value);
	else
		*(volatile uint32_t *)(device + offset) = value;
}

/* ---- initialisation ---- */

void reset(void)
{
	set(VIRTIO_MMIO_STATUS, 0);
}

bool negotiate(uint64_t features)
{
	uint32_t accepted = RUNNING & ~VIRTIO_CONFIG_S_DRIVER_OK;

	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	set(VIRTIO_MMIO_STATUS,
	    VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	set(VIRTIO_MMIO_STATUS, accepted);
	return get(VIRTIO_MMIO_STATUS) == accepted;
}

void use_queue(uint32_t number)
{
	queue = number;
	desc = (volatile struct vring_desc *)ring_memory[queue][0];
	avail = (volatile struct vring_avail *)ring_memory[queue][1];
	used = (volatile struct vring_used *)ring_memory[queue][2];
}

void place_queue(uint16_t size)
{
	queue_size = size;
	use_queue(queue);
	memset(ring_memory[queue], 0, sizeof(ring_memory[queue]));
	seen[queue] = 0;
}

static void set_address(uint32_t low, uint64_t address)
{
	set(low, (uint32_t)address);
	set(low + 4, (uint32_t)(address >> 32));
}

void describe_queue(void)
{
	set(VIRTIO_MMIO_QUEUE_SEL, queue);
	set(VIRTIO_MMIO_QUEUE_NUM, queue_size);
	set_address(VIRTIO_MMIO_QUEUE_DESC_LOW, (uintptr_t)desc);
	set_address(VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uintptr_t)avail);
	set_address(VIRTIO_MMIO_QUEUE_USED_LOW, (uintptr_t)used);
}

void tell_queue(void)
{
	describe_queue();
	set(VIRTIO_MMIO_QUEUE_READY, 1);
}

bool ready(void)
{
	set(VIRTIO_MMIO_STATUS, RUNNING);
	return get(VIRTIO_MMIO_STATUS) == RUNNING;
}

bool start_device(uint64_t features, uint16_t size)
{
	reset();
	if (!negotiate(features))
		return false;
	place_queue(size);
	tell_queue();
	return ready();
}

/* ---- chains ---- */

void put(volatile struct vring_desc *to, uint64_t address, uint32_t length,
	 uint16_t flags, uint16_t next)
{
	to->addr = address;
	to->len = length;
	to->flags = flags;
	to->next = next;
}

void put_chain(volatile struct vring_desc *to, const struct buffer *buffers,
	       uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		bool last = i == count - 1;

		put(&to[i], buffers[i].address, buffers[i].length,
		    buffers[i].flags | (last ? 0 : VRING_DESC_F_NEXT),
		    last ? 0 : i + 1);
	}
}

void offer(uint16_t head)
{
	avail->ring[avail->idx % queue_size] = head;
	barrier();
	avail->idx++;
}

void kick(void)
{
	set(VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

static uint32_t come_back(uint16_t head)
{
	volatile struct vring_used_elem *element =
		&used->ring[seen[queue] % queue_size];

	barrier();
	if (used->idx != (uint16_t)(seen[queue] + 1) || element->id != head)
		return LOST;
	seen[queue]++;
	return element->len;
}

uint32_t served(uint16_t head)
{
	kick();
	return come_back(head);
}

uint32_t awaited(uint16_t head)
{
	uint64_t start = rdtsc();

	while (used->idx == seen[queue] && rdtsc() - start < PATIENCE)
		(void)get(VIRTIO_MMIO_STATUS);
	return come_back(head);
}

uint16_t finished(void)
{
	uint16_t count = used->idx - seen[queue];

	barrier();
	seen[queue] = used->idx;
	return count;
}

uint32_t submit(const struct buffer *buffers, uint16_t count)
{
	put_chain(desc, buffers, count);
	offer(0);
	return served(0);
}

uint32_t submit_indirect(const struct buffer *buffers, uint16_t count)
{
	put_chain(table, buffers, count);
	put(&desc[0], (uintptr_t)table, count * sizeof(*table),
	    VRING_DESC_F_INDIRECT, 0);
	offer(0);
	return served(0);
}

/* ---- requests ---- */

void set_header(uint32_t type, uint64_t sector)
{
	header = (struct virtio_blk_outhdr){ .type = type, .sector = sector };
	status = UNTOUCHED;
}

uint8_t request(uint32_t type, uint64_t sector, const void *bytes,
		uint32_t length)
{
	bool reads = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
	struct buffer buffers[] = {
		{ (uintptr_t)&header, sizeof(header), 0 },
		{ (uintptr_t)bytes, length, reads ? WRITE : 0 },
		{ (uintptr_t)&status, 1, WRITE },
	};
	uint32_t written;

	set_header(type, sector);
	if (length == 0)
		buffers[1] = buffers[2];
	written = submit(buffers, length == 0 ? 2 : 3);
	if (written == LOST)
		return UNTOUCHED;
	if (status == VIRTIO_BLK_S_OK)
		SAME(written, reads ? length + 1 : 1);
	return status;
}

bool is_sector(const void *bytes, uint64_t sector)
{
	uint8_t expected[SECTOR_SIZE];
	size_t digits = 1;

	memset(expected, ' ', sizeof(expected));
	memcpy(expected, "sector ", 7);
	for (uint64_t rest = sector; rest >= 10; rest /= 10)
		digits++;
	for (; digits > 0; sector /= 10)
		expected[7 + --digits] = '0' + (uint8_t)(sector % 10);
	expected[SECTOR_SIZE - 1] = '\n';
	return memcmp(bytes, expected, sizeof(expected)) == 0;
}

/* 64 bits at a time, each from the one before (xorshift) */
static uint64_t following(uint64_t value)
{
	value ^= value << 13;
	value ^= value >> 7;
	return value ^ value << 17;
}

void fill(void *bytes, uint32_t length, uint64_t seed)
{
	uint64_t value = seed + 1, *words = bytes;

	for (uint32_t i = 0; i < length / 8; i++)
		words[i] = value = following(value);
}

bool is_filled(const void *bytes, uint32_t length, uint64_t seed)
{
	const uint64_t *words = bytes;
	uint64_t value = seed + 1;

	for (uint32_t i = 0; i < length / 8; i++)
		if (words[i] != (value = following(value)))
			return false;
	return true;
}

bool recovers(void)
{
	static uint64_t seed = 1000;
	uint64_t *sector = (uint64_t *)data;

	device = DISK;
	if (!CHECK(start_device(PLAIN, QUEUE_MAX)))
		return false;
	memset(sector, 0, SECTOR_SIZE);
	CHECK(request(VIRTIO_BLK_T_IN, 7, sector, SECTOR_SIZE) == 0);
	if (!CHECK(is_sector(sector, 7)))
		return false;
	fill(sector, SECTOR_SIZE, ++seed);
	CHECK(request(VIRTIO_BLK_T_OUT, SCRATCH, sector, SECTOR_SIZE) == 0);
	memset(sector, 0, SECTOR_SIZE);
	CHECK(request(VIRTIO_BLK_T_IN, SCRATCH, sector, SECTOR_SIZE) == 0);
	return CHECK(is_filled(sector, SECTOR_SIZE, seed)) &&
	       CHECK(get(VIRTIO_MMIO_STATUS) == RUNNING);
}

/* The disk, its queue empty, and no interrupt left from before */
void fresh_start(void)
{
	device = DISK;
	CHECK(start_device(PLAIN, QUEUE_MAX));
	interrupts_on();
	interrupts_off();
}

void drive_well(void)
{
	say("@ good\n");
	run_tests(queue_cases, fresh_start, recovers);
	run_tests(request_cases, fresh_start, recovers);
	run_tests(layout_cases, fresh_start, recovers);
	say("@ end\n");
}

void drive_badly(void)
{
	say("@ bad\n");
	run_tests(bad_chain_cases, fresh_start, recovers);
	run_tests(bad_request_cases, fresh_start, recovers);
	run_tests(bad_queue_cases, fresh_start, recovers);
	run_tests(bad_register_cases, fresh_start, recovers);
	say("@ end\n");
}
