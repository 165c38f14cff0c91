# What the short and the long tests of step 6 share. They need build/smp
# (tests/smp/Makefile).
# shellcheck disable=SC2034,SC2154 # lib.bash's variables

step6=${STEP6:-$project/extensions/step6-smp/step6-smp}
vmlinux=$project/build/linux/vmlinux
fio_disk=$project/build/fio.ext4

smp_setup() {
	need_kvm
	need_files "$step6" "$kernel" "$vmlinux" "$initramfs" "$rootfs" "$fio_disk" \
		"$project/build/smp/step6-threads"
}

# At a login on a disk of one's own: commands, the last of which ends it.
at_login() { # NAME CPUS COMMANDS
	local dir=$BATS_FILE_TMPDIR/$1

	mkdir "$dir"
	cp --sparse=always "$rootfs" "$dir/disk"
	COMMANDS=$3 timed 300 "$project/tests/console/play" login "$dir" "$dir.log" \
		"$step6" -s "$2" -d "$dir/disk" --trace "$dir/trace" "$kernel" \
		2>"$dir.err"
}

# Makes guest.bin a vmlinux of the code on standard input.
tiny_vmlinux() { # [NASM-OPTION...]
	{ echo '%include "tiny-kernel-64.inc"'; cat; echo PAYLOAD; } |
		assemble "$@" -i "$project/tests/"
}

# Makes $guest one of these.
guest_that() { # WHAT [NASM-OPTION...]
	{ echo '%include "tiny-smp.inc"'; "$1"; } | tiny_vmlinux "${@:2}"
	guest=$BATS_TEST_TMPDIR/guest.bin
}

# Each other one writes a letter; after so many the first resets the machine.
counts() {
	cat <<-'END'
			START_OTHERS
		.wait:	pause
			cmp	dword [SEEN(come)], WAIT_FOR
			jb	.wait
			mov	dx, 0xcf9
			mov	al, 6
			out	dx, al
			jmp	$
			OTHERS
			mov	dx, COM1
			mov	al, 'o'
			out	dx, al
			lock inc dword [AT(come)]
			cli
			hlt
		come:	dd	0
			END_OF_OTHERS
	END
}

# 2,000 exits of each other one.
talks() {
	cat <<-'END'
			START_OTHERS
		.wait:	pause
			cmp	dword [SEEN(done)], 3
			jb	.wait
			mov	dx, 0xcf9
			mov	al, 6
			out	dx, al
			jmp	$
			OTHERS
			mov	cx, 2000
			mov	al, bl
		.out:	out	0x80, al
			loop	.out
			lock inc dword [AT(done)]
			hlt
		done:	dd	0
			END_OF_OTHERS
	END
}

# The first halts, others run in circles, and one of them all has a triple fault.
crashes() {
	cat <<-'END'
		%if GUILTY == 0
			lidt	[nothing]
			int3
		nothing: dq	0, 0
		%endif
			START_OTHERS
			cli
			hlt
			OTHERS
			lock inc dword [AT(come)]
		.wait:	cmp	dword [AT(come)], 3
			jb	.wait
			cmp	bl, GUILTY
			mov	eax, 0xc1c1c1c1
			jne	.circle
			mov	ecx, 10000000
		.late:	dec	ecx
			jnz	.late
			lidt	[AT(zero)]
			int3
		.circle: jmp	$
		zero:	dq	0
		come:	dd	0
			END_OF_OTHERS
	END
}

# One of them resets the machine, others run in circles.
resets() {
	cat <<-'END'
		%if ONE == 0
			START_OTHERS
			mov	dx, 0xcf9
			mov	al, 6
			out	dx, al
			jmp	$
		%else
			START_OTHERS
			jmp	$
		%endif
			OTHERS
			cmp	bl, ONE
			jne	.circle
			mov	dx, 0xcf9
			mov	al, 6
			out	dx, al
		.circle: jmp	$
			END_OF_OTHERS
	END
}

# One runs, one halts, one writes, one reads a port: for ever. (What is written is
# in no warning of the VMM's.)
goes_on() {
	cat <<-'END'
			START_OTHERS
			jmp	$
			OTHERS
			cmp	bl, 1
			je	.halt
			cmp	bl, 2
			je	.write
		.read:	in	al, 0x80
			jmp	.read
		.write:	mov	dx, COM1
			mov	al, '@'
			out	dx, al
			jmp	.write
		.halt:	cli
			hlt
			jmp	.halt
			END_OF_OTHERS
	END
}

# Number 1 writes to the serial port for ever, number 0 to one that nobody has.
writes() {
	cat <<-'END'
			START_OTHERS
		.out:	out	0x80, al
			jmp	.out
			OTHERS
			mov	dx, COM1
			mov	al, 'w'
		.write:	out	dx, al
			jmp	.write
			END_OF_OTHERS
	END
}

# One of the processors, which the time chooses, does what $1 says after a while.
by_chance() {
	cat <<-END
			START_OTHERS
			mov	ebx, 0
			mov	esp, 0x100000
			rdtsc
			mov	ecx, eax
			and	ecx, 0xfffff
		.wait:	loop	.wait
			$1
			jmp	\$
			OTHERS
			rdtsc
			mov	ecx, eax
			and	ecx, 0xfffff
			test	ebx, 1
			jz	.quiet
		.out:	out	0x80, al
			dec	ecx
			test	cx, 0x3f
			jnz	.out
			shr	ecx, 3
		.quiet:	inc	ecx
		.wait2:	dec	ecx
			jnz	.wait2
			$2
			jmp	\$
		zero:	dq	0
			END_OF_OTHERS
	END
}

reset_by_chance() {
	local reset='mov dx, 0xcf9
		mov al, 6
		out dx, al'

	by_chance "$reset" "$reset"
}

crash_by_chance() {
	by_chance "lidt [nothing]
		int3
		nothing: dq 0, 0" "lidt [AT(zero)]
		int3"
}

# Starts and ends it so often, at random moments (tests/smp/ends).
starts_and_ends() { # COUNT
	local name

	for name in reset crash; do
		guest_that ${name}_by_chance
		mv "$guest" $name
	done
	guest_that goes_on
	mv "$guest" circles
	seed=${SEED:-$RANDOM}
	run timed $((100 + 3 * $1)) "$project/tests/smp/ends" . "$1" "$seed" "$step6"
	echo "$output"
	printf "# seed $seed: %s\n" "${lines[@]: -2}" >&3
	is "$status" 0 "exit status"
	is "${lines[-1]}" "0 failures"
}

# A request for 4 GiB, over and over, by number 0; meanwhile number 1 writes to a
# port, and after so many writes a letter.
reads_long() {
	cat <<-'END'
		%define DISK 0xd0000000
		%macro SET 2
			mov	dword [rbx + %1], %2
		%endmacro
			START_OTHERS
			mov	ebx, DISK
			SET	0x70, 1		; Status: ACKNOWLEDGE
			SET	0x70, 2		; DRIVER
			SET	0x24, 1		; DriverFeaturesSel
			SET	0x20, 1		; DriverFeatures: VERSION_1
			SET	0x70, 8		; FEATURES_OK
			SET	0x38, 256	; QueueNum
			SET	0x80, 0x200000	; QueueDesc
			SET	0x90, 0x210000	; QueueDriver
			SET	0xa0, 0x220000	; QueueDevice
			SET	0x44, 1		; QueueReady
			SET	0x70, 4		; DRIVER_OK
			; a header, 200 times the same 16 MiB, a status
			mov	edi, 0x200000
			mov	dword [abs 0x230000], 0	; VIRTIO_BLK_T_IN
			mov	dword [rdi], 0x230000
			mov	dword [rdi + 8], 16
			mov	dword [rdi + 12], 0x10001
			mov	ecx, 1
		.desc:	add	edi, 16
			mov	dword [rdi], 0x4000000
			mov	dword [rdi + 8], 16 << 20
			lea	eax, [rcx + 1]
			shl	eax, 16
			or	eax, 3
			mov	[rdi + 12], eax
			inc	ecx
			cmp	ecx, 201
			jb	.desc
			mov	dword [rdi + 16], 0x230100
			mov	dword [rdi + 24], 1
			mov	dword [rdi + 28], 2
			; all 256 places of the ring have it
			mov	word [abs 0x210002], 256
			mov	dword [SEEN(begun)], 1
			SET	0x50, 0		; QueueNotify
			jmp	$
			OTHERS
		.wait:	cmp	dword [AT(begun)], 1
			jne	.wait
			mov	cx, 1000
		.out:	out	0x80, al
			loop	.out
			mov	dx, COM1
			mov	al, '@'
			out	dx, al
			jmp	$
		begun:	dd	0
			END_OF_OTHERS
	END
}

# fio's guest (tests/fio/init) with four processors.
fio_on_four() { # VMM SECONDS
	logs=fio
	truncate -s 48M files
	truncate -s 32M raw
	PATH=$PATH:/sbin:/usr/sbin
	mke2fs -q -t ext4 files
	start fio "$1" -s 4 -d "$fio_disk,ro" -d files -d raw \
		-c "console=ttyS0 quiet panic=1 root=/dev/vda ro init=/init what=write seconds=$2" \
		"$kernel" </dev/null
	wait_for_end $((240 + 4 * $2))
	is "$status" 0 "exit status"
	has_not "$(<"$log")" FAILED
	has "$(tr -d '\r' <"$log")" '^@ end$'
	rounds=$(sed -n 's/^ok \([0-9]*\) rounds.*/\1/p' "$log")
	[ "$rounds" -gt 0 ]
	echo "# $rounds rounds in $2 s" >&3
	run e2fsck -fn files
	is "$status" 0 "status of e2fsck"
}

# Linux on a VMM with ThreadSanitizer: output, input, and the disk from all sides.
watched() { # [ROUNDS]
	export TSAN_OPTIONS="exitcode=66 log_path=$PWD/tsan"

	logs=watched
	cp --sparse=always "$rootfs" disk
	start watched "$project/build/smp/step6-threads" -s 4 -d disk --trace trace \
		-i "$initramfs" -c 'console=ttyS0 quiet panic=1' "$kernel" < <(
		echo 'stty -echo; sh /dev/ttyS0'
		echo "w() { taskset -c \$1 dd if=/dev/vda bs=4k count=100 iflag=direct |
			taskset -c \$1 dd of=/dev/vda bs=4k oflag=direct
			taskset -c \$1 cat /proc/interrupts; }"
		echo "r() { for i in 0 1 2 3; do w \$i & done; wait; }"
		for ((i = 0; i < ${1:-1}; i++)); do echo r; done
		head -c 3000 /dev/zero | tr '\0' '#' | fold -w 60
		echo
		echo "echo '@ e''nd'; poweroff -f"
		silence
	)
	wait_for_end $((200 + 20 * ${1:-1}))
	is "$status" 0 "exit status"
	has "$(tr -d '\r' <"$log")" '^@ end'
	cat tsan* 2>/dev/null || :
	is "$(echo tsan*)" 'tsan*' "reports of ThreadSanitizer"
}
