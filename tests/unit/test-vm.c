/* What KVM is asked for when a machine is made, and what its parts get. */
#include "test.h"

#include "memory-map.h"
#include "vm.h"

#include <linux/kvm.h>

#define GIB (1ull << 30)

static struct vm vm;

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	memset(&vm, FAKE_FILL, sizeof(vm));
	vm_create(&vm, 8 * GIB);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	vm_destroy(&vm);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Where api.rst 4.40 and 4.41 want them: below 4 GiB, away from RAM, each
 * from the other, and from the virtio window */
static void kvm_gets_its_own_pages(void **state)
{
	(void)state;
	assert_true(fake.irqchip);
	assert_int_equal(fake.pit_flags, KVM_PIT_SPEAKER_DUMMY);
	assert_true(fake.identity_map_gpa >= VIRTIO_GPA + 0x100000);
	assert_int_equal(fake.identity_map_gpa % 4096, 0);
	assert_int_equal(fake.tss_gpa % 4096, 0);
	assert_true(fake.tss_gpa >= fake.identity_map_gpa + 4096);
	assert_true(fake.tss_gpa + 3 * 4096 <= HOLE_END);
}

static void has_memory_and_empty_buses(void **state)
{
	uint8_t value = 0;

	(void)state;
	assert_int_equal(vm.memory.size, 8 * GIB);
	assert_ptr_equal(fake.regions[0].memory, vm.memory.ram);
	bus_read(&vm.ports, 0x3f8, &value, 1);
	assert_int_equal(value, 0xff);
	bus_read(&vm.mmio, VIRTIO_GPA, &value, 1);
	assert_int_equal(value, 0xff);
}

static void a_line_is_kvms(void **state)
{
	const struct irq_line line = vm_irq_line(&vm, 11);

	(void)state;
	irq_line_set(&line, true);
	assert_int_equal(fake.irq, 11);
	assert_int_equal(fake.irq_fd, vm.vm_fd);
	assert_true(fake.line);
	irq_line_set(&line, false);
	assert_false(fake.line);
}

static void gives_everything_back(void **state)
{
	int files = open_files();
	struct vm other;

	(void)state;
	fake_reset();
	vm_create(&other, 4096);
	assert_int_equal(open_files(), files + 2);
	vm_destroy(&other);
	assert_int_equal(open_files(), files);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(kvm_gets_its_own_pages),
		TEST(has_memory_and_empty_buses),
		TEST(a_line_is_kvms),
		TEST(gives_everything_back),
	};

	return cmocka_run_group_tests_name("virtual machine", tests, NULL,
					   NULL);
}
