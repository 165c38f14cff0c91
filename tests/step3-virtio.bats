#!/usr/bin/env bats
# Step 3: Linux from a virtio disk.
#
# As in step 2, setup_file() has a few guests boot and keeps what they wrote,
# on the console and on their disks. All disks are private copies.

load lib

name=$(basename "$step3") # whose messages these are

setup_file() {
	need_fast_kvm
	need_files "$step3" "$kernel" "$initramfs" "$rootfs"
	# What goes wrong here shows in the tests.
	scene four four_disks || stop
	scene login two_logins || stop
	scene killed killed || stop
	scene readonly read_only_root || stop
	scene memory much_memory || stop
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

# The VMM under test, with an input that has nothing to say.
vmm() {
	timed 120 "$step3" "$@" </dev/null
}

quiet='console=ttyS0 quiet panic=1'

# ---- guests that tell about themselves ----

sectors=16385 # 8 MiB and a sector, so that no page ends with the disk

# Four disks for the initramfs: one to read and write, one with commas in its
# path, one only to read, one of a single sector.
four_disks() {
	local dir=$BATS_FILE_TMPDIR/four

	mkdir "$dir"
	head -c $((sectors * 512)) /dev/urandom >"$dir/first.img"
	cp "$dir/first.img" "$dir/first-before"
	truncate -s 1M "$dir/with,commas,in,it"
	head -c 8192 /dev/urandom >"$dir/a-very-long-name-for-a-disk"
	cp "$dir/a-very-long-name-for-a-disk" "$dir/readonly-before"
	printf '%-512s' 'the only sector' >"$dir/tiny"

	start four "$step3" -i "$initramfs" -c "$quiet one=1 -- two=2" \
		-d "$dir/first.img" \
		-d "$dir/with,commas,in,it" \
		-d "$dir/a-very-long-name-for-a-disk,ro" \
		-d "$dir/tiny" "$kernel" <<-'END'
		stty -echo; sh /dev/ttyS0
		say() { echo "@ $1"; }
		say cmdline; cat /proc/cmdline
		cd /sys/block
		say disks; for disk in vd*; do
		echo $disk $(cat $disk/size $disk/ro $disk/serial); done
		say interrupts; grep virtio /proc/interrupts
		say sums; md5sum /dev/vd?
		say direct; dd if=/dev/vda bs=1M iflag=direct | md5sum
		say last; dd if=/dev/vda bs=512 skip=16384 | md5sum
		say past; dd if=/dev/vda bs=512 skip=16385 | wc -c
		say write-past; dd if=/dev/zero of=/dev/vda bs=512 seek=16385 count=1
		say read-only; dd if=/dev/zero of=/dev/vdc bs=512 count=1
		dd if=/dev/vda of=/dev/vdb bs=512k skip=1 count=2 oflag=direct
		echo LAST | dd of=/dev/vda bs=512 seek=16384 conv=sync,notrunc,fsync
		driver=/sys/bus/virtio/drivers/virtio_blk
		say again; for i in 1 2 3 4 5; do echo virtio1 >$driver/unbind
		echo virtio1 >$driver/bind; done; md5sum /dev/vdb
		say end; reboot -f
	END
	wait_for_end 180
	echo "$status" >"$dir/status"
}

# The root disk: a person logs in, writes a file, reboots; logs in again.
two_logins() {
	mkdir "$BATS_FILE_TMPDIR/login"
	cp --sparse=always "$rootfs" "$BATS_FILE_TMPDIR/login/disk"
	login 1 reboot
	login 2 poweroff
}

login() { # NUMBER COMMAND-TO-END
	local dir=$BATS_FILE_TMPDIR/login/$1 name=$BATS_FILE_TMPDIR/login-$1

	mkdir "$dir"
	COMMANDS="stty -echo
		echo; echo '@ before'; cat /root/note; mount; hostname
		echo 'written in boot $1' >/root/note
		echo; echo '@ end'
		$2" timed 300 "$project/tests/console/play" login \
		"$dir" "$name.log" "$step3" -d "$BATS_FILE_TMPDIR/login/disk" \
		-c "$quiet root=/dev/vda rw" "$kernel" 2>"$name.err"
}

# A root shell without init: the quickest way to the root disk.
shell="$quiet root=/dev/vda rw init=/bin/sh"

# Writes a file, syncs, and is killed. Where there is strace, it watches what
# the VMM does between the guest's two exclamation marks.
killed() {
	local dir=$BATS_FILE_TMPDIR/killed watch=()

	mkdir "$dir"
	cp --sparse=always "$rootfs" "$dir/disk"
	if command -v strace >/dev/null; then
		watch=(strace -D -f --seccomp-bpf -qq -y -e trace='write,fdatasync'
			-o "$dir/trace")
	fi
	start killed "${watch[@]}" "$step3" -d "$dir/disk" -c "$shell" "$kernel" \
		< <(
			echo 'stty -echo; sh /dev/ttyS0'
			echo 'echo "survives" >/root/note'
			echo 'echo "!"; sleep 1; sync; echo "!"'
			echo 'echo syn""ced'
		)
	wait_for 120 synced "$log"
	kill -KILL "$pid"
	wait_for_end 30 || true
}

# Tries to write to a read-only root disk.
read_only_root() {
	local dir=$BATS_FILE_TMPDIR/readonly

	mkdir "$dir"
	cp --sparse=always "$rootfs" "$dir/disk"
	start readonly "$step3" -d "$dir/disk,ro" -c "$shell" "$kernel" <<-'END'
		stty -echo; sh /dev/ttyS0
		say() { echo "@ $1"; }
		mount -t proc proc /proc
		say mount; grep ' / ' /proc/mounts
		say write; echo x >/root/note
		say remount; mount -o remount,rw /
		say overwrite; dd if=/dev/zero of=/dev/vda bs=512 count=1
		say end; reboot -f
	END
	wait_for_end 180
	echo "$status" >"$dir/status"
}

# Five GiB, so that the disk's buffers and rings are above the 32-bit hole;
# with a trace.
much_memory() {
	local dir=$BATS_FILE_TMPDIR/memory

	mkdir "$dir"
	head -c 4M /dev/urandom >"$dir/disk"
	cp "$dir/disk" "$dir/before"
	start memory "$step3" -m 5120 --trace "$dir/trace" -c "$quiet" \
		-i "$initramfs" -d "$dir/disk" "$kernel" <<-'END'
		stty -echo; sh /dev/ttyS0
		say() { echo "@ $1"; }
		say total; grep MemTotal /proc/meminfo
		say sum; md5sum /dev/vda
		dd if=/dev/vda of=/dev/vda bs=1M skip=1 count=1 conv=notrunc,fsync
		say end; reboot -f
	END
	wait_for_end 180
	echo "$status" >"$dir/status"
}

# ---- four disks ----

@test "Linux finds four disks, in the order of the options" {
	logs=four
	is "$(said four disks | cut -d ' ' -f 1,2)" "vda 16385
vdb 2048
vdc 16
vdd 1"
	is "$(<"$BATS_FILE_TMPDIR/four/status")" 0 "exit status"
}

@test "a disk's serial number is its file's name, and what tells it apart" {
	logs=four
	run sed -E 's/-[0-9a-f]{8}$/-*/' <(said four disks | cut -d ' ' -f 4-)
	is "$output" "first.img-*
with,commas-*
a-very-long-*
tiny-*"
}

@test "each disk has an interrupt of its own: 5, 9, 10, 11" {
	logs=four
	is "$(said four interrupts | awk '{ print $1, $3, $4 }')" \
		"5: XT-PIC virtio0
9: XT-PIC virtio1
10: XT-PIC virtio2
11: XT-PIC virtio3"
	is "$(said four interrupts | awk '$2 == 0')" ""
}

@test "what Linux reads is what is in the images, byte for byte" {
	logs=four
	cd "$BATS_FILE_TMPDIR/four"
	is "$(said four sums)" "$(md5sum first-before <(head -c 1M /dev/zero) \
		readonly-before tiny | awk '{
		print $1 "  /dev/vd" substr("abcd", NR, 1) }')"
}

@test "large direct reads too" {
	logs=four
	has "$(said four direct)" \
		"$(md5sum <"$BATS_FILE_TMPDIR/four/first-before")"
}

@test "the last sector is there, and nothing behind it" {
	logs=four
	cd "$BATS_FILE_TMPDIR/four"
	has "$(said four last)" "$(tail -c 512 first-before | md5sum)"
	has "$(said four past)" '^0$'
	has "$(said four write-past)" 'No space left on device'
}

@test "what Linux writes is in the images, byte for byte" {
	logs=four
	cd "$BATS_FILE_TMPDIR/four"
	# vdb got a part of vda, large direct writes ...
	cmp 'with,commas,in,it' <(tail -c +$((512 * 1024 + 1)) first-before |
		head -c 1M)
	# ... and vda another last sector, and no more than that.
	is "$(stat -c %s first.img)" $((sectors * 512)) "size of the image"
	cmp -n $(((sectors - 1) * 512)) first.img first-before
	cmp <(tail -c 512 first.img) <(echo LAST; head -c 507 /dev/zero)
}

@test "a read-only disk is read-only, and stays as it was" {
	logs=four
	is "$(said four disks | cut -d ' ' -f 3 | xargs)" "0 0 1 0"
	has "$(said four read-only)" "(Operation not permitted|Read-only)"
	cmp "$BATS_FILE_TMPDIR"/four/{a-very-long-name-for-a-disk,readonly-before}
}

@test "the driver can leave a disk and come back, many times" {
	logs=four
	cd "$BATS_FILE_TMPDIR/four"
	has "$(said four again)" "$(md5sum <'with,commas,in,it' | cut -c 1-32)"
}

@test "-c replaces the default command line, and devices are added to it" {
	logs=four
	run said four cmdline
	is "$(grep -o 'virtio_mmio.device=' <<<"$output" | wc -l)" 4
	has "$output" 'console=ttyS0 quiet panic=1 one=1 -- two=2'
	has_not "$output" 'root=/dev/vda'
	has_not "$output" '--.*virtio_mmio'
}

# ---- the root disk ----

@test "Linux mounts the disk and asks for a login" {
	logs=login-1
	run tr -d '\r' <"$BATS_FILE_TMPDIR/login-1.log"
	has "$output" '^Log in as root, password: minimal$'
	has "$output" '^minimal-vmm login: root$'
	has "$output" ' on / type ext4 \(rw'
}

@test "what was written is there after a reboot" {
	logs="login-1 login-2"
	is "$(<"$BATS_FILE_TMPDIR/login/1/status")" 0 "exit status of the reboot"
	has_not "$(<"$BATS_FILE_TMPDIR/login-1.log")" '^written'
	has "$(<"$BATS_FILE_TMPDIR/login-2.log")" '^written in boot 1'
}

@test "after poweroff the file system is clean, the file in the image" {
	logs=login-2
	disk=$BATS_FILE_TMPDIR/login/disk
	is "$(<"$BATS_FILE_TMPDIR/login/2/status")" 0 "exit status"
	run e2fsck -fn "$disk"
	is "$status" 0 "status of e2fsck"
	run debugfs -R 'cat /root/note' "$disk"
	has "$output" '^written in boot 2$'
	run dumpe2fs -h "$disk"
	has "$output" '^Filesystem state: +clean$'
	has_not "$output" 'needs_recovery'
}

@test "what was synced survives a VMM that is killed" {
	logs=killed
	disk=$BATS_FILE_TMPDIR/killed/disk
	has "$(<"$BATS_FILE_TMPDIR/killed.log")" '^synced'
	e2fsck -y -E journal_only "$disk" || [ $? = 1 ]	# 1: it had to be replayed
	run e2fsck -fn "$disk"
	is "$status" 0 "status of e2fsck"
	run debugfs -R 'cat /root/note' "$disk"
	has "$output" '^survives$'
}

@test "the guest's sync is an fdatasync() of the image" {
	command -v strace >/dev/null || skip "no strace here"
	logs=killed
	# The VMM's system calls between the two exclamation marks.
	run sed -n '/write(1<.*, "!/,/write(1<.*, "!/p' \
		"$BATS_FILE_TMPDIR/killed/trace"
	is "$(grep -c '"!' <<<"$output")" 2 "exclamation marks"
	has "$output" 'fdatasync\([0-9]+<.*/killed/disk>\) += 0'
}

@test "a read-only root disk is mounted read-only, and stays as it was" {
	logs='readonly'
	is "$(<"$BATS_FILE_TMPDIR/readonly/status")" 0 "exit status"
	has "$(said readonly mount)" '^/dev/root / ext4 ro,'
	has "$(said readonly write)" 'Read-only file system'
	has "$(said readonly remount)" "(write-protected|can't mount|can't remount|Permission denied|read-only)"
	has "$(said readonly overwrite)" '(Operation not permitted|Read-only)'
	has "$(tr -d '\r' <"$BATS_FILE_TMPDIR/readonly.log")" '^@ end$'
	cmp "$BATS_FILE_TMPDIR/readonly/disk" "$rootfs"
}

# ---- memory above the 32-bit hole, and the trace ----

@test "the disk works with memory above 4 GiB" {
	logs=memory
	cd "$BATS_FILE_TMPDIR/memory"
	is "$(<status)" 0 "exit status"
	total=$(said memory total | awk '{ print $2 }')
	[ "$total" -gt $((4900 * 1024)) ]
	[ "$total" -lt $((5120 * 1024)) ]
	# Linux takes its highest memory first: the queue is up there.
	has "$(<trace)" 'QueueDescHigh = 0x1$'
	has "$(said memory sum)" "^$(md5sum <before | cut -c 1-32)  /dev/vda$"
	cmp -n $((1 << 20)) disk before -i 0:$((1 << 20))
	cmp -i $((1 << 20)) disk before
}

@test "the trace tells of the virtio device" {
	logs=memory
	trace=$BATS_FILE_TMPDIR/memory/trace
	is "$(grep -m 1 -o 'KVM_EXIT_MMIO .*' "$trace")" \
		"KVM_EXIT_MMIO read 0xd0000000 size 4: 0x74726976  MagicValue = 0x74726976"
	for line in 'write .*  Status = 0x0(:.*)?' \
		'write .*  Status = 0x1: ACKNOWLEDGE' \
		'write .*  Status = 0x3: ACKNOWLEDGE DRIVER' \
		'write .*  Status = 0xb: ACKNOWLEDGE DRIVER FEATURES_OK' \
		'write .*  Status = 0xf: ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK' \
		'write .*  QueueReady = 0x1' \
		'write .*  QueueNotify = 0x0' \
		'read .*  InterruptStatus = 0x1' \
		'write .*  InterruptACK = 0x1'; do
		grep -qE "KVM_EXIT_MMIO $line\$" "$trace" || {
			echo "no line '$line' in the trace" >&2
			return 1
		}
	done
	grep -qE '^ +[0-9]+  KVM_EXIT_MMIO write 0xd0000050 QueueNotify$' "$trace"
	# A request costs a notification, and an interrupt's two accesses.
	notified=$(sed -n 's/^ *\([0-9]*\)  .* QueueNotify$/\1/p' "$trace")
	acknowledged=$(sed -n 's/^ *\([0-9]*\)  .* InterruptACK$/\1/p' "$trace")
	[ "$notified" -gt 10 ]
	[ "$acknowledged" -le "$notified" ]
}

# ---- the command line ----

# A guest that prints its command line.
show_cmdline() {
	tiny_kernel <<-'END'
			mov	esi, [cmd_line_ptr]
			shr	esi, 4
			mov	ds, si
			xor	si, si
			mov	dx, 0x3f8
		.next:	lodsb
			test	al, al
			jz	.end
			out	dx, al
			jmp	.next
		.end:	cli
			hlt
	END
}

@test "the default command line is the documented one, without disks too" {
	show_cmdline
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" "console=ttyS0 root=/dev/vda rw panic=1"
	is "$stderr" ""
}

@test "device parameters join the command line ahead of a ' -- '" {
	show_cmdline
	truncate -s 512 a b
	run --separate-stderr vmm -d a "$guest"
	has "$output" 'console=ttyS0 root=/dev/vda rw panic=1'
	is "$(grep -oE 'virtio_mmio.device=[0-9A-Z]+@0x[0-9a-f]+:[0-9]+( |$)' \
		<<<"$output" | wc -l)" 1
	run --separate-stderr vmm -d a -d b -c 'quiet -- single' "$guest"
	has "$output" '^(virtio_mmio[^ ]* |quiet ){3}-- single$'
}

@test "a command line that is too long with its device parameters" {
	show_cmdline
	truncate -s 512 a
	longest=$(head -c 2047 /dev/zero | tr '\0' x)
	run --separate-stderr vmm -c "$longest" "$guest"
	is "$status" 0
	run --separate-stderr vmm -d a -c "$longest" "$guest"
	is_refused 'command line.* 2047'
}

# ---- sharing ----

# A VMM that goes on for ever, as $pid.
start_endless() { # ARG...
	tiny_kernel <<-'END'
		mov	dx, 0x3f8
		mov	al, 'r'
		out	dx, al
		sti
		.halt:	hlt
		jmp	.halt
	END
	mv "$guest" endless
	start endless "$step3" "$@" endless </dev/null
	wait_for 120 r "$log"
	show_cmdline			# $guest ends at once
}

@test "a disk has one writer, or any number of readers" {
	truncate -s 512 disk other
	start_endless -d disk
	run --separate-stderr vmm -d disk "$guest"
	is_refused "^$name: disk: in use"
	run --separate-stderr vmm -d disk,ro "$guest"
	is_refused "^$name: disk: in use"
	run --separate-stderr vmm -d other "$guest"
	is "$status" 0
	stop

	start_endless -d disk,ro
	run --separate-stderr vmm -d disk "$guest"
	is_refused "^$name: disk: in use"
	run --separate-stderr vmm -d disk,ro "$guest"
	is "$status" 0
	stop

	# With the VMM its lock is gone, however it ended.
	run --separate-stderr vmm -d disk "$guest"
	is "$status" 0
}

@test "that holds within one VMM as well" {
	show_cmdline
	truncate -s 512 disk
	run --separate-stderr vmm -d disk -d disk "$guest"
	is_refused "^$name: disk: in use"
	run --separate-stderr vmm -d disk,ro -d disk,ro "$guest"
	is "$status" 0
}

# ---- disks that will not do ----

@test "disks that will not do: one clear line each" {
	show_cmdline
	for option in '' ,ro; do
		run --separate-stderr vmm -d "missing$option" "$guest"
		is_refused "^$name: missing: No such file or directory\$"

		true >empty
		run --separate-stderr vmm -d "empty$option" "$guest"
		is_refused "^$name: empty: .*(empty|0 bytes)"

		head -c 1000 /dev/zero >odd
		run --separate-stderr vmm -d "odd$option" "$guest"
		is_refused "^$name: odd: .*1000 bytes.* multiple of 512"

		run --separate-stderr vmm -d ".$option" "$guest"
		is_refused "^$name: \.: (Is a directory|neither a regular)"

		[ -p fifo ] || mkfifo fifo
		run --separate-stderr vmm -d "fifo$option" "$guest"
		is_refused "^$name: fifo: neither a regular file"

		run --separate-stderr vmm -d "/dev/null$option" "$guest"
		is_refused "^$name: /dev/null: neither a regular file"
	done
}

@test "a disk that one may not read, or not write" {
	show_cmdline
	truncate -s 512 secret protected
	chmod 000 secret
	chmod 444 protected
	vmm=(timed 120 "${unprivileged[@]}" "$step3")
	run --separate-stderr "${vmm[@]}" -d secret,ro "$guest" </dev/null
	is_refused "^$name: secret: Permission denied\$"
	run --separate-stderr "${vmm[@]}" -d protected "$guest" </dev/null
	is_refused "^$name: protected: Permission denied\$"
	run --separate-stderr "${vmm[@]}" -d protected,ro "$guest" </dev/null
	is "$status" 0
}

@test "only a final ,ro is an option" {
	show_cmdline
	truncate -s 512 a,b a,ro,rw 'a,ro'
	for disk in a,b a,ro,rw a,ro,ro; do
		run --separate-stderr vmm -d "$disk" "$guest"
		is "$status" 0 "exit status of -d $disk"
	done
	run --separate-stderr vmm -d a,ro "$guest"
	is_refused "^$name: a: No such file or directory\$"
	run --separate-stderr vmm -d ,ro "$guest"
	is_refused 'No such file or directory$'
}

@test "five disks are refused: there is no interrupt for the fifth" {
	show_cmdline
	truncate -s 512 a b c d e
	run --separate-stderr vmm -d a -d b -d c -d d "$guest"
	is "$status" 0
	run --separate-stderr vmm -d a -d b -d c -d d -d e "$guest"
	is_refused "^$name: -d e: .*4 disks"
}

# ---- usage, and what is as in step 2 ----

@test "--help explains itself" {
	run --separate-stderr vmm --help
	is "$status" 0
	has "$output" "^Usage: $name .*-d DISK\[,ro\].*KERNEL"
	has "$output" 'console=ttyS0 root=/dev/vda rw panic=1'
	is "$stderr" ""
}

@test "wrong usage, and files that will not do" {
	run --separate-stderr vmm --frobnicate "$kernel"
	is_wrong_usage
	run --separate-stderr vmm
	is_wrong_usage
	run --separate-stderr vmm -d
	is_wrong_usage
	run --separate-stderr vmm -m 0 "$kernel"
	is_refused "^$name: -m 0: "
	run --separate-stderr vmm missing
	is_refused "^$name: missing: No such file or directory\$"
	run --separate-stderr vmm /bin/sh
	is_refused "^$name: /bin/sh: not a Linux bzImage"
	run --separate-stderr vmm -i missing "$kernel"
	is_refused "^$name: missing: No such file or directory\$"
}

@test "a crash is a crash: 2, and a report" {
	tiny_kernel <<-'END'
			lidt	[none]		; no interrupt table
			lgdt	[none]
			mov	eax, cr0
			inc	ax		; PE = 1: protected mode
			mov	cr0, eax
			ud2
		none	times 6 db 0
	END
	run --separate-stderr vmm "$guest"
	is "$status" 2
	has "$stderr" 'KVM_EXIT_SHUTDOWN .*triple fault'
	run --separate-stderr vmm -c reboot=t "$guest"
	is "$status" 0
}
