#include "vm.h"

#include "die.h"
#include "kvm.h"
#include "memory-map.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where we would like to have the RAM: far from all else, and round */
#define RAM_HINT ((void *)(1ull << 45))

void vm_create(struct vm *vm, uint64_t ram_size)
{
	*vm = (struct vm){ .ram_size = ram_size };
	vm->kvm = kvm_open();
	vm->fd = kvm_create_vm(vm->kvm);

	/*
	 * The host backs a page only when the guest first touches it, with
	 * 2 MiB at once where our address is as round as the guest's.
	 */
	vm->ram = mmap(RAM_HINT, ram_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->ram == MAP_FAILED)
		die_errno("%llu MiB of guest memory",
			  (unsigned long long)ram_size >> 20);
	madvise(vm->ram, ram_size, MADV_HUGEPAGE);
	kvm_set_user_memory_region(vm->fd, 0, 0, vm->ram, vm_low_ram(vm));
	if (ram_size > vm_low_ram(vm))
		kvm_set_user_memory_region(vm->fd, 1, HOLE_END,
					   vm->ram + vm_low_ram(vm),
					   ram_size - vm_low_ram(vm));

	/* KVM's own pages come first, then the interrupt controllers. */
	kvm_set_tss_addr(vm->fd, TSS_GPA);
	kvm_set_identity_map_addr(vm->fd, IDENTITY_MAP_GPA);
	kvm_create_irqchip(vm->fd);
	/* With port 0x61, by which Linux measures the CPU's clock. */
	kvm_create_pit2(vm->fd, KVM_PIT_SPEAKER_DUMMY);
	serial_init(&vm->serial, vm->fd);
}

uint64_t vm_low_ram(const struct vm *vm)
{
	return vm->ram_size < HOLE_START ? vm->ram_size : HOLE_START;
}

void *vm_memory(const struct vm *vm, uint64_t gpa, uint64_t length)
{
	uint64_t end = vm_low_ram(vm);

	/* Behind the hole RAM goes on where it stopped before it. */
	if (gpa >= HOLE_END) {
		gpa -= HOLE_END - HOLE_START;
		end = vm->ram_size;
	}
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
