"""What a provider tells of itself (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from imbi_plugin_oidc.answers import malformed
from imbi_plugin_oidc.manifest import AUTH_METHODS
from imbi_plugin_oidc.settings import is_safe
from imbi_plugin_sdk import PluginUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHMS = (
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'PS256',
    'PS384',
    'PS512',
    'RS256',
    'RS384',
    'RS512',
)
"""Signatures that are taken: those with a public key. A provider that lists
`none` or HS256 is not believed (RFC 8725 §3.1)."""

DEFAULT_ALGORITHMS = ('RS256',)
"""Where the provider names none (OpenID Connect Core §15.1)."""

WHAT = 'the discovery request'


def urls(issuer: str) -> tuple[str, ...]:
    """Return where the metadata of an issuer may be, the usual place first.

    OpenID Connect puts the well-known path behind the issuer's (Discovery
    §4), RFC 8414 §3 puts it in front.
    """
    parts = urlsplit(issuer)
    path = parts.path.rstrip('/')
    origin = f'{parts.scheme}://{parts.netloc}'
    return (
        f'{origin}{path}/.well-known/openid-configuration',
        f'{origin}/.well-known/oauth-authorization-server{path}',
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Metadata:
    """What the plugin needs of it.

    Attributes:
        issuer: Exactly the one that was asked for.
        authorization_endpoint: Where people sign in.
        token_endpoint: Where codes and refresh tokens are exchanged.
        jwks_uri: Where the keys are.
        userinfo_endpoint: Where claims are, or None.
        revocation_endpoint: Where tokens end, or None.
        algorithms: Of the id tokens, those that are taken.
        auth_methods: How a client may prove itself, those that are known.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    revocation_endpoint: str | None
    algorithms: tuple[str, ...]
    auth_methods: tuple[str, ...]

    @classmethod
    def read(cls, body: Mapping[str, Any], issuer: str) -> Metadata:
        """Return the checked metadata of an issuer.

        Raises:
            PluginUnavailableError: It is another issuer's (Discovery §4.3:
                compared character by character), or it is not complete.
        """
        if body.get('issuer') != issuer:
            raise PluginUnavailableError(
                'The discovery document is of another issuer than the option '
                f'issuer, {issuer!r}; they must be equal to the last slash.'
            )
        return cls(
            issuer=issuer,
            authorization_endpoint=_url(body, 'authorization_endpoint'),
            token_endpoint=_url(body, 'token_endpoint'),
            jwks_uri=_url(body, 'jwks_uri'),
            userinfo_endpoint=_optional(body, 'userinfo_endpoint'),
            revocation_endpoint=_optional(body, 'revocation_endpoint'),
            algorithms=_known(
                body,
                'id_token_signing_alg_values_supported',
                ALGORITHMS,
                DEFAULT_ALGORITHMS,
            ),
            auth_methods=_known(
                body,
                'token_endpoint_auth_methods_supported',
                AUTH_METHODS,
                AUTH_METHODS[:1],  # RFC 8414 §2: basic where none is named
            ),
        )


def _url(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not is_safe(value):
        raise malformed(WHAT)
    return value


def _optional(body: Mapping[str, Any], name: str) -> str | None:
    return None if body.get(name) is None else _url(body, name)


def _known(
    body: Mapping[str, Any],
    name: str,
    known: tuple[str, ...],
    default: tuple[str, ...],
) -> tuple[str, ...]:
    """Return those of a list that are known, in our order."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, list):
        raise malformed(WHAT)
    listed = cast('list[object]', value)
    return tuple(one for one in known if one in listed)
