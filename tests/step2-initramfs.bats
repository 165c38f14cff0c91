#!/usr/bin/env bats
# Step 2: Linux from an initramfs, on a serial console.
#
# A boot takes seconds, in the lab more. So setup_file() has a few guests boot,
# keeps what they wrote, and most tests look at that. Where it is not about
# Linux, a few lines of assembler stand for the kernel (tiny_kernel).

load lib

setup_file() {
	need_fast_kvm
	need_files "$step2" "$kernel" "$kernel_with_initramfs" "$initramfs"
	# What goes wrong here shows in the tests.
	scene survey survey || stop
	scene terminal terminal || true
	scene paste paste || stop
}

teardown_file() {
	keep_logs
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	quiet='console=ttyS0 quiet panic=1'
	logs=
}

teardown() {
	show_logs
	stop
}

# The VMM under test, with an input that has nothing to say.
vmm() {
	timed 120 "$step2" "$@" </dev/null
}

# ---- guests that tell about themselves ----

# The shell's input is typed ahead, all of it, before there is a kernel. A second
# shell takes it for a script, so it neither prompts nor echoes.
survey() {
	date +%s >"$BATS_FILE_TMPDIR/survey-start"
	start survey "$step2" "$kernel_with_initramfs" <<-'END'
		stty -echo; sh /dev/ttyS0
		say() { echo "@ $1"; }
		say cmdline; cat /proc/cmdline
		say date; date +%s
		say before; cat /proc/interrupts; cat /proc/uptime
		sleep 2
		say after; cat /proc/interrupts; cat /proc/uptime
		say meminfo; cat /proc/meminfo
		say serial; cat /proc/tty/driver/serial
		say tty; dmesg | grep ttyS0
		say unclaimed; dd if=/dev/port bs=1 skip=736 count=4 2>/dev/null | od -An -tx1
		say nested; grep -c -w -e svm -e vmx /proc/cpuinfo
		say end
		reboot
	END
	wait_for_end 180
	date +%s >"$BATS_FILE_TMPDIR/survey-end"
	echo "$status" >"$BATS_FILE_TMPDIR/survey-status"
}

# A person at the terminal, in the scene "linux". The paste is more than the VMM
# itself keeps for the guest.
terminal() {
	local dir=$BATS_FILE_TMPDIR/terminal

	mkdir "$dir"
	head -c 52000 /dev/urandom | base64 >"$dir/paste"
	timed 600 "$project/tests/console/play" linux \
		"$dir" "$dir.log" \
		"$step2" -c "$quiet" -i "$initramfs" "$kernel" 2>"$dir.err"
}

# What that person has found out.
found() { # NAME
	sed -n "s/^$1 //p" "$BATS_FILE_TMPDIR/terminal/results"
}

# Bytes of every value, through a pipe. The guest has to be ready for them.
paste() {
	local dir=$BATS_FILE_TMPDIR/paste

	mkdir "$dir"
	head -c 70000 /dev/urandom >"$dir/sent"
	true >"$dir.log"
	start paste "$step2" -c "$quiet" "$kernel_with_initramfs" < <(
		echo 'stty raw -echo; echo rea""dy; head -c 70000 | md5sum;' \
			'stty sane; poweroff'
		wait_for 120 ready "$dir.log"
		cat "$dir/sent"
	)
	wait_for 180 'System halted' "$log"
	halted=$SECONDS
	wait_for_end 60
	echo $((SECONDS - halted)) >"$dir/seconds"
	echo "$status" >"$dir/status"
}

# The memory map that Linux is told for -m MIB: all of it below 3 GiB, as there
# is nothing in the last GiB of the 32-bit addresses; the rest above 4 GiB.
memory_map() { # MIB
	local mib=$1 format='BIOS-e820: [mem 0x%016x-0x%016x] usable\n'

	# shellcheck disable=SC2059
	{
		printf "$format" 0 $((0x9ffff))
		printf "$format" $((0x100000)) \
			$(((mib < 3072 ? mib : 3072) * 0x100000 - 1))
		[ "$mib" -le 3072 ] || printf "$format" $((0x100000000)) \
			$(((mib + 1024) * 0x100000 - 1))
	}
}

# Boots with -m MIB until Linux has shown that map.
memory_map_is_right() { # MIB
	start "memory-$1" "$step2" -m "$1" "$kernel" </dev/null
	wait_for 120 'last_pfn = ' "$log"
	kill "$pid"
	wait_for_end 30
	run sed -n 's/^.*\(BIOS-e820: .*\)\r$/\1/p' "$log"
	is "$output" "$(memory_map "$1")" "the memory map with -m $1"
}

# ---- Linux to a shell ----

@test "Linux boots to a shell from the initramfs in the kernel" {
	logs=survey
	run cat "$BATS_FILE_TMPDIR/survey.log"
	has "$output" 'Linux version [0-9]'
	has "$output" 'Run /init as init process'
	has "$output" 'Welcome to step 2: Linux on your own VMM'
	has "$output" '^@ end'
}

@test "the default command line is the documented one" {
	logs=survey
	# Behind what is built into the kernel
	has "$(said survey cmdline)" "^[^ ]+ console=ttyS0 earlyprintk=serial panic=1$"
}

@test "early messages come before the console's driver" {
	logs=survey
	run sed -n '/console \[ttyS0\] enabled/,$d;p' "$BATS_FILE_TMPDIR/survey.log"
	has "$output" 'Linux version'
	has "$output" 'bootconsole \[earlyser0\] enabled'
}

@test "what was typed before the guest was there is not lost" {
	logs=survey
	is "$(grep -c '^@ ' "$BATS_FILE_TMPDIR/survey.log")" 10 "number of answers"
}

@test "the guest's reboot ends the VMM with 0" {
	logs=survey
	has "$(<"$BATS_FILE_TMPDIR/survey.log")" 'reboot: Restarting system'
	is "$(<"$BATS_FILE_TMPDIR/survey-status")" 0 "exit status"
	is "$(<"$BATS_FILE_TMPDIR/survey.err")" "" "standard error"
}

@test "Linux boots to a shell from an external initramfs" {
	logs=terminal
	is "$(found error)" ""
	is "$(found answer)" 42
}

# ---- time and interrupts ----

# Until its kernel has switched to kvm-clock it counts ticks, and misses some on
# a slow machine: seconds of difference are right, years are not.
@test "the guest's date is ours" {
	logs=survey
	run said survey date
	[ "$output" -ge $(($(<"$BATS_FILE_TMPDIR/survey-start") - 60)) ]
	[ "$output" -le $(($(<"$BATS_FILE_TMPDIR/survey-end") + 3)) ]
	read -r before guest after < <(found dates)
	[ "$guest" -ge $((before - 60)) ]
	[ "$guest" -le $((after + 3)) ]
}

# The first column of /proc/uptime
uptime_of() { # HEADING
	said survey "$1" | sed -n 's/^\([0-9]*\.[0-9]*\) [0-9.]*$/\1/p'
}

@test "two seconds of sleep are two seconds on the guest's clock" {
	logs=survey
	run awk -v before="$(uptime_of before)" -v after="$(uptime_of after)" \
		'BEGIN { print after - before; exit !(after - before >= 2 &&
			after - before < 5) }'
	is "$status" 0
}

@test "three seconds of sleep are three seconds on ours" {
	logs=terminal
	run awk -v seconds="$(found seconds-of-sleep-3)" \
		'BEGIN { print seconds; exit !(seconds >= 2.9 && seconds < 8) }'
	is "$status" 0
}

# How many interrupts of a name there were.
interrupts() { # HEADING NAME
	said survey "$1" | awk -v name="$2" '$NF == name { print $2 }'
}

@test "interrupts of the timer and of the serial port arrive" {
	logs=survey
	is "$(said survey before | grep -c 'XT-PIC *timer')" 1
	[ "$(interrupts before timer)" -gt 10 ]
	[ "$(interrupts after timer)" -gt "$(interrupts before timer)" ]
	[ "$(interrupts before ttyS0)" -gt 10 ]
	[ "$(interrupts after ttyS0)" -gt "$(interrupts before ttyS0)" ]
	has "$(said survey after)" '^ *4: .*ttyS0$'
}

@test "the guest's CPU has nothing for virtual machines of its own" {
	logs=survey
	is "$(said survey nested)" 0 "CPUs with svm or vmx"
}

# ---- memory ----

@test "256 MiB of memory by default, and Linux has all of it" {
	logs=survey
	run sed -n 's/^.*\(BIOS-e820: .*\)\r$/\1/p' "$BATS_FILE_TMPDIR/survey.log"
	is "$output" "$(memory_map 256)"
	# All but the first page and the PC's hole below 1 MiB
	has "$(<"$BATS_FILE_TMPDIR/survey.log")" \
		" Memory: [0-9]+K/$((256 * 1024 - 4 - 384))K available"
	# Some of it the kernel keeps for itself.
	total=$(said survey meminfo | awk '$1 == "MemTotal:" { print $2 }')
	[ "$total" -gt $((256 * 1024 * 90 / 100)) ]
	[ "$total" -lt $((256 * 1024)) ]
}

@test "memory below the 32-bit hole: -m 128, 1024, 3072" {
	memory_map_is_right 128
	memory_map_is_right 1024
	memory_map_is_right 3072
}

@test "memory across the 32-bit hole: -m 3073, 3584, 5120, 8192" {
	memory_map_is_right 3073
	memory_map_is_right 3584
	memory_map_is_right 5120
	memory_map_is_right 8192
}

# ---- the serial port ----

@test "Linux finds a 16550A at 0x3f8 with interrupt 4" {
	logs=survey
	has "$(said survey tty)" 'ttyS0 at I/O 0x3f8 \(irq = 4, .*\) is a 16550A$'
	has "$(said survey serial)" '^0: uart:16550A port:000003F8 irq:4 '
	# oe: overruns, that is lost input
	has_not "$(said survey serial)" '^0: .* oe:'
}

@test "ports without a device read as all ones in Linux too" {
	logs=survey
	is "$(said survey unclaimed)" " ff ff ff ff"
}

@test "70,000 bytes of every value through a pipe arrive whole" {
	logs='paste'
	run tr -d '\r' <"$BATS_FILE_TMPDIR/paste.log"
	has "$output" "$(md5sum <"$BATS_FILE_TMPDIR/paste/sent")"
}

@test "70,000 characters pasted at the terminal arrive whole" {
	logs=terminal
	run md5sum "$BATS_FILE_TMPDIR/terminal/paste"
	is "$(found md5-of-paste)" "${output%% *}"
}

@test "the end of a pipe is not the end of the guest: poweroff is, with 0" {
	logs='paste'
	is "$(<"$BATS_FILE_TMPDIR/paste/status")" 0 "exit status"
	is "$(<"$BATS_FILE_TMPDIR/paste.err")" "" "standard error"
	# The VMM looks in once a second.
	[ "$(<"$BATS_FILE_TMPDIR/paste/seconds")" -le "$(limit 5)" ]
}

# ---- keys at the terminal ----

@test "while the guest runs, the terminal is raw" {
	logs=terminal
	is "$(found mode-while-running)" raw
}

@test "Ctrl-C and Ctrl-Z reach the guest" {
	logs=terminal
	is "$(found status-after-ctrl-c)" 130
	has "$(<"$BATS_FILE_TMPDIR/terminal.log")" 'Stopped .*sleep 1000'
}

@test "Ctrl-A Ctrl-A and Ctrl-A a are one Ctrl-A, other keys themselves" {
	logs=terminal
	is "$(found keys)" "01 01 03 04 11 1a 7a"
}

@test "Ctrl-A h prints help" {
	logs=terminal
	has "$(<"$BATS_FILE_TMPDIR/terminal.log")" '^Ctrl-A x +quit'
}

@test "stopped by SIGTSTP, the VMM gives the terminal back until SIGCONT" {
	logs=terminal
	is "$(found answer-after-stop)" 49
}

@test "Ctrl-A x quits in a flood of output, and restores the terminal" {
	logs=terminal
	is "$(<"$BATS_FILE_TMPDIR/terminal/status")" 0 "exit status"
	run diff "$BATS_FILE_TMPDIR"/terminal/stty-{before,after}
	is "$output" ""
}

# A guest that says "r" and then has a triple fault.
triple_fault() {
	tiny_kernel <<-'END'
			mov	dx, 0x3f8
			mov	al, 'r'
			out	dx, al
			lidt	[none]		; no interrupt table
			lgdt	[none]
			mov	eax, cr0
			inc	ax		; PE = 1: protected mode
			mov	cr0, eax
			ud2
		none	times 6 db 0
	END
}

@test "Ctrl-A x quits a guest that runs in circles and reads nothing" {
	circles
	HOW=quit AWAIT=r at_terminal "$step2" "$guest"
	is "$status" 0
}

@test "so does a Ctrl-A x typed before the VMM has begun" {
	circles
	for _ in 1 2 3 4 5; do
		HOW='quit ahead' at_terminal "$step2" "$guest"
		is "$status" 0
	done
}

# Then the VMM has no room for more, and the terminal soon neither.
@test "so does a Ctrl-A x behind 66,000 keys that nobody reads" {
	circles
	TYPE=$(printf '%*s' 66000 '') HOW=quit AWAIT=r at_terminal "$step2" "$guest"
	is "$status" 0
	took_at_most seconds-to-end 10
}

@test "signals that end the VMM restore the terminal" {
	circles
	for signal in 1:HUP 2:INT 3:QUIT 11:SEGV 12:USR2 15:TERM 16:STKFLT \
		24:XCPU 26:VTALRM 27:PROF 29:IO 30:PWR; do
		HOW=SIG${signal#*:} AWAIT=r at_terminal "$step2" "$guest"
		is "$status" $((128 + ${signal%:*})) "status after $signal"
	done
}

@test "a crash and an end restore the terminal" {
	triple_fault
	HOW=wait AWAIT='The guest crashed' at_terminal "$step2" "$guest"
	is "$status" 2
	HOW=wait AWAIT=r at_terminal "$step2" -c reboot=t "$guest"
	is "$status" 0
}

# ---- standard input and output that are no terminal ----

# The VMM that start() has started: does it idle while its guest does?
idles() {
	local before

	wait_for 120 '~ # ' "$log"
	sleep 2
	before=$(cpu_time "$pid")
	sleep 3
	[ $(($(cpu_time "$pid") - before)) -lt 100 ]
}

@test "with /dev/null for input the guest runs on, and the VMM does not spin" {
	start devnull "$step2" -m 128 -c "$quiet" "$kernel_with_initramfs" </dev/null
	logs=devnull
	idles
	kill -TERM "$pid"
	wait_for_end 30
	is "$status" $((128 + 15))
}

@test "nor with a closed standard input" {
	# shellcheck disable=SC2016
	start closed bash -c 'exec "$@" <&-' bash \
		"$step2" -c "$quiet" "$kernel_with_initramfs"
	logs=closed
	idles
}

# A guest that writes 1,000 times "0123456789" and ends.
many_digits() {
	tiny_kernel <<-'END'
			mov	dx, 0x3f8
			mov	cx, 1000
		.line:	mov	al, '0'
		.next:	out	dx, al
			inc	al
			cmp	al, '9'
			jbe	.next
			loop	.line
			cli
			hlt
	END
}

@test "a blocked output pauses the guest, and Ctrl-A x still quits" {
	many_digits
	full_pipe
	# shellcheck disable=SC2016
	HOW=quit at_terminal bash -c 'exec "$0" "$1" >fifo' "$step2" "$guest"
	is "$status" 0
	cpu=$(sed -n 's/^cpu-time //p' terminal/results)
	[ "$cpu" -lt 30 ]
}

@test "what a slow reader gets is complete" {
	many_digits
	full_pipe
	reader=$pid
	# shellcheck disable=SC2016
	start slow bash -c 'exec "$0" "$1" >fifo </dev/null' "$step2" "$guest"
	sleep 1
	timed 120 cat fifo | tr -d '\0' >digits &
	wait_for_end 60
	kill "$reader"
	is "$status" 0
	wait
	is "$(<digits)" "$(printf '0123456789%.0s' {1..1000})"
}

@test "output is written by lines, and so is half a line" {
	logs=lines
	command -v strace >/dev/null || skip "no strace here"
	tiny_kernel <<-'END'
		mov	dx, 0x3f8
		mov	cx, 20
	.next:	mov	al, 'x'
		out	dx, al
		out	dx, al
		mov	al, 10
		out	dx, al
		loop	.next
		mov	al, 'h'
		out	dx, al
		jmp	$
	END
	start lines strace -f -qq -e trace=write -o calls "$step2" "$guest" </dev/null
	wait_for 20 '^h$' "$log"
	# 61 characters; a slow machine may cut a line.
	writes=$(grep -c 'write(1, ' calls)
	[ "$writes" -le 25 ]
}

# Waits for a key, prints a prompt, then waits for the keyboard controller.
prompts() {
	tiny_kernel <<-'END'
			mov	dx, 0x3f8
			mov	al, 'r'
			out	dx, al
			mov	dx, 0x3fd	; LSR: data ready
		.key:	in	al, dx
			test	al, 1
			jz	.key
			mov	dx, 0x3f8
			in	al, dx
			mov	al, 'k'
			out	dx, al
			mov	al, '?'
			out	dx, al
		.poll:	in	al, 0x64
			jmp	.poll
	END
}

# A tenth of a second is promised. The lab may be busy with something else.
@test "a prompt without the end of a line is there at once" {
	prompts
	for _ in 1 2 3; do
		TYPE=x ANSWER='k\?' HOW=quit AWAIT=r at_terminal "$step2" "$guest"
		is "$status" 0
		! took_at_most seconds-to-answer 0.3 || return 0
	done
	return 1
}

# 1,000 digits times 10 do not fit: some are in the VMM when it is to end.
@test "what the guest has written is not lost when SIGTERM ends the VMM" {
	tiny_kernel <<-'END'
			mov	dx, 0x3f8
			mov	cx, 100
		.line:	mov	al, '0'
		.next:	out	dx, al
			inc	al
			cmp	al, '9'
			jbe	.next
			loop	.line
			mov	dx, 0x64	; for the trace
			in	al, dx
			jmp	$
	END
	full_pipe
	holder=$pid
	# shellcheck disable=SC2016
	start drained bash -c 'exec "$0" --trace trace "$1" >fifo </dev/null' \
		"$step2" "$guest"
	until [ -e trace ]; do sleep 0.1; done
	wait_for 20 ' in 0x64 ' trace
	kill -TERM "$pid"
	timed 60 cat fifo | tr -d '\0' >digits &
	reader=$!
	wait_for_end 20
	is "$status" $((128 + 15))
	kill "$holder"
	wait "$reader" || :
	is "$(<digits)" "$(printf '0123456789%.0s' {1..100})"
}

@test "nor when an error of the host's ends it" {
	circles
	run --separate-stderr vmm --trace /dev/full "$guest"
	is "$status" 1
	is "$output" r
	is "$stderr" "step2-initramfs: the trace: No space left on device"
}

# All the while the VMM has timers, whose signals must not get in between.
@test "a trace goes to a slow reader, too" {
	many_digits
	mkfifo trace
	{ sleep 4; cat; } <trace >traced 3>&- &
	run --separate-stderr vmm --trace trace "$guest"
	is "$status" 0
	is "$stderr" ""
	is "$output" "$(printf '0123456789%.0s' {1..1000})"
	wait
	has "$(<traced)" '^ +10000  KVM_EXIT_IO out 0x3f8 THR$'
	is "$(grep -c 'out 0x3f8 size 1' traced)" 10000 "lines"
}

@test "a closed output neither ends the guest nor hurts the VMM" {
	many_digits
	run timed 120 bash -c '"$0" "$1" </dev/null | true; exit ${PIPESTATUS[0]}' \
		"$step2" "$guest"
	is "$status" 0
	is "$output" ""
	run timed 120 bash -c '"$0" "$1" </dev/null >&-' "$step2" "$guest"
	is "$status" 0
	is "$output" ""
}

# ---- how guests end ----

@test "a panic ends with 0, and the trace tells of the serial port" {
	run --separate-stderr vmm -m 128 --trace trace -c \
		'console=ttyS0 quiet rdinit=/nonexistent panic=1' "$kernel_with_initramfs"
	is "$status" 0
	has "$output" 'Kernel panic'
	has "$output" 'Rebooting in 1 seconds'
	is "$stderr" ""
	run tr -d '\000' <trace
	has "$output" 'KVM_EXIT_IO out 0x3fb size 1: 0x.*LCR = 0x[0-9a-f]+: 8N1'
	has "$output" 'KVM_EXIT_IO out 0x3fb size 1: 0x.*LCR = 0x.*divisor latch'
	has "$output" 'KVM_EXIT_IO out 0x3f8 .*DLL = 0x'
	has "$output" "KVM_EXIT_IO out 0x3f8 size 1: 0x4b  THR = 0x4b: 'K'"
	has "$output" 'KVM_EXIT_IO in 0x3fd .*LSR = 0x60: transmitter empty'
	has "$output" 'KVM_EXIT_IO in 0x3fa .*IIR = 0x[0-9a-f]+:'
	has "$output" 'KVM_EXIT_IO out 0x64 size 1: 0xfe'
	has "$output" '^[0-9]+ exits by reason, port and register:$'
	has "$output" '^ +[0-9]+  KVM_EXIT_IO out 0x3f8 THR$'
	# The summary adds up to what it says, and to the number of lines.
	awk '/ exits by reason/ { total = $1; summary = 1; next }
		summary { sum += $1 }
		!summary && NF { lines++ }
		END { print total, sum, lines
			exit !(total > 1000 && total == sum && total == lines) }' trace
}

@test "reboot=t: Linux's triple fault ends with 0" {
	run --separate-stderr timed 120 "$step2" -c "$quiet reboot=t" \
		"$kernel_with_initramfs" <<<'reboot -f'
	is "$status" 0
	has "$output" 'reboot: Restarting system'
	is "$stderr" ""
}

@test "a triple fault that nobody asked for is a crash: 2, and a report" {
	triple_fault
	for cmdline in "$quiet" '' reboot=k 'noreboot=t' 'reboot=k root=t'; do
		run --separate-stderr vmm -c "$cmdline" "$guest"
		is "$status" 2 "exit status with '$cmdline'"
		has "$stderr" 'KVM_EXIT_SHUTDOWN .*triple fault'
		has "$stderr" 'RIP [0-9a-f]{16}'
	done
}

@test "with reboot=t among the options it is an end" {
	triple_fault
	for cmdline in reboot=t 'quiet reboot=w,t panic=1' reboot=triple; do
		run --separate-stderr vmm -c "$cmdline" "$guest"
		is "$status" 0 "exit status with '$cmdline'"
		is "$stderr" ""
	done
}

@test "the keyboard controller is never busy, and its reset is the end" {
	tiny_kernel <<-'END'
			in	al, 0x64
			and	al, 2		; input full: busy
			add	al, 'A'		; A: it is not
			mov	dx, 0x3f8
			out	dx, al
			mov	al, 0xfe
			out	0x64, al
			jmp	$
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" "A"
}

# Linux's setup of its local APIC, when the timer is quicker: KVM then looks at
# the 8259 only when it is asked to. An x2APIC's registers are MSRs, which real
# mode reaches.
@test "an interrupt that waits at the 8259 when the local APIC opens comes" {
	tiny_kernel <<-'END'
		%macro WRITE_MSR 2
			mov	ecx, %1
			mov	eax, %2
			xor	edx, edx
			wrmsr
		%endmacro
		%macro OUT_BYTE 2
			mov	al, %2
			out	%1, al
		%endmacro
			mov	ecx, 0x1b	; IA32_APIC_BASE
			rdmsr
			or	eax, 1 << 10	; x2APIC
			wrmsr
			WRITE_MSR 0x80f, 0x1ff	; SPIV: on
			WRITE_MSR 0x835, 0x10700 ; LVT0: ExtINT, masked
			push	word 0
			pop	es
			mov	word [es:0x20 * 4], tick - 0x200
			mov	[es:0x20 * 4 + 2], cs
			OUT_BYTE 0x20, 0x11	; ICW1 to ICW4: vectors from 20h on
			OUT_BYTE 0x21, 0x20
			OUT_BYTE 0x21, 4
			OUT_BYTE 0x21, 1
			OUT_BYTE 0x21, 0xfe	; IRQ 0 alone
			OUT_BYTE 0x43, 0x34	; the timer: each millisecond
			OUT_BYTE 0x40, 1193 & 0xff
			OUT_BYTE 0x40, 1193 >> 8
			OUT_BYTE 0x20, 0x0a	; reads are of IRR
		.wait:	in	al, 0x20
			test	al, 1
			jz	.wait
			WRITE_MSR 0x835, 0x700	; LVT0: open
			sti
		.more:	hlt
			jmp	.more
		tick:	OUT_BYTE 0x64, 0xfe
			jmp	$
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
}

@test "all of the CMOS clock's registers are zero" {
	tiny_kernel <<-'END'
			mov	dx, 0x3f8
			mov	cx, 128
			xor	bl, bl
		.next:	mov	al, cl
			dec	al
			out	0x70, al
			in	al, 0x71
			or	bl, al
			loop	.next
			mov	al, 'A'
			add	al, bl
			out	dx, al
			mov	al, 0xfe
			out	0x64, al
			jmp	$
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" A
}

@test "a reset by port 0xcf9 is the end, a dword at 0xcf8 is none" {
	tiny_kernel <<-'END'
			mov	dx, 0xcf8	; PCI's address, with the same bit
			mov	eax, 0x80000400
			out	dx, eax
			mov	dx, 0x3f8
			mov	al, 'r'
			out	dx, al
			mov	dx, 0xcf9
			mov	al, 2		; as Linux: what kind, then the reset
			out	dx, al
			mov	al, 6
			out	dx, al
			jmp	$
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" r
	is "$stderr" ""
}

@test "a jump to the BIOS's entry is the end, too" {
	tiny_kernel <<-'END'
			jmp	0xffff:0
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$stderr" ""
}

@test "reboot=b and reboot=p: Linux ends as it is told to" {
	for type in b p; do
		run --separate-stderr timed 120 "$step2" -c "$quiet reboot=$type" \
			"$kernel_with_initramfs" <<<'reboot -f'
		is "$status" 0 "exit status with reboot=$type"
		has "$output" 'reboot: Restarting system'
		is "$stderr" ""
	done
}

@test "halted with interrupts off is the end, with them on it is not" {
	tiny_kernel <<-'END'
		cli
		hlt
		jmp	$
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0

	tiny_kernel <<-'END'
		sti
		hlt
		jmp	$
	END
	start halted "$step2" "$guest" </dev/null
	sleep 4
	kill -TERM "$pid"		# fails if it has ended
	wait_for_end 30
	is "$status" $((128 + 15))
}

# ---- usage ----

@test "--help explains itself" {
	run --separate-stderr vmm --help
	is "$status" 0
	has "$output" '^Usage: step2-initramfs .*KERNEL'
	has "$output" 'console=ttyS0 earlyprintk=serial panic=1'
	is "$stderr" ""
}

@test "an unknown option, no kernel and a second one: usage" {
	run --separate-stderr vmm --frobnicate "$kernel"
	is_wrong_usage
	run --separate-stderr vmm -d disk "$kernel"
	is_wrong_usage
	run --separate-stderr vmm
	is_wrong_usage
	run --separate-stderr vmm "$kernel" "$kernel"
	is_wrong_usage
}

@test "-m takes a number of MiB" {
	for mib in 0 x '' -5 5x 1.5 0x100 99999999999999999999; do
		run --separate-stderr vmm -m "$mib" "$kernel"
		is_refused "^step2-initramfs: -m $mib: "
	done
}

@test "too little memory: the message names -m" {
	for mib in 1 2 16; do
		run --separate-stderr vmm -m $mib "$kernel"
		is_refused 'bzImage: .* -m'
	done
}

@test "more memory than any host has: one clear line" {
	for mib in 1000000000 17592186044415; do
		run --separate-stderr vmm -m $mib "$kernel"
		is_refused "$mib"
	done
}

# A terabyte: more than most hosts can manage, whatever it is that they cannot
@test "-m 1048576 works, or is refused as -m" {
	tiny_kernel <<<'
		cli
		hlt'
	run --separate-stderr vmm -m 1048576 "$guest"
	[ "$status" = 0 ] || is_refused '^step2-initramfs: -m 1048576: '
}

@test "the longest command line arrives whole, one character more is refused" {
	# Prints what is behind the first 2044 characters.
	tiny_kernel <<-'END'
		mov	esi, [cmd_line_ptr]
		shr	esi, 4
		mov	ds, si
		mov	si, 2044
		mov	cx, 3
		mov	dx, 0x3f8
		rep	outsb
		cli
		hlt
	END
	longest=$(printf 'word%04d ' {1..227})one
	longest=${longest:0:2044}end
	is ${#longest} 2047
	run --separate-stderr vmm -c "$longest" "$guest"
	is "$status" 0
	is "$output" "end"
	run --separate-stderr vmm -c "${longest}X" "$guest"
	is_refused 'command line.* 2048 .* 2047'
}

# ---- files that will not do ----

@test "kernels that are no files: one clear line each" {
	run --separate-stderr vmm missing
	is_refused '^step2-initramfs: missing: No such file or directory$'
	run --separate-stderr vmm .
	is_refused '^step2-initramfs: \.: not a regular file$'
	touch empty
	run --separate-stderr vmm empty
	is_refused '^step2-initramfs: empty: .*empty'
	mkfifo fifo
	run --separate-stderr vmm fifo
	is_refused '^step2-initramfs: fifo: not a regular file$'
	cp "$initramfs" secret
	chmod 000 secret
	run --separate-stderr timed 120 "${unprivileged[@]}" "$step2" secret </dev/null
	is_refused '^step2-initramfs: secret: Permission denied$'
}

@test "files that are no kernels: one clear line each" {
	yes 'This is not a kernel.' | head -n 1000 >text
	run --separate-stderr vmm text
	is_refused '^step2-initramfs: text: not a Linux bzImage'
	run --separate-stderr vmm /bin/sh		# an ELF file, as vmlinux
	is_refused '^step2-initramfs: /bin/sh: not a Linux bzImage.*vmlinux'
	run --separate-stderr vmm "$initramfs"
	is_refused 'initramfs.cpio: not a Linux bzImage'
	head -c 1000000 /dev/zero >zeroes
	run --separate-stderr vmm zeroes
	is_refused '^step2-initramfs: zeroes: not a Linux bzImage'
}

@test "a kernel cut off anywhere" {
	size=$(stat -Lc %s "$kernel")
	# In the header, the setup code, the kernel itself, near its end.
	for length in 1 511 512 600 1023 1024 5000 20000 1000000 $((size - 4096)) \
		$((size - 16)); do
		head -c $length "$kernel" >./cut
		run --separate-stderr vmm cut
		is_refused '^step2-initramfs: cut: (too short|truncated)'
	done
}

# Setup code that ends at once.
halt() {
	echo 'cli'
	echo 'hlt'
}

@test "kernels of before 2.6.22 are refused" {
	tiny_kernel <<<"$(halt)"
	run --separate-stderr vmm "$guest"
	is "$status" 0
	tiny_kernel -DVERSION=0x206 <<<"$(halt)"
	run --separate-stderr vmm "$guest"
	is "$status" 0
	for old in VERSION=0x205 VERSION=0x200 LOADFLAGS=0; do
		tiny_kernel -D$old <<<"$(halt)"
		run --separate-stderr vmm "$guest"
		is_refused 'guest.bin: .*too old'
	done
}

@test "setup_sects = 0 means 4" {
	for sects in 4 0; do
		# Prints from the last of the setup sectors, and the payload,
		# which is at 1 MiB.
		tiny_kernel -DSETUP_SECTS=$sects <<-'END'
				mov	si, text
				mov	cx, 6
				mov	dx, 0x3f8
				rep	outsb
				mov	ax, 0xffff
				mov	ds, ax
				mov	si, 0x10
				mov	cx, 7
				rep	outsb
				cli
				hlt
				times 4 * 512 - ($ - $$) db 0
			text	db	"setup "
		END
		run --separate-stderr vmm "$guest"
		is "$status" 0
		is "$output" "setup payload" "output with setup_sects = $sects"
	done
}

@test "a kernel that needs more memory than there is" {
	tiny_kernel -DINIT_SIZE=0x20000000 <<<"$(halt)"
	run --separate-stderr vmm "$guest"
	is_refused 'guest.bin: .*513 MiB.* -m'
	run --separate-stderr vmm -m 513 "$guest"
	is "$status" 0
}

@test "an initramfs that will not do: one clear line each" {
	run --separate-stderr vmm -i missing "$kernel"
	is_refused '^step2-initramfs: missing: No such file or directory$'
	touch empty
	run --separate-stderr vmm -i empty "$kernel"
	is_refused '^step2-initramfs: empty: .*empty'
	run --separate-stderr vmm -i . "$kernel"
	is_refused '^step2-initramfs: \.: not a regular file$'
	for size in 250M 1G 5G; do
		truncate -s $size big
		run --separate-stderr vmm -i big "$kernel"
		is_refused '^step2-initramfs: big: no room.* -m'
	done
}

@test "a trace that cannot be written" {
	run --separate-stderr vmm --trace nowhere/trace "$kernel"
	is_refused '^step2-initramfs: nowhere/trace: No such file or directory$'
}
