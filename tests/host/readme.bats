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

code() { # neither blank nor a comment
	sources "$@" | xargs cat |
		grep -Evc '^[[:space:]]*($|/\*|\*|;|#( |$))'
}

@test "README: the lines of each step and of common" {
	local dir
	for dir in step1-hello step2-initramfs step3-virtio common extensions/*; do
		echo "$dir has $(lines $dir) lines"
		grep -q "^| \[${dir##*/}\].*| $(lines $dir) |\$" README.md
	done
}

@test "README: the lines of step 3 with common" {
	local all code
	all=$(lines step3-virtio common) code=$(code step3-virtio common)
	echo "step 3 with common: $all lines, of which $code code"
	tr '\n' ' ' <README.md |
		grep -q "has $all lines, comments and assembly included, of which $code are code"
}

@test "README of the book: its sample of a change is in chapter 1" {
	local sample
	sample=$(sed -n '/^  ```text$/,/^  ```$/{/```/d;s/^  //;p}' docs/README.md)
	[ "$(wc -l <<<"$sample")" -gt 5 ]
	[[ $(cat docs/01-hello.md) == *"$sample"* ]]
}
