#!/usr/bin/env bats
# The README's figures are those of the code.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
}

sources() { # DIR...: the files that a person reads
	local dir
	for dir; do
		git ls-files "$dir/*.c" "$dir/*.h" "$dir/*.asm" "$dir/*.asl" \
			"$dir/Makefile" |
			grep -E "^$dir/(x86/)?[^/]*$"
	done
}

lines() {
	sources "$@" | xargs cat | wc -l
}

@test "README: the lines of each step and of common" {
	local dir
	for dir in step1-hello step2-initramfs step3-virtio common extensions/*; do
		echo "$dir has $(lines $dir) lines"
		grep -q "^| \[${dir##*/}\].*| $(lines $dir) |\$" README.md
	done
}

@test "README, and README of the book: the lines of code at the end of chapter 3" {
	local code
	code=$(python3 -B - <<-'END'
		import sys
		sys.path.insert(0, 'docs/tools')
		import book
		for section in book.Book('.', 1).replay():
		    if section.chapter.number == 3:
		        tree = section.tree
		print(sum(book.is_code(line) for path, text in tree.items()
		          if path.startswith(('step3-virtio/', 'common/')) and
		          path.endswith(('.c', '.h', '.asm', '/Makefile'))
		          for line in text.split('\n')))
	END
	)
	echo "step 3 with what chapters 1 to 3 have in common: $code lines of code"
	code="some $((code / 1000)),$((code / 100 % 10))00 lines"
	grep -q "$code of code" README.md
	grep -q "$code of C" docs/README.md
}

@test "README of the book: its sample of a change is in chapter 1" {
	local sample
	sample=$(sed -n '/^  ```text$/,/^  ```$/{/```/d;s/^  //;p}' docs/README.md)
	[ "$(wc -l <<<"$sample")" -gt 5 ]
	[[ $(cat docs/01-hello.md) == *"$sample"* ]]
}
