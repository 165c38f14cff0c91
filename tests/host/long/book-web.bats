#!/usr/bin/env bats
# As ../book-web.bats, for all pages of the book's web edition.

@test "web: all pages load, fit on a phone, and have the book's blocks" {
	cd "$BATS_TEST_DIRNAME/../../.."
	docs/tools/web/build -o "$BATS_TEST_TMPDIR/book"
	timeout $((600 * ${TIMEOUT_SCALE:-1})) tests/web/look "$BATS_TEST_TMPDIR/book" pages
}
