"""Links, anchors, the sections of specifications that chapters cite, and the
words that they explain."""

import bisect
import os
import re
from urllib.parse import unquote

from book import FENCE, listed_files, natural_order, read_text

INLINE = re.compile(r'\[(?:[^][]|\[[^]]*\]\([^)]*\))*\]\(\s*<?([^)\s>]+)>?'
                    r'(?:\s+"[^"]*")?\s*\)')
REFERENCE = re.compile(r'\s{0,3}\[[^]]+\]:\s+<?(\S+?)>?(\s|$)')
USE = re.compile(r'\[([^][]+)\]\[([^][]*)\]')
HTML = re.compile(r'<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)="([^"]+)"')
ANCHOR = re.compile(r'<a\s[^>]*?\b(?:id|name)="([^"]+)"')
CODE = re.compile(r'(`+)(?!`).*?(?<!`)\1(?!`)')

# The documents that chapters cite, and what may follow their names.
DOCUMENT = (r'virtio 1\.\d|Intel SDM vol\. ?\d[A-D]?|AMD APM vol\. ?\d|'
            r'ACPI \d\.\d|[a-z0-9-]+\.rst')
PART = r'\d+(?:\.\d+)*|[Tt]able [0-9A-Z]+-\d+|"[^"]+"'
INSTRUCTION = r'(?!AMD|API)[A-Z]{3,}\b'
CITATION = re.compile(
    r'(%s)(?:,? (%s|%s)((?:(?:, (?:and )?| and )(?:%s))*)(?![\w-])|(?!\w))' %
    (DOCUMENT, PART, INSTRUCTION, PART))


# ---- Markdown ----

def prose(text):
    """Pairs of a line's number and its text, without blocks of code."""
    end = None
    for number, line in enumerate(text.split('\n'), 1):
        fence = FENCE.match(line)
        if end:
            if re.match(r'\s*%s\s*$' % end, line):
                end = None
        elif fence:
            end = '%s{%d,}' % (fence[2][0], len(fence[2]))
        else:
            yield number, line


def slug(heading):
    """The anchor that code hosts give a heading."""
    heading = re.sub(r'!?\[([^]]*)\]\([^)]*\)', r'\1', heading)
    heading = re.sub(r'<[^>]*>|[`*]', '', heading).strip().lower()
    return re.sub(r'[^\w\- ]', '', heading).replace(' ', '-')


def anchors(text):
    found = set()
    for _, line in prose(text):
        found.update(ANCHOR.findall(line))
        match = re.match(r'#{1,6}\s+(.*?)(\s+#+)?\s*$', line)
        if match:
            name = slug(match[1])
            number = 0
            while name + ('-%d' % number if number else '') in found:
                number += 1
            found.add(name + ('-%d' % number if number else ''))
    return found


def links(text):
    """Pairs of a line's number and a link's target."""
    defined = set()
    uses = []
    for number, line in prose(text):
        line = CODE.sub('', line)
        match = REFERENCE.match(line)
        if match:
            defined.add(line.split(']')[0].strip().lstrip('[').lower())
            yield number, match[1]
            continue
        for pattern in (INLINE, HTML):
            for found in pattern.finditer(line):
                yield number, found[1]
        # A link within a picture's link: [![text](picture)](page)
        for found in re.finditer(r'!\[[^]]*\]\(([^)\s]+)\)\]\(', line):
            yield number, found[1]
        uses += [(number, name or text) for text, name in USE.findall(line)]
    for number, name in uses:
        if name.lower() not in defined:
            yield number, None


class Place:
    """Names the section that a line of a file is in."""

    def __init__(self, path, text):
        self.path = path
        self.headings = [(number, line[3:].strip())
                         for number, line in prose(text)
                         if line.startswith('## ')]

    def at(self, number):
        section = [name for line, name in self.headings if line <= number]
        if not section:
            return '%s:%d' % (self.path, number)
        match = re.match(r'\d+\.\d+', section[-1])
        return '%s:%d: %s' % (self.path, number,
                              match[0] if match else '"%s"' % section[-1])


def pages(root, chapters=()):
    """The texts of README.md and docs/, or of some chapters only."""
    return {path: read_text(os.path.join(root, path))
            for path in listed_files(root, 'README.md', 'docs')
            if path.endswith('.md') and
            (not chapters or re.match(r'docs/\d\d', path) and
             int(path[5:7]) in chapters)}


def check_links(root, texts):
    """Yields for each link None, or what is wrong with it."""
    files = set(listed_files(root))
    folders = {os.path.dirname(path) for path in files}
    folders |= {folder[:i] for folder in folders
                for i in range(len(folder)) if folder[i] == '/'} | {'.'}
    known = {}  # page: its anchors
    for page, text in texts.items():
        place = Place(page, text)
        for number, target in links(text):
            if target is None:
                yield '%s: a link whose target is not defined' % \
                    place.at(number)
                continue
            if re.match(r'[a-z][a-z0-9+.-]*:', target):
                continue  # the web
            name, _, anchor = unquote(target).partition('#')
            path = os.path.normpath(os.path.join(os.path.dirname(page), name)
                                    ) if name else page
            if path not in files and path not in folders:
                why = 'git does not have it' if os.path.exists(
                    os.path.join(root, path)) else 'there is no such file'
                yield '%s: broken link to %s: %s' % (place.at(number), target,
                                                     why)
                continue
            if anchor and path not in known:
                known[path] = anchors(read_text(os.path.join(root, path))) \
                    if path.endswith('.md') else set()
            if anchor and anchor not in known[path]:
                yield '%s: broken link to %s: there is no such anchor' % (
                    place.at(number), target)
            else:
                yield None


def check_consoles(texts):
    """Consoles are run in chapters; elsewhere nobody would notice."""
    for page, text in texts.items():
        if re.match(r'docs/(\d\d|tools/)', page):
            continue
        for number, line in enumerate(text.split('\n'), 1):
            if re.match(r'\s*(```+|~~~+)\s*(console|diff try)\s*$', line):
                yield '%s:%d: only the consoles of chapters are run: let ' \
                    'this block be "text"' % (page, number)


# ---- citations ----

def plain(text):
    text = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', text)
    return re.sub(r'\s+', ' ', re.sub(r'[`"*]', '', text)).strip().lower()


def listed_sections(text):
    """What reference.md has: for each document its entries."""
    entries = {}
    document = None
    for _, line in prose(text):
        heading = re.match(r'#+\s+(.*)', line)
        item = re.match(r'\s*(?:[-*+]\s+|\|\s*)([^|]*)', line)
        if heading:
            match = re.match(DOCUMENT, heading[1].replace('`', ''))
            if match:
                document = plain(match[0])
                entries.setdefault(document, [])
            elif line.startswith('## '):
                document = None
        elif item and document:
            entries[document].append(plain(item[1]))
    return entries


def citations(text):
    """(line, document, part or None) for each citation in a text."""
    # They go over the ends of lines, in code's comments too.
    flat = ''
    starts = []
    for line in text.split('\n'):
        starts.append(len(flat))
        line = re.sub(r'^[+-]?\s*(?:\*|;|//|>)?\s*', '', line)
        flat += line.replace('`', '').rstrip() + ' '
    for match in CITATION.finditer(flat):
        line = bisect.bisect(starts, match.start())
        parts = [match[2]] if match[2] else [None]
        if match[3]:
            parts += re.findall(PART, match[3])
        for part in parts:
            yield line, match[1], part


def check_citations(root, texts):
    """Yields for each citation None, or what is wrong with it."""
    reference = os.path.join(root, 'docs/reference.md')
    known = listed_sections(read_text(reference)
                            if os.path.exists(reference) else '')
    for page, text in texts.items():
        if not re.match(r'docs/[^/]*$', page) or page == 'docs/reference.md':
            continue
        place = Place(page, text)
        for number, document, part in citations(text):
            entries = known.get(plain(document))
            if entries is None or part and not is_listed(part, entries):
                yield '%s: docs/reference.md does not list %s' % (
                    place.at(number),
                    ', '.join(filter(None, (document, part))))
            else:
                yield None


def is_listed(part, entries):
    part = plain(part)
    return any(re.match(re.escape(part) + r'(?:$|[ :,])', entry)
               for entry in entries)


# ---- words of the field ----

GLOSSARY = 'docs/glossary.md'
ENTRY = re.compile(r'<a id="([^"]+)"></a>\n\*\*(.+?)\*\*', re.S)
EVERYDAY = re.compile(r'<!-- everyday words, .*?: (.*?) -->', re.S)
EXPLAINED = re.compile(r'\[[^][]*\]\(glossary\.md#([^)\s]+)\)')


def everyday_words(text):
    """Those that need no link: words of the glossary, and names with one."""
    match = EVERYDAY.search(text)
    return re.split(r',\s+', match[1]) if match else []


def words_of_glossary(text):
    """For each word its entry's anchor, itself, and a pattern for it."""
    everyday = everyday_words(text)
    for anchor, words in ENTRY.findall(text):
        for word in re.split(r',\s+', words):
            if word not in everyday:
                pattern = r'[\s*]+'.join(map(re.escape, word.split()))
                yield anchor, word, re.compile(
                    r'(?<![\w./-])%s(?:s|es)?(?![\w/-])' % pattern,
                    0 if re.search('[A-Z_]', word) else re.I)


def words_only(text, words, everyday):
    """Prose with everything else blanked, in its place: headings, blocks,
    addresses, pictures, and code that is not just one of these words."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match[0])

    def code(match):
        inner = match[0].strip('`')
        return ' ' * match[0].index(inner) + inner.ljust(
            len(match[0]) - match[0].index(inner)) \
            if inner in words else blank(match)

    lines = [' ' * len(line) for line in text.split('\n')]
    for number, line in prose(text):
        if not re.match(r'#|<!--|\*\*\S+\*\*.* \(\w', line):
            lines[number - 1] = CODE.sub(code, line)
    text = re.sub(r'!\[[^]]*\]\([^)]*\)|<!--.*?-->', blank, '\n'.join(lines),
                  flags=re.S)
    text = re.sub(r'(?<=\])\([^)\s]*\)', blank, text)
    for name in everyday:
        text = re.sub(r'\s+'.join(map(re.escape, name.split())), blank, text)
    return text


def check_words(root, texts):
    """Yields for each word of the glossary that a chapter uses None, or what
    is wrong: its first use is a link to the glossary."""
    glossary = os.path.join(root, GLOSSARY)
    glossary = read_text(glossary) if os.path.exists(glossary) else ''
    words = list(words_of_glossary(glossary))
    plain_words = {word for _, word, _ in words}
    names = [word for word in everyday_words(glossary) if ' ' in word]
    chapters = {}
    for page in sorted(texts, key=natural_order):
        match = re.match(r'docs/(\d\d)\w?-', page)
        if match:
            chapters.setdefault(match[1], []).append(page)
    for pages_ in chapters.values():
        uses, explained = {}, {}
        for index, page in enumerate(pages_):
            for match in EXPLAINED.finditer(texts[page]):
                explained.setdefault(match[1], (index, match.start()))
            text = words_only(texts[page], plain_words, names)
            for anchor, word, pattern in words:
                match = pattern.search(text)
                if match and (index, match.start()) < uses.get(
                        anchor, ((index + 1,),))[0]:
                    uses[anchor] = ((index, match.start()), word)
        for anchor, (place, word) in uses.items():
            if explained.get(anchor, (len(pages_),)) <= place:
                yield None
                continue
            page = pages_[place[0]]
            line = texts[page].count('\n', 0, place[1]) + 1
            yield '%s: "%s" is used here first in this chapter: make it a ' \
                'link to glossary.md#%s' % (
                    Place(page, texts[page]).at(line), word, anchor)
