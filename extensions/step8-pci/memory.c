#include "memory.h"

#include "die.h"
#include "kvm.h"
#include "memory-map.h"

#include <string.h>
#include <sys/mman.h>

/*
 * Where we would like to have the RAM: far from all else, and at an address as
 * round as the guest's, so that the host can back 2 MiB of it at once.
 */
#define RAM_HINT ((void *)(1ull << 45))

/* False where that is more than KVM can manage. */
static bool add_regions(const struct memory *memory, int vm_fd)
{
	uint64_t low = memory_below_hole(memory);

	return kvm_set_user_memory_region(vm_fd, 0, 0, memory->ram, low) &&
	       (memory->size == low ||
		kvm_set_user_memory_region(vm_fd, 1, HOLE_END,
					   memory->ram + low,
					   memory->size - low));
}

void memory_create(struct memory *memory, int vm_fd, uint64_t size)
{
	memory->size = size;

	/* The host backs a page only when the guest first touches it. */
	memory->ram = mmap(RAM_HINT, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory->ram == MAP_FAILED || !add_regions(memory, vm_fd))
		die_errno("-m %llu: this host cannot give that much memory",
			  (unsigned long long)size >> 20);
	madvise(memory->ram, size, MADV_HUGEPAGE);
}

uint64_t memory_below_hole(const struct memory *memory)
{
	return memory->size < HOLE_START ? memory->size : HOLE_START;
}

void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t length)
{
	uint64_t end = memory->size;

	/* After the hole, RAM goes on where it stopped before it. */
	if (gpa >= HOLE_END)
		gpa -= HOLE_END - HOLE_START;
	else
		end = memory_below_hole(memory);
	if (gpa > end || length > end - gpa)
		return NULL;
	return memory->ram + gpa;
}

void memory_load(const struct memory *memory, uint64_t gpa, const void *data,
		 size_t size)
{
	void *to = memory_at(memory, gpa, size);

	if (!to)
		die("%zu bytes do not fit into the guest's memory at 0x%llx",
		    size, (unsigned long long)gpa);
	memcpy(to, data, size);
}

void memory_load_file(const struct memory *memory, uint64_t gpa,
		      struct file *file)
{
	void *to = memory_at(memory, gpa, file->size);

	if (!to)
		die("%s: %zu bytes do not fit into %llu MiB of guest memory",
		    file->path, file->size,
		    (unsigned long long)memory->size >> 20);
	file_read(file, to, file->size);
}

void memory_destroy(struct memory *memory)
{
	munmap(memory->ram, memory->size);
}
