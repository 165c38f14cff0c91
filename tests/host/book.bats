#!/usr/bin/env bats
# The book (make docs-check): its blocks give the code of the repository, byte
# for byte; its links and citations lead somewhere; every section builds, and
# every console shows what happens. The consoles run on KVM, or in the lab,
# where they take most of the time; those of the extensions' chapters are in long/.

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

@test "the book: chapter 1 is what happens" {
	check 1
}

@test "the book: chapter 2 is what happens" {
	check 2
}

@test "the book: chapter 3 is what happens" {
	check 3
}
