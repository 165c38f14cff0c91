#include "memory.h"

#include "die.h"
#include "kvm.h"

#include <string.h>
#include <sys/mman.h>

void memory_create(struct memory *memory, int vm_fd, uint64_t size)
{
	memory->size = size;

	/* The host backs a page only when the guest first touches it. */
	memory->ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory->ram == MAP_FAILED ||
	    !kvm_set_user_memory_region(vm_fd, 0, 0, memory->ram, size))
		die_errno("%llu MiB of guest memory",
			  (unsigned long long)size >> 20);
}

void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t length)
{
	uint64_t end = memory->size;

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
