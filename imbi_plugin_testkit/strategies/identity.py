"""Strategies for identity: scopes, people, states, tokens and claims."""

from __future__ import annotations

import datetime as dt
import string
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from imbi_plugin_sdk.context import IdentityCredentials
    from imbi_plugin_testkit.models.identity import IdentityLimits

UNRESERVED = f'{string.ascii_letters}{string.digits}-._~'
"""What a PKCE verifier is made of (RFC 7636 §4.1)."""

SCOPE_CHARACTERS = ''.join(
    chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\'
)
"""What a scope is made of (RFC 6749 §3.3)."""

TOKEN_CHARACTERS = f'{string.ascii_letters}{string.digits}-._~+/'
"""What a bearer token is made of (RFC 6750 §2.1)."""

YEAR = 365
"""Days to come within which made-up credentials end."""


def scopes(limits: IdentityLimits) -> SearchStrategy[list[str] | None]:
    """Return what `authorization_request` takes as scopes.

    None (the default), `[]` (none), or some of the scopes that may be asked
    for, each once and in any order.

    Args:
        limits: What the provider does.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    if not limits.scopes:
        return st.sampled_from([None, []])
    some = st.lists(st.sampled_from(limits.scopes), unique=True)
    return st.none() | some


def scope_names() -> SearchStrategy[str]:
    """Return names that a scope may have, URLs among them."""
    from hypothesis import strategies as st  # noqa: PLC0415

    return st.text(SCOPE_CHARACTERS, min_size=1, max_size=30) | (
        st.sampled_from(
            ['openid', 'read:user', 'https://www.example.com/auth/a.b']
        )
    )


def people(limits: IdentityLimits) -> SearchStrategy[str]:
    """Return people that can sign in, those that a law uses first."""
    from hypothesis import strategies as st  # noqa: PLC0415

    return st.sampled_from(limits.people)


def oauth_states() -> SearchStrategy[str]:
    """Return states as a browser brings them back (RFC 6749 §A.5).

    Any printable ASCII: what the provider echoes may come from somebody else.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    alphabet = [chr(code) for code in range(0x20, 0x7F)]
    return st.text(alphabet, min_size=1, max_size=200)


def pkce_verifiers() -> SearchStrategy[str]:
    """Return PKCE verifiers: 43 to 128 unreserved characters."""
    from hypothesis import strategies as st  # noqa: PLC0415

    return st.text(UNRESERVED, min_size=43, max_size=128)


def redirect_uris() -> SearchStrategy[str]:
    """Return redirect URIs, some with a query that is easily changed."""
    from hypothesis import strategies as st  # noqa: PLC0415

    query = st.sampled_from(
        ['', '?a=1', '?next=%2Fa%20b', '?tenant=1+2&x=%C3%BC', '?q=']
    )
    path = st.sampled_from(['', '/', '/callback', '/oauth/callback/'])
    base = 'https://imbi.example.com'
    return st.tuples(path, query).map(lambda parts: base + ''.join(parts))


def identity_credentials() -> SearchStrategy[IdentityCredentials]:
    """Return credentials as `materialize` gets them.

    Some without refresh token, end or scopes; those with an end are good.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.context import IdentityCredentials  # noqa: PLC0415

    token = st.text(TOKEN_CHARACTERS, min_size=8, max_size=40)
    start = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    ends = st.datetimes(
        start + dt.timedelta(minutes=5),
        start + dt.timedelta(days=YEAR),
        timezones=st.just(dt.UTC),
    )
    return st.builds(
        IdentityCredentials,
        access_token=token,
        token_type=st.sampled_from(['Bearer', 'bearer', 'DPoP']),
        expires_at=st.none() | ends,
        refresh_token=st.none() | token,
        scopes=st.lists(scope_names(), max_size=3, unique=True),
        extra=st.dictionaries(
            st.sampled_from(['id_token', 'instance_url', 'account']),
            token,
            max_size=2,
        ),
    )


def oidc_claims() -> SearchStrategy[dict[str, Any]]:
    """Return what providers say of people (OpenID Connect Core 1.0 §5.1).

    `sub` is always there; everything else may be absent, and
    `email_verified` may be text, as some providers send it.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    text = st.text(max_size=20)
    return st.fixed_dictionaries(
        {'sub': st.text(string.ascii_letters + string.digits, min_size=1)},
        optional={
            'email': st.emails(),
            'email_verified': st.sampled_from([True, False, 'true', 'false']),
            'name': text,
            'preferred_username': text,
            'picture': st.just('https://people.example.com/1.png'),
            'groups': st.lists(text, max_size=3),
        },
    )
