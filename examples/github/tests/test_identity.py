"""Signing in at GitHub, beyond what the laws ask."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from imbi_plugin_github import (
    EnterpriseCloudIdentity,
    EnterpriseServerIdentity,
    GitHubIdentity,
)
from imbi_plugin_github.identity.oauth import (
    REFUSALS,
    credentials_of,
    profile_of,
)

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginContext,
    PluginUnavailableError,
)
from imbi_plugin_testkit.sandbox import Fault
from tests.world import ACCESS_LIFE

HANDLERS = {
    'github': GitHubIdentity,
    'github-enterprise-cloud': EnterpriseCloudIdentity,
    'github-enterprise-server': EnterpriseServerIdentity,
}


async def begin(sandbox, scopes=None):
    return await HANDLERS[sandbox.product]().authorization_request(
        sandbox.context, sandbox.credentials, sandbox.redirect_uri, scopes
    )


async def connect(sandbox, scopes=None, person='alice'):
    request = await begin(sandbox, scopes)
    signed_in = await sandbox.sign_in(request, person=person)
    return await exchange(sandbox, signed_in.code, request.code_verifier)


async def exchange(sandbox, code, verifier):
    return await HANDLERS[sandbox.product]().exchange_code(
        sandbox.context,
        sandbox.credentials,
        code,
        sandbox.redirect_uri,
        verifier,
    )


def is_token_request(request):
    return request.target == '/login/oauth/access_token'


@pytest.mark.parametrize(
    ('scopes', 'sent'),
    [
        (None, ['read:user user:email']),
        (['repo', 'repo'], ['repo']),
        ([], None),
    ],
)
def test_scopes_are_asked_for_as_they_are(scopes, sent, sign):
    async def story(sandbox):
        request = await begin(sandbox, scopes)
        query = parse_qs(urlsplit(request.authorization_url).query)
        assert query.get('scope') == sent
        assert not sandbox.proxy.requests

    sign(story)


def test_who_signs_in_is_known_by_number_and_verified_address(sign):
    async def story(sandbox):
        profile, found = await connect(sandbox)
        user = sandbox.world.users['alice']
        assert profile.subject == str(user.id)
        assert profile.email == user.address
        assert profile.email_verified
        assert profile.name == 'Alice'
        assert profile.raw_claims['login'] == 'alice'
        assert found.token_type == 'Bearer'
        assert found.scopes == ['read:user', 'user:email']
        left = found.expires_at - dt.datetime.now(dt.UTC)
        assert ACCESS_LIFE - 60 < left.total_seconds() <= ACCESS_LIFE
        assert found.refresh_token.startswith('ghr_')
        end = dt.datetime.fromisoformat(
            found.extra['refresh_token_expires_at']
        )
        assert end > found.expires_at

    sign(story)


def test_an_address_is_not_verified_by_being_public(sign):
    """Without the scope there is only what the person shows."""

    async def story(sandbox):
        profile, _ = await connect(sandbox, scopes=[])
        assert (profile.email, profile.email_verified) == (None, False)

        def answer(request):
            if not request.target.endswith('/user'):
                return None
            body = {'id': 7, 'login': 'x', 'email': 'x@example.com'}
            return 200, {}, json.dumps(body).encode()

        with sandbox.proxy.scripted(answer):
            profile, _ = await connect(sandbox, scopes=[])
        assert profile.email == 'x@example.com'
        assert not profile.email_verified
        assert profile.name == 'x'

    sign(story)


@pytest.mark.parametrize('verified', [True, False, None, 'true'])
@pytest.mark.parametrize('place', [0, 1])
def test_the_primary_address_counts_and_its_own_verification(verified, place):
    other = {'email': 'b@example.com', 'primary': False, 'verified': True}
    primary = {
        'email': 'a@example.com',
        'primary': True,
        'verified': verified,
    }
    emails = [other, other]
    emails[place] = primary
    profile = profile_of({'id': 7, 'login': 'x'}, emails)
    assert profile.email == 'a@example.com'
    assert profile.email_verified is (verified is True)


def test_a_refresh_gives_the_new_token_and_keeps_an_omitted_one(sign):
    answer = {'access_token': 'x'}
    assert credentials_of(answer, kept='old').refresh_token == 'old'

    async def story(sandbox):
        _, first = await connect(sandbox)
        handler = HANDLERS[sandbox.product]()
        second = await handler.refresh(
            sandbox.context, sandbox.credentials, first.refresh_token
        )
        assert second.refresh_token != first.refresh_token
        assert await sandbox.accepts(first) is None
        assert await sandbox.accepts(second)

    sign(story)


def test_an_app_without_the_permission_signs_people_in_all_the_same(sign):
    async def story(sandbox):
        def emails(request):
            return '/user/emails' in request.target

        with sandbox.proxy.broken(Fault.FORBIDDEN, only=emails):
            profile, _ = await connect(sandbox)
        assert not profile.email_verified
        with (
            sandbox.proxy.broken(Fault.SERVER_ERROR, only=emails),
            pytest.raises(PluginUnavailableError),
        ):
            await connect(sandbox)

    sign(story)


def test_tokens_that_do_not_expire_have_no_end(sign):
    async def story(sandbox):
        sandbox.app.expires = False
        _, found = await connect(sandbox)
        assert found.expires_at is None
        assert found.refresh_token is None
        assert found.extra == {}

    sign(story)


@pytest.mark.parametrize('code', [*REFUSALS, 'pirouetted', ''])
def test_a_refusal_comes_as_200_and_is_one(code, sign):
    async def story(sandbox):
        body = json.dumps({'error': code}).encode()
        kind = (
            PluginAuthenticationFailed
            if code in REFUSALS
            else PluginUnavailableError
        )
        with sandbox.proxy.scripted(lambda _: (200, {}, body)):
            with pytest.raises(kind):
                await exchange(sandbox, 'code', 'v' * 43)
            with pytest.raises(kind):
                await HANDLERS[sandbox.product]().refresh(
                    sandbox.context, sandbox.credentials, 'ghr_x'
                )

    sign(story)


@pytest.mark.parametrize(
    'answer',
    [
        {},
        {'access_token': 7},
        {'access_token': ''},
        {'access_token': 'a\nb'},
        {'access_token': 'tök'},
        {'access_token': 'x', 'expires_in': '3600'},
        {'access_token': 'x', 'expires_in': -1},
        {'access_token': 'x', 'expires_in': True},
        {'access_token': 'x', 'expires_in': 10**30},
        [],
        None,
    ],
)
def test_an_answer_of_another_shape_is_an_outage(answer, sign):
    async def story(sandbox):
        body = json.dumps(answer).encode()

        def script(request):
            return (200, {}, body) if is_token_request(request) else None

        with (
            sandbox.proxy.scripted(script),
            pytest.raises(PluginUnavailableError),
        ):
            await exchange(sandbox, 'code', 'v' * 43)

    sign(story)


@pytest.mark.parametrize('user', [{}, {'id': '7'}, {'id': True}, {'id': 0}])
def test_a_user_without_a_number_is_nobody(user, sign):
    async def story(sandbox):
        def answer(request):
            if not request.target.endswith('/user'):
                return None
            return 200, {}, json.dumps(user).encode()

        with (
            sandbox.proxy.scripted(answer),
            pytest.raises(PluginUnavailableError),
        ):
            await connect(sandbox)

    sign(story)


def test_without_a_verifier_nothing_is_redeemed(sign):
    async def story(sandbox):
        with pytest.raises(ValueError, match='code_verifier'):
            await exchange(sandbox, 'code', None)
        assert not sandbox.proxy.requests

    sign(story)


def test_a_code_is_sent_once_also_when_its_answer_is_lost(sign):
    async def story(sandbox):
        request = await begin(sandbox)
        code = (await sandbox.sign_in(request)).code
        with (
            sandbox.proxy.broken(
                Fault.RESET, only=is_token_request, reaches=True
            ),
            pytest.raises(PluginUnavailableError),
        ):
            await exchange(sandbox, code, request.code_verifier)
        assert len(sandbox.proxy.requests) == 1

    sign(story)


def test_an_app_that_github_does_not_know_is_told(sign):
    async def story(sandbox):
        with (
            sandbox.proxy.scripted(lambda _: (404, {}, b'{}')),
            pytest.raises(PluginAuthenticationFailed, match='client_id'),
        ):
            await exchange(sandbox, 'code', 'v' * 43)

    sign(story)


def test_a_revoked_token_is_over_and_the_others_are_not(sign):
    async def story(sandbox):
        handler = HANDLERS[sandbox.product]()
        _, mine = await connect(sandbox)
        _, other = await connect(sandbox, person='bob')
        await handler.revoke(
            sandbox.context, sandbox.credentials, mine.access_token
        )
        assert await sandbox.accepts(mine) is None
        assert await sandbox.accepts(other)
        sent = sandbox.proxy.requests[-1]
        assert sent.method == 'DELETE'
        assert sent.headers['Authorization'].startswith('Basic ')
        assert mine.access_token not in sent.target

    sign(story)


@pytest.mark.parametrize('status', [404, 422])
def test_a_token_that_github_does_not_know_is_revoked(status, sign):
    async def story(sandbox):
        with sandbox.proxy.scripted(lambda _: (status, {}, b'{}')):
            await HANDLERS[sandbox.product]().revoke(
                sandbox.context, sandbox.credentials, 'ghu_x'
            )

    sign(story)


def test_wrong_credentials_of_the_app_are_told(sign):
    async def story(sandbox):
        credentials = {**sandbox.credentials, 'client_secret': 'x' * 40}
        handler = HANDLERS[sandbox.product]()
        with pytest.raises(PluginAuthenticationFailed):
            await handler.revoke(sandbox.context, credentials, 'ghu_x')
        with pytest.raises(PluginAuthenticationFailed, match='client_secret'):
            await handler.refresh(sandbox.context, credentials, 'ghr_x')

    sign(story)


@pytest.mark.parametrize(
    ('product', 'options', 'page'),
    [
        ('github', {}, 'https://github.com/login/oauth/authorize'),
        (
            'github-enterprise-cloud',
            {'tenant': 'OctoCorp'},
            'https://octocorp.ghe.com/login/oauth/authorize',
        ),
        (
            'github-enterprise-server',
            {'server': 'https://git.acme.com/'},
            'https://git.acme.com/login/oauth/authorize',
        ),
    ],
)
def test_each_product_has_its_own_page(product, options, page):
    ctx = PluginContext(
        project_id='1',
        project_slug='shop',
        org_slug='acme',
        assignment_options=options,
    )
    request = asyncio.run(
        HANDLERS[product]().authorization_request(
            ctx, {'client_id': 'a', 'client_secret': 'b'}, 'https://x.example'
        )
    )
    assert request.authorization_url.startswith(f'{page}?')


@pytest.mark.parametrize(
    ('product', 'options'),
    [
        ('github-enterprise-cloud', {}),
        ('github-enterprise-cloud', {'tenant': 'a.b'}),
        ('github-enterprise-cloud', {'endpoint': 'https://x.example'}),
        ('github-enterprise-server', {}),
        ('github-enterprise-server', {'server': 'http://git.acme.com'}),
        ('github', {'endpoint': 'http://evil.example'}),
    ],
)
def test_a_product_without_its_address_is_refused(product, options):
    ctx = PluginContext(
        project_id='1',
        project_slug='shop',
        org_slug='acme',
        assignment_options=options,
    )
    with pytest.raises(ValueError, match=r'tenant|server|endpoint'):
        asyncio.run(
            HANDLERS[product]().authorization_request(
                ctx, {'client_id': 'a', 'client_secret': 'b'}, 'https://x.ex'
            )
        )
