"""What is beside the pages of the book: its pictures, and the source."""

import os
import re

import links
from book import read_text
from code_html import figure, whole

DARK = re.compile(r'@media \(prefers-color-scheme:\s*dark\)\s*\{')


def variants(svg):
    """A picture in light and in dark, whatever the system prefers: the switch
    of the page decides."""
    match = DARK.search(svg)
    if not match:
        return svg, svg
    depth = 1
    end = match.end()
    while depth:
        depth += {'{': 1, '}': -1}.get(svg[end], 0)
        end += 1
    return svg[:match.start()] + svg[end:], \
        svg[:match.start()] + svg[match.end():end - 1] + svg[end:]


def source_page(site, folder):
    """A directory of the repository, with its files."""
    out = ['# %s' % (folder or 'The repository'), '']
    for path in sorted(site.files):
        if not path.startswith(folder + '/'):
            continue
        try:
            text = read_text(os.path.join(site.root, path))
            text.encode('utf-8')
        except UnicodeError:
            continue
        out += ['## %s {#%s}' % (path[len(folder) + 1:], links.slug(path))]
        out += site.place(figure(path, 'file', whole(path, text), to='file'))
    return '\n'.join(out) + '\n'
