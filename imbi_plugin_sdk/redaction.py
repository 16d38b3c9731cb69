"""Takes secret values out of text, in every form that a log gives them.

A handler's exception quotes a request, a request quotes a header, a header
holds `Basic` and base64: the value is there without being there. So a value
is looked for as it is, escaped as `repr` and JSON do it, percent-encoded, and
in base64 at each of the three places where it may begin in a block of three
octets, which covers `Basic` credentials whatever the user's name is.

The laws that use it: no secret in what the host shows or logs (SEC001).
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    'MASK',
    'Form',
    'occurrences',
    'redact',
]

MASK = '***'
"""What stands in a secret's place."""

Form = Literal['raw', 'json', 'repr', 'url', 'html', 'base64', 'basic']
"""How a text may hold a value."""

SHORTEST_INSIDE = 4
"""Shorter values are masked only where they stand as a word of their own:
taking every `a` out of a text would hide everything but the secret."""

SHORTEST_ENCODED = 5
"""Octets of a value whose base64 is distinctive (four characters at least)."""

SHORTEST_LINE = 16
"""Characters of a line of a longer secret, a key file say, that is masked by
itself, since logs indent and wrap."""

_ALIKE = r'[A-Za-z0-9._~-]*'
"""Texts without a character that anything escapes."""

_BASIC = r'(?i:\bbasic)[\s:]{1,3}([A-Za-z0-9+/_=-]{4,})'
_QUOTES = '"\''


def redact(text: str, values: Iterable[str]) -> str:
    """Replace every form of every value by `***`.

    Values that are empty or white space are passed over. A value of fewer
    than four characters is replaced where it stands as a word of its own.

    Args:
        text: What is to be shown or logged.
        values: The secrets themselves, in any order.

    Returns:
        The text, in which none of the values can be found by `occurrences`.
    """
    found = sorted(
        {value for value in values if value.strip()}, key=len, reverse=True
    )
    if _basic_pattern().search(text):
        for value in found:
            text = _without_basic(text, value)
    patterns = {
        pattern for value in found for pattern in _patterns(value, text)
    }
    spans = sorted(
        match.span()
        for pattern in patterns
        for match in re.finditer(pattern, text)
    )
    return _masked(text, spans)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """Return a text with a mask for each span, or for several in one."""
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            pieces += (text[end:start], MASK)
        end = max(end, stop)
    return ''.join((*pieces, text[end:]))


def occurrences(text: str, value: str) -> tuple[Form, ...]:
    """Return the forms in which a text holds a value.

    The forms are named in the order raw, json, repr, url, html, base64,
    basic; a form that is the same as the raw value is named `raw` only. An
    empty value is nowhere.
    """
    if not value.strip():
        return ()
    forms: list[Form] = []
    if _holds(text, value):
        forms.append('raw')
    if any(_holds(text, part) for part in _parts(value) if 'raw' not in forms):
        forms.append('raw')
    seen = {value, *_parts(value)}
    for form, variants in _escaped(value):
        fresh = [one for one in variants if one not in seen]
        seen.update(fresh)
        if any(_holds(text, one) for one in fresh):
            forms.append(form)
    if any(core in text for core in _cores(value)):
        forms.append('base64')
    if next(_basic_blobs(text, value), None) is not None:
        forms.append('basic')
    return tuple(forms)


def _holds(text: str, form: str) -> bool:
    """Tell whether a text holds a form; short ones as words only."""
    if len(form) >= SHORTEST_INSIDE:
        return form in text
    return re.search(_literal(form), text) is not None


def _literal(form: str) -> str:
    """Return the pattern that finds a form, short ones as words only."""
    quoted = re.escape(form)
    if len(form) >= SHORTEST_INSIDE:
        return quoted
    return rf'(?<![A-Za-z0-9]){quoted}(?![A-Za-z0-9])'


def _patterns(value: str, text: str) -> Iterator[str]:
    """Yield what finds a value in a text, for the forms that it holds.

    Looking for a form costs a hundredth of compiling its pattern.
    """
    forms = [value, *_parts(value)]
    forms += [
        variant for _, variants in _escaped(value) for variant in variants
    ]
    for form in dict.fromkeys(forms):
        if form in text:
            yield _literal(form)
    for core in _cores(value):
        if core in text:
            # The characters beside the core hold some of the value's bits.
            edge = '[A-Za-z0-9+/_-]?'
            yield f'{edge}{re.escape(core)}{edge}={{0,2}}'


def _parts(value: str) -> list[str]:
    """Return a value's parts that betray it: its core and its long lines."""
    parts: list[str] = []
    core = value.strip()
    if core != value:
        parts.append(core)
    lines = core.splitlines()
    if len(lines) > 1:
        parts += [
            line.strip()
            for line in lines
            if len(line.strip()) >= SHORTEST_LINE
            and not line.startswith('-----')
        ]
    return parts


def _escaped(value: str) -> tuple[tuple[Form, tuple[str, ...]], ...]:
    """Return a value as JSON, Python, an address and HTML write it.

    Nothing where all of them write it as it is, as with most tokens.
    """
    if re.fullmatch(_ALIKE, value):
        return ()
    import html  # noqa: PLC0415  with the two below, 5 ms for rare callers
    import json  # noqa: PLC0415
    import urllib.parse  # noqa: PLC0415

    as_json = json.dumps(value)[1:-1]
    as_text = json.dumps(value, ensure_ascii=False)[1:-1]
    plain = repr(value)[1:-1]
    # repr picks its quotes by the text around the value, which may hold both.
    quoted = (
        plain,
        plain.replace("'", "\\'"),
        plain.replace('"', '\\"'),
        ascii(value)[1:-1],
        repr(value.encode('utf-8', 'surrogatepass'))[2:-1],
    )
    octets = value.encode('utf-8', 'surrogatepass')
    addresses = [
        urllib.parse.quote(octets, safe=''),
        urllib.parse.quote(octets),
        urllib.parse.quote_plus(octets),
        urllib.parse.quote_plus(octets, safe='/'),
    ]
    addresses += [_lower_escapes(address) for address in addresses]
    return (
        (
            'json',
            (
                as_json,
                as_text,
                as_json.replace('/', '\\/'),
                json.dumps(as_json)[1:-1],
            ),
        ),
        ('repr', quoted),
        ('url', tuple(addresses)),
        ('html', (html.escape(value), html.escape(value, quote=False))),
    )


def _lower_escapes(address: str) -> str:
    """Return a percent-encoded text with its escapes in lower case."""
    return re.sub('%[0-9A-F]{2}', lambda match: match[0].lower(), address)


def _cores(value: str) -> tuple[str, ...]:
    """Return what base64 of any text around a value must hold."""
    return tuple(
        dict.fromkeys(
            core for octets in _octets(value) for core in _aligned(octets)
        )
    )


def _octets(value: str) -> list[bytes]:
    """Return what may have been encoded: the value, and as JSON has it."""
    import json  # noqa: PLC0415

    forms = [value, value.strip(), json.dumps(value)[1:-1]]
    encoded = [form.encode('utf-8', 'surrogatepass') for form in forms]
    return [one for one in encoded if len(one) >= SHORTEST_ENCODED]


def _aligned(octets: bytes) -> Iterator[str]:
    """Yield the sure characters of base64, for each place of beginning."""
    import base64  # noqa: PLC0415  2 ms, and only here

    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        padded = b'\0' * before + octets
        text = base64.b64encode(padded).decode()
        spare = len(padded) % 3
        core = text[skipped : len(text) - (0, 3, 2)[spare]]
        if len(core) >= SHORTEST_INSIDE:
            yield core
            yield core.replace('+', '-').replace('/', '_')


def _basic_blobs(text: str, value: str) -> Iterator[str]:
    """Yield the `Basic` credentials that hold a value."""
    import base64  # noqa: PLC0415  as above

    octets = value.encode('utf-8', 'surrogatepass')
    for match in _basic_pattern().finditer(text):
        blob = match[1]
        plain = blob.rstrip('=').replace('-', '+').replace('_', '/')
        plain = plain[: len(plain) - (len(plain) % 4 == 1)]
        try:
            inside = base64.b64decode(plain + '=' * (-len(plain) % 4))
        except ValueError:
            continue
        if octets in inside.replace(b':', b'\n', 1).split(b'\n') or (
            len(octets) >= SHORTEST_INSIDE and octets in inside
        ):
            yield blob


@functools.cache
def _basic_pattern() -> re.Pattern[str]:
    """Compile the pattern of a `Basic` header when it is first needed."""
    return re.compile(_BASIC)


def _without_basic(text: str, value: str) -> str:
    """Mask whole `Basic` credentials, whose user is part of the secret."""
    for blob in list(_basic_blobs(text, value)):
        text = text.replace(blob, MASK)
    return text
