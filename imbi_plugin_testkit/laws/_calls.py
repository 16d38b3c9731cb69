"""How to call each method of each plugin type with plausible arguments.

A method that triggers, creates or deletes something at the remote is called
only with arguments that the sandbox gives (`BaseSandbox.examples`); so is one
whose arguments cannot be made up, as an authorization code.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import inspect
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk.contract import is_implemented, methods
from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.lab.opening import entries
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.model import Untestable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab

    Arguments = Mapping[str, Any]

WINDOW = dt.timedelta(hours=1)
"""How far back logs and incidents are asked for: within what every real
backend keeps, the shortest of which is two days."""

REDIRECT_URI = 'https://imbi.example.com/oauth/callback'


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """How one method can be called.

    Attributes:
        method: The method.
        arguments: Makes the arguments; None needs an example of the sandbox.
        static: Whether the method may answer without the remote, and then
            without credentials.
        pure: Whether it never reaches the remote and is exempt from ASY003.
    """

    method: str
    arguments: Callable[[Calls], Awaitable[Arguments]] | None = None
    static: bool = False
    pure: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One call that a law can make, as often as it likes.

    Attributes:
        name: How findings name it.
        row: Facts about the method.
        returns: The annotation of what comes back.
        arguments: Makes the arguments anew.
        start: Calls it with these arguments, context and credentials.
    """

    name: str
    row: Row
    returns: Any
    arguments: Callable[[], Awaitable[Arguments]]
    start: Callable[
        [Arguments, PluginContext, dict[str, str] | None], Awaitable[Answer]
    ]


class Calls:
    """The calls that are possible on one plugin.

    Attributes:
        lab: The lab.
        skipped: Methods that are not called, for want of an example.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.skipped: list[str] = []
        self._ref: str | None = None
        self._key = lab.key()
        self._context = (
            lab.tenant('main')
            if lab.plugin_type == 'configuration'
            else lab.context
        )

    def context(self) -> PluginContext:
        """Return a copy of the context that the calls are made in."""
        return fresh(self._context)

    async def possible(self) -> list[Call]:
        """Return the calls, in an order in which they make sense.

        Raises:
            Untestable: Not one call is possible.
        """
        if self.lab.plugin_type == 'webhook':
            calls = self._actions()
        else:
            calls = list(self._methods())
        if self.skipped:
            wanted = ', '.join(self.skipped)
            self.lab.note(f'not called, for want of `examples`: {wanted}')
        if not calls:
            raise Untestable(
                'no method can be called with arguments that the kit makes '
                'up; give the sandbox `examples` for '
                f'{", ".join(self.skipped) or "one of them"}'
            )
        return calls

    def _methods(self) -> list[Call]:
        calls: list[Call] = []
        examples = getattr(self.lab.sandbox, 'examples', {})
        specs = methods(self.lab.plugin_type)
        for row in ROWS.get(self.lab.plugin_type, ()):
            spec = specs[row.method]
            if not _is_implemented(self.lab.plugin.handler, row.method):
                continue
            if row.method in examples:
                make: Callable[[], Awaitable[Arguments]] = functools.partial(
                    self._example, row.method
                )
            elif row.arguments is not None:
                make = functools.partial(row.arguments, self)
            else:
                self.skipped.append(row.method)
                continue
            start = functools.partial(self._start, row.method)
            calls.append(Call(row.method, row, spec.returns, make, start))
        return calls

    def _actions(self) -> list[Call]:
        """Return the actions of a webhook plugin that have examples."""
        examples = getattr(self.lab.sandbox, 'examples', {})
        calls: list[Call] = []
        try:
            actions: list[Any] = list(self.lab.plugin.handler.actions())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
        except Exception as error:  # noqa: BLE001  a stranger's code
            told = described(error, self.lab.secrets)
            raise Untestable(f'actions() raised {told}') from None
        for action in actions:
            name = str(action.name)
            if name not in examples:
                self.skipped.append(name)
                continue
            calls.append(
                Call(
                    name,
                    Row(name),
                    Any,
                    functools.partial(self._example, name),
                    functools.partial(
                        self._start_function,
                        name,
                        action.callable,
                    ),
                )
            )
        return calls

    async def _start(
        self,
        method: str,
        arguments: Arguments,
        ctx: PluginContext,
        credentials: dict[str, str] | None,
    ) -> Answer:
        return await self.lab.attempt(
            method, ctx=ctx, credentials=credentials, **arguments
        )

    async def _start_function(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: Arguments,
        ctx: PluginContext,
        credentials: dict[str, str] | None,
    ) -> Answer:
        return await self.lab.attempt_function(
            name, function, ctx=ctx, credentials=credentials, **arguments
        )

    async def _example(self, name: str) -> Arguments:
        examples: Mapping[str, Any] = getattr(self.lab.sandbox, 'examples', {})
        example: Any = examples[name]
        with self.lab.blaming(f'examples[{name!r}]'):
            if callable(example):
                example = cast('Any', example())
            if inspect.isawaitable(example):
                example = await example
            return dict(cast('Mapping[str, Any]', example))

    # Arguments that can be made up ---------------------------------------

    async def nothing(self) -> Arguments:
        """Return no arguments."""
        return {}

    async def new_value(self) -> Arguments:
        """Return a key of the kit's own, deleted in the end, and a value."""
        self.lab.on_cleanup(self._delete_key)
        return {'key': self._key, 'value': text_value(self.lab, 'kit value')}

    async def own_keys(self) -> Arguments:
        """Return the kit's own key."""
        return {'keys': [self._key]}

    async def own_key(self) -> Arguments:
        """Return the kit's own key."""
        return {'key': self._key}

    async def _delete_key(self) -> None:
        await self.lab.attempt('delete_key', self._key, ctx=self.context())

    async def query(self) -> Arguments:
        """Return a query for all of the last hour."""
        from imbi_plugin_sdk.handlers.logs import LogQuery  # noqa: PLC0415

        window = LogQuery.model_validate({**_window(), 'limit': 10})
        return {'query': window}

    async def window(self) -> Arguments:
        """Return the last hour."""
        return _window()

    async def redirect(self) -> Arguments:
        """Return a redirect URI of a host that never existed."""
        return {'redirect_uri': REDIRECT_URI}

    async def ref(self) -> Arguments:
        """Return the default branch."""
        return {'ref': await self._default_ref()}

    async def committish(self) -> Arguments:
        """Return the default branch."""
        return {'committish': await self._default_ref()}

    async def same_twice(self) -> Arguments:
        """Return the default branch, to be compared with itself."""
        ref = await self._default_ref()
        return {'base': ref, 'head': ref}

    async def environments(self) -> Arguments:
        """Return the context's environment."""
        return {'environments': [self._context.environment or 'production']}

    async def _default_ref(self) -> str:
        """Return the name of the default branch, else of any ref.

        Raises:
            Untestable: The repository of the sandbox has no ref.
        """
        from imbi_plugin_sdk.handlers.deployment import Ref  # noqa: PLC0415

        if self._ref is None:
            answer = await self.lab.attempt('list_refs', ctx=self.context())
            if answer.error is not None:
                raise Untestable(
                    'list_refs raised '
                    f'{described(answer.error, self.lab.secrets)}, so that '
                    'there is no ref to ask for'
                )
            listed = answer.result
            if not isinstance(listed, (list, tuple)):
                listed = ()  # ASY002 says so
            refs = [ref for ref in listed if isinstance(ref, Ref)]  # pyright: ignore[reportUnknownVariableType]
            refs.sort(key=lambda ref: (not ref.is_default, ref.kind))
            if not refs:
                raise Untestable('list_refs gave no Ref to ask for')
            self._ref = refs[0].name
        return self._ref


ROWS: Mapping[str, tuple[Row, ...]] = {
    'configuration': (
        Row('set_value', Calls.new_value),
        Row('list_keys', Calls.nothing),
        Row('get_values', Calls.own_keys),
        Row('get_values', Calls.nothing),
        Row('delete_key', Calls.own_key),
    ),
    'logs': (
        Row('search', Calls.query),
        Row('schema', Calls.nothing, static=True),
        Row('histogram', Calls.query),
    ),
    'identity': (
        Row('authorization_request', Calls.redirect, static=True),
        Row('exchange_code'),
        Row('refresh'),
        Row('revoke'),
        Row('materialize', static=True),
    ),
    'deployment': (
        Row('list_refs', Calls.nothing),
        Row('list_commits', Calls.ref),
        Row('resolve_committish', Calls.committish),
        Row('compare', Calls.same_twice),
        Row('get_check_status', Calls.committish),
        Row('list_workflows', Calls.nothing),
        Row('list_recent_deployments', Calls.environments),
        Row('trigger_deployment'),
        Row('get_deployment_status'),
        Row('create_tag'),
        Row('create_release'),
    ),
    'lifecycle': (
        Row('resolve_relocation_target', Calls.nothing, pure=True),
        Row('on_project_created'),
        Row('on_project_updated'),
        Row('on_project_archived'),
        Row('on_project_unarchived'),
        Row('on_project_relocated'),
        Row('on_project_deleted'),
    ),
    'analysis': (Row('analyze', Calls.nothing), Row('remediate')),
    'incidents': (Row('list_incidents', Calls.window),),
}
"""Plugin type to its methods, in an order in which they make sense.

`connection` has no methods; the methods of a `webhook` are its actions.
"""


@functools.lru_cache(maxsize=256)
def _is_implemented(handler: type, method: str) -> bool:
    """Remember what reading byte code says: each law asks again."""
    return is_implemented(handler, method)


def text_value(lab: Lab, text: str, *, secret: bool = False) -> Any:  # noqa: ANN401  imported on use
    """Return a `ConfigValue` of the plainest data type."""
    from imbi_plugin_sdk.handlers.configuration import (  # noqa: PLC0415
        ConfigValue,
    )

    return ConfigValue(data_type=plain_type(lab), value=text, secret=secret)


PLAIN_TYPES = ('string', 'text', 'str', 'plain', 'plaintext', 'value')
"""Names that data types for any text have; the first that is there is used."""


def data_types(lab: Lab) -> tuple[str, ...]:
    """Return the data types that a law may use; at least one."""
    declared = [str(kind['name']) for kind in entries(lab.data, 'data_types')]
    return tuple(lab.limits.data_types or declared or ['string'])


def plain_type(lab: Lab) -> str:
    """Return the data type that is most likely to take any text."""
    names = data_types(lab)
    secret = secret_types(lab)
    plain = [name for name in names if name not in secret] or list(names)
    folded = {name.casefold(): name for name in reversed(plain)}
    return next(
        (folded[name] for name in PLAIN_TYPES if name in folded), plain[0]
    )


def secret_types(lab: Lab) -> frozenset[str]:
    """Return the data types whose values are secrets."""
    return frozenset(
        str(kind['name'])
        for kind in entries(lab.data, 'data_types')
        if kind.get('secret')
    )


def _window() -> dict[str, dt.datetime]:
    end = dt.datetime.now(dt.UTC)
    return {'start_time': end - WINDOW, 'end_time': end}
