"""moto in process, with signatures and rights checked, once per process."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import threading
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
"""moto builds routes on the first request to a service, and holds the
interpreter's lock meanwhile: that is done before any law measures the loop."""


@dataclasses.dataclass(frozen=True, slots=True)
class Moto:
    """One service of moto, and the user whose key it accepts.

    Attributes:
        url: Where it listens.
        credentials: Of a user that may do everything in SSM and logs.
        backend: What moto keeps, behind every API.
    """

    url: str
    credentials: dict[str, str] = dataclasses.field(repr=False)
    backend: Any = dataclasses.field(repr=False)


@functools.cache
def moto(service: str) -> Moto:
    """Serve one service of moto, the Insights of logs mended.

    Each has a server of its own: moto's own server finds out which service is
    meant by listing the folders of all, twice in each request, and SSM alone
    brings EC2 with it, which takes a second to import.
    """
    # Imported here: it takes a second, which collecting tests need not.
    from moto import settings  # noqa: PLC0415
    from moto.backends import get_backend  # noqa: PLC0415
    from moto.core import responses  # noqa: PLC0415
    from moto.core.authorization import (  # noqa: PLC0415
        ActionAuthenticatorMixin,
    )
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    credentials = _user()
    if service == 'logs':
        insights.mend()
    # Asked again in each request, by looking at every attribute of a class.
    responses.method_names_from_class = functools.cache(
        responses.method_names_from_class
    )
    server = make_server(
        HOST,
        0,
        create_backend_app(service),  # type: ignore[arg-type]
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _ask(server.server_port, service)
    # From now on, every request must be signed.
    ActionAuthenticatorMixin.request_count = 0
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    return Moto(
        f'http://{HOST}:{server.server_port}',
        credentials,
        get_backend(service)[ACCOUNT][REGION],
    )


@functools.cache
def _user() -> dict[str, str]:
    """Make the user, and return the key."""
    from moto.backends import get_backend  # noqa: PLC0415  see `moto`

    for name in ('moto', 'werkzeug', 'botocore', 'urllib3'):
        # At level DEBUG they log the signed headers of every request, and
        # they are not what is under test.
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    users = get_backend('iam')[ACCOUNT]['aws']
    users.create_user(region_name=REGION, user_name='kit', path='/', tags=[])
    users.put_user_policy('kit', 'all', _POLICY)
    key = users.create_access_key('kit')
    return {
        'access_key_id': key.access_key_id,
        'secret_access_key': key.secret_access_key,
    }


def _ask(port: int, service: str) -> None:
    scope = f'x/20260101/{REGION}/{service}/aws4_request'
    with contextlib.closing(HTTPConnection(HOST, port, timeout=30)) as http:
        http.request(
            'POST',
            '/',
            b'{}',
            {
                'Authorization': f'AWS4-HMAC-SHA256 Credential={scope}',
                'X-Amz-Target': _FIRST_ACTIONS[service],
            },
        )
        http.getresponse().read()
