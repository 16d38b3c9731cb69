"""Cursors: the place behind the last entry of a page, sealed.

The seal is made with the API token over the place and over all that was asked
for, so that a cursor which was changed, cut or taken to another search is
told from a good one (law LOG005). A place does not expire.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json

from imbi_plugin_sdk import CursorExpiredError

VERSION = 1
"""Changes with the meaning of a place: old cursors are then refused."""

_SEAL = 16
"""Bytes of the seal: nobody guesses 128 bits."""

Place = tuple[int, str]
"""Milliseconds since the epoch, and id, of the last entry that was shown."""


def write(token: str, asked: bytes, place: Place) -> str:
    """Return the cursor of a place.

    Args:
        token: The API token.
        asked: What the search asks for, see `questions.identity`.
        place: The last entry of the page.
    """
    text = json.dumps([VERSION, *place], separators=(',', ':')).encode()
    whole = _sealed(token, asked, text) + text
    return base64.urlsafe_b64encode(whole).decode().rstrip('=')


def read(token: str, asked: bytes, cursor: str) -> Place:
    """Return the place that a cursor names.

    Raises:
        CursorExpiredError: It is damaged, foreign or of another version.
    """
    try:
        padded = cursor.encode('ascii') + b'=' * (-len(cursor) % 4)
        whole = base64.b64decode(padded, altchars=b'-_', validate=True)
    except (UnicodeEncodeError, binascii.Error):
        whole = b''
    seal, text = whole[:_SEAL], whole[_SEAL:]
    if not hmac.compare_digest(seal, _sealed(token, asked, text)):
        raise CursorExpiredError(
            'The cursor does not belong to this search. Start it again.'
        )
    version, at, identifier = json.loads(text)
    if version != VERSION:
        raise CursorExpiredError(
            'The cursor is of another version of the plugin. Start again.'
        )
    return at, identifier


def _sealed(token: str, asked: bytes, text: bytes) -> bytes:
    question = hashlib.sha256(asked).digest()
    digest = hmac.digest(token.encode(), question + text, hashlib.sha256)
    return digest[:_SEAL]
