#!/usr/bin/env bats
# Step 6 for an hour: torture by the guest, 1,000 starts and ends, fio.

load ../lib
load ../smp/smp

setup_file() {
	need_fast_kvm
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

# For so many seconds: processes come and go on all processors and wake each
# other, which is interprocessor interrupts, while processors go off and on.
torture() { # NAME SECONDS
	logs=$1
	cp --sparse=always "$rootfs" disk
	start "$1" "$step6" -s 4 -d disk -i "$initramfs" \
		-c 'console=ttyS0 quiet panic=1' "$vmlinux" <<-END
		stty -echo; sh /dev/ttyS0
		forks() { while [ ! -e /tmp/end ]; do for i in 1 2 3 4 5 6 7 8; do true | cat | cat & done; wait; done; }
		wakes() { while [ ! -e /tmp/end ]; do dd if=/dev/zero bs=1 count=2000 2>/dev/null | dd bs=1 2>/dev/null | cat >/dev/null; done; }
		disk() { while [ ! -e /tmp/end ]; do dd if=/dev/vda of=/dev/null bs=64k count=50 iflag=direct 2>/dev/null; done; }
		plugs() { n=0; while [ ! -e /tmp/end ]; do for i in 1 2 3; do echo 0 >/sys/devices/system/cpu/cpu\$i/online; done; for i in 3 2 1; do echo 1 >/sys/devices/system/cpu/cpu\$i/online; done; n=\$((n + 1)); done; echo "@ rounds"; echo \$n; }
		mount -t tmpfs tmpfs /tmp
		forks & wakes & wakes & disk & disk & plugs &
		sleep $2; touch /tmp/end; wait
		echo "@ nproc"; nproc; echo "@ dmesg"; dmesg; echo "@ end"; reboot -f
	END
	wait_for_end $((200 + 4 * $2))
	is "$status" 0 "exit status"
	is "$(said "$1" nproc)" 4 "processors at the end"
	[ "$(said "$1" rounds)" -gt 0 ]
	has_not "$(said "$1" dmesg)" '(WARNING|BUG|rcu.*stall|soft lockup|not responding|stuck)'
	echo "# $(said "$1" rounds) times off and on" >&3
}

@test "torture for a minute, 20 times: forks, wake-ups, disk, processors off and on" {
	for ((round = 1; round <= ${ROUNDS:-20}; round++)); do
		torture torture-$round "${SECONDS_EACH:-60}"
	done
}

@test "1,000 starts and ends at random moments" {
	starts_and_ends "${STARTS:-1000}"
}

@test "fio on four processors for five minutes" {
	fio_on_four "$step6" 300
}

@test "ThreadSanitizer finds nothing in ten rounds, nor with fio" {
	watched 10
	fio_on_four "$project/build/smp/step6-threads" 30
	cat tsan* 2>/dev/null || :
	is "$(echo tsan*)" 'tsan*' "reports of ThreadSanitizer"
}

@test "a smoke of step 3's tests on step 6, with four processors" {
	printf '#!/bin/sh\nexec "%s" -s 4 "$@" 2>/dev/null\n' "$step6" >four
	chmod +x four
	is "$(SCENES='four memory' of_step3 "$PWD/four" "$smoke")" "" "tests that failed"
}
