# What the short and the long test with fio share. They need build/fio.ext4
# (tests/fio/build); what the guest does is in tests/fio/init.
# shellcheck disable=SC2154 # lib.bash's variables

fio_disk=$project/build/fio.ext4

fio_setup() {
	need_fast_kvm
	need_files "$step3" "$kernel" "$fio_disk"
}

# Boots with the disks "files" and "raw" in the current directory.
fio_guest() { # NAME WHAT SECONDS OPTION
	local cmdline='console=ttyS0 quiet panic=1 root=/dev/vda ro init=/init'

	start "$1" "$step3" -d "$fio_disk,ro" -d "files$4" -d "raw$4" \
		-c "$cmdline what=$2 seconds=$3" "$kernel" </dev/null
	wait_for_end $((120 + 2 * $3))
	is "$status" 0 "exit status"
	has_not "$(<"$log")" FAILED
	has "$(tr -d '\r' <"$log")" '^@ end$'
}

# Writes and verifies for SECONDS; reads what is then there from read-only
# disks; looks at the file system.
fio_writes_and_reads() { # SECONDS
	logs='fio-write fio-read'
	truncate -s 48M files
	truncate -s 32M raw
	PATH=$PATH:/sbin:/usr/sbin
	mke2fs -q -t ext4 files
	fio_guest fio-write write "$1" ''
	rounds=$(sed -n 's/^ok \([0-9]*\) rounds.*/\1/p' "$log")
	[ "$rounds" -gt 0 ]
	echo "# $rounds rounds in $1 s" >&3
	run e2fsck -fn files
	echo "$output"
	is "$status" 0 "status of e2fsck"

	cp files files-before
	cp raw raw-before
	fio_guest fio-read read 0 ,ro
	has "$(<"$log")" '^ok read'
	cmp files files-before
	cmp raw raw-before
}
