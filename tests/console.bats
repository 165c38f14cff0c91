#!/usr/bin/env bats
# What a console may have to take: bytes of every kind both ways, streams that
# are blocked, closed or full, signals. The terminal is right afterwards. More
# of it, with Linux at the other end, is in step2-initramfs.bats.

load lib

setup_file() {
	need_kvm
	need_files "$step2" "$step3"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	logs=
}

teardown() {
	show_logs
	stop
}

teardown_file() {
	keep_logs
}

# ---- bytes of every kind ----

# A guest that reads 5,000 bytes, sends each back, and ends.
echoes() {
	tiny_kernel <<-'END'
			mov	cx, 5000
		.next:	mov	dx, 0x3fd	; LSR: data ready
		.wait:	in	al, dx
			test	al, 1
			jz	.wait
			mov	dx, 0x3f8
			in	al, dx
			out	dx, al
			loop	.next
			cli
			hlt
	END
}

# A guest that sends 20,000 random bytes, a different one each time (so a
# pattern of 4 KiB would show), and then, if told to, goes on for ever.
babbles() { # [NASM-OPTION]
	tiny_kernel "$@" <<-'END'
			mov	cx, 20000
			mov	ebx, 88172645
			mov	dx, 0x3f8
		.next:	imul	ebx, 1664525
			add	ebx, 1013904223
			mov	eax, ebx
			shr	eax, 24
			out	dx, al
		%ifdef FOR_EVER
			jmp	.next
		%endif
			loop	.next
			cli
			hlt
	END
}

# What it sends
babble() {
	awk 'BEGIN {
		x = 88172645
		for (i = 0; i < 20000; i++) {
			# 32 bits times 21 bits, in two parts that fit a double
			x = (x % 65536 * 1664525 + int(x / 65536) * 1664525 % 65536 * 65536 + 1013904223) % 4294967296
			printf "%02x\n", int(x / 16777216)
		}
	}'
}

@test "cat /dev/urandom both ways: every byte comes back" {
	echoes
	head -c 5000 /dev/urandom >sent
	timed 60 "$step2" "$guest" <sent >received
	cmp sent received
	# More than it wants, for ever
	timed 60 "$step2" "$guest" </dev/urandom >received
	is "$(stat -c %s received)" 5000 "bytes received"
}

@test "random bytes out arrive as they are" {
	babbles
	timed 60 "$step2" "$guest" </dev/null >received
	cmp <(od -An -v -tx1 -w1 received | tr -d ' ') <(babble)
}

@test "random bytes to a terminal: Ctrl-A x quits, the terminal is right" {
	babbles -DFOR_EVER=1
	HOW=quit AWAIT=. at_terminal "$step2" "$guest"
	is "$status" 0
	# And with random input besides
	HOW=SIGTERM AWAIT=. at_terminal bash -c 'exec "$0" "$1" </dev/urandom' \
		"$step2" "$guest"
	is "$status" $((128 + 15))
}

# ---- standard output that does not work ----

# The guest's processor waits for who reads the trace, and cannot stop.
@test "Ctrl-A x in vain and again: two seconds after the first it ends" {
	babbles -DFOR_EVER=1
	full_pipe
	HOW='quit often' AWAIT=. at_terminal "$step2" --trace fifo "$guest"
	is "$status" 0
}

@test "a full device as output does not hurt the guest" {
	babbles
	run timed 60 bash -c '"$0" "$1" </dev/null >/dev/full' "$step2" "$guest"
	is "$status" 0
	is "$output" ""
}

# Is the process so far that it takes care of signals? It keeps them for a thread.
keeps_sigterm() { # PID
	local mask

	mask=$(sed -n 's/^SigBlk:\t//p' "/proc/$1/status")
	[ $((0x$mask >> 14 & 1)) = 1 ]
}

# A script'"'"'s background jobs ignore SIGINT, unless told otherwise.
with_sigint=(env --default-signal=INT)

@test "signals end a VMM whose output is blocked" {
	babbles -DFOR_EVER=1
	full_pipe
	holder=$pid
	for signal in 1:HUP 2:INT 15:TERM; do
		start blocked "${with_sigint[@]}" \
			bash -c 'exec "$0" "$1" >fifo </dev/null' "$step2" "$guest"
		end=$((SECONDS + $(limit 20)))
		until keeps_sigterm "$pid"; do
			[ $SECONDS -lt $end ]
			sleep 0.1
		done
		kill -s "${signal#*:}" "$pid"
		wait_for_end 20
		is "$status" $((128 + ${signal%:*})) "status after $signal"
	done
	kill "$holder"
}

# ---- signals ----

@test "SIGHUP, SIGINT and SIGTERM end it without a terminal, too" {
	circles
	for vmm in "$step2" "$step3"; do
		for signal in 1:HUP 2:INT 15:TERM; do
			start signalled "${with_sigint[@]}" "$vmm" "$guest" </dev/null
			wait_for 60 r "$log"
			kill -s "${signal#*:}" "$pid"
			wait_for_end 20
			is "$status" $((128 + ${signal%:*})) "status after $signal"
		done
	done
}

@test "signals that were ignored stay so: nohup, a script's background job" {
	circles
	start ignoring nohup "$step2" "$guest" </dev/null
	wait_for 60 r "$log"
	kill -HUP "$pid"
	kill -INT "$pid"
	kill -QUIT "$pid"
	sleep 1
	kill -TERM "$pid"		# fails if it has ended
	wait_for_end 20
	is "$status" $((128 + 15))
}

@test "crashes by a signal restore the terminal" {
	circles
	for signal in 4:ILL 5:TRAP 6:ABRT 7:BUS 8:FPE 11:SEGV 31:SYS; do
		HOW=SIG${signal#*:} AWAIT=r at_terminal "$step3" "$guest"
		is "$status" $((128 + ${signal%:*})) "status after $signal"
	done
}

# The state of a process, as T: stopped
state() { # PID
	awk '{ print $3 }' "/proc/$1/stat"
}

@test "SIGTSTP and SIGCONT without a terminal, many times" {
	babbles -DFOR_EVER=1
	start stopped "$step2" "$guest" </dev/null
	wait_for 60 . "$log"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -TSTP "$pid"
		end=$((SECONDS + $(limit 20)))
		until [ "$(state "$pid")" = T ]; do
			[ $SECONDS -lt $end ]
			sleep 0.1
		done
		before=$(stat -c %s "$log")
		sleep 0.3
		is "$(stat -c %s "$log")" "$before" "output while it is stopped"
		kill -CONT "$pid"
		until [ "$(stat -c %s "$log")" != "$before" ]; do
			[ $SECONDS -lt $end ]
			sleep 0.1
		done
	done
	kill -TERM "$pid"
	wait_for_end 20
	is "$status" $((128 + 15))
}
