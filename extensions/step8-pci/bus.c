#include "bus.h"

#include "die.h"

#include <string.h>

void bus_add(struct bus *bus, uint64_t start, uint64_t size,
	     const struct bus_device *kind, void *device)
{
	if (bus->count == BUS_MAX)
		die("more than %d devices on a bus", BUS_MAX);
	bus->ranges[bus->count++] = (struct bus_range){
		.start = start,
		.size = size,
		.kind = kind,
		.device = device,
	};
}

/* Who has all of these addresses? */
static const struct bus_range *find(const struct bus *bus, uint64_t address,
				    size_t size)
{
	for (size_t i = 0; i < bus->count; i++) {
		const struct bus_range *range = &bus->ranges[i];
		uint64_t offset = address - range->start;

		if (offset < range->size && size <= range->size - offset)
			return range;
	}
	return NULL;
}

/* An access that no device has whole goes byte by byte, as on a PC's bus. */
void bus_read(const struct bus *bus, uint64_t address, void *data, size_t size)
{
	const struct bus_range *range = find(bus, address, size);

	if (range)
		range->kind->read(range->device, address - range->start, data,
				  size);
	else if (size == 1)
		memset(data, 0xff, 1);
	else
		for (size_t i = 0; i < size; i++)
			bus_read(bus, address + i, (uint8_t *)data + i, 1);
}

void bus_write(const struct bus *bus, uint64_t address, const void *data,
	       size_t size)
{
	const struct bus_range *range = find(bus, address, size);

	if (range)
		range->kind->write(range->device, address - range->start, data,
				   size);
	else if (size > 1)
		for (size_t i = 0; i < size; i++)
			bus_write(bus, address + i, (const uint8_t *)data + i,
				  1);
}

void bus_describe(const struct bus *bus, uint64_t address, bool is_write,
		  const void *data, size_t size, char *text, size_t text_size)
{
	const struct bus_range *range = find(bus, address, size);

	text[0] = '\0';
	if (range && range->kind->describe)
		range->kind->describe(range->device, address - range->start,
				      is_write, data, size, text, text_size);
}
