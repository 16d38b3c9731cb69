from __future__ import annotations

import json

import pytest
from imbi_plugin_aws.identity.settings import Client, Role

from imbi_plugin_sdk import (
    IdentityCredentials,
    PluginAuthenticationFailed,
    PluginContext,
    PluginRateLimited,
    PluginUnavailableError,
)
from tests import sso


@pytest.mark.parametrize(
    ('status', 'body', 'expected'),
    [
        (400, {'__type': 'SlowDownException'}, PluginRateLimited),
        (429, {'message': 'no'}, PluginRateLimited),
        (500, {'__type': 'InternalServerException'}, PluginUnavailableError),
        (400, {'__type': 'NewException'}, PluginUnavailableError),
        (400, {}, PluginUnavailableError),
        (401, {}, PluginAuthenticationFailed),
        (200, {}, PluginUnavailableError),
        (200, [], PluginUnavailableError),
        (
            200,
            {
                'clientId': 'x',
                'clientSecret': 'y',
                'clientSecretExpiresAt': True,
            },
            PluginUnavailableError,
        ),
    ],
)
def test_an_answer_is_an_error_of_the_contract(
    sign_in_story, status, body, expected
):
    async def tell(host):
        answer = status, {}, json.dumps(body).encode()
        with (
            host.sandbox.proxy.scripted(lambda _: answer),
            pytest.raises(expected),
        ):
            await host.begin()

    sign_in_story(tell)


@pytest.mark.parametrize('seconds', [None, 0, -1, '3600', True, 10**12, 1e9])
def test_a_token_without_a_sane_end_is_an_outage(sign_in_story, seconds):
    async def tell(host):
        await host.begin()
        body = {'accessToken': 'a', 'expiresIn': seconds}
        answer = 200, {}, json.dumps(body).encode()
        with (
            host.sandbox.proxy.scripted(lambda _: answer),
            pytest.raises(PluginUnavailableError),
        ):
            await host.refresh('r')

    sign_in_story(tell)


@pytest.mark.parametrize(
    'options',
    [
        {'start_url': ''},
        {'start_url': 'http://d-1.awsapps.com/start'},
        {'start_url': 'https://d-1.awsapps.com/start?x=1'},
        {'region': 'here'},
        {'endpoint_url': 'http://sso.example.com'},
    ],
)
def test_an_option_that_does_not_hold_is_refused(sign_in_story, options):
    async def tell(host):
        host.context.assignment_options |= options
        with pytest.raises(ValueError, match=next(iter(options))):
            await host.begin()
        assert host.asked() == []

    sign_in_story(tell)


@pytest.mark.parametrize(
    'options',
    [
        {'account_id': '12'},
        {'account_id': '1' * 12},
        {'account_id': '1' * 12, 'role_name': 'a/b'},
        {'role_name': 'Deployer'},
    ],
)
def test_a_role_is_named_in_full(options):
    context = PluginContext(project_id='1', project_slug='s', org_slug='o')
    assert Role.read(context) is None
    with pytest.raises(ValueError, match='must be the'):
        Role.read(context, options)


def test_the_real_hosts_are_those_of_the_region():
    from imbi_plugin_aws.identity.settings import Settings  # noqa: PLC0415

    context = PluginContext(
        project_id='1',
        project_slug='s',
        org_slug='o',
        assignment_options={
            'region': 'eu-west-1',
            'start_url': sso.START_URL,
        },
    )
    found = Settings.read(context)
    assert (found.oidc, found.portal, found.endpoint) == (
        'https://oidc.eu-west-1.amazonaws.com',
        'https://portal.sso.eu-west-1.amazonaws.com',
        'https://sts.eu-west-1.amazonaws.com',
    )


def test_no_repr_shows_a_secret():
    client = Client('canary-id', 'canary', 1.0, ('a',))
    assert 'canary' not in repr(client)
    assert 'canary' not in repr(IdentityCredentials(access_token='canary'))
