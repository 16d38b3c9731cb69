"""The pages as a site: built strictly, and it needs nobody else's server."""

import importlib.util
import re
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec('mkdocs') is None,
    reason='mkdocs is not installed; the dependency group `docs` has it',
)

LOADED = re.compile(
    r'<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)="([^"]*)"'
)
CSS_URL = re.compile(r'(?:@import\s+|url\()["\']?([^"\')\s]+)')


def build(tree, site):
    """Build a tree's site; return the exit code and what was said."""
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'mkdocs',
            'build',
            '--config-file',
            str(tree / 'mkdocs.yml'),
            '--site-dir',
            str(site),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope='module')
def site(root, tmp_path_factory):
    if not (root / 'mkdocs.yml').is_file():
        pytest.skip('a copy of a part of the tree')
    folder = tmp_path_factory.mktemp('site')
    code, said = build(root, folder)
    assert code == 0, said
    return folder


@pytest.fixture
def tree(root, tmp_path):
    """Return a small tree that is built by the same configuration."""
    if not (root / 'mkdocs.yml').is_file():
        pytest.skip('a copy of a part of the tree')
    docs = tmp_path / 'docs'
    docs.mkdir()
    for name in ('site_hook.py', 'site.css'):
        shutil.copy(root / 'docs' / name, docs)
    for name in ('CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'):
        (tmp_path / name).write_text('# Title\n', 'utf-8')
    (docs / 'other.md').write_text('# Other\n\n## A part\n', 'utf-8')
    text = (root / 'mkdocs.yml').read_text('utf-8').partition('\nnav:')[0]
    (tmp_path / 'mkdocs.yml').write_text(f'{text}\n', 'utf-8')
    return tmp_path


def test_every_page_is_on_the_site_and_in_its_navigation(site, pages):
    start = (site / 'index.html').read_text('utf-8')
    names = {
        name.removeprefix('docs/')
        for name in pages
        if name.startswith('docs/')
    } | {'contributing.md', 'security.md', 'changelog.md'}
    for name in names:
        made = name.replace('.md', '.html')
        assert (site / made).is_file(), name
        assert f'href="{made}"' in start, name


def test_nothing_that_is_loaded_is_somewhere_else(site):
    outside = []
    loaded = 0
    for path in site.rglob('*'):
        pattern = {'.html': LOADED, '.css': CSS_URL}.get(path.suffix)
        if pattern is None:
            continue
        for found in pattern.findall(path.read_text('utf-8')):
            loaded += 1
            if re.match(r'(?:[a-z]+:)?//', found):
                outside.append(f'{path.name}: {found}')

    assert loaded > 100
    assert outside == []


def test_no_source_of_the_site_is_published(site):
    left = {path.suffix for path in site.rglob('*') if path.is_file()}

    assert not left & {'.py', '.md', '.pyc'}


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('[there](other.md#a-part)', None),
        ('[there](../SECURITY.md)', None),
        ('[there](../mkdocs.yml)', None),
        ('`[there](gone.md)`', None),
        ('[there](gone.md)', 'gone.md'),
        ('[there](../gone.md)', 'gone.md'),
        ('[there](other.md#no-part)', 'no-part'),
        ('![there](gone.svg)', 'gone.svg'),
        ('[there](/other.md)', 'absolute'),
    ],
)
def test_what_leads_nowhere_fails_the_build(tree, text, said):
    (tree / 'docs/index.md').write_text(f'# Start\n\n{text}\n', 'utf-8')
    code, output = build(tree, tree / 'site')

    assert (code == 0) == (said is None), output
    assert said is None or said in output


def test_a_link_out_of_the_pages_becomes_its_text(tree):
    (tree / 'docs/index.md').write_text(
        '# Start\n\n[the settings](../mkdocs.yml), '
        '[policy](../SECURITY.md)\n\n'
        '```text\n[kept](../mkdocs.yml)\n```\n',
        'utf-8',
    )
    assert build(tree, tree / 'site')[0] == 0
    html = (tree / 'site/index.html').read_text('utf-8')

    assert '<code>the settings</code>' in html
    assert '<a href="security.html">policy</a>' in html
    assert '[kept](../mkdocs.yml)' in html
