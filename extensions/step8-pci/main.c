/* The command line, and the virtual machine from its start to its end. */
#include "acpi.h"
#include "boot.h"
#include "console.h"
#include "cpus.h"
#include "die.h"
#include "event-loop.h"
#include "file.h"
#include "legacy.h"
#include "long-mode.h"
#include "memory-map.h"
#include "net-backend.h"
#include "power.h"
#include "serial.h"
#include "terminal.h"
#include "trace.h"
#include "virtio-blk.h"
#include "virtio-net.h"
#include "virtio-pci.h"
#include "virtio-rng.h"
#include "vm.h"

#include <ctype.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_RAM_MIB 512
#define DEFAULT_CMDLINE "console=ttyS0 root=/dev/vda rw panic=1"

struct options {
	const char *trace; /* a file, or NULL */
	uint64_t ram_size; /* bytes */
	uint32_t cpu_count;
	const char *cmdline;
	const char *initramfs; /* a file, or NULL */
	const char *kernel; /* a bzImage or a vmlinux */
	struct {
		const char *path;
		bool read_only;
	} disks[VIRTIO_PCI_MAX];
	size_t disk_count;
	struct {
		const char *name; /* of an interface, or of a socket */
		bool is_tap, is_plain;
	} networks[VIRTIO_PCI_MAX];
	size_t network_count;
	bool rng;
};

static void print_usage(FILE *file)
{
	fputs("Usage: step8-pci [-m MiB] [-s CPUS] [-c CMDLINE] [-i INITRAMFS] [-d DISK[,ro]]...\n"
	      "                 [-n tap=NAME[,plain]|unix=PATH]... [-r] KERNEL\n"
	      "Boots a Linux bzImage or vmlinux in a virtual machine, with its serial port on this\n"
	      "terminal.  Ctrl-A x quits, Ctrl-A h tells the other keys.\n"
	      "\n"
	      "  -m MiB        the guest's memory (512)\n"
	      "  -s CPUS       its processors (1)\n"
	      "  -c CMDLINE    the kernel's command line, instead of\n"
	      "                \"" DEFAULT_CMDLINE "\"\n"
	      "  -i INITRAMFS  the initial root file system\n"
	      "  -d DISK[,ro]  a raw disk image or a disk, up to 31: /dev/vda, vdb, ...\n"
	      "  -n tap=NAME   a network card on this tap interface: eth0, eth1, ...; with\n"
	      "                ,plain no checksum is left to the other side\n"
	      "  -n unix=PATH  one on this socket, where passt listens, or another program\n"
	      "  -r            an entropy source: /dev/hwrng\n"
	      "  --trace FILE  write every exit to FILE\n"
	      "  --help        this text\n"
	      "\n"
	      "Exit status: 0 the guest ended, 1 wrong usage or a host error,\n"
	      "2 the guest crashed.\n",
	      file);
}

static _Noreturn void usage_error(void)
{
	print_usage(stderr);
	exit(1);
}

/* A number of MiB, as bytes. */
static uint64_t parse_ram_size(const char *text)
{
	char *end;
	unsigned long long mib = strtoull(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || mib == 0 ||
	    mib > UINT64_MAX >> 20)
		die("-m %s: not a number of MiB", text);
	return (uint64_t)mib << 20;
}

static uint32_t parse_cpu_count(const char *text)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || count == 0 ||
	    count > ACPI_MAX_CPUS)
		die("-s %s: not a number from 1 to %d", text, ACPI_MAX_CPUS);
	return (uint32_t)count;
}

/* DISK or DISK,ro; any other comma is part of the path. */
static void add_disk(struct options *options, char *text)
{
	char *comma = strrchr(text, ',');
	bool read_only = comma && strcmp(comma, ",ro") == 0;

	if (options->disk_count == VIRTIO_PCI_MAX)
		die("-d %s: a PCI bus has slots for %d disks only", text,
		    VIRTIO_PCI_MAX);
	if (read_only)
		*comma = '\0';
	options->disks[options->disk_count].path = text;
	options->disks[options->disk_count].read_only = read_only;
	options->disk_count++;
}

/* tap=NAME, tap=NAME,plain or unix=PATH */
static void add_network(struct options *options, char *text)
{
	size_t i = options->network_count++;
	bool is_tap = strncmp(text, "tap=", 4) == 0;
	char *comma = is_tap ? strchr(text, ',') : NULL;

	if (!is_tap && strncmp(text, "unix=", 5) != 0)
		die("-n %s: neither tap=NAME nor unix=PATH", text);
	if (i == VIRTIO_PCI_MAX)
		die("-n %s: a PCI bus has slots for %d network cards only",
		    text, VIRTIO_PCI_MAX);
	if (comma && strcmp(comma, ",plain") != 0)
		die("-n %s: after an interface only ,plain can come", text);
	if (comma)
		*comma = '\0';
	options->networks[i].name = strchr(text, '=') + 1;
	options->networks[i].is_tap = is_tap;
	options->networks[i].is_plain = comma;
}

static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "trace", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "m:s:c:i:d:n:rh", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 't':
			options->trace = optarg;
			break;
		case 'm':
			options->ram_size = parse_ram_size(optarg);
			break;
		case 's':
			options->cpu_count = parse_cpu_count(optarg);
			break;
		case 'c':
			options->cmdline = optarg;
			break;
		case 'i':
			options->initramfs = optarg;
			break;
		case 'd':
			add_disk(options, optarg);
			break;
		case 'n':
			add_network(options, optarg);
			break;
		case 'r':
			options->rng = true;
			break;
		case 'h':
			print_usage(stdout);
			exit(0);
		default:
			usage_error();
		}
	}

	if (optind < argc)
		options->kernel = argv[optind++];
	if (optind < argc || !options->kernel)
		usage_error();
}

static struct serial com1;

/* Puts everything on the machine's buses. */
static void add_devices(struct vm *vm)
{
	const struct irq_line irq = vm_irq_line(vm, SERIAL_COM1_IRQ);
	const struct irq_line sci = vm_irq_line(vm, POWER_SCI);
	const struct serial_peer console = { console_write, console_wake,
					     NULL };

	serial_init(&com1, &irq, &console);
	bus_add(&vm->ports, SERIAL_COM1, SERIAL_PORTS, &serial_device, &com1);
	legacy_add(&vm->ports);
	/* After the reset control, whose port is amid those of PCI. */
	pci_bus_init(&vm->pci, &vm->ports, &vm->mmio, &vm->lock);
	power_init(&sci);
	bus_add(&vm->ports, POWER_EVENT, POWER_PORTS, &power_device, NULL);
}

static struct virtio_blk disks[VIRTIO_PCI_MAX];

/* Puts a virtio device on PCI's bus. */
static void add_virtio(struct vm *vm, struct virtio *device)
{
	/* The last is one too many, which pci_bus_add() refuses. */
	static struct virtio_pci slots[PCI_SLOTS + 1];
	struct virtio_pci *slot = &slots[vm->pci.count];
	const struct msi_port port = vm_msi_port(vm);

	virtio_pci_init(slot, device, &vm->memory, &port);
	pci_bus_add(&vm->pci, &slot->function);
}

static void add_disks(struct vm *vm, const struct options *options)
{
	for (size_t i = 0; i < options->disk_count; i++) {
		virtio_blk_open(&disks[i], options->disks[i].path,
				options->disks[i].read_only);
		add_virtio(vm, &disks[i].device);
	}
}

static struct virtio_net networks[VIRTIO_PCI_MAX];

static void add_networks(struct vm *vm, const struct options *options)
{
	static struct net_backend backends[VIRTIO_PCI_MAX];

	for (size_t i = 0; i < options->network_count; i++) {
		const char *name = options->networks[i].name;

		if (options->networks[i].is_tap)
			net_tap_open(&backends[i], name,
				     !options->networks[i].is_plain);
		else
			net_stream_open(&backends[i], name);
		virtio_net_open(&networks[i], &backends[i], &vm->lock);
		add_virtio(vm, &networks[i].device);
	}
}

static void add_rng(struct vm *vm)
{
	static struct virtio rng;

	virtio_rng_init(&rng);
	add_virtio(vm, &rng);
}

int main(int argc, char **argv)
{
	const struct console_listener keyboard = { serial_room, serial_receive,
						   &com1 };
	struct options options = { .ram_size = (uint64_t)DEFAULT_RAM_MIB << 20,
				   .cpu_count = 1,
				   .cmdline = DEFAULT_CMDLINE };
	enum vcpu_status status;
	struct cpus cpus;
	struct vm vm;
	uint64_t entry;

	file_open_standard_streams();
	parse_options(&options, argc, argv);
	if (options.trace)
		trace_open(options.trace);

	vm_create(&vm, options.ram_size);
	add_devices(&vm);
	add_disks(&vm, &options);
	add_networks(&vm, &options);
	if (options.rng)
		add_rng(&vm);
	entry = boot_load(&vm.memory, options.kernel, options.initramfs,
			  options.cmdline);
	acpi_load(&vm.memory, options.cpu_count);
	cpus_create(&cpus, &vm, options.cpu_count);
	long_mode_start(cpus.vcpus[0].vcpu_fd, &vm.memory, entry,
			ZERO_PAGE_GPA);
	vm.reset_by_triple_fault =
		boot_reboots_by_triple_fault(options.cmdline);
	terminal_on_sigterm(power_press_button);
	console_start(&keyboard);
	event_loop_start();

	status = cpus_run(&cpus);
	console_drain();
	event_loop_stop();
	console_stop();
	if (status == GUEST_CRASHED)
		cpus_report_crash(&cpus);

	cpus_destroy(&cpus);
	for (size_t i = 0; i < options.disk_count; i++)
		virtio_blk_close(&disks[i]);
	for (size_t i = 0; i < options.network_count; i++)
		virtio_net_close(&networks[i]);
	vm_destroy(&vm);
	trace_close();
	return status;
}
