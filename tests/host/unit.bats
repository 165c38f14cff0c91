#!/usr/bin/env bats
# The unit tests: step 3's devices and loader on a fake machine, built with the
# address and undefined behaviour sanitizers (tests/unit).

load ../lib

unit=$project/tests/unit
build=$project/build/unit

setup_file() {
	make -s -C "$unit" programs
}

# Runs test programs, and says how many tests that were.
unit_tests() { # NAME...
	local name count=0

	for name; do
		run timed 60 "$build/test-$name"
		echo "$output"
		is "$status" 0 "exit status of test-$name"
		has "$output" ' test\(s\) run\.'
		has_not "$output" '^\[  FAILED  \]'
		count=$((count + $(grep -c '^\[       OK \]' <<<"$output")))
	done
	echo "# $count tests" >&3
}

@test "unit: the bus, timers, the end of the machine" {
	unit_tests bus timer stop
}

@test "unit: the serial port" {
	unit_tests serial serial-input
}

@test "unit: the terminal, and the console, quit while its output is blocked" {
	unit_tests terminal console
}

@test "unit: serial port and console with all threads, under ThreadSanitizer" {
	run timed 120 make -s -C "$unit" threads
	echo "$output"
	is "$status" 0 "exit status"
	is "$(grep -c '^\[  PASSED  \] 1 test' <<<"$output")" 2 "programs that passed"
}

@test "unit: virtqueues: rings, descriptor chains, the order of accesses" {
	unit_tests virtqueue chain order
}

@test "unit: virtio devices: status, features, turns" {
	unit_tests virtio virtio-turns
}

@test "unit: virtio-mmio: registers, queue and interrupts" {
	unit_tests virtio-mmio virtio-mmio-queue
}

@test "unit: virtio-blk: images, requests and errors" {
	unit_tests virtio-blk-open virtio-blk virtio-blk-errors virtio-blk-long
}

@test "unit: the bzImage loader" {
	unit_tests boot boot-errors
}

@test "unit: guest memory on both sides of the 32-bit hole, the machine" {
	unit_tests memory vm
}

# So what holds for step 3's files holds for step 2's.
@test "unit: step 2 has the same files" {
	local file

	for file in bus memory serial legacy boot stop timer terminal console; do
		cmp "$project/step2-initramfs/$file.h" "$project/step3-virtio/$file.h"
		file=$file.c
		cmp "$project/step2-initramfs/$file" "$project/step3-virtio/$file"
	done
}

@test "unit: step 4's loader, and 2,000 spoilt kernels of each format" {
	build+=/step4
	make -s -C "$unit" STEP=../../extensions/step4-long-mode \
		BUILD="$build" programs
	unit_tests boot-64 vmlinux long-mode
}

@test "unit: more than 95 % of each file's lines are reached" {
	run timed 120 make -s -C "$unit" coverage
	echo "$output"
	is "$status" 0 "exit status"
	for file in memory bus timer stop serial legacy virtqueue virtio virtio-mmio virtio-blk \
		boot vm; do
		has "$output" "^$file\.c .* %"
	done
	sed 's/^/# /' <<<"$output" >&3
}

@test "unit: more than 95 % of the lines of step 4's loader" {
	run timed 120 make -s -C "$unit" STEP=../../extensions/step4-long-mode \
		BUILD="$build/step4" coverage
	echo "$output"
	is "$status" 0 "exit status"
	for file in boot vmlinux long-mode; do
		has "$output" "^$file\.c .* %"
	done
}

@test "unit: step 5's tables, its power switch and button, CPUID" {
	build+=/step5
	make -s -C "$unit" STEP=../../extensions/step5-acpi BUILD="$build" programs
	unit_tests acpi power cpuid
	run timed 120 make -s -C "$unit" STEP=../../extensions/step5-acpi \
		BUILD="$build" threads
	echo "$output"
	is "$status" 0 "exit status with two threads"
	run timed 120 make -s -C "$unit" STEP=../../extensions/step5-acpi \
		BUILD="$build" coverage
	echo "$output"
	is "$status" 0 "exit status of the coverage"
	for file in acpi power; do
		has "$output" "^$file\.c .* %"
	done
}

@test "unit: step 6's processors: tables, CPUID, several threads, a race with the disk" {
	build+=/step6
	make -s -C "$unit" STEP=../../extensions/step6-smp BUILD="$build" programs
	unit_tests acpi cpuid topology stop-all virtio-blk-race
	run timed 120 make -s -C "$unit" STEP=../../extensions/step6-smp \
		BUILD="$build" threads
	echo "$output"
	is "$status" 0 "exit status with several threads"
	run timed 120 make -s -C "$unit" STEP=../../extensions/step6-smp \
		BUILD="$build" coverage
	echo "$output"
	is "$status" 0 "exit status of the coverage"
	for file in acpi topology; do
		has "$output" "^$file\.c .* %"
	done
}

@test "unit: irqchip's 8259s and 8254, by their data sheets" {
	local step=STEP=../../extensions/irqchip

	build+=/irqchip
	make -s -C "$unit" $step BUILD="$build" programs
	unit_tests i8259 i8259-pair i8254 i8254-irq
	run timed 120 make -s -C "$unit" $step BUILD="$build" threads
	echo "$output"
	is "$status" 0 "exit status with two threads"
	run timed 120 make -s -C "$unit" $step BUILD="$build" coverage
	echo "$output"
	is "$status" 0 "exit status of the coverage"
	for file in i8259 i8254 i8254-counter; do
		has "$output" "^$file\.c .* %"
	done
}

@test "unit: step 7's network card, its back ends, event loop and entropy source" {
	build+=/step7
	make -s -C "$unit" STEP=../../extensions/step7-net BUILD="$build" programs
	unit_tests virtio-net virtio-net-send virtio-rng net-stream event-loop \
		event-loop-errors console
	run timed 120 make -s -C "$unit" STEP=../../extensions/step7-net \
		BUILD="$build" threads
	echo "$output"
	is "$status" 0 "exit status with several threads"
	run timed 120 make -s -C "$unit" STEP=../../extensions/step7-net \
		BUILD="$build" coverage
	echo "$output"
	is "$status" 0 "exit status of the coverage"
	for file in virtio-net virtio-rng net-stream event-loop; do
		has "$output" "^$file\.c .* %"
	done
}

@test "unit: step 8's configuration space, BARs, MSI-X and virtio on PCI" {
	build+=/step8
	make -s -C "$unit" STEP=../../extensions/step8-pci BUILD="$build" programs
	unit_tests pci pci-bars msix virtio-pci virtio-pci-bus
	run timed 120 make -s -C "$unit" STEP=../../extensions/step8-pci \
		BUILD="$build" coverage
	echo "$output"
	is "$status" 0 "exit status"
	for file in pci pci-names msix virtio-registers virtio-pci; do
		has "$output" "^$file\.c .* %"
	done
}
