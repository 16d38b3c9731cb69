"""The pages as data: their blocks, links and anchors.

Pages are found beside the tests, so that a copy of the tree without the
packages' sources is tested as well. A comment before a block says what is to
be done with it::

    <!-- run in examples/minimal: pytest --imbi-plugin -->
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = 'Written by docs/generate.py'
ELLIPSIS = '…'
"""A line of this stands for any number of lines."""

EXCERPTS = {'README.md', 'docs/getting-started.md'}
"""Pages whose Python is a part of an example, and compared with it."""

_FENCE = re.compile(
    r'^(?:<!-- (?P<verb>file|append|edit|run)(?: in (?P<folder>\S+))?: '
    r'(?P<value>.+?) -->\n)?'
    r'^```(?P<language>\w*)\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r'(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]+)\)')
_HEADING = re.compile(r'^#{1,6} +(.+?)\s*$', re.MULTILINE)


class Block(NamedTuple):
    """A fenced block, with what the comment before it says."""

    language: str
    text: str
    line: int
    verb: str
    folder: str
    value: str


@dataclasses.dataclass(frozen=True)
class Page:
    """One page of the documentation."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @functools.cached_property
    def text(self) -> str:
        return self.path.read_text('utf-8')

    @property
    def is_generated(self) -> bool:
        return GENERATED in self.text[:200]

    @functools.cached_property
    def blocks(self) -> list[Block]:
        return [
            Block(
                found['language'],
                found['text'],
                self.text.count('\n', 0, found.start('language')) + 1,
                found['verb'] or '',
                found['folder'] or '',
                found['value'] or '',
            )
            for found in _FENCE.finditer(self.text)
        ]

    def of(self, language: str) -> list[Block]:
        return [block for block in self.blocks if block.language == language]

    @functools.cached_property
    def prose(self) -> str:
        """The text without blocks and without code in lines."""
        return re.sub(r'`[^`\n]*`', '``', _FENCE.sub('', self.text))

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What `#` may lead to, as the usual renderers name headings."""
        seen: dict[str, int] = {}
        anchors = set()
        for heading in _HEADING.findall(_FENCE.sub('', self.text)):
            words = re.sub(r'[^\w\- ]', '', heading.lower())
            slug = words.replace(' ', '-')
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            anchors.add(f'{slug}-{count}' if count else slug)
        return anchors


def _pages() -> list[Page]:
    paths = [*ROOT.glob('*.md'), *(ROOT / 'docs').glob('*.md')]
    return [Page(path) for path in sorted(paths)]


PAGES = _pages()
WRITTEN = [page for page in PAGES if not page.is_generated]


def pytest_generate_tests(metafunc):
    """Give a test each page, by the name of its argument."""
    given = {
        'page': PAGES,
        'written_page': WRITTEN,
        'python_page': [page for page in PAGES if page.of('python')],
        'runnable_page': [
            page
            for page in PAGES
            if page.of('python') and page.name not in EXCERPTS
        ],
    }
    for argument, pages in given.items():
        if argument in metafunc.fixturenames:
            names = [page.name for page in pages]
            metafunc.parametrize(argument, pages, ids=names)
    if 'command' in metafunc.fixturenames:
        found = sorted(
            {
                (block.folder, block.value)
                for page in PAGES
                for block in page.blocks
                if block.verb == 'run' and block.folder
            }
        )
        names = [f'{folder}: {value}' for folder, value in found]
        metafunc.parametrize('command', found, ids=names)


@pytest.fixture(scope='session')
def root() -> Path:
    return ROOT


@pytest.fixture(scope='session')
def pages() -> dict[str, Page]:
    """Every page by its name, as in `docs/kit.md`."""
    return {page.name: page for page in PAGES}


@pytest.fixture(scope='session')
def written() -> list[Page]:
    """The pages that are written by hand."""
    return WRITTEN


@pytest.fixture(scope='session')
def installed():
    """Return a function that skips where an example is not installed."""

    def check(folder: str) -> None:
        name = f'imbi-plugin-{Path(folder).name}'
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f'{name} is not installed here')

    return check


@pytest.fixture(scope='session')
def run_command():
    """Return a function that runs a command of the docs and its output."""
    programs = {
        'pytest': ['-m', 'pytest', '-p', 'no:cacheprovider'],
        'imbi-plugin': ['-m', 'imbi_plugin_testkit.cli'],
    }

    def run(command: str, folder: Path, *more: str, **environment: str) -> str:
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [sys.executable, *programs[program], *arguments, *more],
            cwd=folder,
            env={**os.environ, 'COLUMNS': '80', **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    return run


_COUNTED = (
    'passed|failed|warned|waived|not applicable|untestable|kit error|'
    'checks?|findings?|more lines|keys|of'
)
_VARIES = (
    (re.compile(rf'\b\d+(?= (?:{_COUNTED})\b)'), 'N'),
    (re.compile(r'\b\d{4}-\d\d-\d\d\b'), 'DATE'),
    (re.compile(r"'k[a-z]{8,}'"), 'KEY'),
    (re.compile(r'\b\d+\.\d+ ?s\b'), 'SECONDS'),
)


def _normalised(line: str) -> str:
    for pattern, word in _VARIES:
        line = pattern.sub(word, line)
    return line.rstrip()


@pytest.fixture(scope='session')
def missing_from():
    """Return a function that says which part of an excerpt is not there.

    Parts of the excerpt between `…` lines are looked for one behind the
    other, each as consecutive lines.
    """

    def missing(excerpt: str, output: str) -> str:
        lines = [_normalised(line) for line in output.splitlines()]
        parts: list[list[str]] = [[]]
        for line in excerpt.splitlines():
            if line.strip() == ELLIPSIS:
                parts.append([])
            elif not line.startswith('$ '):
                parts[-1].append(_normalised(line))
        at = 0
        for part in filter(None, parts):
            places = range(at, len(lines) - len(part) + 1)
            found = [n for n in places if lines[n : n + len(part)] == part]
            if not found:
                return '\n'.join(part)
            at = found[0] + len(part)
        return ''

    return missing
