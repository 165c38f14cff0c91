#!/usr/bin/env bats
# The book (make docs-check): its blocks give the code of the repository, byte
# for byte; its links and citations lead somewhere; every section builds, and the
# consoles show what happens. They run on KVM, or in the lab, where they take most of
# the time: of a file of chapters 1 to 3 one is run, the first behind its sections;
# all of them, as those of the extensions' chapters, are in long/.

check() { # [CHAPTER]
	local work=build/book-check.$$

	cd "$BATS_TEST_DIRNAME/../.." || return
	docs/tools/check -o "$work" "$@" 2>&1
	rm -rf "$work" "$work.lock"
}

@test "the book: all sections, links and citations" {
	check --no-build --no-consoles
}

@test "the book: chapter 0 is what happens" {
	check 0
}

@test "the book: chapter 1 builds, and a console at its end is what happens" {
	check --ends 1
}

@test "the book: chapter 2 builds, and a console at its end is what happens" {
	check --ends 2
}

@test "the book: chapter 3 builds, and a console at its end is what happens" {
	check --ends 3
}
