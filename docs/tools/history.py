"""The tutorial as a git repository: one commit and one tag a section."""

import os
import re
import subprocess

import book
from book import run_git
from diffs import Problem

GENERATED = 'refs/book/main'  # the branch main as it was generated
FIRST_DATE = 1700000000  # any: the same chapters give the same commits

README = '''This is the tutorial as a history: a commit and a tag for each section.
%s is the tree before the first one.

    git log --oneline --reverse     the sections
    git checkout 2.3                the tree at the end of section 2.3
    git diff 2.2 2.3                what it changes
    git diff --find-copies-harder 1.9 2.1
                                    the same, where a step begins as a copy
    make -C step1-hello             builds a step

It is generated from the chapters. docs/tools/README.md of the project says
how to change the chapters from here.
''' % book.START


def frame(the_book):
    """The files beside the steps."""
    steps = the_book.steps()
    return {'README': README,
            '.gitignore': 'build\nscratch/*\n!scratch/*.*\n' + ''.join('%s/%s\n' % (step, os.path.basename(step))
                                              for step in steps)}


def fast_import(the_book):
    """The whole history in the language of git fast-import."""
    out = []

    def text(words):
        data = words.encode('utf-8', 'surrogateescape')
        out.append(b'data %d\n%s\n' % (len(data), data))

    def commit(number, message, tree):
        out.append(b'commit refs/heads/main\nmark :%d\n' % number)
        for role in ('author', 'committer'):
            out.append(b'%s minimal-vmm <> %d +0000\n' % (
                role.encode(), FIRST_DATE + 60 * number))
        text(message)
        if number > 1:
            out.append(b'from :%d\n' % (number - 1))
        out.append(b'deleteall\n')
        for path, content in sorted(tree.items()):
            mode = b'755' if book.is_executable(content) else b'644'
            out.append(b'M %s inline %s\n' % (mode, path.encode()))
            text(content)

    def tag(name, number):
        out.append(b'reset refs/tags/%s\nfrom :%d\n\n' %
                   (name.encode(), number))

    base = frame(the_book)
    commit(1, 'Before the first section', {**the_book.start, **base})
    tag(book.START, 1)
    for number, section in enumerate(the_book.numbered(), 2):
        message = '%s %s\n' % (section.number, section.title)
        if section.first_sentence():
            message += '\n%s\n' % section.first_sentence()
        commit(number, message, {**section.tree, **base})
        tag(section.number, number)
    return b''.join(out)


def try_git(folder, *args):
    result = subprocess.run(['git', '-C', folder, *args], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return result.stdout.strip() if result.returncode == 0 else None


def check_untouched(folder):
    """Nothing that a reader or author did there may get lost."""
    where = os.path.relpath(folder)
    if run_git(folder, 'status', '--porcelain'):
        raise Problem('%s has changes that are not committed' % where)
    if try_git(folder, 'rev-parse', 'main') != \
            try_git(folder, 'rev-parse', GENERATED):
        raise Problem('%s has commits of yours on main: docs/tools/save takes '
                      'them into the chapters; or remove the directory' % where)


def generate(the_book, folder, force=False):
    """Makes or updates the repository; returns the number of sections."""
    if not os.path.exists(os.path.join(folder, '.git')):
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            raise Problem('%s is in the way: it is no git repository' % folder)
        run_git(folder, 'init', '-q')
        run_git(folder, 'symbolic-ref', 'HEAD', 'refs/heads/main')
        # A checkout of a tag is what it is for.
        run_git(folder, 'config', 'advice.detachedHead', 'false')
    elif not force:
        check_untouched(folder)
    link_guests(the_book, folder)
    subprocess.run(['git', '-C', folder, 'fast-import', '--force', '--quiet'],
                   input=fast_import(the_book), check=True)
    wanted = {section.number for section in the_book.numbered()}
    for name in run_git(folder, 'tag').split():
        if re.fullmatch(r'\d+\.\d+', name) and name not in wanted:
            run_git(folder, 'tag', '-d', name)
    run_git(folder, 'update-ref', GENERATED, 'main')
    run_git(folder, 'checkout', '-q', '-f', 'main')
    run_git(folder, 'reset', '-q', '--hard')
    return len(wanted)


def link_guests(the_book, folder):
    """The project's kernel and images, for commands as in the chapters."""
    build = os.path.join(the_book.root, 'build')
    os.makedirs(os.path.join(folder, 'build'), exist_ok=True)
    for name in ('linux', 'initramfs.cpio', 'rootfs.ext4'):
        link = os.path.join(folder, 'build', name)
        if not os.path.lexists(link):
            os.symlink(os.path.relpath(os.path.join(build, name),
                                       os.path.dirname(link)), link)


def read_tree(folder, commit):
    """A commit's files, as a tree."""
    tree = {}
    names = run_git(folder, 'ls-tree', '-r', '-z', commit).split('\0')
    blobs = [name.split('\t', 1) for name in names if name]
    batch = subprocess.run(
        ['git', '-C', folder, 'cat-file', '--batch'], check=True,
        input='\n'.join(blob.split()[2] for blob, _ in blobs).encode(),
        stdout=subprocess.PIPE).stdout
    for _, path in blobs:
        header, batch = batch.split(b'\n', 1)
        size = int(header.split()[2])
        tree[path] = batch[:size].decode('utf-8', 'surrogateescape')
        batch = batch[size + 1:]
    return tree


def code(tree):
    return {path: text for path, text in tree.items()
            if book.IN_A_STEP.match(path) and not book.is_product(path)}


def read_sections(the_book, folder):
    """The trees of main's commits, by section; they may have been edited."""
    where = os.path.relpath(folder)
    if try_git(folder, 'rev-parse', 'main') is None:
        raise Problem('%s is not there: docs/tools/tutorial makes it' % where)
    for state in ('rebase-merge', 'rebase-apply', 'MERGE_HEAD'):
        if os.path.exists(os.path.join(folder, '.git', state)):
            raise Problem('%s: a rebase or merge is not finished' % where)
    if run_git(folder, 'status', '--porcelain'):
        raise Problem('%s has changes that are not committed' % where)
    if try_git(folder, 'merge-base', '--is-ancestor', 'HEAD', 'main') is None:
        raise Problem('%s: HEAD is not on the branch main' % where)

    wanted = [section.number for section in the_book.numbered()]
    log = run_git(folder, 'log', '--reverse', '--format=%H %s', 'main')
    trees = {}
    for line in log.splitlines()[1:]:
        commit, _, subject = line.partition(' ')
        number = subject.split(' ')[0]
        expected = wanted[len(trees)] if len(trees) < len(wanted) else None
        if number != expected:
            raise Problem(
                '%s: commit %s "%s" is not that of the next section, %s: '
                'a commit a section, whose subject begins with its number; '
                'squash what belongs together (git rebase -i)' %
                (where, commit[:8], subject, expected or 'of which none is'
                 ' left'))
        trees[number] = read_tree(folder, commit)
        for path in set(trees[number]) - set(code(trees[number])):
            if path not in frame(the_book):
                raise Problem('%s: section %s: %s is not in a step' %
                              (where, number, path))
        trees[number] = code(trees[number])
    if len(trees) < len(wanted):
        raise Problem('%s: section %s has no commit' %
                      (where, wanted[len(trees)]))
    return trees
