#!/usr/bin/env bats
# What a class needs besides the exercises: the grader's words, a stage of one's
# own, and an archive for where there is no network.

load ../lib

work=$project/build/workshop

setup_file() {
	rm -rf "$work"
	mkdir -p "$work"
}

teardown_file() {
	rm -rf "$work"
}

setup() {
	cd "$project" || return
}

# ---- the grader; here on what is judged without KVM ----

@test "grade: what is not written yet fails, with what was expected and where the log is" {
	run tests/exercises/exercise make 3.9 "$work/mine"
	is "$status" 0
	run tests/exercises/grade 3.9 "$work/mine"
	is "$status" 1
	has "$output" "^Failed: unit: the name of the image is the disk's$"
	has "$output" 'test-virtio-blk\.c:[0-9]+: error: Failure!'
	has "$output" '^0 of 1 tests of exercise 3\.9 pass\. All that was said: .*/mine/grade$'
	is "$(grep -c '^Failed' <<<"$output")" 1 "failures shown"
	[ -s "$work/mine/grade/unit.tap" ]
}

@test "grade: the step's own code passes" {
	cp step3-virtio/virtio-blk.c "$work/mine/step3-virtio/"
	run tests/exercises/grade 3.9 "$work/mine"
	is "$status" 0
	has "$output" '^1 of 1 tests of exercise 3\.9 pass: done\.$'
}

# Has get_id() begin with this.
spoil() { # CODE
	sed "/^static uint8_t get_id/,/^{/s|^{|{\n$1|" step3-virtio/virtio-blk.c \
		>"$work/mine/step3-virtio/virtio-blk.c"
	run timeout 200 tests/exercises/grade 3.9 "$work/mine"
	is "$status" 1
	is "$(grep -c '^Failed' <<<"$output")" "$2" "failures shown"
}

@test "grade: a loop without an end, a crash, a flood and a typo end as failures" {
	export TIMEOUT_MAX=5
	spoil 'for (volatile int i = 0;; i++) {}' 1
	spoil '*(volatile char *)(blk->path - blk->path) = 1;' 1
	spoil 'while (write(1, "flood ", 6) == 6) {}' 1
	[ "$(du -s "$work/mine/grade" | cut -f 1)" -lt 4000 ]
	spoil 'return typo;' 0
	has "$output" "^It does not build"
	has "$output" "error: .*typo"
}

@test "grade: wrong use is one line" {
	for words in "9.9 $work/mine" "'' $work/mine" "1.1 ''" "1.1 $work" "1.1 nowhere"; do
		run --separate-stderr bash -c "tests/exercises/grade $words"
		is "$status" 1 "exit status of grade $words"
		is "${#stderr_lines[@]}" 1 "lines of grade $words"
	done
}

@test "exercise: a directory that has something in it stays as it is" {
	run tests/exercises/exercise make 1.1 "$work/mine"
	is "$status" 1
	has "$output" 'is not empty'
}

# ---- a stage of one's own ----

@test "new-step: it builds, has its own name and tests, and differs in nothing else" {
	mkdir "$work/copy"
	git ls-files -z -co --exclude-standard | xargs -0 cp --parents -t "$work/copy"
	cd "$work/copy"
	run make new-step FROM=3 NAME=4-mine
	is "$status" 0
	run make step4-mine CFLAGS='-O2 -g -Werror'
	is "$output" ""
	run step4-mine/step4-mine --help
	has "$output" '^Usage: step4-mine '
	[ "$(bats --count tests/step4-mine.bats)" -ge 30 ]
	has_not "$(<tests/step4-mine.bats)" 'step3'
	run make diff-4
	has "$output" '^[0-9]+ lines added'
	[ "$(grep -c '^[-+][^-+]' <<<"$output")" -lt 20 ]
	run make -n run-4
	has "$output" 'step4-mine/step4-mine +-d build/rootfs.ext4 build/linux/bzImage'
	run make new-step FROM=3 NAME=4-other
	is "$status" 2
	has "$output" 'there is step4-mine already'
	run make new-step FROM=3 NAME=../x
	is "$status" 2
}

# ---- without a network ----

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
