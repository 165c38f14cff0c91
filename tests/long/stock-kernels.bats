#!/usr/bin/env bats
# Step 2 boots the kernels that Debian ships, with our initramfs. The script
# tests/stock-kernels brings them.

load ../lib

setup_file() {
	need_fast_kvm
	need_files "$step2" "$initramfs"
}

boots_to_the_shell() { # PACKAGE
	local vmlinuz

	vmlinuz=$(compgen -G "$project/build/stock/$1/boot/vmlinuz-*") ||
		skip "$1 is not here: tests/stock-kernels brings it, on Debian"
	logs=$1
	start "$1" "$step2" -c 'console=ttyS0 quiet panic=1' -i "$initramfs" \
		"$vmlinuz" < <(
		wait_for 300 '# ' "$BATS_FILE_TMPDIR/$1.log"
		echo 'echo "@ $((6 * 7))"; uname -r; poweroff'
	)
	wait_for_end 400
	is "$status" 0
	run tr -d '\r' <"$log"
	has "$output" 'Welcome to step 2'
	has "$output" '^@ 42$'
	has "$output" "^${vmlinuz##*vmlinuz-}\$"
}

teardown() {
	show_logs
	stop
}

teardown_file() {
	keep_logs
}

@test "Debian's cloud kernel boots to the shell" {
	boots_to_the_shell linux-image-cloud-amd64
}

@test "Debian's kernel for any PC boots to the shell" {
	boots_to_the_shell linux-image-amd64
}
