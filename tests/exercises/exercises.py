"""The exercises of docs/exercises: their text, their skeletons, their tests.

An exercise is a Markdown file whose form is described in README.md there. What
is read from it:

  # 2.3 TITLE              its number: a step, and a number that it keeps
  | You write | in | ...   a table of functions; without it the exercise starts
                           from the whole step and goes beyond it
  <summary>Hint 1: ...     three hints, each within <details>
  ## Judged by             a list of `FILE.bats`: names of tests

Their order is that of the tables in README.md.
"""

import glob
import os
import re
import shutil
import textwrap

HERE = os.path.dirname(os.path.realpath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
TEXTS = os.path.join(PROJECT, 'docs', 'exercises')
SOLUTIONS = os.path.join(HERE, 'solutions')
# By their numbers: step3-virtio, extensions/step4-long-mode
STEPS = {os.path.basename(path)[4]: path[len(PROJECT) + 1:]
         for place in ('step[1-8]-*', 'extensions/step[1-8]-*')
         for path in glob.glob(os.path.join(PROJECT, place))}
# A branch has a number, too: that of its chapter.
STEPS['9'] = 'extensions/irqchip'


class Problem(Exception):
    """Something to tell the user in one line."""


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


# ---- the texts ----

class Function:
    def __init__(self, name, path, missing, stand_in):
        self.name, self.path = name, path
        self.missing = missing      # what it has to do, in words
        self.stand_in = stand_in    # code in its place, or ''


class Exercise:
    def __init__(self, path):
        self.path, self.text = path, read(path)
        title = re.match(r'# ((\d)\.\d+) (.+)\n', self.text)
        if not title:
            raise Problem('%s: its first line is not "# 1.2 Title"' % path)
        self.number, self.title = title[1], title[3]
        self.step = STEPS[title[2]]
        self.functions = self._functions()
        self.hints = self._hints()
        self.tests = self._tests()
        self.solution = os.path.join(SOLUTIONS, self.number + '.patch')

    def _functions(self):
        functions = []
        table = re.search(r'^\| You write .*\n\|[- |]+\n((?:\|.*\n)+)',
                          self.text, re.M)
        for row in table[1].splitlines() if table else []:
            cells = [cell.strip() for cell in row.strip('| ').split(' | ')]
            name, path, missing = cells[:3]
            code = cells[3].split('<br>') if len(cells) > 3 else []
            stand_in = '\n\t'.join(line.strip('`') for line in code)
            functions.append(Function(name.strip('`'), path.strip('`'),
                                      missing, stand_in))
        return functions

    def _hints(self):
        hints = re.findall(r'<summary>Hint (\d): (.*?)</summary>\n(.*?)'
                           r'</details>', self.text, re.S)
        if [hint[0] for hint in hints] != ['1', '2', '3']:
            raise Problem('%s: not three hints' % self.path)
        return [(title, text.strip()) for _, title, text in hints]

    def _tests(self):
        """Pairs of a file, relative to the project, and a test's name."""
        part = self.text.partition('\n## Judged by\n')[2].partition('\n## ')[0]
        part = re.sub(r'\n  +', ' ', part)
        tests = re.findall(r'^- `(\S+\.bats)`: (.+)$', part, re.M)
        if not tests:
            raise Problem('%s: no tests' % self.path)
        return tests

    def __eq__(self, other):
        return self.number == other.number

    @property
    def beyond(self):
        return not self.functions

    def without_hints(self):
        return re.sub(r'\n## Hints\n.*?(?=\n## )', '', self.text, flags=re.S)


def all_exercises():
    names = [name for name in os.listdir(TEXTS)
             if re.match(r'\d\.\d+-.*\.md$', name)]
    order = re.findall(r'^\| \[[\d.]+\]\(([^)]+)\)',
                       read(os.path.join(TEXTS, 'README.md')), re.M)
    if sorted(names) != sorted(order):
        raise Problem('the tables in docs/exercises/README.md and the files '
                      'beside it differ: ' +
                      ' '.join(sorted(set(names) ^ set(order))))
    return [Exercise(os.path.join(TEXTS, name)) for name in order]


def find(number):
    for exercise in all_exercises():
        if exercise.number == number:
            return exercise
    raise Problem('there is no exercise %s: docs/exercises/README.md lists '
                  'them' % (number or 'without a number (N=2.3)'))


def earlier(exercise):
    """Those of the same step whose tests a copy of the step passes."""
    every = all_exercises()
    return [other for other in every[:every.index(exercise)]
            if other.step == exercise.step and not other.beyond]


# ---- emptying a function ----

def body_of(lines, name):
    """The range of the lines between a function's column-0 braces."""
    for start, line in enumerate(lines):
        if not re.match(r'[A-Za-z_].*\b%s\(' % name, line):
            continue
        end = start
        while end < len(lines) and lines[end] != '{' and \
                not lines[end].rstrip().endswith(';'):
            end += 1
        if end < len(lines) and lines[end] == '{':
            return start, end + 1, lines.index('}', end)
    raise Problem('no function %s there' % name)


def split_parameters(text):
    """The names of the parameters in "int a, const char *b"."""
    names = []
    for parameter in text.split(','):
        match = re.search(r'(\w+)(\[\w*\])?\s*$', parameter)
        if match and match[1] != 'void':
            names.append(match[1])
    return names


def result_of(head):
    """What a function with this head can return: C code, or ''."""
    words = re.sub(r'\b(static|inline|const|_Noreturn)\b', '', head).strip()
    if words.endswith('*'):
        return 'return NULL;'
    if words == 'void':
        return ''
    if words == 'bool':
        return 'return false;'
    if words.startswith('struct '):
        return 'return (%s){ 0 };' % words
    return 'return 0;'


def todo(number, missing):
    text = 'TODO (exercise %s): %s.' % (number, missing.rstrip('.'))
    lines = textwrap.wrap(text, 68) + \
        ['For a hint: make hint RUNG=1, then 2 and 3.']
    return ['\t/*'] + ['\t * ' + line for line in lines] + ['\t */']


def file_local_names(lines):
    """Functions and variables that are static in their file."""
    text = '\n'.join(lines)
    functions = re.findall(r'^static [^=;(]*?\b(\w+)\(', text, re.M)
    variables = re.findall(r'^static [^=;(]*?\b(\w+)(?:\[[^]]*\])*(?: =|;)',
                           text, re.M)
    return functions + variables


def empty(source, functions, number):
    """The source with the bodies of these functions replaced by TODOs."""
    lines = source.split('\n')
    used_before = {name for name in file_local_names(lines)
                   if len(re.findall(r'\b%s\b' % name, source)) > 1}
    gone = {}
    for function in functions:
        start, first, end = body_of(lines, function.name)
        head = ' '.join(lines[start:first - 1])
        before, _, rest = head.partition(function.name + '(')
        result = function.stand_in or result_of(before)
        body = todo(number, function.missing)
        for name in split_parameters(rest.rpartition(')')[0]):
            if not re.search(r'\b%s\b' % name, function.stand_in):
                body.append('\t(void)%s;' % name)
        gone[function.name] = len(body)
        if result:
            body.append('\t' + result)
        lines[first:end] = body

    # What only those functions used would be warned of.
    text = re.sub(r'/\*.*?\*/|"(\\.|[^"\\\n])*"', '', '\n'.join(lines),
                  flags=re.S)
    unused = [name for name in file_local_names(lines)
              if name in used_before and
              len(re.findall(r'\b%s\b' % name, text)) == 1]
    for function in functions:
        start, first, end = body_of(lines, function.name)
        _, old_first, old_end = body_of(source.split('\n'), function.name)
        old = '\n'.join(source.split('\n')[old_first:old_end])
        # A name can be used only after its definition.
        mine = [name for name in unused if re.search(r'\b%s\b' % name, old)]
        at = first + gone[function.name]
        lines[at:at] = ['\t(void)%s; /* of use here */' % name
                        for name in mine]
        unused = [name for name in unused if name not in mine]
    return '\n'.join(lines)


# ---- a learner's directory ----

MAKEFILE = '''\
# Exercise %(number)s, %(title)s: EXERCISE.md is its text.
PROJECT := %(project)s
STEP    := %(step)s

all:
	@$(MAKE) --no-print-directory -C $(STEP)

run: all
	@$(PROJECT)/tests/lab/with-kvm $(STEP)/$(notdir $(STEP)) $(ARGS)

hint:
	@$(MAKE) --no-print-directory -C $(PROJECT) hint N=%(number)s RUNG=$(RUNG)

grade:
	@$(MAKE) --no-print-directory -C $(PROJECT) grade N=%(number)s DIR="$(CURDIR)"

.PHONY: all run hint grade
'''


def copy_step(step, folder):
    """The step and what it needs beside it, without what was built."""
    name = os.path.basename(step)
    ignore = shutil.ignore_patterns('build', name, 'linux')
    shutil.copytree(os.path.join(PROJECT, step), os.path.join(folder, step),
                    ignore=shutil.ignore_patterns(name), symlinks=True)
    shutil.copytree(os.path.join(PROJECT, 'common'),
                    os.path.join(folder, 'common'), ignore=ignore,
                    symlinks=True)


def in_folder(exercise, path):
    """A path of the exercise's table: in the step, or in common/."""
    return path if path.startswith('common/') else \
        os.path.join(exercise.step, path)


def make_skeleton(exercise, folder):
    if os.path.exists(folder) and os.listdir(folder):
        raise Problem('%s is not empty: take another DIR' % folder)
    copy_step(exercise.step, folder)
    for path in sorted({function.path for function in exercise.functions}):
        name = os.path.join(folder, in_folder(exercise, path))
        functions = [function for function in exercise.functions
                     if function.path == path]
        write(name, empty(read(name), functions, exercise.number))
    write(os.path.join(folder, 'Makefile'), MAKEFILE % {
        'number': exercise.number, 'title': exercise.title,
        'project': PROJECT, 'step': exercise.step})
    write(os.path.join(folder, 'EXERCISE.md'), exercise.without_hints())


# ---- what the check expects ----

def is_unit(test):
    return test[0].endswith('/unit.bats')


def plan(exercise, on_host, all_tests):
    """What is to come of which test on the skeleton: its own fail, earlier
    ones pass. Without all_tests one test of the exercise before is enough, if
    the exercise itself is judged there; and on KVM, where tests take longer,
    one of its own."""
    result = [('fail', *test) for test in exercise.tests
              if is_unit(test) == on_host]
    own = {test[1:] for test in result}
    others = []
    for other in earlier(exercise):
        tests = [test for test in other.tests if is_unit(test) == on_host]
        others += [('pass', *test) for test in tests if test not in own]
    if all_tests:
        return result + others
    return (result if on_host else result[:1]) + (others[-1:] if own else [])
