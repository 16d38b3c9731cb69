from __future__ import annotations

import base64
import urllib.parse

import pytest
from imbi_plugin_oidc import OIDCPlugin

from imbi_plugin_sdk import (
    IdentityCredentials,
    PluginAuthenticationFailed,
    PluginUnavailableError,
)


class Host:
    """The host, a fresh handler for every call."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.arguments = sandbox.context, sandbox.credentials

    async def begin(self, scopes=None):
        return await OIDCPlugin().authorization_request(
            *self.arguments, self.sandbox.redirect_uri, scopes
        )

    async def code(self, person='alice', scopes=None):
        request = await self.begin(scopes)
        signed_in = await self.sandbox.sign_in(request, person=person)
        assert signed_in.state == request.state
        return request, signed_in.code

    async def sign_in(self, person='alice', scopes=None):
        request, code = await self.code(person, scopes)
        return await self.exchange(request, code)

    async def exchange(self, request, code, **changes):
        return await OIDCPlugin().exchange_code(
            *self.arguments,
            code,
            changes.get('redirect_uri', self.sandbox.redirect_uri),
            changes.get('verifier', request.code_verifier),
        )

    async def refresh(self, token):
        return await OIDCPlugin().refresh(*self.arguments, token)

    async def revoke(self, token):
        await OIDCPlugin().revoke(*self.arguments, token)


def query(request):
    parts = urllib.parse.urlsplit(request.authorization_url)
    return dict(urllib.parse.parse_qsl(parts.query))


def test_a_person_signs_in_and_is_who_they_are(play):
    async def story(sandbox):
        profile, found = await Host(sandbox).sign_in('bob')
        assert profile.subject == '24400321'
        assert profile.email == 'bob@example.com'
        assert profile.email_verified
        assert profile.name == 'Bob Example'
        assert profile.avatar_url == 'https://people.example.com/bob.png'
        assert await sandbox.accepts(found) == profile.subject
        assert 'openid' in found.scopes
        assert found.refresh_token

    play(story)


def test_without_scopes_only_the_subject_is_told(play):
    async def story(sandbox):
        profile, _ = await Host(sandbox).sign_in(scopes=[])
        assert profile.subject == '24400320'
        assert profile.email is None
        assert not profile.email_verified

    play(story)


def test_without_offline_access_nobody_is_asked_for_consent(play):
    async def story(sandbox):
        sandbox.context.assignment_options['offline_access'] = False
        host = Host(sandbox)
        sent = query(await host.begin())
        assert 'prompt' not in sent
        assert sent['scope'] == 'openid profile email'
        _, found = await host.sign_in()
        assert found.refresh_token is None

    play(story)


def test_who_declines_does_not_get_in(play):
    async def story(sandbox):
        request = await Host(sandbox).begin()
        signed_in = await sandbox.sign_in(request, decision='deny')
        assert signed_in.error == 'access_denied'
        assert signed_in.state == request.state
        assert not signed_in.code

    play(story)


@pytest.mark.parametrize('rotates', [False, True])
def test_a_refresh_goes_on_and_on(play, rotates):
    async def story(sandbox):
        host = Host(sandbox)
        profile, found = await host.sign_in()
        seen = {found.refresh_token}
        for _ in range(3):
            found = await host.refresh(found.refresh_token)
            seen.add(found.refresh_token)
            assert await sandbox.accepts(found) == profile.subject
        assert len(seen) == (4 if rotates else 1)

    play(story, rotates=rotates)


def test_a_replaced_token_that_comes_back_ends_everything(play):
    async def story(sandbox):
        host = Host(sandbox)
        _, found = await host.sign_in()
        newer = await host.refresh(found.refresh_token)
        for token in (found.refresh_token, newer.refresh_token):
            with pytest.raises(PluginAuthenticationFailed):
                await host.refresh(token)

    play(story, rotates=True)


def test_a_revoked_token_is_over_and_an_unknown_one_succeeds(play):
    async def story(sandbox):
        host = Host(sandbox)
        _, found = await host.sign_in()
        for token in (found.refresh_token, found.refresh_token, 'unknown'):
            await host.revoke(token)
        with pytest.raises(PluginAuthenticationFailed):
            await host.refresh(found.refresh_token)

    play(story)


def test_a_provider_without_revocation_is_not_asked(play):
    async def story(sandbox):
        await Host(sandbox).revoke('token')
        assert [one.method for one in sandbox.proxy.requests] == ['GET']

    play(story, discovery={'revocation_endpoint': None})


def test_without_a_verifier_nothing_is_sent(play):
    async def story(sandbox):
        host = Host(sandbox)
        request, code = await host.code()
        asked = len(sandbox.proxy.requests)
        with pytest.raises(ValueError, match='code_verifier'):
            await host.exchange(request, code, verifier=None)
        assert len(sandbox.proxy.requests) == asked
        await host.exchange(request, code)

    play(story)


def test_materialize_is_the_default(play):
    async def story(sandbox):
        held = IdentityCredentials(access_token='a' * 9)
        assert held is await OIDCPlugin().materialize(
            sandbox.context, sandbox.credentials, held
        )

    play(story)


@pytest.mark.parametrize(
    ('discovery', 'option', 'in_header'),
    [
        ({}, '', True),
        (
            {'token_endpoint_auth_methods_supported': ['client_secret_post']},
            '',
            False,
        ),
        ({}, 'client_secret_basic', True),
    ],
)
def test_the_client_proves_itself_where_the_provider_looks(
    play, discovery, option, in_header
):
    async def story(sandbox):
        sandbox.context.assignment_options['token_auth_method'] = option
        with pytest.raises(PluginAuthenticationFailed):
            await Host(sandbox).refresh('unknown')
        request = sandbox.proxy.requests[-1]
        sent = request.headers.get('authorization')
        secret = sandbox.credentials['client_secret']
        assert (sent is not None) == in_header
        assert (secret in request.body.decode()) != in_header
        if in_header:
            pair = base64.b64decode(sent.removeprefix('Basic ')).decode()
            name = sandbox.credentials['client_id']
            assert pair == f'{name}:{urllib.parse.quote_plus(secret)}'

    play(story, discovery=discovery)


def test_a_provider_that_takes_no_secret_is_told_so(play):
    async def story(sandbox):
        with pytest.raises(PluginUnavailableError, match='register the'):
            await Host(sandbox).refresh('unknown')

    listed = {'token_endpoint_auth_methods_supported': ['none']}
    play(story, discovery=listed)


def test_a_wrong_secret_is_an_authentication_error(play):
    async def story(sandbox):
        sandbox.credentials['client_secret'] = 'wrong' * 5
        with pytest.raises(PluginAuthenticationFailed, match='client_secret'):
            await Host(sandbox).refresh('unknown')

    play(story)


def test_another_issuer_in_the_document_is_an_outage(play):
    async def story(sandbox):
        with pytest.raises(PluginUnavailableError, match='another issuer'):
            await Host(sandbox).begin()

    play(story, discovery={'issuer': 'https://login.example.com'})


def test_userinfo_of_somebody_else_is_refused(play):
    async def story(sandbox):
        host = Host(sandbox)
        request, code = await host.code()
        with (
            sandbox.proxy.scripted(
                lambda asked: (
                    (200, {}, b'{"sub": "666", "email": "eve@example.com"}')
                    if asked.target == '/me'
                    else None
                )
            ),
            pytest.raises(PluginAuthenticationFailed, match='another person'),
        ):
            await host.exchange(request, code)

    play(story)


def test_without_userinfo_the_id_token_says_all_there_is(play):
    async def story(sandbox):
        profile, _ = await Host(sandbox).sign_in()
        assert profile.subject == '24400320'
        assert profile.email is None

    play(story, discovery={'userinfo_endpoint': None})


def test_the_document_may_be_where_rfc_8414_puts_it(play):
    async def story(sandbox):
        def moved(asked):
            if 'openid-configuration' in asked.target:
                return 404, {}, b'{}'
            return None

        with sandbox.proxy.scripted(moved):
            assert (await Host(sandbox).begin()).state
        asked = [one.target for one in sandbox.proxy.requests]
        assert asked == [
            '/.well-known/openid-configuration',
            '/.well-known/oauth-authorization-server',
        ]
        with (
            sandbox.proxy.scripted(lambda _: (404, {}, b'')),
            pytest.raises(PluginUnavailableError, match='no discovery'),
        ):
            await Host(sandbox).begin()

    play(story)
