"""The way back: from trees to the chapters' blocks, prose untouched.

A file's way through the book is a chain of texts: before its first block,
after it, after the second... (None where there is no file). A change is woven
into such a chain by three-way merges: a changed line goes into the block that
introduced it, and from there into all that come later.
"""

import os
import subprocess
import tempfile

import book
import diffs
from diffs import Problem, lines_of

ENVIRONMENT = dict(os.environ, GIT_CONFIG_GLOBAL='/dev/null',
                   GIT_CONFIG_SYSTEM='/dev/null', LC_ALL='C')
LANGUAGES = {'.c': 'c', '.h': 'c', '.asm': 'nasm', 'Makefile': 'make'}
CONFLICT = object()


# ---- diffs and merges, by git ----

def git_with_files(*command, **texts):
    """Runs git beside files with these names and texts."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            book.write_text(os.path.join(folder, name), text)
        return subprocess.run(('git',) + command, cwd=folder, env=ENVIRONMENT,
                              stdout=subprocess.PIPE, text=True,
                              errors='surrogateescape', encoding='utf-8')


def merge(base, ours, theirs):
    """A text with both changes, or CONFLICT."""
    if ours == theirs or base == theirs:
        return ours
    if base == ours or theirs is None:
        return theirs
    if None in (base, ours, theirs):
        return CONFLICT
    result = git_with_files('merge-file', '-p', 'ours', 'base', 'theirs',
                            base=base, ours=ours, theirs=theirs)
    return CONFLICT if result.returncode else result.stdout


def hunks(old, new, context):
    """The hunks from one text to another."""
    result = git_with_files('diff', '--no-index', '--no-color',
                            '--no-ext-diff', '-U%d' % context, 'old', 'new',
                            old=old or '', new=new or '')
    lines = lines_of(result.stdout)
    for i, line in enumerate(lines):
        if line.startswith('\\'):
            raise Problem('a file does not end in a line feed')
        if line == ' ':
            lines[i] = ''  # no spaces at the end of a chapter's lines
        elif line.startswith('@@'):
            lines[i] = line.rstrip()
    start = next((i for i, line in enumerate(lines)
                  if line.startswith('@@')), len(lines))
    if start == len(lines):
        return []
    return diffs.parse_diff(['--- a/x', '+++ b/x'] + lines[start:], 0,
                            str)[0].hunks


def merge_close(base, ours, theirs):
    """The same, but changes may lie side by side."""
    text = merge(base, ours, theirs)
    if text is not CONFLICT or None in (base, ours, theirs):
        return text
    changes = {(start, start + len(removed), tuple(added))
               for side in (ours, theirs)
               for _, removed, added, start in single_changes(base, side)}
    lines = lines_of(base)
    before = len(lines), len(lines) + 1
    for start, end, added in sorted(changes, reverse=True):
        if end > before[0] or (start, end) == before:
            return CONFLICT
        lines[start:end] = added
        before = start, end
    return ''.join(line + '\n' for line in lines)


def names(path, before, after):
    return ['--- ' + ('a/' + path if before is not None else '/dev/null'),
            '+++ ' + ('b/' + path if after is not None else '/dev/null')]


def diff_lines(path, before, after, context=3):
    """A unified diff, as lines."""
    lines = names(path, before, after)
    for hunk in hunks(before, after, context):
        lines += [hunk.header()] + hunk.lines
    return lines


def single_changes(old, new):
    """`old` with one of its differences from `new` at a time."""
    lines = lines_of(old)
    for hunk in hunks(old, new, 0):
        start = hunk.old - 1 if hunk.old_size else hunk.old
        yield hunk, lines[start:start + hunk.old_size], hunk.after(), start


def with_changes(old, changes):
    """`old` with some of the changes from single_changes()."""
    lines = lines_of(old)
    for _, removed, added, start in reversed(changes):
        lines[start:start + len(removed)] = added
    return ''.join(line + '\n' for line in lines)


# ---- weaving a change into a chain ----

def weave(olds, first, last):
    """New texts for a chain, given the first and the last of them.

    Returns the texts and remarks on what could not be decided.
    """
    # What has changed before the chain goes through all of it.
    end = len(olds) - 1
    texts = [first]
    for i in range(1, end + 1):
        text = merge_close(olds[i - 1], texts[-1], olds[i])
        if text is CONFLICT:
            texts += [texts[-1]] * (end - i) + [last]
            return texts, ['everything from here on went into its last block']
        texts.append(text)
    if texts[end] == last:
        return texts, []
    if last is None or texts[end] is None:
        return texts[:-1] + [last], []

    # The other changes go where their surroundings come from.
    remarks = []
    starts = []  # (first text that has the change, change)
    for change in single_changes(texts[end], last):
        alone = with_changes(texts[end], [change])
        i = end
        while i > 0 and merge(texts[end], texts[i - 1], alone) is not CONFLICT:
            i -= 1
        if i == 0:
            i = end
            if end > 1:
                remarks.append('line %d does not belong to one of its blocks: '
                               'put into the last' % (change[0].new or 1))
        starts.append((max(i, 1), change))
    result = [first]
    for i in range(1, end + 1):
        changes = [change for start, change in starts if start <= i]
        text = merge(texts[end], texts[i], with_changes(texts[end], changes))
        if text is CONFLICT:
            return texts[:-1] + [last], ['all changes went into the last block']
        result.append(text)
    return result, remarks


def chain(blocks, path):
    """The texts of a file before and after the blocks that touch it."""
    texts = [blocks[0].touched[path][0]]
    return texts + [block.touched[path][1] for block in blocks]


# ---- writing blocks ----

def fenced(info, lines):
    """A fenced block, whatever is in the lines, below the names of its files."""
    mark = '```'
    while any(line.lstrip().startswith(mark) for line in lines):
        mark += '`'
    return book.introduction(info, lines) + [mark + info] + lines + [mark]


def file_block(path, text):
    name = os.path.basename(path)
    language = LANGUAGES.get(name) or LANGUAGES.get(os.path.splitext(name)[1])
    if not language:
        language = 'sh' if book.is_executable(text) else 'text'
    if text and not text.endswith('\n'):
        raise Problem('%s does not end in a line feed' % path)
    return fenced(language + ' ' + path, lines_of(text))


def new_blocks(path, before, after, context=3, split=False):
    """Blocks for a change, one, or one a hunk."""
    if before is None:
        return [file_block(path, after)]
    if after is None:
        return [['```console', '$ rm ' + path, '```']]
    if not split:
        return [fenced('diff', diff_lines(path, before, after, context))]
    blocks = []
    for hunk in hunks(before, after, context):
        hunk.old = hunk.new  # those above it have been applied
        if not hunk.old_size:
            hunk.old -= 1
        elif not hunk.new_size:
            hunk.old += 1
        blocks.append(fenced('diff', names(path, before, after) +
                             [hunk.header()] + hunk.lines))
    return blocks


def moved(lines, before, after):
    """A diff as it is, but for its positions; None if that is not enough."""
    try:
        diff = diffs.parse_diff(lines, 0, str, loose=True)[0]
        diffs.apply_file_diff(diff, before, str, relocate=True)
        if diffs.apply_file_diff(diff, before, str) != after:
            return None
    except Problem:
        return None
    lines = list(lines)
    for hunk in diff.hunks:
        lines[hunk.line] = hunk.header()
    return lines


def rewritten(block, changes):
    """The lines of a block that is to make other changes; [] for none.

    `changes`: for each of its files the texts (before, after).
    """
    if block.kind == 'file':
        before, after = changes[block.path]
        if before == after:
            return []
        info = block.section.chapter.lines[block.first - 1].lstrip('`~')
        if before is None:
            return fenced(info, lines_of(after))
        return fenced('diff', diff_lines(block.path, before, after))
    lines = []
    parts = {}  # the block's own text about each file
    starts = [diff.line - block.first - 1 for diff in block.diffs]
    for diff, start, end in zip(block.diffs, starts,
                                starts[1:] + [len(block.lines)]):
        parts[diff.path] = block.lines[start:end]
    for diff in block.diffs:
        before, after = changes.get(diff.path, (0, 1))
        if diff.path not in changes:
            lines += parts[diff.path]
        elif before != after:
            lines += moved(parts[diff.path], before, after) or diff_lines(
                diff.path, before, after, diff.context())
    return fenced('diff', lines) if lines else []


class Edit:
    """Collects changes to blocks, then writes the chapters."""

    def __init__(self, the_book):
        self.book = the_book
        self.changes = {}  # block: {path: (before, after)}
        self.additions = {}  # section: lines
        self.remarks = []

    def remark(self, place, text):
        self.remarks.append('%s: %s' % (place, text))

    def change(self, path, blocks, first, last):
        """Leads a file from `first` to `last` through these blocks."""
        olds = chain(blocks, path)
        texts, remarks = weave(olds, first, last)
        for remark in remarks:
            self.remark(blocks[-1].at(blocks[-1].first),
                        '%s: %s' % (path, remark))
        for i, block in enumerate(blocks):
            new = texts[i], texts[i + 1]
            if new == (olds[i], olds[i + 1]):
                continue
            if block.kind in ('file', 'diff'):
                self.changes.setdefault(block, {})[path] = new
            elif block.kind == 'remove' and new[1] is not None:
                raise Problem('%s: %s is not to be removed any more: take it '
                              'from this line' % (block.at(block.first), path))
            elif block.kind == 'provided' and new[1] != olds[i + 1]:
                raise Problem('%s: %s is provided: change it in the repository'
                              % (block.at(block.first), path))

    def add(self, section, path, first, last):
        """Adds a block that leads a file from `first` to `last`."""
        for lines in new_blocks(path, first, last):
            self.additions.setdefault(section, []).extend([''] + lines)
        self.remark(section.at(section.end), '%s: a new block' % path)

    def write(self):
        """Writes the chapters; returns the names of those that changed."""
        edits = {}  # chapter: [(first line, last line, new lines)]
        for block, changes in self.changes.items():
            lines = rewritten(block, changes)
            if not lines:
                self.remark(block.at(block.first),
                            'an empty block is gone; look at its prose')
            edits.setdefault(block.section.chapter, []).append(
                (block.named, block.last, lines))
        for section, lines in self.additions.items():
            code = [block for block in section.blocks
                    if block.kind in ('file', 'diff')]
            line = code[-1].last if code else section.line
            edits.setdefault(section.chapter, []).append(
                (line + 1, line, lines))
        written = []
        for chapter, changes in edits.items():
            lines = list(chapter.lines)
            for first, last, new in sorted(changes, reverse=True,
                                           key=lambda change: change[:2]):
                if not new and lines[last:last + 1] == ['']:
                    last += 1
                lines[first - 1:last] = new
            if lines != chapter.lines:
                book.write_text(os.path.join(self.book.root, chapter.path),
                                ''.join(line + '\n' for line in lines))
                written.append(chapter.path)
        return sorted(written)
