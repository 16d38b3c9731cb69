from __future__ import annotations

import datetime as dt
import sys

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from imbi_plugin_ssm import signing
from imbi_plugin_ssm.settings import Credentials

NOW = dt.datetime(2026, 1, 31, 23, 59, 59, tzinfo=dt.UTC)
HEADERS = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AmazonSSM.GetParameters',
}
REQUESTS = [
    signing.Unsigned(url, HEADERS, body)
    for url in (
        'https://ssm.eu-west-1.amazonaws.com',
        'https://vpce.example.com:443',
        'https://vpce.example.com:8443',
        'http://127.0.0.1:5000',
    )
    for body in (b'', b'{"Names": ["/a"]}')
]
KEYS = [
    Credentials('AKIA0', 'secret/+='),
    Credentials('ASIA0', 'secret', 'token/+=='),
]


def botocore_signs(request, credentials, region, stamp):
    """Sign as AWS's own SDK does: the oracle."""
    signed = AWSRequest(
        'POST',
        request.url + '/',
        headers={**request.headers, 'x-amz-date': stamp},
        data=request.body,
    )
    signed.context['timestamp'] = stamp
    oracle = SigV4Auth(
        BotoCredentials(
            credentials.access_key_id,
            credentials.secret_access_key,
            credentials.session_token,
        ),
        'ssm',
        region,
    )
    if credentials.session_token:
        signed.headers['x-amz-security-token'] = credentials.session_token
    string = oracle.string_to_sign(signed, oracle.canonical_request(signed))
    return oracle.signature(string, signed)


@pytest.mark.parametrize('credentials', KEYS)
@pytest.mark.parametrize('request_', REQUESTS)
def test_signatures_equal_those_of_botocore(request_, credentials):
    stamp = NOW.strftime('%Y%m%dT%H%M%SZ')
    ours = [
        signing.sign(request_, credentials, 'eu-west-1', NOW),
        signing.sign_here(request_, credentials, 'eu-west-1', stamp),
    ]
    expected = botocore_signs(request_, credentials, 'eu-west-1', stamp)
    for headers in ours:
        assert headers['authorization'].endswith(f'Signature={expected}')
        assert headers.get('x-amz-security-token') == credentials.session_token
        assert headers.items() >= HEADERS.items()


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason='aws-sdk-signers needs Python 3.12'
)
@pytest.mark.parametrize('credentials', KEYS)
@pytest.mark.parametrize('request_', REQUESTS)
def test_both_signers_write_the_same_headers(request_, credentials):
    arguments = request_, credentials, 'eu-west-1', '20260131T235959Z'
    assert signing.sign_by_aws(*arguments) == signing.sign_here(*arguments)


def test_the_secret_key_is_not_among_the_headers():
    headers = signing.sign(REQUESTS[0], KEYS[0], 'eu-west-1', NOW)
    assert KEYS[0].secret_access_key not in repr(headers)
