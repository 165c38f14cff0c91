# What the tests share; each .bats file loads it.
#
# The tests run the VMMs on /dev/kvm and look at what a user would see: the
# text on the console, the exit status, the bytes on the disk.
#
# From the environment:
#   REQUIRE_KVM=1    without KVM a test fails; otherwise it is skipped
#   TIMEOUT_SCALE=N  all time limits are N times as long (a whole number)
# and, where the code is somebody else's (tests/exercises/judge):
#   STEP1, STEP2, STEP3  the VMMs to test
#   TIMEOUT_MAX=N        no time limit is longer than N seconds
#   OUTPUT_MAX=N         nor what a VMM writes longer than N bytes,
#   FILE_MAX=N           nor one of its files
#   SCENES="NAME..."     of the guests in setup_file(), only these boot
#   TEST_LOGS=DIR        where the logs go

bats_require_minimum_version 1.5.0

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
step1=${STEP1:-$project/step1-hello/step1-hello}
step2=${STEP2:-$project/step2-initramfs/step2-initramfs}
step3=${STEP3:-$project/step3-virtio/step3-virtio}
kernel=$project/build/linux/bzImage
kernel_with_initramfs=$project/build/linux/bzImage-initramfs
initramfs=$project/build/initramfs.cpio
rootfs=$project/build/rootfs.ext4

# Consoles are logged to files in $BATS_FILE_TMPDIR, where writing is fast;
# teardown_file() of each test file moves them to where they can be found.
kept_logs=${BATS_TEST_FILENAME##*/}
kept_logs=${TEST_LOGS:-$project/build/test-logs}/${kept_logs%.bats}

# ---- whether a test can run ----

cannot_run() { # REASON
	if [ "${REQUIRE_KVM:-0}" = 1 ]; then
		echo "REQUIRE_KVM is set, but: $1" >&2
		return 1
	fi
	skip "$1"
}

# For 16-bit guests any KVM will do.
need_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] ||
		cannot_run "/dev/kvm is missing, or not for this user"
}

# Linux needs one that runs on hardware, or in the lab.
need_fast_kvm() {
	local why

	# Once for each file: it takes a fifth of a second in the lab.
	[ ! -e "$BATS_FILE_TMPDIR/kvm-is-fast" ] || return 0
	why=$("$project"/tests/lab/probe 2>&1) || cannot_run "$why"
	: >"$BATS_FILE_TMPDIR/kvm-is-fast"
}

need_files() { # FILE...
	local file

	for file; do
		if [ ! -e "$file" ]; then
			echo "$file is missing: make it first (make test does)" >&2
			return 1
		fi
	done
}

# ---- running a VMM ----

limit() { # SECONDS: as many as this machine needs
	local seconds=$(($1 * ${TIMEOUT_SCALE:-1})) max=${TIMEOUT_MAX:-}

	echo $((${max:-$seconds} < seconds ? max : seconds))
}

# In front of a command: no file that it writes gets longer than $FILE_MAX.
bounded=()
if [ -n "${FILE_MAX:-}" ]; then
	bounded=(prlimit --fsize="$FILE_MAX" --core=0)
fi

# Runs a command that ends by itself: 124 if it did not.
timed() { # SECONDS COMMAND ARG...
	local command=(timeout -k 5 "$(limit "$1")" "${bounded[@]}" "${@:2}")

	if [ -z "${OUTPUT_MAX:-}" ]; then
		"${command[@]}" 3>&-
		return
	fi
	{
		"${command[@]}" 2>&1 >&4 3>&- 4>&- | head -c "$OUTPUT_MAX" >&2 4>&-
		return "${PIPESTATUS[0]}"
	} 4>&1 | head -c "$OUTPUT_MAX"
	return "${PIPESTATUS[0]}"
}

# In setup_file(): boots a guest that tests look at.
scene() { # NAME FUNCTION
	[[ " ${SCENES-$1} " = *" $1 "* ]] || return 0
	"$2"
}

# Starts a command in the background, as $pid. What it writes goes to
# $BATS_FILE_TMPDIR/NAME.log and NAME.err. (Bash gives background commands
# /dev/null for input, unless told otherwise: hence the detour.)
start() { # NAME COMMAND ARG...
	log=$BATS_FILE_TMPDIR/$1.log
	{
		"${bounded[@]}" "${@:2}" <&4 >"$log" 2>"${log%.log}.err" 3>&- 4<&- &
		pid=$!
	} 4<&0
}

# Waits until FILE has a line that matches PATTERN.
wait_for() { # SECONDS PATTERN FILE
	local end=$((SECONDS + $(limit "$1")))

	until grep -qaE -e "$2" "$3"; do
		if [ $SECONDS -ge $end ]; then
			echo "no '$2' in $3 within $(limit "$1") s" >&2
			return 1
		fi
		sleep 0.3
	done
}

# Waits for the end of $pid; its exit status becomes $status.
wait_for_end() { # SECONDS
	if ! timed "$1" tail --pid="$pid" -s 0.2 -f /dev/null; then
		echo "process $pid still runs after $(limit "$1") s" >&2
		return 1
	fi
	status=0
	wait "$pid" || status=$?
	pid=
}

# Ends what start() started; for teardown().
stop() {
	if [ -n "${pid:-}" ]; then
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		pid=
	fi
}

# An input on which no more comes, as long as the test runs. bats does not wait
# for its end.
silence() {
	exec tail -f --pid=$$ /dev/null 2>/dev/null 3>&-
}

# What a guest said on the console NAME.log under HEADING: test guests put
# "@ HEADING" in front of what they tell. A shell's prompts are left out.
said() { # NAME HEADING
	tr -d '\r' <"$BATS_FILE_TMPDIR/$1.log" | sed -E 's/^([/~] # ?)+//; /^$/d' |
		sed -n "/^@ $2\$/,/^@ /{/^@ /!p}"
}

# The CPU time that a process has used, in 1/100 s.
cpu_time() { # PID
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# Assembles its standard input to the file $guest.
assemble() { # [NASM-OPTION...]
	guest=$BATS_TEST_TMPDIR/guest.bin
	cat >"$BATS_TEST_TMPDIR/guest.asm"
	nasm -f bin "$@" -o "$guest" "$BATS_TEST_TMPDIR/guest.asm"
}

# Makes $guest a bzImage whose setup code stands on standard input: see
# tiny-kernel.inc.
# shellcheck disable=SC2120
tiny_kernel() { # [NASM-OPTION...]
	{ cat; echo PAYLOAD; } |
		assemble "$@" -p "$project/tests/tiny-kernel.inc"
	guest=$BATS_TEST_TMPDIR/guest.bin
}

# ---- consoles ----

# Ends a VMM at a terminal, as $HOW, $AWAIT and others tell end() of console/play;
# the terminal has to be as it was.
# shellcheck disable=SC2154
at_terminal() { # COMMAND ARG...
	logs=end
	mkdir -p terminal
	timed 120 "$project/tests/console/play" end \
		terminal "$BATS_FILE_TMPDIR/end.log" "$@"
	run diff terminal/stty-before terminal/stty-after
	is "$output" "" "change of the terminal's settings"
	status=$(<terminal/status)
}

# Something that at_terminal took, as seconds-to-end, took no longer than that.
took_at_most() { # WHAT SECONDS
	local seconds

	seconds=$(sed -n "s/^$1 //p" terminal/results | tail -n 1)
	awk -v seconds="$seconds" -v limit="$2" -v what="$1" 'BEGIN {
		limit *= ENVIRON["TIMEOUT_SCALE"] ? ENVIRON["TIMEOUT_SCALE"] : 1
		if (seconds != "" && seconds <= limit) exit
		print what ": " seconds ", limit " limit >"/dev/stderr"
		exit 1 }'
}

# A guest that says "r" and then runs in circles.
circles() {
	tiny_kernel <<-'END'
		mov	dx, 0x3f8
		mov	al, 'r'
		out	dx, al
		jmp	$
	END
}

# Makes a pipe ("fifo") that is full.
full_pipe() {
	mkfifo fifo
	sleep 1000 <>fifo 3>&- &
	pid=$!
	sleep 0.2
	dd if=/dev/zero of=fifo bs=4096 oflag=nonblock 2>/dev/null || :
}

# ---- permissions ----

# In front of a command: without a superuser's right to open any file. So tests
# of permissions hold whoever runs them.
unprivileged=()
if [ "$(id -u)" = 0 ]; then
	unprivileged=(setpriv --inh-caps=-all --bounding-set=-all)
fi

# ---- looking at the result of `run` ----

is() { # ACTUAL EXPECTED [WHAT]
	[ "$1" = "$2" ] && return
	echo "${3:-value} is '$1', expected '$2'" >&2
	return 1
}

has() { # TEXT PATTERN: does a line of TEXT match?
	grep -qaE -e "$2" <<<"$1" && return
	echo "no line matches '$2'. The last lines:" >&2
	tail -n 20 <<<"$1" >&2
	return 1
}

has_not() { # TEXT PATTERN
	! grep -aE -e "$2" <<<"$1" >&2 && return
	echo "lines that match '$2'" >&2
	return 1
}

# The last `run --separate-stderr` ended in an error of the host's or the
# user's: status 1, nothing on stdout, one line on stderr that matches.
# shellcheck disable=SC2154 # bats' own variables
is_refused() { # PATTERN
	is "$status" 1 "exit status" &&
		is "$output" "" "standard output" &&
		has "$stderr" "$1" &&
		is "${#stderr_lines[@]}" 1 "number of lines on standard error"
}

# ... in wrong usage: the same with the usage text.
# shellcheck disable=SC2154
is_wrong_usage() {
	is "$status" 1 "exit status" &&
		is "$output" "" "standard output" &&
		has "$stderr" '^Usage: '
}

# ---- logs ----

# On failure: the last lines of each console that the test names in $logs.
show_logs() {
	local name

	[ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
	[ -z "${BATS_TEST_SKIPPED:-}" ] || return 0
	for name in ${logs:-}; do
		echo "---- the last lines of the console; all of it:" \
			"${kept_logs#"$project"/}/$name.log"
		tail -n 20 "$BATS_FILE_TMPDIR/$name.log" | tr -d '\r\000'
		tail -n 20 "$BATS_FILE_TMPDIR/$name.err" 2>/dev/null || :
	done
}

keep_logs() {
	mkdir -p "$kept_logs"
	cp "$BATS_FILE_TMPDIR"/*.log "$BATS_FILE_TMPDIR"/*.err "$kept_logs"/ \
		2>/dev/null || :
}

# ---- what step 3 can do, on another stage ----

smoke='^(what Linux (reads|writes) is|a read-only disk is|the driver can leave|the disk works with memory)'

# Runs tests of step 3, or of another file, on a VMM, and says which failed; for
# $(...). SCENES are those of step 3's scenes that they need. Their bats is not to
# be taken for ours.
of_step3() { # VMM FILTER [FILE]
	local name

	export STEP2=$1 STEP3=$1 TEST_LOGS=$BATS_TEST_TMPDIR/logs
	PATH=$(tr : '\n' <<<"$PATH" | grep -v 'bats-core' | paste -sd :)
	while read -r name; do unset "$name"; done < <(compgen -v | grep ^BATS_)
	bats --formatter tap --filter "$2" "$project/tests/${3:-step3-virtio.bats}" \
		</dev/null >tap 2>&1 3>&- || :
	grep -q '^ok 5' tap || echo "fewer than five tests"
	grep -A 20 '^not ok' tap || :
	grep '^ok .* # skip' tap || :
}
