#!/usr/bin/env bats
# What judges exercises of step 2 besides the step's own tests and the unit
# tests. Most guests are a few lines of assembler that end with a reset: so
# they need little of the VMM.

load ../lib

setup_file() {
	need_fast_kvm
	need_files "$step2" "$kernel" "$kernel_with_initramfs"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	quiet='console=ttyS0 quiet panic=1'
	logs=
}

teardown() {
	keep_logs
	show_logs
	stop
}

# The VMM under test, with an input that has nothing to say.
vmm() {
	timed 60 "$step2" "$@" </dev/null
}

# The end of a guest: the keyboard controller's reset
reset='
		mov	al, 0xfe
		out	0x64, al
		jmp	$'

# ---- 2.2 and 2.3 ----

@test "setup sectors go to 0x10000, the kernel to 1 MiB" {
	for sects in 4 0; do
		tiny_kernel -DSETUP_SECTS=$sects <<-END
				mov	si, text	; in the last sector
				mov	cx, 6
				mov	dx, 0x3f8
				rep	outsb
				mov	ax, 0xffff	; FFFF:0010 is 1 MiB
				mov	ds, ax
				mov	si, 0x10
				mov	cx, 7
				rep	outsb
				$reset
				times 4 * 512 - (\$ - \$\$) db 0
			text	db	"setup "
		END
		run --separate-stderr vmm "$guest"
		is "$status" 0 "exit status"
		is "$output" "setup payload" "output with setup_sects = $sects"
	done
}

@test "the command line arrives, and what is too long is refused" {
	tiny_kernel <<-END
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
		.end:	$reset
	END
	run --separate-stderr vmm -c 'one two=2' "$guest"
	is "$status" 0 "exit status"
	is "$output" 'one two=2' "what the guest has got"
	longest=$(head -c 2047 /dev/zero | tr '\0' x)
	run --separate-stderr vmm -c "$longest" "$guest"
	is "$output" "$longest" "what the guest has got"
	run --separate-stderr vmm -c "${longest}y" "$guest"
	is_refused 'command line.* 2048 .* 2047'
}

# ---- 2.11 and 2.13: keys ----

# A guest that says "r" and then runs in circles.
circles() {
	tiny_kernel <<-'END'
		mov	dx, 0x3f8
		mov	al, 'r'
		out	dx, al
		mov	ebx, 0x11223344
		jmp	$
	END
}

# Plays a person at the terminal.
at_terminal() { # SCENE COMMAND ARG...
	logs=$1
	mkdir -p "$1"
	timed 60 "$project/tests/console/play" "$1" "$1" \
		"$BATS_FILE_TMPDIR/$1.log" "${@:2}"
}

@test "Ctrl-A x quits" {
	circles
	at_terminal quit "$step2" "$guest"
	is "$(<quit/status)" 0 "exit status"
}

@test "other keys after Ctrl-A do not quit, a Ctrl-A can be sent" {
	# Prints the first two characters that it gets, as numbers + 'A'.
	tiny_kernel <<-END
			mov	dx, 0x3f8
			mov	al, 'r'
			out	dx, al
			mov	cx, 2
		.wait:	mov	dx, 0x3fd
			in	al, dx
			test	al, 1
			jz	.wait
			mov	dx, 0x3f8
			in	al, dx
			add	al, 'A'
			out	dx, al
			loop	.wait
			jmp	\$
	END
	at_terminal others "$step2" "$guest"
	is "$(sed -n 's/^keys //p' others/results)" "BB" "Ctrl-A Ctrl-A, Ctrl-A a"
	is "$(<others/status)" 0 "exit status"
}

@test "Ctrl-A r shows the registers, and the guest goes on" {
	circles
	at_terminal registers "$step2" "$guest"
	is "$(sed -n 's/^error //p' registers/results)" "" "what went wrong"
	is "$(sed -n 's/^rbx //p' registers/results | xargs)" \
		"0000000011223344 0000000011223344" "RBX, asked twice"
	is "$(<registers/status)" 0 "exit status"
}

# ---- 2.14: a second serial port ----

@test "what goes out at COM2 is in the file of --com2, not on the terminal" {
	tiny_kernel <<-END
			mov	dx, 0x2ff	; its scratch register
			mov	al, 'S'
			out	dx, al
			mov	dx, 0x3ff	; that of COM1
			mov	al, 'T'
			out	dx, al
			mov	dx, 0x2ff
			in	al, dx
			mov	dx, 0x2f8
			out	dx, al
			mov	al, '2'
			out	dx, al
			mov	dx, 0x3f8
			mov	al, '1'
			out	dx, al
			$reset
	END
	run --separate-stderr vmm --com2 com2 "$guest"
	is "$status" 0 "exit status"
	is "$output" 1 "the terminal"
	is "$(<com2)" S2 "the file"
	run --separate-stderr vmm "$guest"
	is "$status" 0 "exit status without --com2"
	is "$output" 1 "the terminal without --com2"
}

@test "Linux finds both ports, and writes to the second by interrupt" {
	start com2 "$step2" --com2 "$PWD/com2" -c "$quiet" "$kernel_with_initramfs" \
		<<-'END'
		stty -echo; sh /dev/ttyS0
		for i in 1 2 3 4 5 6 7 8 9; do echo "line $i of some"; done >/dev/ttyS1
		echo "@ irq"; grep -c 'ttyS1' /proc/interrupts; dmesg | grep ttyS1
		reboot -f
	END
	logs=com2
	wait_for_end 60
	is "$status" 0 "exit status"
	is "$(tr -d '\r' <com2 | wc -l)" 9 "lines in the file"
	has "$(<com2)" 'line 9 of some'
	has "$(said com2 irq)" 'ttyS1 at I/O 0x2f8 \(irq = 3, .*is a 16550A'
}

# ---- 2.15: half the exits ----

# How many exits a boot to the shell makes.
exits_of() { # NAME VMM
	start "$1" "$2" --trace "$PWD/$1.trace" -c 'console=ttyS0 panic=1' \
		"$kernel_with_initramfs" <<<'reboot -f'
	logs=$1
	wait_for_end 60
	is "$status" 0 "exit status of $1"
	has "$(<"$log")" 'Welcome to step 2'
	sed -n 's/ exits by reason.*//p' "$1.trace"
}

@test "a boot makes at most half of the exits, and says the same" {
	exits_of before "$project/step2-initramfs/step2-initramfs" >before
	exits_of now "$step2" >now
	echo "$(<before) exits before, $(<now) now" >&2
	[ "$(<now)" -le $(($(<before) * 55 / 100)) ]
	# Nothing of the console is lost, or late.
	for name in before now; do
		tr -d '\r' <"$BATS_FILE_TMPDIR/$name.log" | sed 's/^\[ *[0-9.]*\] //' |
			grep -aE '^(Linux version|Command line|e820|BIOS-e820|Run /init|Welcome)' \
				>$name.said
	done
	is "$(<now.said)" "$(<before.said)" "the console"
}
