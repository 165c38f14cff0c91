/*
 * A guest for two processors, without an operating system.  One drives a disk,
 * and keeps to the rules; the other changes descriptors, heads and indices all
 * the while, also of chains that the device has at work.
 *
 * Each chain must come back once, and as itself; what the device makes of it is
 * its own affair.  Where it takes the queue for broken it is reset.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

#define ROUNDS 1500

/* Below 1 MiB, where a processor in real mode reaches them */
#define AREA	0x80000ull
#define QUEUE	16
#define DESC	((volatile struct vring_desc *)AREA)
#define AVAIL	((volatile struct vring_avail *)(AREA + 0x1000))
#define USED	((volatile struct vring_used *)(AREA + 0x2000))
#define HEADER	(AREA + 0x3000)
#define DATA	(AREA + 0x4000)
#define STATUS	(AREA + 0x6000)
#define TOP	0x4000000ull /* of RAM: -m 64 */
#define AP_CODE 0x70000ull

#define DISK	   0xd0000000ull
#define COM1	   0x3f8
#define RESET	   0xcf9
#define LOCAL_APIC 0xfee00000ull /* Intel SDM vol. 3A, "Local APIC" */
#define ICR	   0x300
#define INIT	   0xc4500 /* to all but myself */
#define SIPI	   (0xc4600 + (AP_CODE >> 12))

_Noreturn void start(void);
_Noreturn void drive(void);

/*
 * The entry, and the other processor's code.  For ever, it takes a field of a
 * descriptor, and writes one of four values to it: none has the device write
 * where it would hurt us.
 */
__asm__(".globl start, other, other_end\n"
	"start:	mov $0x3000000, %esp\n"
	"	call drive\n"
	".code16\n"
	"other:	mov $0x8000, %ax\n"
	"	mov %ax, %ds\n"
	"	xor %esi, %esi\n"
	"1:	imul $1103515245, %esi, %esi\n" /* the C standard's rand() */
	"	add $12345, %esi\n"
	"	mov %esi, %eax\n"
	"	shr $16, %eax\n"
	"	mov %ax, %bx\n"
	"	and $15, %bx\n" /* two bits for the field, two for the word */
	"	shl $2, %bx\n"
	"	mov %cs:words - other(%bx), %edx\n"
	"	mov %ax, %bx\n"
	"	and $252, %bx\n" /* that field of a descriptor, */
	"	rol $2, %bx\n"
	"	and $0xf0, %bx\n"
	"	mov %ax, %cx\n"
	"	and $12, %cx\n"
	"	or %cx, %bx\n"
	"	test $0x7fc00000, %esi\n" /* and rarely a word of the ring */
	"	jnz 2f\n"
	"	and $31, %bx\n"
	"	add $0x1000, %bx\n"
	"2:	mov %edx, (%bx)\n"
	"	jmp 1b\n"
	"	.balign 4\n"
	"words:	.long 0x83000, 0x84000, 0x3fffe00, 0xd0000000\n" /* address */
	"	.long 0, 0, 0, 0xffffffff\n"
	"	.long 1, 16, 512, 0xffffffff\n" /* length */
	"	.long 0x20003, 0x20002, 0x30001, 0x00004\n" /* next and flags */
	"other_end:\n"
	".code64\n");

extern const uint8_t other[], other_end[];

static void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void say(const char *text)
{
	while (*text)
		outb(COM1, (uint8_t)*text++);
}

static _Noreturn void end(const char *text)
{
	say(text);
	for (;;)
		outb(RESET, 6);
}

static void set(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(DISK + offset) = value;
}

static uint32_t get(uint32_t offset)
{
	return *(volatile uint32_t *)(DISK + offset);
}

static void start_other(void)
{
	volatile uint8_t *code = (volatile uint8_t *)AP_CODE;

	for (uint32_t i = 0; i < (uint32_t)(other_end - other); i++)
		code[i] = other[i];
	*(volatile uint32_t *)(LOCAL_APIC + ICR) = INIT;
	*(volatile uint32_t *)(LOCAL_APIC + ICR) = SIPI;
}

/* A chain of header, data and status, as it ought to be */
static void put_chain(uint16_t head, uint32_t round)
{
	volatile struct virtio_blk_outhdr *header = (void *)HEADER;

	header->type = round % 3 ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT;
	header->sector = round % 64;
	DESC[head].addr = HEADER;
	DESC[head].len = sizeof(*header);
	DESC[head].flags = VRING_DESC_F_NEXT;
	DESC[head].next = (head + 1) % QUEUE;
	DESC[(head + 1) % QUEUE].addr = round % 2 ? DATA : TOP - 512;
	DESC[(head + 1) % QUEUE].len = 512;
	DESC[(head + 1) % QUEUE].flags =
		VRING_DESC_F_NEXT | (round % 3 ? VRING_DESC_F_WRITE : 0);
	DESC[(head + 1) % QUEUE].next = (head + 2) % QUEUE;
	DESC[(head + 2) % QUEUE].addr = STATUS;
	DESC[(head + 2) % QUEUE].len = 1;
	DESC[(head + 2) % QUEUE].flags = VRING_DESC_F_WRITE;
}

static void start_disk(void)
{
	set(VIRTIO_MMIO_STATUS, 0);
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, 1u << VIRTIO_RING_F_INDIRECT_DESC);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, 1u << (VIRTIO_F_VERSION_1 - 32));
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK);
	set(VIRTIO_MMIO_QUEUE_SEL, 0);
	set(VIRTIO_MMIO_QUEUE_NUM, QUEUE);
	set(VIRTIO_MMIO_QUEUE_DESC_LOW, AREA);
	set(VIRTIO_MMIO_QUEUE_AVAIL_LOW, AREA + 0x1000);
	set(VIRTIO_MMIO_QUEUE_USED_LOW, AREA + 0x2000);
	AVAIL->idx = 0;
	USED->idx = 0;
	set(VIRTIO_MMIO_QUEUE_READY, 1);
	set(VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK);
}

/* What came back is a head of ours, and not more than there can be. */
static void expect_back(uint16_t first, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		if (USED->ring[(uint16_t)(first + i) % QUEUE].id >= QUEUE)
			end("a chain that never was\n");
	if (count > QUEUE)
		end("more chains than there are\n");
}

_Noreturn void drive(void)
{
	uint32_t resets = 0, errors = 0, good = 0;

	start_disk();
	start_other();
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint16_t before = USED->idx;
		volatile uint8_t *status = (volatile uint8_t *)STATUS;

		*status = 0xee;
		put_chain(round % QUEUE, round);
		AVAIL->ring[before % QUEUE] = round % QUEUE;
		AVAIL->idx = before + 1;
		set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		if (get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET) {
			resets++;
			start_disk();
			continue;
		}
		expect_back(before, USED->idx - before);
		if (*status == 0)
			good++;
		else
			errors++;
		set(VIRTIO_MMIO_INTERRUPT_ACK, 1);
	}
	/* It was a race: each of these has come. */
	if (resets == 0)
		end("never reset\n");
	if (errors == 0)
		end("never an error\n");
	if (good == 0)
		end("never good\n");
	end("ok\n");
}
