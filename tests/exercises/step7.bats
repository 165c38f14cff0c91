#!/usr/bin/env bats
# What judges exercises of step 7 that go beyond it.

load ../lib

step7=${STEP7:-$project/extensions/step7-net/step7-net}
vmlinux=$project/build/linux/vmlinux

setup_file() {
	need_kvm
	need_files "$step7"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	stop
	ip link del tap7 2>/dev/null || :
}

# Linux with a card on a tap; its commands come from standard input.
on_a_tap() { # OPTIONS OF -n, VMM-OPTION...
	need_fast_kvm
	need_files "$initramfs" "$vmlinux"
	ip tuntap add tap7 mode tap
	ip addr add 10.7.7.1/24 dev tap7
	ip link set tap7 up
	run timed 100 "$step7" -n "tap=tap7$1" "${@:2}" -i "$initramfs" \
		-c 'console=ttyS0 loglevel=1 panic=1' "$vmlinux"
	is "$status" 0 "exit status"
}

# ---- 7.6 ----

@test "--pcap: tshark reads every frame of both directions" {
	on_a_tap '' --pcap frames <<-'END'
		ip addr add 10.7.7.2/24 dev eth0; ip link set eth0 up
		ping -c 3 -s 1000 10.7.7.1
		poweroff -f
	END
	tshark -r frames >told 2>errors
	is "$(grep -c 'Echo (ping) request' told)" 3 "requests"
	is "$(grep -c 'Echo (ping) reply' told)" 3 "replies"
	has "$(<told)" ' 10\.7\.7\.2 → 10\.7\.7\.1 +ICMP 1042 Echo'
	has_not "$(<errors)" '(cut short|appears|damaged|malformed)'
	# Their times are those of a clock on the wall, in order.
	tshark -r frames -T fields -e frame.time_epoch >"moments" 2>/dev/null
	sort -c -n moments
	[ $(($(date +%s) - $(head -n 1 moments | cut -d . -f 1))) -lt 1000 ]
	run --separate-stderr "$step7" --pcap /nowhere/frames "$vmlinux"
	is_refused '/nowhere/frames: No such file'
}

# ---- 7.7 ----

@test "mac=: the guest has that address, and others are refused" {
	local mac

	on_a_tap ,mac=02:11:22:33:44:5f <<-'END'
		ip link show dev eth0
		poweroff -f
	END
	has "$output" 'link/ether 02:11:22:33:44:5f '
	for mac in 02:11:22:33:44 02:11:22:33:44:5 02:11:22:33:44:5x 02:11:22:33:44:55:66 \
		03:11:22:33:44:55 zz:11:22:33:44:55 '' 2:11:22:33:44:555; do
		[ "$mac" != 02:11:22:33:44:5 ] || continue # one digit may do
		run --separate-stderr "$step7" -n "tap=tap7,mac=$mac" "$vmlinux"
		is_refused "$mac"
	done
}
