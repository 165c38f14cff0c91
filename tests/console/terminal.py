"""A program on a terminal of its own, for who types and reads there: the tests'
scenes (play) and the consoles of the book (docs/tools/console.py).

They run on /usr/bin/python3: it is that one which has the system's pexpect.
"""

import os
import signal

import pexpect

SCALE = float(os.environ.get('TIMEOUT_SCALE') or 1)


def default_signals():
    """Python ignores the first two, and whoever runs the tests in the background
    the others; on a terminal nobody does."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT,
                   signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Terminal(pexpect.spawn):
    def __init__(self, program, *arguments, **options):
        super().__init__(program, list(arguments), maxread=65536,
                         preexec_fn=default_signals, **options)
        self.delaybeforesend = None  # prompts are waited for

    def kill_all(self):
        """Ends everything that was started here."""
        for name in os.listdir('/proc'):
            try:
                if name.isdigit() and os.getsid(int(name)) == self.pid:
                    os.kill(int(name), signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not self.closed:
            self.ptyproc.delayafterclose = 0
            self.close()
