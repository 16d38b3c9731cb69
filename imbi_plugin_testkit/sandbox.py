"""What an author gives so that behaviour can be tested: a sandbox.

A sandbox stands for one installation of one plugin on a real, emulated or
in-memory backend. It is an async context manager; what it enters is the
object described by `Sandbox`. Subclass `BaseSandbox`, override what your
backend can do, and name a function that makes it::

    # tests/sandbox.py
    def make(plugin):
        return SsmSandbox()


    # pyproject.toml
    [tool.imbi.testkit]
    sandbox = 'tests.sandbox:make'

What a sandbox does not override it cannot do, and exactly the laws that need
it are then untestable, by name.

More is optional, also for a sandbox that matches `Sandbox` structurally, and
documented on `BaseSandbox`: `examples`, arguments for methods that the kit
cannot make up; `urls()`, what the backend was asked for; `impatient()`, a
context with the shortest time-out; `elsewhere()`, what a redirected plugin
sent; `hosts` and `writes`, what a live run reaches and changes.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    Protocol,
    Self,
    runtime_checkable,
)

from imbi_plugin_sdk.context import PluginContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

Backend = Literal['real', 'emulated', 'fake', 'memory']
"""How much a verdict on this backend says: a real server most."""

Example = Mapping[str, Any] | Callable[[], Any]
"""Arguments of one call by name, or a function that returns them."""


class Fault(enum.StrEnum):
    """What a backend can be told to do wrong, on the next calls."""

    REFUSE = 'refuse'
    """The connection is refused."""
    RESET = 'reset'
    """The connection is reset in the middle of the answer."""
    DNS = 'dns'
    """The host's name does not resolve."""
    HANG = 'hang'
    """The answer never comes."""
    SLOW = 'slow'
    """The answer comes, but byte by byte."""
    UNAUTHORIZED = 'unauthorized'
    """401: the credentials are rejected."""
    FORBIDDEN = 'forbidden'
    """403: the credentials lack the right."""
    THROTTLED = 'throttled'
    """429 with Retry-After."""
    SERVER_ERROR = 'server_error'
    """500."""
    UNAVAILABLE = 'unavailable'
    """503."""
    TRUNCATED = 'truncated'
    """The body ends in the middle."""
    MALFORMED = 'malformed'
    """The body is not what its media type says."""
    REDIRECT = 'redirect'
    """A redirect to another host, which must not get the credentials."""


class UnsupportedBySandbox(Exception):  # noqa: N818  an outcome, not an error
    """The sandbox cannot do this; laws that need it are untestable."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What the backend allows, so that no law asks for more.

    Attributes:
        key_alphabet: Characters that a key may hold.
        max_key_length: Characters in the longest key.
        max_value_bytes: UTF-8 bytes in the longest value.
        empty_value: Whether an empty value can be stored.
        padded_value: Whether white space around a value is kept.
        unicode_value: Whether a value may hold any Unicode text.
        multiline_value: Whether a value may hold line breaks.
        case_sensitive_keys: Whether `a` and `A` are two keys.
        nested_keys: Whether a key may hold `/`.
        page_size: Entries on one page of the backend; laws about paging
            make more than that.
        consistency_lag: Seconds until a write is sure to be read.
        data_types: Names of the data types to use; empty takes the
            manifest's, or `string`.
    """

    key_alphabet: str = (
        'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-'
    )
    max_key_length: int = 64
    max_value_bytes: int = 4_096
    empty_value: bool = True
    padded_value: bool = True
    unicode_value: bool = True
    multiline_value: bool = True
    case_sensitive_keys: bool = True
    nested_keys: bool = True
    page_size: int = 10
    consistency_lag: float = 0.0
    data_types: tuple[str, ...] = ()


@runtime_checkable
class Sandbox(Protocol):
    """What a sandbox offers once it is entered.

    Attributes:
        backend: What stands behind it; the report says so.
        context: A context that the plugin can work with, options included.
        credentials: Credentials that the backend accepts.
        limits: What the backend allows.
    """

    backend: Backend
    context: PluginContext
    credentials: dict[str, str]
    limits: Limits

    def tenant(self, name: str) -> PluginContext:
        """Return the context of another project, apart from all others.

        Args:
            name: Unique lower-case word; the kit makes it from its seed.
        """
        ...

    async def seed(self, context: PluginContext, model: Any) -> None:  # noqa: ANN401  each plugin type has its own model
        """Put data into the backend behind the plugin's back.

        Raises:
            UnsupportedBySandbox: It cannot.
        """
        ...

    def fault(self, kind: Fault) -> AbstractAsyncContextManager[None]:
        """Return a context in which the backend does this wrong.

        Raises:
            UnsupportedBySandbox: It cannot.
        """
        ...

    async def snapshot(self) -> Mapping[str, Any]:
        """Return all that the backend holds, as comparable plain data.

        Raises:
            UnsupportedBySandbox: It cannot.
        """
        ...


class BaseSandbox:
    """A sandbox that can do nothing yet but be entered and left."""

    backend: Backend = 'memory'
    limits: Limits = Limits()
    context: PluginContext
    credentials: dict[str, str]
    examples: Mapping[str, Example] = MappingProxyType({})
    """Method (or webhook action) to arguments by name, beyond context and
    credentials.

    The kit never calls a method that triggers, creates or deletes something
    at the remote (`trigger_deployment`, `on_project_deleted`, an action of a
    webhook) unless there is an example for it. Where arguments are good for
    one call only, as an authorization code is, give a function that returns
    them anew; it may be a coroutine function.
    """
    hosts: tuple[str, ...] = ()
    """Hosts beyond this machine that the plugin must reach, as in
    `('ssm.eu-central-1.amazonaws.com',)`. They are reached only in a run with
    `--imbi-plugin-live`, and no other host is."""
    writes: str | tuple[str, ...] = ()
    """What a live run will write there, in words that the owner of the
    account understands: `'parameters below /imbi/kit-* in eu-central-1'`."""

    def __init__(self) -> None:
        self.context = PluginContext(
            project_id='kit-project', project_slug='kit', org_slug='kit-org'
        )
        self.credentials = {}

    async def __aenter__(self) -> Self:
        """Start what is needed; the context must be usable afterwards."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Clean up, also after a failure."""

    def tenant(self, name: str) -> PluginContext:
        """Return a context whose project id and slug are the name."""
        return self.context.model_copy(
            deep=True, update={'project_id': name, 'project_slug': name}
        )

    async def seed(self, context: PluginContext, model: Any) -> None:  # noqa: ANN401, ARG002  the contract's default
        """Refuse: override it to put data in behind the plugin's back."""
        raise UnsupportedBySandbox('seed')

    def fault(self, kind: Fault) -> AbstractAsyncContextManager[None]:
        """Refuse: override it to break the backend on purpose."""
        raise UnsupportedBySandbox(f'fault({kind})')

    async def snapshot(self) -> Mapping[str, Any]:
        """Refuse: override it to show what the backend holds."""
        raise UnsupportedBySandbox('snapshot')

    def impatient(self, context: PluginContext) -> PluginContext:
        """Return a context in which the plugin gives up as soon as it can.

        Override it to set the plugin's own time-out option to a few tenths of
        a second: laws that hang the backend on purpose wait for that long.
        """
        return context

    def elsewhere(self) -> Sequence[str]:
        """Refuse: override it to show what a redirected plugin sent.

        Whole requests as text, headers and body included: law ASY004 looks
        for credentials in them.
        """
        raise UnsupportedBySandbox('elsewhere')

    def urls(self) -> Sequence[str]:
        """Refuse: override it to show the URLs asked for since it opened.

        Laws read it where it is overridden: SEC001 looks for credentials in
        URLs, ASY003 for requests that should not have been made.
        """
        raise UnsupportedBySandbox('urls')
