#!/usr/bin/env bats
# The traces that the book plays are still what happens: each is recorded once
# more, and compared. (That the lines they show are in the code, and that they
# play, tests/host/book-web.bats sees.)

record() { # NAME
	cd "$BATS_TEST_DIRNAME/../.." || return
	timeout $((600 * ${TIMEOUT_SCALE:-1})) docs/tools/web/record --check "$1"
}

@test "traces: the run loop is what happens" {
	record run-loop
}

@test "traces: the read of the disk is what happens" {
	record disk-read
}
