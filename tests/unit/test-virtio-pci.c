/* virtio's PCI transport (virtio 1.2, 4.1): found, driven, and abused. */
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

static void send(void *controller, uint64_t address, uint32_t data)
{
	assert_ptr_equal(controller, sent);
	assert_int_equal(address, 0xfee00000);
	assert_in_range(data, 0x40, 0x41);
	sent[data - 0x40]++;
}

static uint64_t get(uint64_t gpa, size_t size)
{
	uint64_t value = 0;

	bus_read(&mmio, gpa, &value, size);
	return value;
}

static void put(uint64_t gpa, uint64_t value, size_t size)
{
	bus_write(&mmio, gpa, &value, size);
}

static void set_command(uint32_t bits)
{
	put(SLOT_1 + PCI_COMMAND, bits, 2);
}

static void place(uint32_t bar, uint64_t gpa)
{
	put(SLOT_1 + PCI_BASE_ADDRESS_0 + 4 * bar, gpa, 8);
}

static uint32_t common(uint32_t offset, size_t size)
{
	return (uint32_t)get(REGISTERS + offset, size);
}

static void set_common(uint32_t offset, uint32_t value, size_t size)
{
	put(REGISTERS + offset, value, size);
}

#define STATUS() common(VIRTIO_PCI_COMMON_STATUS, 1)

static int set_up_pci(void **state)
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

static int tear_down_pci(void **state)
{
	free(pci);
	free(config);
	return tear_down_blk(state);
}

#define PCI_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_pci, tear_down_pci)

/* ---- its driver ---- */

static void add_status(uint32_t bits)
{
	set_common(VIRTIO_PCI_COMMON_STATUS, STATUS() | bits, 1);
}

static bool negotiate(uint64_t features)
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

static void place_queue(void)
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
static void set_up_vectors(void)
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

static void bring_up(void)
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

static void kick(void)
{
	put(REGISTERS + 0x3000, 0, 2);
}

/* One request, which asks for the image's name */
static void offer_request(void)
{
	put_header(HEADER_GPA, VIRTIO_BLK_T_GET_ID, 0);
	request_begin();
	request_add(HEADER_GPA, sizeof(struct virtio_blk_outhdr), 0);
	request_add(STATUS_GPA, 1, WRITE);
	ring_offer(&ring, 0);
}

/* Does it do one, when told? */
static bool serves(void)
{
	uint16_t before = ring.used->idx;

	offer_request();
	kick();
	return ring.used->idx != before;
}

/* ---- tests ---- */

/* The capability of a type, in configuration space (4.1.4) */
static uint64_t find(uint8_t type)
{
	uint64_t at = get(SLOT_1 + PCI_CAPABILITY_LIST, 1);

	for (int i = 0; at && i < 48; at = get(SLOT_1 + at + 1, 1), i++)
		if (get(SLOT_1 + at, 1) == PCI_CAP_ID_VNDR &&
		    get(SLOT_1 + at + VIRTIO_PCI_CAP_CFG_TYPE, 1) == type)
			return SLOT_1 + at;
	fail_msg("no capability of type %u", type);
	return 0;
}

static void is_found(void **state)
{
	static const uint32_t lengths[] = {
		[VIRTIO_PCI_CAP_COMMON_CFG] = 56,
		[VIRTIO_PCI_CAP_NOTIFY_CFG] = 4,
		[VIRTIO_PCI_CAP_ISR_CFG] = 1,
		[VIRTIO_PCI_CAP_DEVICE_CFG] = sizeof(*config),
	};

	(void)state;
	assert_int_equal(get(SLOT_1, 4), 0x10421af4);
	assert_true(get(SLOT_1 + PCI_REVISION_ID, 1) >= 1);
	assert_true(get(SLOT_1 + PCI_SUBSYSTEM_ID, 2) >= 0x40);
	assert_int_equal(get(SLOT_1 + PCI_CLASS_DEVICE, 2), 0x0180);
	for (uint8_t type = 1; type <= 4; type++) {
		uint64_t at = find(type);
		uint64_t offset = get(at + VIRTIO_PCI_CAP_OFFSET, 4);
		uint64_t length = get(at + VIRTIO_PCI_CAP_LENGTH, 4);

		assert_int_equal(get(at + VIRTIO_PCI_CAP_LEN, 1),
				 type == VIRTIO_PCI_CAP_NOTIFY_CFG ? 20 : 16);
		assert_int_equal(get(at + VIRTIO_PCI_CAP_BAR, 1), 0);
		assert_int_equal(offset % 4, 0);
		assert_true(length >= lengths[type]);
		assert_true(offset + length <= 0x4000);
	}
	assert_int_equal(get(find(VIRTIO_PCI_CAP_NOTIFY_CFG) + 16, 4), 4);
	assert_int_equal(get(find(VIRTIO_PCI_CAP_PCI_CFG) + 2, 1), 20);
}

static void the_state_after_a_reset(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(STATUS(), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_NUMQ, 2), 1);
		assert_int_equal(common(VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_SIZE, 2), 256);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_DESCLO, 4), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_GFSELECT, 4), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_GF, 4), 0);
		bring_up();
		set_common(VIRTIO_PCI_COMMON_STATUS, 0, 1);
	}
}

static void works(void **state)
{
	(void)state;
	bring_up();
	for (unsigned int i = 1; i <= 300; i++) {
		assert_true(serves());
		assert_int_equal(request_status(), VIRTIO_BLK_S_OK);
		assert_int_equal(sent[1], i);
	}
	assert_int_equal(sent[0], 0);
	assert_int_equal(get(REGISTERS + 0x1000, 1), 0);
}

static void offers_features_by_halves(void **state)
{
	uint64_t features = 0;

	(void)state;
	for (uint32_t half = 0; half < 2; half++) {
		set_common(VIRTIO_PCI_COMMON_DFSELECT, half, 4);
		features |= (uint64_t)common(VIRTIO_PCI_COMMON_DF, 4)
			    << 32 * half;
	}
	assert_int_equal(features, virtio_offered(device));
	set_common(VIRTIO_PCI_COMMON_DFSELECT, 2, 4);
	assert_int_equal(common(VIRTIO_PCI_COMMON_DF, 4), 0);
	assert_false(negotiate(FLUSH_FEATURE));
	assert_true(negotiate(USUAL_FEATURES));
	set_common(VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	assert_int_equal(common(VIRTIO_PCI_COMMON_GF, 4), VERSION_1 >> 32);
}

/* 4.1.4.3.1: what is wrong reads as 0xffff. */
static void vectors_that_do_not_exist_are_refused(void **state)
{
	(void)state;
	bring_up();
	set_common(VIRTIO_PCI_COMMON_MSIX, 2, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 0x8000, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
	assert_true(serves());
	assert_int_equal(sent[0] + sent[1], 0);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 0, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0);
	assert_true(serves());
	assert_int_equal(sent[0], 1);
}

static void a_queue_that_is_enabled_stays_as_it_is(void **state)
{
	(void)state;
	bring_up();
	set_common(VIRTIO_PCI_COMMON_Q_SIZE, 2, 2);
	set_common(VIRTIO_PCI_COMMON_Q_DESCLO, 0x123, 4);
	set_common(VIRTIO_PCI_COMMON_Q_ENABLE, 0, 2);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_SIZE, 2), QUEUE_SIZE);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_DESCLO, 4), ring.desc_gpa);
	assert_true(serves());
}

static void queues_that_are_not_there(void **state)
{
	(void)state;
	bring_up();
	for (uint32_t select = 1; select < 0x10000; select += 0x333) {
		set_common(VIRTIO_PCI_COMMON_Q_SELECT, select, 2);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
		assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
		for (uint32_t offset = VIRTIO_PCI_COMMON_Q_SIZE; offset < 56;
		     offset++)
			for (size_t size = 1; size <= 8; size++)
				put(REGISTERS + offset, UINT64_MAX, size);
	}
	for (uint64_t offset = 4; offset < 0x1000; offset++)
		put(REGISTERS + 0x3000 + offset, 0, 2);
	assert_true(serves());
}

static void a_queue_in_no_memory_needs_a_reset(void **state)
{
	(void)state;
	bring_up();
	assert_true(negotiate(USUAL_FEATURES));
	set_up_vectors();
	place_queue();
	set_common(VIRTIO_PCI_COMMON_Q_DESCHI, 0x80, 4);
	set_common(VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	assert_true(STATUS() & NEEDS_RESET);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	bring_up();
	assert_true(serves());
}

/* Each is read in any width, and written in its own alone (4.1.3.1). */
static void widths(void **state)
{
	(void)state;
	bring_up();
	for (uint32_t offset = 0; offset < 56; offset++) {
		uint64_t whole = get(REGISTERS + offset, 8);

		for (size_t size = 1; size < 8; size++)
			assert_int_equal(get(REGISTERS + offset, size),
					 whole & ((1ull << 8 * size) - 1));
	}
	set_common(VIRTIO_PCI_COMMON_STATUS, 0, 2);
	set_common(VIRTIO_PCI_COMMON_STATUS, 0, 4);
	put(REGISTERS + VIRTIO_PCI_COMMON_NUMQ, 0, 8);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 0, 1);
	set_common(VIRTIO_PCI_COMMON_Q_MSIX, 0, 4);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_MSIX, 2), 1);
	assert_true(serves());
}

static void the_devices_configuration(void **state)
{
	uint8_t data[9];

	(void)state;
	assert_int_equal(get(REGISTERS + 0x2000, 8), CAPACITY);
	for (uint64_t offset = 0; offset < 0x1000; offset++) {
		for (size_t size = 1; size <= 8; size++) {
			memset(data, FAKE_FILL, sizeof(data));
			bus_read(&mmio, REGISTERS + 0x2000 + offset, data,
				 offset + size > 0x1000 ? 1 : size);
			put(REGISTERS + 0x2000 + offset, UINT64_MAX, size);
		}
	}
	assert_memory_equal(config, &blk.config, sizeof(*config));
	device->config_generation = 0x1fe;
	assert_int_equal(common(VIRTIO_PCI_COMMON_CFGGENERATION, 1), 0xfe);
}

/* Without MSI-X the status says what has happened, once (4.1.4.5.1). */
static void without_msix(void **state)
{
	(void)state;
	bring_up();
	put(SLOT_1 + pci->msix.capability + PCI_MSIX_FLAGS, 0, 2);
	assert_true(serves());
	assert_int_equal(sent[1], 0);
	assert_int_equal(get(REGISTERS + 0x1000, 1), 1);
	assert_int_equal(get(REGISTERS + 0x1000, 1), 0);
	virtio_config_changed(device);
	assert_true(serves());
	assert_int_equal(get(REGISTERS + 0x1000, 4), 3);
	assert_int_equal(get(REGISTERS + 0x1000, 4), 0);
}

static void a_reset_forgets_what_is_pending(void **state)
{
	(void)state;
	bring_up();
	put(MSIX + 16 + 12, 1, 4);
	assert_true(serves());
	assert_int_equal(get(MSIX + 0x800, 8), 2);
	set_common(VIRTIO_PCI_COMMON_STATUS, 0, 1);
	put(MSIX + 16 + 12, 0, 4);
	assert_int_equal(sent[1], 0);
	bring_up();
	assert_true(serves());
	assert_int_equal(sent[1], 1);
}

/* PCI Local Bus 3.0, 6.2.2: neither requests nor interrupts */
static void without_bus_mastering_it_rests(void **state)
{
	(void)state;
	bring_up();
	set_command(PCI_COMMAND_MEMORY);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	set_common(VIRTIO_PCI_COMMON_Q_SIZE, 2, 2);
	assert_false(serves());
	assert_int_equal(sent[1], 0);
	/* And then goes on with what has come meanwhile. */
	set_command(ON);
	assert_int_equal(ring.used->idx, 1);
	assert_int_equal(sent[1], 1);
	assert_true(serves());
	/* One that is enabled or reset meanwhile */
	set_command(0);
	set_command(PCI_COMMAND_MEMORY);
	bring_up();
	assert_false(serves());
	set_common(VIRTIO_PCI_COMMON_STATUS, 0, 1);
	set_command(ON);
	assert_int_equal(common(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	assert_int_equal(ring.used->idx, 0);
}

static void without_decoding_the_registers_are_gone(void **state)
{
	(void)state;
	bring_up();
	set_command(PCI_COMMAND_MASTER);
	assert_int_equal(get(REGISTERS + VIRTIO_PCI_COMMON_STATUS, 1), 0xff);
	assert_false(serves());
	set_command(ON);
	kick();
	assert_int_equal(ring.used->idx, 1);
	place(0, REGISTERS + 0x100000);
	offer_request();
	put(REGISTERS + 0x103000, 0, 2);
	assert_int_equal(ring.used->idx, 2);
	assert_int_equal(sent[1], 2);
}

/* ---- the registers by configuration space (4.1.4.9) ---- */

static void access_bar(uint8_t bar, uint32_t offset, uint32_t length)
{
	uint64_t at = find(VIRTIO_PCI_CAP_PCI_CFG);

	put(at + VIRTIO_PCI_CAP_BAR, bar, 1);
	put(at + VIRTIO_PCI_CAP_OFFSET, offset, 4);
	put(at + VIRTIO_PCI_CAP_LENGTH, length, 4);
}

static uint32_t get_by_config(uint8_t bar, uint32_t offset, uint32_t length)
{
	access_bar(bar, offset, length);
	return (uint32_t)get(find(VIRTIO_PCI_CAP_PCI_CFG) + 16, length);
}

static void put_by_config(uint8_t bar, uint32_t offset, uint32_t length,
			  uint32_t value)
{
	access_bar(bar, offset, length);
	put(find(VIRTIO_PCI_CAP_PCI_CFG) + 16, value, length);
}

static void another_way_to_the_registers(void **state)
{
	(void)state;
	bring_up();
	set_command(PCI_COMMAND_MASTER);
	assert_int_equal(get_by_config(0, VIRTIO_PCI_COMMON_STATUS, 1),
			 ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	assert_int_equal(get_by_config(0, 0x2000, 4), CAPACITY);
	assert_int_equal(get_by_config(2, 16 + 8, 4), 0x41);
	offer_request();
	put_by_config(0, 0x3000, 2, 0);
	assert_int_equal(ring.used->idx, 1);
	put_by_config(2, 16 + 12, 4, 1);
	offer_request();
	put_by_config(0, 0x3000, 2, 0);
	assert_int_equal(sent[1], 1);
	put_by_config(2, 16 + 12, 4, 0);
	assert_int_equal(sent[1], 2);
	put_by_config(0, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	assert_int_equal(get_by_config(0, VIRTIO_PCI_COMMON_STATUS, 1), 0);
}

static void the_other_way_has_bounds(void **state)
{
	static const uint32_t offsets[] = { 0,	    1,		2,
					    3,	    0x3ffd,	0x3ffe,
					    0x3fff, 0x4000,	0x7fffffff,
					    0xffff, 0x80000000, UINT32_MAX };
	static const uint32_t lengths[] = { 0, 1, 2, 3, 4, 5, 8, UINT32_MAX };

	(void)state;
	bring_up();
	for (uint32_t bar = 0; bar < 256; bar++) {
		for (size_t i = 0; i < 12; i++) {
			for (size_t j = 0; j < 8; j++) {
				access_bar((uint8_t)bar, offsets[i],
					   lengths[j]);
				get(find(VIRTIO_PCI_CAP_PCI_CFG) + 16, 4);
				/* Not what is really there: the status */
				if (bar != 0 || offsets[i] >= 0x4000 ||
				    lengths[j] == 0 || lengths[j] > 4)
					put(find(VIRTIO_PCI_CAP_PCI_CFG) + 16,
					    0, 4);
			}
		}
	}
	assert_true(serves());
}

/* ---- whatever a guest writes to whichever register ---- */

static void any_access_anywhere_is_harmless(void **state)
{
	uint8_t data[9];
	char text[80];

	(void)state;
	for (int fill = 0; fill < 3; fill++) {
		bring_up();
		for (uint32_t offset = 0; offset < 0x4000; offset++) {
			for (size_t size = 1; size <= 8; size++) {
				if (offset % 0x1000 + size > 0x1000)
					continue;
				memset(data, fill == 2 ? 0x5a : -fill, 9);
				bus_write(&mmio, REGISTERS + offset, data,
					  size);
				bus_describe(&mmio, REGISTERS + offset, true,
					     data, size, text, sizeof(text));
				assert_non_null(strstr(text, " = "));
				memset(data, FAKE_FILL, 9);
				bus_read(&mmio, REGISTERS + offset, data, size);
				assert_int_equal(data[size], FAKE_FILL);
			}
		}
	}
	for (uint32_t offset = 0x40; offset < 0x100; offset++)
		for (size_t size = 1; size <= 8; size++)
			put(SLOT_1 + offset, UINT64_MAX, size);
	put(SLOT_1 + pci->msix.capability + PCI_MSIX_FLAGS, 0, 2);
	bring_up();
	assert_true(serves());
}

static void each_kind_has_a_class(void **state)
{
	static const struct msi_port port = { send, sent };
	static struct virtio_pci other;
	struct virtio nic = { .id = VIRTIO_ID_NET };
	struct virtio rng = { .id = VIRTIO_ID_RNG };

	(void)state;
	virtio_pci_init(&other, &nic, &memory, &port);
	assert_int_equal(pci_get16(&other.function, PCI_CLASS_DEVICE), 0x0200);
	assert_int_equal(pci_get32(&other.function, 0), 0x10411af4);
	virtio_pci_init(&other, &rng, &memory, &port);
	assert_int_equal(pci_get16(&other.function, PCI_CLASS_DEVICE), 0x0880);
}

static void the_trace_has_names(void **state)
{
	static const struct {
		uint64_t offset;
		uint8_t value;
		const char *words;
	} cases[] = {
		{ VIRTIO_PCI_COMMON_Q_SELECT, 1, "queue_select = 0x1" },
		{ VIRTIO_PCI_COMMON_STATUS, 15,
		  "device_status = 0xf: ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK" },
		{ 0x39, 1, "Unknown = 0x1" },
		{ 0x1000, 1, "ISR = 0x1" },
		{ 0x2004, 1, "Config = 0x1" },
		{ 0x3000, 0, "queue_notify = 0" },
	};
	char text[80];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bus_describe(&mmio, REGISTERS + cases[i].offset, true,
			     &cases[i].value, 1, text, sizeof(text));
		assert_string_equal(text, cases[i].words);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PCI_TEST(is_found),
		PCI_TEST(the_state_after_a_reset),
		PCI_TEST(works),
		PCI_TEST(offers_features_by_halves),
		PCI_TEST(vectors_that_do_not_exist_are_refused),
		PCI_TEST(a_queue_that_is_enabled_stays_as_it_is),
		PCI_TEST(queues_that_are_not_there),
		PCI_TEST(a_queue_in_no_memory_needs_a_reset),
		PCI_TEST(widths),
		PCI_TEST(the_devices_configuration),
		PCI_TEST(without_msix),
		PCI_TEST(a_reset_forgets_what_is_pending),
		PCI_TEST(without_bus_mastering_it_rests),
		PCI_TEST(without_decoding_the_registers_are_gone),
		PCI_TEST(another_way_to_the_registers),
		PCI_TEST(the_other_way_has_bounds),
		PCI_TEST(any_access_anywhere_is_harmless),
		PCI_TEST(each_kind_has_a_class),
		PCI_TEST(the_trace_has_names),
	};

	return cmocka_run_group_tests_name("virtio on PCI", tests, NULL, NULL);
}
