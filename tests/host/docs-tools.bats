#!/usr/bin/env bats
# The tools of the tutorial (docs/tools) on a tiny book of two chapters, which
# is in docs-tools/: each failure of docs-check once, and the ways from and to
# the history. Two more chapters, of extensions, are in docs-tools/extended.

tools=$BATS_TEST_DIRNAME/../../docs/tools
one=docs/01-say.md
two=docs/02-tell.md

setup() {
	unset CFLAGS
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t GIT_COMMITTER_NAME=t \
		GIT_COMMITTER_EMAIL=t GIT_CONFIG_GLOBAL=/dev/null
	book=$BATS_TEST_TMPDIR/book
	cp -r "$BATS_TEST_DIRNAME"/docs-tools "$book"
	cd "$book" || return
	mv extended ..
	printf 'build/\nstep1-say/step1-say\nstep2-tell/step2-tell\n' >.gitignore
	git init -q .
}

# The book with its extensions
extend() {
	cp -r ../extended/. .
	printf 'extensions/%s\n' step3-shout/step3-shout whisper/whisper >>.gitignore
}

check() {
	run "$tools"/check -C . --here "$@"
	echo "$output"
}

tool() { # NAME ARG...
	run "$tools/$1" -C . "${@:2}"
	echo "$output"
	[ "$status" -eq 0 ]
}

# The check fails, with this message, and one failure.
fails() {
	[ "$status" -eq 1 ]
	[[ $output == *"$1"* ]]
	[[ $output == *", 1 failed" ]]
}

line() { # FILE PATTERN: the number of the first line that has it
	grep -nF -- "$2" "$1" | head -n 1 | cut -d: -f1
}

@test "docs-check: a book that is right" {
	check
	[ "$status" -eq 0 ]
	[[ $output == *"1.1 One word (+17 -0, "* ]]
	[[ $output == *"end of chapter 2: step1-say is the repository's"* ]]
	[[ $output == *'01-say.md "Again": as shown'*'01-say.md "Again": as shown'* ]]
	[[ $output == *"citations: 2, all right"*"32 passed, 0 failed" ]]
}

@test "docs-check: a wrong byte in a new file" {
	sed -i 's/#include <stdio.h>/&\t/' $one
	check --no-build
	[[ $output == *"$one:$(line $one 'stdio.h'): 1.1: step1-say/main.c differs from the repository's in line 3"* ]]
	# The step copied from it has it too.
	[[ $output == *"$one:$(line $one 'stdio.h'): 1.1: step2-tell/main.c differs"* ]]
}

@test "docs-check: a wrong byte in a line that a diff adds" {
	sed -i 's/+	puts(MORE)/+	puts( MORE)/' $two
	check --no-build
	fails "$two:$(line $two 'puts( MORE)'): 2.2: step2-tell/main.c differs from the repository's in line 14"
	[[ $output == *'here:           	puts( MORE);'*'the repository: 	puts(MORE);'* ]]
}

@test "docs-check: a wrong byte in a diff's context" {
	sed -i '/^@@ -11,5 +11,6/,$s/^ int main(void)/ int main()/' $two
	check --no-build
	fails "$two:$(line $two ' int main()'): 2.2: does not apply: line 11 of step2-tell/main.c"
}

@test "docs-check: a hunk in the wrong place, and renumber" {
	cp $one right
	sed -i 's/@@ -11,5 +11,5 @@/@@ -10,5 +10,5 @@/; s/^@@ -4,6 +4,7 @@/@@/' $one
	check --no-build
	fails "$one:$(line $one '@@'): 1.2: this line belongs to no hunk"
	tool renumber
	cmp $one right
}

@test "docs-check: a hunk with a wrong count" {
	sed -i 's/@@ -11,5 +11,5 @@/@@ -11,6 +11,6 @@/' $one
	check --no-build
	fails "$one:$(line $one '@@ -11'): 1.2: the hunk has 5 old and 5 new lines, its first line says 6 and 6"
}

@test "docs-check: a hunk with more context on one side" {
	cp $one right
	sed -i '/^@@ -4,6/{s/.*/@@ -5,5 +5,6 @@/;n;d}' $one
	check --no-build
	fails "$one:$(line $one '@@ -5,5'): 1.2: the hunk has 2 lines of context ahead of its changes and 3 behind them"
	# Where the file ends there may be less of it, but not before.
	cp right $one
	sed -i '/^+	return 2/{n;d}; s/^@@ -11,5 +11,5 @@/@@ -11,4 +11,4 @@/' $one
	check --no-build
	fails "$one:$(line $one '@@ -11,4'): 1.2: the hunk has 3 lines of context ahead of its changes and 0 behind them"
}

@test "docs-check: a hunk that is in no section" {
	sed -i '/puts(MORE)/d; s/@@ -11,5 +11,6 @@/@@ -11,5 +11,5 @@/' $two
	check --no-build
	fails "$two:$(grep -c '' $two): 2.2: line 14 of step2-tell/main.c is in no section (the line before it is from $one:$(line $one 'puts(word())'): 1.1)"
}

@test "docs-check: a file that is in no section" {
	echo >step2-tell/forgotten.h
	check --no-build
	fails "$two:$(grep -c '' $two): 2.2: step2-tell/forgotten.h is in no section"
}

@test "docs-check: a file that the repository has not" {
	rm step2-tell/main.c
	check --no-build
	fails "the repository has no step2-tell/main.c"
}

@test "docs-check: a program that is not executable" {
	printf '#!/bin/sh\n' >step2-tell/note
	check --no-build
	fails "$two:$(line $two provided): 2.1: step2-tell/note: executable files start with #!"
	chmod +x step2-tell/note
	check --no-build
	[ "$status" -eq 0 ]
}

@test "docs-check: a section that warns" {
	sed -i 's/#define MORE "two"/#define MORE 2/' $two common/word.h
	check --no-consoles
	fails "$two:$(line $two '## 2.2'): 2.2: step2-tell does not build without a warning"
}

@test "docs-check: a section may say that it does not build" {
	sed -i 's/#define MORE "two"/#define MORE 2/' $two common/word.h
	sed -i 's/^## 2.2.*/&\n\n<!-- does not build: for a test -->/' $two
	check --no-consoles
	[ "$status" -eq 0 ]
	sed -i 's/#define MORE 2/#define MORE "two"/' $two common/word.h
	check --no-consoles
	fails "$two:$(line $two 'does not build'): 2.2: says that it does not build, but it does"
}

@test "docs-check: a console that shows something else" {
	sed -i 's/^two$/three/' $two
	check 2.2
	fails "$two:$(line $two three): 2.2: expected \"three\", but the console shows \"two\""
}

@test "docs-check: a console that shows more, or less" {
	sed -i '/^two$/d' $two
	check 2.2
	fails "2.2: expected \"2\", but the console shows \"two\""
	sed -i '/^## 2.2/,$s/^2$/two\n2\nthe end/' $two
	check 2.2
	fails "$two:$(line $two 'the end'): 2.2: expected \"the end\", but the console shows nothing more"
}

@test "docs-check: a failing command whose status is not shown" {
	sed -i 's/^\$ echo \$?$/$ true/; /^2$/d' $one
	check 1.2
	fails "$one:$(grep -n '^\$ step1-say/step1-say$' $one | tail -n 1 | cut -d: -f1): 1.2: status 2, which the text does not show"
}

@test "docs-check: a typed answer that meets something else" {
	sed -i 's/^hello me you/hello you/' $one
	check 1
	fails "$one:$(line $one 'hello you'): \"Again\": expected \"hello you\", but the console shows \"hello me you\""
}

@test "docs-check: an experiment that does not apply any more" {
	sed -i '/Break it/,$s/^-#define WORD.*/-#define WORD "other"/' $one
	check 1
	fails "$one:$(line $one 'WORD "other"'): \"Again\": does not apply"
	check --no-build
	fails "$one:$(line $one 'WORD "other"'): \"Again\": does not apply"
}

@test "docs-check: sections out of order" {
	sed -i 's/^## 2.2/## 2.3/' $two
	check --no-build
	fails "$two:$(line $two '## 2.3'): 2.3: expected section 2.2 here"
}

@test "docs-check: broken links and anchors" {
	echo 'See [that](nothing.md).' >>$two
	check --no-build
	fails "$two:$(line $two nothing): 2.2: broken link to nothing.md: there is no such file"
	sed -i 's/nothing.md/01-say.md#one-word/' $two
	check --no-build
	fails "$two:$(line $two one-word): 2.2: broken link to 01-say.md#one-word: there is no such anchor"
	sed -i 's/01-say.md#one-word/..\/build\/x/' $two
	mkdir -p build && touch build/x
	check --no-build
	fails "$two:$(line $two build/x): 2.2: broken link to ../build/x: git does not have it"
}

@test "docs-check: a cited section that reference.md has not" {
	sed -i '/^| 4.2.2/d' docs/reference.md
	check --no-build
	fails "$one:$(line $one 'virtio 1.2'): 1.2: docs/reference.md does not list virtio 1.2, 4.2.2"
	echo 'Intel SDM vol. 3A 9.1.4' >>docs/reference.md
	# shellcheck disable=SC2016
	echo 'It is in `boot.rst`, "Memory layout".' >>$two
	check --no-build
	[[ $output == *"$two:$(line $two boot.rst): 2.2: docs/reference.md does not list boot.rst, \"Memory layout\""* ]]
}

@test "docs-check: words of the glossary, where a chapter first uses them" {
	{
		printf '# Glossary\n\n<!-- everyday words, and names: status, program text -->\n\n'
		printf '<a id="%s"></a>\n**%s** — that.\n\n' word 'word, term' \
			status status text text
	} >docs/glossary.md
	check --no-build
	fails "$one:$(line $one 'A program that'): 1.1: \"word\" is used here first in this chapter: make it a link to glossary.md#word"
	[[ $output == *'words: 1, 1 wrong'* ]]
	# Late, as another word of the entry, and across a line's end
	sed -i 's/^The end is/It is a [*term*](glossary.md#word). &/' $one
	check --no-build
	fails "$one:$(line $one 'A program that'): 1.1: \"word\""
	sed -i 's/that \[says\](02-tell.md) a word/that says a [word](glossary.md#word)/' $one
	check --no-build
	[[ $output == *'words: 1, all right'*', 0 failed' ]]
	# Each chapter for itself; not in code, headings, names and other words
	# shellcheck disable=SC2016
	sed -i 's/^Take note/`text.h`, program text, texture. Its text.\n\n&/' $two
	printf 'Its [text](glossary.md#text).\n' >>$two
	check --no-build
	fails "$two:$(line $two 'program text'): 2.1: \"text\" is used here first"
	sed -i 's/ Its text\.$//' $two
	check --no-build
	[[ $output == *'words: 2, all right'*', 0 failed' ]]
}

@test "docs-check: a section that adds too much" {
	local number

	{
		printf '/*\n * Comments do not count.\n */\n\n'
		for number in {1..99}; do printf '#define N%d\n' "$number"; done
	} >long.h
	cp long.h common/long.h
	{
		printf '\n**common/long.h** (new)\n```c common/long.h\n'
		cat long.h
		printf '```\n'
	} >block
	sed -i "$(($(line $two '## 2.2') - 2))r block" $two
	check --no-build
	[[ $output == *'sizes: 4, all right'*', 0 failed' ]]
	sed -i 's/^#define N99$/&\n\n#define N100\n#define N101\n#define N102/' \
		$two common/long.h
	check --no-build
	fails "$two:$(line $two '## 2.1'): 2.1: 103 lines of code, without comments and empty lines: more than 100"
	sed -i 's/^Take note/<!-- long: it is a list -->\n\n&/' $two
	check --no-build
	[[ $output == *'sizes: 4, all right'*', 0 failed' ]]
}

@test "docs-check: a console outside of the chapters" {
	# shellcheck disable=SC2016
	printf '```console\n$ false\n```\n' >docs/other.md
	check --no-build
	fails "docs/other.md:1: only the consoles of chapters are run"
}

@test "docs-check: blocks that do not name their files" {
	local name

	cp -r docs right
	# One kind after the other: no name, a wrong one, a wrong state
	for name in 'step1-say/main.c** (new)' 'step1-say/main.c** (change)' \
		'common/word.h** (experiment, undo it afterwards)'; do
		cp right/* docs
		sed -i "0,\\|^\*\*${name//\*/\\*}\$|{//d}" $one
		check --no-build
		fails "above this block there has to be, after an empty line:
    **$name"
	done
	cp right/* docs
	sed -i '/^\*\*common/s/, .*/ (change)/' $two
	check --no-build
	fails "$two:$(($(line $two 'common/word.h**') + 1)): 2.2: above this block"
	[[ $output == *'    **common/word.h**, **step2-tell/main.c** (change)'* ]]
	sed -i '/^\*\*common/s/.*/**common\/word.h**, **step2-tell\/main.c** (new)/' $two
	check --no-build
	fails '    **common/word.h**, **step2-tell/main.c** (change)'
	# In the middle of a paragraph
	cp right/* docs
	sed -i '/^\*\*common/s/^/See:\n/' $two
	check --no-build
	fails '    **common/word.h**, **step2-tell/main.c** (change)'
	# Indented or in prose it is no name
	cp right/* docs
	sed -i '/^\*\*common/s/$/ /' $two
	check --no-build
	fails '    **common/word.h**, **step2-tell/main.c** (change)'
}

@test "docs-check: a step without a chapter, a chapter on the repository's steps" {
	mv $one .
	sed -i 's/01-say.md//' $two
	check --no-build
	[ "$status" -eq 1 ]
	[[ $output == *"docs: no chapter leads to step1-say"* ]]
	[[ $output != *"2.1"* ]]
	check --from 2
	[ "$status" -eq 0 ]
	[[ $output == *"end of chapter 2: step1-say is the repository's"* ]]
	[[ $output == *"end of chapter 2: common is the repository's"* ]]
}

@test "docs-check: extensions, in a chain and a branch" {
	extend
	check
	[ "$status" -eq 0 ]
	[[ $output == *"end of chapter 4: extensions/step3-shout is the repository's"* ]]
	[[ $output == *"end of chapter 4: extensions/whisper is the repository's"* ]]
	[[ $output == *"03-shout.md 3.2: as shown"*"04-whisper.md 4.1: as shown"* ]]
	# Each on the repository's steps, though the first chapter is broken
	sed -i 's/int main/int Main/' $one
	check --from 3 3
	[ "$status" -eq 0 ]
	[[ $output == *"03-shout.md 3.2: as shown"* ]]
	check --no-build --from 4
	[ "$status" -eq 0 ]
	[[ $output != *"3.1"* ]]
}

@test "docs-check: an extension that is not what its chapter makes" {
	extend
	echo >>extensions/step3-shout/loud.h
	check --no-build 3
	fails "docs/03-shout.md:$(grep -c '' docs/03-shout.md): 3.2: line 2 of extensions/step3-shout/loud.h is in no section"
	sed -i '$d' extensions/step3-shout/loud.h
	echo '#define MARK2' >>common/word.h
	check --no-build
	fails "line 4 of common/word.h is in no section"
	sed -i '$d' common/word.h
	cp step2-tell/note extensions/step3-shout
	check --no-build 3
	fails "extensions/step3-shout/note is in no section"
	sed -i 's|rm extensions/step3-shout/note|&s|' docs/03-shout.md
	check --no-build 3
	fails "docs/03-shout.md:7: 3.1: there is no extensions/step3-shout/notes to remove"
}

@test "tutorial: a commit and a tag for each section" {
	tool tutorial
	cd build/tutorial
	[ "$(git tag | tr '\n' ' ')" = "1.1 1.2 2.1 2.2 start " ]
	[ "$(git log -1 --format=%B 1.1)" = $'1.1 One word\n\nA program that says a word.' ]
	git checkout -q 1.2
	make -s -C step1-say
	run step1-say/step1-say
	[ "$status" -eq 2 ]
	[ -z "$(git status --porcelain)" ]
	git checkout -q main
	cmp step2-tell/main.c "$book"/step2-tell/main.c
}

@test "tutorial: work in it is not overwritten" {
	tool tutorial
	echo >>build/tutorial/step1-say/main.c
	run "$tools"/tutorial -C .
	[ "$status" -eq 1 ]
	[[ $output == *"changes that are not committed"* ]]
	git -C build/tutorial commit -qam mine
	run "$tools"/tutorial -C .
	[ "$status" -eq 1 ]
	[[ $output == *"docs/tools/save"* ]]
}

@test "save: nothing changed, nothing written" {
	tool tutorial
	cp -r docs before
	tool save
	[[ $output == "nothing to change" ]]
	diff -r before docs
}

# Edits FILE by sed in the commit of SECTION of the history.
amend() { # SECTION FILE SED-SCRIPT
	git -C build/tutorial checkout -q "$1"
	sed -i "$3" "build/tutorial/$2"
	git -C build/tutorial commit -qa --amend --no-edit
	git -C build/tutorial rebase -q --onto HEAD "$1" main
}

@test "save: an edit goes into its block, and into the copied step" {
	tool tutorial
	cp $one before.md
	amend 1.1 step1-say/main.c 's/static const/extern const/'
	tool save --steps
	[[ $output == *"written: $one"$'\n'"written: step1-say/main.c"* ]]
	run diff before.md $one
	[ "$output" = '26c26
< static const char *word(void)
---
> extern const char *word(void)
53c53
<  static const char *word(void)
---
>  extern const char *word(void)' ]
	grep -q '^extern const' step1-say/main.c
	grep -q '^extern const' step2-tell/main.c
	check --no-build
	[ "$status" -eq 0 ]
	[ "$(git -C build/tutorial show 2.2:step2-tell/main.c)" = "$(cat step2-tell/main.c)" ]
}

@test "save: each of two blocks of a file gets its own change" {
	tool tutorial
	amend 1.2 step1-say/main.c 's/virtio 1.2, 4.2.2/&: here/; s/return 2/return 3/'
	tool save
	[[ $output != *"put into the last"* ]]
	grep -q '^+	/\* virtio 1.2, 4.2.2: here \*/' $one
	grep -q '^+	return 3;' $one
	[ "$(grep -c '^```diff$' $one)" -eq 2 ]
	grep -q '^Then the other end.$' $one
	grep -q '^ 	return 3;' $two
}

@test "save: what cannot be decided goes into the last block, and is said" {
	tool tutorial
	amend 1.2 step1-say/main.c 's/<stdio.h>/<stdlib.h>/'
	tool save
	[[ $output == *"$one:$(line $one 'Then the other' | { read -r n; echo $((n + 3)); }): 1.2: step1-say/main.c: line 3 does not belong to one of its blocks: put into the last"* ]]
	grep -q '^+#include <stdlib.h>' $one
}

@test "save: new lines of context, a new file, a file no longer touched" {
	tool tutorial
	git -C build/tutorial checkout -q 2.2
	echo '/* new */' >build/tutorial/step2-tell/new.h
	git -C build/tutorial checkout -q 2.1 -- common/word.h
	sed -i /MORE/d build/tutorial/step2-tell/main.c
	git -C build/tutorial add -A
	git -C build/tutorial commit -q --amend --no-edit
	git -C build/tutorial branch -qf main
	tool save
	[[ $output == *"2.2: step2-tell/new.h: a new block"* ]]
	[[ $output == *"an empty block is gone"* ]]
	grep -q '^```c step2-tell/new.h' $two
	[ "$(grep -c '^```diff$' $two)" -eq 1 ]
	grep -Fx -A1 '**step2-tell/new.h** (new)' $two | grep -Fqx '```c step2-tell/new.h'
	# The names of a block that is gone are gone, too.
	[ "$(grep -c '^\*\*' $two)" -eq 2 ]
}

# Adds a program in scratch/ to the first section.
with_scratch() {
	python3 - $one <<-'END'
		import sys
		text = open(sys.argv[1]).read()
		text = text.replace("""```console
		$ step1-say/step1-say
		one
		""", """**scratch/try.c** (new)
		```c scratch/try.c
		int main(void) { return 3; }
		```

		```console
		$ gcc -o scratch/try scratch/try.c
		$ scratch/try
		$ echo $?
		3
		$ step1-say/step1-say
		one
		""", 1)
		open(sys.argv[1], "w").write(text)
	END
	grep -q 'c scratch/try.c' $one
}

@test "scratch: replayed, built by its console, and no part of any step" {
	with_scratch
	check
	[ "$status" -eq 0 ]
	sed -i 's/return 3/return 4/' $one
	check 1.1
	fails "1.1: "
}

@test "scratch: a console before a change and one after it" {
	with_scratch
	python3 - $one <<-'END'
		import sys
		text = open(sys.argv[1]).read()
		text = text.replace("""$ step1-say/step1-say
		one
		""", """```

		**scratch/try.c** (change)
		```diff
		--- a/scratch/try.c
		+++ b/scratch/try.c
		@@ -1 +1 @@
		-int main(void) { return 3; }
		+int main(void) { return 4; }
		```

		```console
		$ gcc -o scratch/try scratch/try.c
		$ scratch/try
		$ echo $?
		4
		$ step1-say/step1-say
		one
		""", 1)
		open(sys.argv[1], "w").write(text)
	END
	check
	[ "$status" -eq 0 ]
	cp $one before
	tool tutorial
	tool save --steps
	cmp $one before
	sed -i 's/^3$/4/' $one
	check 1.1
	fails "1.1: "
}

@test "scratch: in the history, and never written to the steps" {
	with_scratch
	cp $one before
	tool absorb
	cmp $one before
	tool tutorial
	[ -f build/tutorial/scratch/try.c ]
	gcc -o build/tutorial/scratch/try build/tutorial/scratch/try.c
	[ "$(git -C build/tutorial status --short)" = "" ]
	tool save --steps
	cmp $one before
	[ ! -e scratch ]
}

@test "save: a chapter on the repository's steps, while the one before is broken" {
	sed -i 's/int main/int Main/' $one
	tool tutorial --from 2
	[ "$(git -C build/tutorial tag | tr '\n' ' ')" = "2.1 2.2 start " ]
	amend 2.2 common/word.h 's/"two"/"three"/'
	tool save --from 2 --steps
	grep -q '^+#define MORE "three"' $two
	grep -q '^#define MORE "three"' common/word.h
	sed -i 's/^@@ .*/@@/' $two
	tool renumber --from 2
	check --no-build --from 2
	[ "$status" -eq 0 ]
}

@test "save: a commit that is no section's" {
	tool tutorial
	echo >>build/tutorial/step1-say/main.c
	git -C build/tutorial commit -qam 'and more'
	run "$tools"/save -C .
	[ "$status" -eq 1 ]
	[[ $output == *'"and more" is not that of the next section'* ]]
}

@test "absorb: a change of the steps goes into the sections it belongs to" {
	sed -i 's/static const/extern const/' step?-*/main.c
	sed -i 's/"two"/"three"/' common/word.h
	tool absorb
	grep -q '^extern const' $one
	grep -q '^+#define MORE "three"' $two
	check --no-build
	[ "$status" -eq 0 ]
	# A block of two files loses one of them.
	sed -i /MORE/d step2-tell/main.c
	tool absorb
	grep -qFx '**common/word.h** (change)' $two
	check --no-build
	[ "$status" -eq 0 ]
}

@test "absorb and save: a change of a step goes into its extensions" {
	extend
	sed -i 's/static const/extern const/' step?-*/main.c extensions/*/main.c
	sed -i 's/LOUD MORE/LOUD  MORE/' extensions/step3-shout/loud.h
	tool absorb
	grep -q '^#define LOUD  MORE' docs/03-shout.md
	check --no-build
	[ "$status" -eq 0 ]
	tool tutorial
	amend 1.1 step1-say/main.c 's/extern const/volatile const/'
	tool save --steps
	[[ $output != *whisper* ]] # where the file is removed
	[ "$(grep -l '^volatile const' step?-*/main.c extensions/*/main.c | wc -l)" = 3 ]
	check --no-build
	[ "$status" -eq 0 ]
}

@test "absorb: a hunk at the end of a file that is no longer the end" {
	for step in step?-*; do
		printf '\nint last(void);\n' >>"$step"/main.c
	done
	tool absorb
	check --no-build
	[ "$status" -eq 0 ]
	grep -q '^@@ -11,7 +11,7 @@' $one
	grep -q '^@@ -11,6 +11,7 @@' $two
}

@test "skeleton: a chapter from a history, which gives that history" {
	tool tutorial
	mv $one $two .
	for n in 1 2; do
		from=$([ $n = 1 ] && echo start || echo 1.2)
		to=$([ $n = 1 ] && echo 1.2 || echo 2.2)
		"$tools"/skeleton -p step2-tell/note build/tutorial "$from..$to" \
			>docs/0$n-new.md
	done
	grep -q 'provided: step2-tell/note' docs/02-new.md
	grep -q 'cp -r step1-say step2-tell' docs/02-new.md
	check --no-consoles
	fails 'docs/reference.md does not list' || [[ $output == *", 0 failed" ]]
	[[ $output == *'blocks: 7, all right'* ]]
	[[ $output == *"end of chapter 2: step2-tell is the repository's"* ]]
	[ "$(git -C build/tutorial diff 1.2 2.2 | md5sum)" = "$(
		"$tools"/tutorial -C . -o build/again >/dev/null
		git -C build/again diff 1.2 2.2 | md5sum)" ]
}

@test "skeleton: extensions" {
	extend
	tool tutorial
	rm docs/03* docs/04*
	"$tools"/skeleton build/tutorial 2.2..3.2 >docs/03-new.md
	"$tools"/skeleton build/tutorial 3.2..4.1 >docs/04-new.md
	grep -qFx '$ cp -r step2-tell extensions/step3-shout' docs/03-new.md
	grep -qFx '$ rm extensions/step3-shout/note' docs/03-new.md
	grep -qFx '$ cp -r step1-say extensions/whisper' docs/04-new.md
	check --no-build
	[ "$status" -eq 0 ]
}

@test "docs-check: a key, and a guest that is left running" {
	cat >>$two <<-'END'

	## Keys

	```console
	$ sleep 100
	Ctrl-C
	$ echo $?
	130
	$ printf '~ # '; read line; echo "<$line>"; printf '~ # '; sleep 100
	~ # what
	<what>
	~ #
	```
	END
	check 2
	[ "$status" -eq 0 ]
	[[ $output == *'"Keys": as shown'* ]]
}
