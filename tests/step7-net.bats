#!/usr/bin/env bats
# Step 7: a network card, an entropy source, and one event loop.

load lib
load guest

step7=${STEP7:-$project/extensions/step7-net/step7-net}
vmlinux=$project/build/linux/vmlinux
net_rootfs=$project/build/rootfs-net.ext4
helpers=()

setup_file() {
	need_kvm
	need_files "$step7" "$vmlinux" "$initramfs" "$net_rootfs"
	export helper_pids=$BATS_FILE_TMPDIR/helpers
	"$project/tests/lab/probe" 2>/dev/null || return 0
	host_network
	scene user user || stop
	scene tap tap || stop
}

teardown_file() {
	xargs -r kill <"$helper_pids" 2>/dev/null || :
	ip link del t0 2>/dev/null || :
	ip link del t1 2>/dev/null || :
	ip link del d0 2>/dev/null || :
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

# What a host has that is on a network: an address and a default route, here by
# an interface that leads nowhere; two taps; and servers for the guest.
host_network() {
	local dir=$BATS_FILE_TMPDIR/www

	ip tuntap add d0 mode tap
	ip addr add 10.9.0.2/24 dev d0
	ip link set d0 up
	ip route add default via 10.9.0.1
	ip tuntap add t0 mode tap
	ip addr add 10.8.0.1/24 dev t0
	ip link set t0 up
	ip tuntap add t1 mode tap
	ip addr add 10.6.0.1/24 dev t1
	ip link set t1 up
	echo 'nameserver 127.0.0.1' >/etc/resolv.conf
	mkdir "$dir"
	echo 'a page of the host' >"$dir/page"
	head -c 8000000 /dev/urandom >"$dir/data"
	start host "$project/tests/net/host" "$dir"
	echo "$pid" >>"$helper_pids"
	wait_for 150 ready "$log"
	pid=
}

# ---- a user without root ----

# As nobody, with passt at the other end.
user() {
	local dir=$BATS_FILE_TMPDIR/user nobody=() visitor

	mkdir "$dir"
	cp --sparse=always "$net_rootfs" "$dir/disk"
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody "$dir"
		chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_FILE_TMPDIR%/*}"
		nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups
			env TMPDIR="$dir")
	fi
	visit >"$BATS_FILE_TMPDIR/visit" 3>&- &
	visitor=$!
	COMMANDS="stty -echo
		echo; echo '@ address'; ip -4 -o addr show dev eth0
		echo; echo '@ name'; nslookup vmm.test
		echo; echo '@ page'; wget -q -O - http://10.9.0.1:8000/page
		echo; echo '@ md5'; wget -q -O - http://10.9.0.1:8000/data | md5sum
		echo; echo '@ end'
		printf 'HTTP/1.0 200 OK\r\n\r\na page of the guest\n' | nc -l -p 80
		poweroff" timed 200 "$project/tests/console/play" login "$dir" "$dir.log" \
		"${nobody[@]}" "$project/extensions/step7-net/with-passt" -t 8080:80 \
		"$step7" -r -d "$dir/disk" --trace "$dir/trace" "$vmlinux" 2>"$dir.err" || :
	wait $visitor || :
}

# Somebody outside who looks at the guest's page until it is there.
visit() {
	timeout "$(limit 150)" python3 - <<-'END'
		import time, urllib.request
		while True:
		    try:
		        url = 'http://127.0.0.1:8080/page'
		        print(urllib.request.urlopen(url, timeout=5).read().decode(), end='')
		        break
		    except OSError:
		        time.sleep(0.5)
	END
}

@test "passt, without root: an address, names, a page from the host and one for it" {
	logs=user
	need_fast_kvm
	has "$(said user address)" 'inet 10\.9\.0\.2/24 '
	has "$(said user name)" '^Address: 10\.9\.0\.2$'
	has "$(said user page)" '^a page of the host$'
	is "$(<"$BATS_FILE_TMPDIR/visit")" "a page of the guest" "what a visitor saw"
	is "$(said user md5 | grep -oE '^[0-9a-f]{32}')" \
		"$(md5sum <"$BATS_FILE_TMPDIR/www/data" | cut -c 1-32)" "MD5 of 8 MB"
	is "$(<"$BATS_FILE_TMPDIR/user/status")" 0 "exit status"
	is "$(find "$BATS_FILE_TMPDIR/user" -name socket)" "" "what with-passt has left"
}

@test "without passt with-passt says what to install" {
	need_fast_kvm
	mkdir bin
	ln -s "$(command -v sh)" bin
	run --separate-stderr env PATH="$PWD/bin" sh \
		"$project/extensions/step7-net/with-passt" "$step7" "$vmlinux"
	is_refused 'install the package passt'
}

# ---- tap ----

# Two cards, one that leaves work to the kernel, and one that does not; then 8 MB
# each way over both. Its commands come from standard input.
tap() {
	local dir=$BATS_FILE_TMPDIR/www card=0 net

	{
		echo 'stty -echo; PS1='
		for net in 10.8.0 10.6.0; do
			cat <<-END
				ip addr add $net.2/24 dev eth$card; ip link set eth$card up
				echo; echo "@ ping $card"; ping -c 2 $net.1
				echo; echo "@ md5 $card"; wget -q -O - http://$net.1:8000/data | md5sum
				head -c 8000000 /dev/urandom >/tmp/data
				echo; echo "@ sent $card"; md5sum </tmp/data
				nc $net.1 9001 </tmp/data
				echo; echo "@ mtu $card"; cat /sys/class/net/eth$card/mtu
				ip link set eth$card down
			END
			card=$((card + 1))
		done
		echo "echo; echo '@ features'; cat /sys/bus/virtio/devices/*/features"
		echo "echo; echo '@ rng'; cat /sys/class/misc/hw_random/rng_current
			head -c 20000 /dev/hwrng | wc -c
			head -c 2500 /dev/hwrng | md5sum; head -c 2500 /dev/hwrng | md5sum"
		echo "echo; echo '@ end'; poweroff -f"
	} >"$BATS_FILE_TMPDIR/commands"
	ip link set t1 mtu 1400
	start tcpdump tcpdump -U -i t0 -w "$dir/t0.pcap" -c 20
	echo "$pid" >>"$helper_pids"
	wait_for 60 listening "${log%.log}.err"
	start tap "$step7" -m 256 -n tap=t0 -n tap=t1,plain -r -i "$initramfs" \
		--trace "$dir/trace" -c "console=ttyS0 loglevel=1 panic=1" "$vmlinux" \
		<"$BATS_FILE_TMPDIR/commands"
	wait_for_end 200
}

# Among remarks of the kernel's, which may be in its line
md5_in() { # HEADING
	said tap "$1" | grep -oE '^[0-9a-f]{32}'
}

# Said by the scene tap of a card: what it got and sent is what there was.
carries() { # NUMBER
	has "$(said tap "ping $1")" '2 packets received, 0% packet loss'
	is "$(md5_in "md5 $1")" \
		"$(md5sum <"$BATS_FILE_TMPDIR/www/data" | cut -c 1-32)" "MD5 of what came"
	grep -qx "$(md5_in "sent $1")" "$BATS_FILE_TMPDIR/www/received"
}

# The bit of a feature, as Linux shows what was negotiated: from bit 0 on
feature() { # LINE BIT
	said tap features | sed -n "$1p" | cut -c $(($2 + 1))
}

@test "a tap: pings, and 8 MB each way, with what the kernel can do" {
	logs=tap
	need_fast_kvm
	carries 0
	is "$(said tap "mtu 0")" 1500 "MTU"
	# CSUM, GUEST_CSUM, MTU, MAC, GUEST_TSO4 and 6, HOST_TSO4 and 6, MRG_RXBUF, STATUS
	for bit in 0 1 3 5 7 8 11 12 15 16 32; do
		is "$(feature 1 $bit)" 1 "feature $bit"
	done
}

@test "a tap, plain: the same, every frame whole and its checksum right" {
	logs=tap
	need_fast_kvm
	carries 1
	is "$(said tap "mtu 1")" 1400 "MTU, which is the interface's"
	for bit in 0 1 7 8 11 12; do is "$(feature 2 $bit)" 0 "feature $bit"; done
	for bit in 3 5 15 16 32; do is "$(feature 2 $bit)" 1 "feature $bit"; done
}

@test "frames are in the trace, and beside it where tcpdump and tshark look" {
	need_fast_kvm
	has "$(<"$BATS_FILE_TMPDIR/www/trace")" \
		' frame to the host, [0-9]+ bytes: 02(:[0-9a-f]{2}){5} > ff:ff:ff:ff:ff:ff, type 0x0806'
	has "$(<"$BATS_FILE_TMPDIR/www/trace")" ' frame to the guest, 98 bytes: .* type 0x0800'
	has "$(tshark -r "$BATS_FILE_TMPDIR/www/t0.pcap" 2>/dev/null)" 'Echo \(ping\) reply'
}

@test "the entropy source feeds /dev/hwrng" {
	logs=tap
	need_fast_kvm
	has "$(said tap rng)" '^virtio_rng\.0$'
	has "$(said tap rng)" '^20000$'
	is "$(said tap rng | grep -c -- '  -')" 2
	is "$(said tap rng | grep -- '  -' | uniq | wc -l)" 2 "different numbers"
}

# ---- the other end of a socket ----

# A guest on it, whose shell's input is file descriptor 5.
start_guest() { # NAME
	logs=$1
	mkfifo keys
	exec 5<>keys
	start "$1" "$step7" -n unix="$PWD/socket" -i "$initramfs" \
		-c "console=ttyS0 loglevel=1 panic=1" "$vmlinux" <keys
	echo 'stty -echo; PS1=; echo rea''dy' >&5
	wait_for 60 '^ready' "$log"
}

configure='ip addr add 10.7.0.2/24 dev eth0; ip link set eth0 up'

@test "a back end that dies in the middle: the link goes down, and comes back with it" {
	need_fast_kvm
	start_peer dies
	start_guest dies
	echo "$configure; while [ ! -e /stop ]; do cat /sys/class/net/eth0/carrier; sleep 0.2; done & ping -c 1 -w 2 10.7.0.1" >&5
	wait_for 60 '^1' "$log"
	wait_for 60 '^0' "$log"
	# Nobody there: the guest goes on.
	echo 'echo and' >&5
	wait_for 30 '^and' "$log"
	start_peer answer
	wait_for 30 connected "$peer_log"
	timeout "$(limit 30)" sh -c 'until tr -d "\r" <"$0" | grep -x "[01]" |
		tail -n 1 | grep -q 1; do sleep 0.2; done' "$log"
	echo ': >/stop; sleep 1; echo; echo "@ ping"; ping -c 3 10.7.0.1; echo "@ end"; poweroff -f' >&5
	wait_for_end 60
	has "$(said dies ping)" '3 packets received, 0% packet loss'
	# It may have died before anybody looked.
	has "$(tr -d '\r' <"$log" | grep -x '[01]' | uniq | xargs)" '^(1 )?0 1$'
}

@test "frames of any length, byte by byte, too: those that fit arrive" {
	need_fast_kvm
	start_peer jumbo
	start_guest jumbo
	echo "$configure; sleep 1; ping -c 3 10.7.0.1; echo '@ frames'; cat /sys/class/net/eth0/statistics/rx_packets; echo '@ end'; poweroff -f" >&5
	wait_for_end 60
	has "$(<"$log")" '3 packets received, 0% packet loss'
	# 14 to 65550 bytes long, seven of them; 14 and 100 in bytes; ARP and 3 pings
	is "$(said jumbo frames)" 13 "frames"
}

@test "a flood: the console answers, pings go through, and nobody spins" {
	local before

	need_fast_kvm
	start_peer flood
	# The guest's driver is there, but gives no buffer yet.
	start_guest flood
	sleep 2
	before=$(cpu_time "$pid")
	sleep 2
	# Nobody is busy: frames wait on the other side.
	[ $(($(cpu_time "$pid") - before)) -lt 50 ]
	echo "$configure; ping -c 3 -W 20 10.7.0.1; echo an''swer" >&5
	wait_for 60 '^answer' "$log"
	has "$(<"$log")" '[123] packets received'
	echo 'poweroff -f' >&5
	wait_for_end 60
}

# ---- a guest without an operating system (tests/guest) ----

@test "chains that break the rules, on the card's queues and the entropy source's" {
	local vmm

	need_fast_kvm
	start_peer echo
	for vmm in "$step7" "$project/build/guest/step7-sanitized"; do
		drives "net-${vmm##*-}" net 30 "$vmm" -n unix="$PWD/socket" -r
	done
}

@test "the disk, by a driver that breaks the rules, as on step 3" {
	need_fast_kvm
	image second
	truncate -s 8192 second
	# Where step 3 has nothing, there is a slot of device 0.
	drives disk-bad 'bad slots' 59 "$step7" -m 3200 -d second,ro
}

@test "a tap that is taken away, and made again" {
	need_fast_kvm
	ip tuntap add t2 mode tap
	ip addr add 10.5.0.1/24 dev t2
	ip link set t2 up
	logs=taken
	mkfifo keys
	exec 5<>keys
	start taken "$step7" -n tap=t2 -i "$initramfs" \
		-c "console=ttyS0 loglevel=1 panic=1" "$vmlinux" <keys
	echo 'ip addr add 10.5.0.2/24 dev eth0; ip link set eth0 up; while :; do echo; echo carrier $(cat /sys/class/net/eth0/carrier); sleep 0.2; done &' >&5
	wait_for 60 'carrier 1' "$log"
	ip link del t2
	wait_for 60 'carrier 0' "$log"
	ip tuntap add t2 mode tap
	ip addr add 10.5.0.1/24 dev t2
	ip link set t2 up
	echo 'kill %1; sleep 2; ping -c 3 10.5.0.1; poweroff -f' >&5
	wait_for_end 60
	ip link del t2
	has "$(<"$log")" ' 3 packets received'
}

# ---- what it refuses ----

@test "-n: what is none, or is not there, in one line" {
	local name

	for name in '' tap unix wifi=1 tap; do
		run --separate-stderr "$step7" -n "$name" "$vmlinux"
		is_refused 'neither tap=NAME nor unix=PATH'
	done
	run --separate-stderr "$step7" -n tap=nope "$vmlinux"
	is_refused 'tap=nope: have root make it for you: ip tuntap add nope mode tap'
	run --separate-stderr "$step7" -n tap=lo "$vmlinux"
	is_refused 'tap=lo: no tap interface|tap=lo: /dev/net/tun'
	run --separate-stderr "$step7" -n tap=0123456789abcdef "$vmlinux"
	is_refused 'a name has at most 15 letters'
	run --separate-stderr "$step7" -n tap=t0,fast "$vmlinux"
	is_refused 'only ,plain'
	run --separate-stderr "$step7" -n unix=nope "$vmlinux"
	is_refused 'unix=nope: its other end comes first.*No such file'
	run --separate-stderr "$step7" -n unix="$(printf %200s x)" "$vmlinux"
	is_refused 'at most 107 letters'
}

@test "a tap has one user, and there are eight slots" {
	local disks=() i

	need_fast_kvm
	ip tuntap add t3 mode tap
	start first "$step7" -n tap=t3 -i "$initramfs" "$vmlinux" </dev/null
	wait_for 60 . "$log"
	run --separate-stderr "$step7" -n tap=t3 "$vmlinux"
	is_refused 'tap=t3: in use by another program'
	for i in 1 2 3 4 5 6 7 8; do
		truncate -s 512 "disk$i"
		disks+=(-d "disk$i")
	done
	run --separate-stderr "$step7" "${disks[@]}" -r "$vmlinux"
	is_refused 'more than 8 disks, network cards and the like'
	stop
	ip link del t3
}

# ---- what step 3 can do ----

@test "a smoke of step 3's tests on step 7" {
	need_fast_kvm
	is "$(SCENES='four memory' of_step3 "$step7" "$smoke")" "" "tests that failed"
}
