"""What a cursor gives away: it goes to browsers, into URLs and their logs."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
import zlib
from typing import TYPE_CHECKING

from imbi_plugin_sdk.redaction import occurrences
from imbi_plugin_testkit.laws.secrecy import IDENTIFIERS, is_common
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from imbi_plugin_testkit.lab import Lab

DEEPEST = 3
"""Encodings that are taken off one after the other: compressed JSON in base64
in a URL."""

LONGEST = 1_000_000
"""Octets that something compressed may come to."""

_PIECE = re.compile(r'[A-Za-z0-9+/_-]{8,}={0,6}')
"""What may be an encoding of something."""


def secrets_of(credentials: Mapping[str, str]) -> dict[str, str]:
    """Return the credentials that are secret, and not met by accident."""
    return {
        name: value
        for name, value in credentials.items()
        if name.lower().replace('-', '_').rpartition('_')[2] not in IDENTIFIERS
        and not is_common(value)
    }


def gives_away(
    lab: Lab, path: str, cursors: Iterable[str | None]
) -> Iterator[Finding]:
    """Yield where a cursor holds a credential (LOG005, INC001).

    Looked for is the value as it is, escaped, in base64, base32 or hex, and
    in what the cursor is an encoding of. That a cursor is signed with a
    credential, or encrypted, passes.
    """
    texts = {
        text
        for cursor in cursors
        if cursor
        for text in _readings(cursor, DEEPEST)
    }
    for name, value in secrets_of(lab.credentials).items():
        if any(_holds(text, value) for text in texts):
            yield Finding(
                f'{path}.next_cursor',
                f'the cursor holds credentials[{name!r}], in a form that '
                'anybody can read; a cursor goes to the browser, and must '
                'hold no credential.',
            )


def _holds(text: str, value: str) -> bool:
    octets = value.encode()
    return (
        bool(occurrences(text, value))
        or octets.hex() in text.lower()
        or base64.b32encode(octets).decode().rstrip('=')[:-1] in text.upper()
    )


def _readings(text: str, depth: int) -> Iterator[str]:
    """Yield a text, and what it or a piece of it is an encoding of."""
    yield text
    if not depth:
        return
    for octets in _decoded(text):
        yield from _readings(octets.decode('utf-8', 'replace'), depth - 1)


def _decoded(text: str) -> Iterator[bytes]:
    plain = urllib.parse.unquote_plus(text)
    if plain != text:
        yield plain.encode()
    for piece in dict.fromkeys(_PIECE.findall(text)):
        bare = piece.rstrip('=')
        standard = bare.replace('-', '+').replace('_', '/')
        for decode, encoded in (
            (base64.b64decode, standard + '=' * (-len(bare) % 4)),
            (base64.b32decode, bare.upper() + '=' * (-len(bare) % 8)),
            (binascii.unhexlify, bare),
        ):
            try:
                octets = decode(encoded)
            except ValueError:
                continue
            yield octets
            yield from _inflated(octets)


def _inflated(octets: bytes) -> Iterator[bytes]:
    """Yield what was compressed, by zlib, gzip or deflate alone."""
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            inside = zlib.decompressobj(window).decompress(octets, LONGEST)
        except zlib.error:
            continue
        if inside:
            yield inside
