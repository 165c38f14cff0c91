#!/usr/bin/env bats
# What judges exercises of step 1 besides the step's own tests. Each needs as
# little of the VMM as it can, so that it fails for one reason only.

load ../lib

setup_file() {
	need_kvm
	need_files "$step1"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# The VMM under test. Its standard input has nothing to say.
vmm() {
	timed 30 "$step1" "$@" </dev/null
}

# In a guest: ends it with a triple fault, which is status 2.
crash='
	crash:	lidt	[.none]
		int3
	.none	times 6 db 0'

# ---- 1.2 ----

@test "a guest that only halts ends with 0" {
	assemble <<<'hlt'
	run --separate-stderr vmm "$guest"
	is "$status" 0 "exit status"
	is "$output" "" "standard output"
}

@test "flags, segments and stack are those of the beginning" {
	assemble <<-END
			mov	bp, sp
			pushf
			pop	ax
			cmp	ax, 2		; IF = 0
			jne	crash
			test	bp, bp		; the stack's top is 0000:0000
			jnz	crash
			mov	ax, cs
			mov	bx, ds
			or	ax, bx
			mov	bx, es
			or	ax, bx
			mov	bx, ss
			or	ax, bx
			mov	bx, fs
			or	ax, bx
			mov	bx, gs
			or	ax, bx
			jnz	crash
			call	.next
		.next:	pop	ax
			cmp	ax, .next
			jne	crash
			hlt
		$crash
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0 "exit status (2: a register was wrong)"
}

# ---- 1.4 to 1.6 ----

# Jumps to 32 MiB, where no memory is.
no_code() {
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
}

@test "no code at RIP is the guest's fault, not the end of the VMM" {
	no_code
	run --separate-stderr vmm "$guest"
	is "$status" 2 "exit status"
}

@test "a crash report says that there is no code at RIP" {
	no_code
	run --separate-stderr vmm "$guest"
	is "$status" 2 "exit status"
	has "$stderr" 'RIP 0000000002000000 '
	has "$stderr" 'bytes at RIP: no memory there'
}

# Reads an address where no memory is, with values in its registers.
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
			mov	esi, 0x2000000
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

@test "a crash report has the registers and the code at RIP" {
	no_memory
	run --separate-stderr vmm "$guest"
	is "$status" 2 "exit status"
	has "$stderr" 'RIP 0000000000000040 '
	has "$stderr" 'RBX 0000000011223344 '
	has "$stderr" 'RSP 0000000000007000'
	has "$stderr" "bytes at RIP:$(od -An -v -tx1 -j64 -N8 "$guest")"
}

@test "a crash report says what kind of access it was" {
	no_memory
	run --separate-stderr vmm "$guest"
	is "$status" 2 "exit status"
	has "$stderr" 'The guest crashed: KVM_EXIT_MMIO read 0x2000000 size 4'
}

# ---- 1.9: a port that ends the VMM ----

@test "a byte written to port 0xf4 ends the VMM with that status" {
	for number in 0 7 200; do
		assemble <<-END
			mov	al, $number
			out	0xf4, al
			jmp	\$
		END
		run --separate-stderr vmm "$guest"
		is "$status" $number "exit status"
		is "$stderr" "" "standard error"
	done
}

@test "other ports do not end it" {
	assemble <<-'END'
		mov	al, 9
		out	0xf3, al
		out	0xf5, al
		mov	dx, 0x3f8
		mov	al, 'x'
		out	dx, al
		hlt
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0 "exit status"
	is "$output" "x" "standard output"
}

# ---- 1.10: echo ----

# Reads from port 0x3f8 as long as bit 0 of port 0x3fd says that there is
# something, and sends it back as capitals.
capitals() {
	assemble <<-'END'
		next:	mov	dx, 0x3fd
			in	al, dx
			test	al, 1
			jz	end
			mov	dx, 0x3f8
			in	al, dx
			cmp	al, 'a'
			jb	send
			cmp	al, 'z'
			ja	send
			sub	al, 'a' - 'A'
		send:	out	dx, al
			jmp	next
		end:	hlt
	END
}

@test "input comes in at port 0x3f8 while bit 0 of port 0x3fd is set" {
	capitals
	run --separate-stderr timed 30 "$step1" "$guest" <<<'hello, 123'
	is "$status" 0 "exit status"
	is "$output" "HELLO, 123" "standard output"
}

@test "at the end of the input bit 0 is clear" {
	capitals
	run --separate-stderr vmm "$guest"
	is "$status" 0 "exit status"
	is "$output" "" "standard output"
	printf 'no newline' >input
	run --separate-stderr timed 30 "$step1" "$guest" <input
	is "$output" "NO NEWLINE" "standard output"
}
