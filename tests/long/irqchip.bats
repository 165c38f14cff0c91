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

# Runs another file's tests on irqchip, and says which failed.
of_step3() { # FILE FILTER
	local name

	export STEP2=$irqchip STEP3=$irqchip TEST_LOGS=$BATS_TEST_TMPDIR/logs
	PATH=$(tr : '\n' <<<"$PATH" | grep -v 'bats-core' | paste -sd :)
	while read -r name; do unset "$name"; done < <(compgen -v | grep ^BATS_)
	bats --formatter tap --filter "$2" "$project/tests/$1" \
		</dev/null >tap 2>&1 3>&- || :
	grep -q '^ok 5' tap || echo "fewer than five tests"
	grep -A 20 '^not ok' tap || :
	grep '^ok .* # skip' tap || :
}

@test "all of step 3's tests" {
	is "$(of_step3 step3-virtio.bats .)" "" "tests that failed"
}

@test "the guest without an operating system" {
	is "$(of_step3 guest.bats '^(the device|requests|chains|queues|registers)')" \
		"" "tests that failed"
}

@test "consoles" {
	is "$(of_step3 console.bats .)" "" "tests that failed"
}
