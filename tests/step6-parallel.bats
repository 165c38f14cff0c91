#!/usr/bin/env bats
# Step 6 where two processors have to run at the same moment: tests/run gives it
# a lab with two.

load lib
load smp/smp

setup_file() {
	smp_setup
}

teardown_file() {
	keep_logs
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	logs=
}

teardown() {
	show_logs
	stop
}

@test "a disk at work without end holds up no other vCPU, and Ctrl-A x quits" {
	need_fast_kvm
	truncate -s 8G disk
	guest_that reads_long
	HOW=quit AWAIT=r at_terminal "$step6" -s 2 -m 512 --trace trace -d disk "$guest"
	is "$status" 0
	took_at_most seconds-to-end 1.9
	has "$(tail -n 50 trace)" '^[0-9]+ exits by reason'
	# Between the letter and the end of its request vCPU 1 has gone on.
	[ "$(sed '1,/ THR /d; /QueueNotify/,$d' trace |
		grep -c 'vCPU 1 KVM_EXIT_IO out 0x80')" -gt 50 ]
}

@test "a guest that changes descriptors while the device is at work" {
	need_fast_kvm
	truncate -s 1M disk
	for vmm in "$step6" "$project/build/smp/step6-sanitized"; do
		run --separate-stderr timed 200 "$vmm" -m 64 -s 2 -d disk \
			"$project/build/smp/race"
		is "$status" 0 "exit status of $vmm"
		is "$output" ok "what the guest says"
		is "$(grep -v recommends <<<"$stderr")" "" "standard error"
	done
}
