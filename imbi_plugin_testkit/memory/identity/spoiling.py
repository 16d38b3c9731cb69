"""Id tokens with one thing wrong, as laws ask a provider in memory for."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.memory.identity.tokens import sign
from imbi_plugin_testkit.models.identity import Flaw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Claims = dict[str, Any]

HOUR = 3_600

MISSING: Mapping[Flaw, str] = {
    Flaw.NO_AUDIENCE: 'aud',
    Flaw.NO_ISSUER: 'iss',
    Flaw.NO_NONCE: 'nonce',
    Flaw.NO_EXPIRY: 'exp',
}
"""Flaw to the claim that is left out."""

CHANGED: Mapping[Flaw, Callable[[Claims], Claims]] = {
    # No comparison of a part of it may pass.
    Flaw.AUDIENCE: lambda claims: {'aud': f'{claims["aud"]}-of-another'},
    Flaw.AUDIENCES: lambda claims: {
        'aud': ['another', f'{claims["aud"]}-of-another']
    },
    Flaw.PARTY: lambda claims: {
        'aud': [claims['aud'], 'another'],
        'azp': 'another',
    },
    Flaw.ISSUER: lambda claims: {'iss': f'{claims["iss"]}.evil.example'},
    Flaw.NONCE: lambda _: {'nonce': secrets.token_urlsafe(16)},
    Flaw.EXPIRED: lambda claims: {
        'iat': claims['iat'] - 2 * HOUR,
        'exp': claims['iat'] - HOUR,
    },
}
"""Flaw to the claims that are other ones."""


def spoiled(
    claims: Claims, secret: str, flaw: Flaw | None, public_key: str
) -> str:
    """Return an id token with a flaw, or a good one.

    Args:
        claims: What it says; `aud` is the client's id.
        secret: The client's.
        flaw: What is to be wrong; those of userinfo change no id token.
        public_key: What the provider publishes.
    """
    if flaw is None:
        return sign(claims, secret)
    left_out, change = MISSING.get(flaw), CHANGED.get(flaw, dict)
    told = {**claims, **change(claims)}
    if left_out is not None:
        told.pop(left_out, None)
    keys: dict[Flaw, str | None] = {
        Flaw.SIGNATURE: secrets.token_urlsafe(24),
        Flaw.PUBLIC_KEY: public_key,
        Flaw.UNSIGNED: None,
    }
    return sign(told, keys.get(flaw, secret))
