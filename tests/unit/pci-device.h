/* A disk behind a function on PCI's bus, and a driver that uses it. */
#ifndef PCI_DEVICE_H
#define PCI_DEVICE_H

#include "blk.h"

#include "bus.h"
#include "virtio-pci.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>

#define VERSION_1      (1ull << VIRTIO_F_VERSION_1)
#define EVENT_IDX      (1ull << VIRTIO_RING_F_EVENT_IDX)
#define USUAL_FEATURES (VERSION_1 | FLUSH_FEATURE)

#define ACKNOWLEDGE VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER	    VIRTIO_CONFIG_S_DRIVER
#define FEATURES_OK VIRTIO_CONFIG_S_FEATURES_OK
#define DRIVER_OK   VIRTIO_CONFIG_S_DRIVER_OK
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET

#define SLOT_1	  (PCI_ECAM_GPA + (1 << 15))
#define REGISTERS PCI_HIGH_GPA
#define MSIX	  (PCI_HIGH_GPA + 0x10000)
#define ON	  (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static struct virtio *const device = &blk.device;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bus ports, mmio;
static struct pci_bus bus;

/* In the heap: the sanitizer sees each access behind their ends. */
static struct virtio_pci *pci;
static struct virtio_blk_config *config;

/* How many messages of which vector came */
static unsigned int sent[2];

static inline void send(void *controller, uint64_t address, uint32_t data)
{
	assert_ptr_equal(controller, sent);
	assert_int_equal(address, 0xfee00000);
	assert_in_range(data, 0x40, 0x41);
	sent[data - 0x40]++;
}

static inline uint64_t get(uint64_t gpa, size_t size)
{
	uint64_t value = 0;

	bus_read(&mmio, gpa, &value, size);
	return value;
}

static inline void put(uint64_t gpa, uint64_t value, size_t size)
{
	bus_write(&mmio, gpa, &value, size);
}

static inline void set_command(uint32_t bits)
{
	put(SLOT_1 + PCI_COMMAND, bits, 2);
}

static inline void place(uint32_t bar, uint64_t gpa)
{
	put(SLOT_1 + PCI_BASE_ADDRESS_0 + 4 * bar, gpa, 8);
}

static inline uint32_t common(uint32_t offset, size_t size)
{
	return (uint32_t)get(REGISTERS + offset, size);
}

static inline void set_common(uint32_t offset, uint32_t value, size_t size)
{
	put(REGISTERS + offset, value, size);
}

#define STATUS() common(VIRTIO_PCI_COMMON_STATUS, 1)

static inline int set_up_pci(void **state)
{
	static const struct msi_port port = { send, sent };

	(void)state;
	set_up_size(QUEUE_SIZE);
	host_reset();
	memset(sent, 0, sizeof(sent));
	ports.count = 0;
	mmio.count = 0;
	image_create(sizeof(image));
	image_fill();
	virtio_blk_open(&blk, image_path, false);
	config = malloc(sizeof(*config));
	pci = malloc(sizeof(*pci));
	assert_non_null(config);
	assert_non_null(pci);
	*config = blk.config;
	device->config = config;
	memset(pci, FAKE_FILL, sizeof(*pci));
	pci_bus_init(&bus, &ports, &mmio, &lock);
	virtio_pci_init(pci, device, &memory, &port);
	pci_bus_add(&bus, &pci->function);
	place(0, REGISTERS);
	place(2, MSIX);
	set_command(ON);
	return 0;
}

static inline int tear_down_pci(void **state)
{
	free(pci);
	free(config);
	return tear_down_blk(state);
}

#define PCI_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_pci, tear_down_pci)

/* ---- its driver ---- */

static inline void add_status(uint32_t bits)
{
	set_common(VIRTIO_PCI_COMMON_STATUS, STATUS() | bits, 1);
}

static inline bool negotiate(uint64_t features)
{
	set_common(VIRTIO_PCI_COMMON_STATUS, 0, 1);
	assert_int_equal(STATUS(), 0);
	add_status(ACKNOWLEDGE);
	add_status(DRIVER);
	for (uint32_t half = 0; half < 2; half++) {
		set_common(VIRTIO_PCI_COMMON_GFSELECT, half, 4);
		set_common(VIRTIO_PCI_COMMON_GF,
			   (uint32_t)(features >> 32 * half), 4);
	}
	add_status(FEATURES_OK);
	return STATUS() & FEATURES_OK;
}

static inline void place_queue(void)
{
	const struct {
		uint32_t offset;
		uint64_t gpa;
	} areas[] = {
		{ VIRTIO_PCI_COMMON_Q_DESCLO, ring.desc_gpa },
		{ VIRTIO_PCI_COMMON_Q_AVAILLO, ring.avail_gpa },
		{ VIRTIO_PCI_COMMON_Q_USEDLO, ring.used_gpa },
	};

	set_common(VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	set_common(VIRTIO_PCI_COMMON_Q_SIZE, ring.size, 2);
	for (size_t i = 0; i < 3; i++) {
		set_common(areas[i].offset, (uint32_t)areas[i].gpa, 4);
		set_common(areas[i].offset + 4, areas[i].gpa >> 32, 4);
	}
}

/* Vector 0 is of the configuration, 1 of the queue. */
static inline void set_up_vectors(void)
{
	for (uint32_t i = 0; i < 2; i++) {
		put(MSIX + 16 * i, 0xfee00000, 8);
		put(MSIX + 16 * i + 8, 0x40 + i, 8);
	}
	put(SLOT_1 + pci->msix.capability + PCI_MSIX_FLAGS,
	    PCI_MSIX_FLAGS_ENABLE, 2);
	set_common(VIRTIO_PCI_COMMON_MSIX, 0, 2);
	set_common(VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 1, 2);
}

static inline void bring_up(void)
{
	assert_true(negotiate(USUAL_FEATURES));
	ring_create(&ring, &memory, QUEUE_SIZE, RING_GPA);
	place_queue();
	set_up_vectors();
	set_common(VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	add_status(DRIVER_OK);
	assert_int_equal(STATUS(),
			 ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

static inline void kick(void)
{
	put(REGISTERS + 0x3000, 0, 2);
}

/* One request, which asks for the image's name */
static inline void offer_request(void)
{
	put_header(HEADER_GPA, VIRTIO_BLK_T_GET_ID, 0);
	request_begin();
	request_add(HEADER_GPA, sizeof(struct virtio_blk_outhdr), 0);
	request_add(STATUS_GPA, 1, WRITE);
	ring_offer(&ring, 0);
}

/* Does it do one, when told? */
static inline bool serves(void)
{
	uint16_t before = ring.used->idx;

	offer_request();
	kick();
	return ring.used->idx != before;
}

/* The capability of a type, in configuration space (4.1.4) */
static inline uint64_t find(uint8_t type)
{
	uint64_t at = get(SLOT_1 + PCI_CAPABILITY_LIST, 1);

	for (int i = 0; at && i < 48; at = get(SLOT_1 + at + 1, 1), i++)
		if (get(SLOT_1 + at, 1) == PCI_CAP_ID_VNDR &&
		    get(SLOT_1 + at + VIRTIO_PCI_CAP_CFG_TYPE, 1) == type)
			return SLOT_1 + at;
	fail_msg("no capability of type %u", type);
	return 0;
}

#endif
