#!/usr/bin/env bats
# Step 4, what takes long: large memories and initramfs, Debian's kernels, and
# 2,000 spoilt kernels of both formats on a VMM with ASan and UBSan.

load ../lib

step4=${STEP4:-$project/extensions/step4-long-mode/step4-long-mode}
vmlinux=$project/build/linux/vmlinux

setup_file() {
	need_kvm
	need_files "$step4" "$vmlinux" "$kernel" "$initramfs"
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

# Boots with -m MIB until Linux has counted its memory.
counts_all() { # MIB KERNEL
	logs="memory-$1"
	start "memory-$1" "$step4" -m "$1" "$2" </dev/null
	wait_for 300 'Memory: .* available' "$log"
	kill "$pid"
	wait_for_end 60
	# All but the tables' 128 KiB and the PC's hole below 1 MiB
	has "$(<"$log")" " Memory: [0-9]+K/$(($1 * 1024 - 128 - 384))K available"
}

@test "-m 128 to 8192: Linux counts all of it" {
	need_fast_kvm
	counts_all 128 "$vmlinux"
	counts_all 1024 "$kernel"
	counts_all 3072 "$vmlinux"
	counts_all 3584 "$kernel"
	counts_all 5120 "$vmlinux"
	counts_all 8192 "$kernel"
}

# Between two archives there may be zeros: here a GiB of them.
@test "an initramfs of 1 GiB, above 4 GiB" {
	need_fast_kvm
	cp "$initramfs" large
	truncate -s 1G large
	mkdir tree
	echo 'at the end of a GiB' >tree/marker
	(cd tree && echo marker | cpio -o -H newc --quiet) >>large
	for file in "$vmlinux" "$kernel"; do
		logs=large
		start large "$step4" -m 6144 -i large \
			-c 'console=ttyS0 panic=1' "$file" <<-'END'
			stty -echo; sh /dev/ttyS0
			echo "@ marker"; cat /marker
			echo "@ end"; reboot -f
		END
		wait_for_end 600
		is "$status" 0 "exit status"
		is "$(said large marker)" "at the end of a GiB"
		has "$(tr -d '\r' <"$log")" 'RAMDISK: \[mem 0x1[0-9a-f]{8}-'
	done
}

@test "Debian's kernels boot to the shell" {
	need_fast_kvm
	for package in linux-image-cloud-amd64 linux-image-amd64; do
		file=$(compgen -G "$project/build/stock/$package/boot/vmlinuz-*") ||
			skip "$package is not here: tests/stock-kernels brings it, on Debian"
		logs=$package
		start "$package" "$step4" -c 'console=ttyS0 quiet panic=1' \
			-i "$initramfs" "$file" <<-'END'
			stty -echo; sh /dev/ttyS0
			echo "@ release"; uname -r
			echo "@ end"; reboot -f
		END
		wait_for_end 400
		is "$status" 0 "exit status"
		is "$(said "$package" release)" "${file##*vmlinuz-}"
	done
}

# Writes COUNT copies of FILE, spoilt-0 and so on, each with 1 to 4 fields of its
# first 1 KiB changed: the same ones every time.
spoil() { # FILE COUNT
	python3 - "$@" <<-'END'
		import random, sys
		with open(sys.argv[1], 'rb') as file:
		    whole = file.read()
		start, end = {b'\x7f': (4, 176)}.get(whole[:1], (0x1f1, 0x26c))
		for number in range(int(sys.argv[2])):
		    chance = random.Random(number)
		    data = bytearray(whole)
		    for i in range(chance.randint(1, 4)):
		        width = chance.choice((1, 2, 4, 8))
		        where = chance.randrange(start, end - width) // width * width
		        value = chance.choice((0, 1, 2 ** (8 * width) - 1, 1 << 20,
		                               1 << 32, chance.getrandbits(64)))
		        data[where:where + width] = (
		            value % 2 ** (8 * width)).to_bytes(width, 'little')
		    with open('spoilt-%d' % number, 'wb') as file:
		        file.write(data)
	END
}

# A guest that is started at a wrong place does as it likes, for a second. Any KVM
# will do for it.
@test "2,000 spoilt kernels of each format: the VMM never crashes, never hangs" {
	local statuses=() format i count=${SPOILT:-2000}

	make -s -C "$(dirname "$step4")" SANITIZE=1 NAME="$PWD/sanitized" \
		BUILD="$PWD/objects"
	for format in vmlinux bzimage; do
		{ echo 'mov al, 0xfe'; echo 'out 0x64, al'; echo PAYLOAD; } |
			assemble -p "$project/tests/tiny-kernel-64.inc" \
				"-DIS_${format^^}"
		mv guest.bin $format
		spoil $format "$count"
		statuses=()
		for ((i = 0; i < count; i++)); do
			status=0
			timeout -k 20 1 ./sanitized spoilt-$i </dev/null >out 2>err ||
				status=$?
			# 137: SIGTERM, which timeout sends, did not end it.
			[[ " 0 1 2 124 " = *" $status "* ]] ||
				{ echo "status $status, number $i"; return 1; }
			has_not "$(<err)" 'Sanitizer|runtime error'
			if [ $status = 1 ]; then is "$(wc -l <err)" 1 lines; fi
			statuses[status]=$((${statuses[status]:-0} + 1))
			rm spoilt-$i
		done
		echo "# $format: ${statuses[0]:-0} run, ${statuses[1]:-0} refused," \
			"${statuses[2]:-0} crash, ${statuses[124]:-0} go on" >&3
	done
}

@test "what step 3 can do, with step 4: four disks, and memory above 4 GiB" {
	is "$(SCENES='four memory' of_step3 "$step4" \
		'what Linux|four disks|interrupt of its own|come back|above 4 GiB')" \
		"" "tests that failed"
}
