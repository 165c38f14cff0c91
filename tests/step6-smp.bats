#!/usr/bin/env bats
# Step 6: several processors.

load lib
load smp/smp

setup_file() {
	smp_setup
	scene four four || stop
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

# A login on four processors, which go off and on; a load on all of them.
four() {
	"$project/tests/lab/probe" 2>/dev/null || return 0
	at_login four 4 "stty -echo; dmesg -n 1
		echo; echo '@ nproc'; nproc
		echo; echo '@ cpuinfo'; cat /proc/cpuinfo
		echo; echo '@ off'
		cd /sys/devices/system/cpu
		for i in 1 2 3; do echo 0 >cpu\$i/online; nproc; done
		echo; echo '@ on'
		for i in 3 1 2; do echo 1 >cpu\$i/online; nproc; done
		for i in 0 1 2 3; do taskset -c \$i true && echo ran on \$i; done
		echo; echo '@ interrupts'; cat /proc/interrupts
		echo; echo '@ dmesg'; dmesg
		echo; echo '@ end'
		poweroff"
}

# ---- use ----

@test "-s takes a number from 1 to 255, and what KVM can" {
	for number in 0 -1 x 2x '' 256 99999999999999999999; do
		run --separate-stderr timed 20 "$step6" -s "$number" "$kernel"
		is_refused "^step6-smp: -s $number: not a number from 1 to 255\$"
	done
	run --separate-stderr timed 20 "$step6" -s
	is_wrong_usage
}

@test "more processors than KVM recommends: a word of warning, and they run" {
	need_fast_kvm
	guest_that counts -DWAIT_FOR=63
	run --separate-stderr timed 100 "$step6" -s 64 "$guest"
	is "$status" 0 "exit status"
	is "${#output}" 63 "number of others that have come"
	has "$stderr" '^step6-smp: -s 64: more than the [0-9]+ that this host.s KVM recommends'
	guest_that counts -DWAIT_FOR=0
	run --separate-stderr timed 100 "$step6" -s 1 "$guest"
	is "$status" 0 "exit status"
	is "$stderr" "" "standard error with one"
}

# ---- what they are told ----

@test "1, 2, 4 and 8 processors: Linux has them all, each a core of one package" {
	need_fast_kvm
	for count in 1 2 4 8; do
		logs=boots-$count
		start boots-$count "$step6" -s $count -i "$initramfs" \
			-c 'console=ttyS0 quiet panic=1' "$vmlinux" <<-'END'
			stty -echo; sh /dev/ttyS0
			echo '@ nproc'; nproc
			echo '@ cpuinfo'; cat /proc/cpuinfo
			echo '@ topology'
			cd /sys/devices/system/cpu
			cat cpu*/topology/package_cpus_list | sort -u
			cat cpu*/topology/core_cpus_list | sort -n
			echo '@ dmesg'; dmesg
			echo '@ end'; reboot -f
		END
		wait_for_end 120
		is "$status" 0 "exit status"
		is "$(said $logs nproc)" $count
		last=$((count - 1))
		is "$(cpuinfo $logs apicid)" "$(seq -s ' ' 0 $last)" "APIC IDs"
		is "$(cpuinfo $logs 'initial apicid')" "$(seq -s ' ' 0 $last)"
		is "$(said $logs topology | xargs)" \
			"$([ $last = 0 ] && echo 0 || echo "0-$last") $(seq -s ' ' 0 $last)"
		has_not "$(said $logs dmesg)" '(Firmware Bug|FW issue|WARNING|BUG|mismatch|not responding|stuck)'
	done
	is "$(cpuinfo boots-4 siblings)" "4 4 4 4" "siblings"
	is "$(cpuinfo boots-4 'cpu cores')" "4 4 4 4" "cores"
	is "$(cpuinfo boots-4 'core id')" "0 1 2 3" "core IDs"
}

# The lines that are numbers, behind a prompt or none
numbers() {
	sed 's/\x1b\[6n//g; s/.*# //' | grep -xE '[0-9]+' | xargs
}

# A field of /proc/cpuinfo, as all processors have it.
cpuinfo() { # NAME FIELD
	said "$1" cpuinfo | sed -n "s/^$2\t*: //p" | xargs
}

@test "a login on four; they go off and on, and the disk is as it should be" {
	need_fast_kvm
	logs=four
	is "$(<"$BATS_FILE_TMPDIR/four/status")" 0 "exit status"
	has_not "$(cat "$BATS_FILE_TMPDIR/four.err")" '^[^s]'
	is "$(said four nproc | numbers)" 4 "processors at first"
	is "$(said four off | numbers)" "3 2 1" "processors while they go"
	is "$(said four on | numbers)" "2 3 4" "processors while they come"
	is "$(said four on | grep -c 'ran on [0-3]$')" 4 "processors that run a program"
	has "$(said four interrupts)" '^ *16:( +[0-9]+){4} +IO-APIC +16-edge +virtio0'
	has "$(said four interrupts)" '^RES: +[1-9][0-9]* +[1-9][0-9]* +[1-9][0-9]* +[1-9][0-9]*'
	has_not "$(said four dmesg)" '(WARNING|BUG|rcu.*stall|soft lockup|not responding|stuck)'
	run e2fsck -fn "$BATS_FILE_TMPDIR/four/disk"
	is "$status" 0 "status of e2fsck"
}

# ---- the trace ----

@test "the trace: each line whole, and with the number of its vCPU" {
	need_fast_kvm
	guest_that talks
	run --separate-stderr timed 100 "$step6" -s 4 --trace trace "$guest"
	is "$status" 0 "exit status"
	# 2,000 exits of each of the three others, all at the same time
	for number in 1 2 3; do
		is "$(grep -cE "^ +[0-9.]+ vCPU $number KVM_EXIT_IO out 0x80 size 1: 0x$number\$" \
			trace)" 2000 "lines of vCPU $number"
	done
	has_not "$(sed '/^$/,$d' trace)" '^ *[0-9.]+ (vCPU [^0-3]|[^v])'
	has_not "$(sed '/^$/,$d' trace)" 'vCPU.*vCPU'
	has "$(<trace)" '^ +6000  KVM_EXIT_IO out 0x80$'
}

@test "the trace of Linux on four: each of them is in it, and all lines in order" {
	need_fast_kvm
	logs=four
	sed '/^$/,$d' "$BATS_FILE_TMPDIR/four/trace" >lines
	is "$(grep -cvE '^ *[0-9]+\.[0-9]{6} vCPU [0-3] KVM_EXIT_[A-Z]+ ' lines)" 0 \
		"lines that are not whole"
	is "$(awk '{ print $3 }' lines | sort -u | xargs)" "0 1 2 3" "vCPUs"
	sort -s -n -k 1,1 lines | cmp - lines
}

# ---- a crash ----

@test "a crash of each vCPU: the guilty one first, then the others" {
	need_fast_kvm
	for guilty in 1 2 3; do
		guest_that crashes -DGUILTY=$guilty
		run --separate-stderr timed 60 "$step6" -s 4 "$guest"
		is "$status" 2 "exit status"
		has "${stderr_lines[0]}$(grep recommends <<<"$stderr")" 'The guest crashed: |recommends'
		report=$(grep -v recommends <<<"$stderr")
		has "$(head -n 1 <<<"$report")" '^The guest crashed: KVM_EXIT_SHUTDOWN \(triple fault\)$'
		is "$(grep -c '^  RIP ' <<<"$report")" 4 "vCPUs that are shown"
		has "$report" "^That was vCPU $guilty\\.  The others, where they stopped:\$"
		is "$(grep -oE '^vCPU [0-9]' <<<"$report" | xargs)" \
			"$(for i in 0 1 2 3; do
				[ $i = $guilty ] || echo "vCPU $i"
			done | xargs)" "order of the others"
		# Number 0 halts, the others run in circles, in real mode.
		has "$report" '^vCPU 0: halted$'
		is "$(grep -c '^vCPU [1-3]: running$' <<<"$report")" 2 "others that run"
		is "$(grep -c 'RAX 00000000c1c1c1c1' <<<"$report")" 2 "others in their circle"
		is "$(grep -c 'bytes at RIP: eb fe' <<<"$report")" 2
	done
}

@test "a crash before the others have been started" {
	guest_that crashes -DGUILTY=0
	run --separate-stderr timed 60 "$step6" -s 3 "$guest"
	is "$status" 2 "exit status"
	report=$(grep -v recommends <<<"$stderr")
	has "$(head -n 1 <<<"$report")" '^The guest crashed: KVM_EXIT_SHUTDOWN'
	has "$report" '^That was vCPU 0\.'
	has "$report" '^vCPU 1: not started: it waits for INIT and SIPI$'
	has "$report" '^vCPU 2: not started: it waits for INIT and SIPI$'
}

@test "one vCPU: the report of a crash is as ever" {
	guest_that crashes -DGUILTY=0
	run --separate-stderr timed 60 "$step6" "$guest"
	is "$status" 2 "exit status"
	has_not "$stderr" 'vCPU'
	is "$(grep -c '^  RIP ' <<<"$stderr")" 1
}

# ---- its ends ----

@test "a reset by each vCPU ends them all, with 0" {
	need_fast_kvm
	for one in 0 1 2 3; do
		guest_that resets -DONE=$one
		run --separate-stderr timed 60 "$step6" -s 4 --trace trace "$guest"
		is "$status" 0 "exit status"
		has "$(<trace)" "vCPU $one KVM_EXIT_IO out 0xcf9 size 1: 0x6\$"
	done
}

@test "Ctrl-A x: vCPUs that run, halt, talk, or have not been started" {
	need_fast_kvm
	guest_that goes_on
	HOW=quit AWAIT=@ at_terminal "$step6" -s 4 "$guest"
	is "$status" 0
	took_at_most seconds-to-end 1.9
	{ echo "mov dx, 0x3f8"; echo "mov al, '@'"; echo "out dx, al"; echo "jmp $"; } |
		tiny_vmlinux
	guest=$BATS_TEST_TMPDIR/guest.bin
	HOW=quit AWAIT=@ at_terminal "$step6" -s 8 "$guest"
	is "$status" 0
	took_at_most seconds-to-end 1.9
}

@test "a terminal that is blocked holds up who writes to it, and no other vCPU" {
	local holder writer other

	need_fast_kvm
	guest_that writes
	full_pipe
	holder=$pid
	"$step6" -s 2 --trace trace "$guest" </dev/null >fifo 2>err 3>&- &
	pid=$!
	# The output's buffer has room for so many letters.
	for ((i = 0; i < $(limit 200); i++)); do
		[ "$(grep -c 'vCPU 1 .* THR' trace)" -lt 4096 ] || break
		sleep 0.5
	done
	sleep 1
	writer=$(grep -c 'vCPU 1' trace)
	other=$(grep -c 'vCPU 0' trace)
	sleep 3
	is "$(grep -c 'vCPU 1' trace)" "$writer" "exits of who writes"
	[ "$(grep -c 'vCPU 0' trace)" -gt $((other + 100)) ]
	kill -TERM "$pid"
	wait_for_end 10
	is "$status" $((128 + 15)) "exit status"
	kill "$holder"
}

@test "20 starts and ends at random moments: guest, crash, user, signal, host" {
	need_fast_kvm
	starts_and_ends 20
}

@test "Ctrl-Z: all stop; after that all go on, and no clock has a complaint" {
	need_fast_kvm
	logs=stopped
	start stopped "$step6" -s 4 -i "$initramfs" \
		-c 'console=ttyS0 quiet panic=1' "$vmlinux" < <(
		echo 'stty -echo; sh /dev/ttyS0'
		echo 'for i in 0 1 2 3; do taskset -c $i sh -c "while :; do :; done" & done'
		echo "echo '@ rea''dy'; sleep 3; echo '@ dm''esg'; dmesg; echo '@ nproc'; nproc"
		echo "echo '@ e''nd'; reboot -f"
		silence
	)
	wait_for 120 '^@ ready' "$log"
	kill -STOP "$pid"
	sleep 8
	kill -CONT "$pid"
	wait_for_end 100
	is "$status" 0 "exit status"
	is "$(said stopped nproc)" 4
	has_not "$(said stopped dmesg)" '(WARNING|BUG|rcu.*stall|soft lockup)'
}

# ---- the disk with several that use it ----

@test "a disk at work without end holds up no other vCPU, and Ctrl-A x quits" {
	need_fast_kvm
	truncate -s 8G disk
	guest_that reads_long
	HOW=quit AWAIT=@ at_terminal "$step6" -s 2 -m 512 --trace trace -d disk "$guest"
	is "$status" 0
	took_at_most seconds-to-end 1.9
	has "$(tail -n 50 trace)" '^[0-9]+ exits by reason'
	# The request was at work when vCPU 1 wrote its letter.
	has "$(sed '1,/ THR /d' trace)" 'vCPU 0 .*QueueNotify'
}

@test "ThreadSanitizer finds nothing: a console and a disk at work, four vCPUs" {
	need_fast_kvm
	watched
}
