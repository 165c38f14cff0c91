#!/usr/bin/env bats
# fio in step 3's guest writes at random places, in random sizes and depths, and
# verifies what it then reads. tests/long/fio.bats does so for minutes.

load lib
load fio

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

@test "what fio writes it reads again, and the file system is clean" {
	fio_writes_and_reads 6
}
