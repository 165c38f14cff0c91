#!/usr/bin/env bats
# Step 3 boots a real Debian, with systemd, to a login.

load ../lib

setup_file() {
	need_fast_kvm
	need_files "$step3" "$kernel" "$project/build/rootfs-debian.ext4"
}

teardown() {
	show_logs
}

teardown_file() {
	keep_logs
}

@test "Debian boots to a login, is well, and powers off with a clean disk" {
	local dir=$BATS_FILE_TMPDIR/debian disk=$project/build/debian-test.ext4

	logs=debian
	mkdir "$dir"
	cp --sparse=always "$project/build/rootfs-debian.ext4" "$disk"
	timed 900 "$project/tests/console/play" debian \
		"$dir" "$dir.log" "$step3" -d "$disk" "$kernel" 2>"$dir.err"
	is "$(cat "$dir/status")" 0
	grep -x 'system running' "$dir/results"
	run e2fsck -fn "$disk"
	is "$status" 0
	rm "$disk"
}
