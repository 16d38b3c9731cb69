"""Parameter Store for the kit: moto in process, with signatures checked."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import itertools
import logging
import sys
import types
from typing import TYPE_CHECKING, Any, Self

from imbi_plugin_sdk import PluginContext
from imbi_plugin_testkit.proxy import RETRY_AFTER, FaultProxy, ProxiedSandbox
from imbi_plugin_testkit.sandbox import Fault, Limits

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from wsgiref.types import WSGIApplication

    from imbi_plugin_sdk import ConfigKeyWithValue, ConfigValue

REGION = 'eu-central-1'
ACCOUNT = '123456789012'
"""The account that moto keeps by default."""

_POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",'
    ' "Action": "ssm:*", "Resource": "*"}]}'
)
_WARM_UP = {
    'Authorization': (
        f'AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/ssm/aws4_request'
    ),
    'X-Amz-Target': 'AmazonSSM.DescribeParameters',
}
_JSON = 'application/x-amz-json-1.1'
_BODIES = {
    Fault.UNAUTHORIZED: (
        401,
        {},
        b'{"__type": "MissingAuthenticationToken", "message": "no"}',
    ),
    Fault.FORBIDDEN: (
        403,
        {},
        b'{"__type": "AccessDeniedException", "Message": "no"}',
    ),
    Fault.THROTTLED: (
        429,
        {'Retry-After': str(RETRY_AFTER)},
        b'{"__type": "ThrottlingException", "message": "slower"}',
    ),
    Fault.SERVER_ERROR: (
        500,
        {},
        b'{"__type": "InternalServerError", "message": "sorry"}',
    ),
    Fault.TRUNCATED: (200, {}, b'{"Parameters": [{"Na'),
}
"""How AWS says what goes wrong."""

_TYPES = {
    'string': 'String',
    'string_list': 'StringList',
    'secret': 'SecureString',
}
_COUNTER = itertools.count(1)


@dataclasses.dataclass(frozen=True, slots=True)
class Moto:
    """moto, and the user whose key it accepts.

    Attributes:
        application: Answers requests, in this process (PEP 3333).
        access_key_id: Of a user that may do everything in SSM.
        secret_access_key: Of the same user.
    """

    application: WSGIApplication
    access_key_id: str
    secret_access_key: str = dataclasses.field(repr=False)

    @property
    def store(self) -> Any:
        """Return moto's own parameter store, behind every API."""
        from moto.backends import get_backend  # noqa: PLC0415  see `moto`

        return get_backend('ssm')[ACCOUNT][REGION]


@functools.cache
def moto() -> Moto:
    """Start moto once per process, with signature and IAM checks on."""
    with _many_objects_to_come(), _no_ec2():
        return _started()


@contextlib.contextmanager
def _many_objects_to_come() -> Generator[None]:
    """Leave the garbage collector out while modules are imported.

    It would look through all of moto again and again, and find none.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _no_ec2() -> Generator[None]:
    """Let moto's SSM be imported without EC2, which takes a second.

    It asks for instances only where a command is sent to them.
    """
    stub = types.ModuleType('moto.ec2')
    vars(stub)['ec2_backends'] = {}
    added = sys.modules.setdefault(stub.__name__, stub) is stub
    try:
        yield
    finally:
        if added:
            del sys.modules[stub.__name__]


def _started() -> Moto:
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

    for name in ('moto', 'werkzeug', 'botocore'):
        # At level DEBUG they log the signed headers of every request, and
        # they are not what is under test.
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    # A question about a class, which is put anew in each request.
    responses.method_names_from_class = functools.cache(
        responses.method_names_from_class
    )

    # Only this service: moto's own server looks through the folders of all
    # of them, twice in each request, which takes a third of its time.
    application = create_backend_app('ssm')
    iam = get_backend('iam')[ACCOUNT]['aws']
    iam.create_user(region_name=REGION, user_name='kit', path='/', tags=[])
    iam.put_user_policy('kit', 'parameters', _POLICY)
    key = iam.create_access_key('kit')
    # The first request is slow and holds the interpreter's lock meanwhile:
    # before any law measures the loop.
    Client(application).post(data=b'{}', headers=_WARM_UP)
    # From now on, every request must be signed.
    ActionAuthenticatorMixin.request_count = 0
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    return Moto(application, key.access_key_id, key.secret_access_key)


class SsmSandbox(ProxiedSandbox):
    """One organization's parameters in moto."""

    backend = 'emulated'
    limits = Limits(
        max_key_length=512,  # half of what SSM takes; the prefix needs some
        max_value_bytes=4_096,
        empty_value=False,
        page_size=10,
    )

    def __init__(self) -> None:
        super().__init__()
        self._org = f'kit-{next(_COUNTER)}'

    async def __aenter__(self) -> Self:
        """Start the backend and give a context and credentials for it."""
        self.moto = moto()
        # By name, so that the name can fail to resolve.
        self.proxy = FaultProxy(
            self.moto.application,
            host='localhost',
            content_type=_JSON,
            bodies=_BODIES,
        ).start()
        self.credentials = {
            'access_key_id': self.moto.access_key_id,
            'secret_access_key': self.moto.secret_access_key,
        }
        self.context = PluginContext(
            project_id='kit-project',
            project_slug='kit',
            org_slug=self._org,
            environment='testing',
            assignment_options={
                'region': REGION,
                'endpoint_url': self.proxy.url,
                'timeout': 3,
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Delete what was made below this sandbox's organization."""
        self.proxy.close()
        names = [
            name
            for name in await self.snapshot()
            if name.startswith(f'/imbi/{self._org}/')
        ]
        self.moto.store.delete_parameters(names)

    def assume_role(self) -> dict[str, str]:
        """Return temporary credentials with the same rights."""
        from moto.backends import get_backend  # noqa: PLC0415  see `moto`

        role = 'kit-role'
        iam = get_backend('iam')[ACCOUNT]['aws']
        if role not in {entry.name for entry in iam.get_roles()}:
            iam.create_role(role, '{}', '/', None, None, [], 3600)
            iam.put_role_policy(role, 'parameters', _POLICY)
        assumed = get_backend('sts')[ACCOUNT]['aws'].assume_role(
            REGION,
            'kit',
            f'arn:aws:iam::{ACCOUNT}:role/{role}',
            None,
            900,
            None,
        )
        return {
            'access_key_id': assumed.access_key_id,
            'secret_access_key': assumed.secret_access_key,
            'session_token': assumed.session_token,
        }

    async def seed(
        self,
        context: PluginContext,
        model: Mapping[str, ConfigValue] | list[ConfigKeyWithValue],
    ) -> None:
        """Put values in behind the plugin's back: by key, or as a list."""
        entries = (
            model.items()
            if hasattr(model, 'items')
            else ((entry.key, entry) for entry in model)
        )
        for key, value in entries:
            secret = value.secret or value.data_type == 'secret'
            self.moto.store.put_parameter(
                name=f'{self.prefix(context)}/{key}',
                description=None,
                value=value.value,
                parameter_type=(
                    'SecureString' if secret else _TYPES[value.data_type]
                ),
                allowed_pattern=None,
                keyid=None,
                overwrite=True,
                tags=[],
                data_type='text',
                tier=None,
                policies=None,
            )

    def prefix(self, context: PluginContext) -> str:
        """Return where the plugin must keep a context's parameters."""
        return '/'.join(
            [
                '/imbi',
                context.org_slug,
                context.project_slug,
                context.environment or '',
            ]
        )

    def impatient(self, context: PluginContext) -> PluginContext:
        """Let the plugin give up after three tenths of a second."""
        options = {**context.assignment_options, 'timeout': 0.3}
        return context.model_copy(update={'assignment_options': options})

    async def snapshot(self) -> dict[str, tuple[str, str]]:
        """Return type and plain value of every parameter, by full name."""
        return {
            entry.name: (entry.parameter_type, entry.decrypt(entry.value))
            for entry in self.moto.store.describe_parameters([], [])
        }


def make(plugin: object) -> SsmSandbox:
    """Return a sandbox; the kit names this function."""
    del plugin
    return SsmSandbox()
