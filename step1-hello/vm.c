#include "vm.h"

#include "kvm.h"

#include <unistd.h>

void vm_create(struct vm *vm, uint64_t ram_size)
{
	vm->kvm_fd = kvm_open();
	vm->vm_fd = kvm_create_vm(vm->kvm_fd);
	memory_create(&vm->memory, vm->vm_fd, ram_size);
}

void vm_destroy(struct vm *vm)
{
	memory_destroy(&vm->memory);
	close(vm->vm_fd);
	close(vm->kvm_fd);
}
