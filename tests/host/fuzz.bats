#!/usr/bin/env bats
# Short runs of the fuzz targets (tests/fuzz), with the sanitizers; `make fuzz`
# makes long ones.
#
#   FUZZ_TIME=N  seconds for each (3; make test-all: 60)

load ../lib

fuzz=$project/tests/fuzz
build=$project/build/fuzz
seconds=${FUZZ_TIME:-3}

setup_file() {
	make -s -C "$fuzz" programs
}

@test "fuzz: what once was a finding is none any more" {
	run timed 60 make -s -C "$fuzz" replay
	echo "$output"
	is "$status" 0 "exit status"
	for target in serial virtqueue virtio-mmio virtio-blk boot; do
		has "$(cat "$build/$target.replay")" '^Executed corpus/'
	done
}

@test "fuzz: nothing new is found in a short run" {
	run timed $((120 + seconds * 5)) \
		make -s -C "$fuzz" short TIME="$seconds"
	echo "$output"
	is "$status" 0 "exit status"
	for target in serial virtqueue virtio-mmio virtio-blk boot; do
		has "$output" "^$target: [1-9][0-9]* executions"
	done
	sed 's/^/# /' <<<"$output" >&3
}

@test "fuzz: step 4's loader, with kernels of both formats" {
	run timed $((120 + seconds)) make -s -C "$fuzz" short \
		STEP=../../extensions/step4-long-mode BUILD="$build/step4" \
		TIME="$seconds"
	echo "$output"
	is "$status" 0 "exit status"
	has "$output" "^vmlinux: [1-9][0-9]* executions"
	sed 's/^/# /' <<<"$output" >&3
}

@test "fuzz: the interrupt controllers and the timer of irqchip" {
	run timed $((120 + seconds)) make -s -C "$fuzz" short \
		STEP=../../extensions/irqchip BUILD="$build/irqchip" \
		TIME="$seconds"
	echo "$output"
	is "$status" 0 "exit status"
	has "$output" "^irqchip: [1-9][0-9]* executions"
	sed 's/^/# /' <<<"$output" >&3
}

@test "fuzz: step 7's network card and its stream, with chains and bytes of any kind" {
	run timed $((120 + seconds)) make -s -C "$fuzz" short \
		STEP=../../extensions/step7-net BUILD="$build/step7" \
		TIME="$seconds"
	echo "$output"
	is "$status" 0 "exit status"
	for target in virtio-net net-stream; do
		has "$output" "^$target: [1-9][0-9]* executions"
	done
	sed 's/^/# /' <<<"$output" >&3
}

@test "fuzz: step 8's bus, with accesses of any kind to all that is on it" {
	run timed $((120 + seconds)) make -s -C "$fuzz" short \
		STEP=../../extensions/step8-pci BUILD="$build/step8" \
		TIME="$seconds"
	echo "$output"
	is "$status" 0 "exit status"
	has "$output" "^virtio-pci: [1-9][0-9]* executions"
	sed 's/^/# /' <<<"$output" >&3
}
