/*
 * Writes records, each a sector that says its number, around and around; from
 * time to time flushes, and tells up to which record all are safe.  Without
 * FLUSH ("through") each write is safe when it is done.  Somebody will pull the
 * plug.
 */
#include "virtio.h"

#define RECORDS 2048 /* places for them, from sector 0 on */
#define LONGEST 16 /* sectors of a request */

static uint64_t random(uint64_t below)
{
	static uint64_t state = 88172645463325252;

	state ^= rdtsc();
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void make_record(uint8_t *sector, uint64_t number)
{
	size_t digits = 10;

	memset(sector, '.', SECTOR_SIZE);
	memcpy(sector, "record ", 7);
	for (; digits > 0; number /= 10)
		sector[6 + digits--] = '0' + (uint8_t)(number % 10);
	sector[17] = ' ';
	sector[SECTOR_SIZE - 1] = '\n';
}

/* Of records from `number` on; how many. */
static uint64_t write_some(uint64_t number)
{
	uint64_t count = 1 + random(LONGEST);
	uint64_t place = number % RECORDS;

	if (count > RECORDS - place)
		count = RECORDS - place;
	for (uint64_t i = 0; i < count; i++)
		make_record(data + i * SECTOR_SIZE, number + i);
	if (request(VIRTIO_BLK_T_OUT, place, data,
		    (uint32_t)count * SECTOR_SIZE) != 0)
		say("FAILED: a write\n");
	return count;
}

void write_durably(void)
{
	bool through = asked_for("through");
	uint64_t next = 1;

	fresh_start();
	start_device(through ? PLAIN & ~FEATURE(FLUSH) : PLAIN, QUEUE_MAX);
	for (;;) {
		next += write_some(next);
		if (!through && random(4) > 0)
			continue;
		if (!through && request(VIRTIO_BLK_T_FLUSH, 0, data, 0) != 0)
			say("FAILED: a flush\n");
		say("safe %llu\n", (unsigned long long)next - 1);
	}
}
