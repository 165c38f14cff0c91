#!/usr/bin/env bats
# The chapters whose consoles take long: each section builds, and every console
# shows what happens.

check() { # [CHAPTER]
	local work=build/book-check.$$

	cd "$BATS_TEST_DIRNAME/../../.." || return
	docs/tools/check -o "$work" "$@" 2>&1
	rm -rf "$work" "$work.lock"
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

@test "the book: chapter 4 is what happens" {
	check --from 4 4
}

@test "the book: chapter 5 is what happens" {
	check --from 5 5
}

@test "the book: chapter 6 is what happens" {
	check --from 6 6
}

@test "the book: chapter 7 is what happens" {
	check --from 7 7
}

@test "the book: chapter 8 is what happens" {
	check --from 8 8
}

@test "the book: chapter 9 is what happens" {
	check --from 9 9
}
