#!/usr/bin/env bats
# What judges exercises of step 8 that go beyond it.

load ../lib

step8=${STEP8:-$project/extensions/step8-pci/step8-pci}
vmlinux=$project/build/linux/vmlinux

setup_file() {
	need_kvm
	need_files "$step8"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# Linux with the initramfs; its commands come from standard input.
shell() { # WORDS VMM-OPTION...
	need_fast_kvm
	need_files "$initramfs" "$vmlinux"
	run timed 100 "$step8" "${@:2}" -i "$initramfs" \
		-c "console=ttyS0 loglevel=1 panic=1 $1" "$vmlinux"
	is "$status" 0 "exit status"
	output=$(tr -d '\r' <<<"$output")
}

# ---- 8.5 ----

@test "with pci=nomsi disks work by wires, and without it by messages" {
	head -c 300032 /dev/urandom >a
	head -c 300032 /dev/urandom >b
	shell pci=nomsi -d a -d b <<-'END'
		stty -echo; sh /dev/ttyS0
		md5sum /dev/vda /dev/vdb; grep virtio /proc/interrupts; poweroff -f
	END
	for disk in a b; do
		has "$output" "$(md5sum <$disk | cut -c 1-32)  /dev/vd$disk"
	done
	has "$output" ' 16: +[1-9][0-9]* +IO-APIC +16-fasteoi +virtio0'
	has "$output" ' 17: +[1-9][0-9]* +IO-APIC +17-fasteoi +virtio1'
	has_not "$output" 'nobody cared'
	shell '' -d a -d b <<-'END'
		stty -echo; sh /dev/ttyS0
		md5sum /dev/vda /dev/vdb; grep virtio /proc/interrupts; poweroff -f
	END
	has "$output" "$(md5sum <b | cut -c 1-32)  /dev/vdb"
	has "$output" 'PCI-MSI.*virtio1-req'
	has_not "$output" 'IO-APIC.*virtio'
}

# ---- 8.6 ----

@test "--counter is a card that counts" {
	head -c 300032 /dev/urandom >a
	shell '' --counter -d a <<-'END'
		stty -echo; sh /dev/ttyS0
		cd /sys/bus/pci/devices/0000:00:01.0
		echo "is $(cat vendor device class | xargs)"
		read first last flags <resource
		echo "size $((last - first + 1))"; echo 1 >enable
		peek() { echo "$1 $(devmem $((first + $2)) 32)"; }
		peek a 0; peek b 0; peek c 4; peek d 0
		devmem $first 32 1000; peek e 0; peek f 0
		md5sum /dev/vda; poweroff -f
	END
	has "$output" 'is 0x1b36 0x1100 0xff0000'
	has "$output" 'size 4096'
	for line in 'a 0x00000000' 'b 0x00000001' 'c 0x00000000' 'd 0x00000002' \
		'e 0x000003E8' 'f 0x000003E9' "$(md5sum <a | cut -c 1-32)  /dev/vda"; do
		has "$output" "$line\$"
	done
}
