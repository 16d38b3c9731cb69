"""What GitHub's OAuth answers mean.

Facts (GitHub documentation, "Authorizing OAuth apps", "Generating a user
access token for a GitHub App", "Refreshing user access tokens" and
"Troubleshooting OAuth app access token request errors"): the token endpoint
answers 200 to a refusal, with `error` in its body; scopes come back with
commas; user tokens of a GitHub App end after eight hours where the app says
so, and a refresh replaces both tokens.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from imbi_plugin_github import answers
from imbi_plugin_sdk import (
    IdentityCredentials,
    IdentityProfile,
    PluginAuthenticationFailed,
    PluginError,
    PluginUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imbi_plugin_github.answers import Item

REFUSALS: Mapping[str, str] = {
    'bad_verification_code': (
        'The code is wrong, used or expired, or the verifier is of another '
        'request. Sign in again.'
    ),
    'bad_refresh_token': (
        'The refresh token is wrong, used or expired. Sign in again.'
    ),
    'redirect_uri_mismatch': (
        'The redirect URI is not the one of the request, or not one of the '
        'app.'
    ),
    'incorrect_client_credentials': (
        'The credentials client_id and client_secret are not of one app. '
        'Paste them again.'
    ),
    'unverified_user_email': (
        'The person must first verify their primary e-mail address at GitHub.'
    ),
    'application_suspended': 'GitHub suspended the app.',
    'access_denied': 'The person declined.',
    'invalid_grant': 'The code or token is wrong, used or expired.',
}
"""Error code of the token endpoint to what it means."""

LONGEST_LIFE = 10 * 365 * 86_400
"""Seconds after which an end is taken for a mistake; refresh tokens live for
six months."""


def refusal_of(answer: Item) -> PluginError | None:
    """Return the error that an answer of the token endpoint is, if any."""
    code = answer.get('error')
    if code is None:
        return None
    if isinstance(code, str) and code in REFUSALS:
        return PluginAuthenticationFailed(REFUSALS[code])
    return PluginUnavailableError(
        "GitHub's token endpoint refused, and gave no reason that is known."
    )


def credentials_of(
    answer: Item, *, kept: str | None = None
) -> IdentityCredentials:
    """Return the credentials in an answer.

    Args:
        answer: Of the token endpoint.
        kept: The refresh token to keep where there is no new one.

    Raises:
        PluginError: It refuses, or is none.
    """
    error = refusal_of(answer)
    if error is not None:
        raise error
    token = answers.text(answer, 'access_token')
    if not (token.isascii() and token.isprintable() and token.strip()):
        raise answers.malformed('the access token fits into no header')
    scopes = (answers.maybe(answer, 'scope') or '').replace(',', ' ').split()
    kind = answers.maybe(answer, 'token_type') or 'bearer'
    extra: dict[str, str] = {}
    end = _end(answer, 'refresh_token_expires_in')
    if end is not None:
        extra['refresh_token_expires_at'] = end.isoformat()
    return IdentityCredentials(
        access_token=token,
        # In lower case at GitHub; a header has it as RFC 6750 does.
        token_type='Bearer' if kind.lower() == 'bearer' else kind,
        expires_at=_end(answer, 'expires_in'),
        refresh_token=answers.maybe(answer, 'refresh_token') or kept,
        scopes=scopes,
        extra=extra,
    )


def _end(answer: Item, name: str) -> dt.datetime | None:
    """Return when something ends; None where GitHub does not say."""
    if answer.get(name) is None:
        return None
    seconds = answers.count(answer, name)
    if not 0 < seconds <= LONGEST_LIFE:
        raise answers.malformed(f'{name} is no time to come')
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)


def profile_of(user: Item, emails: Sequence[Item] | None) -> IdentityProfile:
    """Return who it is.

    Args:
        user: Of `GET /user`. Its e-mail is what the person shows in public,
            which says nothing about whether it is verified.
        emails: Of `GET /user/emails`; None where the token may not see them.

    Raises:
        PluginUnavailableError: It is no user.
    """
    address, verified = answers.maybe(user, 'email'), False
    for email in emails or ():
        if email.get('primary') is True:
            address = answers.text(email, 'email')
            verified = email.get('verified') is True
    return IdentityProfile(
        # A login can be changed, and be taken by somebody else.
        subject=answers.identifier(user),
        email=address,
        email_verified=verified,
        name=answers.maybe(user, 'name') or answers.maybe(user, 'login'),
        avatar_url=answers.maybe(user, 'avatar_url'),
        raw_claims=user,
    )
