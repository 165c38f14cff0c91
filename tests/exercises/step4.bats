#!/usr/bin/env bats
# What judges exercises that go beyond step 4.

load ../lib

step4=${STEP4:-$project/extensions/step4-long-mode/step4-long-mode}

setup_file() {
	need_kvm
	need_files "$step4"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# Runs a vmlinux of a few lines, which are on standard input.
run_64() { # VMM-OPTION...
	{ cat; echo PAYLOAD; } | assemble -p "$project/tests/tiny-kernel-64.inc"
	run timed 60 "$step4" "$@" guest.bin </dev/null
	is "$status" 0 "exit status"
}

# ---- 4.5 ----

@test "all of memory is mapped, one to one" {
	run_64 -m 5120 <"$project/tests/entry-64.asm"
	# As far as the guest looks: 16 GiB
	has "$output" '^one-to-one 400000000$'
	# All the rest is as it was.
	has "$output" '^cs 10$'
	has "$output" '^cr3 2000$'
}

# ---- 4.6 ----

# What the guest finds: the type, the length, and the bytes.
seed() {
	run_64 <<-'END'
			mov	rsp, 0x90000
			mov	rbx, [rsi + 0x250]	; hdr.setup_data
			test	rbx, rbx
			jz	.end
			lea	rsi, [rbx + 8]
			mov	ecx, 8 + 32		; type, length, data
			mov	dx, 0x3f8
		.byte:	lodsb
			mov	ah, al
			shr	al, 4
			call	.digit
			mov	al, ah
			and	al, 15
			call	.digit
			loop	.byte
			mov	rax, [rbx]
			test	rax, rax
			jnz	.end
			mov	al, '.'			; the list ends there
			out	dx, al
		.end:	mov	al, 0xfe
			out	0x64, al
			jmp	$
		.digit:	add	al, '0'
			cmp	al, '9'
			jbe	.out
			add	al, 'a' - '0' - 10
		.out:	out	dx, al
			ret
	END
}

@test "the kernel gets a seed of 32 bytes, another one each time" {
	local first

	seed
	has "$output" '^0900000020000000[0-9a-f]{64}\.$'
	# 32 equal bytes are no chance.
	has_not "$output" '(00){16}'
	first=$output
	seed
	has "$output" '^0900000020000000[0-9a-f]{64}\.$'
	[ "$output" != "$first" ]
}
