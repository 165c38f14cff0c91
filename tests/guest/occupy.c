/*
 * Requests that keep the device busy, for ever or for long.  Meanwhile the
 * guest waits for keys, and answers: a person sees whether it has its turn.
 */
#include "virtio.h"

#define NEXT VRING_DESC_F_NEXT

/* Memory that nothing else uses; with -m 512 or more there is as much */
#define UNUSED	    0x10000000ull
#define UNUSED_SIZE (16 << 20)

static _Noreturn void answer_keys(void)
{
	for (;;)
		say("key %c\n", wait_for_key());
}

/*
 * A program that the device runs by itself.  An instruction is a sector of the
 * disk: it is read over the available index and over the header that reads the
 * next one, so it makes a whole ring of chains available, and chooses what the
 * last of them does.  256 of them bring the index around.
 */
#define PROGRAM	     (SCRATCH + 1000)
#define INSTRUCTIONS 256

struct instruction {
	uint16_t avail_flags, avail_idx;
	struct virtio_blk_outhdr next;
	uint8_t rest[SECTOR_SIZE - 20];
} __attribute__((packed));

_Static_assert(sizeof(struct instruction) == SECTOR_SIZE, "a sector");

static void write_program(void)
{
	static struct instruction instruction;

	for (uint32_t i = 0; i < INSTRUCTIONS; i++) {
		instruction.avail_idx = (uint16_t)((i + 2) * QUEUE_MAX);
		instruction.next.type = VIRTIO_BLK_T_IN;
		instruction.next.sector = PROGRAM + (i + 1) % INSTRUCTIONS;
		request(VIRTIO_BLK_T_OUT, PROGRAM + i, &instruction,
			sizeof(instruction));
	}
}

_Noreturn void work_for_ever(void)
{
	static struct virtio_blk_outhdr next, id;

	fresh_start();
	write_program();
	fresh_start();

	/* Descriptors 0 to 4 read an instruction, 5 and 4 only fill the ring. */
	next.type = VIRTIO_BLK_T_IN;
	next.sector = PROGRAM;
	id.type = VIRTIO_BLK_T_GET_ID;
	put(&desc[0], (uintptr_t)&next, sizeof(next), NEXT, 1);
	put(&desc[1], (uintptr_t)avail, 4, WRITE | NEXT, 2);
	put(&desc[2], (uintptr_t)&next, sizeof(next), WRITE | NEXT, 3);
	put(&desc[3], UNUSED, SECTOR_SIZE - 20, WRITE | NEXT, 4);
	put(&desc[4], (uintptr_t)&status, 1, WRITE, 0);
	put(&desc[5], (uintptr_t)&id, sizeof(id), NEXT, 4);
	for (unsigned int i = 0; i < QUEUE_MAX - 1; i++)
		avail->ring[i] = 5;
	avail->ring[QUEUE_MAX - 1] = 0;
	barrier();
	avail->idx = QUEUE_MAX;
	say("endless\n");
	kick();
	answer_keys();
}

/* A whole ring of reads of nearly 4 GiB each, of a disk as large as that */
_Noreturn void work_for_long(void)
{
	fresh_start();
	set_header(VIRTIO_BLK_T_IN, 0);
	put(&desc[0], (uintptr_t)&header, sizeof(header), NEXT, 1);
	for (uint16_t i = 1; i < QUEUE_MAX - 2; i++)
		put(&desc[i], UNUSED, UNUSED_SIZE, WRITE | NEXT, i + 1);
	put(&desc[QUEUE_MAX - 2], (uintptr_t)&status, 1, WRITE, 0);
	for (unsigned int i = 0; i < QUEUE_MAX; i++)
		offer(0);
	say("long\n");
	kick();
	answer_keys();
}
