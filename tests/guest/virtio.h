/* A driver for virtio-blk on MMIO or PCI, as honest as its caller. */
#ifndef VIRTIO_H
#define VIRTIO_H

#include "guest.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#define QUEUE_MAX   256
#define QUEUES	    2
#define SECTOR_SIZE 512

/* The disks of the test: one to read and write, and a read-only one (on PCI, the
 * first and second of virtio's functions, and so on) */
#define DISK	  0xd0000000ull
#define READ_ONLY 0xd0001000ull
#define NO_DISK	  0xd0002000ull

/* Every sector of the image says its number; some are ours to write. */
#define SCRATCH	    1024
#define SCRATCH_END 8192

#define BIT(name)     (1ull << (name))
#define FEATURE(name) (1ull << VIRTIO_BLK_F_##name)
#define OFFERED                                                             \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC) |       \
	 BIT(VIRTIO_RING_F_EVENT_IDX) | FEATURE(SEG_MAX) | FEATURE(FLUSH) | \
	 FEATURE(BLK_SIZE))
/* What most cases take: without events an interrupt is simple. */
#define PLAIN (OFFERED & ~BIT(VIRTIO_RING_F_EVENT_IDX))

/* Status bits on the way to a running device */
#define RUNNING                                                 \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | \
	 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)

#define WRITE	  VRING_DESC_F_WRITE
#define LOST	  UINT32_MAX /* a chain that did not come back, or wrongly */
#define UNTOUCHED 0xee /* what the status says before the device does */

struct buffer {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
};

/* The device that all this works with, and one of its queues in our memory. */
extern uint64_t device;
extern uint32_t queue; /* its number; use_queue() takes another one */
extern uint16_t queue_size;
extern volatile struct vring_desc *desc;
extern volatile struct vring_avail *avail;
extern volatile struct vring_used *used;
extern volatile struct vring_desc table[QUEUE_MAX]; /* for indirect chains */

/* The parts of the next request; the device may read and write them. */
extern struct virtio_blk_outhdr header;
extern volatile uint8_t status;
extern uint8_t data[1 << 20];

uint32_t get(uint32_t offset);
void set(uint32_t offset, uint32_t value);

/* The same on PCI, once pci_find() has found all functions there (pci.c) */
uint32_t pci_get(uint32_t offset);
void pci_set(uint32_t offset, uint32_t value);

/* The steps of an initialisation (3.1.1) */
void reset(void);
bool negotiate(uint64_t features); /* true: accepted */
void use_queue(uint32_t number);
void place_queue(uint16_t size); /* the default places, zeroed */
void describe_queue(void); /* tells where it is */
void tell_queue(void); /* ... and that it is ready */
bool ready(void); /* sets DRIVER_OK; true: the device runs */
bool start_device(uint64_t features, uint16_t size); /* all of them */

/* Descriptors, as a chain from `index` on, or in `table`. */
void put(volatile struct vring_desc *to, uint64_t address, uint32_t length,
	 uint16_t flags, uint16_t next);
void put_chain(volatile struct vring_desc *to, const struct buffer *buffers,
	       uint16_t count);

/* Makes a chain available; its notification. */
void offer(uint16_t head);
void kick(void);

/* Notifies; the length that came back with the chain, or LOST. */
uint32_t served(uint16_t head);

/* How many chains came back since it was last asked. */
uint16_t finished(void);

/* Waits for what comes by itself; the length that came back, or LOST. */
uint32_t awaited(uint16_t head);

/* A chain of these buffers, directly or by way of the table. */
uint32_t submit(const struct buffer *buffers, uint16_t count);
uint32_t submit_indirect(const struct buffer *buffers, uint16_t count);

/* A request in three descriptors; its status, which is checked to be told
 * with the right length. */
uint8_t request(uint32_t type, uint64_t sector, const void *bytes,
		uint32_t length);
void set_header(uint32_t type, uint64_t sector);

/* The sector's text, as the image has it, or as we write it. */
bool is_sector(const void *bytes, uint64_t sector);
void fill(void *bytes, uint32_t length, uint64_t seed);
bool is_filled(const void *bytes, uint32_t length, uint64_t seed);

/* Around each test: the device as most want it; and, reset, it works. */
void fresh_start(void);
bool recovers(void);

extern const struct test queue_cases[], request_cases[], layout_cases[];
extern const struct test bad_chain_cases[], bad_request_cases[],
	bad_queue_cases[], bad_register_cases[];

#endif
