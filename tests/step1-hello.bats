#!/usr/bin/env bats
# Step 1: a guest of a few instructions in 16-bit real mode. Most tests bring
# their own guest, assembled on the spot.

load lib

setup_file() {
	need_kvm
	need_files "$step1"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	stop
}

# The VMM under test. Its standard input has nothing to say.
vmm() {
	timed 30 "$step1" "$@" </dev/null
}

# ---- the guest says hello ----

@test "the built-in guest says hello, and that is all" {
	run --separate-stderr vmm
	is "$status" 0
	is "$output" "Hello, world!"
	is "$stderr" ""
}

@test "a reader's own binary runs" {
	assemble <<-END
		mov	dx, 0x3f8
		mov	al, 'x'
		out	dx, al
		hlt
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" "x"
	is "$stderr" ""
}

@test "the guest starts at 0:0 in real mode, segments 0, interrupts off" {
	assemble <<-'END'
			pushf
			pop	word [flags]
			call	.next		; pushes the address behind it
		.next:	pop	word [ip]
			mov	[regs], cs
			mov	[regs + 2], ds
			mov	[regs + 4], es
			mov	[regs + 6], ss
			smsw	[regs + 8]	; the low half of CR0: bit 0 is PE
			and	word [regs + 8], 1
			mov	si, ip
			mov	cx, end - ip
			mov	dx, 0x3f8
			rep	outsb
			hlt
		ip	dw	0
		regs	times 5 dw 0xdead
		flags	dw	0
		end:
	END
	vmm "$guest" >bytes
	run od -An -v -tx2 bytes
	is "$output" " 0008 0000 0000 0000 0000 0000 0002"
}

# ---- ports ----

@test "rep outsb sends the whole string" {
	assemble <<-'END'
			mov	si, text
			mov	cx, end - text
			mov	dx, 0x3f8
			cld
			rep	outsb
			hlt
		text	db	"a string instruction sent this, "
			times 40 db "0123456789"
			db	10
		end:
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" "a string instruction sent this, $(printf '0123456789%.0s' {1..40})"
}

@test "16 and 32 bits wide, OUT reaches two and four ports" {
	# Of each value one byte falls on port 0x3f8.
	assemble <<-'END'
		mov	dx, 0x3f8
		mov	ax, 'ab'
		out	dx, ax		; a
		mov	eax, 'cdef'
		out	dx, eax		; c
		mov	dx, 0x3f7
		mov	ax, 'gh'
		out	dx, ax		; h
		mov	dx, 0x3f5
		mov	eax, 'ijkl'
		out	dx, eax		; l
		mov	si, words
		mov	cx, 3
		mov	dx, 0x3f8
		rep	outsw		; mno
		hlt
		words	db "m.n.o."
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" "achlmno"
}

@test "other ports swallow what is written" {
	assemble <<-'END'
		mov	al, 'x'
		mov	dx, 0x3f0
		.next:	cmp	dx, 0x3f8
		je	.skip
		out	dx, al
		.skip:	inc	dx
		cmp	dx, 0x400
		jne	.next
		out	0x00, al
		out	0xff, al
		mov	dx, 0xffff
		out	dx, eax
		hlt
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" ""
}

@test "a port without a device reads as all ones, 8, 16 and 32 bits wide" {
	assemble <<-'END'
			mov	dx, 0x2e8
			in	al, dx
			mov	[byte_], al
			in	ax, dx
			mov	[word_], ax
			in	eax, dx
			mov	[dword_], eax
			mov	di, string
			mov	cx, 5
			rep	insb
			mov	si, byte_
			mov	cx, end - byte_
			mov	dx, 0x3f8
			rep	outsb
			hlt
		byte_	db	0
		word_	dw	0
		dword_	dd	0
		string	times 6 db 0		; the last stays 0
		end:
	END
	vmm "$guest" >bytes
	run od -An -v -tx1 bytes
	is "$output" " ff ff ff ff ff ff ff ff ff ff ff ff 00"
}

# ---- the size of the guest ----

# Prints the last byte of the 16 MiB. Real mode with 32-bit addresses ("unreal
# mode"): a segment keeps the 4 GiB limit that it got in protected mode.
last_byte() {
	assemble <<-'END'
			lgdt	[gdtr]
			mov	eax, cr0
			inc	ax		; PE = 1
			mov	cr0, eax
			mov	bx, 8
			mov	es, bx
			dec	ax		; PE = 0
			mov	cr0, eax
			mov	al, [es:dword 0xffffff]
			mov	dx, 0x3f8
			out	dx, al
			hlt
		gdtr	dw	15
			dd	gdt
		gdt	dq	0, 0x00cf92000000ffff
	END
}

@test "a binary of exactly 16 MiB fits, its last byte included" {
	last_byte
	truncate -s $(((16 << 20) - 1)) "$guest"
	printf Z >>"$guest"
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" "Z"
}

@test "one byte more does not" {
	last_byte
	truncate -s $(((16 << 20) + 1)) "$guest"
	run --separate-stderr vmm "$guest"
	is_refused 'guest.bin: .*16777217 bytes.* 16 MiB'
}

# ---- crashes ----

@test "a triple fault is named and ends with 2" {
	assemble <<-'END'
			mov	dx, 0x3f8
			mov	al, '!'
			out	dx, al
			lidt	[none]		; no interrupt table at all
			lgdt	[gdtr]
			mov	eax, cr0
			inc	ax		; PE = 1: protected mode
			mov	cr0, eax
			jmp	8:fault
		fault:	ud2			; and there it goes
		none	dw	0
			dd	0
		gdtr	dw	15
			dd	gdt
		gdt	dq	0, 0x00009a000000ffff
	END
	run --separate-stderr vmm "$guest"
	is "$status" 2
	is "$output" "!"
	has "$stderr" 'KVM_EXIT_SHUTDOWN'
	has "$stderr" 'triple fault'
	has "$stderr" 'RIP [0-9a-f]{16}'	# on AMD that of a reset CPU
}

# Reads an address where no memory is, at address 0x40.
no_memory() {
	assemble <<-'END'
			mov	esp, 0x7000
			lgdt	[gdtr]
			mov	eax, cr0
			inc	ax
			mov	cr0, eax
			mov	bx, 8
			mov	es, bx
			dec	ax
			mov	cr0, eax
			mov	ebx, 0x11223344
			mov	ecx, 0x55667788
			mov	esi, 0x1000000	; 16 MiB, the end of memory
			jmp	read
		gdtr	dw	15
			dd	gdt
			times 0x40 - ($ - $$) nop
		read:	mov	eax, [es:esi]
			hlt
			align	8
		gdt	dq	0, 0x00cf92000000ffff
	END
}

@test "memory that is not there: reason, registers and code are shown" {
	no_memory
	run --separate-stderr vmm "$guest"
	is "$status" 2
	is "$output" ""
	has "$stderr" 'KVM_EXIT_MMIO read 0x1000000 size 4'
	has "$stderr" 'RIP 0000000000000040 '
	has "$stderr" 'RBX 0000000011223344 .*RCX 0000000055667788'
	has "$stderr" 'RSI 0000000001000000'
	has "$stderr" 'RSP 0000000000007000'
	has "$stderr" 'real mode'
	has "$stderr" "bytes at RIP:$(od -An -v -tx1 -j64 -N8 "$guest")"
}

@test "a jump out of memory is a crash as well" {
	assemble <<-'END'
			lgdt	[gdtr]
			mov	eax, cr0
			inc	ax
			mov	cr0, eax
			jmp	dword 8:0x2000000
		gdtr	dw	15
			dd	gdt
		gdt	dq	0, 0x00cf9a000000ffff
	END
	run --separate-stderr vmm "$guest"
	is "$status" 2
	has "$stderr" 'The guest crashed: KVM_EXIT_[A-Z_]+ '
	has "$stderr" 'RIP 0000000002000000 '
	has "$stderr" 'protected mode without paging'
	has "$stderr" 'bytes at RIP: no memory there'
}

# ---- signals ----

# Starts a guest that says "r" and then never ends.
start_loop() {
	assemble <<-'END'
		mov	dx, 0x3f8
		mov	al, 'r'
		out	dx, al
		jmp	$
	END
	# Bash has background processes ignore SIGINT.
	start loop env --default-signal=INT "$step1" "$guest" </dev/null
	wait_for 30 r "$log"
}

@test "SIGTERM ends a guest that runs in circles" {
	start_loop
	kill -TERM "$pid"
	wait_for_end 30
	is "$status" $((128 + 15))
}

@test "so does SIGINT, the Ctrl-C of a terminal" {
	start_loop
	kill -INT "$pid"
	wait_for_end 30
	is "$status" $((128 + 2))
}

# ---- usage ----

@test "--help explains itself" {
	run --separate-stderr vmm --help
	is "$status" 0
	has "$output" '^Usage: step1-hello '
	has "$output" '--trace FILE'
	is "$stderr" ""
}

@test "an unknown option, a missing argument and a second file: usage" {
	run --separate-stderr vmm --frobnicate
	is_wrong_usage
	run --separate-stderr vmm -x
	is_wrong_usage
	run --separate-stderr vmm --trace
	is_wrong_usage
	run --separate-stderr vmm one two
	is_wrong_usage
}

@test "files that are no guests: one clear line each" {
	run --separate-stderr vmm missing
	is_refused '^step1-hello: missing: No such file or directory$'
	run --separate-stderr vmm ''
	is_refused 'No such file or directory$'

	touch empty
	run --separate-stderr vmm empty
	is_refused '^step1-hello: empty: .*empty'

	run --separate-stderr vmm .
	is_refused '^step1-hello: \.: not a regular file$'

	run --separate-stderr vmm /dev/zero
	is_refused '^step1-hello: /dev/zero: not a regular file$'
}

@test "a FIFO is refused, not waited for" {
	mkfifo fifo
	run --separate-stderr vmm fifo
	is_refused '^step1-hello: fifo: not a regular file$'
}

@test "a file that one may not read" {
	printf '\364' >secret		# hlt
	chmod 000 secret
	run --separate-stderr timed 30 "${unprivileged[@]}" "$step1" secret
	is_refused '^step1-hello: secret: Permission denied$'
}

# ---- standard output ----

@test "a full disk is an error of the host" {
	run --separate-stderr timed 30 bash -c '"$0" >/dev/full' "$step1"
	is_refused 'standard output: No space left on device$'
}

@test "closed standard streams do no harm" {
	run timed 30 bash -c '"$0" --trace trace >&- <&- 2>&-' "$step1"
	is "$status" 0
	has "$(<trace)" 'KVM_EXIT_HLT'
	has_not "$(<trace)" '^Hello'	# stdout's number is not the trace's
}

# ---- --trace ----

@test "--trace has a line for each exit, and a summary that adds up" {
	run --separate-stderr vmm --trace trace
	is "$status" 0
	is "$output" "Hello, world!"
	is "$stderr" ""
	is "$(grep -c '^ *[0-9]*\.[0-9]* KVM_EXIT_IO out 0x3f8 size 1: 0x' trace)" 14
	is "$(grep -c '^ *[0-9]*\.[0-9]* KVM_EXIT_HLT' trace)" 1
	has "$(sed -n 1p trace)" 'KVM_EXIT_IO out 0x3f8 size 1: 0x48  THR'
	has "$(<trace)" '^15 exits by reason, port and register:$'
	has "$(<trace)" '^ +14  KVM_EXIT_IO out 0x3f8 THR$'
	has "$(<trace)" '^ +1  KVM_EXIT_HLT$'
}

@test "--trace of a crash has the last exit too" {
	no_memory
	run --separate-stderr vmm --trace trace "$guest"
	is "$status" 2
	has "$(<trace)" '^ *[0-9.]+ KVM_EXIT_MMIO read 0x1000000 size 4'
	has "$(<trace)" '^1 exits by reason'
}

@test "a trace that cannot be written is refused before the guest starts" {
	run --separate-stderr vmm --trace nowhere/trace
	is_refused '^step1-hello: nowhere/trace: No such file or directory$'
	run --separate-stderr vmm --trace .
	is_refused '^step1-hello: \.: Is a directory$'
}

@test "a trace that fills the disk is an error, not a silent loss" {
	run --separate-stderr vmm --trace /dev/full
	is "$status" 1
	has "$stderr" '^step1-hello: .*trace: No space left on device$'
}

# ---- /dev/kvm ----

# Runs the VMM where PATH stands for /dev/kvm.
with_dev_kvm() { # PATH
	# shellcheck disable=SC2016
	timed 30 unshare -rm bash -c '
		mount --bind "$1" /dev/kvm &&
		exec setpriv --inh-caps=-all --bounding-set=-all "$0"' \
		"$step1" "$1"
}

@test "no permission for /dev/kvm: the message says what to do" {
	unshare -rm true || skip "unshare does not work here"
	touch locked
	chmod 000 locked
	run --separate-stderr with_dev_kvm "$PWD/locked"
	is_refused '^step1-hello: /dev/kvm: permission denied: .*usermod -aG kvm'
}

@test "a /dev/kvm that is something else" {
	unshare -rm true || skip "unshare does not work here"
	run --separate-stderr with_dev_kvm /dev/null
	is_refused '^step1-hello: KVM_GET_API_VERSION: Inappropriate ioctl'
}
