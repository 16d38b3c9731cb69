"""moto in process, with signatures and rights checked, once per process."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import logging
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests import insights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication

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
        application: Answers requests, in this process (PEP 3333).
        credentials: Of a user that may do everything in SSM and logs.
        backend: What moto keeps, behind every API.
    """

    application: WSGIApplication
    credentials: dict[str, str] = dataclasses.field(repr=False)
    backend: Any = dataclasses.field(repr=False)


@functools.cache
def moto(service: str) -> Moto:
    """Start one service of moto, the Insights of logs mended.

    Each is an application of its own: that of moto's server finds out which
    service is meant by listing the folders of all, twice in each request.
    """
    with _importing():
        return _started(service)


@contextlib.contextmanager
def _importing() -> Iterator[None]:
    """Make the import of moto cheap.

    SSM brings EC2 with it, for commands to instances that nobody sends; that
    takes longer than all the rest. And the garbage collector has nothing to
    find among what is imported.
    """
    running, missing = gc.isenabled(), 'moto.ec2' not in sys.modules
    gc.disable()
    if missing:
        sys.modules['moto.ec2'] = SimpleNamespace(ec2_backends={})
    try:
        yield
    finally:
        if missing:
            del sys.modules['moto.ec2']
        if running:
            gc.enable()


def _started(service: str) -> Moto:
    # Imported here: it takes a second, which collecting tests need not.
    from moto import settings  # noqa: PLC0415
    from moto.backends import get_backend  # noqa: PLC0415
    from moto.core import responses  # noqa: PLC0415
    from moto.core.authorization import (  # noqa: PLC0415
        ActionAuthenticatorMixin,
    )
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        create_backend_app,
    )
    from werkzeug.test import Client  # noqa: PLC0415

    credentials = _user()
    if service == 'logs':
        insights.mend()
    # Asked again in each request, by looking at every attribute of a class.
    responses.method_names_from_class = functools.cache(
        responses.method_names_from_class
    )

    application = create_backend_app(service)
    Client(application).post(
        data=b'{}',
        headers={
            'Authorization': (
                'AWS4-HMAC-SHA256 '
                f'Credential=x/20260101/{REGION}/{service}/aws4_request'
            ),
            'X-Amz-Target': _FIRST_ACTIONS[service],
        },
    )
    # From now on, every request must be signed.
    ActionAuthenticatorMixin.request_count = 0
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    return Moto(
        application,
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
