#!/usr/bin/env bats
# Step 4: straight into 64-bit mode, from a bzImage or a vmlinux.
#
# What the kernel finds at its entry tells a guest of a few lines (entry-64.asm);
# that all the rest still holds, some of step 3's tests.

load lib

step4=${STEP4:-$project/extensions/step4-long-mode/step4-long-mode}
vmlinux=$project/build/linux/vmlinux

setup_file() {
	need_kvm
	need_files "$step4" "$vmlinux" "$kernel" "$initramfs" "$rootfs"
	scene login vmlinux_login || stop
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
	timed 120 "$step4" "$@" </dev/null
}

# Makes $guest a kernel whose code, for its 64-bit entry, stands on standard input:
# a vmlinux, or with BZIMAGE a bzImage.
# shellcheck disable=SC2120
tiny_kernel_64() { # [BZIMAGE] [FIELD=VALUE...]
	{ cat; echo PAYLOAD; } |
		assemble "${@/#/-DIS_}" -p "$project/tests/tiny-kernel-64.inc"
	guest=$BATS_TEST_TMPDIR/guest.bin
}

# Says "k" and resets the machine.
says_k='mov dx, 0x3f8
	mov al, "k"
	out dx, al
	mov al, 0xfe
	out 0x64, al
	jmp $'

# ---- Linux ----

# The root disk by way of a vmlinux: a person logs in.
vmlinux_login() {
	local dir=$BATS_FILE_TMPDIR/login

	if ! "$project/tests/lab/probe" 2>/dev/null; then return; fi
	mkdir "$dir"
	cp --sparse=always "$rootfs" "$dir/disk"
	COMMANDS="stty -echo
		echo; echo '@ command line'; cat /proc/cmdline
		echo; echo '@ end'
		poweroff" timed 300 "$project/tests/console/play" login "$dir" \
		"$BATS_FILE_TMPDIR/login.log" "$step4" -d "$dir/disk" \
		"$vmlinux" 2>"$BATS_FILE_TMPDIR/login.err"
}

@test "a vmlinux boots from the disk to a login" {
	need_fast_kvm
	logs=login
	is "$(<"$BATS_FILE_TMPDIR/login/status")" 0 "exit status"
	has "$(said login 'command line')" 'virtio_mmio.device=.* root=/dev/vda rw'
	is "$(cat "$BATS_FILE_TMPDIR/login.err")" "" "standard error"
}

@test "vmlinux and bzImage, each with the initramfs, to a shell" {
	need_fast_kvm
	for file in "$vmlinux" "$kernel"; do
		logs=${file##*/}
		start "$logs" "$step4" -i "$initramfs" \
			-c 'console=ttyS0 quiet panic=1' "$file" <<-'END'
			stty -echo; sh /dev/ttyS0
			echo "@ machine"; uname -sm; grep -c ^processor /proc/cpuinfo
			echo "@ end"; reboot -f
		END
		wait_for_end 120
		is "$status" 0 "exit status"
		is "$(said "$logs" machine)" "Linux x86_64
1"
	done
}

# ---- the entry ----

# Each line of standard input is one that the guest said.
tells() {
	local line

	is "$status" 0 "exit status"
	while read -r line; do
		has "$output" "^$line\$"
	done
}

@test "the 64-bit boot protocol: registers, segments, tables, interrupts off" {
	for format in '' BZIMAGE; do
		tiny_kernel_64 $format <"$project/tests/entry-64.asm"
		run vmm "$guest"
		# boot.rst: CS 0x10 and the others 0x18, flat; paging on, one to
		# one; RSI the zero page; interrupts off
		tells <<-'END'
			rflags 2
			rsi 8000
			cs 10
			ds 18
			es 18
			ss 18
			cr0 80000011
			cr4 20
			efer 500
			gdt-10 af9b000000ffff
			gdt-18 cf93000000ffff
			one-to-one 100000000
			loader ff
			initramfs 0
			initramfs-size 0
			console=ttyS0 root=/dev/vda rw panic=1
		END
	done
}

# "start end type" of each range that the guest told
e820() {
	awk '/^e820 / { from = $2 } /^to / { to = $2 }
		/^type / { print from, to, $2 }' <<<"$output"
}

@test "e820: all memory, the hole, and what is ours" {
	tiny_kernel_64 <"$project/tests/entry-64.asm"
	for size in 128:8000000 1024:40000000 3072:c0000000 \
		3584:c0000000:120000000 4096:c0000000:140000000 \
		8192:c0000000:240000000; do
		IFS=: read -r mib low high <<<"$size"
		run vmm -m "$mib" "$guest"
		is "$(e820)" "0 20000 2
20000 a0000 1
100000 $low 1${high:+
100000000 $high 1}" "the map with -m $mib"
	done
}

@test "an initramfs goes above 4 GiB where the kernel allows it, and there is room" {
	truncate -s 5000 initramfs
	for format in '' BZIMAGE; do
		tiny_kernel_64 $format <"$project/tests/entry-64.asm"
		run vmm -m 5120 -i initramfs "$guest"
		tells <<<'initramfs 17fffe000
			initramfs-size 1388'
		run vmm -m 512 -i initramfs "$guest"
		tells <<<'initramfs 1fffe000'
		# One page above the hole is too little for it.
		truncate -s 2M large
		run vmm -m 3073 -i large "$guest"
		tells <<<'initramfs bfe00000'
	done
	# Not for these: XLF_CAN_BE_LOADED_ABOVE_4G is not set.
	tiny_kernel_64 BZIMAGE XLOADFLAGS=1 <"$project/tests/entry-64.asm"
	run vmm -m 5120 -i initramfs "$guest"
	tells <<<'initramfs 7fffe000'
}

# ---- how it ends ----

@test "Linux's ways to reboot: i8042, triple fault, the BIOS" {
	need_fast_kvm
	for type in k t b; do
		logs=reboot-$type
		start $logs "$step4" -i "$initramfs" \
			-c "console=ttyS0 quiet panic=1 reboot=$type" "$vmlinux" \
			<<<'reboot -f'
		wait_for_end 120
		is "$status" 0 "exit status with reboot=$type"
	done
}

@test "a crash in 64-bit mode: where it was, and the code there" {
	tiny_kernel_64 <<-'END'
		ud2
	END
	run --separate-stderr vmm "$guest"
	is "$status" 2 "exit status"
	has "$stderr" 'KVM_EXIT_SHUTDOWN'
}

# ---- what is no kernel for this machine (all cases: unit/test-vmlinux.c) ----

@test "a vmlinux that will not do: one clear line each" {
	local option pattern

	while IFS=: read -r option pattern; do
		tiny_kernel_64 "$option" <<<"$says_k"
		run --separate-stderr vmm "$guest"
		is_refused "^step4-long-mode: .*guest.bin: .*$pattern" ||
			{ echo "with $option" >&2; return 1; }
	done <<-'END'
		CLASS=1:no 64-bit ELF file
		ENCODING=2:big-endian
		MACHINE=183:another machine \(number 183, not x86-64's 62\)
		TYPE=1:no executable: of a kernel tree take vmlinux itself
		TYPE=3:no executable
		PHNUM=0xffff:with 65535 segments
		OFFSET=0xffffffffffffffff:truncated
		PADDR=0x1000:below 1 MiB
		MEMSZ=0xffffffffffffffff:use a larger -m
		PADDR2=0x10fffff:overlap
		ENTRY=0x1002000:its entry 0x1002000 is in none
	END
}

@test "a vmlinux with segments that just fit is loaded" {
	local option

	for option in MEMSZ2=0x1e000000 PADDR2=0x1100000 \
		PADDR=0x100000\ ENTRY=0x1000b0; do
		# shellcheck disable=SC2086 # two of them
		tiny_kernel_64 $option <<<"$says_k"
		run --separate-stderr vmm "$guest"
		is "$output" k "what it says with $option"
	done
}

# RAM is between the hole's end and the top, but not for a kernel: it would not
# be mapped.
@test "a vmlinux above 4 GiB is refused" {
	tiny_kernel_64 PADDR2=0x100000000 <<<"$says_k"
	run --separate-stderr vmm -m 5120 "$guest"
	is_refused 'a segment of 0x1000 bytes at 0x100000000, but memory ends at 0xc0000000'
}

@test "a bzImage that will not do: one clear line each" {
	local option pattern

	while IFS=: read -r option pattern; do
		tiny_kernel_64 BZIMAGE "$option" <<<"$says_k"
		run --separate-stderr vmm "$guest"
		is_refused "^step4-long-mode: .*guest.bin: .*$pattern" ||
			{ echo "with $option" >&2; return 1; }
	done <<-'END'
		XLOADFLAGS=0:without a 64-bit entry
		VERSION=0x205:its boot protocol 2.05 is too old
		SETUP_SECTS=19:truncated
		INIT_SIZE=0x20000000:needs memory up to 513 MiB
	END
	tiny_kernel_64 BZIMAGE SETUP_SECTS=0 <<<"$says_k"
	run --separate-stderr vmm "$guest"
	is "$output" k "what it says without setup_sects"
}

@test "files that are neither, or cut off: one clear line each" {
	yes 'This is not a kernel.' | head -n 1000 >text
	run --separate-stderr vmm text
	is_refused '^step4-long-mode: text: neither a Linux bzImage nor a vmlinux$'
	run --separate-stderr vmm /bin/true
	is_refused '^step4-long-mode: /bin/true: an ELF file, but no executable'
	for file in "$vmlinux" "$kernel"; do
		for length in 4 63 600 5000 4000000; do
			head -c $length "$file" >./cut
			run --separate-stderr vmm cut
			is_refused '^step4-long-mode: cut: (too short|truncated)'
		done
	done
}
