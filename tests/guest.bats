#!/usr/bin/env bats
# A guest without an operating system (tests/guest) boots on steps 2 and 3, tells
# what the boot protocol gave it, and drives the disk: well, and as badly as it
# can. It prints a line for each case; after each the device must still work.

load lib
load guest

guest=$project/build/guest/guest

setup_file() {
	need_fast_kvm
	need_files "$step2" "$step3" "$guest" "$project"/build/guest/{faults.so,step3-sanitized,step3-shared}
	cd "$BATS_FILE_TMPDIR"
	image disk
	cp disk before
	head -c 8192 disk >second
	head -c 300000 /dev/urandom >initramfs
	# What goes wrong here shows in the tests.
	drive cases "$step3" good bad || stop
	trace=(--trace /dev/null)	# what reads each exit is looked at, too
	drive sanitized "$project/build/guest/step3-sanitized" good bad || stop
	boot_on "$step2" || true
	boot_on "$step3" || true
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

# Has the guest use the disks, with RAM on both sides of the 32-bit hole.
drive() { # NAME VMM WORD...
	start "$1" "$2" "${trace[@]}" -m 3200 -d disk -d second,ro -c "${*:3}" "$guest" </dev/null
	wait_for_end 120
	echo "$status" >"$1.status"
}

boot_on() { # VMM
	start "boot-$(basename "$1")" "$1" -m 3200 -i initramfs \
		-c 'boot  one=1' "$guest" </dev/null
	wait_for_end 60
	echo "$status" >"$(basename "$log" .log).status"
}

# Each line of standard input is a case that went well, in both runs.
all_ok() {
	local name run failed=

	logs='cases sanitized'
	while read -r name; do
		for run in $logs; do
			grep -qxF "ok $name" "$BATS_FILE_TMPDIR/$run.log" && continue
			echo "not ok in $run.log: $name" >&2
			failed=yes
		done
	done
	[ -z "$failed" ]
}

# Each line of standard input is what the guest told of its start.
both_tell() {
	local line vmm failed=

	while read -r line; do
		for vmm in step2-initramfs step3-virtio; do
			grep -qxF -- "$line" "$BATS_FILE_TMPDIR/boot-$vmm.log" && continue
			echo "missing in boot-$vmm.log: $line" >&2
			failed=yes
		done
	done
	[ -z "$failed" ]
}

# ---- how it was started ----

@test "the kernel's 16-bit entry: mode, segments, stack, flags" {
	logs='boot-step2-initramfs boot-step3-virtio'
	both_tell <<-'END'
		cs:ip 1020:0
		data segments 1000 1000 1000 1000
		ss:sp 1000:e000
		interrupts off
		direction up
		protection off
		paging off
		long mode reached
		0 failures
	END
	is "$(cat "$BATS_FILE_TMPDIR"/boot-*.status | xargs)" "0 0" "exit statuses"
	is "$(cat "$BATS_FILE_TMPDIR"/boot-*.err)" "" "standard error"
}

@test "the header's fields, and the zero page with the same" {
	logs='boot-step2-initramfs boot-step3-virtio'
	# loadflags: LOADED_HIGH and CAN_USE_HEAP
	both_tell <<-'END'
		setup code whole
		type_of_loader ff
		loadflags 81
		heap_end_ptr de00
		vid_mode ffff
		cmd_line_ptr below 1 MiB
		cmdline boot  one=1
		zero page's header the same
		zero page's e820 the same
	END
}

@test "the real-mode stub: the memory map, and no to all else" {
	logs='boot-step2-initramfs boot-step3-virtio'
	# Answers: AX, and the carry flag in bit 16
	both_tell <<-'END'
		INT 10h speaks
		e820 0 a0000 1
		e820 100000 c0000000 1
		e820 100000000 108000000 1
		e820 with a larger buffer: 20 bytes
		e820 keeps registers and flags: 1
		e820 with a wrong signature: 18620
		e820 with a small buffer: 18620
		e820 past the end: 18620
		e801: 18601
		88: 18600
		vectors that only return: 255
	END
	is "$(grep -c '^e820 [0-9a-f]* [0-9a-f]* [0-9]$' \
		"$BATS_FILE_TMPDIR"/boot-step2-initramfs.log)" 3 "e820 entries"
}

@test "the initramfs: whole, and as high as it may be" {
	logs='boot-step2-initramfs boot-step3-virtio'
	cd "$BATS_FILE_TMPDIR"
	# gzip's last 8 bytes are the CRC32 and the size.
	both_tell <<-END
		initramfs $(printf %x $(((0x80000000 - 300000) & ~4095))) 300000
		initramfs crc32 $(printf %x "0x$(gzip -c initramfs | tail -c 8 |
			od -An -tx4 -N4 | tr -d ' ')")
	END
}

@test "what is not there reads as all ones" {
	logs='boot-step2-initramfs boot-step3-virtio'
	both_tell <<-'END'
		unclaimed ports all ones
		i8042 status 1
		clock status 0
		memory behind the RAM ffffffffffffffff
		memory in the hole ffffffff
	END
}

# ---- the disk ----

@test "the device and its queue" {
	all_ok <<-'END'
		the device's identity
		the features it offers
		its configuration, by 1, 2, 4 and 8 bytes
		queues of every size
		indices that wrap past 65535
		an interrupt for a completion
		two interrupts, acknowledged one by one
		the second disk has its own interrupt
		no interrupt where the driver wants none
		events instead of flags
		initialised a thousand times
		rings that end at the top of RAM
	END
}

@test "requests of every type" {
	all_ok <<-'END'
		a sector is read
		all sectors are read, a MiB at a time
		a sector is written
		a MiB is written
		the last sector is read and written
		FLUSH
		reads and writes of nothing
		GET_ID gives 20 bytes
		GET_ID into single bytes
		GET_ID into too short and too long a buffer
		unknown types are UNSUPP
		a read-only disk is read, not written
		64 requests with one notification
	END
}

@test "requests in every form" {
	all_ok <<-'END'
		the header in pieces
		as many segments as fit
		segments of odd lengths
		one byte a segment
		data that shares a descriptor with header or status
		descriptors without bytes
		descriptors in any order
		indirect tables
		an indirect table at an odd address
		an indirect table behind a direct descriptor
		buffers that end where the 32-bit hole begins
		buffers that end at the top of RAM
		a buffer that begins at 4 GiB
	END
}

@test "chains that break the rules" {
	all_ok <<-'END'
		chains that are loops
		a loop through all descriptors
		a loop of empty descriptors
		heads that do not exist
		a bad head behind a good one
		next descriptors that do not exist
		an available index too far ahead
		the same chain 256 times
		buffers outside the RAM
		buffers over the end of the RAM
		buffers whose end wraps
		buffers longer than all memory
		readable buffers behind writable ones
		indirect without being negotiated
		indirect tables in indirect tables
		indirect with a next one
		indirect tables of bad length
		indirect tables outside the RAM
		indirect tables with bad indices and loops
	END
}

@test "requests without sense" {
	all_ok <<-'END'
		sectors past the end, sums that wrap
		data that is no multiple of 512
		headers that are too short
		no status
		nothing to write to
		nothing to read from
		chains without bytes
		data in the wrong direction
		more than 4 GiB in one request
		descriptor flags that nobody knows
		data over the rings, the header and the status
	END
}

@test "queues set up wrongly, or at the wrong time" {
	all_ok <<-'END'
		rings that are misaligned
		rings outside the RAM
		rings with a byte outside the RAM
		queue sizes that are too large or no power of two
		a queue that was never described
		a queue changed while it is ready
		a queue that is no longer ready
		notifications that come too early
		notifications of queues that do not exist
		registers of queues that do not exist
		a reset with requests in flight
		a reset with an interrupt pending
		all rings in one place
	END
}

@test "registers used wrongly" {
	all_ok <<-'END'
		features that are not offered
		a driver without VERSION_1
		features changed after FEATURES_OK
		DRIVER_OK without any negotiation
		DRIVER_OK after features were refused
		a driver that has FAILED
		NEEDS_RESET set by the driver
		status bits are only taken away by a reset
		registers in the wrong width
		writes to registers that are none
		reads of every register
		the configuration is read-only, and has an end
		pages without a device, and across pages
		string and locked instructions
		five thousand random writes
		ports in every width
	END
}

# ---- a host with troubles ----

# The guest is told of an error; the VMM lives, and later requests work.
@test "I/O errors and short transfers below the image" {
	image disk
	run timed 60 env LD_PRELOAD="$project/build/guest/faults.so" \
		"$project/build/guest/step3-shared" -m 3200 -d disk -c faults "$guest" </dev/null
	echo "$output"
	is "$status" 0 "exit status"
	is "$(grep '^ok ' <<<"$output")" "ok EIO below the image
ok ENOSPC below the image
ok transfers of a few bytes at a time
ok an error half-way
ok an image that has become shorter
ok a flush that fails
ok a write-through that fails"
	has "$output" '^0 failures$'
}

# Without root a file system of one's own takes a user namespace.
@test "an image that grows until the host's file system is full" {
	image disk
	mkdir small
	as_root=()
	[ "$(id -u)" = 0 ] || as_root=(--map-root-user)
	# shellcheck disable=SC2016
	run timed 60 unshare --mount "${as_root[@]}" sh -euc '
		mount -t tmpfs -o size=3m small small
		head -c 1M disk >small/disk
		truncate -r disk small/disk
		"$0" -m 3200 -d small/disk -c full "$1" </dev/null
		df small | tail -n 1' "$step3" "$guest"
	echo "$output"
	is "$status" 0 "exit status"
	has "$output" '^ok a file system that is full$'
	has "$output" '^0 failures$'
	has "$output" '100%.*small$'
}

# With ulimit -f: the host would end us by SIGXFSZ, if that were not ignored.
@test "an image that is longer than files may be" {
	image disk
	run timed 60 prlimit --fsize=$((4096 * 512)) \
		"$step3" -m 3200 -d disk -c limit "$guest" </dev/null
	echo "$output"
	is "$status" 0 "exit status"
	has "$output" "^ok writes beyond the host's limit\$"
	has "$output" '^0 failures$'
}

# ---- a device that is busy ----

# Ends such a guest by Ctrl-A x: the VMM ends in good order, which shows in its
# trace, and does not have to be left behind.
quits() { # WORD
	HOW=quit AWAIT=$1 at_terminal "$step3" -m 512 --trace trace -d disk \
		-c "$1" "$guest"
	is "$status" 0
	took_at_most seconds-to-end 5
	has "$(tail -n 50 trace)" '^[0-9]+ exits by reason'
}

# A ring that the device itself refills, by what it reads (tests/guest/occupy.c)
@test "requests without end: keys get their turn, Ctrl-A x quits at once" {
	image disk
	TYPE=k ANSWER='key k' quits endless
	took_at_most seconds-to-answer 5
}

@test "256 reads of 4 GiB with one notification: Ctrl-A x quits at once" {
	truncate -s 8G disk
	quits long
	HOW=SIGTERM AWAIT=long at_terminal "$step3" -m 512 -d disk -c long "$guest"
	is "$status" $((128 + 15))
	took_at_most seconds-to-end 5
}

# ---- all in all ----

@test "no other case, no failure, and no word from the sanitizers" {
	logs='cases sanitized'
	cd "$BATS_FILE_TMPDIR"
	for run in $logs; do
		is "$(<$run.status)" 0 "exit status"
		is "$(<$run.err)" "" "standard error"
		is "$(grep -c '^ok ' $run.log)" 97 "cases that are ok"
		has_not "$(<$run.log)" '^(FAILED|  )'
		has "$(<$run.log)" '^0 failures$'
	done
}

@test "the images: only what the guest was free to write has changed" {
	cd "$BATS_FILE_TMPDIR"
	is "$(stat -c %s disk)" $((16385 * 512)) "size of the image"
	cmp -n $((1024 * 512)) disk before
	cmp -i $((8192 * 512)) disk before
	run cmp -s disk before
	is "$status" 1 "cmp: something has changed"
	cmp second <(head -c 8192 before)
}
