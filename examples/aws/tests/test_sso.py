"""The fake against botocore's models: its clients understand every answer."""

from __future__ import annotations

import time

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests import sso
from tests.sso_server import SsoServer


@pytest.fixture(scope='module')
def server():
    running = SsoServer().start()
    yield running
    running.close()


@pytest.fixture(scope='module')
def session():
    return botocore.session.Session()


def connect(session, server, service, **keys):
    return session.create_client(
        service,
        region_name=sso.REGION,
        endpoint_url=server.url,
        config=Config(retries={'total_max_attempts': 1}),
        **keys,
    )


@pytest.fixture(scope='module')
def oidc(session, server):
    return connect(session, server, 'sso-oidc')


@pytest.fixture(scope='module')
def portal(session, server):
    return connect(session, server, 'sso')


@pytest.fixture
def registered(oidc):
    found = oidc.register_client(
        clientName='test', clientType='public', scopes=['sso:account:access']
    )
    assert found['clientSecretExpiresAt'] > time.time()
    return {name: found[name] for name in ('clientId', 'clientSecret')}


@pytest.fixture
def device(oidc, registered):
    return oidc.start_device_authorization(
        **registered, startUrl=sso.START_URL
    )


@pytest.fixture
def poll(oidc, registered, device):
    def ask(**changes):
        return oidc.create_token(
            **{
                **registered,
                'grantType': sso.DEVICE_GRANT,
                'deviceCode': device['deviceCode'],
                **changes,
            }
        )

    return ask


@pytest.fixture
def refresh(oidc, registered):
    def ask(token):
        return oidc.create_token(
            **registered, grantType='refresh_token', refreshToken=token
        )

    return ask


@pytest.fixture
def tokens(server, device, poll):
    server.provider.answer(device['userCode'], 'alice', approve=True)
    return poll()


def test_a_flow_from_the_client_to_the_keys(session, server, tokens, portal):
    token = tokens['accessToken']
    accounts = [
        account['accountId']
        for page in portal.get_paginator('list_accounts').paginate(
            accessToken=token
        )
        for account in page['accountList']
    ]
    assert accounts == ['111122223333', '444455556666']
    roles = [
        role['roleName']
        for page in portal.get_paginator('list_account_roles').paginate(
            accessToken=token, accountId=accounts[0]
        )
        for role in page['roleList']
    ]
    assert roles == ['ReadOnlyAccess', 'Deployer']
    keys = portal.get_role_credentials(
        accessToken=token, accountId=accounts[0], roleName=roles[1]
    )['roleCredentials']
    assert keys['expiration'] / 1_000 > time.time()
    given = {
        'aws_access_key_id': keys['accessKeyId'],
        'aws_secret_access_key': keys['secretAccessKey'],
        'aws_session_token': keys['sessionToken'],
    }
    caller = connect(session, server, 'sts', **given).get_caller_identity()
    assert caller['Account'] == accounts[0]
    assert caller['Arn'].endswith('/alice@example.com')
    for wrong in given:
        with pytest.raises(ClientError) as caught:
            connect(
                session, server, 'sts', **{**given, wrong: 'A' * 16}
            ).get_caller_identity()
        assert caught.value.response['Error']['Code'] in {
            'InvalidClientTokenId',
            'SignatureDoesNotMatch',
        }


def test_the_device_flow_shows_what_rfc_8628_asks_for(device, server):
    assert device['verificationUri'].startswith(server.url)
    assert device['userCode'] in device['verificationUriComplete']
    assert device['interval'] == sso.INTERVAL
    assert device['expiresIn'] == 600


def test_an_early_poll_slows_the_client_down(oidc, poll, server, device):
    with pytest.raises(oidc.exceptions.AuthorizationPendingException) as one:
        poll()
    assert one.value.response['error'] == 'authorization_pending'
    for _ in range(2):
        with pytest.raises(oidc.exceptions.SlowDownException):
            poll()
    assert server.provider.devices[device['deviceCode']].interval == 11


def test_denial_expiry_and_a_used_code_end_the_flow(
    oidc, poll, server, device
):
    server.provider.answer(device['userCode'], 'alice', approve=False)
    with pytest.raises(oidc.exceptions.AccessDeniedException):
        poll()
    server.provider.answer(device['userCode'], 'alice', approve=True)
    assert poll()['tokenType'] == 'Bearer'
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        poll()
    server.provider.devices[device['deviceCode']].used = False
    server.provider.devices[device['deviceCode']].ends = time.time()
    with pytest.raises(oidc.exceptions.ExpiredTokenException):
        poll()


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({'clientId': 'x'}, 'InvalidClientException'),
        ({'clientSecret': 'x'}, 'InvalidClientException'),
        ({'deviceCode': 'x'}, 'InvalidGrantException'),
        ({'grantType': 'password'}, 'UnsupportedGrantTypeException'),
        ({'grantType': 'refresh_token'}, 'UnsupportedGrantTypeException'),
        (
            {'grantType': 'refresh_token', 'refreshToken': 'x'},
            'InvalidGrantException',
        ),
        ({'redirectUri': 'https://x'}, 'InvalidRequestException'),
    ],
)
def test_a_wrong_token_request_is_refused(oidc, poll, changes, code):
    with pytest.raises(getattr(oidc.exceptions, code)):
        poll(**changes)


@pytest.mark.parametrize(
    ('given', 'code'),
    [
        ({'clientType': 'secret'}, 'InvalidClientMetadataException'),
        ({'scopes': ['all']}, 'InvalidScopeException'),
        ({'issuerUrl': 'https://x'}, 'InvalidRequestException'),
    ],
)
def test_a_wrong_registration_is_refused(oidc, given, code):
    with pytest.raises(getattr(oidc.exceptions, code)):
        oidc.register_client(
            **{'clientName': 'test', 'clientType': 'public', **given}
        )


def test_another_start_url_is_refused(oidc, registered):
    with pytest.raises(oidc.exceptions.InvalidRequestException):
        oidc.start_device_authorization(**registered, startUrl='https://x')


def test_a_client_belongs_to_its_device_code(oidc, poll, server, device):
    other = oidc.register_client(clientName='o', clientType='public')
    server.provider.answer(device['userCode'], 'alice', approve=True)
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        poll(clientId=other['clientId'], clientSecret=other['clientSecret'])


@pytest.mark.parametrize('rotates', [False, True])
def test_refreshing_with_and_without_rotation(
    oidc, server, tokens, refresh, rotates
):
    server.provider.rotates = rotates
    old = tokens['refreshToken']
    renewed = refresh(old)
    assert renewed['accessToken'] != tokens['accessToken']
    assert ('refreshToken' in renewed) == rotates
    if rotates:
        with pytest.raises(oidc.exceptions.InvalidGrantException):
            refresh(old)
    assert refresh(renewed.get('refreshToken', old))
    server.provider.rotates = False


def test_logging_out_ends_the_session(oidc, portal, tokens, refresh):
    token = tokens['accessToken']
    portal.logout(accessToken=token)
    for call in (
        lambda: portal.logout(accessToken=token),
        lambda: portal.list_accounts(accessToken=token),
        lambda: portal.list_accounts(accessToken='made-up'),
    ):
        with pytest.raises(portal.exceptions.UnauthorizedException):
            call()
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        refresh(tokens['refreshToken'])


@pytest.mark.parametrize(
    ('account', 'role', 'code'),
    [
        ('444455556666', 'Deployer', 'ForbiddenException'),
        ('999999999999', 'Deployer', 'ForbiddenException'),
        ('12', 'Deployer', 'InvalidRequestException'),
    ],
)
def test_keys_are_for_assigned_roles_only(portal, tokens, account, role, code):
    with pytest.raises(ClientError) as caught:
        portal.get_role_credentials(
            accessToken=tokens['accessToken'], accountId=account, roleName=role
        )
    assert caught.value.response['Error']['Code'] == code


def test_without_scopes_there_is_no_refresh_token(oidc, server):
    client = oidc.register_client(clientName='test', clientType='public')
    given = {name: client[name] for name in ('clientId', 'clientSecret')}
    device = oidc.start_device_authorization(**given, startUrl=sso.START_URL)
    server.provider.answer(device['userCode'], 'bob', approve=True)
    assert 'refreshToken' not in oidc.create_token(
        **given, grantType=sso.DEVICE_GRANT, deviceCode=device['deviceCode']
    )
