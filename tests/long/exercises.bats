#!/usr/bin/env bats
# As ../exercises.bats, for the skeletons of steps 2 and 3, and for the extensions:
# steps 4 to 8, and irqchip, which is 9.

load ../lib
load ../exercises/check

setup() {
	export TIMEOUT_MAX=8	# much waits for what does not come
}

@test "exercises of step 2: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 2
	check_skeletons kvm 2
}

@test "exercises of step 3: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 3
	check_skeletons kvm 3
}

@test "exercises of step 4: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 4
	check_skeletons kvm 4
}

@test "exercises of step 4: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 4
}

@test "exercises of step 5: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 5
	check_skeletons kvm 5
}

@test "exercises of step 5: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 5
}

@test "exercises of step 6: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 6
	check_skeletons kvm 6
}

@test "exercises of step 6: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 6
}

@test "exercises of step 7: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 7
	check_skeletons kvm 7
}

@test "exercises of step 7: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 7
}

@test "exercises of step 8: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 8
	check_skeletons kvm 8
}

@test "exercises of step 8: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 8
}

@test "exercises of step 9: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 9
	check_skeletons kvm 9
}

@test "exercises of step 9: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 9
}
