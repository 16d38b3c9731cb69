"""One call's options and client, checked before anything is sent."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING, Any

from imbi_plugin_ssm.settings import (
    endpoint_of,
    region_of,
    timeout_of,
)

from imbi_plugin_sdk import PluginCredentialsMissing
from imbi_plugin_sdk.options import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk import PluginContext

MARGIN = 86_400.0
"""Seconds before its end from which a client is replaced: a day, which no
sign-in lasts. AWS registers clients for 90 days."""

_ACCOUNT = re.compile(r'\d{12}')
_ROLE = re.compile(r'[\w+=,.@-]{1,64}', re.ASCII)
"""Name of a role (IAM API reference, `CreateRole`)."""

_START_URL = re.compile(r'https://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[^\s?]*)?')


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The options of a call.

    Attributes:
        region: As in `eu-west-1`.
        start_url: The AWS access portal.
        oidc: URL of the service that gives tokens, without a path.
        portal: URL of the service that gives keys for tokens.
        endpoint: URL of the service that knows whose keys they are.
        timeout: Seconds for the whole call.
    """

    region: str
    start_url: str
    oidc: str
    portal: str
    endpoint: str
    timeout: float

    @classmethod
    def read(cls, ctx: PluginContext) -> Settings:
        """Return the checked options of a call.

        Raises:
            ValueError: An option does not hold; says which and what would.
        """
        options = ctx.assignment_options
        region = region_of(options)
        start_url = read_text(options, 'start_url')
        if not _START_URL.fullmatch(start_url):
            raise ValueError(
                f'The option start_url is {start_url[:80]!r}; it must be the '
                'AWS access portal, as in '
                "'https://d-1234567890.awsapps.com/start'."
            )
        oidc, portal, sts = (
            endpoint_of(options, f'{host}.{region}', region)
            for host in ('oidc', 'portal.sso', 'sts')
        )
        return cls(
            region=region,
            start_url=start_url,
            oidc=oidc,
            portal=portal,
            endpoint=sts,
            timeout=timeout_of(options),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Role:
    """A permission set of a person in an account.

    Attributes:
        account: Its 12 digits.
        name: As in `ReadOnlyAccess`.
    """

    account: str
    name: str

    @classmethod
    def read(
        cls, ctx: PluginContext, chosen: Mapping[str, Any] | None = None
    ) -> Role | None:
        """Return the role of a call, or None where none is named.

        Args:
            ctx: Its options name the role that `chosen` leaves open.
            chosen: `account_id` and `role_name` of a plugin that delegates.

        Raises:
            ValueError: One of the two is missing, or is none.
        """
        given = {
            **ctx.assignment_options,
            **{name: value for name, value in (chosen or {}).items() if value},
        }
        account = read_text(given, 'account_id')
        name = read_text(given, 'role_name')
        if not account and not name:
            return None
        if not _ACCOUNT.fullmatch(account):
            raise ValueError(
                f'The option account_id is {account[:40]!r}; it must be the '
                '12 digits of an AWS account.'
            )
        if not _ROLE.fullmatch(name):
            raise ValueError(
                f'The option role_name is {name[:80]!r}; it must be the name '
                "of a permission set, as in 'ReadOnlyAccess'."
            )
        return cls(account, name)


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """What Imbi is registered as; its repr shows nothing of it.

    Attributes:
        id: Names the client.
        secret: Goes with it.
        expires_at: Seconds since the epoch; None if untold.
        scopes: What it was registered for; None if untold.
    """

    id: str = dataclasses.field(repr=False)
    secret: str = dataclasses.field(repr=False)
    expires_at: float | None = None
    scopes: tuple[str, ...] | None = None

    @classmethod
    def read(cls, credentials: Mapping[str, str]) -> Client | None:
        """Return the client among the credentials, or None."""
        given = {name: text.strip() for name, text in credentials.items()}
        if not given.get('client_id') or not given.get('client_secret'):
            return None
        try:
            expires_at = float(given.get('client_expires_at') or 'nan')
        except ValueError:
            expires_at = float('nan')
        scopes = given.get('client_scopes')
        return cls(
            given['client_id'],
            given['client_secret'],
            None if expires_at != expires_at else expires_at,  # noqa: PLR0124  not a number
            None if scopes is None else tuple(scopes.split()),
        )

    @classmethod
    def need(cls, credentials: Mapping[str, str]) -> Client:
        """Return the client among the credentials.

        Raises:
            PluginCredentialsMissing: There is none.
        """
        client = cls.read(credentials)
        if client is None:
            raise PluginCredentialsMissing(
                'IAM Identity Center needs client_id and client_secret, which '
                'the first sign-in registers. Sign in anew.'
            )
        return client

    def fits(self, scopes: Iterable[str], default: Iterable[str]) -> bool:
        """Return whether it may be used for a sign-in that begins now.

        Args:
            scopes: What the sign-in asks for.
            default: What it was registered for, where that is untold.
        """
        if self.expires_at is not None and (
            self.expires_at < time.time() + MARGIN
        ):
            return False
        own = default if self.scopes is None else self.scopes
        return set(own) == set(scopes)

    def written(self) -> dict[str, str]:
        """Return it as credentials for the host to keep."""
        written = {'client_id': self.id, 'client_secret': self.secret}
        if self.expires_at is not None:
            written['client_expires_at'] = str(int(self.expires_at))
        if self.scopes is not None:
            written['client_scopes'] = ' '.join(self.scopes)
        return written
