"""Id tokens, verified as OpenID Connect Core 1.0 §3.1.3.7 says."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, cast

import jwt

from imbi_plugin_sdk import PluginAuthenticationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_oidc.metadata import Metadata

LEEWAY = 60
"""Seconds by which the clocks of provider and host may differ."""

REQUIRED = ('iss', 'sub', 'aud', 'exp', 'iat')
"""Claims that every id token has (§2)."""


def verify(
    token: str,
    keys: Mapping[str, Any],
    metadata: Metadata,
    client_id: str,
    nonce: str | None,
) -> dict[str, Any]:
    """Return the claims of an id token that is right in every way.

    Args:
        token: The token.
        keys: The provider's key set (RFC 7517 §5).
        metadata: The provider's issuer and algorithms.
        client_id: Whom it must be meant for.
        nonce: That of the request; None where there was no request.

    Raises:
        PluginAuthenticationFailed: Anything about it is wrong.
    """
    claims, wrong = _decoded(token, keys, metadata, client_id)
    if not wrong:
        wrong = _wrong(claims, client_id, nonce)
    if wrong:
        # Outside of the handler: PyJWT's errors keep what they looked at.
        raise PluginAuthenticationFailed(
            f"The provider's id token was refused: {wrong}."
        )
    return claims


def _decoded(
    token: str, keys: Mapping[str, Any], metadata: Metadata, client_id: str
) -> tuple[dict[str, Any], str]:
    """Return the claims of a token, or what is wrong with it."""
    try:
        key = _key(token, keys, metadata)
        if key is None:
            return {}, 'none of its published keys has signed it'
        claims = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=client_id,
            issuer=metadata.issuer,
            leeway=LEEWAY,
            options={'require': list(REQUIRED)},
        )
    except jwt.PyJWTError as error:
        return {}, _WORDS.get(type(error), 'it is not a valid token')
    except (ValueError, TypeError, RecursionError):
        return {}, 'it is not a valid token'
    return claims, ''


_WORDS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: 'it has expired (exp)',
    jwt.ImmatureSignatureError: 'it comes from the future (iat or nbf)',
    jwt.InvalidAudienceError: 'it is meant for another client (aud)',
    jwt.InvalidIssuerError: 'it comes from another issuer (iss)',
    jwt.InvalidSignatureError: 'its signature is wrong',
    jwt.MissingRequiredClaimError: 'a claim that it must have is missing',
}


def _key(
    token: str, keys: Mapping[str, Any], metadata: Metadata
) -> jwt.PyJWK | None:
    """Return the provider's key that a token names, for its algorithm.

    The algorithm must be one that we take and that the provider announces;
    a key for encryption, or of another kind, is none.
    """
    header = jwt.get_unverified_header(token)
    algorithm = header.get('alg')
    if algorithm not in metadata.algorithms:
        return None
    found: object = keys.get('keys')
    if not isinstance(found, list):
        return None
    for entry in cast('list[object]', found):
        if not isinstance(entry, dict):
            continue
        data = cast('dict[str, Any]', entry)
        if (
            data.get('kid') == header.get('kid')
            and data.get('use', 'sig') == 'sig'
            and data.get('alg', algorithm) == algorithm
            and data.get('kty') != 'oct'
        ):
            return jwt.PyJWK(data, algorithm=algorithm)
    return None


def _wrong(
    claims: Mapping[str, Any], client_id: str, nonce: str | None
) -> str:
    """Return what PyJWT does not look at, and is wrong."""
    subject = claims['sub']
    if not isinstance(subject, str) or not subject:
        return 'it names no subject'
    others = claims['aud'] != client_id and claims['aud'] != [client_id]
    party = claims.get('azp')
    if party != client_id and (others or party is not None):
        return 'it was given to another client (azp)'
    if nonce is not None:
        found = claims.get('nonce')
        if not isinstance(found, str) or not hmac.compare_digest(
            found.encode(), nonce.encode()
        ):
            return 'it answers another request (nonce)'
    return ''
