"""The page of what an icon may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _pages.markdown import code, page, table
from imbi_plugin_sdk.icons import ICON_PROBLEMS, MAX_ICON_BYTES
from imbi_plugin_sdk.icons import _svg_profile as profile
from imbi_plugin_sdk.icons._budget import MAX_CHAIN, MAX_COST
from imbi_plugin_sdk.icons._parse import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk.icons._svg_filters import Rule

LIMITS = (
    ('bytes of an icon, before and after', MAX_ICON_BYTES),
    ('elements of an SVG', MAX_ELEMENTS),
    ('levels of an SVG', MAX_DEPTH),
    ('attributes of one element', MAX_ATTRIBUTES),
    ('plain shapes that an SVG may cost to draw', MAX_COST),
    ('references that follow from one another', MAX_CHAIN),
)


def icon_profile_page() -> str:
    """Return the page of the allowlist and of every reason to refuse."""
    own = {
        name: rules
        for name, rules in profile.ELEMENTS.items()
        if name not in profile.REWRITTEN
    }
    return page(
        'What an icon may be',
        [
            'What is not on this page is not in a sanitized SVG. A rule is '
            'the name of a grammar, in',
            'italics, or the keywords that are admitted. The page on '
            '[embedding icons](embedding-icons.md)',
            'says why.',
        ],
        ['## Limits'],
        table(('Most', 'Number'), ((n, f'{v:,}') for n, v in LIMITS)),
        ['## Elements'],
        [
            'Every element may also have an `id` and the properties below. '
            f'{_listed(sorted(profile.REWRITTEN))} are read for',
            'what they mean and never written.',
        ],
        table(
            ('Element', 'Attributes of its own'),
            ((code(name), _attributes(rules)) for name, rules in own.items()),
        ),
        ['## Properties'],
        [
            'Presentation attributes. Declarations in `style` and in style '
            'sheets become these. Each may',
            f'also be {_listed(profile.CSS_WIDE)}.',
        ],
        table(
            ('Property', 'Values'),
            (
                (code(name), _rule(rule))
                for name, rule in profile.PRESENTATION.items()
            ),
        ),
        ['These stay in a rebuilt `style` attribute:'],
        table(
            ('Property', 'Values'),
            (
                (code(name), _rule(rule))
                for name, rule in profile.STYLE_ONLY.items()
            ),
        ),
        ['## Why an icon is refused'],
        table(
            ('Code', 'What', 'Fix'),
            (
                (code(name), title, fix)
                for name, (title, fix) in ICON_PROBLEMS.items()
            ),
        ),
    )


def _listed(words: Iterable[str]) -> str:
    return ', '.join(map(code, words))


def _rule(rule: Rule) -> str:
    if isinstance(rule, str):
        return f'_{rule.replace("_", " ")}_'
    return _listed(rule)


def _attributes(rules: dict[str, Rule]) -> str:
    shown = []
    for name, rule in rules.items():
        grammar = (
            f' _{rule.replace("_", " ")}_' if isinstance(rule, str) else ''
        )
        words = '' if grammar else f' ({", ".join(rule)})'
        shown.append(f'{code(name)}{grammar}{words}')
    return '; '.join(shown) or 'none'
