"""Checksums inside tokens: they raise confidence and never lower it."""

from __future__ import annotations

import zlib

_BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
_BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz'
_BODY62, _SUM62 = 30, 6  # GitHub, 2021: 30 characters, then six of checksum
_BODY_HEX, _SUM_HEX = 40, 8  # Cloudflare's second format
_SUM36 = 7  # GitLab's routable format: LLccccccc


def based(number: int, digits: str, width: int) -> str:
    """Return a number in the base of its digits, padded with zeros."""
    out = ''
    while number:
        number, rest = divmod(number, len(digits))
        out = digits[rest] + out
    return out.rjust(width, digits[0])


def crc32_base62(body: str) -> str:
    """Return the six characters that end a GitHub or npm token."""
    return based(zlib.crc32(body[:_BODY62].encode()), _BASE62, _SUM62)


def crc32_hex(body: str) -> str:
    """Return the eight characters that end a Cloudflare token."""
    return f'{zlib.crc32(body[:_BODY_HEX].encode()):08x}'


def crc32_base36(payload: str) -> str:
    """Return the seven characters that end a routable GitLab token."""
    return based(zlib.crc32(payload.encode()), _BASE36, _SUM36)


def holds(name: str, start: str, body: str) -> bool:
    """Tell whether a token's checksum is right; `name` is the table's."""
    if not body.isascii():
        return False
    if name == 'crc32-base62':
        return len(body) == _BODY62 + _SUM62 and body[
            _BODY62:
        ] == crc32_base62(body)
    if name == 'crc32-hex':
        return len(body) == _BODY_HEX + _SUM_HEX and body[
            _BODY_HEX:
        ].lower() == crc32_hex(body)
    if name == 'crc32-base36' and body.count('.') > 1:
        return body[-_SUM36:] == crc32_base36((start + body)[:-_SUM36])
    return False
