#!/usr/bin/env bats
# Step 7 for longer: 1 GiB each way over a tap, with and without what the kernel
# can do, verified; and 16 MiB of random numbers, judged.

load ../lib

step7=${STEP7:-$project/extensions/step7-net/step7-net}
vmlinux=$project/build/linux/vmlinux

setup_file() {
	need_kvm
	need_files "$step7" "$vmlinux" "$initramfs"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	logs=
}

teardown() {
	show_logs
	stop
	[ -z "${host:-}" ] || kill "$host" 2>/dev/null || :
	ip link del long0 2>/dev/null || :
	rm -f www/data # the next test needs the room
}

teardown_file() {
	keep_logs
}

# A tap, and servers for the guest; then its commands, from standard input.
on_a_tap() { # NAME OPTIONS
	local log pid

	ip tuntap add long0 mode tap
	ip addr add 10.8.0.1/24 dev long0
	ip link set long0 up
	mkdir -p www
	start "$1-host" "$project/tests/net/host" www
	host=$pid
	wait_for 100 ready "$log"
	logs=$1
	start "$1" "$step7" -m 256 -n "tap=long0$2" -r -i "$initramfs" \
		-c 'console=ttyS0 loglevel=1 panic=1' "$vmlinux"
	wait_for_end 2400
	is "$status" 0 "exit status"
}

# 1 GiB that neither side has to keep: the same 16 MiB, 64 times
gigabyte_each_way() { # NAME OPTIONS
	local sum

	mkdir www
	head -c 16777216 /dev/urandom >www/part
	for ((i = 0; i < 64; i++)); do cat www/part; done >www/data
	sum=$(md5sum <www/data | cut -c 1-32)
	on_a_tap "$1" "$2" <<-'END'
		stty -echo; PS1=
		ip addr add 10.8.0.2/24 dev eth0; ip link set eth0 up
		echo; echo '@ md5'; wget -q -O - http://10.8.0.1:8000/data | md5sum
		wget -q -O /tmp/part http://10.8.0.1:8000/part
		echo 'n=0; while [ $n -lt 64 ]; do cat /tmp/part; n=$((n + 1)); done' >/tmp/all
		nc 10.8.0.1 9001 -e sh /tmp/all
		echo; echo '@ end'; poweroff -f
	END
	has "$(said "$1" md5)" "^$sum"
	is "$(tail -n 1 www/received)" "$sum" "MD5 of what was sent"
}

@test "1 GiB each way over a tap" {
	need_fast_kvm
	gigabyte_each_way tap ''
}

@test "1 GiB each way over a plain tap" {
	need_fast_kvm
	gigabyte_each_way plain ,plain
}

@test "16 MiB of /dev/hwrng: what ent and rngtest say" {
	need_fast_kvm
	on_a_tap random '' <<-'END'
		stty -echo; PS1=
		ip addr add 10.8.0.2/24 dev eth0; ip link set eth0 up
		nc 10.8.0.1 9002 -e dd if=/dev/hwrng bs=64k count=256 iflag=fullblock 2>/dev/null
		poweroff -f
	END
	is "$(stat -c %s www/random)" 16777216 "bytes"
	run ent www/random
	has "$output" '^Entropy = 7\.9999[0-9]* bits per byte'
	run rngtest <www/random
	# Of 6,710 blocks some 5 fail by chance, of good numbers too.
	[ "$(sed -n 's/^rngtest: FIPS 140-2 failures: //p' <<<"$output")" -lt 25 ]
}
