#!/usr/bin/env bats
# The exercises that are judged on KVM: on the skeletons their tests fail, those
# of earlier exercises pass, and on the steps or the solutions they pass.
# ../host/exercises.bats has built the skeletons.

load ../lib
load ../exercises/check

setup() {
	export TIMEOUT_MAX=8	# much waits for what does not come
}

@test "exercises: the tests of step 1 fail on the skeletons, earlier ones pass" {
	need_kvm
	need_skeletons 1
	check_skeletons kvm 1
}

@test "exercises: the tests of step 2 fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 2
	check_skeletons kvm 2
}

@test "exercises: the tests of step 3 fail on the skeletons, earlier ones pass" {
	need_fast_kvm
	need_skeletons 3
	check_skeletons kvm 3
}

@test "exercises: their tests pass on the steps and on the solutions" {
	local number step wrong=0

	need_fast_kvm
	export TIMEOUT_MAX=60
	# The steps' own tests pass in the steps' own .bats files.
	for step in 1 2 3; do
		for number in $(exercises $step step); do
			"$here"/exercise tests "$number" | sed -n 's/^tests.exercises.step/pass\t&/p'
		done | expect_of "step $step" "$(step_of $step)" "$project" "$built/step-$step" || wrong=1
	done
	for number in $(exercises '' beyond); do
		"$here"/exercise tests "$number" | sed 's/^/pass\t/' |
			expect_of "the solution of $number" "$(step_of "$number")" \
				"$built/$number/solution" "$built/$number/solved" || wrong=1
	done
	return $wrong
}
