#!/usr/bin/env bats
# irqchip: the interrupt controllers and the timer are ours, and not KVM's.

load lib
load irqchip

setup_file() {
	need_kvm
	need_files "$irqchip" "$kernel" "$initramfs" "$rootfs"
	scene login login || stop
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

login() {
	local dir=$BATS_FILE_TMPDIR/login

	"$project/tests/lab/probe" 2>/dev/null || return 0
	mkdir "$dir"
	cp --sparse=always "$rootfs" "$dir/disk"
	COMMANDS="stty -echo
		echo; echo '@ dmesg'; dmesg
		echo; echo '@ flags'; grep flags /proc/cpuinfo
		echo; echo '@ sleep'; time sleep 1
		echo; echo '@ interrupts'; cat /proc/interrupts
		echo; echo '@ end'
		poweroff" timed 300 "$project/tests/console/play" login "$dir" \
		"$dir.log" "$irqchip" -d "$dir/disk" --trace "$dir/trace" "$kernel" \
		2>"$dir.err"
}

# ---- Linux ----

@test "Linux boots from the disk to a login, without an APIC" {
	need_fast_kvm
	logs=login
	is "$(<"$BATS_FILE_TMPDIR/login/status")" 0 "exit status"
	is "$(cat "$BATS_FILE_TMPDIR/login.err")" "" "standard error"
	said login dmesg >dmesg
	has "$(<dmesg)" 'No local APIC present'
	has "$(<dmesg)" 'Keep in PIC mode\(8259\)'
	has_not "$(<dmesg)" '(unchecked MSR|WARNING|Call Trace|spurious)'
	has_not "$(said login flags)" ' (apic|x2apic|tsc_deadline_timer|extapic|arat) '
}

@test "interrupts come by the 8259s, and none is spurious" {
	need_fast_kvm
	logs=login
	said login interrupts >interrupts
	has "$(<interrupts)" '^ *0: +[1-9][0-9]* +XT-PIC +timer'
	has "$(<interrupts)" '^ *4: +[1-9][0-9]* +XT-PIC +ttyS0'
	has "$(<interrupts)" '^ *5: +[1-9][0-9]* +XT-PIC +virtio0'
	has "$(<interrupts)" '^LOC: +0 '
	has "$(<interrupts)" '^ERR: +0'
}

@test "sleep 1 takes a second" {
	need_fast_kvm
	logs=login
	has "$(said login sleep)" 'real.*0m 1\.[01]'
}

@test "the trace tells the registers' names, and each interrupt" {
	need_fast_kvm
	local trace=$BATS_FILE_TMPDIR/login/trace

	grep -m 1 -A 7 ICW1 "$trace" | sed 's/.*  //' >words
	is "$(cat words)" "ICW1 = 0x11
ICW2 = 0x30
ICW3 = 0x04
ICW4 = 0x01
ICW1 = 0x11
ICW2 = 0x38
ICW3 = 0x02
ICW4 = 0x01"
	has "$(<"$trace")" 'out 0x43 .*  CONTROL = 0x38: counter 0, mode 4, both bytes$'
	has "$(<"$trace")" 'out 0x40 .*  COUNTER0 = 0x'
	has "$(<"$trace")" 'out 0x20 .*  OCW2 = 0x60: EOI, IR0$'
	has "$(<"$trace")" '  *[0-9.]+ KVM_INTERRUPT 0x30: IRQ 0$'
	has "$(<"$trace")" '  *[0-9.]+ KVM_INTERRUPT 0x34: IRQ 4$'
	has "$(<"$trace")" ' KVM_EXIT_HLT \(5\)$'
	has "$(<"$trace")" ' KVM_EXIT_IRQ_WINDOW_OPEN \(7\)$'
	# After HLT comes nothing but an interrupt, or the end.
	is "$(awk 'halted && NF && !/KVM_INTERRUPT/
		{ halted = / KVM_EXIT_HLT \(5\)$/ }' "$trace")" "" "what follows HLT"
}

# By each clock that Linux can have here; tests/long has ten minutes, and fio.
@test "the guest keeps time, by KVM's clock" {
	need_fast_kvm
	keeps_time 5
}

@test "... and by the TSC, which it measures with counter 2" {
	need_fast_kvm
	keeps_time 5 no-kvmclock tsc=reliable
}

@test "... and by counting ticks" {
	need_fast_kvm
	keeps_time 5 no-kvmclock clocksource=jiffies highres=off nohz=off
}

@test "poweroff and reboot end it at once, with 0" {
	need_fast_kvm
	for command in poweroff reboot; do
		logs=$command
		start $command "$irqchip" -i "$initramfs" \
			-c 'console=ttyS0 quiet panic=1' "$kernel" <<<"$command -f"
		wait_for_end 120
		is "$status" 0 "exit status of $command"
	done
}

@test "a panic ends it with 0" {
	need_fast_kvm
	logs=panic
	start panic "$irqchip" -i "$initramfs" -c 'console=ttyS0 panic=1' \
		"$kernel" <<<'echo c >/proc/sysrq-trigger'
	wait_for_end 120
	is "$status" 0 "exit status"
	has "$(<"$log")" 'Kernel panic'
}

# ---- interrupts ----

# It has no timer: a wake-up that is lost would be its end.
@test "300 keys, one at a time, each wake a CPU that has halted" {
	pic_guest <<-'END'
			HANDLER 0x24, key
			OUT_BYTE 0x21, 0xef		; IRQ 4 alone
			mov	dx, 0x3fc
			OUT_BYTE dx, 0xb		; DTR, RTS, OUT2
			mov	dx, 0x3f9
			OUT_BYTE dx, 1			; received data
			mov	al, 'r'
			call	put
			mov	al, 10
			call	put
			sti
		.more:	hlt
			jmp	.more
		key:	mov	dx, 0x3f8
			in	al, dx
			call	put
			mov	al, 10
			call	put
			OUT_BYTE 0x20, 0x20
			iret
	END
	run timed 120 python3 -c '
import random, subprocess, sys, time
vmm = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert vmm.stdout.readline() == b"r\n"
times = []
for i in range(300):
    time.sleep(random.random() ** 4 / 50)
    key = b"%c" % (97 + i % 26)
    start = time.monotonic()
    vmm.stdin.write(key)
    vmm.stdin.flush()
    assert vmm.stdout.readline() == key + b"\n"
    times.append(time.monotonic() - start)
vmm.terminate()
times.sort()
print("%.1f %.1f" % (1000 * times[150], 1000 * times[-1]))' "$irqchip" "$guest"
	is "$status" 0 "status"
	echo "# milliseconds from a key to its echo, median and most: $output" >&3
	# A tick is 10 ms.
	awk '{ exit !($1 < 10) }' <<<"$output"
}

# Interrupts off, a request that waits, STI: then the CPU takes one instruction
# more, and that is HLT. If that one slept, it would sleep for ever.
@test "an interrupt that waits at STI, HLT is not slept through" {
	pic_guest <<-'END'
			HANDLER 0x20, tick
			OUT_BYTE 0x21, 0xfe
			OUT_BYTE 0x20, 0x0a		; reads are of IRR
			mov	cx, 1000
		.next:	OUT_BYTE 0x43, 0x10		; mode 0, a count of 50
			OUT_BYTE 0x40, 50
		.wait:	in	al, 0x20
			test	al, 1
			jz	.wait
			sti
			hlt
			cli
			loop	.next
			mov	al, 'e'
			call	put
			hlt
		tick:	OUT_BYTE 0x20, 0x20
			iret
	END
	run --separate-stderr vmm --trace trace "$guest"
	is "$status" 0
	is "$output" e
	is "$(grep -c 'KVM_INTERRUPT 0x20: IRQ 0' trace)" 1000 "interrupts"
}

vmm() {
	timed 60 "$irqchip" "$@" </dev/null
}

@test "an interrupt that cannot be taken yet comes when the window opens" {
	need_fast_kvm
	pic_guest <<-'END'
			HANDLER 0x20, tick
			OUT_BYTE 0x21, 0xfe
			OUT_BYTE 0x20, 0x0a		; reads are of IRR
			OUT_BYTE 0x43, 0x10		; mode 0, a count of 50
			OUT_BYTE 0x40, 50
		.wait:	in	al, 0x20		; interrupts are off
			test	al, 1
			jz	.wait
			mov	al, 'a'
			call	put
			sti
			nop
			nop
			cli
			mov	al, 'b'
			call	put
			hlt
		tick:	mov	al, 't'
			call	put
			OUT_BYTE 0x20, 0x20
			iret
	END
	run --separate-stderr vmm --trace trace "$guest"
	is "$status" 0
	is "$output" atb
	has "$(<trace)" KVM_EXIT_IRQ_WINDOW_OPEN
}

@test "the 8254 ticks as often as it is told to" {
	pic_guest <<-'END'
			HANDLER 0x20, tick
			OUT_BYTE 0x21, 0xfe
			OUT_BYTE 0x43, 0x34		; mode 2: 100 a second
			OUT_BYTE 0x40, 11932 & 0xff
			OUT_BYTE 0x40, 11932 >> 8
			mov	cx, 300
			sti
		.next:	hlt
			loop	.next
			cli
			hlt
		tick:	OUT_BYTE 0x20, 0x20
			iret
	END
	local start end
	start=$(date +%s%N)
	vmm "$guest"
	end=$(date +%s%N)
	echo "# $(((end - start) / 1000000)) ms for 300 ticks" >&3
	[ $((end - start)) -ge 3000000000 ]
	[ $((end - start)) -le 6000000000 ]
}

# ---- idle ----

@test "a halted CPU costs the host nothing" {
	pic_guest <<-'END'
		.more:	sti
			hlt
			jmp	.more
	END
	start idle "$irqchip" --trace trace "$guest" < <(silence)
	sleep 2
	local before
	before=$(cpu_time "$pid")
	sleep 5
	is "$(cpu_time "$pid")" "$before" "CPU time used"
	is "$(grep -c KVM_EXIT_HLT trace)" 1
	kill -TERM "$pid"
	wait_for_end 10
}

@test "so does an idle Linux, but for its ticks" {
	need_fast_kvm
	logs=idle-linux
	start idle-linux "$irqchip" -i "$initramfs" --trace trace \
		-c 'console=ttyS0 quiet panic=1' "$kernel" < <(
		echo "stty -echo; echo rea''dy"
		silence
	)
	wait_for 120 ready "$log"
	sleep 3
	local before after exits
	exits=$(wc -l <trace)
	before=$(cpu_time "$pid")
	sleep 10
	after=$(cpu_time "$pid")
	exits=$((($(wc -l <trace) - exits) / 10))
	echo "# idle Linux: $((after - before)) ms of CPU time a second, $exits exits" >&3
	# Its timer reaches no further than 27 ms: some 36 ticks a second.
	[ "$exits" -le 500 ]
	[ $((after - before)) -le 150 ]
	kill -TERM "$pid"
	wait_for_end 10
}

# ---- guests that mean no good ----

@test "Ctrl-A x quits a CPU that has halted, and one in a storm of ticks" {
	pic_guest <<-'END'
			mov	al, 'r'
			call	put
		.more:	sti
			hlt
			jmp	.more
	END
	HOW=quit AWAIT=r at_terminal "$irqchip" "$guest"
	is "$status" 0 "exit status"
	took_at_most seconds-to-end 2

	pic_guest <<-'END'
			HANDLER 0x20, tick
			OUT_BYTE 0x21, 0xfe
			OUT_BYTE 0x43, 0x14		; a tick each 838 ns
			OUT_BYTE 0x40, 1
			sti
			mov	cx, 1000
		.more:	hlt
			loop	.more
			mov	al, 'r'			; it gets on all the same
			call	put
			jmp	$
		tick:	push	ax
			OUT_BYTE 0x20, 0x20
			pop	ax
			iret
	END
	HOW=quit AWAIT=r at_terminal "$irqchip" "$guest"
	is "$status" 0 "exit status"
	took_at_most seconds-to-end 2
}

# No EOI ever, in mode 3, masks and words at random: whatever comes of it, the
# guest ends as it says, and not the VMM.
@test "random values to every port of the chips, 20,000 times" {
	pic_guest <<-'END'
			mov	cx, 256			; all vectors: IRET
			xor	di, di
		.all:	mov	word [es:di], back - 0x200
			mov	[es:di + 2], cs
			add	di, 4
			loop	.all
			mov	ebx, 12345
			mov	ecx, 20000
			push	cs
			pop	ds
		.next:	imul	ebx, 1103515245
			add	ebx, 12345
			mov	eax, ebx
			shr	eax, 16
			mov	si, ax
			and	si, 7
			shl	si, 1
			mov	dx, [ports - 0x200 + si]
			mov	al, ah
			test	al, 0x10		; of ICW1 without "levels": with
			jz	.put			; a line that stays high and
			and	al, 0xf7		; automatic EOI nothing else
		.put:	out	dx, al			; would ever run
			in	al, dx
			in	eax, dx
			test	bl, 1
			jz	.off
			sti
		.off:	nop
			cli
			dec	ecx
			jnz	.next
			mov	al, 'e'
			call	put
			hlt
		back:	iret
		ports:	dw	0x20, 0x21, 0xa0, 0xa1, 0x40, 0x43, 0x42, 0x61
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" e
	is "$stderr" ""
}

@test "words that never end, and chips that were never started" {
	tiny_kernel <<-'END'
			mov	al, 0x11		; ICW1, and then nothing
			out	0x20, al
			mov	al, 0x34
			out	0x43, al
			mov	al, 100
			out	0x40, al
			out	0x40, al
			sti
			mov	ecx, 3000000
			db	0x67
			loop	$
			mov	dx, 0x3f8
			mov	al, 'e'
			out	dx, al
			cli
			hlt
	END
	run --separate-stderr vmm "$guest"
	is "$status" 0
	is "$output" e
}

# The interrupt table says that the vector's handler is where no memory is.
@test "an interrupt whose handler is nowhere is a crash: 2, and a report" {
	need_fast_kvm
	pic_guest <<-'END'
			lidt	[cs:none - 0x200]
			OUT_BYTE 0x21, 0xfe
			OUT_BYTE 0x43, 0x10
			OUT_BYTE 0x40, 1
			sti
		.more:	hlt
			jmp	.more
		none:	dw	0, 0, 0
	END
	run --separate-stderr vmm "$guest"
	is "$status" 2 "exit status"
	has "$stderr" 'KVM_EXIT_SHUTDOWN'
}

# Power off and reset of this one are step 3's, and so is what this leaves out.
@test "a smoke of step 3's tests" {
	need_fast_kvm
	is "$(SCENES=four of_step3 "$irqchip" \
		'^(what Linux (reads|writes) is|each disk has an interrupt|a read-only disk is|the driver can leave)')" \
		"" "tests that failed"
}
