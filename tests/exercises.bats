#!/usr/bin/env bats
# The exercises that are judged on KVM: on the skeletons their tests fail, those
# of earlier exercises pass, and on the steps or the solutions they pass.
# host/exercises.bats has built the skeletons. What takes long, as the skeletons of
# steps 2 and 3, and those of the extensions are in long/exercises.bats.

load lib
load exercises/check

setup() {
	export TIMEOUT_MAX=8	# much waits for what does not come
}

@test "exercises of step 1: their tests fail on the skeletons, earlier ones pass" {
	need_kvm
	need_skeletons 1
	check_skeletons kvm 1
}

@test "exercises of step 1: their tests pass on the step and on the solutions" {
	need_kvm
	check_solutions 1
}

@test "exercises of step 2: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 2
}

@test "exercises of step 3: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 3
}
