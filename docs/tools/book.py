"""The chapters as data: sections, blocks, and what the blocks make of a tree.

A tree is a dictionary from paths ("step1-hello/main.c") to texts. The format
of the chapters is described in README.md beside this file.
"""

import difflib
import itertools
import os
import re
import subprocess
import sys
import textwrap

from diffs import Problem, apply_file_diff, lines_of, parse_diff

START = 'start'  # the tutorial's tag for the tree before the first section

CHAPTER = re.compile(r'(\d\d)\w?-.*\.md$')
SECTION = re.compile(r'## (\d+)\.(\d+)\.?\s+(\S.*)$')
FENCE = re.compile(r'(\s*)(`{3,}|~{3,})\s*([^`]*?)\s*$')
COMMENT = re.compile(r'<!--\s*(does not build|provided|in the lab):\s*(.*?)\s*-->', re.S)
STEP = r'(step\d[\w-]*|extensions/[\w-]+)'
COPY = re.compile(r'\$ cp -r %s/? %s/?$' % (STEP, STEP))
REMOVE = re.compile(r'\$ rm (%s/\S+(?: %s/\S+)*)$' % (STEP, STEP))
IN_A_STEP = re.compile(r'(%s|common|scratch)/.' % STEP)
NO_STEP = {'common', 'scratch'}
TRY = 'experiment, undo it afterwards'
NAMED = re.compile(r'\*\*\S+\*\*.* \((new|change|removed|%s)\)$' % TRY)


def natural_order(name):
    return [int(part) if part.isdigit() else part
            for part in re.split(r'(\d+)', name)]


def is_executable(text):
    """The rule for file modes: what starts with #! is a program."""
    return text.startswith('#!')


def is_code(line):
    """Is it more than a comment or nothing, in C, assembler or a script?"""
    line = line.strip()
    return bool(line) and not re.match(r'/\*|\*($|[ /])|//|;|#( |$)', line)


def directory_of(path):
    """The step that a file is in, or "common" or "scratch"."""
    return IN_A_STEP.match(path)[1]


def number_of(directory):
    """A step's number; None for other directories."""
    match = re.search(r'\bstep(\d+)', directory)
    return match and int(match[1])


def introduction(info, lines):
    """The line (if it is long, lines) above a block, which names its files.

    A code host does not show what stands behind the fence.
    """
    words = info.split()
    if words[0] != 'diff':
        names = [('**%s**' % words[1], 'new')]
    else:
        names = [('**%s**' % diff.path, TRY if words[1:] else
                  'new' if diff.old is None else
                  'removed' if diff.new is None else 'change')
                 for diff in parse_diff(lines, 0, str, loose=True)]
    parts = ['%s (%s)' % (', '.join(name for name, _ in group), state)
             for state, group in itertools.groupby(names, lambda name: name[1])]
    return textwrap.wrap(', '.join(parts), 80, break_on_hyphens=False,
                         break_long_words=False)


# ---- the repository ----

def run_git(root, *args):
    return subprocess.run(['git', '-C', root, *args], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def listed_files(root, *paths):
    """The files that git knows or would add: everything it does not ignore."""
    names = run_git(root, 'ls-files', '-z', '--cached', '--others',
                    '--exclude-standard', '--', *paths)
    return [name for name in sorted(set(names.split('\0')) - {''})
            if os.path.lexists(os.path.join(root, name))]


def read_text(path):
    with open(path, encoding='utf-8', errors='surrogateescape',
              newline='') as file:
        return file.read()


def write_text(path, text):
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with open(path, 'w', encoding='utf-8', errors='surrogateescape',
              newline='') as file:
        file.write(text)


def is_product(path):
    """A step's binary is named after its directory."""
    directory = directory_of(path)
    return path == directory + '/' + os.path.basename(directory)


def code_of_repository(root):
    """The steps and common/, as the repository has them."""
    return {path: read_text(os.path.join(root, path))
            for path in listed_files(root)
            if IN_A_STEP.match(path) and directory_of(path) != 'scratch' and
            not is_product(path)}


# ---- chapters ----

class Block:
    """A fenced block, or another thing in a section that changes the tree.

    kind: file, diff, try (a diff for an experiment), console, prose; copy and
    remove ("$ cp -r" and "$ rm" in a console), provided (an HTML comment).
    """

    def __init__(self, section, kind, first, lines=(), **more):
        self.section = section
        self.kind = kind
        self.first = first  # line of the opening fence, counted from 1
        self.named = first  # line where its introduction begins
        self.last = first + len(lines) + 1  # of the closing one
        self.lines = list(lines)
        self.path = more.get('path')  # file: its name; copy: the new directory
        self.source = more.get('source')  # copy: the old directory
        self.paths = more.get('paths')  # provided, remove
        self.touched = {}  # path: (text before, text after), by replay
        self.diffs = None  # of a diff, by replay

    def at(self, line):
        return self.section.at(line)


class Session:
    """Consoles that are typed one after the other into one shell."""

    def __init__(self, section, tries):
        self.section = section
        self.tries = tries  # diffs for an experiment, applied beforehand
        self.lines = []  # (line in the chapter, text)
        self.next = None  # the change of a scratch file that ends it

    def start(self):
        """Its section's tree, with scratch files as it finds them."""
        tree = dict(self.section.tree)
        blocks = self.section.blocks
        later = blocks[blocks.index(self.next):] if self.next else []
        for block in reversed(later):
            for path, (before, _) in block.touched.items():
                if directory_of(path) == 'scratch':
                    tree[path] = before
        return {path: text for path, text in tree.items() if text is not None}


class Section:
    def __init__(self, chapter, line, title, number=None):
        self.chapter = chapter
        self.line = line
        self.title = title
        self.number = number  # "2.3", or None
        self.blocks = []
        self.sessions = []
        self.no_build = None  # (line, reason)
        self.end = None  # its last line
        self.before = self.tree = None  # by replay

    def name(self):
        return self.number or '"%s"' % self.title

    def at(self, line):
        return '%s:%d: %s' % (self.chapter.path, line, self.name())

    def session(self, tries):
        for session in self.sessions:
            if session.tries == tries and not session.next:
                return session
        self.sessions.append(Session(self, tries))
        return self.sessions[-1]

    def first_sentence(self):
        """The beginning of its text, for the message of its commit."""
        words = []
        blocks = [(block.named, block.last) for block in self.blocks]
        for number in range(self.line + 1, self.end + 1):
            line = self.chapter.lines[number - 1].strip()
            if any(first <= number <= last for first, last in blocks) or \
                    re.match(r'(<!--|#|!\[|\||>)', line):
                line = ''
            if not line and words:
                break
            words += line.split()
        text = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', ' '.join(words))
        match = re.match(r'.*?[.:!?](?=\s|$)', text)
        return match[0] if match else text


class Chapter:
    """One file of the book. `number` is that of the step it leads to."""

    def __init__(self, root, path):
        self.path = path
        self.number = int(CHAPTER.match(os.path.basename(path))[1])
        self.text = read_text(os.path.join(root, path))
        self.lines = lines_of(self.text)
        self.sections = []
        self.lab = False  # are its consoles for the lab, whatever is here?
        self.tries = []  # the experiment that consoles belong to
        self.parse()

    def parse(self):
        section = Section(self, 1, 'the beginning')
        self.sections.append(section)
        i = 0
        while i < len(self.lines):
            line = self.lines[i]
            fence = FENCE.match(line)
            if fence:
                i = self.parse_block(section, i, fence)
                continue
            if line.startswith('## '):
                match = SECTION.match(line)
                section.end = i
                section = Section(self, i + 1, match[3] if match else line[3:],
                                  match and '%s.%s' % match.groups()[:2])
                self.sections.append(section)
            if line.startswith('##'):
                self.tries = []
            if line.startswith('<!--'):
                i = self.parse_comment(section, i)
            i += 1
        section.end = len(self.lines)

    def parse_comment(self, section, i):
        first = i
        text = self.lines[i]
        while '-->' not in text and i + 1 < len(self.lines):
            i += 1
            text += '\n' + self.lines[i]
        match = COMMENT.match(text)
        if match and match[1] == 'provided':
            section.blocks.append(Block(section, 'provided', first + 1,
                                        paths=match[2].split()))
            section.blocks[-1].last = i + 1
        elif match and match[1] == 'in the lab':
            self.lab = True
        elif match:
            section.no_build = (first + 1, match[2])
        return i

    def parse_block(self, section, i, fence):
        first = i + 1
        indent, mark, info = fence.groups()
        closing = re.compile(r'\s*%s{%d,}\s*$' % (mark[0], len(mark)))
        place = section.at(first)
        lines = []
        i += 1
        while i < len(self.lines) and not closing.match(self.lines[i]):
            lines.append(self.lines[i])
            i += 1
        if i == len(self.lines):
            raise Problem('%s: this block has no end' % place)

        kind, path = self.classify(info, place)
        if kind != 'prose' and indent:
            raise Problem('%s: code, diffs and consoles are not indented'
                          % place)
        if kind in ('file', 'diff') and not section.number:
            raise Problem('%s: code belongs into a numbered section' % place)
        block = Block(section, kind, first, lines, path=path)
        if kind in ('file', 'diff', 'try'):
            block.named = self.named(first)
        section.blocks.append(block)
        if kind == 'diff' and any(line.startswith('+++ b/scratch/')
                                  for line in lines):
            for session in section.sessions:
                session.next = session.next or block
        if kind == 'try':
            if any(session.tries == self.tries
                   for session in section.sessions):
                self.tries = []
            self.tries = self.tries + [block]
        elif kind == 'console':
            self.parse_console(section, block)
        return i + 1

    def named(self, first):
        """The line where the introduction of the block at `first` begins."""
        start = first
        while start > 1 and self.lines[start - 2].strip():
            start -= 1
        text = ' '.join(self.lines[start - 1:first - 1])
        return start if NAMED.match(text) else first

    @staticmethod
    def classify(info, place):
        words = info.split()
        if words[:1] == ['diff']:
            if len(words) == 1:
                return 'diff', None
            if words[1:] == ['try']:
                return 'try', None
        elif words[:1] == ['console'] and len(words) == 1:
            return 'console', None
        elif len(words) == 2 and IN_A_STEP.match(words[1]):
            return 'file', words[1]
        elif len(words) < 2:
            return 'prose', None
        raise Problem('%s: a block is "LANGUAGE", "LANGUAGE step.../FILE", '
                      '"diff", "diff try" or "console", not "%s"'
                      % (place, info))

    def parse_console(self, section, block):
        session = None
        for number, line in enumerate(block.lines, block.first + 1):
            copy = not self.tries and COPY.match(line)
            remove = not self.tries and REMOVE.match(line)
            if copy:
                section.blocks.append(Block(section, 'copy', number,
                                            source=copy[1], path=copy[2]))
            elif remove:
                section.blocks.append(Block(section, 'remove', number,
                                            paths=remove[1].split()))
            else:
                session = session or section.session(self.tries)
                session.lines.append((number, line))


class Book:
    """All chapters, or those from number `first` on.

    These start from what the repository has of the steps before.
    """

    def __init__(self, root, first=0):
        self.root = root
        self.code = code_of_repository(root)
        docs = os.path.join(root, 'docs')
        self.chapters = [Chapter(root, 'docs/' + name) for name in
                         sorted(os.listdir(docs), key=natural_order)
                         if CHAPTER.match(name) and
                         int(CHAPTER.match(name)[1]) >= first]
        self.start = {path: text for path, text in self.code.items()
                      if (number_of(directory_of(path)) or first) < first}
        # A chapter that has nothing to start from has to wait.
        known = {None, *map(directory_of, self.start)}
        for number in sorted({chapter.number for chapter in self.chapters}):
            directory, source = self.directory(number)
            if source in known:
                known.add(directory)
            else:
                self.chapters = [chapter for chapter in self.chapters
                                 if chapter.number != number]
        if first > 1:
            self.start.update(self.common_before())
        self.check_numbers()

    def directory(self, number):
        """The step that chapter `number` makes, and which one it copies."""
        blocks = [block for chapter in self.chapters
                  if chapter.number == number
                  for section in chapter.sections for block in section.blocks]
        for block in blocks:
            if block.kind == 'copy':
                return block.path, block.source
        return next((directory_of(block.path) for block in blocks if
                     block.kind == 'file' and
                     IN_A_STEP.match(block.path)[2]), None), None

    def common_before(self):
        """The repository's common/ without what these chapters do to it."""
        tree = {path: text for path, text in self.code.items()
                if directory_of(path) == 'common'}
        for section in reversed(self.sections()):
            for block in reversed(section.blocks):
                if block.kind == 'file':
                    tree.pop(block.path, None)
                elif block.kind == 'diff':
                    self.undo(block, tree)
        return tree

    @staticmethod
    def undo(block, tree):
        """Undoes a diff as far as it concerns common/, and is done there."""
        for diff in parse_diff(block.lines, block.first + 1, block.at, True):
            if not diff.path.startswith('common/'):
                continue
            try:
                tree[diff.path] = apply_file_diff(
                    diff.reverse(), tree.get(diff.path), block.at, True)
            except Problem:
                pass  # the replay or the comparison at its end will tell
        for path in [path for path, text in tree.items() if text is None]:
            del tree[path]

    def check_numbers(self):
        expected = {}
        for section in self.sections():
            if section.number:
                chapter = section.chapter.number
                number = expected.get(chapter, 1)
                if section.number != '%d.%d' % (chapter, number):
                    raise Problem('%s: expected section %d.%d here' % (
                        section.at(section.line), chapter, number))
                expected[chapter] = number + 1

    def sections(self):
        return [section for chapter in self.chapters
                for section in chapter.sections]

    def numbered(self):
        """The sections of the tutorial: those of chapter 0 have no code."""
        return [section for section in self.sections()
                if section.number and section.chapter.number > 0]

    def blocks_of(self, path):
        return [block for section in self.numbered()
                for block in section.blocks if path in block.touched]

    def steps(self):
        """The directories of the steps in the repository."""
        return sorted({directory_of(path) for path in self.code} - NO_STEP,
                      key=natural_order)

    def replay(self, relocate=False):
        """Applies the sections' blocks one by one; yields each section."""
        tree = dict(self.start)
        for chapter in self.chapters:
            for section in chapter.sections:
                section.before = dict(tree)
                for block in section.blocks:
                    self.apply(block, tree, relocate)
                section.tree = dict(tree)
                if section is chapter.sections[-1]:
                    for other in chapter.sections:
                        if not other.number:  # "Run it" and the like
                            other.tree = section.tree
                yield section

    def replayed(self):
        for _ in self.replay():
            pass
        return self

    def apply(self, block, tree, relocate=False):
        place = block.at(block.first)
        after = {}
        if block.kind == 'file':
            self.check_place(block, block.path, place)
            if block.path in tree:
                raise Problem('%s: %s is there already: show a diff' %
                              (place, block.path))
            after[block.path] = ''.join(line + '\n' for line in block.lines)
        elif block.kind == 'diff':
            after = self.patched(block, tree, relocate)
            for path in after:
                self.check_place(block, path, place)
        elif block.kind == 'copy':
            after = self.copied(block, tree)
            if not after or any(path.startswith(block.path + '/')
                                for path in tree):
                raise Problem('%s: cp -r needs a %s, and no %s' %
                              (place, block.source, block.path))
        elif block.kind == 'remove':
            after = dict.fromkeys(block.paths)
            if not tree.keys() >= after.keys():
                raise Problem('%s: there is no %s to remove' % (
                    place, ' '.join(after.keys() - tree.keys())))
        elif block.kind == 'provided':
            for name in block.paths:
                found = {path: text for path, text in self.code.items()
                         if path == name or path.startswith(
                             name.rstrip('/') + '/')}
                if not found:
                    raise Problem('%s: the repository has no %s' %
                                  (place, name))
                after.update(found)
        for path, text in after.items():
            block.touched[path] = (tree.get(path), text)
            if text is None:
                del tree[path]
            else:
                tree[path] = text

    @staticmethod
    def patched(block, tree, relocate=False):
        block.diffs = parse_diff(block.lines, block.first + 1, block.at,
                                 relocate)
        return {diff.path: apply_file_diff(diff, tree.get(diff.path), block.at,
                                           relocate) for diff in block.diffs}

    def experiment(self, session, relocate=False):
        """The tree of a session, with the diffs of its experiment."""
        tree = session.start()
        for block in session.tries:
            tree.update(self.patched(block, tree, relocate))
        return {path: text for path, text in tree.items() if text is not None}

    @staticmethod
    def copied(block, tree):
        prefix = block.source + '/'
        return {block.path + '/' + path[len(prefix):]: text
                for path, text in tree.items() if path.startswith(prefix)}

    @staticmethod
    def check_place(block, path, place):
        if block.section.chapter.number == 0:
            raise Problem('%s: chapter 0 has no code' % place)
        if not IN_A_STEP.match(path) or '..' in path.split('/'):
            raise Problem('%s: %s is not in a step' % (place, path))

    def origins(self, path):
        """The places in the book that the lines of a file come from."""
        here = '(the tree to start from)'
        places = [here] * len(lines_of(self.start.get(path, '')))
        for block in self.blocks_of(path):
            here = block.at(block.first)
            if block.kind == 'copy':
                places = self.origins(block.source + path[len(block.path):])
            elif block.kind == 'diff':
                diff = next(d for d in block.diffs if d.path == path)
                for hunk in reversed(diff.hunks):
                    start = hunk.old - 1 if hunk.old_size else hunk.old
                    new = iter(places[start:start + hunk.old_size])
                    lines = []
                    for i, line in enumerate(hunk.lines, hunk.line + 1):
                        if line[:1] == '+':
                            lines.append(block.at(i))
                        else:
                            kept = next(new)
                            lines += [kept] if line[:1] != '-' else []
                    places[start:start + hunk.old_size] = lines
            elif block.kind == 'file':
                places = [block.at(i)
                          for i in range(block.first + 1, block.last)]
            else:
                places = [here] * len(lines_of(block.touched[path][1] or ''))
        return places or [here]

    def differences(self, tree, directory):
        """How a directory differs from the repository's, as messages."""
        end = self.chapters[-1].sections[-1]
        for chapter in self.chapters:
            if self.directory(chapter.number)[0] == directory:
                end = chapter.sections[-1]
        place = end.at(end.end)
        want = {path for path in self.code if path.startswith(directory + '/')}
        have = {path for path in tree if path.startswith(directory + '/')}
        for path in sorted(want - have):
            yield '%s: %s is in no section' % (place, path)
        for path in sorted(have - want):
            yield '%s: the repository has no %s' % (self.origins(path)[0],
                                                    path)
        for path in sorted(want & have):
            if tree[path] != self.code[path]:
                yield self.difference(path, tree[path], self.code[path],
                                      place)
            elif is_executable(tree[path]) != os.access(
                    os.path.join(self.root, path), os.X_OK):
                yield '%s: %s: executable files start with #!, and only they' \
                    % (self.origins(path)[0], path)

    def difference(self, path, ours, theirs, place):
        """The first difference; `place` is where lines could be added."""
        origins = self.origins(path)
        ours = lines_of(ours)
        theirs = lines_of(theirs)
        matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
        kind, i, _, j, _ = next(
            (code for code in matcher.get_opcodes() if code[0] != 'equal'),
            ('insert', len(ours), 0, 0, 0))
        if kind == 'insert':
            return '%s: line %d of %s is in no section (the line before it is ' \
                'from %s):\n    %s' % (place, j + 1, path,
                                      origins[max(i - 1, 0)], theirs[j])
        return '%s: %s differs from the repository\'s in line %d:\n' \
            '    here:           %s\n    the repository: %s' % (
                origins[i], path, i + 1, ours[i],
                '(no such line)' if kind == 'delete' else theirs[j])


# ---- what the tools share ----

def arguments(parser):
    here = os.path.dirname(os.path.realpath(__file__))
    parser.add_argument('-C', dest='root', metavar='DIR',
                        default=os.path.dirname(os.path.dirname(here)),
                        help='the repository (the one that this tool is in)')
    parser.add_argument('--from', dest='first', metavar='N', type=int,
                        default=0, help='begin with chapter N, on the '
                        'repository\'s own steps before it')


def main(function):
    """Runs a tool; what is wrong with the book is one line, no traceback."""
    try:
        sys.exit(function())
    except Problem as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(error.stderr or '')
        print('%s failed' % ' '.join(map(str, error.cmd[:6])), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
