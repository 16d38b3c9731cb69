from __future__ import annotations

import json

import pytest
from imbi_plugin_ssm import answers

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginUnavailableError,
)


def error(code, message='canary'):
    return json.dumps({'__type': code, 'message': message}).encode()


@pytest.mark.parametrize(
    ('status', 'content', 'expected'),
    [
        (400, error('ThrottlingException'), PluginRateLimited),
        (400, error('TooManyUpdates'), PluginRateLimited),
        (429, b'', PluginRateLimited),
        (503, error('SlowDown'), PluginRateLimited),
        (400, error('ExpiredTokenException'), PluginAuthenticationFailed),
        (
            400,
            error('UnrecognizedClientException'),
            PluginAuthenticationFailed,
        ),
        (400, error('InvalidSignatureException'), PluginAuthenticationFailed),
        (
            400,
            error('com.amazon#AccessDeniedException'),
            PluginAuthenticationFailed,
        ),
        (401, b'', PluginAuthenticationFailed),
        (
            403,
            b'<Error><Code>OptInRequired</Code></Error>',
            PluginAuthenticationFailed,
        ),
        (500, error('InternalServerError'), PluginUnavailableError),
        (502, b'<h1>Bad gateway</h1>', PluginUnavailableError),
        (503, b'', PluginUnavailableError),
        (307, b'', PluginUnavailableError),
        (404, b'<h1>Not found</h1>', PluginUnavailableError),
        (400, b'{"__type": 7}', PluginUnavailableError),
        (400, error('ParameterNotFound'), answers.ServiceError),
        (400, error('ValidationException'), answers.ServiceError),
    ],
)
def test_an_answer_is_an_error_of_the_contract(status, content, expected):
    with pytest.raises(expected) as caught:
        answers.raise_for(status, {}, content, 'PutParameter')
    assert type(caught.value) is expected or status == 400
    assert 'canary' not in str(caught.value)


def test_success_raises_nothing():
    assert answers.raise_for(200, {}, b'{}', 'PutParameter') is None


def test_the_code_in_the_header_counts_too():
    headers = {'x-amzn-errortype': 'ThrottlingException:http://aws/doc/'}
    with pytest.raises(PluginRateLimited):
        answers.raise_for(400, headers, b'', 'PutParameter')


def test_a_code_is_a_word_or_nothing():
    assert answers.error_code({}, error('a b<script>')) == ''


@pytest.mark.parametrize(
    'code',
    ['ValidationException', 'HierarchyTypeMismatchException', 'InvalidKeyId'],
)
def test_a_refused_argument_is_a_value_error(code):
    refusal = answers.refusal(code, 'PutParameter')
    assert isinstance(refusal, ValueError)
    assert code in str(refusal)


def test_an_unknown_refusal_is_an_outage():
    refusal = answers.refusal('ParameterLimitExceeded', 'PutParameter')
    assert isinstance(refusal, PluginUnavailableError)


@pytest.mark.parametrize(
    'content',
    [b'<html>', b'[]', b'"x"', b'{', b'\xff', b'[' * 100_000, b'{"a": NaN'],
)
def test_a_body_that_is_no_object_is_an_outage(content):
    with pytest.raises(PluginUnavailableError, match='endpoint_url'):
        answers.read_body(content, 'GetParameters')


GOOD = {'Name': '/a', 'Type': 'String', 'Value': 'v', 'LastModifiedDate': 1.5}


@pytest.mark.parametrize(
    'body',
    [
        {},
        {'Parameters': None},
        {'Parameters': {}},
        {'Parameters': ['x']},
        *(
            {'Parameters': [{**GOOD, field: value}]}
            for field, value in [
                ('Name', None),
                ('Type', 3),
                ('Value', None),
                ('LastModifiedDate', None),
                ('LastModifiedDate', '1.5'),
                ('LastModifiedDate', True),
                ('LastModifiedDate', 1e300),
                ('LastModifiedDate', float('nan')),
            ]
        ),
    ],
)
def test_a_parameter_that_is_none_is_an_outage(body):
    with pytest.raises(PluginUnavailableError):
        answers.read_parameters(body, 'GetParameters')


def test_a_parameter_is_read_with_an_aware_time():
    (entry,) = answers.read_parameters({'Parameters': [GOOD]}, 'GetParameters')
    assert (entry.name, entry.type, entry.value) == ('/a', 'String', 'v')
    assert (
        entry.last_modified.isoformat() == '1970-01-01T00:00:01.500000+00:00'
    )
    assert "'v'" not in repr(entry)
