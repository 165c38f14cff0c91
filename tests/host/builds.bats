#!/usr/bin/env bats
# What a build depends on: the files, and how it is built. Each test works on a
# copy, so what people and other tests have built stays as it is.

load ../lib

work=$project/build/builds

setup_file() {
	rm -rf "$work"
	mkdir -p "$work/tests"
	cd "$project"
	cp -r common step* Makefile "$work"
	[ ! -d extensions ] || cp -r extensions "$work"
	cp -r tests/unit tests/fuzz tests/guest tests/*.inc "$work/tests"
	for step in "$work"/step* "$work"/extensions/*; do
		rm -f "$step/${step##*/}"
	done
}

teardown_file() {
	rm -rf "$work"
}

setup() {
	cd "$work"
	unset CC CFLAGS LDFLAGS SANITIZE MAKEFLAGS
}

# Runs make; $built are the objects and programs that it has made anew, as words
# in alphabetical order.
builds() { # MAKE-ARGUMENT...
	touch before
	sleep 0.02
	make -s -j2 "$@"
	built=$(find . -type f -newer before \( -name '*.o' -o -perm -u+x \) \
		-printf '%f\n' | sort -u | tr '\n' ' ')
}

# The compilers that objects are made by, as their first words
compilers() { # OBJECT...
	local object

	for object; do
		readelf -p .comment "$object" | grep -oE 'GCC|clang'
	done | sort -u
}

# The step, and all objects of its directory and common/ that this suffix has
everything() { # STEP SUFFIX...
	local step=$1 suffix

	{
		echo "${step##*/}"
		for suffix in "${@:2}"; do
			find "$step" common -name "*.$suffix" -printf '%f\n' |
				sed "s/$suffix\$/o/"
		done
	} | sort -u | tr '\n' ' '
}

# What is built of C, out of a list
without_asm() { # LIST
	sed 's/realmode\.o //; s/reset-vector\.o //; s/dsdt\.o //' <<<"$1"
}

# One step for each of the two Makefiles (below)
@test "builds: a step is built anew when how it is built changes, and only then" {
	local step all

	for step in step2-initramfs $(compgen -G 'extensions/step5-*'); do
		all=$(everything "$step" c)
		builds -C "$step"
		is "$built" "$(everything "$step" c asm asl)" "the first build of $step"
		builds -C "$step"
		is "$built" "" "built again without a change"
		builds -C "$step" SANITIZE=1
		is "$built" "$all" "built for SANITIZE=1"
		has "$(nm "$step/${step##*/}")" ' __asan_init$'
		builds -C "$step" SANITIZE=1
		is "$built" "" "built for SANITIZE=1, again"
		builds -C "$step"
		is "$built" "$all" "built after SANITIZE=1"
		has_not "$(nm "$step/${step##*/}")" ' __asan_init$'
	done
}

@test "builds: compiler, options and the linker's options are a part of it" {
	local all options="-O1 -DWORDS='\"a b\"'"

	all=$(everything step2-initramfs c)
	builds -C step2-initramfs
	builds -C step2-initramfs CC=clang
	is "$built" "$all" "built for CC=clang"
	has "$(compilers build/step2-initramfs/main.o)" clang
	builds -C step2-initramfs CC=clang CFLAGS="$options"
	is "$built" "$all" "built for other CFLAGS"
	builds -C step2-initramfs CC=clang CFLAGS="$options"
	is "$built" "" "built for them again"
	builds -C step2-initramfs CC=clang CFLAGS="$options" LDFLAGS=
	is "$built" "step2-initramfs " "built for other LDFLAGS"
	has "$(readelf -l step2-initramfs/step2-initramfs)" INTERP
	CFLAGS=$options builds -C step2-initramfs CC=clang LDFLAGS=
	is "$built" "" "built with the same from the environment"
	run make -C step2-initramfs V=1
	has "$output" ' -O2 -g -c -o .*/main\.o main\.c$'
}

@test "builds: a file that changes, comes or goes" {
	builds -C step2-initramfs
	touch step2-initramfs/boot.h
	builds -C step2-initramfs
	has "$built" '^boot\.o (.* )?step2-initramfs $'
	has_not "$built" '(die|cpuid|realmode)\.o'
	touch step2-initramfs/realmode.asm
	builds -C step2-initramfs
	is "$built" "realmode.o step2-initramfs " "built for realmode.asm"
	mkdir -p common/x86
	echo 'int another;' >common/x86/another.c
	builds -C step2-initramfs
	is "$built" "another.o step2-initramfs " "built for common/x86/another.c"
	has "$(nm step2-initramfs/step2-initramfs)" ' another$'
	rm common/x86/another.c
	builds -C step2-initramfs
	is "$built" "step2-initramfs " "built without it"
	has_not "$(nm step2-initramfs/step2-initramfs)" ' another$'
}

# From step 5 on, there is also AML to compile.
@test "builds: one Makefile for all steps, at the top and in extensions" {
	local file with_aml=

	for file in step*/Makefile $(compgen -G 'extensions/*/Makefile'); do
		if [ ! -e "${file%/*}/dsdt.asl" ]; then
			cmp step1-hello/Makefile "$file"
			continue
		fi
		cmp "${with_aml:=$file}" "$file"
		is "$(diff step1-hello/Makefile "$file" | grep '^<')" \
			'< 	   *.c *.asm $(TOP)/common/*.c $(TOP)/common/x86/*.c))))' \
			"lines that $file lacks"
	done
	mkdir -p extensions
	cp -r step3-virtio extensions/copy
	rm -f extensions/copy/step3-virtio
	builds -C extensions/copy
	is "$built" "$(everything extensions/copy c asm)" "built"
	[ -x extensions/copy/copy ]
	[ -e build/copy/main.o ]
	rm -r extensions/copy
}

@test "builds: the tests' own programs" {
	local objects

	builds -C tests/unit TESTS=serial programs
	has "$built" 'fake\.o .*test-serial test-serial\.o '
	objects=$built
	builds -C tests/unit TESTS=serial programs
	is "$built" "" "unit tests built again"
	builds -C tests/unit TESTS=serial programs CFLAGS=-DOTHER
	is "$built" "$(without_asm "$objects")" "unit tests built for other CFLAGS"
	builds -C tests/unit TESTS=serial programs CFLAGS=-DOTHER CC=clang
	is "$built" "$(without_asm "$objects")" "unit tests built by clang"

	builds -C tests/fuzz TARGETS=serial programs
	has "$built" 'fuzz-serial fuzz-serial\.o '
	objects=$built
	builds -C tests/fuzz TARGETS=serial programs
	is "$built" "" "fuzzers built again"
	builds -C tests/fuzz TARGETS=serial programs CFLAGS=-DOTHER
	is "$built" "$(without_asm "$objects")" "fuzzers built for other CFLAGS"
}

@test "builds: the test guest" {
	local objects

	builds -C tests/guest
	objects=$built
	has "$objects" '(^| )faults\.so .*main\.o .*step3-sanitized step3-shared '
	builds -C tests/guest
	is "$built" "" "built again"
	is "$(compilers build/guest/*.o)" GCC
	builds -C tests/guest CFLAGS=-g1 CC=clang
	is "$built" "$(without_asm "$objects")" "built by clang, for other CFLAGS"
	is "$(compilers build/guest/*.o)" clang
}
