"""What mkdocs calls while it builds the site."""

import copy
import json
import os
import posixpath
import re

import book
from mkdocs.structure.nav import Link
from terms import Terms

state = {}


def on_config(config):
    folder = os.path.dirname(config['config_file_path'])
    with open(os.path.join(folder, 'blocks.json'), encoding='utf-8') as file:
        state['blocks'] = json.load(file)
    state['terms'] = Terms(*(book.read_text(os.path.join(folder, name))
                             for name in ('glossary.md', 'reference.md')))
    config['markdown_extensions'].append(state['terms'])
    return config


def on_page_markdown(markdown, page, **_):
    path = page.file.src_path
    state['terms'].page = path
    state['terms'].to = lambda target: posixpath.relpath(
        target, posixpath.dirname(path) or '.')
    return markdown


def on_page_content(html, **_):
    # The head of a column without a name is no head.
    html = html.replace('<th></th>', '<td></td>')
    return re.sub(r'<div class="block-(\d+)"></div>',
                  lambda match: state['blocks'][int(match[1])], html)


def on_page_context(context, nav, **_):
    """The side bar has the sections of this chapter, and of others only the
    title: with all of them it would be most of every page."""
    short = copy.copy(nav)
    short.items = [Link(item.title, item.children[0].url)
                   if item.is_section and not item.active else item
                   for item in nav.items]
    context['nav'] = short
    return context


def on_post_build(config):
    """The index of the search: without the source, which it would be full of;
    and as a script, for a site that is read from a file system."""
    folder = os.path.join(config['site_dir'], 'search')
    path = os.path.join(folder, 'search_index.json')
    with open(path, encoding='utf-8') as file:
        index = json.load(file)
    index['docs'] = [entry for entry in index['docs']
                     if not entry['location'].startswith('source/')]
    text = json.dumps(index, ensure_ascii=False, separators=(',', ':'))
    book.write_text(path, text)
    book.write_text(os.path.join(folder, 'search_index.js'),
                    'bookIndex(%s)\n' % text)
