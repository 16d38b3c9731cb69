"""Cursors: where a page ended, bound to the question that it answers.

Logs Insights has no cursors, and entries of one millisecond come in any
order. So a cursor holds the time of the last entry and which entries of that
millisecond were shown: the next query asks for that time and before, and what
was shown is left out. This is exact whatever order the ties come in, and also
when more entries of that millisecond arrive (laws LOG003 and LOG012).
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import struct
from typing import TYPE_CHECKING

from imbi_plugin_sdk import CursorExpiredError

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = 'cwl1.'
"""Stands before each cursor; a new layout takes a new one."""

_SEAL_BYTES = 16
"""Bytes that show damage and strangers; a guess hits one in 2^128."""

_MARK_BYTES = 8
"""Bytes that stand for one entry: among the 10,000 of one page, two entries
share a mark in one of 10^11 cases."""

_HEAD = struct.Struct('>qI')


@dataclasses.dataclass(frozen=True, slots=True)
class Position:
    """How far paging has come.

    Attributes:
        time: Milliseconds since the epoch of the last entry.
        served: Entries on all pages so far.
        marks: Of the entries of that millisecond that were shown.
    """

    time: int
    served: int
    marks: frozenset[bytes]


def mark(pointer: str) -> bytes:
    """Return what stands for an entry.

    Args:
        pointer: Its `@ptr`.
    """
    return hashlib.sha256(pointer.encode()).digest()[:_MARK_BYTES]


def binding(parts: Iterable[object]) -> bytes:
    """Return a digest of the question that cursors are bound to.

    Args:
        parts: Plain data; the same question must give the same.
    """
    return hashlib.sha256(repr(tuple(parts)).encode()).digest()


def write(position: Position, bound_to: bytes) -> str:
    """Return the cursor for a position."""
    body = _HEAD.pack(position.time, position.served)
    body += b''.join(sorted(position.marks))
    sealed = _seal(body, bound_to) + body
    text = base64.urlsafe_b64encode(sealed).decode('ascii').rstrip('=')
    return VERSION + text


def read(cursor: str, bound_to: bytes) -> Position:
    """Return the position of a cursor.

    Raises:
        CursorExpiredError: It is damaged, of another version, or answers
            another question (law LOG005).
    """
    position = _opened(cursor, bound_to)
    if position is None:
        raise CursorExpiredError(
            'The cursor is damaged, or belongs to another search. Start '
            'again without a cursor.'
        )
    return position


def _opened(cursor: str, bound_to: bytes) -> Position | None:
    if not cursor.startswith(VERSION):
        return None
    text = cursor.removeprefix(VERSION)
    try:
        sealed = base64.b64decode(
            text + '=' * (-len(text) % 4), altchars=b'-_', validate=True
        )
    except (ValueError, binascii.Error):
        return None
    seal, body = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
    if len(body) < _HEAD.size or seal != _seal(body, bound_to):
        return None
    time, served = _HEAD.unpack_from(body)
    rest = body[_HEAD.size :]
    position = Position(
        time,
        served,
        frozenset(
            rest[start : start + _MARK_BYTES]
            for start in range(0, len(rest), _MARK_BYTES)
        ),
    )
    # Bits that base64 does not use could differ: only one spelling is ours.
    return position if write(position, bound_to) == cursor else None


def _seal(body: bytes, bound_to: bytes) -> bytes:
    return hashlib.sha256(VERSION.encode() + bound_to + body).digest()[
        :_SEAL_BYTES
    ]
