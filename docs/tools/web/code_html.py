"""The book's blocks as HTML: a change with its code highlighted inside the
diff, whole files, and consoles.

The text of a <pre> is what a copy of it gives, letter for letter: what is only
to be seen (marks of folds, numbers of lines) comes from the style sheet.
"""

import hashlib
import html
import json
import os
import re

from book import TRY, Book, directory_of
from diffs import lines_of
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

FORMATTER = HtmlFormatter(nowrap=True)
LEXERS = {'.c': 'c', '.h': 'c', '.asm': 'nasm', '.inc': 'nasm', '.py': 'python',
          '.sh': 'bash', '.mk': 'make', '.bats': 'bash', '.bash': 'bash'}

INCLUDE = re.compile(r'#include\b')
GUARD = re.compile(r'#(ifndef|define) [A-Z0-9_]+_H$|#endif$')
FORWARD = re.compile(r'struct \w+;$')
PROTOTYPE = re.compile(r'(static |extern )?[a-z_][\w \t*]*\w+\([^;{}]*\);$')
LEAST = 3  # fewer lines are not worth a fold


def lexer(path, text):
    name = os.path.basename(path)
    language = LEXERS.get(os.path.splitext(name)[1])
    if name == 'Makefile':
        language = 'make'
    elif not language and text.startswith('#!'):
        language = 'bash'
    return get_lexer_by_name(language or 'text', stripnl=False, ensurenl=True)


def highlighted(path, text, cache={}):
    """The lines of a file as HTML."""
    key = path, text
    if key not in cache:
        cache[key] = lines_of(highlight(text, lexer(path, text), FORMATTER)) \
            if text else []
    return cache[key]


# ---- what is folded ----

def plumbing(lines):
    """For each line what kind of plumbing it is, or None: includes, the
    guards of headers, declarations that say what stands elsewhere anyway."""
    kinds = []
    i = 0
    while i < len(lines):
        line = lines[i]
        size = 1
        kind = None
        if INCLUDE.match(line):
            kind = 'includes'
        elif GUARD.match(line):
            kind = 'include guard'
        elif FORWARD.match(line):
            kind = 'declarations'
        elif re.match(r'[a-z]', line):
            # A prototype goes on over as many lines as it needs.
            text = line
            while size < 5 and not text.endswith(';') and \
                    '{' not in text and i + size < len(lines) and \
                    re.match(r'[ \t]+\S', lines[i + size]):
                text += ' ' + lines[i + size].strip()
                size += 1
            explained = i and re.search(r'\*/$', lines[i - 1])
            kind = 'prototypes' if PROTOTYPE.match(text) and \
                not explained else None
            if not kind:
                size = 1
        kinds += [kind] * size
        i += size
    return kinds


def folds(lines):
    """(first, behind, label) for the runs of plumbing among lines."""
    kinds = plumbing(lines)
    i = 0
    while i < len(lines):
        end = last = i
        while end < len(lines) and (kinds[end] or not lines[end].strip()):
            end += 1
            last = end if kinds[end - 1] else last
        if kinds[i] and last - i >= LEAST:
            names = list(dict.fromkeys(filter(None, kinds[i:last])))
            yield i, last, '%d lines: %s' % (last - i, ', '.join(names))
            i = last
        else:
            i = max(end, i + 1) if kinds[i] else i + 1


def with_folds(lines, rows):
    """The rows of HTML, where `lines` say what is plumbing."""
    out = []
    done = 0
    for first, behind, label in folds(lines):
        out += rows[done:first]
        out.append('<span class="fold" data-label="%s">%s</span>'
                   % (html.escape(label), ''.join(rows[first:behind])))
        done = behind
    return ''.join(out + rows[done:])


def row(content, kind='', mark=''):
    return '<span class="l%s">%s%s\n</span>' % (
        ' ' + kind if kind else '', mark, content)


# ---- files ----

class Files:
    """The states of files that blocks refer to, each once, for the browser to
    load as it needs them: as scripts, because a page from a file system can
    load nothing else."""

    def __init__(self):
        self.texts = {}

    def add(self, path, text):
        if text is None:
            return ''
        name = hashlib.sha1(('%s\0%s' % (path, text)).encode(
            'utf-8', 'surrogateescape')).hexdigest()[:12]
        self.texts[name] = path, text
        return name

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        for name, (path, text) in self.texts.items():
            with open(os.path.join(folder, name + '.js'), 'w',
                      encoding='utf-8') as file:
                file.write('bookFile(%s,%s)\n' % (
                    json.dumps(name), json.dumps(whole(path, text),
                                                 ensure_ascii=False)))


def whole(path, text):
    """A whole file."""
    rows = [row(line) for line in highlighted(path, text)]
    return with_folds(lines_of(text), rows)


# ---- figures ----

def figure(path, state, content, **data):
    attributes = ''.join(' data-%s="%s"' % (name, html.escape(value))
                         for name, value in data.items() if value)
    views = [('change', 'new file' if state == 'new' else 'change')]
    views += [(view, label) for view, label in
              (('after', 'whole file'), ('end', 'end of the step'))
              if data.get(view)]
    buttons = ''
    if len(views) > 1:
        buttons = '<span class="views" role="group" aria-label="View">%s' \
            '</span>' % ''.join(
                '<button type="button" data-view="%s" aria-pressed="%s">%s'
                '</button>' % (view, 'true' if view == 'change' else 'false',
                               label) for view, label in views)
    return '<figure class="code"%s><figcaption><span class="file">%s</span>' \
        ' <span class="state">%s</span>%s<button type="button" class="copy">' \
        'copy</button></figcaption><pre class="change" tabindex="0" ' \
        'aria-label="%s, %s">%s</pre></figure>' % (
            attributes, html.escape(path), state, buttons, html.escape(path),
            state, content)


def change(diff, before, after):
    """One file's part of a diff. Its headers are there, but not to be seen."""
    old = highlighted(diff.path, before or '')
    new = highlighted(diff.path, after or '')
    out = []
    for side, name in (('---', diff.old and 'a/' + diff.old),
                       ('+++', diff.new and 'b/' + diff.new)):
        out.append('<span class="header">%s %s\n</span>' % (
            side, html.escape(name or '/dev/null')))
    for hunk in diff.hunks:
        out.append('<span class="hunk">%s\n</span>' %
                   html.escape(hunk.header()))
        here = hunk.old - 1 if hunk.old_size else hunk.old
        there = hunk.new - 1 if hunk.new_size else hunk.new
        rows = []
        for line in hunk.lines:
            mark = line[:1]
            if mark == '-':
                rows.append(row(old[here], 'gone', '-'))
            else:
                rows.append(row(new[there], 'come' if mark == '+' else '',
                                mark))
            here += mark != '+'
            there += mark != '-'
        out.append(with_folds([line[1:] for line in hunk.lines], rows))
    return ''.join(out)


def added(diff):
    """The numbers of the lines that a diff brings, as spans."""
    numbers = []
    for hunk in diff.hunks:
        number = hunk.new if hunk.new_size else hunk.new + 1
        for line in hunk.lines:
            if line[:1] == '+':
                numbers.append(number)
            number += line[:1] != '-'
    spans = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ','.join('%d-%d' % tuple(span) for span in spans)


def console(lines):
    """What is typed stands out, and is what a copy gives."""
    rows = []
    for line in lines:
        match = re.match(r'((?:\S*[$#]|>|Password:|.* login:) )(.*)$', line)
        if match and (match[1][0] in '$>~/' or match[1][-2] == ':'):
            kind = ' shell' if match[1] in ('$ ', '> ') else ''
            rows.append('<span class="l"><span class="prompt">%s</span>'
                        '<span class="typed%s">%s</span>\n</span>' % (
                            html.escape(match[1]), kind,
                            html.escape(match[2])))
        else:
            rows.append(row(html.escape(line)))
    copy = '<button type="button" class="copy">copy</button>' \
        if any(line.startswith('$ ') for line in lines) else ''
    return '<figure class="code console"><figcaption><span class="state">' \
        'console</span>%s</figcaption><pre tabindex="0" aria-label="console"' \
        '>%s</pre></figure>' % (copy, ''.join(rows))


class Blocks:
    """The HTML of a book's blocks."""

    def __init__(self, the_book):
        self.files = Files()
        # Of each chapter's number the tree at its end, and which step it makes
        self.ends = {chapter.number: chapter.sections[-1].tree
                     for chapter in the_book.chapters}
        self.makers = {the_book.directory(number)[0]: number
                       for number in self.ends}

    def end_of(self, section, path):
        """The file's text when its step is finished; common/ and scratch/ are
        finished for now when the chapter is."""
        number = self.makers.get(directory_of(path), section.chapter.number)
        return self.ends[number].get(path)

    def html(self, block, tree=None):
        """`tree`: of an experiment, what the blocks before have made."""
        if block.kind == 'console':
            return console(block.lines)
        if block.kind == 'file':
            return self.new_file(block)
        return ''.join(self.one_file(block, diff, tree)
                       for diff in self.diffs(block, tree))

    @staticmethod
    def diffs(block, tree):
        if block.diffs is None:
            for path, text in Book.patched(block, tree).items():
                block.touched[path] = tree.get(path), text
        return block.diffs

    def new_file(self, block):
        text = block.touched[block.path][1]
        end = self.end_of(block.section, block.path)
        return figure(block.path, 'new', whole(block.path, text),
                      end=end != text and self.files.add(block.path, end),
                      to='file')

    def one_file(self, block, diff, tree):
        before, after = block.touched[diff.path]
        state = TRY if block.kind == 'try' else 'new' if before is None \
            else 'removed' if after is None else 'change'
        end = None if block.kind == 'try' else \
            self.end_of(block.section, diff.path)
        return figure(diff.path, state, change(diff, before, after),
                      after=self.files.add(diff.path, after),
                      end=self.files.add(diff.path, end), to='patch',
                      added=added(diff))
