"""Id tokens signed with HMAC, as a provider in memory issues them.

HS256 with the client's secret as the key (OpenID Connect Core 1.0 §10.1): no
key set is needed, and a signature is still real.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS = 3
"""Header, claims and signature (RFC 7515 §7.1)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Parsed:
    """An id token, taken apart and not yet verified.

    Attributes:
        header: The header, with `alg`.
        claims: What it says.
        signed: What the signature is of.
        signature: The signature.
    """

    header: dict[str, Any]
    claims: dict[str, Any] = dataclasses.field(repr=False)
    signed: bytes = dataclasses.field(repr=False)
    signature: bytes = dataclasses.field(repr=False)

    def is_signed_with(self, key: str) -> bool:
        """Return whether this key signed it with HS256."""
        return self.header.get('alg') == 'HS256' and hmac.compare_digest(
            self.signature, _mac(self.signed, key)
        )


def encode(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode('ascii')


def decode(text: str) -> bytes:
    """Return what `encode` was given.

    Raises:
        ValueError: It is no base64url.
    """
    padding = '=' * (-len(text) % 4)
    return base64.b64decode(f'{text}{padding}', altchars=b'-_', validate=True)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2)."""
    return encode(hashlib.sha256(verifier.encode('utf-8')).digest())


def sign(claims: Mapping[str, Any], key: str | None) -> str:
    """Return an id token.

    Args:
        claims: What it says.
        key: The client's secret; None leaves it unsigned (`alg` none).
    """
    header = {'alg': 'none' if key is None else 'HS256', 'typ': 'JWT'}
    signed = '.'.join(
        encode(json.dumps(part).encode('utf-8'))
        for part in (header, dict(claims))
    )
    mac = b'' if key is None else _mac(signed.encode('ascii'), key)
    return f'{signed}.{encode(mac)}'


def parse(token: str) -> Parsed:
    """Return an id token, taken apart.

    Raises:
        ValueError: It is none; the message holds nothing of it.
    """
    parts = token.split('.')
    if len(parts) != PARTS:
        raise ValueError('an id token has three parts')
    header, claims = (json.loads(decode(part)) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ValueError('header and claims of an id token are objects')  # noqa: TRY004  one error for a token that is none
    signed = f'{parts[0]}.{parts[1]}'.encode('ascii')
    return Parsed(header, claims, signed, decode(parts[2]))  # pyright: ignore[reportUnknownArgumentType]  checked above


def _mac(signed: bytes, key: str) -> bytes:
    return hmac.new(key.encode('utf-8'), signed, hashlib.sha256).digest()
