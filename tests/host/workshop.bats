#!/usr/bin/env bats
# What a class needs besides the exercises: the grader's words, and a stage of one's
# own. long/workshop.bats has the archive for where there is no network.

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
	spoil '*(volatile char *)(blk->id - blk->id) = 1;' 1
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

# ---- stages: extensions, and those of one's own ----

# Makes a copy of what git knows, and goes there.
copy_project() { # NAME
	mkdir "$work/$1"
	git ls-files -z -co --exclude-standard | xargs -0 cp --parents -t "$work/$1"
	cd "$work/$1"
}

@test "step-diff: what is changed or gone counts, in assembly and C; common does not" {
	mkdir -p "$work/steps/docs/tools"
	cp docs/tools/step-diff "$work/steps/docs/tools"
	cd "$work/steps"
	mkdir -p common step1-a step2-b step3-c
	seq 20 >step1-a/main.c
	seq 10 | tee step1-a/guest.asm >step1-a/old.h
	seq 1000 >step1-a/step1-a
	seq 1000 >common/kvm.c
	sed 's/^5$/five/; $a21\n22' step1-a/main.c >step2-b/main.c
	sed 3d step1-a/guest.asm >step2-b/guest.asm
	seq 500 >step2-b/step2-b
	seq 5 >step2-b/new.c
	cp step2-b/{main.c,new.c,guest.asm} step3-c
	run docs/tools/step-diff -s 2
	is "$output" "8 lines added, 12 removed of the 40 of step1-a (30.0 %)"
	run docs/tools/step-diff 2
	is "${lines[-1]}" "8 lines added, 12 removed of the 40 of step1-a (30.0 %)"
	has "$output" '^\+five$'
	run docs/tools/step-diff -s 3
	is "$output" "0 lines added, 0 removed of the 36 of step2-b (0.0 %)"
	mkdir -p extensions/{step4-d,step5-e,f}
	for stage in step4-d step5-e f; do cp step3-c/* extensions/$stage; done
	echo 6 >>extensions/step4-d/new.c
	sed -i 1,2d extensions/f/new.c
	run docs/tools/step-diff -s 4
	is "$output" "1 lines added, 0 removed of the 36 of step3-c (0.0 %)"
	run docs/tools/step-diff -s 5
	is "$output" "0 lines added, 1 removed of the 37 of step4-d (2.7 %)"
	run docs/tools/step-diff -s f
	is "$output" "0 lines added, 2 removed of the 36 of step3-c (5.6 %)"
	run docs/tools/step-diff -s f 4
	is "$output" "0 lines added, 3 removed of the 37 of step4-d (8.1 %)"
	run docs/tools/step-diff -s 6
	is "$status" 1
	is "$output" "step-diff: there is no step 6"
}

@test "extensions: make builds, runs, compares and removes them; none need be there" {
	copy_project extended
	rm -rf extensions
	run make -n
	has_not "$output" 'extensions'
	mkdir extensions
	run make -n
	has_not "$output" 'extensions'
	run make -n run-4
	is "$status" 2
	has "$output" 'There is no step 4\.'
	cp -r step3-virtio extensions/step4-long-mode
	cp -r step3-virtio extensions/irqchip
	run make CFLAGS='-O1 -Werror'
	is "$output" ""
	is "$(git -C "$project" check-ignore --no-index extensions/*/{irqchip,step4-long-mode} | wc -l)" 2
	extensions/step4-long-mode/step4-long-mode --help
	extensions/irqchip/irqchip --help
	run make -n run-4
	has "$output" 'with-kvm extensions/step4-long-mode/step4-long-mode -d build/rootfs.ext4 build/linux/bzImage$'
	run make -n run-irqchip ROOTFS=debian
	has "$output" 'with-kvm extensions/irqchip/irqchip -d build/rootfs-debian.ext4 build/linux/bzImage$'
	run make diff-4
	is "$output" "$(docs/tools/step-diff -s 4)"
	has "$output" '^0 lines added, 0 removed .*step3-virtio'
	run make diff-irqchip FROM=2
	has "$output" '^[0-9]+ lines added, .*step2-initramfs'
	make clean
	[ ! -e extensions/irqchip/irqchip ]
	[ ! -e extensions/step4-long-mode/step4-long-mode ]
	[ ! -e build/irqchip ]
}

@test "new-step: it builds, has its own name and tests, and differs in nothing else" {
	copy_project own
	run make new-step FROM=3 NAME=9-mine
	is "$status" 0
	run make step9-mine CFLAGS='-O2 -g -Werror'
	is "$output" ""
	run step9-mine/step9-mine --help
	has "$output" '^Usage: step9-mine '
	[ "$(bats --count tests/step9-mine.bats)" -ge 30 ]
	has_not "$(<tests/step9-mine.bats)" 'step3'
	run make diff-9
	has "$output" '^[0-9]+ lines added'
	[ "$(grep -c '^[-+][^-+]' <<<"$output")" -lt 20 ]
	run make -n run-9
	has "$output" 'step9-mine/step9-mine +-d build/rootfs.ext4 build/linux/bzImage'
	run make new-step FROM=3 NAME=9-other
	is "$status" 2
	has "$output" 'there is step9-mine already'
	run make new-step FROM=3 NAME=../x
	is "$status" 2
	# The numbers of the extensions are theirs, made or not.
	run make new-step FROM=3 NAME=4-mine
	is "$status" 2
	has "$output" 'a number from 9 on'
	[ ! -e step4-mine ]
}

# ---- without a network ----
