#!/usr/bin/env bats
# fio in the guest writes and verifies for minutes: see tests/fio.bats.

load ../lib
load ../fio

setup_file() {
	fio_setup
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	logs=
}

teardown() {
	show_logs
	stop
}

teardown_file() {
	keep_logs
}

@test "five minutes: what fio writes it reads again, and the file system is clean" {
	fio_writes_and_reads 300
}
