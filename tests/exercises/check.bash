# What tests/host/exercises.bats and tests/exercises.bats share: the check of
# the exercises. In build/exercises/N there are the skeleton and, of exercises
# that go beyond the steps, the solution.
#
# From the environment:
#   EXERCISES=all  all tests of earlier exercises, instead of a few (plan() in
#                  exercises.py says which), and the solutions of all exercises
#                  beyond the steps, instead of one of each step
#   EXERCISES=N    this exercise alone

# shellcheck disable=SC2154 # of lib.bash
here=$project/tests/exercises
built=$project/build/exercises
how_many=${EXERCISES:-one}

exercises() { # [STEP [KIND]]: their numbers
	"$here"/exercise list | awk -v step="${1:-}" -v kind="${2:-}" -v only="$how_many" '
		(step == "" || index($1, step ".") == 1) &&
		(kind == "" || $2 == kind) &&
		(only !~ /^[0-9]/ || $1 == only) { print $1 }'
}

need_skeletons() { # STEP
	local number
	for number in $(exercises "$1"); do
		need_files "$built/$number/skeleton"
	done
}

step_of() { # N: its directory
	"$here"/exercise step "$1"
}

# Runs tests on a directory, and compares with what is expected.
# On standard input: pass or fail, a file, the name of a test in it.
expect_of() { # WHAT STEP DIR OUT
	local plan want file name line wrong=0

	plan=$(cat)
	[ -n "$plan" ] || return 0
	rm -f "$4"/*.tap
	cut -f 2- <<<"$plan" | "$here"/judge "$2" "$3" "$4" || :
	while IFS=$'\t' read -r want file name; do
		line=$(sed 's/ in [0-9]*ms$//; s/ in [0-9]*ms # /# /' \
			"$4/$(basename "$file" .bats).tap" |
			awk -v name="$name" '
				/^(not )?ok / { result = $1 == "ok" ? "pass" : "fail"
					text = $0; sub(/^(not )?ok [0-9]+ /, "", text)
					if (text == name) print result }')
		[ "$line" != "$want" ] || continue
		wrong=1
		echo "$1: '$name' should $want, and does ${line:-not run}"
		grep -F -A 12 " $name" "$4/$(basename "$file" .bats).tap" |
			sed -n '2,/^\(not \)\?ok /p' | grep '^#' | head -n 12
	done <<<"$plan"
	return $wrong
}

# Unit tests that were built for the whole step, to begin with
copy_unit() { # TO [BUILD]
	mkdir -p "$1/unit"
	cp -p "${2:-build/unit}"/{*.o,*.d,COMPILE} "$1/unit"
}

begin_unit() { # N [BUILD]
	copy_unit "$built/$1/host" "${2:-}"
	# They may be younger than what the skeleton has changed.
	grep -rlZ 'TODO (exercise' --include='*.c' "$built/$1/skeleton" |
		xargs -0 -r touch
}

# The same for all exercises of a step, and one kind of tests. On KVM a skeleton's
# tests mostly wait for what does not come: several wait at once.
check_skeletons() { # host|kvm STEP
	local lane lanes=1 pids=() wrong=0

	[ "$1" = host ] || lanes=3
	for lane in $(seq $lanes); do
		exercises "$2" | sed -n "$lane~${lanes}p" | check_lane "$1" &
		pids+=($!)
	done
	for lane in "${pids[@]}"; do
		wait "$lane" || wrong=1
	done
	return $wrong
}

# The exercises on standard input, one after the other
check_lane() { # host|kvm
	local number wrong=0

	while read -r number; do
		"$here"/exercise plan "$number" "$1" "$how_many" |
			expect_of "the skeleton of $number" "$(step_of "$number")" \
				"$built/$number/skeleton" "$built/$number/$1" || wrong=1
	done
	return $wrong
}

# The steps pass the exercises' unit tests.
check_units() { # STEP
	local number

	for number in $(exercises "$1" step); do
		"$here"/exercise tests "$number" | grep '/unit\.bats' | sed 's/^/pass\t/' || :
	done | expect_of "step $1" "$(step_of "$1.1")" . "$built/unit-$1"
}

# The steps' own tests pass in the steps' own .bats files.
check_solutions() { # STEP
	local number numbers wrong=0

	export TIMEOUT_MAX=60
	numbers=$(exercises "$1" beyond)
	[ "$how_many" != one ] || numbers=${numbers%%$'\n'*}
	for number in $(exercises "$1" step); do
		"$here"/exercise tests "$number" | sed -n 's/^tests.exercises.step/pass\t&/p'
	done | expect_of "step $1" "$(step_of "$1.1")" "$project" "$built/step-$1" || wrong=1
	for number in $numbers; do
		"$here"/exercise tests "$number" | sed 's/^/pass\t/' |
			expect_of "the solution of $number" "$(step_of "$number")" \
				"$built/$number/solution" "$built/$number/solved" || wrong=1
	done
	return $wrong
}
