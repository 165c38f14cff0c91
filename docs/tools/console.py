#!/usr/bin/python3
"""Types the consoles of the chapters into a shell and compares what it shows.

    console.py JOBS     JOBS is a JSON file: a list of jobs, each with the
                        "file" and "section" of a chapter, the "directory" to
                        start in, and "lines", each with its number in the file

Prints a JSON object for each job: its "problem", null if all was as shown, the
"transcript" of the terminal, and the "seconds" it took. README.md beside this
file says how a console is written.
`check` runs it, in the lab where there is no KVM here.
"""

import json
import os
import re
import sys
import time

from pexpect import EOF, TIMEOUT

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '../../tests/console'))
from terminal import SCALE, Terminal  # noqa: E402

LIMIT = 300 * SCALE  # seconds without the next prompt
QUIET = 1 * SCALE  # seconds without output before a key is pressed
SETTLED = 10 * SCALE  # ... before a prompt after wrong output is final

# The shell's prompt tells the last command's status, invisibly.
PROMPT = '\x1e$?\x1f$ '
ENDED = re.compile(r'\x1e(\d+)\x1f\$ $')

GUEST_PROMPT = re.compile(r'([~/]\S* # ?|(?!Last )\S+ login: ?|Password: ?)'
                          r'(.*)$')
KEY = re.compile(r'Ctrl-([A-Z\\])(?: (?:Ctrl-([A-Z\\])|(\S)))?$')
ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]|\x1b[()].|\x1b[78=>]|[\0\a\r]')
# What a guest's kernel says at any time, where the host is slow.
NOISE = re.compile(r'\[ *\d+\.\d+\] (clocksource: (Long readout interval|'
                   r'timekeeping watchdog)|hrtimer: interrupt took)[^\n]*\n')
KEY_ECHO = re.compile(r'(\^[A-Z\\])*$')


class Mismatch(Exception):
    """The console did not show a line; with the line's number."""

    def __init__(self, number, message):
        super().__init__(message)
        self.number = number


class Item:
    """A line of the console.

    kind: host (typed at the shell's prompt), guest (at another one), key,
    output. `prompt` is what comes before the typed text; `keys` is what to
    type, None for a bare prompt.
    """

    def __init__(self, number, kind, text, prompt=None, keys=None):
        self.number = number
        self.kind = kind
        self.text = text
        self.prompt = prompt
        self.keys = keys

    def expected(self):
        """The line as the terminal shows it; None where that varies."""
        if self.kind == 'key':
            return None
        if self.kind == 'guest' and (self.prompt.startswith('Password:') or
                                     KEY.match(self.text)):
            return self.prompt.rstrip()
        return ((self.prompt or '') + self.text).rstrip()


def key_bytes(match):
    first, control, plain = match.groups()
    keys = chr(ord(first) & 31)
    if control:
        keys += chr(ord(control) & 31)
    return keys + (plain or '')


def read_items(lines):
    items = []
    for number, line in lines:
        line = line.rstrip()
        guest = GUEST_PROMPT.match(line)
        key = KEY.match(line)
        if line == '$' or line.startswith('$ '):
            typed = line[2:]
            item = Item(number, 'host', typed, '', typed and typed + '\r')
        elif line.startswith('> ') and items and \
                items[-1].kind in ('host', 'more'):
            item = Item(number, 'more', line[2:], '> ', line[2:] + '\r')
        elif key:
            item = Item(number, 'key', line, None, key_bytes(key))
        elif guest:
            prompt, typed = guest.groups()
            key = KEY.match(typed)
            keys = key_bytes(key) if key else typed and typed + '\r'
            item = Item(number, 'guest', typed, prompt, keys)
        else:
            item = Item(number, 'output', line)
        if items and items[-1].kind == 'guest' and not items[-1].keys and \
                items[-1].prompt.rstrip() == (item.prompt or '').rstrip():
            items.pop()  # the same prompt, at the end of the last block
        if item.kind != 'host' or item.keys:
            items.append(item)
    while items and not items[0].text and items[0].kind == 'output':
        items.pop(0)
    if items and items[0].kind != 'host':
        raise Mismatch(items[0].number, 'a console begins with "$ command"')
    return items


def same(expected, line):
    """`...` within a line stands for anything."""
    parts = [re.escape(part) for part in expected.split('...')]
    return re.fullmatch('.*'.join(parts), line, re.S) is not None


def match(items, lines):
    """Compares what is expected with what a command has shown.

    Returns None, or (item, text): the first item that is not as shown and the
    line in its place (each None at the end). As "..." may stand for more or
    fewer lines, all ways are followed at once: a set of positions in `items`.
    """
    def skip(positions):
        todo = list(positions)
        while todo:
            at = todo.pop()
            if at < len(items) and at + 1 not in positions and \
                    (items[at].kind == 'key' or items[at].text == '...'):
                positions.add(at + 1)
                todo.append(at + 1)
        return positions

    positions = skip({0})
    furthest, instead = max(positions), None
    for line in lines + [None]:
        if max(positions, default=-1) >= furthest:
            furthest, instead = max(positions), line
        if line is None:
            break
        following = set()
        for at in positions:
            if at == len(items):
                continue
            if items[at].text == '...' and items[at].kind == 'output':
                following.add(at)
            elif items[at].kind == 'key':
                if KEY_ECHO.match(line):
                    following.add(at + 1)
            elif same(items[at].expected(), line):
                following.add(at + 1)
        positions = skip(following)
    if len(items) in positions:
        return None
    return (items[furthest] if furthest < len(items) else None), instead


def clean(raw):
    """What a terminal wrote, without escapes and noise."""
    return NOISE.sub('', ESCAPES.sub('', raw))


class Shell(Terminal):
    """bash on a terminal of its own."""

    def __init__(self, directory):
        environment = {name: os.environ[name]
                       for name in ('PATH', 'HOME', 'USER', 'CC')
                       if name in os.environ}
        environment.update(PS1=PROMPT, PS2='> ', TERM='dumb', LC_ALL='C',
                           HISTFILE='', PAGER='cat')
        super().__init__('bash', '--noprofile', '--norc', '--noediting', '-i',
                         cwd=directory, env=environment, encoding='utf-8',
                         codec_errors='replace')
        self.raw = ''  # what it wrote since the last command was typed
        self.old = ''  # what it wrote before
        self.last = time.monotonic()  # when it last wrote something
        self.open = True

    def begin(self):
        """A new command is typed now."""
        self.old += self.raw
        self.raw = ''

    def text(self):
        return clean(self.raw)

    def transcript(self):
        """All of it, as a console block."""
        return re.sub('\x1e\\d+\x1f', '', clean(self.old + self.raw))

    def ended(self):
        """The match of the shell's prompt at the end of its output."""
        return ENDED.search(self.text())

    def lines(self):
        """What it has shown, without the shell's prompt."""
        text = ENDED.sub('', self.text())
        lines = [line.rstrip() for line in text.split('\n')]
        return lines[:-1] if not lines[-1] else lines

    def partial(self):
        """The unfinished last line."""
        return self.text().rsplit('\n', 1)[-1]

    def listen(self):
        """Takes what it writes, if it does so within a tenth of a second."""
        try:
            self.raw += self.read_nonblocking(self.maxread, 0.1)
            self.last = time.monotonic()
        except TIMEOUT:
            pass
        except EOF:
            self.open = False

    def quiet(self):
        return time.monotonic() - self.last

    def type(self, keys):
        self.send(keys)
        self.last = time.monotonic()


def report(expectations, shell, number, why=''):
    """Raises a Mismatch that shows both sides."""
    wrong = match(expectations, shell.lines())
    lines = ('$ ' + '\n'.join(shell.lines())).split('\n')[-10:]
    tail = ''.join('    | %s\n' % line for line in lines)
    if not wrong:
        message = why
    else:
        item, line = wrong
        number = item.number if item else number
        message = '%sexpected %s, but the console shows %s' % (
            why and why + '\n    ',
            '"%s"' % item.expected() if item else 'nothing more',
            '"%s"' % line if line is not None else 'nothing more')
    raise Mismatch(number, message + '\n    Its last lines:\n' + tail.rstrip())


def wait_for_shell(shell, number):
    end = time.monotonic() + LIMIT
    while not shell.ended():
        shell.listen()
        if not shell.open or time.monotonic() > end:
            raise Mismatch(number, 'the shell does not start')


def wait_for(shell, item, expectations):
    """Waits until the console is where `item` is typed."""
    end = time.monotonic() + LIMIT
    shown = ''
    while True:
        ended = shell.ended()
        if item.kind == 'host' or ended:
            if ended:
                break
        elif item.kind == 'key':
            wrong = match(expectations, shell.lines())
            if not wrong and shell.quiet() > QUIET:
                return
            if wrong and shell.quiet() > SETTLED:
                report(expectations, shell, item.number)
        elif shell.partial().rstrip() == item.prompt.rstrip():
            if not match(expectations, shell.lines()[:-1]):
                return
            if shell.quiet() > SETTLED:
                report(expectations, shell, item.number)
        if not shell.open or time.monotonic() > end:
            where = {'host': 'the end of the command',
                     'key': 'quiet'}.get(item.kind, '"%s"' % item.prompt)
            report(expectations, shell, item.number,
                   '%s did not come in %d s' % (where, LIMIT))
        shell.listen()
    if item.kind != 'host':
        report(expectations + [item], shell, item.number,
               'the command ended here')
    if match(expectations, shell.lines()):
        report(expectations, shell, item.number)
    return int(ended[1])


def play(items, shell):
    """Types what is to be typed, compares what is shown."""
    wait_for_shell(shell, items[0].number)
    expectations = []  # since the last command's start
    command = None
    items = items + [Item(items[-1].number, 'host', '', '')]
    # A bare prompt of the guest at the end: the machine is left running.
    if items[-2].kind == 'guest' and not items[-2].keys:
        items.pop()
    for item in items:
        if item.kind == 'host':
            if command:
                status = wait_for(shell, item, expectations)
                if status and 'echo $?' not in item.text:
                    raise Mismatch(
                        command.number,
                        'status %d, which the text does not show: let '
                        '"$ echo $?" follow' % status)
            if not item.keys:
                continue
            command = item
            expectations = []
            shell.begin()
        elif item.kind in ('guest', 'more', 'key'):
            wait_for(shell, item, expectations)
        if item.keys:
            shell.type(item.keys)
        expectations.append(item)


def run(job):
    """Returns what is wrong, or None, and the transcript."""
    transcript = problem = None
    try:
        items = read_items(job['lines'])
        if not items:
            return None, None
        shell = Shell(job['directory'])
        try:
            play(items, shell)
        finally:
            shell.kill_all()
            transcript = shell.transcript()
    except Mismatch as mismatch:
        problem = '%s:%d: %s: %s' % (job['file'], mismatch.number,
                                     job['section'], mismatch)
    return problem, transcript


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        jobs = json.load(file)
    for job in jobs:
        start = time.monotonic()
        problem, transcript = run(job)
        print(json.dumps({'problem': problem, 'transcript': transcript,
                          'seconds': time.monotonic() - start}), flush=True)


if __name__ == '__main__':
    main()
