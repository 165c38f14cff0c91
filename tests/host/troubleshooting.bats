#!/usr/bin/env bats
# docs/troubleshooting.md has every message of the VMMs: whoever adds one writes
# there what to do. The messages are taken from the sources, their variable
# parts may be anything.

root=$BATS_TEST_DIRNAME/../..
page=$root/docs/troubleshooting.md

# The texts of the messages in C files, one a line: those of die() and
# die_errno(), the names of ioctls that have to work, the first lines of the
# usage texts, and what exit.c and dump.c say about crashes.
messages() { # FILE...
	python3 - "$@" <<-'END'
		import os, re, sys

		string = r'"(?:[^"\\]|\\.)*"'
		strings = r'((?:%s\s*)+)' % string
		patterns = [r'\bdie(?:_errno)?\(\s*' + strings,
		            r'\bfputs\(\s*()"(Usage: [^"\\]*)']
		for name in sys.argv[1:]:
		    source = open(name).read()
		    source = re.sub(r'/\*.*?\*/', '', source, flags=re.S)
		    for found in re.finditer(patterns[0], source):
		        text = ''.join(part[1:-1] for part in
		                       re.findall(string, found[1]))
		        if re.sub(r'%[-.\d]*[a-z]+|\W', '', text):
		            print(text.replace('\\"', '"'))
		    for found in re.finditer(patterns[1], source):
		        print(found[2])
		    for found in re.finditer(r'\bKVM_MUST\([^,]+,\s*(KVM_\w+)', source):
		        print(found[1])
		    if os.path.basename(name) in ('exit.c', 'dump.c'):
		        for text in re.findall(string, source):
		            if text.count(' ') > 3 and '%' not in text:
		                print(text[1:-1])
	END
}

# Those of the messages on standard input that no line of FILE has.
missing() { # FILE
	local program

	program=$(cat <<-'END'
		import re, sys

		page = open(sys.argv[1]).read()
		for text in sys.stdin.read().splitlines():
		    parts = re.split(r'%[-.\d]*(?:hh|h|ll|l|z)?[a-zA-Z]', text)
		    if not re.search(r'[^\n]+'.join(map(re.escape, parts)), page):
		        print(text)
	END
	)
	python3 -c "$program" "$@"
}

@test "troubleshooting.md has every message of the VMMs" {
	find "$root"/common "$root"/step* "$root"/extensions -name '*.c' 2>/dev/null |
		sort >"$BATS_TEST_TMPDIR/sources"
	mapfile -t sources <"$BATS_TEST_TMPDIR/sources"
	messages "${sources[@]}" >"$BATS_TEST_TMPDIR/all"
	run wc -l <"$BATS_TEST_TMPDIR/all"
	[ "$output" -ge 60 ]	# or they are no longer found
	run missing "$page" <"$BATS_TEST_TMPDIR/all"
	echo "not in docs/troubleshooting.md:"
	echo "$output"
	[ -z "$output" ]
}

@test "... and a message that is not there would be noticed" {
	cat >"$BATS_TEST_TMPDIR/new.c" <<-'END'
		die("%s: not a regular file", path);	/* known */
		die("%s: the moon is in the wrong phase", path);
		die_errno("a message on "
			  "two lines");
		KVM_MUST(vm, KVM_CREATE_VM, 0);	/* known */
		KVM_MUST(vm, KVM_CREATE_SOMETHING, 0);
		/* die("in a comment"); */
		die_errno("%s", path);	/* nothing of its own */
		fputs("Usage: step9-moon\n", file);
	END
	run missing "$page" < <(messages "$BATS_TEST_TMPDIR/new.c")
	echo "$output"
	[ "${#lines[@]}" -eq 4 ]
	[ "${lines[0]}" = '%s: the moon is in the wrong phase' ]
	[ "${lines[1]}" = 'a message on two lines' ]
	[ "${lines[2]}" = 'Usage: step9-moon' ]
	[ "${lines[3]}" = KVM_CREATE_SOMETHING ]
}

@test "... and the advice of the crash report is looked for as well" {
	mkdir "$BATS_TEST_TMPDIR/common"
	cat >"$BATS_TEST_TMPDIR/common/exit.c" <<-'END'
		return "ask somebody who has a clue";
	END
	run missing "$page" < <(messages "$BATS_TEST_TMPDIR/common/exit.c")
	[ "$output" = "ask somebody who has a clue" ]
}
