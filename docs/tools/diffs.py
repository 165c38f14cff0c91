"""Unified diffs: read, and applied exactly, or where they fit."""

import re

HUNK = re.compile(r'@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$')


class Problem(Exception):
    """Something is wrong, at a place that the message names."""


def lines_of(text):
    lines = text.split('\n')
    return lines[:-1] if lines[-1] == '' else lines


class Hunk:
    def __init__(self, line, numbers, heading, lines):
        self.line = line  # in the chapter
        self.old, self.old_size, self.new, self.new_size = numbers
        self.heading = heading
        self.lines = lines

    def header(self):
        def span(start, size):
            return str(start) if size == 1 else '%d,%d' % (start, size)
        return '@@ -%s +%s @@%s' % (span(self.old, self.old_size),
                                    span(self.new, self.new_size),
                                    self.heading)

    def context(self):
        """How many lines of context are ahead of and behind its changes."""
        sizes = []
        for lines in (self.lines, self.lines[::-1]):
            size = 0
            while size < len(lines) and lines[size][:1] in (' ', ''):
                size += 1
            sizes.append(size)
        return sizes

    def before(self):
        return [line[1:] for line in self.lines if line[:1] in (' ', '-', '')]

    def after(self):
        return [line[1:] for line in self.lines if line[:1] in (' ', '+', '')]


    def reverse(self):
        numbers = self.new, self.new_size, self.old, self.old_size
        return Hunk(self.line, numbers, self.heading,
                    [{'+': '-', '-': '+'}.get(line[:1], line[:1]) + line[1:]
                     for line in self.lines])


class FileDiff:
    """What a diff says about one file; `path` is None in /dev/null's place."""

    def __init__(self, line):
        self.line = line
        self.old = self.new = None
        self.hunks = []

    @property
    def path(self):
        return self.new or self.old

    def reverse(self):
        """The diff that undoes this one."""
        diff = FileDiff(self.line)
        diff.old, diff.new = self.new, self.old
        diff.hunks = [hunk.reverse() for hunk in self.hunks]
        return diff

    def context(self):
        """How many lines of context its hunks have around changes."""
        return max((size for hunk in self.hunks for size in hunk.context()),
                   default=3)


def diff_name(line, prefix, place):
    name = line[4:].split('\t')[0].rstrip()
    if name == '/dev/null':
        return None
    if not name.startswith(prefix):
        raise Problem('%s: expected a name with %s: %s' % (place, prefix, line))
    return name[2:]


def parse_diff(lines, first, at, loose=False):
    """FileDiffs from `lines`, of which the first is the chapter's line `first`.

    Loose: the numbers of a hunk may be wrong; it ends where the next begins.
    """
    diffs = []
    i = 0

    def starts_file(i):
        return lines[i].startswith('--- ') and i + 1 < len(lines) and \
            lines[i + 1].startswith('+++ ')

    while i < len(lines):
        line = lines[i]
        place = at(first + i)
        match = HUNK.match(line)
        if re.match(r'diff |index |(new|deleted) file mode ', line):
            i += 1
        elif starts_file(i):
            diffs.append(FileDiff(first + i))
            diffs[-1].old = diff_name(line, 'a/', place)
            diffs[-1].new = diff_name(lines[i + 1], 'b/', place)
            if diffs[-1].path in [diff.path for diff in diffs[:-1]]:
                raise Problem('%s: %s twice in one block: put its hunks '
                              'together' % (place, diffs[-1].path))
            i += 2
        elif (match or loose and line.startswith('@@')) and diffs:
            numbers, heading = (0, 0, 0, 0), None
            if match:
                numbers = [int(group or 1) for group in match.groups()[:4]]
                heading = match[5]
            hunk = Hunk(first + i, numbers, heading, [])
            i += 1
            old = new = 0
            while i < len(lines) and (
                    not lines[i].startswith('@@') and not starts_file(i)
                    if loose else old < hunk.old_size or new < hunk.new_size):
                kind = lines[i][:1]
                if kind not in (' ', '', '+', '-'):
                    raise Problem('%s: this is no line of a hunk: %s' %
                                  (at(first + i), lines[i]))
                old += kind != '+'
                new += kind != '-'
                hunk.lines.append(lines[i])
                i += 1
            if not loose and (old, new) != (hunk.old_size, hunk.new_size):
                raise Problem('%s: the hunk has %d old and %d new lines, its '
                              'first line says %d and %d (docs/tools/renumber '
                              'mends that)' % (place, old, new, hunk.old_size,
                                               hunk.new_size))
            hunk.old_size, hunk.new_size = old, new
            diffs[-1].hunks.append(hunk)
        else:
            raise Problem('%s: this line belongs to no hunk (docs/tools/'
                          'renumber mends wrong counts): %s' % (place, line))
    if not diffs:
        raise Problem('%s: a diff without "--- a/" and "+++ b/"' % at(first))
    return diffs


def find_hunk(hunk, lines, start):
    """The position nearest to the stated one where the hunk applies."""
    before = hunk.before()
    places = [i for i in range(start, len(lines) - len(before) + 1)
              if lines[i:i + len(before)] == before]
    return min(places, key=lambda i: abs(i + 1 - hunk.old), default=None)


def function_before(lines, start):
    """What git puts behind a hunk's numbers."""
    for line in lines[:start][::-1]:
        if re.match(r'[A-Za-z_$]', line):
            return ' ' + line[:80].rstrip()
    return ''


def check_context(hunk, start, end, place):
    """Is there as much context ahead of the changes as behind them?

    To patch, less of it on one side means that the file begins or ends there.
    Elsewhere it takes such a hunk only with "fuzz". `start` and `end`: how
    many lines the file has before the hunk and after it.
    """
    ahead, behind = hunk.context()
    if ahead < behind and start or behind < ahead and end:
        raise Problem('%s: the hunk has %d lines of context ahead of its '
                      'changes and %d behind them: for patch they have to be '
                      'as many, except where the file begins or ends'
                      % (place, ahead, behind))


def apply_file_diff(diff, text, at, relocate=False):
    """The text (or None) after the diff; `relocate` mends the hunks' numbers."""
    place = at(diff.line)
    if (text is None) != (diff.old is None):
        raise Problem('%s: %s %s' % (place, diff.path, 'is there already'
                                     if diff.old is None else 'is not there'))
    old = lines_of(text or '')
    result = []
    done = 0  # lines of old
    for hunk in diff.hunks:
        place = at(hunk.line)
        start = hunk.old - 1 if hunk.old_size else hunk.old
        if relocate:
            start = find_hunk(hunk, old, done)
            if start is None:
                raise Problem('%s: the lines that this hunk changes are not '
                              'in %s' % (place, diff.path))
            hunk.old = start + 1 if hunk.old_size else start
            new = len(result) + start - done
            hunk.new = new + 1 if hunk.new_size else new
            if hunk.heading != '':
                hunk.heading = function_before(old, start)
        if start < done:
            raise Problem('%s: the hunk begins before the end of the last one'
                          % place)
        here = start
        for i, line in enumerate(hunk.lines):
            if line[:1] == '+':
                continue
            if here >= len(old) or old[here] != line[1:]:
                found = '"%s"' % old[here] if here < len(old) else 'its end'
                raise Problem(
                    '%s: does not apply: line %d of %s is expected to be "%s" '
                    'and is %s (docs/tools/renumber mends wrong positions)' %
                    (at(hunk.line + 1 + i), here + 1, diff.path, line[1:],
                     found))
            here += 1
        if not relocate:
            check_context(hunk, start, len(old) - here, place)
        result += old[done:start]
        new = len(result) + 1 if hunk.new_size else len(result)
        if hunk.new != new:
            raise Problem('%s: the hunk says its new lines start at %d, but '
                          'they start at %d (docs/tools/renumber mends that)'
                          % (place, hunk.new, new))
        result += hunk.after()
        done = start + hunk.old_size
    result += old[done:]
    if diff.new is None:
        if result:
            raise Problem('%s: %s is removed, but lines are left' %
                          (place, diff.path))
        return None
    return ''.join(line + '\n' for line in result)
