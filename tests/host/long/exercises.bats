#!/usr/bin/env bats
# As ../exercises.bats, which has built the skeletons, for the extensions: steps 4
# to 8, and irqchip, which is 9.

load ../../lib
load ../../exercises/check

setup() {
	cd "$project" || return
}

@test "exercises of the extensions: unit tests fail on the skeletons, those of earlier ones pass" {
	make -s -j2 -C tests/unit STEP=../../extensions/step4-long-mode \
		BUILD=../../build/unit/step4 programs
	for number in $(exercises 4 step); do
		begin_unit "$number" build/unit/step4
	done
	for step in 4 5 6 7 8 9; do
		need_skeletons $step
		check_skeletons host $step
	done
}

@test "exercises of the extensions: unit tests pass on them" {
	for step in 4 5 6 7 8 9; do
		check_units $step
	done
}
