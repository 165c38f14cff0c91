#!/usr/bin/env bats
# Step 2's Linux under kvm_intel, on the Intel machine that Bochs emulates.
# The lab is an AMD machine: what only Intel's hardware does shows here.

@test "step 2 boots Linux to a shell on Intel VT-x" {
	run "$BATS_TEST_DIRNAME"/../vtx/run 2
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"ok 2"* ]]
}
