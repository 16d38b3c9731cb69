"""Keywords, references and colours: what paint is made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from imbi_plugin_sdk.icons import _colors
from imbi_plugin_sdk.icons import _svg_profile as profile
from imbi_plugin_sdk.icons._lexis import W

if TYPE_CHECKING:
    from collections.abc import Callable


class Reference(NamedTuple):
    """A value that leads to an element of the same document.

    Attributes:
        before: What stands before the `#`, as in `url(`.
        target: The id, as the input spells it.
        after: What stands behind it, as in `) none`.
    """

    before: str
    target: str
    after: str


Value: TypeAlias = 'str | Reference'
Grammar: TypeAlias = 'Callable[[str], Value | None]'


def keywords(words: tuple[str, ...], *, exact: bool) -> Grammar:
    """Return a grammar of keywords.

    `exact` compares case too, as XML attributes do; CSS does not, and its
    keywords come out as the profile spells them.
    """
    admitted = frozenset(words)
    if exact:

        def enumeration(value: str) -> str | None:
            return value if value in admitted else None

        return enumeration
    spelt = {word.lower(): word for word in (*words, *profile.CSS_WIDE)}

    def presentation(value: str) -> str | None:
        return spelt.get(value) or spelt.get(value.lower())

    return presentation


_ID = r'(?P<id>[^\s"\'()<>\\&#]{1,256})'
_URL = rf'url\({W}(?P<q>["\']?)#{_ID}(?P=q){W}\)'
_URL_MATCH = re.compile(f'{_URL}{W}', re.IGNORECASE).match
_HREF = re.compile(f'#{_ID}').fullmatch
_ICC = re.compile(r'(?<=\s)icc-color\([^()]*+\)$').search
_VAR = re.compile(r'var\(\s*+--[\w-]++\s*+,\s*+([^;]+)\)').fullmatch
MAX_FALLBACKS = 4
"""`var()` in the fallback of `var()`; icons have one."""


def reference(value: str) -> Value | None:
    """Match `url(#id)` or `none`."""
    found = _URL_MATCH(value)
    if found and found.end() == len(value):
        return Reference('url(', found['id'], ')')
    return _NONE(value)


_NONE = keywords(('none',), exact=False)


def layer(value: str) -> Value | None:
    """Match `url(#id)` or `none`, but not what a parent has.

    Clips, masks and filters do not come down by themselves, and what a clone
    would inherit depends on where it is drawn: the cost could not be told.
    """
    found = reference(value)
    return None if found == 'inherit' else found


def href(value: str) -> Value | None:
    """Match `#id`."""
    found = _HREF(value)
    return Reference('', found['id'], '') if found else None


def color(value: str) -> str | None:
    """Match a CSS colour; SVG 1.1's `icc-color()` behind it is dropped."""
    found = _colors.color(value)
    if found is None and value.endswith(')'):
        value = _fallback(value)
        if (profiled := _ICC(value)) is not None:
            value = value[: profiled.start()].rstrip()
        return _colors.color(value)
    return found


_NO_PAINT = keywords(('none', 'context-fill', 'context-stroke'), exact=False)


def paint(value: str) -> Value | None:
    """Match `none`, a colour, or `url(#id)` with a colour to fall back to."""
    if value.endswith(')'):
        value = _fallback(value)
    found = _URL_MATCH(value)
    if found is None:
        return _NO_PAINT(value) or color(value)
    rest = value[found.end() :]
    if not rest:
        return Reference('url(', found['id'], ')')
    fallback = _NO_PAINT(rest) or color(rest)
    if not isinstance(fallback, str):
        return None
    return Reference('url(', found['id'], f') {fallback}')


def _fallback(value: str) -> str:
    """Return what `var(--x, value)` means: an icon gets its own fallback."""
    for _ in range(MAX_FALLBACKS):
        custom = _VAR(value)
        if custom is None:
            break
        value = custom[1].strip()
    return value
