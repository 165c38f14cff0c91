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
		run --separate-stderr timed 20 "$step6" -s 3 "$guest"
		is "$status" 0 "exit status"
		is "$(told)" "" "standard error"
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

@test "two threads of a core, as Linux sees them" {
	need_fast_kvm
	run --separate-stderr timed 20 "$step6" -s 6,threads=4 "$vmlinux"
	is "$status" 1 "exit status"
	for number in 6 6,threads=2; do
		start shell "$step6" -s $number -i "$initramfs" \
			-c 'console=ttyS0 quiet panic=1' "$vmlinux" <<-'END'
			stty -echo; sh /dev/ttyS0
			echo '@ nproc'; nproc
			echo '@ cores'; cat /sys/devices/system/cpu/cpu*/topology/core_cpus_list | sort -u
			echo '@ cpuinfo'; grep -E 'siblings|cpu cores' /proc/cpuinfo | sort -u
			echo '@ end'; reboot -f
		END
		wait_for_end 100
		is "$status" 0 "exit status"
		is "$(said shell nproc)" 6 "processors"
		if [ $number = 6 ]; then
			is "$(said shell cores | xargs)" "0 1 2 3 4 5" "cores"
		else
			is "$(said shell cores | xargs)" "0-1 2-3 4-5" "cores"
			has "$(said shell cpuinfo)" '^cpu cores.*: 3$'
		fi
		has "$(said shell cpuinfo)" '^siblings.*: 6$'
	done
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
