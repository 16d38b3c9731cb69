"""What is wrong with a URL that the grammar refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk import _text
from imbi_plugin_sdk.urls._judgement import HOST_TEXT

if TYPE_CHECKING:
    from imbi_plugin_sdk.urls._judgement import Judgement

_CONTROL = r'[\x00-\x20\x7f]'
_FOREIGN = r'[^\x00-\x7f]'
_ILLEGAL = '["<>^`|]'
_ILLEGAL_TAIL = r'[#\[\]]'
_PERCENT = '%(?![0-9A-Fa-f]{2})'
_SCHEME = '([A-Za-z][A-Za-z0-9+.-]*+):(//)?+'
_REST = r'([^/?#]*+)([^?#]*+)(?:\?([^#]*+))?+(?:#([\s\S]*+))?+'
_COLONS = '[0-9A-Fa-f.]*+:[0-9A-Fa-f.]*+:[0-9A-Fa-f:.]*+'

_SHOWN_SCHEME = 20
"""Characters of a scheme: the longest that IANA registers are not longer
than that by much, and more would not help."""


def diagnose(
    found: Judgement, text: str
) -> tuple[str | None, str | None, str, str | None, str | None] | None:
    """Say why the grammar does not match; return what can be judged yet.

    Characters that no URL holds are taken out after they are reported, as
    most parsers do, so that what they hide is reported too.

    Returns:
        Host, port, path, query and fragment, or nothing without a scheme.
    """
    for code, pattern in (
        ('url_control', _CONTROL),
        ('url_character', _ILLEGAL),
    ):
        match = re.search(pattern, text)
        if match:
            found.add(code, f'this has {match[0]!r}')
            text = re.sub(pattern, '', text)
    if '\\' in text:
        found.add('url_backslash', 'this has a `\\`')
        text = text.replace('\\', '/')
    scheme = re.match(_SCHEME, text)
    if scheme is None or not scheme[2]:
        _diagnose_no_scheme(found, text)
        return None
    if scheme[1].lower() != 'https':
        shown = _text.shown(scheme[1][:_SHOWN_SCHEME])
        found.add('url_scheme', f'the scheme is {shown}')
    rest = text[scheme.end() :]
    match = re.fullmatch(_REST, rest)
    if match is None:
        return None
    authority, path, query, fragment = match.groups()
    for place, part in (
        ('path', path),
        ('query', query),
        ('fragment', fragment),
    ):
        _diagnose_tail(found, place, part or '')
    host, port = _diagnose_authority(found, authority, rest[match.end(1) :])
    return host, port, path, query, fragment


def _diagnose_no_scheme(found: Judgement, text: str) -> None:
    # `user:password@host` looks as if it had a scheme, so none is shown.
    head, separator, _ = text.partition('://')
    if separator and '{' in head and '/' not in head:
        found.add('url_variable_position', 'a placeholder is in the scheme')
    else:
        found.add('url_scheme', 'this does not begin with `https://`')


def _diagnose_tail(found: Judgement, place: str, text: str) -> None:
    for code, pattern in (
        ('url_control', _FOREIGN),
        ('url_character', _ILLEGAL_TAIL),
        ('url_percent', _PERCENT),
    ):
        match = re.search(pattern, text)
        if match:
            found.add(code, f'the {place} has {match[0]!a}')


def _diagnose_authority(
    found: Judgement, authority: str, tail: str
) -> tuple[str | None, str | None]:
    userinfo, at, rest = authority.rpartition('@')
    if at:
        found.add('url_userinfo', 'an `@` stands in front of the host')
    if '{' in userinfo:
        found.add('url_variable_position', 'a placeholder is in the userinfo')
    foreign = re.search(_FOREIGN, rest)
    if foreign:
        found.add('url_non_ascii_host', f'the host has {foreign[0]!a}')
        rest = re.sub(_FOREIGN, 'v', rest)
    if rest.startswith('[') or re.fullmatch(_COLONS, rest):
        found.add('url_ip_literal', 'the host is an IPv6 address')
        return None, None
    host, colon, port = rest.partition(':')
    if not colon:
        return _diagnose_host(found, host), None
    if not port or port.isdecimal():
        return _diagnose_host(found, host), port
    if '{' in port:
        found.add('url_variable_position', 'a placeholder is in the port')
    else:
        found.add('url_port_invalid', 'what follows the `:` is no number')
    # In `https://user:a/b@host` the host is a user's name: not shown.
    return None if '@' in tail else _diagnose_host(found, host), None


def _diagnose_host(found: Judgement, host: str) -> str | None:
    """Return the host if it has only characters that a host may have."""
    match = re.match(HOST_TEXT, host)
    end = match.end() if match else 0
    if not host:
        found.add('url_host_invalid', 'there is no host')
    elif end < len(host):
        found.add('url_host_invalid', f'the host has {host[end]!a}')
    else:
        return host
    return None
