#!/usr/bin/env bats
# Step 2: of the memory that -m gives, Linux counts every page, on both sides
# of the 32-bit hole.

load ../lib

setup_file() {
	need_fast_kvm
	need_files "$step2" "$kernel"
}

teardown() {
	show_logs
	stop
}

teardown_file() {
	keep_logs
}

# Boots with -m MIB until Linux has counted its memory.
counts_all() { # MIB
	logs="memory-$1"
	start "memory-$1" "$step2" -m "$1" "$kernel" </dev/null
	wait_for 300 'Memory: .* available' "$log"
	kill "$pid"
	wait_for_end 60
	# All but the first page and the PC's hole below 1 MiB
	has "$(<"$log")" " Memory: [0-9]+K/$(($1 * 1024 - 4 - 384))K available"
}

@test "-m 128, 1024, 3072: Linux counts all of it" {
	counts_all 128
	counts_all 1024
	counts_all 3072
}

@test "-m 3584, 5120, 8192: Linux counts all of it" {
	counts_all 3584
	counts_all 5120
	counts_all 8192
}
