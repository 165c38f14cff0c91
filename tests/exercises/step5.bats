#!/usr/bin/env bats
# What judges exercises of step 5 that need KVM, or go beyond it.

load ../lib

step5=${STEP5:-$project/extensions/step5-acpi/step5-acpi}

setup_file() {
	need_kvm
	need_files "$step5"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# Runs a vmlinux of a few lines, which are on standard input.
run_64() { # VMM-OPTION...
	{ cat; echo PAYLOAD; } | assemble -p "$project/tests/tiny-kernel-64.inc"
	run timed 60 "$step5" "$@" guest.bin </dev/null
	is "$status" 0 "exit status"
}

# All tables, to tables/*.dat; what they are, to the file told.
dump_tables() {
	{
		cat <<-'END'
			mov	esi, 0xe0000
			mov	ecx, 0x20000
			mov	dx, 0x3f8
			rep	outsb
			mov	dx, 0xcf9
			mov	al, 6
			out	dx, al
			jmp	$
		END
		echo PAYLOAD
	} | assemble -p "$project/tests/tiny-kernel-64.inc"
	timed 60 "$step5" guest.bin </dev/null >dump
	mkdir -p tables
	"$project/tests/acpi-tables" dump tables >told
}

# ---- 5.4 ----

@test "each slot is a virtio device, and those without a disk have ID 0" {
	truncate -s 512 disk
	# "v" for the magic value, then the ID
	run_64 -d disk <<-'END'
			mov	ebx, 0xd0000000
			mov	dx, 0x3f8
		.slot:	mov	al, 'v'
			cmp	dword [rbx], 0x74726976
			je	.magic
			mov	al, '?'
		.magic:	out	dx, al
			mov	eax, [rbx + 8]
			add	al, '0'
			out	dx, al
			add	ebx, 0x1000
			cmp	ebx, 0xd0008000
			jb	.slot
			mov	dx, 0xcf9
			mov	al, 6
			out	dx, al
			jmp	$
	END
	is "$output" "v2v0v0v0v0v0v0v0" "what the slots say"
}

# ---- 5.6 ----

# A guest that waits for two seconds by the timer says "t"; one that finds it
# going back says "b".
@test "the power management timer counts at its rate, and the FADT has it" {
	dump_tables
	is "$(od -An -tx4 -j 76 -N 4 tables/FACP.dat | xargs)" 00000608 PM_TMR_BLK
	is "$(od -An -tu1 -j 91 -N 1 tables/FACP.dat | xargs)" 4 PM_TMR_LEN
	is "$(od -An -tx1 -j 208 -N 12 tables/FACP.dat | xargs)" \
		"01 20 00 03 08 06 00 00 00 00 00 00" X_PM_TMR_BLK
	[ $((0x$(od -An -tx4 -j 112 -N 4 tables/FACP.dat | xargs) & 0x100)) != 0 ]
	start=$(date +%s%N)
	run_64 <<-'END'
			mov	dx, 0x608
			in	eax, dx
			mov	ebx, eax
			mov	ecx, eax
		.wait:	in	eax, dx
			mov	esi, eax
			sub	esi, ecx
			js	.back
			mov	ecx, eax
			sub	eax, ebx
			cmp	eax, 2 * 3579545
			jb	.wait
			mov	al, 't'
		.say:	mov	dx, 0x3f8
			out	dx, al
			mov	dx, 0xcf9
			mov	al, 6
			out	dx, al
			jmp	$
		.back:	mov	al, 'b'
			jmp	.say
	END
	is "$output" t
	took=$((($(date +%s%N) - start) / 1000000))
	echo "took $took ms"
	[ $took -ge 1950 ]
	[ $took -le "$(limit 6)000" ]
}

# ---- 5.7 ----

@test "an SSDT names a device of one's own" {
	dump_tables
	has "$(<told)" '^SSDT revision 2, '
	cd tables
	run iasl -d SSDT.dat
	is "$status" 0 "iasl's status"
	has "$(<SSDT.dsl)" 'Device \(TEA0\)'
	has "$(<SSDT.dsl)" '_HID, "MVMM0418"'
	# Both together are one namespace, without contradictions.
	run iasl -e SSDT.dat -d DSDT.dat
	is "$status" 0 "iasl's status for both"
}
