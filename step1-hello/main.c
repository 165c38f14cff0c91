/* The command line, and the virtual machine from its start to its end. */
#include "file.h"
#include "trace.h"
#include "vcpu.h"
#include "vm.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define RAM_SIZE (16 << 20)

/* guest.asm, assembled; the linker names it after its file. */
extern const uint8_t _binary_guest_bin_start[], _binary_guest_bin_end[];

struct options {
	const char *trace; /* a file, or NULL */
	const char *guest; /* a flat binary, or NULL for the built-in one */
};

static void print_usage(FILE *file)
{
	fputs("Usage: step1-hello [--trace FILE] [GUEST]\n"
	      "Runs a flat 16-bit real-mode binary at address 0 of a virtual machine\n"
	      "with 16 MiB of memory, to its HLT.  Without GUEST: a built-in hello.\n"
	      "\n"
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

static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "trace", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			options->trace = optarg;
			break;
		case 'h':
			print_usage(stdout);
			exit(0);
		default:
			usage_error();
		}
	}

	if (optind < argc)
		options->guest = argv[optind++];
	if (optind < argc)
		usage_error();
}

/* Puts the guest's code at guest-physical address 0. */
static void load_guest(const struct memory *memory, const char *path)
{
	struct file file;

	if (path) {
		file_open(&file, path);
		memory_load_file(memory, 0, &file);
		file_close(&file);
	} else {
		memory_load(memory, 0, _binary_guest_bin_start,
			    _binary_guest_bin_end - _binary_guest_bin_start);
	}
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	enum vcpu_status status;
	struct vcpu vcpu;
	struct vm vm;

	file_open_standard_streams();
	parse_options(&options, argc, argv);
	if (options.trace)
		trace_open(options.trace);

	vm_create(&vm, RAM_SIZE);
	load_guest(&vm.memory, options.guest);
	vcpu_create(&vcpu, &vm);
	vcpu_set_real_mode(&vcpu, 0, 0, 0);

	status = vcpu_run(&vcpu);
	if (status == GUEST_CRASHED)
		vcpu_report_crash(&vcpu);

	vcpu_destroy(&vcpu);
	vm_destroy(&vm);
	trace_close();
	return status;
}
