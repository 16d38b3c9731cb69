"""Identity plugins with the device flow (RFC 8628), correct in every place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import (
    IdentityAuthorizationExpired,
    IdentityAuthorizationPending,
)
from imbi_plugin_sdk.handlers.identity import (
    AuthorizationRequest,
    PollingDescriptor,
)
from imbi_plugin_sdk.manifest import CredentialField
from imbi_plugin_testkit.memory.identity.handler import MemoryIdentity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import IdentityCredentials, PluginContext
    from imbi_plugin_sdk.handlers.identity import IdentityProfile

DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

PENDING = frozenset({'authorization_pending', 'slow_down'})
"""Errors after which one asks again (RFC 8628 §3.5)."""

OVER = frozenset({'access_denied', 'expired_token'})
"""Errors after which one starts anew (RFC 8628 §3.5)."""


class MemoryDeviceIdentity(MemoryIdentity):
    """Signs people in at a `MemoryProvider`, with the device flow."""

    manifest = MemoryIdentity.manifest.model_copy(
        update={'slug': 'memory-device-identity', 'name': 'Memory device'}
    )

    async def authorization_request(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        redirect_uri: str,
        scopes: list[str] | None = None,
    ) -> AuthorizationRequest:
        """Begin a device flow; its code is the state."""
        del redirect_uri
        registered = await self.registered(ctx, credentials)
        answer = await self.post(
            ctx,
            {**credentials, **(registered or {})},
            'device_authorization',
            self.scope_parameters(scopes),
        )
        return self.to_request(answer, registered)

    async def exchange_code(
        self,
        ctx: PluginContext,
        credentials: dict[str, str],
        code: str,
        redirect_uri: str,
        code_verifier: str | None = None,
    ) -> tuple[IdentityProfile, IdentityCredentials]:
        """Ask once whether the person is done."""
        del redirect_uri, code_verifier
        form = {'grant_type': DEVICE_GRANT, 'device_code': code}
        answer = await self.post(ctx, credentials, 'token', form)
        return await self.signed_in(ctx, credentials, answer, None)

    async def registered(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> dict[str, str] | None:
        """Return credentials that were registered on the way; here none."""
        del ctx, credentials
        return None

    def to_request(
        self, answer: Mapping[str, Any], registered: dict[str, str] | None
    ) -> AuthorizationRequest:
        """Return what the person must do."""
        return AuthorizationRequest(
            authorization_url=answer['verification_uri_complete'],
            state=answer['device_code'],
            registered_credentials=registered,
            polling=PollingDescriptor(
                user_code=answer['user_code'],
                verification_uri=answer['verification_uri'],
                verification_uri_complete=answer['verification_uri_complete'],
                interval=math.ceil(answer['interval']),
                expires_in=answer['expires_in'],
            ),
        )

    def error_of(self, status: int, code: str) -> Exception:
        """Return the contract's error for an answer (RFC 8628 §3.5)."""
        if code in PENDING:
            return IdentityAuthorizationPending(code)
        if code in OVER:
            return IdentityAuthorizationExpired(code)
        return super().error_of(status, code)


class MemoryRegisteringIdentity(MemoryDeviceIdentity):
    """Registers a client of its own where none is given (RFC 7591)."""

    manifest = MemoryIdentity.manifest.model_copy(
        update={
            'slug': 'memory-registering-identity',
            'name': 'Memory with registration',
            'credentials': [
                CredentialField(
                    name='client_id', label='Client id', required=False
                ),
                CredentialField(
                    name='client_secret',
                    label='Client secret',
                    required=False,
                ),
            ],
        }
    )

    async def registered(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> dict[str, str] | None:
        """Return a new client, unless there is one."""
        if credentials.get('client_id') and credentials.get('client_secret'):
            return None
        path = self.path((await self.metadata(ctx))['registration_endpoint'])
        answer = await self.ask(ctx, path, {'client_name': 'Imbi'})
        return {name: answer[name] for name in ('client_id', 'client_secret')}
