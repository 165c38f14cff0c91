#!/usr/bin/env bats
# What judges exercises of step 6 that need KVM, or go beyond it.

load ../lib
load ../smp/smp

setup_file() {
	need_kvm
	need_files "$step6"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# What a machine of three says to standard error, without words of warning
told() {
	grep -v ' recommends' <<<"$stderr"
}

# ---- 6.4 ----

@test "any processor's reset ends all" {
	for one in 0 1 2; do
		guest_that resets -DONE=$one
		run --separate-stderr timed 20 "$step6" -s 3 --trace trace "$guest"
		is "$status" 0 "exit status"
		is "$(told)" "" "standard error"
		has "$(<trace)" "vCPU $one KVM_EXIT_IO .*0xcf9"
	done
}

@test "any processor's crash is the guest's, and it is named" {
	for guilty in 1 2 3; do
		guest_that crashes -DGUILTY=$guilty
		run --separate-stderr timed 20 "$step6" -s 4 "$guest"
		is "$status" 2 "exit status"
		has "$(told)" "^That was vCPU $guilty\\."
		is "$(told | grep -c '^  RIP ')" 4 "vCPUs that are shown"
	done
}

# ---- 6.5 ----

# Of leaf 0xb: the shift and the count of its first two levels, as digits
@test "two threads of a core, as CPUID tells" {
	tiny_vmlinux <<-'END'
		%macro SAY 1
			mov	dx, 0x3f8
			mov	al, %1
			add	al, '0'
			out	dx, al
		%endmacro
		%macro LEVEL 1
			mov	eax, 0xb
			mov	ecx, %1
			cpuid
			SAY	al
			SAY	bl
		%endmacro
			LEVEL	0
			LEVEL	1
			mov	dx, 0xcf9
			mov	al, 6
			out	dx, al
			jmp	$
	END
	run --separate-stderr timed 20 "$step6" -s 6 guest.bin
	is "$output" 0136 "levels"
	run --separate-stderr timed 20 "$step6" -s 6,threads=2 guest.bin
	is "$output" 1236 "levels with threads=2"
	run --separate-stderr timed 20 "$step6" -s 6,threads=4 guest.bin
	is "$status" 1 "exit status with threads=4"
	is "$output" "" "standard output"
}

# ---- 6.6 ----

@test "a processor device for each processor" {
	tiny_vmlinux <<-'END'
		mov	esi, 0xe0000
		mov	ecx, 0x20000
		mov	dx, 0x3f8
		rep	outsb
		mov	dx, 0xcf9
		mov	al, 6
		out	dx, al
		jmp	$
	END
	for count in 1 11; do
		timed 60 "$step6" -s $count guest.bin </dev/null >dump 2>err
		rm -rf tables
		mkdir tables
		"$project/tests/acpi-tables" dump tables >found
		has "$(<found)" '^SSDT revision 2, '
		(
			cd tables
			run iasl -e DSDT.dat -d SSDT.dat
			is "$status" 0 "iasl's status"
			is "$(grep -c '_HID, "ACPI0007"' SSDT.dsl)" $count "devices"
			is "$(grep -oE '_UID, (Zero|One|0x[0-9A-F]+)' SSDT.dsl |
				sed 's/.* //; s/Zero/0/; s/One/1/' |
				while read -r uid; do echo $((uid)); done | xargs)" \
				"$(seq -s ' ' 0 $((count - 1)))" "their numbers"
		)
	done
}
