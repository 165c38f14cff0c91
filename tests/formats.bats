#!/usr/bin/env bats
# What people bring along: an initramfs compressed as distributions do it, a
# disk with partitions. Our guest kernel takes them.

load lib

setup_file() {
	need_fast_kvm
	need_files "$step2" "$step3" "$kernel" "$initramfs" "$rootfs"
}

teardown_file() {
	keep_logs
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$PATH:/usr/sbin:/sbin
	quiet='console=ttyS0 quiet panic=1'
	logs=
}

teardown() {
	show_logs
	stop
}

# Boots step 2 with what COMMAND makes of the initramfs, up to the shell.
boots_compressed() { # COMMAND ARG...
	logs=$1
	"$@" <"$initramfs" >packed
	[ "$(stat -c %s packed)" -lt "$(stat -c %s "$initramfs")" ]
	start "$1" "$step2" -c "$quiet" -i packed "$kernel" <<<poweroff
	wait_for_end 120
	has "$(<"$log")" 'Welcome to step 2: Linux on your own VMM'
	is "$status" 0 "exit status"
}

# Boots step 3 from the first partition, where the root filesystem is.
boots_partitioned() { # LABEL
	logs=$1
	truncate -s "$(($(stat -c %s "$rootfs") + (4 << 20)))" disk
	sfdisk -q disk <<-END
		label: $1
		start=1MiB, size=$(($(stat -c %s "$rootfs") / 512)), type=L
	END
	dd if="$rootfs" of=disk bs=1M seek=1 conv=notrunc,sparse status=none
	start "$1" "$step3" -c "$quiet root=/dev/vda1 rw" -d disk "$kernel" \
		</dev/null
	wait_for 120 'login: ' "$log"
	stop
	# Linux has written to it: the partition and not what is around it.
	dd if=disk of=root bs=1M skip=1 conv=sparse status=none \
		count=$(($(stat -c %s "$rootfs") >> 20))
	run dumpe2fs -h root
	has "$output" '^Mount count: +1$'
	sfdisk -q --verify disk
}

# The options are those of Debian's mkinitramfs and of dracut, but the level: a
# better one takes long in the lab.
@test "an initramfs compressed by gzip" {
	boots_compressed gzip -n -1
}

@test "by zstd" {
	boots_compressed zstd -q -1
}

@test "by xz" {
	boots_compressed xz -1 --check=crc32
}

@test "by lz4" {
	boots_compressed lz4 -1 -l
}

@test "an archive for the processor's microcode ahead of a compressed one" {
	mkdir -p kernel/x86/microcode
	head -c 5000 /dev/urandom >kernel/x86/microcode/AuthenticAMD.bin
	with_microcode() {
		find kernel | cpio -o -H newc --quiet
		zstd -q -1
	}
	boots_compressed with_microcode
}

@test "a disk with a partition table of MBR's kind" {
	boots_partitioned dos
}

@test "a disk with a GPT" {
	boots_partitioned gpt
}
