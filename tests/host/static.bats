#!/usr/bin/env bats
# What can be said of the code without running it: it builds without a warning,
# analyzers find nothing, and its form is what it should be. The analyzers'
# options, each with its reason, are in .clang-tidy and tests/static.

load ../lib

steps=(step1-hello step2-initramfs step3-virtio)
static=$project/tests/static

# All stages: the steps, the extensions, and stages of one's own
cd "$project"
stages=()
for file in step*/Makefile extensions/*/Makefile; do
	[ ! -e "$file" ] || stages+=("${file%/Makefile}")
done

setup() {
	cd "$project" || return
}

# For `run`: no output, and success.
is_clean() {
	echo "$output"
	is "$status" 0 "exit status"
	is "$output" "" "output"
}

# Copies the VMMs' source to a folder, and builds all of them there: so what
# people and other tests have built stays as it is.
build() { # NAME MAKE-VARIABLE...
	local copy=$project/build/static/$1 step
	shift

	rm -rf "$copy"
	mkdir -p "$copy/build"
	cp -r --parents common "${stages[@]}" "$copy"
	for step in "${stages[@]}"; do
		rm -f "$copy/$step/${step##*/}"
		make -s -j2 -C "$copy/$step" "$@" || return
		[ -x "$copy/$step/${step##*/}" ]
	done
}

# The VMMs' C files, each on a line of its own, for xargs. Of files that are the
# same in several stages, the last.
sources() {
	find common "${stages[@]}" -name '*.c' -exec md5sum {} + |
		sort -k 2 | tac | awk '!seen[$1]++ { print $2 }'
}

# ---- builds ----

@test "static: gcc builds all steps without a warning" {
	run build gcc CC=gcc CFLAGS='-O2 -g -Werror'
	is_clean
}

@test "static: clang builds all steps without a warning" {
	run build clang CC=clang CFLAGS='-O2 -g -Werror'
	is_clean
}

# Step 5 also compiles what the machine tells of itself.
@test "static: the steps' Makefiles have the flags, and under 30 lines" {
	local step flag most

	for step in "${stages[@]}"; do
		run make -s -n -B -C "$step" V=1 CC=cc CFLAGS= BUILD="$BATS_TEST_TMPDIR"
		for flag in -std=gnu11 -Wall -Wextra -Wstrict-prototypes \
			-Wmissing-declarations -Wshadow; do
			has "$output" "^cc( .*)? $flag .*main\.c$"
		done
		run env -u CFLAGS make -s -n -B -C "$step" V=1 CC=cc \
			BUILD="$BATS_TEST_TMPDIR"
		has "$output" '^cc .* -O2 -g .*main\.c$'
		most=30
		[[ $step != extensions/step[5-8]* ]] || most=40
		[ "$(wc -l <"$step/Makefile")" -lt $most ]
	done
}

@test "static: SANITIZE=1 builds all steps with ASan and UBSan, and they start" {
	local step program

	run build sanitize SANITIZE=1 CFLAGS='-O1 -g -Werror'
	is_clean
	for step in "${stages[@]}"; do
		program=build/static/sanitize/$step/${step##*/}
		run timed 20 "$program" --help
		is "$status" 0 "exit status of $step --help"
		has "$output" "^Usage: ${step##*/} "
		run nm "$program"
		has "$output" ' __asan_init$'
		has "$output" ' __ubsan_handle_'
	done
}

@test "static: the tests' own C builds without a warning" {
	run make -s -j2 -C tests/unit programs BUILD=../../build/static/unit \
		CFLAGS=-Werror
	is_clean
	run make -s -j2 -C tests/fuzz programs BUILD=../../build/static/fuzz \
		CFLAGS=-Werror
	is_clean
}

# ---- analyzers ----

# One file at a time. vm.c's vm_load() takes only what surely is guest memory,
# which gcc cannot know: for that file it does not tell of NULL.
@test "static: gcc -fanalyzer" {
	local analyze=(gcc -std=gnu11 -D_GNU_SOURCE -Icommon -Icommon/x86 -O2
		-fanalyzer -Werror -c -o /dev/null)

	sources | grep -v '/vm\.c$' >"$BATS_TEST_TMPDIR/sources"
	run xargs -a "$BATS_TEST_TMPDIR/sources" -P 2 -n 1 "${analyze[@]}"
	is_clean
	for file in $(sources | grep '/vm\.c$'); do
		run "${analyze[@]}" -Wno-analyzer-null-argument "$file"
		is_clean
	done
}

@test "static: clang-tidy" {
	sources >"$BATS_TEST_TMPDIR/sources"
	# It needs the options behind the files: one file at a time
	run xargs -a "$BATS_TEST_TMPDIR/sources" -P 2 -I FILE clang-tidy --quiet \
		FILE -- -std=gnu11 -D_GNU_SOURCE -Icommon -Icommon/x86
	# "N warnings generated" are those of the system's headers.
	output=$(grep -vE '^[0-9]+ warnings? generated\.$' <<<"$output" || :)
	is_clean
}

@test "static: cppcheck" {
	run cppcheck -q -j 2 --std=c11 --inconclusive \
		--enable=warning,performance,portability \
		--library=gnu --library=posix --library="$static/cppcheck.cfg" \
		--suppressions-list="$static/cppcheck-suppressions" \
		-D_GNU_SOURCE -Icommon -Icommon/x86 --error-exitcode=1 \
		common "${stages[@]}"
	is_clean
}

# SC2187: busybox's shell is looked at as dash.
# In BATS files also SC2154 and SC2034: they share variables with lib.bash and
# with `run`; and SC2164: a cd that fails ends the test.
@test "static: shellcheck" {
	local file shells=() bats=()

	while read -r file; do
		case $(head -c 80 "$file" | tr -d '\0' | head -n 1) in
		'#!'*/bats | '#!'*' bats') bats+=("$file") ;;
		'#!'*sh | '#!'*'sh '*) shells+=("$file") ;;
		esac
	done < <(find .ci common docs tests "${stages[@]}" -type f ! -name '*.[ch]')
	[ ${#shells[@]} -gt 5 ] && [ ${#bats[@]} -gt 2 ]
	run shellcheck -S warning -e SC2187 "${shells[@]}"
	is_clean
	run shellcheck -S warning -e SC2154,SC2034,SC2164 "${bats[@]}"
	is_clean
	run shellcheck -S warning -e SC2034 -s bash tests/*.bash
	is_clean
}

# ---- form ----

@test "static: clang-format finds nothing to change" {
	# Other versions differ in details.
	clang-format --version | grep -q 'version 14\.' ||
		skip "the format is that of clang-format 14"
	run find common tests "${stages[@]}" -name '*.[ch]' \
		-exec clang-format --dry-run -Werror {} +
	is_clean
}

@test "static: files have under 400 lines, functions at most 70" {
	local file lines

	while read -r file; do
		lines=$(wc -l <"$file")
		[ "$lines" -lt 400 ] || {
			echo "$file has $lines lines" >&2
			return 1
		}
	done < <(find common tests "${stages[@]}" -name '*.[ch]' -o -name '*.asm')
	run find common tests "${stages[@]}" -name '*.c' \
		-exec "$static/long-functions" -v max=70 {} +
	is_clean
}

# What make diff-N says. Step 2 does anew what step 1 did in a simpler way, its
# guest and its port; 4 takes away the BIOS, 8 a transport. All others add.
@test "static: a step adds" {
	local step name percent limit

	for step in "${stages[@]:1}"; do
		name=${step##*/}
		[[ $name =~ ^step([0-9]+)- ]] && name=${BASH_REMATCH[1]}
		case $name in
		2) limit=15 ;;
		4 | 8 | 9 | [1-9][0-9]) continue ;;
		*) limit=3 ;;
		esac
		run docs/tools/step-diff -s "$name"
		echo "# $step: $output" | tee /dev/fd/3
		percent=$(sed -nE 's/.*\(([0-9.]+) %\)$/\1/p' <<<"$output")
		awk -v percent="$percent" -v limit="$limit" \
			'BEGIN { exit !(percent != "" && percent < limit) }'
	done
}

@test "static: no modules include each other in a ring" {
	local dirs=(common "${stages[@]}")

	[ ! -d common/x86 ] || dirs+=(common/x86)
	run "$static/include-rings" "${dirs[@]}"
	is_clean
}

@test "static: include-rings finds rings, and nothing else" {
	cd "$BATS_TEST_TMPDIR"
	mkdir good bad
	touch common.h
	for dir in good bad; do
		printf '#include "%s.h"\n' a b common >$dir/a.c
		printf '# include "%s.h"\n' c >$dir/b.h
		printf '#include "%s.h"\n' b d >$dir/b.c
		touch $dir/{a,c,d}.h
	done
	echo '#include <a.h>' >good/c.c
	printf '#include "%s.h"\n' c a >bad/c.c
	run "$static/include-rings" good bad
	is "$status" 1 "exit status"
	is "$output" "bad: a -> b -> c -> a" "rings"
	run "$static/include-rings" good
	is_clean
	run "$static/include-rings" missing
	[ "$status" != 0 ]
}

# What all architectures share is compiled for another one: common/x86 is not.
@test "static: common is free of x86" {
	local file

	echo '#include <stdio.h>' | aarch64-linux-gnu-gcc -E - >/dev/null ||
		skip "there is no C library for aarch64 here"
	for file in common/*.c; do
		run aarch64-linux-gnu-gcc -std=gnu11 -D_GNU_SOURCE -Icommon -O2 \
			-Wall -Wextra -Werror -c -o /dev/null "$file"
		is_clean
	done
}

@test "static: the top level has its names, and no others" {
	# What somebody has made here is theirs.
	run bash -c 'git ls-files | cut -d/ -f1 | grep -v "^\." | sort -u'
	[ -n "$output" ] || run ls
	is_subset_of "LICENSE Makefile README.md build common docs extensions ${steps[*]} tests"
	for name in Makefile README.md common docs "${steps[@]}" tests \
		.ci/run .clang-format .clang-tidy .gitignore; do
		[ -e "$name" ] || {
			echo "$name is missing" >&2
			return 1
		}
	done
}

# For `run`: no line that is not one of these words.
is_subset_of() { # WORDS
	local line

	for line in "${lines[@]}"; do
		case " $1 " in
		*" $line "*) ;;
		*)
			echo "what is $line?" >&2
			return 1
			;;
		esac
	done
}
