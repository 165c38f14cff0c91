#include "vm.h"

#include "die.h"
#include "kvm-x86.h"
#include "kvm.h"
#include "memory-map.h"

#include <unistd.h>

void vm_create(struct vm *vm, uint64_t ram_size)
{
	vm->kvm_fd = kvm_open();
	vm->vm_fd = kvm_create_vm(vm->kvm_fd);
	memory_create(&vm->memory, vm->vm_fd, ram_size);
	if (memory_at(&vm->memory, PCI_HIGH_GPA, 1))
		die("-m %llu: it would reach to 256 GiB, where the window of PCI is",
		    (unsigned long long)ram_size >> 20);
	vm->ports.count = 0;
	vm->mmio.count = 0;
	pthread_mutex_init(&vm->lock, NULL);

	/* KVM's own pages come first, then the interrupt controllers. */
	kvm_set_tss_addr(vm->vm_fd, TSS_GPA);
	kvm_set_identity_map_addr(vm->vm_fd, IDENTITY_MAP_GPA);
	kvm_create_irqchip(vm->vm_fd);
	/* With port 0x61, by which Linux measures the CPU's clock. */
	kvm_create_pit2(vm->vm_fd, KVM_PIT_SPEAKER_DUMMY);
}

static void set_line(void *controller, uint32_t irq, bool level)
{
	const struct vm *vm = controller;

	kvm_irq_line(vm->vm_fd, irq, level);
}

struct irq_line vm_irq_line(struct vm *vm, uint32_t irq)
{
	return (struct irq_line){ set_line, vm, irq };
}

/*
 * Intel SDM vol. 3A, "Message Address Register Format": what is written to these
 * addresses is an interrupt.  Elsewhere a device would write to memory, which
 * ours do not.
 */
#define MESSAGE_ADDRESS_SHIFT 20
#define MESSAGE_ADDRESS	      0xfee

static void send_message(void *controller, uint64_t address, uint32_t data)
{
	const struct vm *vm = controller;

	if (address >> MESSAGE_ADDRESS_SHIFT == MESSAGE_ADDRESS)
		kvm_signal_msi(vm->vm_fd, address, data);
}

struct msi_port vm_msi_port(struct vm *vm)
{
	return (struct msi_port){ send_message, vm };
}

void vm_destroy(struct vm *vm)
{
	memory_destroy(&vm->memory);
	close(vm->vm_fd);
	close(vm->kvm_fd);
}
