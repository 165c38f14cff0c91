"""The book's Markdown, cut into pages: a page a section.

A page says the same as its part of docs/. Links are bent to where their targets
have gone, blocks of code and pictures become places for HTML, which hooks.py
puts there: Markdown would turn the tabs of code into spaces.
"""

import html
import itertools
import os
import posixpath
import re

import links
import plans
import players
from book import CHAPTER, listed_files, natural_order, read_text
from code_html import Blocks

CUT = re.compile(r'## ')
HEADING = re.compile(r'(#+)\s+(.*?)\s*$')
PICTURE = re.compile(r'!\[([^]]*)\]\(([^)\s]+\.svg)\)')
EXERCISE = re.compile(r'\]\((?:\.\./)?exercises/(\d+\.\d+-[^)#]*\.md)\)')
CODE = re.compile(links.CODE.pattern, re.S)
PLACE = '<div class="block-%d"></div>'


class Page:
    def __init__(self, source, path, first, last, title):
        self.source = source  # the file in docs/
        self.path = path  # of the page, .md
        self.first, self.last = first, last  # lines of the source, from 1
        self.title = title
        self.section = None  # of the book, if it has code
        self.previous = None  # the numbered section before it
        self.trace = None  # that it plays
        self.played = []  # pages that play what it tells

    @property
    def url(self):
        return self.path[:-3] + '.html'

    def to(self, target):
        return posixpath.relpath(target, posixpath.dirname(self.path))


def plain_title(title):
    title = re.sub(r'!?\[([^]]*)\]\([^)]*\)', r'\1', title)
    return re.sub(r'[`*]', '', title).strip()


def short(title):
    """The part of a heading that is fit for a file's name."""
    return links.slug(re.sub(r'^\d+\.\d+\.?\s+', '', title))


class Site:
    """All pages, and what is beside them."""

    def __init__(self, root, the_book):
        self.root = root
        self.book = the_book
        self.blocks = Blocks(the_book)
        self.html = []  # of the blocks, by number
        self.texts = {path: text for path, text in links.pages(root).items()
                      if path.startswith('docs/')}
        self.files = set(listed_files(root))
        self.lines = {path: text.split('\n')
                      for path, text in self.texts.items()}
        self.prose = {path: dict(links.prose(text))
                      for path, text in self.texts.items()}
        self.pages = []
        self.anchors = {}  # (source, anchor): page
        self.heading_ids = {}  # (source, line): anchor
        self.pictures = set()
        self.sources = {}  # directory of the repository: its page
        for path in sorted(self.texts, key=natural_order):
            self.cut(path)
        self.pages.sort(key=lambda page: natural_order(page.source))
        self.add_sections()
        for name, plan in plans.PLANS.items():
            self.add_trace(name, plan)

    # ---- cutting ----

    def cut(self, source):
        name = source[len('docs/'):]
        if name.startswith('tools/web/'):
            return
        chapter = CHAPTER.match(name)
        if name == 'troubleshooting.md' or chapter:
            folder = name[:-3] + '/'
            page = Page(source, folder + 'index.md', 1, None, '')
        else:
            folder = None
            page = Page(source, re.sub(r'README\.md$', 'index.md', name), 1,
                        None, '')
        self.pages.append(page)
        seen = set()
        for number, line in self.prose[source].items():
            if chapter and CUT.match(line):
                page.last = number - 1
                title = line[3:].strip()
                section = re.match(r'(\d+\.\d+)\.?\s', title)
                page = Page(source, '%s%s%s.md' % (
                    folder, section[1] + '-' if section else '',
                    short(title)), number, None, plain_title(title))
                self.pages.append(page)
            for anchor in links.ANCHOR.findall(line):
                self.anchors[source, anchor] = page
                seen.add(anchor)
            match = HEADING.match(line)
            if match:
                if not page.title:
                    page.title = plain_title(match[2])
                anchor = name = links.slug(match[2])
                count = 0
                while anchor in seen:
                    count += 1
                    anchor = '%s-%d' % (name, count)
                seen.add(anchor)
                self.anchors[source, anchor] = page
                self.heading_ids[source, number] = anchor
        page.last = len(self.lines[source])

    def add_sections(self):
        starts = {(section.chapter.path, section.line): section
                  for section in self.book.sections()}
        before = None
        for page in self.pages:
            page.section = starts.get((page.source, page.first))
            if page.section and page.section.number:
                page.previous = before
                before = page.section

    def add_trace(self, name, plan):
        """The page that plays a trace, after that which its plan names."""
        source = 'docs/tools/web/traces/%s.md' % name
        before = self.page_at(plan['after'])
        page = Page(source, '%s/%s.md' % (posixpath.dirname(before.path), name),
                    1, len(self.lines[source]), plan['title'])
        page.trace = name
        self.heading_ids[source, 1] = name
        self.pages.insert(self.pages.index(before) + 1, page)
        for path in plan['beside']:
            self.page_at(path).played.append(page)

    def page_at(self, name):
        """The page of a section, as plans.py names it."""
        def title_of(page):
            match = CHAPTER.match(posixpath.basename(page.source))
            return match and int(match[1]), re.sub(r'^\d+\.\d+\.?\s+', '',
                                                   page.title)
        return plans.named(self.pages, name, title_of)

    # ---- links ----

    def target(self, page, target):
        """Where a link of a page leads, as seen from that page."""
        if re.match(r'[a-z][a-z0-9+.-]*:', target):
            return target
        name, _, anchor = target.partition('#')
        path = posixpath.normpath(posixpath.join(
            posixpath.dirname(page.source), name)) if name else page.source
        if path in self.texts:
            there = self.anchors.get((path, anchor))
            if not there:
                there = next(p for p in self.pages if p.source == path)
                anchor = ''
            # The heading of a page is its top.
            link = page.to(there.path)
            return link + ('#' + anchor if anchor else '')
        if path.startswith('docs/pictures/'):
            self.pictures.add(path[len('docs/pictures/'):])
            return page.to(path[len('docs/'):])
        return self.source_link(page, path)

    def source_link(self, page, path):
        """A file or a directory of the repository."""
        if path in self.texts or path == 'README.md':
            return page.to('index.md')
        folder = posixpath.dirname(path) if path in self.files else path
        self.sources.setdefault(folder, 'source/%s.md' % (
            folder.replace('/', '-') or 'top'))
        link = page.to(self.sources[folder])
        return link + ('#' + links.slug(path) if path in self.files else '')

    def bend(self, page, text):
        """A paragraph with its links bent, inline code left alone."""
        out = []
        done = 0
        for code in CODE.finditer(text):
            out += [text[done:code.start()], code[0]]
            done = code.end()
        out.append(text[done:])
        # A link's text may have code in it: so the code is hidden meanwhile.
        text = ''.join(part if i % 2 == 0 else '\0%d\0' % i
                       for i, part in enumerate(out))
        text = links.INLINE.sub(
            lambda match: match[0].replace(
                '](' + match[1], '](' + self.target(page, match[1])), text)
        match = links.REFERENCE.match(text)
        if match:
            text = text.replace(match[1], self.target(page, match[1]))
        text = re.sub(r'<details>', '<details markdown="1">', text)
        return re.sub(r'\0(\d+)\0', lambda match: out[int(match[1])], text)

    # ---- pages ----

    def place(self, content):
        """A place in Markdown for HTML."""
        self.html.append(content)
        return ['', PLACE % (len(self.html) - 1), '']

    def picture(self, page, alt, target):
        name = self.target(page, target)
        size = re.search(r'width="(\d+)" height="(\d+)"', read_text(
            os.path.join(self.root, 'docs/pictures',
                         posixpath.basename(target))))
        images = ''.join(
            '<img class="only-%s" src="%s" alt="%s"%s>' % (
                scheme, name[:-4] + '.%s.svg' % scheme, html.escape(alt),
                ' width="%s" height="%s"' % size.groups() if size else '')
            for scheme in ('light', 'dark'))
        return self.place('<div class="picture" tabindex="0" role="group" '
                          'aria-label="Picture">%s</div>' % images)

    def markdown(self, page):
        """The text of a page."""
        blocks = {}
        if page.section:
            blocks = {block.named: block for block in page.section.blocks
                      if block.kind in ('file', 'diff', 'try', 'console')}
        out = []
        raised = page.path.count('/') and not page.path.endswith('index.md') \
            and bool(CHAPTER.match(posixpath.basename(page.source)))
        number = page.first
        tries = None
        paragraph = []

        def flush():
            if paragraph:
                text = '\n'.join(paragraph)
                out.append(self.bend(page, text))
                if not re.match(r'[|*-]|\d', text):
                    out.extend(self.exercise_boxes(page,
                                                   EXERCISE.findall(text)))
                paragraph.clear()

        while number <= page.last:
            line = self.lines[page.source][number - 1]
            block = blocks.get(number)
            is_prose = number in self.prose[page.source]
            heading = is_prose and HEADING.match(line)
            if block or not is_prose or heading or not line.strip():
                flush()
            if block:
                tree = None
                if block.kind == 'try':
                    tries = tries or dict(page.section.tree)
                    tree = tries
                out += self.place(self.blocks.html(block, tree))
                if block.kind == 'try':
                    tries.update({path: after for path, (_, after) in
                                  block.touched.items()})
                elif block.kind == 'console':
                    # An experiment ends with the heading, or the next one.
                    tries = tries and self.after_console(page, number, tries)
                number = block.last + 1
                continue
            if not is_prose or not line.strip():
                out.append(line)  # a block that is prose
            elif heading:
                tries = None
                level = len(heading[1]) - (1 if raised else 0)
                out.append('%s %s {#%s}' % (
                    '#' * level, self.bend(page, heading[2]),
                    self.heading_ids[page.source, number]))
                if number == page.first and page.previous:
                    out += self.start(page)
            elif page.trace and line.startswith('<div class="player"'):
                out += self.place(players.frame(page.trace, page.to(
                    'assets/%s.js' % page.trace)))
            elif PICTURE.match(line.strip()):
                out += self.picture(page, *PICTURE.match(line.strip()).groups())
            else:
                paragraph.append(line)
            number += 1
        flush()
        if page.trace:  # it wants the width
            out = ['---', 'hide:', '  - toc', '---'] + out
        return '\n'.join(out + self.end(page)) + '\n'

    def after_console(self, page, number, tries):
        """Diffs that follow a console are another experiment."""
        following = [block for block in page.section.blocks
                     if block.first > number and block.kind == 'try']
        between = following and any(
            line.startswith('#') for line in
            self.lines[page.source][number:following[0].first])
        return None if following and not between else tries

    @staticmethod
    def start(page):
        return ['', '<p class="from">Begins at <code>git checkout %s</code>'
                '</p>' % page.previous.number, '']

    def end(self, page):
        section = page.section
        out = []
        for other in page.played:
            out += ['', '[%s](%s){.played}' % (other.title,
                                               page.to(other.path))]
        if page.path.endswith('/index.md') and \
                CHAPTER.match(posixpath.basename(page.source)):
            rest = [p for p in self.pages
                    if p.source == page.source and p is not page]
            return ['', '<nav class="contents" aria-label="This chapter" '
                    'markdown="1">', ''] + \
                ['- [%s](%s)' % (p.title, page.to(p.path)) for p in rest] + \
                ['', '</nav>']
        if section and section.number and section.chapter.number:
            out += ['', '<p class="from">From here: <code>git checkout %s'
                    '</code> in <code>build/tutorial</code>, which '
                    '<code>make tutorial</code> makes.</p>' % section.number]
        return out

    # ---- exercises where they are named ----

    def exercise_boxes(self, page, names):
        out = []
        if not CHAPTER.match(posixpath.basename(page.source)):
            return out
        for name in dict.fromkeys(names):
            source = 'docs/exercises/' + name
            if source not in self.texts:
                continue
            there = next(p for p in self.pages if p.source == source)
            out += ['<details class="exercise" markdown="1">',
                    '<summary>Exercise %s (its goal and its hints)'
                    '</summary>' % html.escape(there.title), '']
            out += self.goal_and_hints(page, source) + ['</details>', '']
        return out


    def goal_and_hints(self, page, source):
        out = []
        inside = False
        for number, line in enumerate(self.lines[source], 1):
            is_prose = number in self.prose[source]
            heading = is_prose and HEADING.match(line)
            if heading:
                inside = heading[2] in ('Goal', 'Hints')
            elif inside:
                out.append((is_prose, line))
        moved = Moved(page, source)
        return [self.bend(moved, text) if is_prose else text
                for is_prose, text in (
                    (kind, '\n'.join(line for _, line in group))
                    for kind, group in itertools.groupby(
                        out, lambda pair: pair[0]))]


class Moved:
    """A page that takes in text from another file."""

    def __init__(self, page, source):
        self.path = page.path
        self.source = source
        self.to = page.to
