/*
 * A bus: which device is at which address.  A machine has two, one for its
 * ports and one for memory-mapped registers; whatever is put on them, those
 * who use a bus (vcpu.c) stay as they are.
 */
#ifndef BUS_H
#define BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a device answers.  Accesses have 1 to 8 bytes, and come whole. */
struct bus_device {
	/* `offset` is from the device's first address. */
	void (*read)(void *device, uint64_t offset, void *data, size_t size);
	void (*write)(void *device, uint64_t offset, const void *data,
		      size_t size);
	/* An access in words, as "LCR = 0x03: 8N1", for the trace; or NULL */
	void (*describe)(void *device, uint64_t offset, bool is_write,
			 const void *data, size_t size, char *text,
			 size_t text_size);
};

#define BUS_MAX 16

struct bus {
	struct bus_range {
		uint64_t start, size;
		const struct bus_device *kind;
		void *device;
	} ranges[BUS_MAX];
	size_t count;
};

/*
 * Puts a device on `size` addresses from `start` on.  Where two are at one
 * address, the one that was added first answers.
 */
void bus_add(struct bus *bus, uint64_t start, uint64_t size,
	     const struct bus_device *kind, void *device);

/*
 * An access of the guest's.  What no device answers reads as all ones, as
 * lines do that nobody drives, and a write to it vanishes.
 */
void bus_read(const struct bus *bus, uint64_t address, void *data, size_t size);
void bus_write(const struct bus *bus, uint64_t address, const void *data,
	       size_t size);

/* The device's own words for an access, "" where it has none. */
void bus_describe(const struct bus *bus, uint64_t address, bool is_write,
		  const void *data, size_t size, char *text, size_t text_size);

#endif
