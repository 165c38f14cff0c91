#!/usr/bin/env bats
# As ../book-web.bats, for all pages of the book's web edition; axe-core, from npm,
# judges whether they are accessible.

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return
	docs/tools/web/build -o "$BATS_FILE_TMPDIR/book"
}

# Fetches axe-core in the version of package-lock.json, once.
get_axe() {
	cd "$BATS_TEST_DIRNAME/../../.." || return
	if cmp -s tests/web/package-lock.json build/axe/fetched; then return; fi
	mkdir -p build/axe
	cp tests/web/package.json tests/web/package-lock.json build/axe
	(cd build/axe && npm ci --no-audit --no-fund) &&
		cp tests/web/package-lock.json build/axe/fetched
}

look() { # CHECK
	timeout $((600 * ${TIMEOUT_SCALE:-1})) \
		"$BATS_TEST_DIRNAME"/../../web/look "$BATS_FILE_TMPDIR/book" "$1"
}

@test "web: all pages load, fit on a phone, and have the book's blocks" {
	look pages
}

@test "web: accessible, in both themes, wide and narrow" {
	get_axe || skip "npm cannot fetch axe-core: is this machine offline?"
	look accessibility
}
