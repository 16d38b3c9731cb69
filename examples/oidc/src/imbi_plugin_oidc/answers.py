"""What a provider answers: objects out of bodies, errors out of refusals.

Nothing of a body gets into an error of ours but the error code, and that only
if it is one: descriptions quote codes and tokens.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import re
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk import (
    IdentityCredentials,
    IdentityProfile,
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginUnavailableError,
)
from imbi_plugin_sdk.throttling import retry_at

if TYPE_CHECKING:
    from collections.abc import Mapping

BACKOFF = 10.0
"""Seconds to wait where the provider names none: sign-ins are rare, so that a
provider that throttles them counts by the minute."""

LONGEST_LIFE = 10 * 365 * 24 * 3_600.0
"""Seconds beyond which `expires_in` is a mistake: ten years."""

_OK = 200
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_REDIRECTS = range(300, 400)
_FORBIDDEN = frozenset({401, 403})

_REFUSALS = {
    'access_denied': 'the person or an administrator declined',
    'invalid_client': 'client_id or client_secret is wrong',
    'invalid_grant': (
        'the code or token is wrong, used, expired or revoked, or belongs to '
        'another client, redirect URI or verifier'
    ),
    'invalid_token': 'the access token is no longer good',
    'unauthorized_client': 'the client may not use this grant',
}
"""Error code to meaning (RFC 6749 §5.2, RFC 6750 §3.1): all of them are the
provider's no, and none gets better by asking again."""


def read_object(content: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object that an answer holds.

    Raises:
        PluginUnavailableError: It holds none (law ASY005).
    """
    body: object = None
    with contextlib.suppress(ValueError, RecursionError):
        body = json.loads(content)
    if not isinstance(body, dict):
        raise malformed(what)
    return cast('dict[str, Any]', body)


def malformed(what: str) -> PluginUnavailableError:
    """Return the error for an answer that is not what it should be."""
    return PluginUnavailableError(
        f'The provider answered {what} with something that OpenID Connect '
        'does not know. Check the option issuer.'
    )


def raise_for(
    status: int, headers: Mapping[str, str], content: bytes, what: str
) -> None:
    """Raise what an answer means; return if it is a success.

    Args:
        status: HTTP status.
        headers: Names are looked up in lower case.
        content: The body.
        what: What was asked for, as in `the token request`.

    Raises:
        PluginAuthenticationFailed: The provider says no.
        PluginRateLimited: With `retry_at`, always finite and to come.
        PluginUnavailableError: It cannot serve, or something else answered.
    """
    if status == _OK:
        return
    code = error_code(content)
    where = f'The provider answered {what} with {code or f"HTTP {status}"}'
    if status == _TOO_MANY_REQUESTS or code == 'slow_down':
        raise PluginRateLimited(
            retry_at(headers.get('retry-after'), otherwise=BACKOFF),
            f'{where}: too many calls.',
        )
    if status in _REDIRECTS:
        raise PluginUnavailableError(
            f'{where}, a redirect, which is not followed: client and tokens '
            'go nowhere else. Check the option issuer.'
        )
    if status < _SERVER_ERROR and (code in _REFUSALS or status in _FORBIDDEN):
        meaning = _REFUSALS.get(code, 'the client or its token is rejected')
        raise PluginAuthenticationFailed(f'{where}: {meaning}.')
    raise PluginUnavailableError(f'{where}.')


def error_code(content: bytes) -> str:
    """Return the code of an error, as in `invalid_grant`; blank if none."""
    body: object = None
    with contextlib.suppress(ValueError, RecursionError):
        body = json.loads(content)
    if not isinstance(body, dict):
        return ''
    code = cast('dict[str, object]', body).get('error')
    if isinstance(code, str) and re.fullmatch(r'[a-z_]{1,40}', code):
        return code
    return ''


def credentials_of(
    answer: Mapping[str, Any], kept: str | None = None
) -> IdentityCredentials:
    """Return the tokens of an answer (RFC 6749 §5.1).

    Args:
        answer: What the token endpoint said.
        kept: The refresh token to keep where the answer has none.

    Raises:
        PluginUnavailableError: It has no access token, or a broken field.
    """
    what = 'the token request'
    access, kind = answer.get('access_token'), answer.get('token_type')
    refresh = answer.get('refresh_token')
    if not isinstance(access, str) or not access:
        raise malformed(what)
    if not isinstance(kind, str) or kind.lower() != 'bearer':
        raise malformed(what)
    if refresh is not None and not isinstance(refresh, str):
        raise malformed(what)
    scope = answer.get('scope')
    id_token = answer.get('id_token')
    return IdentityCredentials(
        access_token=access,
        token_type='Bearer',  # noqa: S106  the scheme of a header
        expires_at=_end(answer.get('expires_in')),
        refresh_token=refresh or kept,
        scopes=scope.split() if isinstance(scope, str) else [],
        extra={'id_token': id_token} if isinstance(id_token, str) else {},
    )


def _end(seconds: object) -> dt.datetime | None:
    """Return when a token ends; some providers send seconds as text."""
    if seconds is None:
        return None
    number = math.nan
    if isinstance(seconds, (int, float, str)) and not isinstance(
        seconds, bool
    ):
        with contextlib.suppress(ValueError, OverflowError):
            number = float(seconds)
    if not 0 < number <= LONGEST_LIFE:
        raise malformed('the token request')
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=number)


def profile_of(claims: Mapping[str, Any]) -> IdentityProfile:
    """Return a person by the standard claims (OpenID Connect Core §5.1).

    Args:
        claims: What was verified; `sub` is text.
    """

    def text(name: str) -> str | None:
        value = claims.get(name)
        return value if isinstance(value, str) and value else None

    found = claims.get('groups')
    groups = cast('list[object]', found) if isinstance(found, list) else []
    address = text('email')
    return IdentityProfile(
        subject=claims['sub'],
        email=address,
        # Some send text, and the text `false` is true for Python.
        email_verified=address is not None
        and claims.get('email_verified') in (True, 'true'),
        name=text('name') or text('preferred_username'),
        avatar_url=text('picture'),
        groups=[str(group) for group in groups],
        raw_claims=dict(claims),
    )
