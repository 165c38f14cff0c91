# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for those who load this
# The VMMs that are compared, and the guest that all of them get.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
dir=build/bench
raw=${RAW:-$dir/raw.1}
mem=512 # MiB
limit=$((20 * ${TIMEOUT_SCALE:-1})) # seconds a guest may take
# As many instructions as bytes would be moved with "fast strings" (erms).
bare_cpu=max,-xsave,-erms
kernel=build/linux/bzImage
vmlinux=build/linux/vmlinux
initramfs=$dir/initramfs.cpio
step2="step2-initramfs/step2-initramfs"
step3="step3-virtio/step3-virtio"
step4="extensions/step4-long-mode/step4-long-mode"
step5="extensions/step5-acpi/step5-acpi"
step6="extensions/step6-smp/step6-smp"
step7="extensions/step7-net/step7-net"
step8="extensions/step8-pci/step8-pci"

fail() {
	echo "bench: $*" >&2
	exit 1
}

# A person's command line, with our files in it.
peer() { # TEXT CMDLINE DISK...
	local word
	command=()
	for word in $1; do
		word=${word//KERNEL/$kernel}
		word=${word//INITRAMFS/$initramfs}
		word=${word//ROOT/${3:-}}
		word=${word//DATA/${4:-}}
		command+=("${word//CMDLINE/$2}")
	done
}

# Sets $command: a VMM (*-elf: with the vmlinux in place of the bzImage), the kernel's command line, and the initramfs or disks.
vmm() { # VMM CMDLINE initramfs | VMM CMDLINE DISK...
	local name=$1 cmdline="console=ttyS0 panic=1 reboot=t $2" n=0 disk
	local qemu device=virtio-blk-device kernel=$kernel
	shift 2
	if [[ $name = *-elf ]]; then kernel=$vmlinux; fi
	# QEMU without what the others do not have either.
	qemu=(qemu-system-x86_64 -m "$mem" -nodefaults -no-user-config
		-display none -no-reboot -serial stdio
		-kernel "$kernel" -append "$cmdline")
	if [ "$1" = initramfs ]; then qemu+=(-initrd "$initramfs"); fi

	case $name in
	ours)
		command=("$step3" -m "$mem" -c "$cmdline")
		if [ "$1" = initramfs ]; then
			command=("$step2" -m "$mem" -c "$cmdline"
				-i "$initramfs" "$kernel")
			return
		fi
		for disk; do command+=(-d "$disk"); done
		command+=("$kernel")
		return
		;;
	step4 | step4-elf)
		command=("$step4" -m "$mem" -c "$cmdline" -i "$initramfs"
			"$kernel")
		;;
	step5 | step5-elf | step6 | step7 | step8)
		command=("$step5" -m "$mem" -c "$cmdline")
		if [ "$name" = step6 ]; then command[0]=$step6; fi
		if [ "$name" = step7 ]; then command[0]=$step7; fi
		if [ "$name" = step8 ]; then command[0]=$step8; fi
		if [ "$1" = initramfs ]; then
			command+=(-i "$initramfs" "$kernel")
			return
		fi
		for disk; do command+=(-d "$disk"); done
		command+=("$kernel")
		return
		;;
	peer)
		if [ "$1" = initramfs ]; then
			peer "$PEER" "$cmdline"
		else
			peer "$PEER_DISK" "$cmdline" "$@"
		fi
		return
		;;
	microvm | microvm-elf) command=("${qemu[@]}" -M microvm -enable-kvm -cpu host) ;;
	pc)
		command=("${qemu[@]}" -M pc -enable-kvm -cpu host)
		device=virtio-blk-pci
		;;
	bare)
		command=("${qemu[@]}" -M microvm -cpu "$bare_cpu"
			-accel "tcg,thread=single,tb-size=256"
			-icount "shift=0,sleep=off")
		;;
	esac
	[ "$1" != initramfs ] || return 0
	for disk; do
		command+=(-drive "file=$disk,format=raw,if=none,id=disk$n"
			-device "$device,drive=disk$n")
		n=$((n + 1))
	done
}
