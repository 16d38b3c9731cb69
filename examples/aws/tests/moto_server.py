"""moto in process, with signatures and rights checked, once per process."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
from http.client import HTTPConnection
from typing import Any

from tests import insights

HOST = '127.0.0.1'
REGION = 'eu-central-1'
ACCOUNT = '123456789012'
"""The account that moto keeps by default."""

_POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",'
    ' "Action": ["logs:*", "ssm:*"], "Resource": "*"}]}'
)
_FIRST_ACTIONS = {
    'logs': 'Logs_20140328.DescribeLogGroups',
    'ssm': 'AmazonSSM.DescribeParameters',
}
"""moto builds an application on the first request to it, and holds the
interpreter's lock meanwhile: that is done before any law measures the loop."""


@dataclasses.dataclass(frozen=True, slots=True)
class Moto:
    """One moto server, and the user whose key it accepts.

    Attributes:
        url: Where it listens.
        credentials: Of a user that may do everything in SSM and logs.
    """

    url: str
    credentials: dict[str, str] = dataclasses.field(repr=False)

    def backend(self, service: str) -> Any:
        """Return what moto keeps, behind every API."""
        from moto.backends import get_backend  # noqa: PLC0415  see `moto`

        return get_backend(service)[ACCOUNT][REGION]


@functools.cache
def moto() -> Moto:
    """Start moto, with its Insights mended."""
    # Imported here: it takes a second, which collecting tests need not.
    from moto.backends import get_backend  # noqa: PLC0415
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    for name in ('moto', 'werkzeug', 'botocore', 'urllib3'):
        # At level DEBUG they log the signed headers of every request, and
        # they are not what is under test.
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    insights.mend()
    server = ThreadedMotoServer(HOST, port=0, verbose=False)
    server.start()
    users = get_backend('iam')[ACCOUNT]['aws']
    users.create_user(region_name=REGION, user_name='kit', path='/', tags=[])
    users.put_user_policy('kit', 'all', _POLICY)
    key = users.create_access_key('kit')
    host, port = server.get_host_and_port()
    for service, target in _FIRST_ACTIONS.items():
        _post(host, port, '/', service, target)
    _post(host, port, '/moto-api/reset-auth', 'moto', '')
    return Moto(
        f'http://{host}:{port}',
        {
            'access_key_id': key.access_key_id,
            'secret_access_key': key.secret_access_key,
        },
    )


def _post(host: str, port: int, path: str, service: str, target: str) -> None:
    scope = f'x/20260101/{REGION}/{service}/aws4_request'
    with contextlib.closing(HTTPConnection(host, port, timeout=30)) as http:
        http.request(
            'POST',
            path,
            b'{}' if target else b'0',
            {
                'Authorization': f'AWS4-HMAC-SHA256 Credential={scope}',
                'X-Amz-Target': target,
            },
        )
        http.getresponse().read()
