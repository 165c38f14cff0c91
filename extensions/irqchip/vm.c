#include "vm.h"

#include "kvm-x86.h"
#include "kvm.h"
#include "memory-map.h"

#include <unistd.h>

void vm_create(struct vm *vm, uint64_t ram_size)
{
	struct irq_line timer_line;

	vm->kvm_fd = kvm_open();
	vm->vm_fd = kvm_create_vm(vm->kvm_fd);
	memory_create(&vm->memory, vm->vm_fd, ram_size);
	vm->ports.count = 0;
	vm->mmio.count = 0;

	/* KVM's own pages come first, then the interrupt controllers. */
	kvm_set_tss_addr(vm->vm_fd, TSS_GPA);
	kvm_set_identity_map_addr(vm->vm_fd, IDENTITY_MAP_GPA);
	i8259_add(&vm->pic, &vm->ports);
	timer_line = vm_irq_line(vm, I8254_IRQ);
	/* With port 0x61, by which Linux measures the CPU's clock. */
	i8254_add(&vm->pit, &vm->ports, &timer_line);
}

struct irq_line vm_irq_line(struct vm *vm, uint32_t irq)
{
	return (struct irq_line){ i8259_set_line, &vm->pic, irq };
}

void vm_destroy(struct vm *vm)
{
	memory_destroy(&vm->memory);
	close(vm->vm_fd);
	close(vm->kvm_fd);
}
