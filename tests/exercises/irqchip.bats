#!/usr/bin/env bats
# What judges exercises of irqchip that need KVM, or go beyond it.

load ../lib
load ../irqchip

setup_file() {
	need_kvm
	need_files "$irqchip"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# Runs a guest that has both 8259s set up, as pic_guest() makes it.
run_guest() { # VMM-OPTION...
	pic_guest
	run timed 60 "$irqchip" "$@" "$guest" </dev/null
	is "$status" 0 "exit status"
}

# ---- 9.5 ----

# While interrupts are off two come. At STI the timer's is first, and the serial
# port's waits until its handler is through. Then a third one ends a HLT.
@test "an interrupt comes at the right moment, and the next one at its own" {
	need_fast_kvm
	run_guest <<-'END'
			HANDLER 0x20, tick
			HANDLER 0x24, serial
			OUT_BYTE 0x21, 0xee
			OUT_BYTE 0x20, 0x0a		; reads are of IRR
			OUT_BYTE 0x43, 0x10
			OUT_BYTE 0x40, 50
			mov	dx, 0x3fc
			OUT_BYTE dx, 8
			mov	dx, 0x3f9
			OUT_BYTE dx, 2
		.both:	in	al, 0x20
			and	al, 0x11
			cmp	al, 0x11
			jne	.both
			mov	al, 'a'
			call	put
			mov	bx, 2
			sti
		.wait:	test	bx, bx
			jnz	.wait
			cli
			HANDLER 0x20, wake
			OUT_BYTE 0x43, 0x10
			OUT_BYTE 0x40, 50
			sti
			hlt
			cli
			mov	al, 'b'
			call	put
			hlt
		tick:	mov	al, 't'
			jmp	say
		wake:	mov	al, 'w'
			jmp	say
		serial:	mov	dx, 0x3f9
			OUT_BYTE dx, 0
			mov	al, 's'
		say:	call	put
			OUT_BYTE 0x20, 0x20
			dec	bx
			iret
	END
	is "$output" atswb
}

# ---- 9.6 ----

# The serial port's line stays up; the handler counts to three, then masks it.
@test "ELCR makes a line level-triggered, and only those that may be" {
	run_guest <<-'END'
			HANDLER 0x24, serial
			mov	dx, 0x4d0
			OUT_BYTE dx, 0xff
			in	al, dx
			cmp	al, 0xf8
			jne	.wrong
			mov	dx, 0x4d1
			OUT_BYTE dx, 0xff
			in	al, dx
			cmp	al, 0xde
			je	.right
		.wrong:	mov	al, 'x'
			call	put
		.right:	mov	dx, 0x4d0
			OUT_BYTE dx, 0
			call	count			; an edge: once
			mov	dx, 0x4d0
			OUT_BYTE dx, 0x10
			call	count			; a level: until it is masked
			hlt
		count:	xor	bx, bx
			OUT_BYTE 0x21, 0xef
			mov	dx, 0x3fc
			OUT_BYTE dx, 8
			mov	dx, 0x3f9
			OUT_BYTE dx, 2
			sti
			mov	cx, 1000
		.more:	nop
			loop	.more
			cli
			mov	dx, 0x3f9
			OUT_BYTE dx, 0
			mov	al, bl
			add	al, '0'
			call	put
			ret
		serial:	inc	bx
			cmp	bx, 3
			jb	.end
			OUT_BYTE 0x21, 0xff
		.end:	OUT_BYTE 0x20, 0x20
			iret
	END
	is "$output" 13
}

# ---- 9.7 ----

@test "the trace ends with the number of interrupts of each line" {
	run_guest --trace trace <<-'END'
			HANDLER 0x20, tick
			OUT_BYTE 0x21, 0xfe
			OUT_BYTE 0x43, 0x34
			OUT_BYTE 0x40, 1193 & 0xff
			OUT_BYTE 0x40, 1193 >> 8
			mov	cx, 50
		.next:	sti
			hlt
			cli
			or	cx, cx
			jnz	.next
			OUT_BYTE 0x43, 0x30		; no more of them
			hlt
		tick:	dec	cx
			jnz	.end
			OUT_BYTE 0x21, 0xff
		.end:	OUT_BYTE 0x20, 0x20
			iret
	END
	has "$(<trace)" ' KVM_INTERRUPT IRQ 0: 50 times$'
	is "$(grep -c 'KVM_INTERRUPT IRQ' trace)" 1 "lines for an IRQ"
	is "$(grep -c 'KVM_INTERRUPT 0x20: IRQ 0$' trace)" 50 "interrupts"
}
