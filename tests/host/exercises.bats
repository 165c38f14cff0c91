#!/usr/bin/env bats
# The exercises: their texts, their skeletons, and those of their tests that
# need no KVM. The others are in ../exercises.bats, and need what this builds; what
# takes long of the extensions' is in long/exercises.bats.

load ../lib
load ../exercises/check

setup() {
	cd "$project" || return
}

@test "exercises: eight a step at least, each with tests that exist" {
	local step number file name

	for step in 1 2 3; do
		[ "$(exercises $step | wc -l)" -ge 8 ] || [ "$how_many" != one ]
	done
	for step in 4 5 6 7 8 9; do
		[ "$(exercises $step | wc -l)" -ge 5 ] || [ "$how_many" != one ]
	done
	# shellcheck disable=SC2046
	while IFS=$'\t' read -r file name; do
		grep -qF "@test \"$name\" {" "$file" || {
			echo "no test '$name' in $file" >&2
			return 1
		}
	done < <("$here"/exercise tests $(exercises))
	for number in $(exercises); do
		has "$(<docs/exercises/README.md)" "\]\($number-.*\.md\)"
	done
}

# Whether there is such an anchor docs-check finds out.
@test "exercises: a page names its sections, and one of them announces it" {
	local number page chapter title links

	for number in $(exercises '' step); do
		page=$(compgen -G "docs/exercises/$number-*.md")
		links=$(sed '0,/^$/d; /^$/,$d' "$page" | tr '\n' ' ' |
			grep -oE '\[[^]]+\]\(\.\./[^)#]+#' | sed -E 's/^\[(.*)\]\(\.\.\/(.*)#$/\2\t\1/')
		[ -n "$links" ]
		while IFS=$'\t' read -r chapter title; do
			grep -qE '^## [0-9.]+ ' "docs/$chapter"
			sed -nE 's/^## [0-9.]+ //p' "docs/$chapter" |
				sed 's/ (craft)$//' | grep -qxF "$title" || {
				echo "$page: no section '$title' in $chapter" >&2
				return 1
			}
		done <<<"$links"
		cut -f 1 <<<"$links" | sed 's|^|docs/|' |
			xargs grep -lF "(exercises/${page##*/})" >/dev/null || {
			echo "no section announces exercise $number" >&2
			return 1
		}
	done
}

@test "exercises: a hint for each rung, which a listing does not show" {
	# What has not three hints is refused by every verb.
	for number in 1.1 2.10 3.12; do
		for rung in 1 2 3; do
			run "$here"/exercise hint "$number" $rung
			is "$status" 0
			[ "${#output}" -gt 60 ]
		done
	done
	run "$here"/exercise hint 1.1 4
	is "$status" 1
	run "$here"/exercise hint 9.9 1
	is "$status" 1
	has "$output" 'no exercise 9.9'
}

# Builds in a copy. It begins with what was built of the whole step, by the same
# command in the same form of directory, and compiles what the copy has changed.
build_copy() { # DIR STEP
	if [ -d "$built/whole/build/${2##*/}" ]; then
		mkdir -p "$1/build/${2##*/}"
		cp -p "$built/whole/build/${2##*/}"/* "$1/build/${2##*/}"
	fi
	make -s -C "$1/$2" CFLAGS='-O2 -g -Werror' 2>&1
}

@test "exercises: every skeleton and every solution builds without a warning" {
	local number step wrong=0

	rm -rf "$built/whole"
	mkdir -p "$built/whole"
	cp -rp common step1-hello step2-initramfs step3-virtio extensions "$built/whole"
	for step in step1-hello step2-initramfs step3-virtio extensions/*; do
		run build_copy "$built/whole" "$step"
		is "$output" "" "what the compiler says of $step" || wrong=1
	done
	for number in $(exercises); do
		step=$(step_of "$number")
		rm -rf "${built:?}/$number"
		"$here"/exercise make "$number" "$built/$number/skeleton" >/dev/null
		run build_copy "$built/$number/skeleton" "$step"
		is "$output" "" "what the compiler says of $number" || wrong=1
		[ -e "tests/exercises/solutions/$number.patch" ] || continue
		"$here"/exercise solution "$number" "$built/$number/solution"
		run build_copy "$built/$number/solution" "$step"
		is "$output" "" "what the compiler says of $number's solution" || wrong=1
	done
	return $wrong
}

@test "exercises: a skeleton has a TODO in place of each function, and no more" {
	local number

	for number in $(exercises '' step); do
		run grep -rc 'TODO (exercise' "$built/$number/skeleton" --include='*.c' -h
		count=$(awk '{ n += $1 } END { print n }' <<<"$output")
		is "$count" "$(sed -n '/^| You write/,/^$/p' docs/exercises/"$number"-*.md |
			grep -c '^| `')" "TODOs of $number"
		# Apart from the functions, it is the step.
		step=$(step_of "$number")
		run diff -rq -x "${step##*/}" "$step" "$built/$number/skeleton/$step"
		[ "$(grep -c '^Files' <<<"$output")" -le "$count" ]
		has_not "$(grep -v "^Only in .*: ${step##*/}\$" <<<"$output")" '^Only in'
	done
}

@test "exercises: unit tests fail on the skeletons, those of earlier ones pass" {
	make -s -j2 -C tests/unit programs
	for number in $(exercises 2) $(exercises 3); do
		begin_unit "$number"
	done
	check_skeletons host 2
	check_skeletons host 3
}

@test "exercises: unit tests pass on the steps" {
	check_units 2
	copy_unit "$built/unit-3"	# which are of step 3's files
	check_units 3
}
