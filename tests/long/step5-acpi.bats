#!/usr/bin/env bats
# Step 5 boots systems that know nothing of it, by ACPI alone: Debian's own kernels
# (tests/stock-kernels brings them), and a Debian with systemd, whose power button
# SIGTERM presses.

load ../lib

step5=${STEP5:-$project/extensions/step5-acpi/step5-acpi}

setup_file() {
	need_fast_kvm
	need_files "$step5" "$kernel" "$rootfs"
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

# An initramfs with modules of a kernel's package: those that a virtio disk on
# this machine needs, and ext4. It goes on from /dev/vda.
make_initramfs() { # DIR
	local modules target names='virtio_mmio virtio_blk ext4 crc32c_generic'

	modules=$(compgen -G "$1/lib/modules/*")
	target=root/lib/modules/${modules##*/}
	mkdir -p root/{bin,dev,proc,sys,mnt} "$target"
	cp "$(command -v busybox)" root/bin/busybox
	# "a.ko: b.ko c.ko" is: a needs these.
	busybox depmod -n -b "$1" "${modules##*/}" | grep '^[^ ]*\.ko:' \
		>"$target/modules.dep"
	for name in $names; do
		grep "/$name\.ko:" "$target/modules.dep" | tr -d : | tr ' ' '\n'
	done | sort -u >list
	while read -r file; do
		[ -z "$file" ] || (cd "$modules" && cp --parents "$file" "$OLDPWD/$target")
	done <list
	cat >root/init <<-END
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/bin
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		for name in $names; do modprobe \$name; done
		until [ -e /dev/vda ]; do sleep 0.1; done
		mount -t ext4 /dev/vda /mnt
		mount --move /dev /mnt/dev
		umount /sys /proc
		exec switch_root /mnt /sbin/init
	END
	chmod +x root/init
	(cd root && find . | cpio -o -H newc --quiet) >initramfs
}

logs_in_from_the_disk() { # PACKAGE
	local vmlinuz dir=$BATS_FILE_TMPDIR/$1

	vmlinuz=$(compgen -G "$project/build/stock/$1/boot/vmlinuz-*") ||
		skip "$1 is not here: tests/stock-kernels brings it, on Debian"
	logs=$1
	mkdir "$dir"
	cp --sparse=always "$rootfs" "$dir/disk"
	make_initramfs "$project/build/stock/$1"
	COMMANDS="stty -echo
		echo; echo '@ kernel'; uname -r
		echo; echo '@ interrupts'; cat /proc/interrupts
		echo; echo '@ dmesg'; dmesg | grep -i acpi
		echo; echo '@ trouble'; dmesg | grep -iE '(firmware bug|fw issue|WARNING:|BUG:)'
		echo; echo '@ end'
		poweroff" timed 900 "$project/tests/console/play" login "$dir" \
		"$dir.log" "$step5" -m 1024 -i initramfs -d "$dir/disk" \
		-c 'console=ttyS0 quiet panic=1' "$vmlinuz" 2>"$dir.err"
	is "$(<"$dir/status")" 0 "exit status"
	has "$(said "$1" kernel)" "^${vmlinuz##*vmlinuz-}\$"
	has "$(said "$1" interrupts)" '^ *16: +[1-9][0-9]* .*IO-APIC +16-edge +virtio0'
	has_not "$(said "$1" interrupts)" 'XT-PIC'
	has "$(said "$1" dmesg)" 'ACPI: PM: .supports S0 S5.'
	has_not "$(said "$1" dmesg)" '([Ee]rror|[Ww]arning|[Ee]xception|[Ii]nvalid|[Ff]ail)'
	is "$(said "$1" trouble | grep -v '^~ #')" ""
	run e2fsck -fn "$dir/disk"
	is "$status" 0 "status of e2fsck"
}

@test "Debian's cloud kernel logs in from the disk, by ACPI alone" {
	logs_in_from_the_disk linux-image-cloud-amd64
}

@test "Debian's kernel for any PC logs in from the disk, by ACPI alone" {
	logs_in_from_the_disk linux-image-amd64
}

@test "SIGTERM shuts a Debian with systemd down in order, files synced" {
	local dir=$BATS_FILE_TMPDIR/debian disk=$project/build/debian-button.ext4
	local player=

	need_files "$project/build/rootfs-debian.ext4"
	logs=debian
	mkdir "$dir"
	cp --sparse=always "$project/build/rootfs-debian.ext4" "$disk"
	BUTTON=1 timed 900 "$project/tests/console/play" debian "$dir" "$dir.log" \
		"$step5" -d "$disk" "$kernel" 2>"$dir.err"
	is "$(<"$dir/status")" 0 "exit status"
	grep -x 'system running' "$dir/results"
	has "$(tr -d '\r' <"$dir.log")" 'reboot: Power down'
	run e2fsck -fn "$disk"
	is "$status" 0 "status of e2fsck"
	run debugfs -R 'cat /root/note' "$disk"
	has "$output" '^before the button$'
	rm "$disk"
}

@test "a smoke of step 3's tests on step 5" {
	is "$(SCENES='four memory' of_step3 "$step5" "$smoke")" "" "tests that failed"
}
