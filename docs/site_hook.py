"""What MkDocs is told beyond its configuration.

The pages are written to be read in the repository, where some links leave
`docs/`. For the site those files become pages as well, and a link to anything
else outside of it becomes its text. Names of headings are those that the
repository's renderers give, so that one link is right in both places.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]

OUTSIDE = {
    'CHANGELOG.md': 'changelog.md',
    'CONTRIBUTING.md': 'contributing.md',
    'SECURITY.md': 'security.md',
}
"""A file of the repository to the page that it becomes."""

_LINK = re.compile(
    r'(?<!!)\[(?P<text>(?:[^\]\[]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)'
)
_FENCE = re.compile(r'^```.*?^```$', re.MULTILINE | re.DOTALL)


def slug(text: str, separator: str = '-') -> str:
    """Return a heading's name as the repository's renderers make it."""
    return re.sub(r'[^\w\- ]', '', text.lower()).replace(' ', separator)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name headings as `slug` does."""
    config.mdx_configs['toc']['slugify'] = slug
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand outside of docs/."""
    for source, page in OUTSIDE.items():
        content = (ROOT / source).read_text('utf-8')
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:  # noqa: ANN401  what MkDocs passes
    """Let every link lead to a page of the site, or be its text."""
    pages = {made: source for source, made in OUTSIDE.items()}
    here = pages.get(page.file.src_uri, f'docs/{page.file.src_uri}')
    fences: list[str] = []

    def keep(found: re.Match[str]) -> str:
        fences.append(found[0])
        return f'\0{len(fences) - 1}\0'

    def turn(found: re.Match[str]) -> str:
        return _turned(found['text'], found['target'], here)

    text = _LINK.sub(turn, _FENCE.sub(keep, markdown))
    return re.sub(r'\0(\d+)\0', lambda one: fences[int(one[1])], text)


def _turned(text: str, target: str, here: str) -> str:
    """Return a link of a file of the repository as it is on the site."""
    path, mark, anchor = target.partition('#')
    if not path or re.match(r'[a-z]+:', path):
        return f'[{text}]({target})'
    there = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
    if there in OUTSIDE:
        page = OUTSIDE[there]
    elif there.startswith('docs/'):
        page = there.removeprefix('docs/')
    elif (ROOT / there).exists():
        return f'`{text.strip("`")}`'
    else:  # left as it is, so that the strict build names it
        page = path
    return f'[{text}]({page}{mark}{anchor})'
