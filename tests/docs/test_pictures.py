"""Pictures can be read by everybody, in every colour scheme."""

import re
from xml.etree import ElementTree as ET

import pytest

SVG = '{http://www.w3.org/2000/svg}'
IMAGE = re.compile(r'!\[([^\]]*)\]\(([^()\s]+)\)')
LARGEST = 12_000
"""Bytes; the largest that is drawn by hand here has half of it."""


@pytest.fixture
def shown(pages):
    """Return every picture of the pages, with its words."""
    return [
        (page.path.parent / target, words)
        for page in pages.values()
        for words, target in IMAGE.findall(page.prose)
    ]


@pytest.fixture
def drawn(root):
    return sorted((root / 'docs/pictures').glob('*.svg'))


def test_every_picture_is_shown_and_every_shown_one_is_there(shown, drawn):
    assert {path for path, _ in shown} == set(drawn)
    assert len(drawn) >= 3


def test_a_picture_has_words_for_who_does_not_see_it(shown):
    for path, words in shown:
        assert len(words) >= 40, path.name


def test_a_picture_names_and_describes_itself(drawn):
    for path in drawn:
        top = ET.parse(path).getroot()
        assert top.get('role') == 'img'
        for tag in ('title', 'desc'):
            (element,) = top.findall(f'{SVG}{tag}')
            assert element.get('id') in top.get('aria-labelledby').split()
            assert element.text.strip()


def test_a_picture_is_small_follows_the_scheme_and_loads_nothing(drawn):
    for path in drawn:
        text = path.read_text('utf-8')
        assert len(text.encode()) <= LARGEST
        assert '@media (prefers-color-scheme: dark)' in text
        assert 'class="ground"' in text
        assert set(re.findall(r'url\(([^)]*)\)', text)) <= {'#tip'}
        assert not re.search(r'\b(?:href|src)=|<script|<image|@import', text)


def test_every_colour_has_a_dark_one(drawn):
    for path in drawn:
        light, _, dark = path.read_text('utf-8').partition('@media')
        classes = {
            name
            for name, rule in re.findall(r'\.(\w+) \{([^}]*)\}', light)
            if '#' in rule
        }
        assert classes <= set(re.findall(r'\.(\w+) \{', dark)), path.name
