#!/usr/bin/env bats
# Step 8 boots distributions as they come: Debian's images of
# extensions/step8-pci/rootfs/build-distribution, as many of them as are there,
# with both of Debian's kernels, four processors and passt. BOOTS=20 boots each of
# them 20 times; the three ways to end take turns.

load ../lib

step8=${STEP8:-$project/extensions/step8-pci/step8-pci}
with_passt=$project/extensions/step8-pci/with-passt

setup_file() {
	need_fast_kvm
	need_files "$step8"
	# passt wants a host that is on a network, and be it one that leads nowhere.
	if ! ip route | grep -q '^default'; then
		ip tuntap add d0 mode tap
		ip addr add 10.9.0.2/24 dev d0
		ip link set d0 up
		ip route add default via 10.9.0.1
	fi
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	logs=
}

teardown() {
	show_logs
	rm -f "$project/build/step8-test.img"
	stop
}

teardown_file() {
	ip link del d0 2>/dev/null || :
	keep_logs
}

boots() { # SUITE FLAVOUR
	local system=$project/build/debian-$1 name=$1-$2 i ends=(poweroff reboot button)

	[ -e "$system.img" ] ||
		skip "extensions/step8-pci/rootfs/build-distribution $1 makes it"
	for ((i = 0; i < ${BOOTS:-3}; i++)); do
		boot_once "$system" "$2" "$name-$i" "${ends[i % 3]}"
		echo "# $name: boot $((i + 1)), ended by ${ends[i % 3]}" >&3
	done
}

boot_once() { # SYSTEM FLAVOUR NAME END
	local dir=$BATS_FILE_TMPDIR/$3 disk=$project/build/step8-test.img
	local update=true

	logs=$3
	mkdir "$dir"
	cp --sparse=always "$1.img" "$disk"
	# Where the host is on a network, so is the guest.
	if ! ip route | grep '^default' | grep -q 10.9.0.1; then
		update='apt-get -qq update && ls /var/lib/apt/lists | grep -c Packages'
	fi
	END=$4 COMMANDS="echo is=\$(systemctl is-system-running --wait)
		echo; echo '@ kernel'; uname -r; nproc
		echo; echo '@ network'; networkctl --no-pager -l status | cat
		echo; echo '@ update'; $update
		echo; echo '@ lspci'; lspci | cat
		echo; echo '@ interrupts'; cat /proc/interrupts
		echo; echo '@ trouble'; dmesg -l emerg,alert,crit,err,warn | cat
		echo; echo '@ end'
		echo before the end >note" timed 1500 "$project/tests/console/play" \
		distribution "$dir" "$dir.log" "$with_passt" "$step8" -m 1024 -s 4 -r \
		-d "$disk" -i "$1/initrd-$2" -c 'console=ttyS0 root=/dev/vda1 quiet' \
		"$1/vmlinuz-$2" 2>"$dir.err"
	is "$(<"$dir/status")" 0 "exit status"
	has "$(tr -d '\r' <"$dir.log")" '^is=running$'
	has "$(said "$3" kernel)" '^4$'
	has "$(said "$3" network)" 'Address: 10\.'
	[ "$update" = true ] || has "$(said "$3" update)" '^[1-9]'
	has "$(said "$3" lspci)" '^00:01.0 .*Virtio'
	has "$(said "$3" interrupts)" 'PCI-?MSI.*virtio0-req'
	has_not "$(said "$3" trouble | grep -v amd_pstate)" \
		'(pci|virtio|ACPI|MMCONFIG|WARNING|BUG)'
	has "$(tr -d '\r' <"$dir.log")" \
		"reboot: $([ "$4" = reboot ] && echo 'Restarting system' || echo 'Power down')"
	note_is_there "$disk"
}

# On the first partition; its journal is clean, as after an end in good order.
note_is_there() { # DISK
	local start

	start=$(sfdisk -d "$1" | sed -n 's/.*start= *\([0-9]*\),.*/\1/p')
	run debugfs -R 'cat /root/note' "$1?offset=$((start * 512))"
	has "$output" '^before the end$'
	run e2fsck -fn "$1?offset=$((start * 512))"
	is "$status" 0 "status of e2fsck"
}

@test "Debian 12 with its kernel for clouds" {
	boots bookworm cloud
}

@test "Debian 12 with its kernel for any PC" {
	boots bookworm generic
}

@test "Debian 13 with its kernel for clouds" {
	boots trixie cloud
}

@test "Debian 13 with its kernel for any PC" {
	boots trixie generic
}

@test "Debian's next release with its kernel for clouds" {
	boots testing cloud
}

@test "Debian's next release with its kernel for any PC" {
	boots testing generic
}
