"""What PKCE asks of an authorization request (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.redaction import occurrences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_sdk.handlers.identity import AuthorizationRequest

VERIFIER = re.compile(r'[A-Za-z0-9._~-]{43,128}')
"""What a verifier is made of (RFC 7636 §4.1)."""


def proof_problems(
    request: AuthorizationRequest, given: Mapping[str, list[str]]
) -> Iterator[str]:
    """Yield what is wrong with verifier and challenge of a request.

    Args:
        request: The request.
        given: The query of its URL.
    """
    verifier = request.code_verifier
    challenge = ''.join(given.get('code_challenge', []))
    if verifier is None and not challenge:
        yield (
            'there is neither code_verifier nor code_challenge; the template '
            'says that PKCE is required.'
        )
        return
    if verifier is None:
        yield (
            'the URL has a code_challenge, but code_verifier is None; the '
            'host must be able to hand the verifier to exchange_code.'
        )
        return
    if not challenge:
        yield (
            'code_verifier is set, but the URL has no code_challenge; so '
            'the verifier proves nothing.'
        )
        return
    if not VERIFIER.fullmatch(verifier):
        yield (
            f'code_verifier has {len(verifier)} characters; it must be 43 to '
            '128 letters, digits, `-`, `.`, `_` or `~`.'
        )
    yield from _challenge_problems(verifier, challenge, given)
    forms = occurrences(request.authorization_url, verifier)
    if forms:
        places = sorted(
            name for name, values in given.items() if verifier in values
        )
        where = f' as {places[0]}' if places else ''
        yield (
            f'the URL holds the verifier{where}; it must stay with the host '
            'until the exchange.'
        )


def _challenge_problems(
    verifier: str, challenge: str, given: Mapping[str, list[str]]
) -> Iterator[str]:
    method = ''.join(given.get('code_challenge_method', []))
    if method != 'S256':
        told = shown(method) if method else 'missing, which means plain'
        yield f"code_challenge_method is {told}; it must be 'S256'."
        return
    digest = hashlib.sha256(verifier.encode('utf-8')).digest()
    wanted = base64.urlsafe_b64encode(digest).decode('ascii')
    if challenge == wanted:
        yield 'code_challenge is padded with `=`; it must not be.'
    elif challenge != wanted.rstrip('='):
        yield (
            'code_challenge is not the base64url of the SHA-256 of '
            'code_verifier.'
        )
