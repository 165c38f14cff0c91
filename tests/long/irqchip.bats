#!/usr/bin/env bats
# irqchip for minutes: its clock, fio, and all that step 3 and the guest without
# an operating system are put through.

load ../lib
load ../fio
load ../irqchip

# For fio.bash
# shellcheck disable=SC2034
step3=$irqchip

setup_file() {
	need_fast_kvm
	need_files "$irqchip" "$kernel" "$initramfs" "$rootfs" "$fio_disk"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	logs=
}

teardown() {
	show_logs
	stop
}

teardown_file() {
	keep_logs
}

@test "ten minutes of the guest's are ten of ours, to a second" {
	keeps_time 600
}

@test "... by ticks alone, too" {
	keeps_time 600 no-kvmclock clocksource=jiffies highres=off nohz=off
}

@test "two minutes of fio: what was written is read again" {
	fio_writes_and_reads 120
}

@test "all of step 3's tests" {
	is "$(of_step3 "$irqchip" .)" "" "tests that failed"
}

@test "the guest without an operating system" {
	is "$(of_step3 "$irqchip" '^(the device|requests|chains|queues|registers)' guest.bats)" \
		"" "tests that failed"
}

@test "consoles" {
	is "$(of_step3 "$irqchip" . console.bats)" "" "tests that failed"
}
