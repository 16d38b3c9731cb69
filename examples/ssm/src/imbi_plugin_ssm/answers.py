"""What SSM answers: parameters out of a body, errors out of a refusal.

AWS quotes the input in its messages ("Value 'hunter2' at 'value' failed …"),
so no message of AWS gets into an error of ours; its error code does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk import (
    PluginAuthenticationFailed,
    PluginRateLimited,
    PluginUnavailableError,
)
from imbi_plugin_sdk.throttling import retry_at

if TYPE_CHECKING:
    from collections.abc import Mapping

BACKOFF = 5.0
"""Seconds to wait where SSM names none; its buckets refill every second."""

_OK = 200
_TOO_MANY_REQUESTS = 429
_FORBIDDEN = frozenset({401, 403})
_SERVER_ERROR = 500

_AUTHENTICATION = frozenset(
    {
        'AccessDenied',
        'AccessDeniedException',
        'ExpiredToken',
        'ExpiredTokenException',
        'IncompleteSignature',
        'IncompleteSignatureException',
        'InvalidAccessKeyId',
        'InvalidClientTokenId',
        'InvalidSignatureException',
        'MissingAuthenticationToken',
        'MissingAuthenticationTokenException',
        'NotAuthorized',
        'OptInRequired',
        'RequestExpired',
        'SignatureDoesNotMatch',
        'UnauthorizedOperation',
        'UnrecognizedClientException',
    }
)
_THROTTLING = frozenset(
    {
        'RequestLimitExceeded',
        'SlowDown',
        'Throttling',
        'ThrottlingException',
        'ThrottledException',
        'TooManyRequestsException',
        'TooManyUpdates',
    }
)
_REFUSALS = {
    'HierarchyLevelLimitExceededException': (
        'the name has more levels than SSM takes'
    ),
    'HierarchyTypeMismatchException': (
        'SSM does not change the type of a parameter; delete the key first'
    ),
    'InvalidKeyId': 'the option kms_key_id names no key that can be used here',
    'ParameterMaxVersionLimitExceeded': (
        'the oldest version of the parameter has a label and cannot make room'
    ),
    'ParameterPatternMismatchException': (
        "the value does not match the parameter's allowed pattern"
    ),
    'UnsupportedParameterType': 'SSM does not take this type of parameter',
    'ValidationException': (
        'the name, the value or the tier is none that SSM takes; a value '
        'holds no {{…}}, and one above 4 KB needs another tier than Standard'
    ),
}
"""Error code to what the caller should read; all are a `ValueError`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """A service of AWS that speaks AWS JSON, and how messages call it.

    Attributes:
        name: As an operator knows it.
        signing_name: In the scope of a signature, and before a right.
        target: Before the action in the header `X-Amz-Target`.
        subject: What a right must be granted on.
    """

    name: str
    signing_name: str
    target: str
    subject: str


SSM = Service('SSM', 'ssm', 'AmazonSSM', 'below the path prefix')


class ServiceError(Exception):
    """An error code that the caller of the client handles itself."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as SSM tells of it.

    Attributes:
        name: Full name.
        type: `String`, `StringList` or `SecureString`.
        value: In plain text if it was asked for so; not in the repr.
        last_modified: When this version was written, timezone-aware.
    """

    name: str
    type: str
    value: str = dataclasses.field(repr=False)
    last_modified: dt.datetime


def read_body(
    content: bytes, action: str, service: Service = SSM
) -> dict[str, Any]:
    """Return the JSON object that an answer holds.

    Raises:
        PluginUnavailableError: It holds none (law ASY005).
    """
    body: object = None
    with contextlib.suppress(ValueError, RecursionError):
        body = json.loads(content) if content else {}
    if not isinstance(body, dict):
        raise malformed(action, service)
    return cast('dict[str, Any]', body)


def read_parameters(body: Mapping[str, Any], action: str) -> list[Parameter]:
    """Return the parameters of an answer.

    Raises:
        PluginUnavailableError: One is not as SSM describes them.
    """
    entries = body.get('Parameters')
    if not isinstance(entries, list):
        raise malformed(action)
    return [
        _read_parameter(entry, action)
        for entry in cast('list[object]', entries)
    ]


def _read_parameter(entry: object, action: str) -> Parameter:
    if isinstance(entry, dict):
        data = cast('dict[str, object]', entry)
        name, kind, value = (
            data.get(field) for field in ('Name', 'Type', 'Value')
        )
        modified = _read_time(data.get('LastModifiedDate'))
        if (
            isinstance(name, str)
            and isinstance(kind, str)
            and isinstance(value, str)
            and modified is not None
        ):
            return Parameter(name, kind, value, modified)
    raise malformed(action)


def _read_time(value: object) -> dt.datetime | None:
    """Return seconds since the epoch, as AWS JSON writes time stamps."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def malformed(action: str, service: Service = SSM) -> PluginUnavailableError:
    """Return the error for an answer that is not what AWS documents."""
    return PluginUnavailableError(
        f'{service.name} answered {action} with something that is not its '
        'API. Check the option endpoint_url.'
    )


def raise_for(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    action: str,
    service: Service = SSM,
) -> None:
    """Raise what an answer means; return if it is a success.

    Args:
        status: HTTP status.
        headers: Names are looked up in lower case.
        content: The body.
        action: As in `PutParameter`.
        service: What was asked.

    Raises:
        PluginAuthenticationFailed: The key, its signature or its rights.
        PluginRateLimited: With `retry_at`, always finite and to come.
        PluginUnavailableError: It cannot serve, or something else answered.
        ServiceError: A code that depends on what was asked.
    """
    if status == _OK:
        return
    code = error_code(headers, content)
    where = f'{service.name} answered {action} with '
    where += code or f'HTTP {status}'
    if code in _THROTTLING or status == _TOO_MANY_REQUESTS:
        raise PluginRateLimited(
            retry_at(headers.get('retry-after'), otherwise=BACKOFF),
            f'{where}: too many calls.',
        )
    if code in _AUTHENTICATION or status in _FORBIDDEN:
        raise PluginAuthenticationFailed(
            f'{where}: check the access key, its time of expiry, and that it '
            f'is allowed {service.signing_name}:{action} {service.subject}.'
        )
    if not code or status >= _SERVER_ERROR:
        raise PluginUnavailableError(f'{where}.')
    raise ServiceError(code)


def refusal(code: str, action: str) -> ValueError | PluginUnavailableError:
    """Return what a service error means to the one who asked.

    Returns:
        ValueError: SSM does not take the argument; nothing changed.
        PluginUnavailableError: Anything else.
    """
    if code in _REFUSALS:
        return ValueError(f'SSM refused {action} ({code}): {_REFUSALS[code]}.')
    return PluginUnavailableError(f'SSM answered {action} with {code}.')


def error_code(headers: Mapping[str, str], content: bytes) -> str:
    """Return the error's code, as in `ParameterNotFound`; empty if none.

    AWS JSON names it in the body (`__type`, perhaps behind a namespace and
    `#`) or in a header (perhaps before `:` and a URL).
    """
    text: object = headers.get('x-amzn-errortype')
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        # Some gateways and emulators answer in XML whatever was asked.
        found = re.search(rb'<Code>(\w+)</Code>', content)
        text = text or (found[1].decode('ascii', 'replace') if found else '')
    else:
        if isinstance(body, dict):
            data = cast('dict[str, object]', body)
            text = data.get('__type') or data.get('code') or text
    if not isinstance(text, str):
        return ''
    code = text.partition(':')[0].rpartition('#')[2]
    return code if re.fullmatch(r'\w{1,64}', code, re.ASCII) else ''
