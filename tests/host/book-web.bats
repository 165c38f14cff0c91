#!/usr/bin/env bats
# The book's web edition (make book), in a browser without a window: web/look
# has what is looked at. axe-core, from npm, judges accessibility.

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	docs/tools/web/build -o "$BATS_FILE_TMPDIR/book"
	if ! cmp -s tests/web/package-lock.json build/axe/package-lock.json; then
		mkdir -p build/axe
		cp tests/web/package.json build/axe
		cp tests/web/package-lock.json build/axe/new-lock.json
		(cd build/axe && mv new-lock.json package-lock.json &&
			npm ci --no-audit --no-fund) || {
			rm -f build/axe/package-lock.json
			return 1
		}
	fi
}

look() { # CHECK
	timeout $((600 * ${TIMEOUT_SCALE:-1})) \
		"$BATS_TEST_DIRNAME"/../web/look "$BATS_FILE_TMPDIR/book" "$1"
}

@test "web: every link leads somewhere, and nothing is fetched from elsewhere" {
	look files
}

@test "web: all pages load, fit on a phone, and have the book's blocks" {
	look pages
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

@test "web: accessible, in both themes, wide and narrow" {
	look accessibility
}
