"""How a URL is judged: one strict grammar first, then each of its parts.

Parsers disagree about what a malformed URL means, so a URL is accepted
only if it matches `GRAMMAR` as a whole. Where it does not, `_diagnosis`
finds out why; it can explain a refusal, never turn it around.

Messages show a host, a port's digits, a parameter's name or one character.
They never show userinfo, a query's values, a path or a fragment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk import _text
from imbi_plugin_sdk.urls import _names, _rules
from imbi_plugin_sdk.urls._host import judge_host, judge_port
from imbi_plugin_sdk.urls._judgement import (
    HOST_TEXT,
    NAME,
    SLOT,
    STAND_IN,
    UNKNOWN,
    VARIABLE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.urls._judgement import Judgement, VariableSpec

_SLOT = SLOT.replace('(', '(?:', 1)
_PCHARS = r"A-Za-z0-9._~!$&'()*+,;=:@/\-"  # RFC 3986 §3.3, and the slash
_ESCAPE = '%[0-9A-Fa-f][0-9A-Fa-f]'

# Optional groups are not possessive: sre of Python 3.11.2 then takes `:`
# without digits. Each begins with a character of its own, so nothing is
# tried twice.
GRAMMAR = (
    r'[Hh][Tt][Tt][Pp][Ss]://'
    rf'(?=[^/?#:]){HOST_TEXT}'
    r'(?::([0-9]++))?'
    rf'((?:/(?:[{_PCHARS}]++|{_ESCAPE}|{_SLOT})*+)?)'
    rf'(?:\?((?:[{_PCHARS}?]++|{_ESCAPE}|{_SLOT})*+))?'
    rf'(?:#((?:[{_PCHARS}?]++|{_ESCAPE}|{_SLOT})*+))?'
)
"""Groups: host, port, path, query, fragment; a subset of RFC 3986, App. A."""

_LEAD = rf'(?:[Hh][Tt][Tt][Pp][Ss]://)?+\{{({NAME})\}}(://)?+'
_EXPRESSION = r'\{[+#./;?&=,!@|]?+([^{}/?#]*+)(\}?+)|\}'
_ENCODED_DELIMITER = '%(?:25)*+(?:2[eEfF]|5[cC])'
_ENCODED_DOT = '%(?:25)*+2[eE]'
_ENCODED_CONTROL = '%(?:[01][0-9A-Fa-f]|7[fF])'

_SHOWN_NAME = 40
"""Characters of a parameter's name: longer ones may be values."""


class Parts(NamedTuple):
    """The parts of a URL; a part that cannot be judged is `None`."""

    host: str | None
    port: str | None
    path: str
    query: str | None
    fragment: str | None


def judge(found: Judgement, url: object) -> None:
    """Add everything that is wrong with the URL."""
    if not isinstance(url, str):
        found.add('url_type', f'this is of type {type(url).__name__}')
    elif len(url) > _rules.MAX_URL:
        # Nothing else is said: whatever it is, it is no URL to mend.
        found.add('url_too_long', f'this has {len(url)} characters')
    elif not url.strip():
        found.add('url_blank', 'this is blank')
    else:
        _judge_text(found, url)


def _judge_text(found: Judgement, url: str) -> None:
    text = _placeholders(found, url) if '{' in url or '}' in url else url
    match = re.fullmatch(GRAMMAR, text)
    if match is not None:
        _judge_parts(found, Parts(*match.groups()))
        return
    # Only a URL that is refused pays for the diagnosis.
    from imbi_plugin_sdk.urls import _diagnosis  # noqa: PLC0415

    before = len(found.problems)
    parts = _diagnosis.diagnose(found, text)
    if parts is not None:
        _judge_parts(found, Parts(*parts))
    if len(found.problems) == before:
        found.add('url_grammar', 'this is no URL that we can read')


def _judge_parts(found: Judgement, parts: Parts) -> None:
    host, port, path, query, fragment = parts
    if host is not None:
        judge_host(found, host, port)
    if port is not None:
        judge_port(found, port)
    if '%' in path or '/.' in path or '{' in path:
        _judge_path(found, path)
    if query is not None:
        _judge_query(found, query)
    if fragment is not None:
        if not found.kind.fragment:
            found.add('url_fragment', f'{found.kind.noun} has a `#`')
        _judge_slots(found, fragment, 'fragment')


# -- placeholders ----------------------------------------------------------


def split_base(
    text: str, specs: Mapping[str, VariableSpec]
) -> tuple[str, str] | None:
    """Split a URL that begins with a base_url into its name and the rest.

    `{base}/x` and, as some vendors document it, `https://{base}/x` mean the
    same.
    """
    match = re.match(_LEAD, text)
    if match is None or match[2]:
        return None
    spec = specs.get(match[1])
    if spec is None or spec.kind != 'base_url':
        return None
    return match[1], text[match.end() :]


def joined(origin: str, rest: str) -> str:
    """Join a base_url and what follows it, with one slash between paths."""
    if rest[:1] in {'', '?', '#'}:
        return f'{origin}{rest}'
    return f'{origin.rstrip("/")}/{rest.removeprefix("/")}'


def _placeholders(found: Judgement, url: str) -> str:
    """Judge the placeholders; return the text with only proper ones."""
    text = re.sub(_EXPRESSION, lambda match: _expression(found, match), url)
    for name in dict.fromkeys(re.findall(VARIABLE, text)):
        if name not in found.specs:
            _, mend = _rules.RULES['url_variable_undeclared']
            short = name[: _rules.MAX_NAME]
            hint = _text.did_you_mean(short, found.specs)
            found.add(
                'url_variable_undeclared',
                f'{{{short}}} is not declared',
                f'{mend}{hint}',
            )
    base = split_base(text, found.specs)
    if base is None:
        return _without_lead(found, text)
    name, rest = base
    if rest[:1] in {'.', ':', '@'}:
        found.add(
            'url_variable_mixed',
            f'{rest[0]!r} follows {{{name}}}, which is a whole origin',
        )
    return joined(f'https://{STAND_IN}', rest)


def _without_lead(found: Judgement, text: str) -> str:
    """Judge a placeholder that stands first and is no base_url."""
    match = re.match(_LEAD, text)
    if match is None or not text.startswith('{'):
        return text
    name, scheme = match.groups()
    rest = text[match.end() :]
    if scheme:
        found.add('url_variable_position', f'{{{name}}} stands in the scheme')
        return f'https://{rest}'
    if name in found.specs:
        kind = found.specs[name].kind
        found.add(
            'url_variable_mixed',
            f'{{{name}}} is of kind {kind} and stands first',
        )
    return joined(f'https://{STAND_IN}', rest)


def _expression(found: Judgement, match: re.Match[str]) -> str:
    text = match[0]
    if re.fullmatch(VARIABLE, text):
        return text
    if match[2]:
        found.add('url_variable_syntax', f'{_text.shown(text)} is no {{name}}')
        return UNKNOWN
    found.add('url_variable_syntax', 'a brace has no partner')
    return text[1:]


def _judge_slots(found: Judgement, text: str, place: str) -> None:
    for name in re.findall(VARIABLE, text) if '{' in text else ():
        spec = found.specs.get(name)
        if spec is not None and spec.kind == 'base_url':
            found.add(
                'url_variable_mixed',
                f'{{{name}}} is of kind base_url and stands in the {place}',
            )


# -- path and query --------------------------------------------------------


def _judge_path(found: Judgement, path: str) -> None:
    _judge_slots(found, path, 'path')
    plain = re.sub(SLOT, 'v', path) if '{' in path else path
    for segment in re.sub(_ENCODED_DOT, '.', plain).split('/'):
        # Some servers cut `;parameters` off before they read the dots.
        bare = segment.partition(';')[0]
        if bare in {'.', '..'}:
            found.add('url_dot_segment', f'the path has a segment `{bare}`')
    for code, pattern in (
        ('url_encoded_delimiter', _ENCODED_DELIMITER),
        ('url_control', _ENCODED_CONTROL),
    ):
        match = re.search(pattern, path)
        if match:
            found.add(code, f'the path has `{match[0][:12]}`')


def _judge_query(found: Judgement, query: str) -> None:
    rule = found.kind.query
    if rule == 'none':
        found.add('url_query', f'{found.kind.noun} has a `?`')
    _judge_slots(found, query, 'query')
    # Old servers split at `;` as well.
    for pair in query.replace(';', '&').split('&'):
        raw, equals, _ = pair.partition('=')
        if '{' in raw:
            found.add(
                'url_variable_position',
                "a placeholder stands in a parameter's name",
            )
        name = _decoded(raw).partition('[')[0].strip()
        reserved = _names.RESERVED_PARAMETERS.get(name.lower())
        if reserved and rule == 'plain':
            seen = f'the query sets `{name.lower()}`'
            found.add('url_query_reserved', seen, reserved)
        if found.secret(name):
            plain = equals and len(name) <= _SHOWN_NAME and name.isprintable()
            seen = f'`{name}`' if plain else 'a parameter'
            found.add('url_query_secret', f'the query sets {seen}')


def _decoded(name: str) -> str:
    if '%' not in name and '+' not in name:
        return name
    # A parameter's name is seldom encoded, and urllib.parse costs 4 ms.
    from urllib.parse import unquote_plus  # noqa: PLC0415

    return unquote_plus(name)
