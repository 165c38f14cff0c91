"""The pages on which a trace is played: their data and their frame."""

import html
import json
import os
import re

import book
import plans
from code_html import highlighted
from diffs import Problem, lines_of

FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'traces')
BUTTONS = (('first', '|◀', 'First step'), ('back', '◀', 'Step back'),
           ('play', '▶▶', 'Play'), ('next', '▶', 'Next step'),
           ('exit', 'exit ▶', 'To the next exit'), ('last', '▶|', 'Last step'))


def function_around(lines, number):
    """The first and last line of the function that a line is in."""
    first = number
    while first > 1 and not re.match(r'[a-z].*[(]', lines[first - 1]):
        first -= 1
    last = number
    while last < len(lines) and lines[last - 1] != '}':
        last += 1
    return first, last


def excerpt(tree, path, number, cache):
    """A function, or a whole file of assembly, as HTML."""
    lines = lines_of(tree[path])
    first, last = (1, len(lines)) if path.endswith('.asm') \
        else function_around(lines, number)
    key = '%s:%d' % (path, first)
    if key not in cache:
        cache[key] = {'file': path, 'first': first, 'lines':
                      highlighted(path, tree[path])[first - 1:last]}
    return [key, number - first]


def find(tree, code, name):
    """Where a recorded line stands now."""
    lines = lines_of(tree.get(code['file'], ''))
    places = [i for i, line in enumerate(lines, 1)
              if line.strip() == code['text']]
    if not places:
        raise Problem('%s: %s has no line "%s" any more: record it again '
                      '(docs/tools/web/record)' % (name, code['file'],
                                                   code['text']))
    return min(places, key=lambda i: abs(i - code['line']))


def data(the_book, name):
    """The trace, with the code that its steps show."""
    trace = json.loads(book.read_text(os.path.join(FOLDER, name + '.json')))
    tree = plans.section(the_book, plans.PLANS[name]).tree
    cache = {}
    for step in trace['steps']:
        for who in ('vmm', 'guest'):
            code = step.get(who)
            if code and 'file' in code:
                step[who] = excerpt(tree, code['file'],
                                    find(tree, code, name), cache)
            elif code:
                step[who] = code['function']
    trace['code'] = cache
    return trace


def script(the_book, name):
    return 'bookTrace(%s,%s)\n' % (json.dumps(name), json.dumps(
        data(the_book, name), ensure_ascii=False, separators=(',', ':')))


def frame(name, script_path):
    """What the player is put into; without scripts and on paper, the steps in
    words."""
    trace = json.loads(book.read_text(os.path.join(FOLDER, name + '.json')))
    buttons = ''.join(
        '<button type="button" data-go="%s" aria-label="%s" title="%s">%s'
        '</button>' % (go, label, label, sign) for go, sign, label in BUTTONS)
    words = ''.join('<li>%s</li>' % html.escape(step['say'])
                    for step in trace['steps'])
    return '<div class="player" id="player" data-trace="%s" tabindex="0" ' \
        'role="group" aria-label="%s">' \
        '<div class="controls">%s<input type="range" min="0" max="%d" ' \
        'value="0" aria-label="Step"><span class="position"></span></div>' \
        '<p class="say" aria-live="polite"></p>' \
        '<div class="stage"></div></div>' \
        '<details class="words"><summary>All steps in words</summary><ol>%s' \
        '</ol></details><script src="%s" defer></script>' % (
            name, html.escape(trace['title']), buttons,
            len(trace['steps']) - 1, words, script_path)
