"""State, PKCE and nonce of a sign-in."""

from __future__ import annotations

import base64
import hashlib
import secrets

RANDOM_BYTES = 32
"""Octets of state and verifier: 43 characters (RFC 7636 §4.1)."""


def random_text() -> str:
    """Return a text that nobody can guess."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2)."""
    return _hashed(verifier)


def nonce_of(verifier: str) -> str:
    """Return the nonce that goes with a verifier.

    `exchange_code` runs on a fresh instance and gets nothing but the
    verifier, so the nonce is derived from it. Who sees the nonce learns
    neither the verifier nor the challenge, which is another hash.
    """
    return _hashed(f'imbi-plugin-oidc nonce {verifier}')


def _hashed(text: str) -> str:
    digest = hashlib.sha256(text.encode('utf-8')).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b'=').decode('ascii')
