#!/usr/bin/env bats
# What judges exercises that go beyond step 3.

load ../lib

setup_file() {
	need_fast_kvm
	need_files "$step3" "$kernel" "$initramfs"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	head -c 1M /dev/urandom >disk.img
	logs=
}

teardown() {
	keep_logs
	show_logs
	stop
}

# Boots with the disk; what is typed stands on standard input.
boot() { # NAME COMMAND...
	logs=$1
	start "$1" "${@:2}" "$step3" -i "$initramfs" -d disk.img \
		-c 'console=ttyS0 quiet panic=1' "$kernel"
	wait_for_end 60
	is "$status" 0 "exit status"
}

# ---- 3.11 ----

# The numbers of the line in which the VMM tells of the disk
counts() { # NAME
	tr -d '\r' <"$BATS_FILE_TMPDIR/$1.err" | sed -n \
		's/^disk.img: \([0-9]*\) reads, \([0-9]*\) writes, \([0-9]*\) flushes, \([0-9]*\) sectors$/\1 \2 \3 \4/p'
}

@test "the disk tells how much it was used" {
	boot idle env <<<'reboot -f'
	boot busy env <<-'END'
		stty -echo; sh /dev/ttyS0
		dd if=/dev/vda of=/dev/null bs=64k count=8 iflag=direct
		dd if=/dev/zero of=/dev/vda bs=4k count=3 oflag=direct conv=fsync,notrunc
		reboot -f
	END
	read -r reads writes flushes sectors < <(counts idle)
	read -r reads2 writes2 flushes2 sectors2 < <(counts busy)
	[ -n "$sectors" ] || {
		echo "no line 'disk.img: N reads, N writes, N flushes, N sectors' on standard error" >&2
		return 1
	}
	is "$writes" 0 "writes of a boot that writes nothing"
	is $((writes2 - writes)) 3 "more writes"
	[ $((reads2 - reads)) -ge 8 ]
	[ $((flushes2 - flushes)) -ge 1 ]
	# 512 KiB and 12 KiB; opening a disk for writing reads some of it again.
	[ $((sectors2 - sectors)) -ge 1048 ]
	[ $((sectors2 - sectors)) -lt 1300 ]
}

# ---- 3.12 ----

# Linux reads a page at a time: sectors 96 to 103 are one.
@test "the bad sector fails, and no other one" {
	for bad in 96 103; do
		boot bad env BAD_SECTOR=$bad <<-'END'
			stty -echo; sh /dev/ttyS0
			dmesg -n 1
			page() { dd if=/dev/vda of=/dev/null bs=4k skip=$1 count=1 iflag=direct 2>/dev/null && echo "$1 good" || echo "$1 bad"; }
			echo "@ pages"; page 11; page 12; page 13; page 255
			echo "@ range"; dd if=/dev/vda of=/dev/null bs=64k count=1 iflag=direct 2>/dev/null && echo good || echo bad
			echo "@ write"; dd if=/dev/zero of=/dev/vda bs=4k seek=12 count=1 oflag=direct conv=notrunc 2>/dev/null && echo good || echo bad
			echo "@ end"; reboot -f
		END
		is "$(said bad pages)" "11 good
12 bad
13 good
255 good" "pages of 8 sectors, with BAD_SECTOR=$bad"
		is "$(said bad range)" bad "a request with sector $bad in it"
		is "$(said bad write)" bad "a write to sector $bad"
	done
	run timed 30 env BAD_SECTOR=x "$step3" -d disk.img "$kernel" </dev/null
	is "$status" 1 "exit status with BAD_SECTOR=x"
}
