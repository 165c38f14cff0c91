#!/usr/bin/env bats
# The book's blocks give the code of the repository, byte for byte; its links
# and citations lead somewhere. `make docs-check` builds each section and runs
# the consoles in addition, which takes longer.

@test "the book: all sections, links and citations" {
	cd "$BATS_TEST_DIRNAME/../.."
	docs/tools/check --no-build --no-consoles \
		-o "build/book-check.$$" 2>&1
	rm -rf "build/book-check.$$"
}
