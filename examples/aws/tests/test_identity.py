from __future__ import annotations

import datetime as dt
import time

import pytest

from imbi_plugin_sdk import (
    IdentityAuthorizationExpired,
    IdentityAuthorizationPending,
    PluginAuthenticationFailed,
    PluginCredentialsMissing,
)
from tests import sso


def test_the_first_sign_in_registers_a_client_for_all_that_follow(
    sign_in_story,
):
    async def tell(host):
        first = await host.begin()
        assert set(first.registered_credentials) == {
            'client_id',
            'client_secret',
            'client_expires_at',
            'client_scopes',
        }
        second = await host.begin()
        assert second.registered_credentials is None
        assert host.asked().count('/client/register') == 1
        assert first.polling.interval == sso.INTERVAL
        assert first.polling.expires_in == 600
        assert first.polling.user_code in first.authorization_url
        assert first.state not in first.authorization_url

    sign_in_story(tell)


def test_a_client_is_replaced_before_it_ends_or_for_other_scopes(
    sign_in_story,
):
    async def tell(host):
        await host.begin()
        soon = str(int(time.time()) + 3_600)
        host.credentials['client_expires_at'] = soon
        assert (await host.begin()).registered_credentials
        assert (await host.begin([])).registered_credentials
        assert not (await host.begin([])).registered_credentials
        assert (await host.begin()).registered_credentials

    sign_in_story(tell)


def test_scopes_are_registered_as_they_are_asked_for(sign_in_story):
    async def tell(host):
        for scopes, sent in (
            (None, ['sso:account:access']),
            ([], None),
            (['codewhisperer:completions'], ['codewhisperer:completions']),
        ):
            await host.begin(scopes)
            asked = [
                body
                for path, body in host.provider.requests
                if path == '/client/register'
            ]
            assert asked[-1].get('scopes') == sent
        with pytest.raises(ValueError, match='one of the scopes'):
            await host.begin(['everything'])

    sign_in_story(tell)


def test_somebody_who_signs_in_is_known_by_user_name(sign_in_story):
    async def tell(host):
        for _ in range(2):
            profile, found = await host.sign_in('alice')
            assert profile.subject == profile.email == 'alice@example.com'
            assert not profile.email_verified
            assert found.scopes == ['sso:account:access']
            left = found.expires_at - dt.datetime.now(dt.UTC)
            assert 3_590 < left.total_seconds() <= 3_600
            assert found.refresh_token
        profile, _ = await host.sign_in('bob')
        assert (profile.subject, profile.email) == ('bob', None)

    sign_in_story(tell)


def test_somebody_without_any_role_cannot_sign_in(sign_in_story):
    async def tell(host):
        with pytest.raises(PluginAuthenticationFailed, match='Assign one'):
            await host.sign_in('carol')

    sign_in_story(tell)


def test_waiting_is_pending_also_when_told_to_slow_down(sign_in_story):
    async def tell(host):
        request = await host.begin()
        for _ in range(3):
            before = len(host.asked())
            with pytest.raises(IdentityAuthorizationPending):
                await host.exchange(request.state)
            assert len(host.asked()) == before + 1  # it polls once
        await host.sandbox.sign_in(request)
        assert (await host.exchange(request.state))[0].subject

    sign_in_story(tell)


def test_denial_expiry_and_use_end_a_flow(sign_in_story):
    async def tell(host):
        request = await host.begin()
        await host.sandbox.sign_in(request, decision='deny')
        with pytest.raises(PluginAuthenticationFailed, match='declined'):
            await host.exchange(request.state)
        request = await host.begin()
        await host.sandbox.expire('device', request.state)
        with pytest.raises(IdentityAuthorizationExpired):
            await host.exchange(request.state)
        request = await host.begin()
        await host.sandbox.sign_in(request)
        await host.exchange(request.state)
        for code in (request.state, '', '\ud800', 'made up'):
            before = len(host.asked())
            with pytest.raises(PluginAuthenticationFailed):
                await host.exchange(code)
            assert len(host.asked()) == before + 1

    sign_in_story(tell)


@pytest.mark.parametrize('rotates', [False, True])
def test_a_refresh_keeps_or_replaces_the_token(sign_in_story, rotates):
    async def tell(host):
        host.provider.rotates = rotates
        _, found = await host.sign_in()
        renewed = await host.refresh(found.refresh_token)
        assert renewed.access_token != found.access_token
        assert (renewed.refresh_token != found.refresh_token) == rotates
        again = await host.refresh(renewed.refresh_token)
        assert await host.sandbox.accepts(again) == 'alice@example.com'

    sign_in_story(tell)


def test_a_refresh_token_that_is_no_longer_good_is_said_so(sign_in_story):
    async def tell(host):
        _, found = await host.sign_in()
        await host.sandbox.expire('refresh', found.refresh_token)
        for token in (found.refresh_token, found.access_token, 'made up'):
            with pytest.raises(PluginAuthenticationFailed, match='sign in'):
                await host.refresh(token)

    sign_in_story(tell)


@pytest.mark.parametrize('which', ['access_token', 'refresh_token'])
def test_revoking_either_token_ends_the_session_and_no_other(
    sign_in_story, which
):
    async def tell(host):
        _, found = await host.sign_in()
        _, other = await host.sign_in()
        for _ in range(2):
            await host.revoke(getattr(found, which))
        assert await host.sandbox.accepts(found) is None
        with pytest.raises(PluginAuthenticationFailed):
            await host.refresh(found.refresh_token)
        assert await host.sandbox.accepts(other)
        for token in ('made up', '', 'a\nb', 'é'):
            await host.revoke(token)
        host.credentials = {}
        await host.revoke('made up')

    sign_in_story(tell)


def test_materialize_gives_the_keys_of_the_named_role(sign_in_story):
    async def tell(host):
        _, found = await host.sign_in()
        before = found.model_copy(deep=True)
        made = await host.materialize(found)
        assert found == before
        keys = host.provider.keys[made.extra['access_key_id']]
        assert keys.secret == made.extra['secret_access_key']
        assert keys.token == made.extra['session_token'] == made.access_token
        assert (keys.person, keys.role) == ('alice', 'Deployer')
        assert made.expires_at == found.expires_at  # keys live longer
        assert made.refresh_token is None
        other = await host.materialize(
            found, account_id='444455556666', role_name='ReadOnlyAccess'
        )
        keys = host.provider.keys[other.extra['access_key_id']]
        assert (keys.account, keys.role) == ('444455556666', 'ReadOnlyAccess')

    sign_in_story(tell)


def test_keys_that_end_first_say_so(sign_in_story, monkeypatch):
    monkeypatch.setattr(sso, 'KEY_SECONDS', 60)

    async def tell(host):
        _, found = await host.sign_in()
        made = await host.materialize(found)
        assert made.expires_at < found.expires_at
        unknown = found.model_copy(update={'expires_at': None})
        assert (await host.materialize(unknown)).expires_at is not None

    sign_in_story(tell)


def test_materialize_needs_a_role_and_a_connection_that_lasts(sign_in_story):
    async def tell(host):
        _, found = await host.sign_in()
        with pytest.raises(PluginAuthenticationFailed, match='this role'):
            await host.materialize(found, account_id='444455556666')
        ended = found.model_copy(
            update={'expires_at': dt.datetime.now(dt.UTC)}
        )
        asked = len(host.asked())
        with pytest.raises(PluginAuthenticationFailed, match='has ended'):
            await host.materialize(ended)
        for name in ('account_id', 'role_name'):
            del host.context.assignment_options[name]
            with pytest.raises(ValueError, match='account_id'):
                await host.materialize(found)
        assert len(host.asked()) == asked
        await host.revoke(found.access_token)
        with pytest.raises(PluginAuthenticationFailed):
            await host.materialize(
                found, account_id='111122223333', role_name='Deployer'
            )

    sign_in_story(tell)


def test_without_a_client_nothing_is_asked(sign_in_story):
    async def tell(host):
        for credentials in ({}, {'client_id': 'x', 'client_secret': ' '}):
            host.credentials = credentials
            for call in (host.exchange('x'), host.refresh('x')):
                with pytest.raises(PluginCredentialsMissing):
                    await call
        assert host.asked() == []

    sign_in_story(tell)


def test_a_client_that_aws_does_not_know_is_said_so(sign_in_story):
    async def tell(host):
        host.credentials = {'client_id': 'x', 'client_secret': 'y'}
        for call in (host.begin(), host.exchange('x'), host.refresh('x')):
            with pytest.raises(PluginAuthenticationFailed, match='delete'):
                await call

    sign_in_story(tell)
