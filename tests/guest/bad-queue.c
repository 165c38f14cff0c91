/* Queues that are set up wrongly, or at the wrong time. */
#include "virtio.h"

#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET

/* PCI's registers for this are shorter. */
static bool fits(uint32_t value)
{
	return !on_pci || value <= UINT16_MAX;
}

/* A read, if the device takes it: whether it came back. */
static bool works(void)
{
	memset(data, 0, SECTOR_SIZE);
	return request(VIRTIO_BLK_T_IN, 3, data, SECTOR_SIZE) == 0 &&
	       is_sector(data, 3);
}

static void begin(void)
{
	reset();
	CHECK(negotiate(PLAIN));
	place_queue(QUEUE_MAX);
}

/* The queue, as it is now, is not taken. */
static void is_refused(void)
{
	tell_queue();
	SAME(get(VIRTIO_MMIO_QUEUE_READY), 0);
	CHECK(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
	CHECK(!ready());
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	CHECK(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
}

static void misaligned(void)
{
	for (unsigned int i = 1; i < 16; i++) {
		begin();
		desc = (volatile struct vring_desc *)((uintptr_t)desc + i);
		is_refused();
	}
	begin();
	avail = (volatile struct vring_avail *)((uintptr_t)avail + 1);
	is_refused();
	for (unsigned int i = 1; i < 4; i++) {
		begin();
		used = (volatile struct vring_used *)((uintptr_t)used + i);
		is_refused();
	}
}

static void outside_ram(void)
{
	const uint64_t wrong[] = {
		0xc0000000,	     0xd0000000,
		0 - 16ull,	     0 - 4096ull,
		1ull << 63,	     top_of_ram(),
		top_of_ram() - 16,   top_of_low_ram() - 16,
		(1ull << 32) - 4096,
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		desc = (volatile struct vring_desc *)wrong[i];
		is_refused();
		begin();
		avail = (volatile struct vring_avail *)wrong[i];
		is_refused();
		begin();
		used = (volatile struct vring_used *)wrong[i];
		is_refused();
	}
}

/* One step too near to the end: the last entry, the event behind it. */
static void just_outside_ram(void)
{
	begin();
	desc = (volatile struct vring_desc *)(top_of_ram() - QUEUE_MAX * 16 +
					      16);
	is_refused();
	begin();
	avail = (volatile struct vring_avail *)(top_of_ram() - 4 -
						QUEUE_MAX * 2);
	is_refused();
	begin();
	used = (volatile struct vring_used *)(top_of_ram() - 4 - QUEUE_MAX * 8);
	is_refused();
}

static void bad_sizes(void)
{
	static const uint32_t sizes[] = { 0,	   3,	      255,   257,
					  384,	   512,	      32768, 0x10000,
					  0x10001, UINT32_MAX };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (!fits(sizes[i]))
			continue;
		begin();
		describe_queue();
		set(VIRTIO_MMIO_QUEUE_NUM, sizes[i]);
		set(VIRTIO_MMIO_QUEUE_READY, 1);
		SAME(get(VIRTIO_MMIO_QUEUE_READY), 0);
		CHECK(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
		CHECK(!ready());
		kick();
	}
}

static void never_described(void)
{
	reset();
	CHECK(negotiate(PLAIN));
	set(VIRTIO_MMIO_QUEUE_READY, 1);
	SAME(get(VIRTIO_MMIO_QUEUE_READY), 0);
	CHECK(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
	kick();
}

/* Once it is ready, its registers are no longer looked at. */
static void changed_while_ready(void)
{
	for (uint32_t reg = VIRTIO_MMIO_QUEUE_DESC_LOW;
	     reg <= VIRTIO_MMIO_QUEUE_USED_HIGH; reg += 4)
		set(reg, 0xd0000000);
	set(VIRTIO_MMIO_QUEUE_NUM, 1);
	CHECK(works());
	set(VIRTIO_MMIO_QUEUE_READY, 1);
	CHECK(works());
	/* Ready once more: from the start */
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	SAME(get(VIRTIO_MMIO_QUEUE_READY), 0);
	place_queue(QUEUE_MAX);
	tell_queue();
	CHECK(works());
}

/* What is in the ring when the queue goes stays undone. */
static void not_ready(void)
{
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), UNTOUCHED);
	SAME(finished(), 0);
}

static void too_early(void)
{
	/* Before DRIVER_OK */
	begin();
	tell_queue();
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), UNTOUCHED);
	SAME(finished(), 0);
	/* Before there is a queue */
	begin();
	CHECK(ready());
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), UNTOUCHED);
	/* After a reset */
	reset();
	kick();
	SAME(finished(), 0);
}

static void notify_others(void)
{
	static const uint32_t numbers[] = { 1, 2, 255, 0x10000, UINT32_MAX };

	set_header(VIRTIO_BLK_T_FLUSH, 0);
	put(&desc[0], (uintptr_t)&header, 16, VRING_DESC_F_NEXT, 1);
	put(&desc[1], (uintptr_t)&status, 1, WRITE, 0);
	offer(0);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		set(VIRTIO_MMIO_QUEUE_NOTIFY, numbers[i]);
		SAME(status, UNTOUCHED);
		SAME(finished(), 0);
	}
	kick();
	SAME(finished(), 1);
	SAME(status, 0);
}

static void select_others(void)
{
	static const uint32_t numbers[] = { 1, 2, 0x10000, UINT32_MAX };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!fits(numbers[i]))
			continue;
		set(VIRTIO_MMIO_QUEUE_SEL, numbers[i]);
		SAME(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
		SAME(get(VIRTIO_MMIO_QUEUE_READY), 0);
		set(VIRTIO_MMIO_QUEUE_NUM, 8);
		set(VIRTIO_MMIO_QUEUE_DESC_LOW, 0xd0000000);
		set(VIRTIO_MMIO_QUEUE_READY, 0);
		set(VIRTIO_MMIO_QUEUE_READY, 1);
		SAME(get(VIRTIO_MMIO_QUEUE_READY), 0);
		SAME(get(VIRTIO_MMIO_STATUS), RUNNING);
		CHECK(works());
	}
	set(VIRTIO_MMIO_QUEUE_SEL, 0);
	SAME(get(VIRTIO_MMIO_QUEUE_READY), 1);
}

/* A write that is on its way when the device is reset is never done. */
static void reset_with_requests(void)
{
	struct buffer buffers[] = {
		{ (uintptr_t)&header, 16, 0 },
		{ (uintptr_t)data, SECTOR_SIZE, 0 },
		{ (uintptr_t)&status, 1, WRITE },
	};

	for (unsigned int i = 0; i < 100; i++) {
		fill(data, SECTOR_SIZE, 5000 + i);
		set_header(VIRTIO_BLK_T_OUT, SCRATCH + 30);
		put_chain(desc, buffers, 3);
		offer(0);
		reset();
		kick();
		SAME(status, UNTOUCHED);
		SAME(get(VIRTIO_MMIO_STATUS), 0);
		SAME(get(VIRTIO_MMIO_QUEUE_READY), 0);
		SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
		CHECK(start_device(PLAIN, QUEUE_MAX));
		kick();
		SAME(finished(), 0);
		SAME(request(VIRTIO_BLK_T_IN, SCRATCH + 30, data, SECTOR_SIZE),
		     0);
		if (!CHECK(!is_filled(data, SECTOR_SIZE, 5000 + i)))
			return;
	}
}

static void reset_with_interrupt(void)
{
	SAME(request(VIRTIO_BLK_T_FLUSH, 0, data, 0), 0);
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	reset();
	SAME(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

/* All rings in one place: nonsense, but the driver's own. */
static void rings_in_one_place(void)
{
	begin();
	avail = (volatile struct vring_avail *)desc;
	used = (volatile struct vring_used *)desc;
	tell_queue();
	ready();
	for (uint32_t i = 0; i < 50; i++) {
		avail->idx++;
		kick();
	}
}

const struct test bad_queue_cases[] = {
	{ "rings that are misaligned", misaligned },
	{ "rings outside the RAM", outside_ram },
	{ "rings with a byte outside the RAM", just_outside_ram },
	{ "queue sizes that are too large or no power of two", bad_sizes },
	{ "a queue that was never described", never_described, true },
	{ "a queue changed while it is ready", changed_while_ready, true },
	{ "a queue that is no longer ready", not_ready, true },
	{ "notifications that come too early", too_early },
	{ "notifications of queues that do not exist", notify_others },
	{ "registers of queues that do not exist", select_others },
	{ "a reset with requests in flight", reset_with_requests },
	{ "a reset with an interrupt pending", reset_with_interrupt },
	{ "all rings in one place", rings_in_one_place },
	END_OF_TESTS,
};
