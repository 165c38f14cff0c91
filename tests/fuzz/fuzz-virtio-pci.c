/*
 * Any sequence of accesses to PCI's ports, to ECAM and to the windows, with a
 * disk behind them, in memory that the driver changes in between: configuration
 * space, BARs, MSI-X, transport, virtio device and disk together. Each operation
 * is a byte and its arguments; some do what takes a driver many accesses, so that
 * the fuzzer gets far.
 */
#include "input.h"

#include "bus.h"
#include "fake.h"
#include "memory-map.h"
#include "ring.h"
#include "virtio-blk.h"
#include "virtio-pci.h"

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE   0x4000
#define RING_GPA   0x0000
#define IMAGE_SIZE (8 * 512)

#define SLOT_1	  (PCI_ECAM_GPA + (1 << 15))
#define REGISTERS PCI_WINDOW_GPA
#define MSIX	  (PCI_WINDOW_GPA + 0x4000)
#define NOTIFY	  (REGISTERS + 0x3000)

enum operation {
	CONFIG, /* write to the function's configuration space, by ECAM */
	PORTS, /* by the ports, to any function's */
	BAR, /* any access to its registers, where BRING_UP has them */
	ANY, /* any access to any place in memory */
	POKE, /* guest memory */
	BRING_UP, /* with these features and this size */
	OFFER, /* the chain that begins with this descriptor */
	DESCRIBE, /* a descriptor */
	NOTIFY_IT, /* and how much time passes meanwhile */
	OPERATIONS
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct memory memory;
static struct ring ring;
static struct virtio_blk disk;
static struct virtio_pci *pci;
static struct bus ports, mmio;
static struct pci_bus bus;
static int image;

/* What is sent is what is in the table. */
static void send(void *controller, uint64_t address, uint32_t data)
{
	bool there = false;

	CHECK(controller == &bus);
	for (uint32_t i = 0; i < pci->msix.vectors; i++)
		there |= pci->msix.table[i].address == address &&
			 pci->msix.table[i].data == data;
	CHECK(there && msix_is_on(&pci->msix) && pci_is_master(&pci->function));
}

static void create(void)
{
	static const struct msi_port port = { send, &bus };
	char path[32];

	if (!image) {
		fake_memory_create(&memory, RAM_SIZE);
		image = memfd_create("image", MFD_CLOEXEC);
		CHECK(image > 0 && ftruncate(image, IMAGE_SIZE) == 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", image);
		virtio_blk_open(&disk, path, false);
		pci = malloc(sizeof(*pci));
		CHECK(pci);
	}
	virtio_write_status(&disk.device, 0);
	fake_reset();
	ports.count = 0;
	mmio.count = 0;
	pci_bus_init(&bus, &ports, &mmio, &lock);
	virtio_pci_init(pci, &disk.device, &memory, &port);
	pci_bus_add(&bus, &pci->function);
}

static void put(uint64_t gpa, uint64_t value, size_t size)
{
	bus_write(&mmio, gpa, &value, size);
}

static uint64_t get(uint64_t gpa, size_t size)
{
	uint64_t value = 0;

	bus_read(&mmio, gpa, &value, size);
	return value;
}

static void place_queue(void)
{
	put(REGISTERS + VIRTIO_PCI_COMMON_Q_SELECT, 0, 2);
	put(REGISTERS + VIRTIO_PCI_COMMON_Q_SIZE, ring.size, 2);
	put(REGISTERS + VIRTIO_PCI_COMMON_Q_DESCLO, ring.desc_gpa, 4);
	put(REGISTERS + VIRTIO_PCI_COMMON_Q_AVAILLO, ring.avail_gpa, 4);
	put(REGISTERS + VIRTIO_PCI_COMMON_Q_USEDLO, ring.used_gpa, 4);
	put(REGISTERS + VIRTIO_PCI_COMMON_Q_MSIX, 1, 2);
	put(REGISTERS + VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
}

/* What a driver does from the start on (virtio 1.2, 3.1.1). */
static void bring_up(uint8_t features, uint8_t shift)
{
	uint32_t low = (features & 1 ? 1u << VIRTIO_RING_F_INDIRECT_DESC : 0) |
		       (features & 2 ? 1u << VIRTIO_RING_F_EVENT_IDX : 0) |
		       (features & 4 ? 1u << VIRTIO_BLK_F_FLUSH : 0);

	ring_create(&ring, &memory, (uint16_t)(1 << shift % 9), RING_GPA);
	put(SLOT_1 + PCI_BASE_ADDRESS_0, REGISTERS, 8);
	put(SLOT_1 + PCI_BASE_ADDRESS_2, MSIX, 8);
	put(SLOT_1 + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	put(SLOT_1 + pci->msix.capability + PCI_MSIX_FLAGS,
	    features & 8 ? 0 : PCI_MSIX_FLAGS_ENABLE, 2);
	put(REGISTERS + VIRTIO_PCI_COMMON_STATUS, 0, 1);
	CHECK(get(REGISTERS + VIRTIO_PCI_COMMON_STATUS, 1) == 0);
	CHECK(get(MSIX + 0x800, 8) == 0);
	put(REGISTERS + VIRTIO_PCI_COMMON_GF, low, 4);
	put(REGISTERS + VIRTIO_PCI_COMMON_GFSELECT, 1, 4);
	put(REGISTERS + VIRTIO_PCI_COMMON_GF, 1, 4);
	put(REGISTERS + VIRTIO_PCI_COMMON_STATUS, VIRTIO_CONFIG_S_FEATURES_OK,
	    1);
	place_queue();
	put(REGISTERS + VIRTIO_PCI_COMMON_STATUS, VIRTIO_CONFIG_S_DRIVER_OK, 1);
	/* Whatever was before, a reset and these make it work. */
	CHECK(get(REGISTERS + VIRTIO_PCI_COMMON_Q_ENABLE, 2) == 1);
	CHECK(get(REGISTERS + VIRTIO_PCI_COMMON_STATUS, 1) ==
	      (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK));
}

static void access_bus(struct input *input, const struct bus *on,
		       uint64_t address)
{
	uint8_t how = take8(input);
	size_t size = how % 8 + 1;
	uint8_t *data = malloc(size); /* no more: the sanitizer sees it */
	char text[80];

	CHECK(data);
	take(input, data, size);
	if (how & 0x80)
		bus_read(on, address, data, size);
	else
		bus_write(on, address, data, size);
	bus_describe(on, address, !(how & 0x80), data, size, text,
		     sizeof(text));
	free(data);
}

static void use_ports(struct input *input)
{
	uint16_t where = take16(input);
	uint32_t address =
		1u << 31 | (where & 0x3ff) << 2 | (where & 0x400) << 1;

	bus_write(&ports, 0xcf8, &address, 4);
	access_bus(input, &ports, 0xcf8 + (where >> 12));
}

static void describe(struct input *input)
{
	uint16_t index = take8(input) % ring.size;
	uint64_t gpa = take16(input);
	uint32_t length = take16(input);
	uint16_t flags = take8(input) % 8;

	ring_describe(&ring.desc[index], gpa, length, flags, take8(input));
}

/* Where the time does not suffice, the device goes on by its timer. */
static void notify(unsigned int ms)
{
	fake.tick = ms * TIMER_MILLISECOND;
	put(NOTIFY, 0, 2);
	for (int i = 0; fake.timer && i < 4; i++)
		fake_expire();
	fake.tick = 0;
}

/* What holds between any two accesses of the driver's */
static void check(void)
{
	const struct virtio_registers *registers = &pci->registers;

	CHECK(get(SLOT_1, 4) == 0x10421af4);
	CHECK(get(PCI_ECAM_GPA + PCI_CLASS_DEVICE, 2) == 0x0600);
	CHECK(pci->msix.pending >> pci->msix.vectors == 0);
	CHECK(!(disk.device.status & VIRTIO_CONFIG_S_DRIVER_OK) ||
	      pci_is_master(&pci->function));
	CHECK(registers->vectors[0] < pci->msix.vectors ||
	      registers->vectors[0] == 0xffff);
	CHECK(!fake.timer || disk.device.unfinished);
}

static void operate(struct input *input)
{
	uint8_t operation = take8(input);
	uint16_t place;
	uint8_t value;

	switch (operation % OPERATIONS) {
	case CONFIG:
		access_bus(input, &mmio, SLOT_1 + take8(input));
		break;
	case PORTS:
		use_ports(input);
		break;
	case BAR:
		place = take16(input) % 0x5000;
		access_bus(input, &mmio, REGISTERS + place);
		break;
	case ANY:
		access_bus(input, &mmio, take64(input));
		break;
	case POKE:
		place = take16(input) % (RAM_SIZE - 8);
		take(input, memory.ram + place, 8);
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
	case NOTIFY_IT:
		notify(operation / OPERATIONS);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	create();
	memset(memory.ram, 0, RAM_SIZE);
	ring_create(&ring, &memory, 8, RING_GPA);
	while (input.size > 0) {
		operate(&input);
		check();
	}
	CHECK(lseek(image, 0, SEEK_END) == IMAGE_SIZE);
	return 0;
}
