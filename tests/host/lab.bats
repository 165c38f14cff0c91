#!/usr/bin/env bats
# The lab: a command there is used as any command here.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	lab=$PWD/tests/lab/lab
}

@test "lab: standard streams, arguments and the exit status" {
	local status=0
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	# shellcheck disable=SC2016 # expanded in the lab
	"$lab" sh -c 'cat; printf "[%s]" "$@" >&2; exit 42' sh 'a  b' "c'd" '*' '' \
		<"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" \
		2>"$BATS_TEST_TMPDIR/err" || status=$?
	[ $status = 42 ]
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	[ "$(<"$BATS_TEST_TMPDIR/err")" = "[a  b][c'd][*][]" ]
}

@test "lab: a signal's exit status, and nothing else is said" {
	# shellcheck disable=SC2016 # expanded in the lab
	run "$lab" sh -c 'kill -SEGV $$'
	[ "$status" = 139 ]
	[ -z "$output" ]
}

@test "lab: KVM works there, for every user" {
	run "$lab" sh -c 'tests/lab/probe && stat -c %a /dev/kvm'
	[ "$status" = 0 ]
	[ "$output" = 666 ]
}

@test "lab: it is told how fast its time stamp counter runs" {
	[ "$(uname -m)" = x86_64 ] || skip "this machine has no such counter"
	run "$lab" grep -oE 'tsc_early_khz=[1-9][0-9]{5,}' /proc/cmdline
	[ "$status" = 0 ]
}

@test "lab: the same directory, and the clock of here" {
	cd tests
	run "$lab" sh -c 'pwd; date +%s'
	[ "$status" = 0 ]
	[ "${lines[0]}" = "$PWD" ]
	[ $(($(date +%s) - lines[1])) -le 3 ]
}

@test "lab: what is written in the project is here at once, and locks lock" {
	local file=build/lab/test.$$
	run "$lab" bash -c '
		exec 3>'$file'
		flock -n 3 || exit 1
		flock -n '$file' true && exit 2
		echo written >&3
		cat >/dev/null	# until this end has looked
	' < <(
		for _ in $(seq 600); do
			sleep 0.1
			if [ -s $file ]; then
				cp $file $file.seen
				break
			fi
		done
	)
	[ "$status" = 0 ]
	[ "$(<$file.seen)" = written ]
	rm $file $file.seen
}

@test "lab: the host's own files cannot be written" {
	local file=/var/tmp/lab-test.$$
	"$lab" sh -c "echo x >$file && cat $file"
	[ ! -e $file ]
}

@test "lab: ends when the reader of its output does" {
	timeout $((60 * ${TIMEOUT_SCALE:-1})) "$lab" yes | head -n 1
	[ "${PIPESTATUS[0]}" != 124 ]
}

@test "lab: the machine ends when the lab is killed" {
	local log=$BATS_TEST_TMPDIR/log pid
	"$lab" sh -c 'echo up; sleep 1000' >"$log" 3>&- &
	pid=$!
	until [ -s "$log" ]; do sleep 0.1; done
	pgrep -f "lab=build/lab/run.$pid " >/dev/null
	kill -KILL $pid
	local tries=0
	while pgrep -f "lab=build/lab/run.$pid " >/dev/null; do
		[ $((tries += 1)) -le 100 ]
		sleep 0.1
	done
}

@test "lab: a machine that does not come up says why" {
	LAB_APPEND=rdinit=/nowhere run "$lab" true
	[ "$status" = 1 ]
	[[ $output = *'did not come up'*'anic'* ]]
}

@test "lab: a terminal, with its size, its Ctrl-C and its exit status" {
	run /usr/bin/python3 - "$lab" <<-'END'
		import os, pexpect, sys, time

		lab = pexpect.spawn(sys.argv[1], dimensions=(33, 101),
		                    timeout=60 * int(os.environ.get('TIMEOUT_SCALE', 1)))
		lab.expect('# ')
		lab.send('stty size\r')
		lab.expect('33 101\r\n.*# ')
		lab.send('sleep 1000\r')
		time.sleep(1)
		lab.send('\003')
		lab.expect('# ')
		lab.send('exit $(($? + 1))\r')
		lab.expect(pexpect.EOF)
		sys.exit(lab.wait())
	END
	echo "$output"
	[ "$status" = 131 ]
}
