#!/usr/bin/env bats
# Step 8: the devices are on PCI, and their interrupts are messages.

load lib
load guest
load fio

step8=${STEP8:-$project/extensions/step8-pci/step8-pci}
vmlinux=$project/build/linux/vmlinux
net_rootfs=$project/build/rootfs-net.ext4
helpers=()

setup_file() {
	need_kvm
	need_files "$step8" "$vmlinux" "$initramfs" "$net_rootfs"
	"$project/tests/lab/probe" 2>/dev/null || return 0
	scene login login || stop
}

teardown_file() {
	ip link del t0 2>/dev/null || :
	keep_logs
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	logs=
}

teardown() {
	show_logs
	stop
	[ ${#helpers[@]} = 0 ] || kill "${helpers[@]}" 2>/dev/null || :
}

# A login with four processors, two disks, a card on a tap and an entropy source.
# The second disk's messages are masked by hand while a read of it is under way.
login() {
	local dir=$BATS_FILE_TMPDIR/login

	mkdir "$dir"
	cp --sparse=always "$net_rootfs" "$dir/disk"
	head -c 1000448 /dev/urandom >"$dir/second"
	ip tuntap add t0 mode tap
	ip addr add 10.8.0.1/24 dev t0
	ip link set t0 up
	# shellcheck disable=SC2016 # for the guest's shell
	COMMANDS='stty -echo
		cd /sys/bus/pci/devices
		echo; echo "@ devices"; for d in *; do echo $d $(cat $d/vendor $d/device $d/class); done
		echo; echo "@ driver"; readlink 0000:00:02.0/driver; nproc
		echo; echo "@ iomem"; grep -iE "pci|virtio|00:0" /proc/iomem
		echo; echo "@ dmesg"; dmesg
		echo; echo "@ cmdline"; cat /proc/cmdline
		ip addr add 10.8.0.2/24 dev eth0; ip link set eth0 up
		echo; echo "@ ping"; ping -c 2 10.8.0.1
		echo; echo "@ random"; dd if=/dev/hwrng bs=1k count=1 2>/dev/null | wc -c
		echo; echo "@ md5"; md5sum </dev/vdb
		mask() { printf "\\$1" | dd of=0000:00:02.0/config bs=1 seek=67 conv=notrunc 2>/dev/null; }
		echo 3 >/proc/sys/vm/drop_caches; mask 300
		(md5sum </dev/vdb >/run/md5; touch /run/done) &
		sleep 1
		echo; echo "@ masked"; ls /run/done 2>&1; hexdump -s 67 -n 1 -C 0000:00:02.0/config
		mask 200; wait
		echo; echo "@ unmasked"; ls /run/done; cat /run/md5
		echo 1 >0000:00:02.0/remove; ls /dev/vdb; echo 1 >/sys/bus/pci/rescan
		echo; echo "@ again"; md5sum </dev/vdb
		bind() { echo virtio1 >/sys/bus/virtio/drivers/virtio_blk/$1; }
		for i in 1 2 3 4 5 6 7 8 9 10; do bind unbind; bind bind; done
		echo; echo "@ bound"; md5sum </dev/vdb
		echo; echo "@ interrupts"; cat /proc/interrupts
		echo; echo "@ end"
		poweroff' timed 400 "$project/tests/console/play" login "$dir" "$dir.log" \
		"$step8" -s 4 -r -n tap=t0 -d "$dir/disk" -d "$dir/second" \
		--trace "$dir/trace" "$vmlinux" 2>"$dir.err"
}

# ---- Linux ----

@test "from the disk to a login: everything is on PCI's bus" {
	need_fast_kvm
	logs=login
	is "$(<"$BATS_FILE_TMPDIR/login/status")" 0 "exit status"
	is "$(said login devices | grep 0000:)" \
		"0000:00:00.0 0x1b36 0x0008 0x060000
0000:00:01.0 0x1af4 0x1042 0x018000
0000:00:02.0 0x1af4 0x1042 0x018000
0000:00:03.0 0x1af4 0x1041 0x020000
0000:00:04.0 0x1af4 0x1044 0x088000"
	has "$(said login driver)" 'drivers/virtio-pci$'
	has "$(said login driver)" '^4$'
	has "$(said login cmdline)" 'console=ttyS0 root=/dev/vda rw panic=1$'
	has "$(said login iomem)" '^c0000000-cfffffff : PCI Bus 0000:00'
	has "$(said login iomem)" '^e0000000-e00fffff : PCI MMCONFIG 0000'
	has "$(said login iomem)" '^4000000000-40ffffffff : PCI Bus 0000:00'
	has "$(said login iomem)" '^  40000[0-9a-f]{5}-40000[0-9a-f]{5} : 0000:00:01.0'
	has_not "$(<"$BATS_FILE_TMPDIR/login/trace")" ' 0xd000[0-9a-f]{4} '
}

@test "disk, network and entropy source work, by messages alone" {
	need_fast_kvm
	logs=login
	said login interrupts >interrupts
	for name in virtio0-req.0 virtio1-req.0 virtio2-input.0 virtio2-output.0 virtio3-input; do
		has "$(<interrupts)" "PCI-MSI [0-9]+-edge +$name"
	done
	has_not "$(<interrupts)" 'IO-APIC.*virtio'
	is "$(awk '/virtio0-req.0/ { print ($2 + $3 + $4 + $5 > 50) }' interrupts)" 1 \
		"more than 50 interrupts of the disk"
	has "$(said login ping)" '2 packets transmitted, 2 packets received'
	is "$(said login random | grep -v '#' | xargs)" 1024
	has "$(said login md5)" "$(md5sum <"$BATS_FILE_TMPDIR/login/second" | cut -c 1-32)"
}

@test "a masked interrupt stays pending, and comes when it is unmasked" {
	need_fast_kvm
	logs=login
	sum=$(md5sum <"$BATS_FILE_TMPDIR/login/second" | cut -c 1-32)
	has "$(said login masked)" 'done: No such file'
	has "$(said login masked)" '^00000043 +c0 '
	has "$(said login unmasked)" '^/run/done$'
	has "$(said login unmasked)" "^$sum "
}

@test "removed and found again, and ten times given to its driver anew" {
	need_fast_kvm
	logs=login
	sum=$(md5sum <"$BATS_FILE_TMPDIR/login/second" | cut -c 1-32)
	has "$(said login again)" "^$sum "
	has "$(said login bound)" "^$sum "
	has "$(tr -d '\r' <"$BATS_FILE_TMPDIR/login.log")" 'ls: /dev/vdb: No such file'
}

@test "Linux has no complaint" {
	need_fast_kvm
	logs=login
	said login dmesg >dmesg
	has "$(<dmesg)" 'PCI: MMCONFIG at .mem 0xe0000000-0xe00fffff. reserved'
	has "$(<dmesg)" 'PCI host bridge to bus 0000:00'
	has "$(<dmesg)" '0000:00:01.0: BAR 0 .mem 0x4[0-9a-f]+-0x4[0-9a-f]+ 64bit.: assigned'
	has_not "$(<dmesg)" '(pci|PCI|virtio|ACPI).*([Ee]rror|[Ww]arn|[Ii]nvalid|[Ff]ail|no space)'
	has_not "$(<dmesg)" '(Firmware Bug|FW issue|WARNING|BUG)'
}

@test "the trace has the names of registers and capabilities" {
	need_fast_kvm
	logs=login
	trace=$BATS_FILE_TMPDIR/login/trace
	has "$(<"$trace")" ' 0xcfc .*Command = 0x6: 00:01.0 MEMORY MASTER$'
	has "$(<"$trace")" ' BAR0 = 0x4: 00:01.0$'
	has "$(<"$trace")" ' MSI-X\+0x[0-9a-f]+ = 0x[0-9a-f]+: 00:01.0$'
	has "$(<"$trace")" ' VirtioCommon\+0x[0-9a-f]+ = '
	has "$(<"$trace")" ' device_status = 0xf: ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK$'
	has "$(<"$trace")" ' MSI-X.VectorControl = 0x0: vector 1$'
	has "$(<"$trace")" ' queue_notify = 0$'
}

@test "31 disks, and no more" {
	need_fast_kvm
	logs=many
	local options=() i
	for i in {1..31}; do
		head -c 4096 /dev/urandom >disk$i
		options+=(-d "disk$i")
	done
	start many "$step8" "${options[@]}" -i "$initramfs" \
		-c 'console=ttyS0 quiet panic=1' "$vmlinux" <<-'END'
		stty -echo; sh /dev/ttyS0
		echo '@ sums'; for d in /dev/vd?? /dev/vd?; do md5sum <$d; done
		echo '@ end'; reboot -f
	END
	wait_for_end 200
	is "$status" 0 "exit status"
	is "$(said many sums | grep -oE '^[0-9a-f]{32}' | sort)" \
		"$(md5sum disk* | cut -c 1-32 | sort)"
	run --separate-stderr "$step8" "${options[@]}" -r "$vmlinux"
	is_refused 'more than 31 disks, network cards and the like'
	touch one
	run --separate-stderr "$step8" "${options[@]}" -d one "$vmlinux"
	is_refused 'a PCI bus has slots for 31 disks only'
}

@test "fio: what was written is read again, on four processors" {
	need_fast_kvm
	need_files "$fio_disk"
	kernel=$vmlinux
	step3=$BATS_TEST_TMPDIR/with-four
	printf '#!/bin/sh\nexec "%s" -s 4 "$@"\n' "$step8" >"$step3"
	chmod +x "$step3"
	fio_writes_and_reads 5
}

# ---- guests that mean no good ----

# Makes $guest a vmlinux of the code on standard input, after what it needs: it
# says characters, and resets the machine when all is over.
hostile() {
	{
		cat <<-'END'
			jmp	main
			%macro SAY 1
				mov	dx, 0x3f8
				mov	al, %1
				out	dx, al
			%endmacro
			%macro FINISH 0
				SAY	10
				mov	dx, 0xcf9
				mov	al, 6
				out	dx, al
				jmp	$
			%endmacro
			; writes EAX to, and reads it from, the register EBX of configuration space
			put:	xchg	eax, ebx
				mov	dx, 0xcf8
				out	dx, eax
				xchg	eax, ebx
				mov	dx, 0xcfc
				out	dx, eax
				ret
			get:	mov	eax, ebx
				mov	dx, 0xcf8
				out	dx, eax
				mov	dx, 0xcfc
				in	eax, dx
				ret
			%macro PUT 2		; slot << 11 | register, value
				mov	ebx, 0x80000000 | (%1)
				mov	eax, %2
				call	put
			%endmacro
			main:	mov	esp, 0x90000
		END
		cat
		echo PAYLOAD
	} | assemble -p "$project/tests/tiny-kernel-64.inc"
	guest=$BATS_TEST_TMPDIR/guest.bin
}

# Runs it, with two disks: it has to say that, and end.
survives() { # WORDS
	truncate -s 1M a b
	logs=hostile
	start hostile "$step8" -d a -d b "$guest" </dev/null
	wait_for_end 120
	is "$status" 0 "exit status"
	is "$(<"$log")" "$1" "what the guest says"
	is "$(<"${log%.log}.err")" "" "standard error"
}

@test "every register of configuration space at every width, by ports and by ECAM" {
	hostile <<-'END'
		mov	r8d, 2			; zeros, ones, something
	value:	mov	r9d, [values + r8 * 4]
		mov	ecx, 0x80000000
	ports:	mov	eax, ecx		; the slots 0 to 3
		mov	dx, 0xcf8
		out	dx, eax
		mov	dx, 0xcfc
		mov	eax, r9d
		out	dx, eax
		in	eax, dx
		mov	eax, r9d
		out	dx, ax
		inc	edx
		out	dx, ax
		out	dx, eax
		in	ax, dx
		inc	edx
		out	dx, ax
		out	dx, al
		inc	edx
		out	dx, ax
		in	al, dx
		add	ecx, 4
		test	ch, 7			; functions 1 to 7 are nobody
		jz	.same
		or	ch, 7
		inc	ecx
		add	ecx, 0x700 - 1
		and	ecx, 0xfffff800
		add	ecx, 0x800
		and	ecx, ~0x7fc
	.same:	cmp	ecx, 0x80002000
		jb	ports
		SAY	'p'
		mov	edi, 0xe0000000
	ecam:	mov	eax, r9d
		mov	[rdi], al
		mov	[rdi], ax
		mov	[rdi], eax
		mov	eax, [rdi]
		mov	rax, [rdi]
		mov	ax, [rdi]
		movsx	rax, r9d
		mov	[rdi], rax
		inc	edi
		test	edi, 0x100
		jz	.next
		add	edi, 0x7f00
		and	edi, ~0x7fff
		add	edi, 0x8000
		and	edi, ~0x7fff
	.next:	cmp	edi, 0xe0018000
		jb	ecam
		SAY	'e'
		dec	r8d
		jns	value
		mov	ebx, 0x80000800
		call	get
		cmp	eax, 0x10421af4
		jne	$
		SAY	'!'
		FINISH
	values:	dd	0, 0xffffffff, 0x5aa5c33c
	END
	survives 'pepepe!'
}

@test "BARs on RAM, on each other, on ECAM and at the top; decoding off" {
	hostile <<-'END'
		; slot 1's registers on RAM: it stays RAM
		PUT	0x810, 0x4000000
		PUT	0x814, 0
		PUT	0x804, 6
		mov	edi, 0x4000014
		mov	byte [rdi], 1
		cmp	byte [rdi], 1
		jne	$
		SAY	'r'
		; both at one place: the first answers
		PUT	0x810, 0xc0000000
		PUT	0x1010, 0xc0000000
		PUT	0x1004, 6
		mov	edi, 0xc0000014
		cmp	byte [rdi], 0
		jne	$
		mov	byte [rdi], 3
		cmp	byte [rdi], 3
		jne	$
		; and where it decodes no more, the other
		PUT	0x804, 0
		cmp	byte [rdi], 0
		jne	$
		PUT	0x1004, 0
		cmp	byte [rdi], 0xff
		jne	$
		SAY	'o'
		; on ECAM, which stays it; on the APICs; at the top
		PUT	0x804, 6
		PUT	0x810, 0xe0000000
		mov	edi, 0xe0008000
		cmp	dword [rdi], 0x10421af4
		jne	$
		PUT	0x810, 0xfee00000
		PUT	0x810, 0xfec00000
		PUT	0x814, 0xffffffff
		PUT	0x810, 0xffffffff
		cmp	dword [rdi], 0x10421af4
		jne	$
		SAY	't'
		; and it is well
		PUT	0x814, 0
		PUT	0x810, 0xc0000000
		mov	edi, 0xc0000014
		cmp	byte [rdi], 3
		jne	$
		SAY	'!'
		FINISH
	END
	survives 'rot!'
}

# A queue that is nowhere has the device ask for a reset, by an interrupt.
@test "MSI-X's table with garbage, and the registers by configuration space" {
	hostile <<-'END'
		PUT	0x810, 0xc0000000
		PUT	0x818, 0xc0010000
		PUT	0x804, 6
		PUT	0x840, 0x80000000	; MSI-X is the first capability
		mov	r8d, 7
	again:	mov	esi, 0xc0010000
		mov	rax, [messages + r8 * 8]
		mov	[rsi], rax
		mov	[rsi + 8], eax
		mov	dword [rsi + 12], 0
		mov	[rsi + 16], rax
		mov	[rsi + 0x800], rax
		mov	edi, 0xc0000000
		mov	byte [rdi + 20], 0	; device_status
		mov	dword [rdi + 8], 1	; VERSION_1
		mov	dword [rdi + 12], 1
		mov	byte [rdi + 20], 0xb
		mov	word [rdi + 16], 0	; config_msix_vector
		mov	byte [rdi + 20], 0xf
		mov	dword [rdi + 36], 0x80	; queue_desc
		mov	word [rdi + 28], 1	; queue_enable
		cmp	byte [rdi + 20], 0x4f	; DEVICE_NEEDS_RESET
		jne	$
		SAY	'm'
		dec	r8d
		jns	again
		; the last capability: BARs, places and lengths that are none
		mov	r8d, 255
	bars:	mov	eax, r8d
		mov	ebx, 0x80000894
		call	put
		PUT	0x898, 0x3fff
		PUT	0x89c, 4
		PUT	0x8a0, 0xffffffff
		PUT	0x898, 0xffffffff
		PUT	0x89c, 0xffffffff
		PUT	0x8a0, 0xffffffff
		mov	ebx, 0x800008a0
		call	get
		dec	r8d
		jns	bars
		SAY	'c'
		PUT	0x894, 0
		PUT	0x898, 20
		PUT	0x89c, 1
		PUT	0x8a0, 0
		cmp	byte [rdi + 20], 0
		jne	$
		SAY	'!'
		FINISH
	messages: dq	0, 0xffffffffffffffff, 0xfee00000, 0xfeefffffffff, 0xfee00000000
		dq	0x100000, 0xc0000000, 0xfeeff7fc
	END
	survives 'mmmmmmmmc!'
}

@test "memory as far as the window above it, and no further" {
	run --separate-stderr "$step8" -m $((256 << 10)) "$vmlinux"
	is_refused '^step8-pci: -m 262144: (it would reach to 256 GiB, where the window of PCI is|this host)'
}

# ---- a guest without an operating system (tests/guest) ----

@test "the disk, by a driver that keeps the rules and breaks them, as on step 3" {
	local vmm

	need_fast_kvm
	image second
	truncate -s 8192 second
	for vmm in "$step8" "$project/build/guest/step8-sanitized"; do
		drives "disk-${vmm##*-}" 'pci good bad' 83 "$vmm" -m 3200 -d second,ro
	done
}

@test "the card and the entropy source, by a driver that breaks the rules" {
	local vmm

	need_fast_kvm
	start_peer echo
	for vmm in "$step8" "$project/build/guest/step8-sanitized"; do
		drives "net-${vmm##*-}" 'pci net' 30 "$vmm" -n unix="$PWD/socket" -r
	done
}

@test "requests without end, and for long: keys get their turn, Ctrl-A x quits" {
	local command=("$step8" -m 512 -d disk "$project/build/guest/kernel.elf")

	need_fast_kvm
	image disk
	HOW=quit AWAIT=endless TYPE=k ANSWER='key k' at_terminal "${command[@]}" \
		-c 'pci endless'
	is "$status" 0
	took_at_most seconds-to-answer 5
	took_at_most seconds-to-end 5
	truncate -s 8G disk
	HOW=quit AWAIT=long at_terminal "${command[@]}" -c 'pci long'
	is "$status" 0
	took_at_most seconds-to-end 5
}

# ---- the tables ----

@test "MCFG is where a guest finds it, and iasl has nothing to say" {
	hostile <<-'END'
		mov	esi, 0xe0000
		mov	ecx, 0x20000
		mov	dx, 0x3f8
		rep	outsb
		mov	dx, 0xcf9
		mov	al, 6
		out	dx, al
		jmp	$
	END
	timed 60 "$step8" "$guest" </dev/null >dump
	mkdir tables
	"$project/tests/acpi-tables" dump tables >told
	has "$(<told)" '^XSDT revision 1, 60 bytes'
	has "$(<told)" '^MCFG revision 1, 60 bytes'
	cd tables
	for table in MCFG DSDT; do
		run iasl -d $table.dat
		is "$status" 0 "iasl's status for $table"
		has_not "$output" '(warning|error|invalid|incorrect|unknown|exception)'
	done
	has "$(<MCFG.dsl)" 'Base Address : 00000000E0000000$'
	has "$(<DSDT.dsl)" 'Device \(PCI0\)'
	run iasl -we -p again DSDT.dsl
	has "$output" '0 Errors, 0 Warnings'
	cmp again.aml DSDT.dat
}
