"""The host, as tests of signing in play it."""

from __future__ import annotations

from imbi_plugin_aws import IdentityCenterPlugin

REDIRECT = 'https://imbi.example.com/oauth/callback'


class Host:
    """The host: keeps what was registered, a fresh handler for every call."""

    def __init__(self, sandbox):
        self.sandbox, self.provider = sandbox, sandbox.provider
        self.context = sandbox.context
        self.credentials = {}

    async def begin(self, scopes=None):
        request = await IdentityCenterPlugin().authorization_request(
            self.context, dict(self.credentials), REDIRECT, scopes
        )
        self.credentials |= request.registered_credentials or {}
        return request

    async def exchange(self, code):
        return await IdentityCenterPlugin().exchange_code(
            self.context, dict(self.credentials), code, REDIRECT
        )

    async def sign_in(self, person='alice', scopes=None):
        request = await self.begin(scopes)
        await self.sandbox.sign_in(request, person=person)
        return await self.exchange(request.state)

    async def refresh(self, token):
        return await IdentityCenterPlugin().refresh(
            self.context, dict(self.credentials), token
        )

    async def revoke(self, token):
        await IdentityCenterPlugin().revoke(
            self.context, dict(self.credentials), token
        )

    async def materialize(self, connection, **options):
        return await IdentityCenterPlugin().materialize(
            self.context,
            dict(self.credentials),
            connection,
            identity_options=options or None,
        )

    def asked(self):
        return [path for path, _ in self.provider.requests]
