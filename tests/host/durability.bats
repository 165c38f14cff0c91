#!/usr/bin/env bats
# What the guest has been told is safe is safe, whatever happens to the machine
# under the VMM. That machine is the lab here: its disk is a file of ours, and
# step 3 uses that disk, and step 8. While the guest writes, flushes, and says
# what is safe, the lab gets a SIGKILL, and with it goes all that was not on the
# disk. (To kill the VMM alone would prove nothing: what it has written would live
# on in the kernel's page cache.)
#
#   KILLS=N  how often each test pulls the plug (1; make test-all: 100)

load ../lib

kills=${KILLS:-1}
guest=build/guest/guest
faults=build/guest/faults.so
step8=${STEP8:-$project/extensions/step8-pci/step8-pci}

setup() {
	cd "$project" || return
	need_files "$step3" "$step8" "$kernel" "$guest" "$faults"
	lab=
	dir=$(mktemp -d build/durability.XXXXXX)
	# QEMU's own cache is none, where the file system lets it.
	cache=none
	dd if=/dev/zero of="$dir/probe" bs=4096 count=1 oflag=direct 2>/dev/null ||
		cache=writethrough
}

teardown() {
	[ -z "$lab" ] || kill "$lab" 2>/dev/null || :
	if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		echo "kept: $dir"
		tail -n 5 "$dir/log" "$dir/err" || :
	else
		rm -rf "$dir"
	fi
}

# Runs a command in the lab with $dir/disk as /dev/vda, until it has said
# something is safe and a moment longer; then pulls the plug.
pull_the_plug() { # COMMAND ARG...
	local end=$((SECONDS + $(limit 180)))

	local drive=file=$dir/disk,if=none,id=disk,format=raw,cache=$cache

	: >"$dir/log"
	LAB_QEMU_ARGS="-pidfile $dir/pid -drive $drive -device virtio-blk-pci,drive=disk" \
		tests/lab/lab "$@" >"$dir/log" 2>"$dir/err" 3>&- <"${input:-/dev/null}" &
	lab=$!
	until [ "$(grep -ca '^safe [0-9]' "$dir/log")" -ge 2 ]; do
		[ $SECONDS -lt $end ] && kill -0 $lab
		sleep 0.1
	done
	sleep "$((RANDOM % ${longest:-2})).$((RANDOM % 1000 + 1000))"
	kill -KILL "$(<"$dir/pid")"
	wait $lab || :
	lab=
	has_not "$(<"$dir/log")" FAILED
	# The last line may be half a one.
	safe=$(tr -d '\r' <"$dir/log" | sed -n '$!s/^safe \([0-9]*\)$/\1/p' |
		tail -n 1)
	echo "safe: $safe"
	[ "$safe" -gt 0 ]
}

# Of the records up to $safe each is there, or a later one in its place.
records_are_there() {
	head -c 1M "$dir/disk" | LC_ALL=C awk -v safe="$safe" '
		{
			place = NR - 1
			# The last record up to `safe` that belongs here
			wanted = safe - (safe - place + 2048) % 2048
			if (wanted < 1)
				next
			checked++
			if (length($0) != 511 || $1 != "record" ||
			    $2 + 0 < wanted || $2 % 2048 != place) {
				if (bad++ < 5)
					print "place " place ": wanted " wanted ", got " substr($0, 1, 40)
			}
		}
		END {
			print checked + 0 " records, " bad + 0 " lost"
			exit bad > 0 || checked == 0
		}'
}

fresh_disk() {
	rm -f "$dir/disk" "$dir/pid"
	awk 'BEGIN { for (i = 0; i < 2048; i++) printf "%-511s\n", "nothing yet" }' \
		>"$dir/disk"
}

@test "what was flushed survives the end of the machine" {
	for _ in $(seq "$kills"); do
		fresh_disk
		pull_the_plug "$step3" -d /dev/vda -c durable $guest
		records_are_there
	done
}

@test "without FLUSH every write does" {
	for _ in $(seq "$kills"); do
		fresh_disk
		pull_the_plug "$step3" -d /dev/vda -c 'durable through' $guest
		records_are_there
	done
}

@test "step 8, on PCI: what was flushed survives, and without FLUSH every write" {
	for mode in durable 'durable through'; do
		for _ in $(seq "$kills"); do
			fresh_disk
			pull_the_plug "$step8" -d /dev/vda -c "pci $mode" \
				build/guest/kernel.elf
			records_are_there
		done
	done
}

# Else those before would prove nothing.
@test "a VMM that does not flush is found out" {
	for mode in durable 'durable through'; do
		fresh_disk
		pull_the_plug env NO_FLUSH=1 LD_PRELOAD="$PWD/$faults" \
			build/guest/step3-shared -d /dev/vda -c "$mode" $guest
		run records_are_there
		is "$status" 1 "status of the check"
		has "$output" ' lost$'
	done
}

# Files of several sizes in a journalled file system; each ends in its number.
@test "Linux: files that were synced are there, and the file system is clean" {
	input=$dir/input
	cat >"$input" <<-'END'
		stty -echo; sh /dev/ttyS0
		i=0; while i=$((i + 1)); do f=/root/f$((i % 20))
		head -c $((i * 7919 % 60000)) /bin/busybox >$f; echo "=$i=" >>$f
		[ $((i % 7)) != 0 ] || { mkdir /root/d$i; rm -f /root/f$(((i + 9) % 20)); }
		sync; echo "safe $i"; done
	END
	for _ in $(seq "$kills"); do
		rm -f "$dir/pid"
		cp --sparse=always "$rootfs" "$dir/disk"
		longest=4 pull_the_plug "$step3" -d /dev/vda \
			-c 'console=ttyS0 quiet root=/dev/vda rw init=/bin/sh' "$kernel"
		e2fsck -y -E journal_only "$dir/disk" || [ $? = 1 ]
		run e2fsck -fn "$dir/disk"
		echo "$output"
		is "$status" 0 "status of e2fsck"
		# The next ones may have been on the way.
		for i in $(seq $((safe > 8 ? safe - 8 : 1)) "$safe"); do
			number=$(debugfs -R "cat /root/f$((i % 20))" "$dir/disk" |
				tr -d '\0' | LC_ALL=C sed -n 's/^.*=\([0-9]*\)=$/\1/p' | tail -n 1)
			is "$number" "$i" "number in file f$((i % 20))"
		done
	done
}
