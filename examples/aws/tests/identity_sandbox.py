"""IAM Identity Center for the kit: a fake that botocore's clients accept."""

from __future__ import annotations

import datetime as dt
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

from imbi_plugin_sdk import IdentityCredentials, PluginContext
from imbi_plugin_testkit.models.identity import (
    IdentityLimits,
    IdentitySandbox,
    SignedIn,
)
from imbi_plugin_testkit.proxy import FaultProxy, ProxiedSandbox
from imbi_plugin_testkit.sandbox import UnsupportedBySandbox
from tests import sso
from tests.aws_sandbox import hurried
from tests.sso_server import SsoServer

if TYPE_CHECKING:
    from imbi_plugin_sdk import AuthorizationRequest
    from imbi_plugin_testkit.models.identity import Decision


PACE = 0.25
"""Seconds between two polls of a device flow: long enough for two that come
at once to be too many on a busy machine, and soon over."""


class IdentityCenterSandbox(ProxiedSandbox, IdentitySandbox):
    """One instance of IAM Identity Center, behind a proxy."""

    backend = 'fake'
    limits = IdentityLimits(
        people=('alice', 'bob'),
        scopes=('sso:account:access', 'codewhisperer:completions'),
        device_interval=PACE,
    )
    identity_options = MappingProxyType(
        {'account_id': '111122223333', 'role_name': 'ReadOnlyAccess'}
    )

    async def __aenter__(self) -> Self:
        """Start the fake and give a context for it."""
        self.server = SsoServer().start()
        self.provider = self.server.provider
        self.provider.pace = PACE
        self.proxy = FaultProxy(self.server.url, host='localhost').start()
        self.provider.url = self.proxy.url
        self.credentials = {}
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug='kit-org',
            assignment_options={
                'region': sso.REGION,
                'start_url': sso.START_URL,
                'account_id': '111122223333',
                'role_name': 'Deployer',
                'endpoint_url': self.proxy.url,
                'timeout': 3,
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the fake."""
        self.proxy.close()
        self.server.close()

    def impatient(self, context: PluginContext) -> PluginContext:
        """Let the plugin give up after three tenths of a second."""
        return hurried(context)

    async def connect(self, *, person: str = 'alice') -> IdentityCredentials:
        """Sign a person in, past the plugin once it has registered.

        Laws of every method need hundreds of connections, and the plugin
        asks seven times for each of them.
        """
        client = {
            'clientId': self.credentials.get('client_id', ''),
            'clientSecret': self.credentials.get('client_secret', ''),
        }
        if not all(client.values()):
            return await super().connect(person=person)
        tokens = self.provider.sign_in(client, person)
        return IdentityCredentials(
            access_token=tokens['accessToken'],
            token_type=tokens['tokenType'],
            expires_at=dt.datetime.now(dt.UTC)
            + dt.timedelta(seconds=tokens['expiresIn']),
            refresh_token=tokens.get('refreshToken'),
            scopes=self.credentials.get('client_scopes', '').split(),
        )

    async def sign_in(
        self,
        request: AuthorizationRequest,
        *,
        person: str = 'alice',
        decision: Decision = 'approve',
    ) -> SignedIn:
        """Enter the user code, and decide."""
        assert request.polling is not None
        if decision != 'wait':
            self.provider.answer(
                request.polling.user_code,
                person,
                approve=decision == 'approve',
            )
        return SignedIn(
            code=request.state,
            error='access_denied' if decision == 'deny' else None,
        )

    async def accepts(self, credentials: IdentityCredentials) -> str | None:
        """Tell whose an access token is, or the keys of a role."""
        name = credentials.extra.get('access_key_id')
        if name is not None:
            keys = self.provider.keys.get(name)
            if keys is None or keys.token != credentials.access_token:
                return None
            return sso.PEOPLE[keys.person]
        try:
            session = self.provider.owner(credentials.access_token)
        except sso.Refused:
            return None
        return sso.PEOPLE[session.person]

    async def expire(
        self, what: Literal['code', 'device', 'access', 'refresh'], value: str
    ) -> None:
        """Let a device flow or a token run out."""
        kinds: dict[str, dict[str, Any]] = {
            'device': self.provider.devices,
            'access': self.provider.access,
            'refresh': self.provider.renewal,
        }
        if what not in kinds:
            raise UnsupportedBySandbox(f'expire({what})')
        kinds[what][value].ends = time.time() - 1
