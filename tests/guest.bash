# The guest without an operating system (tests/guest), for those who have it drive
# their devices: guest.bats, step7-net.bats, step8-pci.bats.
# shellcheck disable=SC2034,SC2154 # lib.bash's variables

# A disk of 16385 sectors, each of which says its number.
image() { # FILE
	awk 'BEGIN { for (i = 0; i < 16385; i++) printf "%-511s\n", "sector " i }' \
		>"$1"
}

# Has it drive devices, by 64-bit entry, as WORDS say: all its cases go well, COUNT
# of them. Its log is $log. The disk is made anew, "second" is as it was.
drives() { # NAME WORDS COUNT VMM OPTION...
	image disk
	logs=$1
	start "$1" "$4" -d disk "${@:5}" -c "$2" \
		"$project/build/guest/kernel.elf" </dev/null
	wait_for_end 120
	is "$status" 0 "exit status"
	is "$(<"${log%.log}.err")" "" "standard error"
	is "$(grep -c '^ok ' "$log")" "$3" "cases that went well"
	has "$(<"$log")" '^0 failures'
}

# Starts the other end of a network card at ./socket, as $peer.
start_peer() { # MODE
	local log pid

	start "peer-$1" "$project/tests/net/peer" "$PWD/socket" "$1"
	wait_for 150 ready "$log"
	helpers+=("$pid")
	peer=$pid
	peer_log=$log
}
