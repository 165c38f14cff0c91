#!/usr/bin/env bats
# The book's web edition (make book), in a browser without a window: web/look
# has what is looked at. Of the pages there is each fourth: long/book-web.bats has
# them all, and whether they are accessible.

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	docs/tools/web/build -o "$BATS_FILE_TMPDIR/book"
}

look() { # CHECK [N]
	timeout $((600 * ${TIMEOUT_SCALE:-1})) \
		"$BATS_TEST_DIRNAME"/../web/look "$BATS_FILE_TMPDIR/book" "$@"
}

@test "web: every link leads somewhere, and nothing is fetched from elsewhere" {
	look files
}

@test "web: pages load, fit on a phone, and have the book's blocks" {
	look pages 4
}

@test "web: search finds, from a file system and from a server, under any path" {
	look search
}

@test "web: a change, the whole file, the end of the step; folds; copies" {
	look views
}

@test "web: words, citations, exercises; pictures follow the switch; paper" {
	look words
}

@test "web: the traces play to their ends, and end as the machine did" {
	look traces
}
