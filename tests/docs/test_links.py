"""Every link leads somewhere."""

import re
import urllib.parse

import pytest


def test_every_relative_link_and_anchor_resolves(page, pages, root):
    broken = []
    for link in page.links:
        if re.match(r'https?:', link):
            continue
        target, _, anchor = link.partition('#')
        path = (page.path.parent / urllib.parse.unquote(target)).resolve()
        if not target:
            path = page.path
        if not path.exists() or not path.is_relative_to(root):
            broken.append(link)
        elif anchor:
            name = path.relative_to(root).as_posix()
            if name not in pages or anchor not in pages[name].anchors:
                broken.append(link)

    assert broken == []


def test_links_are_found_and_broken_ones_would_be(pages):
    assert 'docs/kit.md' in pages['README.md'].links
    assert 'checks.md#kit001' in pages['docs/sandbox.md'].links
    assert 'cfg004' in pages['docs/checks.md'].anchors
    assert 'cfg999' not in pages['docs/checks.md'].anchors


def test_every_page_can_be_reached_from_the_readme(pages, root):
    seen, rest = set(), ['README.md']
    while rest:
        name = rest.pop()
        if name in seen or name not in pages:
            continue
        seen.add(name)
        for link in pages[name].links:
            target = link.partition('#')[0]
            if target and not re.match(r'https?:', target):
                path = (pages[name].path.parent / target).resolve()
                rest.append(path.relative_to(root).as_posix())

    assert sorted(set(pages) - seen) == []


def test_blocks_are_closed_and_have_a_language(page):
    fences = re.findall(r'^```.*$', page.text, re.MULTILINE)

    assert len(fences) == 2 * len(page.blocks)
    assert [block.line for block in page.blocks if not block.language] == []


def test_a_page_has_one_title(page):
    outside = page.text
    for block in page.blocks:
        outside = outside.replace(block.text, '')

    assert len(re.findall(r'^# ', outside, re.MULTILINE)) == 1


@pytest.mark.parametrize('word', ['TODO', 'FIXME', 'XXX', 'Lorem'])
def test_no_page_is_unfinished(written, word):
    assert [page.name for page in written if word in page.text] == []
