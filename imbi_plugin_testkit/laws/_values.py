"""Values that stores like to change, within what a backend allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from imbi_plugin_testkit.sandbox import Limits

PLAIN = 'kit-value'

LISTED = 'one, two ,three'
"""Text that a data type for lists must not tidy up either."""

LOOK_ALIKES = (
    ('a number with leading zeros', '00123'),
    ('a word that is a boolean elsewhere', 'False'),
    ('a small word that is a boolean elsewhere', 'true'),
    ('a word that is nothing elsewhere', 'null'),
    ('an exponent', '1e3'),
    ('JSON', '{"b": 1,  "a": [true, null]}'),
    ('quotes and backslashes', '\'single\' "double" back\\slash \\n'),
    ('an address and its escapes', 'https://example.com/?q=a+b&c=%41#d'),
    ('placeholders', '${HOME} $HOME %(name)s'),
    ('markup', '<a href="#">&amp;</a>'),
    ('a list', 'one,two,,three'),
    ('quotes around all of it', '"in quotes"'),
    ('comments and doubled signs', 'one # two ; three // 100%% $$ ~/four'),
    ('braces of templates', '{{ name }} {name} {{{{ {0}'),
)
"""Texts that a parser in between would not give back as they were."""

UNICODE = 'Zürich e\u0301 東京 🚀 \u05e9\u05dc\u05d5\u05dd \u00a0\u2028 ſß'
"""Composed and combining accents, three planes, right-to-left text, spaces
that are none to ASCII, and letters that change when their case is folded."""

CONTROLS = '\ufeffa mark, an escape \x1b[31m and others \x01\x08\x7f\x85'
"""What begins a file elsewhere, and what terminals read."""

PADDED = '  two before, a tab and one behind\t '
LINES = 'first\nsecond\r\n\r\n  indented\nlast'

_FILLER = 'abcdefghijklmnopqrstuvwxyz0123456789'


def values_within(
    limits: Limits, rng: random.Random
) -> Iterator[tuple[str, str]]:
    """Yield what it is and the text, for each value worth trying."""
    allowed = [
        (True, 'plain text', PLAIN),
        *((True, what, text) for what, text in LOOK_ALIKES),
        (limits.empty_value, 'the empty text', ''),
        (limits.padded_value, 'padding', PADDED),
        (
            limits.padded_value and limits.multiline_value,
            'a line break at the end',
            'a line\n',
        ),
        (limits.unicode_value, 'Unicode text', UNICODE),
        (
            limits.unicode_value and limits.multiline_value,
            'a byte order mark and control characters',
            CONTROLS,
        ),
        (limits.multiline_value, 'several lines', LINES),
        (True, 'the largest text', _largest(limits.max_value_bytes, rng)),
        (
            limits.unicode_value,
            'the largest text in bytes',
            'ü' * (limits.max_value_bytes // 2),
        ),
    ]
    for fits, what, text in allowed:
        if fits and len(text.encode('utf-8')) <= limits.max_value_bytes:
            yield what, text


def _largest(size: int, rng: random.Random) -> str:
    """Return so many ASCII characters, no part like another."""
    return ''.join(rng.choices(_FILLER, k=size))
