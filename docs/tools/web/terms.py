"""Words that explain themselves: glossary terms get their definition, and
citations the place in the reference."""

import re
import xml.etree.ElementTree as etree

import links
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

TERM = re.compile(r'\*\*([^*]+)\*\* — (.*)', re.S)

# In the glossary, but so frequent or so common as words that a mark on every
# page would only be in the way. The chapters' own links to them remain.
UNMARKED = {'KVM', 'VM', 'VMM', 'command line', 'exit', 'flush', 'guest', 'host',
            'lab', 'notification', 'port', 'shutdown', 'slot', 'trace',
            'vector', 'stub', 'leaf', 'edge-triggered', 'bus', 'descriptor'}
NOT_IN = {'a', 'code', 'pre', 'h1', 'h2', 'h3', 'h4', 'summary', 'strong',
          'th', 'nav'}


def definitions(text):
    """anchor: (names, definition) of the glossary."""
    found = {}
    for part in text.split('<a id="')[1:]:
        anchor, rest = part.split('"></a>', 1)
        match = TERM.match(rest.strip().split('\n\n')[0])
        if match:
            words = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', match[2])
            words = re.sub(r'\s+', ' ', re.sub(r'[`*]', '', words)).strip()
            found[anchor] = re.split(r',\s+', match[1]), words
    return found


# ---- the reference ----

def entry_id(document, entry):
    return 'ref-' + links.slug('%s %s' % (document, entry))[:60].rstrip('-')


def reference_with_anchors(text):
    """An anchor at each entry, where links.listed_sections() finds it."""
    document = None
    out = []
    prose = dict(links.prose(text))
    for number, line in enumerate(text.split('\n'), 1):
        heading = re.match(r'#+\s+(.*)', line)
        item = re.match(r'(\s*(?:[-*+]\s+|\|\s*))([^|]*)', line)
        if number not in prose:
            pass
        elif heading:
            match = re.match(links.DOCUMENT, heading[1].replace('`', ''))
            if match:
                document = links.plain(match[0])
            elif line.startswith('## '):
                document = None
        elif item and document and not re.match(r'\s*:?-+', item[2]) and \
                item[2].strip():
            line = '%s<a id="%s"></a>%s' % (
                item[1], entry_id(document, links.plain(item[2])),
                line[item.end(1):])
        out.append(line)
    return '\n'.join(out)


class Reference:
    def __init__(self, text):
        self.entries = links.listed_sections(text)
        self.headings = {}
        for _, line in links.prose(text):
            match = re.match(r'#+\s+(.*?)\s*$', line)
            name = match and re.match(links.DOCUMENT,
                                      match[1].replace('`', ''))
            if name:
                self.headings[links.plain(name[0])] = links.slug(match[1])

    def find(self, document, part):
        """The anchor of what a citation names, or None."""
        document = links.plain(document)
        if part is None:
            return self.headings.get(document)
        for entry in self.entries.get(document, ()):
            if links.is_listed(part, [entry]):
                return entry_id(document, entry)
        return None


# ---- in the text ----

class Marks(Treeprocessor):
    """Works on the tree of a page after its inline Markdown is done."""

    def __init__(self, md, terms):
        super().__init__(md)
        self.terms = terms

    def run(self, root):
        self.seen = set()
        self.mark_links(root)
        self.walk(root, self.terms.plain_pages(self.terms.page))

    def mark_links(self, root):
        for link in root.iter('a'):
            match = re.search(r'(?:^|/)glossary\.(?:md|html)#(.*)',
                              link.get('href', ''))
            names = match and self.terms.definitions.get(match[1])
            if names:
                self.dress(link, match[1])

    def dress(self, link, anchor):
        self.seen.add(anchor)
        link.set('class', 'term')
        link.set('data-definition', self.terms.definitions[anchor][1])

    def walk(self, element, plain):
        if element.tag in NOT_IN or plain:
            return
        for child in list(element):
            self.walk(child, plain)
        self.replace(element)

    def replace(self, element):
        """In an element's own text, and behind each child."""
        children = list(element)
        spots = [(None, element.text)] + [(child, child.tail)
                                          for child in children]
        position = 0
        for child, text in spots:
            if child is not None:
                position = list(element).index(child) + 1
            new = self.split(text or '')
            if len(new) == 1:
                continue
            if child is None:
                element.text = new[0]
            else:
                child.tail = new[0]
            for link, tail in zip(new[1::2], new[2::2]):
                link.tail = tail
                element.insert(position, link)
                position += 1

    def split(self, text):
        """[text, link, text, link, ..., text]"""
        spans = list(self.citations(text))
        spans += [span for span in self.words(text)
                  if not any(span[0] < end and start < span[1]
                             for start, end, _ in spans)]
        out = []
        done = 0
        for start, end, link in sorted(spans, key=lambda span: span[:2]):
            if start < done:
                continue
            link.text = text[start:end]
            out += [text[done:start], link]
            done = end
        return out + [text[done:]]

    def citations(self, text):
        flat = text.replace('\n', ' ')
        for match in links.CITATION.finditer(flat):
            parts = [(match.start(), match.end(2) if match[2]
                      else match.end(1), match[2])]
            if match[3]:
                parts += [(match.start(3) + part.start(),
                           match.start(3) + part.end(), part[0])
                          for part in re.finditer(links.PART, match[3])]
            for start, end, part in parts:
                anchor = self.terms.reference.find(match[1], part)
                if anchor:
                    link = etree.Element('a', {'class': 'citation'})
                    link.set('href', self.terms.to('reference.md') + '#' +
                             anchor)
                    yield start, end, link

    def words(self, text):
        for pattern, anchor in self.terms.patterns:
            if anchor in self.seen:
                continue
            match = pattern.search(text)
            if match:
                link = etree.Element('a')
                link.set('href', self.terms.to('glossary.md') + '#' + anchor)
                self.dress(link, anchor)
                yield match.start(), match.end(), link


class Terms(Extension):
    def __init__(self, glossary, reference):
        super().__init__()
        self.definitions = definitions(glossary)
        self.reference = Reference(reference)
        self.page = ''
        self.to = None
        names = [(name, anchor) for anchor, (names, _) in
                 self.definitions.items() for name in names
                 if name not in UNMARKED]
        names.sort(key=lambda name: -len(name[0]))
        self.patterns = [(re.compile(r'(?<![\w/.-])%ss?(?![\w-]|\.\w)'
                                     % re.escape(name).replace(r'\ ', r'\s')),
                          anchor) for name, anchor in names]

    @staticmethod
    def plain_pages(page):
        """These are lists of words and documents themselves."""
        return page in ('glossary.md', 'reference.md')

    def extendMarkdown(self, md):
        md.treeprocessors.register(Marks(md, self), 'terms', 5)
