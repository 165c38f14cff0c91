#!/usr/bin/env bats
# The exercises that are judged on KVM: on the skeletons their tests fail, those
# of earlier exercises pass, and on the steps or the solutions they pass.
# host/exercises.bats has built the skeletons.

load lib
load exercises/check

setup() {
	export TIMEOUT_MAX=8	# much waits for what does not come
}

# The steps' own tests pass in the steps' own .bats files.
check_solutions() { # STEP
	local number wrong=0

	export TIMEOUT_MAX=60
	for number in $(exercises "$1" step); do
		"$here"/exercise tests "$number" | sed -n 's/^tests.exercises.step/pass\t&/p'
	done | expect_of "step $1" "$(step_of "$1.1")" "$project" "$built/step-$1" || wrong=1
	for number in $(exercises "$1" beyond); do
		"$here"/exercise tests "$number" | sed 's/^/pass\t/' |
			expect_of "the solution of $number" "$(step_of "$number")" \
				"$built/$number/solution" "$built/$number/solved" || wrong=1
	done
	return $wrong
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

@test "exercises of step 2: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 2
	check_skeletons kvm 2
}

@test "exercises of step 2: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 2
}

@test "exercises of step 3: their tests fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 3
	check_skeletons kvm 3
}

@test "exercises of step 3: their tests pass on the step and on the solutions" {
	need_fast_kvm
	check_solutions 3
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
