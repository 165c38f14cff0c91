#!/usr/bin/env bats
# Step 5: the machine describes itself, and has a power switch and a button.

load lib

step5=${STEP5:-$project/extensions/step5-acpi/step5-acpi}
vmlinux=$project/build/linux/vmlinux

setup_file() {
	need_kvm
	need_files "$step5" "$kernel" "$vmlinux" "$initramfs" "$rootfs"
	scene login login || stop
	scene acpid acpid || stop
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

# At a login on a disk of one's own: commands, the last of which ends it.
at_login() { # NAME KERNEL COMMANDS
	local dir=$BATS_FILE_TMPDIR/$1

	mkdir "$dir"
	cp --sparse=always "$rootfs" "$dir/disk"
	COMMANDS=$3 timed 300 "$project/tests/console/play" login "$dir" "$dir.log" \
		"$step5" -d "$dir/disk" --trace "$dir/trace" "$2" 2>"$dir.err"
}

login() {
	"$project/tests/lab/probe" 2>/dev/null || return 0
	at_login login "$vmlinux" "stty -echo
		echo; echo '@ cmdline'; cat /proc/cmdline
		echo; echo '@ dmesg'; dmesg
		echo; echo '@ interrupts'; cat /proc/interrupts
		echo; echo '@ flags'; grep -wo tsc_deadline_timer /proc/cpuinfo
		echo; echo '@ slots'; ls /sys/bus/acpi/devices
		echo; echo '@ disks'; ls /sys/bus/virtio/devices
		echo; echo '@ end'
		poweroff"
}

# Debian's systemd listens by itself, ours once acpid runs.
acpid() {
	local dir=$BATS_FILE_TMPDIR/acpid player

	"$project/tests/lab/probe" 2>/dev/null || return 0
	at_login acpid "$kernel" "stty -echo
		mkdir -p /etc/acpi/PWRF
		echo poweroff >/etc/acpi/PWRF/00000080
		chmod +x /etc/acpi/PWRF/00000080
		echo 'written before the button' >/root/note
		acpid -l /dev/null
		echo; echo '@ rea''dy'" &
	player=$!
	until [ -e "$dir.log" ]; do sleep 0.3; done
	if wait_for 200 '^@ ready' "$dir.log"; then
		kill -TERM "$(<"$dir/pid")"
	fi
	wait $player
}

# Makes $guest a vmlinux of the code on standard input.
tiny_vmlinux() {
	{ cat; echo PAYLOAD; } | assemble -p "$project/tests/tiny-kernel-64.inc"
	guest=$BATS_TEST_TMPDIR/guest.bin
}

# A shell without a disk; commands come from standard input.
start_shell() { # NAME WORD-OF-THE-COMMAND-LINE...
	start "$1" "$step5" -i "$initramfs" --trace trace \
		-c "console=ttyS0 quiet panic=1 ${*:2}" "$vmlinux"
}

# ---- the tables ----

# A guest writes all from 0xe0000 to 1 MiB to its serial port, and then resets
# the machine as the FADT says.
dump_tables() {
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
	timed 60 "$step5" "$guest" </dev/null >dump
	mkdir tables
	"$project/tests/acpi-tables" dump tables >told
}

@test "the tables in memory: found as the specification says, lengths and sums right" {
	dump_tables
	is "$(sed 's/ at .*//' told)" "RSDP revision 2, 36 bytes
XSDT revision 1, 52 bytes
FACP revision 6, 276 bytes
DSDT revision 2, $(stat -c %s tables/DSDT.dat) bytes
FACS revision 2, 64 bytes
APIC revision 5, 74 bytes"
	is "$(sed -n 's/^RSDP.* at //p' told)" 0xe0000
	# A spoilt table does not get through, or this test were worth nothing.
	printf '\377' | dd of=dump bs=1 seek=$((0x230)) conv=notrunc status=none
	run "$project/tests/acpi-tables" dump tables
	has "$output" 'the checksum of the FACP is wrong'
}

@test "iasl takes the tables apart, and finds nothing wrong" {
	dump_tables
	cd tables
	for table in XSDT FACP FACS APIC DSDT; do
		run iasl -d $table.dat
		is "$status" 0 "iasl's status for $table"
		has_not "$output" '(warning|error|invalid|incorrect|unknown|exception)'
		has_not "$(<$table.dsl)" '(Invalid|Unknown|Incorrect|Warning|\*\*\*\*)'
	done
	# And what it makes of them is what we have written.
	has "$(<FACP.dsl)" 'PM1A Event Block Address : 00000600$'
	has "$(<FACP.dsl)" 'Reset Register Supported \(V2\) : 1$'
	has "$(<APIC.dsl)" 'Trigger Mode : 3$'
	is "$(grep -c 'Device (VIO' DSDT.dsl)" 8 "slots"
	# Compiled again it is the same, and without a remark.
	run iasl -we -p again DSDT.dsl
	is "$status" 0 "iasl's status for its own source"
	has "$output" '0 Errors, 0 Warnings'
	cmp again.aml DSDT.dat
}

# ---- Linux ----

@test "from the disk to a login, with no word of devices on the command line" {
	need_fast_kvm
	logs=login
	is "$(<"$BATS_FILE_TMPDIR/login/status")" 0 "exit status"
	is "$(cat "$BATS_FILE_TMPDIR/login.err")" "" "standard error"
	# (What our kernel has in front of it is its own.)
	has "$(said login cmdline)" 'console=ttyS0 root=/dev/vda rw panic=1$'
	has_not "$(said login cmdline)" virtio
	is "$(said login slots | grep -o LNRO0005 | wc -l)" 8 "slots that ACPI tells of"
	is "$(said login disks | xargs)" virtio0 "devices in them"
}

@test "Linux reads the tables and has no complaint" {
	need_fast_kvm
	logs=login
	said login dmesg >dmesg
	has "$(<dmesg)" 'ACPI: RSDP 0x00000000000E0000 000024 \(v02 MINVMM\)'
	has "$(<dmesg)" 'ACPI: 1 ACPI AML tables successfully acquired and loaded'
	has "$(<dmesg)" 'ACPI: PM: \(supports S0 S5\)'
	has "$(<dmesg)" 'ACPI: button: Power Button \[PWRF\]'
	has "$(<dmesg)" '00:00: ttyS0 at I/O 0x3f8 \(irq = 4,'
	has_not "$(<dmesg)" 'ACPI.*([Ee]rror|[Ww]arning|[Ee]xception|BIOS|[Ii]nvalid|[Ff]ail)'
	has_not "$(<dmesg)" '(Firmware Bug|FW issue|WARNING|BUG)'
}

@test "interrupts come by the I/O APIC, and the timer's from the local APIC" {
	need_fast_kvm
	logs=login
	said login interrupts >interrupts
	has "$(<interrupts)" '^ *4: +[1-9][0-9]* +IO-APIC +4-edge +ttyS0'
	has "$(<interrupts)" '^ *9: +0 +IO-APIC +9-fasteoi +acpi'
	has "$(<interrupts)" '^ *16: +[1-9][0-9]* +IO-APIC +16-edge +virtio0'
	has "$(<interrupts)" '^LOC: +[1-9][0-9]*'
	has_not "$(<interrupts)" 'XT-PIC'
	is "$(awk '$1 == "ERR:" || $1 == "MIS:" { print $2 }' interrupts | xargs)" "0 0"
	has "$(said login flags)" tsc_deadline_timer
	# Nobody tells an 8259 that an interrupt is over.
	has_not "$(grep -A 1000 'Status = 0xf' "$BATS_FILE_TMPDIR/login/trace")" \
		' out 0x(20|a0) '
}

@test "each disk has a pin of the I/O APIC: 16 to 23" {
	need_fast_kvm
	logs=eight
	local options=()
	for name in a b c d e f g h; do
		head -c 4096 /dev/urandom >$name
		options+=(-d "$name")
	done
	start eight "$step5" "${options[@]}" -i "$initramfs" \
		-c 'console=ttyS0 quiet panic=1' "$vmlinux" <<-'END'
		stty -echo; sh /dev/ttyS0
		echo '@ sums'; md5sum /dev/vd?
		echo '@ interrupts'; grep virtio /proc/interrupts
		echo '@ end'; reboot -f
	END
	wait_for_end 120
	is "$status" 0 "exit status"
	is "$(said eight sums | cut -c 1-32)" "$(md5sum ? | cut -c 1-32)"
	is "$(said eight interrupts | awk '{ print $1, $4 }')" \
		"$(for pin in {16..23}; do echo "$pin: $pin-edge"; done)"
	run --separate-stderr timed 60 "$step5" "${options[@]}" -d a "$vmlinux"
	is_refused '8 disks'
}

# A kernel that is told to do without: no device from the DSDT, but a shell,
# a clock, and an end.
@test "Linux that does not use ACPI, or not its APICs, still boots" {
	need_fast_kvm
	for option in acpi=off acpi=noirq noapic nolapic; do
		logs=$option
		start_shell $option $option <<-'END'
			stty -echo; sh /dev/ttyS0
			echo '@ interrupts'; sleep 1; grep ttyS0 /proc/interrupts
			echo '@ end'; reboot -f
		END
		wait_for_end 120
		is "$status" 0 "exit status with $option"
		has "$(said $option interrupts)" '4: +[1-9][0-9]* +XT-PIC +ttyS0'
	done
}

# ---- its ends ----

# Runs a VMM several times, and says the least of the seconds between "Power
# down" on its console and its end.
seconds_of_power_off() { # TIMES COMMAND ARG...
	timed 200 python3 -c '
import subprocess, sys, time
times = []
for _ in range(int(sys.argv[1])):
    vmm = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE)
    vmm.stdin.write(b"poweroff -f\n")
    vmm.stdin.flush()
    text = b""
    while b"reboot: Power down" not in text:
        part = vmm.stdout.read1()
        if not part:
            sys.exit("it ended sooner: " + repr(text[-200:]))
        text += part
    start = time.monotonic()
    times.append((vmm.wait(), time.monotonic() - start))
print("%d %.3f" % (max(times)[0], min(time for _, time in times)))' "$@"
}

@test "poweroff ends the VMM at once, with 0" {
	need_fast_kvm
	# Three times, as this machine may have something else to do. What is
	# left is the host's kernel, which takes the virtual machine apart.
	run seconds_of_power_off 3 "$step5" -i "$initramfs" \
		-c 'console=ttyS0 panic=1' --trace trace "$vmlinux"
	echo "# status and seconds of poweroff: $output" >&3
	has "$output" '^0 0\.[0-2][0-9]*$'
	has "$(<trace)" 'out 0x604 size 2: 0x3401  PM1_CNT = 0x3401: sleep$'
}

@test "reboot is the reset register's" {
	need_fast_kvm
	logs=reboot
	start_shell reboot <<<'reboot -f'
	wait_for_end 120
	is "$status" 0 "exit status"
	has "$(<trace)" 'out 0xcf9 size 1: 0x6'
	has_not "$(<trace)" 'out 0x64 size 1: 0xfe'
}

@test "Linux's other ways to reboot: i8042, triple fault, PCI" {
	need_fast_kvm
	for type in k t p; do
		logs=reboot-$type
		start_shell $logs reboot=$type <<<'reboot -f'
		wait_for_end 120
		is "$status" 0 "exit status with reboot=$type"
	done
}

# ---- the button ----

@test "SIGTERM presses the button: acpid shuts down, the file system is clean" {
	need_fast_kvm
	logs=acpid
	is "$(<"$BATS_FILE_TMPDIR/acpid/status")" 0 "exit status"
	has "$(tr -d '\r' <"$BATS_FILE_TMPDIR/acpid.log")" 'reboot: Power down'
	run e2fsck -fn "$BATS_FILE_TMPDIR/acpid/disk"
	is "$status" 0 "status of e2fsck"
	run debugfs -R 'cat /root/note' "$BATS_FILE_TMPDIR/acpid/disk"
	has "$output" '^written before the button$'
	has "$(<"$BATS_FILE_TMPDIR/acpid/trace")" 'PM1_STS = 0x0100: power button$'
}

# /dev/input/event0 says so: two events of 24 bytes for down, two for up.
@test "the guest hears each of its button's events, and a second SIGTERM ends it" {
	need_fast_kvm
	logs=button
	start_shell button < <(
		echo 'stty -echo; sh /dev/ttyS0'
		echo "echo '@ rea''dy'; head -c 96 /dev/input/event0 | hexdump -C; echo '@ end'"
		silence
	)
	wait_for 120 '^@ ready' "$log"
	sleep 1
	kill -TERM "$pid"
	wait_for 60 '^@ end' "$log"
	# Type EV_KEY, code KEY_POWER, value 1 and 0
	has "$(said button ready)" '01 00 74 00 01 00 00 00'
	has "$(said button ready)" '01 00 74 00 00 00 00 00'
	kill -0 "$pid"
	kill -TERM "$pid"
	wait_for_end 10
	is "$status" $((128 + 15)) "exit status"
}

@test "where nobody has enabled the button, SIGTERM ends the VMM" {
	tiny_vmlinux <<-'END'
		mov	dx, 0x3f8
		mov	al, 'r'
		out	dx, al
		jmp	$
	END
	HOW=SIGTERM AWAIT=r at_terminal "$step5" "$guest"
	is "$status" $((128 + 15))
	took_at_most seconds-to-end 2
}

@test "a guest that takes notice of the button and goes on ends by the second SIGTERM" {
	tiny_vmlinux <<-'END'
		mov	dx, 0x602		; PM1 enable
		mov	ax, 0x100
		out	dx, ax
		mov	dx, 0x3f8
		mov	al, 'r'
		out	dx, al
	.wait:	mov	dx, 0x600		; PM1 status
		in	ax, dx
		test	ax, ax
		jz	.wait
		out	dx, ax
		mov	dx, 0x3f8
		mov	al, 'b'
		out	dx, al
		mov	dx, 0x600
		jmp	.wait
	END
	logs=deaf
	start deaf "$step5" "$guest" </dev/null
	wait_for 60 r "$log"
	kill -TERM "$pid"
	wait_for 60 rb "$log"
	kill -TERM "$pid"
	wait_for_end 10
	is "$status" $((128 + 15)) "exit status"
	# It may see that one, too.
	has "$(<"$log")" '^rbb?$'
}

# A guest that listens to its button, prints so many letters, and is off.
prints() { # LETTERS
	tiny_vmlinux <<-END
		mov	dx, 0x602	; PM1_EN: the button
		mov	ax, 0x100
		out	dx, ax
		mov	dx, 0x3f8
		mov	ecx, $1
	.next:	mov	al, 'r'
		out	dx, al
		loop	.next
		mov	dx, 0x604	; PM1_CNT: off
		mov	ax, 0x3400
		out	dx, ax
	END
}

@test "a machine that is off hears no button: SIGTERM ends it" {
	prints 1000
	logs=off
	full_pipe
	reader=$pid
	start off sh -c 'exec "$@" >fifo' sh "$step5" --trace trace "$guest" </dev/null
	wait_for 20 'PM1_CNT = 0x3400: sleep' trace
	sleep 1
	kill -TERM "$pid"
	wait_for_end 10
	kill "$reader"
	is "$status" $((128 + 15)) "exit status"
}

@test "a guest whose output waits for a second and more is told so" {
	command -v strace >/dev/null || skip "no strace here"
	prints 6000
	full_pipe
	{ sleep 8; exec cat; } <fifo >out 3>&- &
	run timed 60 strace -f -qq -e trace=ioctl -o calls \
		sh -c 'exec "$@" >fifo' sh "$step5" "$guest" </dev/null
	stop
	wait
	is "$status" 0
	is "$(tr -d '\0' <out | wc -c)" 6000 "bytes of output"
	has "$(grep KVMCLOCK calls)" KVM_KVMCLOCK_CTRL
}
