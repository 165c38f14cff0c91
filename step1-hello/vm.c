#include "vm.h"

#include "die.h"
#include "kvm.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void vm_create(struct vm *vm, uint64_t ram_size)
{
	*vm = (struct vm){ .ram_size = ram_size };
	vm->kvm = kvm_open();
	vm->fd = kvm_create_vm(vm->kvm);

	/* The host backs a page only when the guest first touches it. */
	vm->ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->ram == MAP_FAILED)
		die_errno("%llu MiB of guest memory",
			  (unsigned long long)ram_size >> 20);
	kvm_set_user_memory_region(vm->fd, 0, 0, vm->ram, ram_size);
}

void *vm_memory(const struct vm *vm, uint64_t gpa, uint64_t length)
{
	uint64_t end = vm->ram_size;

	if (gpa > end || length > end - gpa)
		return NULL;
	return vm->ram + gpa;
}

void vm_load(const struct vm *vm, uint64_t gpa, const void *data, size_t size)
{
	memcpy(vm_memory(vm, gpa, size), data, size);
}

void vm_load_file(const struct vm *vm, uint64_t gpa, struct file *file)
{
	void *memory = vm_memory(vm, gpa, file->size);

	if (!memory)
		die("%s: %zu bytes do not fit into %llu MiB of guest memory",
		    file->path, file->size,
		    (unsigned long long)vm->ram_size >> 20);
	file_read(file, memory, file->size);
}

void vm_destroy(struct vm *vm)
{
	munmap(vm->ram, vm->ram_size);
	close(vm->fd);
	close(vm->kvm);
}
