#!/usr/bin/env bats
# An archive for where there is no network: building, running and grading from it.

load ../../lib

work=$project/build/workshop-offline

setup() {
	cd "$project" || return
	rm -rf "$work"
	mkdir -p "$work"
}

teardown() {
	rm -rf "$work"
}

@test "offline: from the archive alone, without a network" {
	unshare -rn true || skip "unshare does not work here"
	DEBS=0 run tests/lab/offline
	is "$status" 0
	tar -xf build/minimal-vmm-offline.tar -C "$work"
	cd "$work/minimal-vmm"
	is "$(git status --porcelain | grep -v '^ M\|^??')" ""
	run unshare -rn env -u MAKEFLAGS make all disk
	is "$status" 0
	has_not "$output" '(apt|kernel:)'
	run unshare -rn make exercise N=3.9 DIR=build/mine
	is "$status" 0
	cp step3-virtio/virtio-blk.c build/mine/step3-virtio/
	run unshare -rn make grade N=3.9 DIR=build/mine
	echo "$output"
	is "$status" 0
	has "$output" ' pass: done'
}
