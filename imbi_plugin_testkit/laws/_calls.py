"""How to call each method of each plugin type with plausible arguments.

A method that triggers, creates or deletes something at the remote is called
only with arguments that the sandbox gives (`BaseSandbox.examples`); so is one
whose arguments cannot be made up, as an authorization code.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk.contract import is_implemented, methods
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.lab.writing import READ_ONLY
from imbi_plugin_testkit.laws._arguments import MadeUp
from imbi_plugin_testkit.laws._data_types import (
    data_types,
    plain_type,
    secret_types,
    tells_data_types,
    text_value,
)
from imbi_plugin_testkit.model import Untestable

__all__ = [
    'Call',
    'Calls',
    'Row',
    'data_types',
    'plain_type',
    'secret_types',
    'tells_data_types',
    'text_value',
]

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab

    Arguments = Mapping[str, Any]


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
    arguments: Callable[[MadeUp], Awaitable[Arguments]] | None = None
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
        writes: Whether it changes something at the remote.
        start_on: The same on an instance that is given; None where a call
            needs none, as an action of a webhook.
    """

    name: str
    row: Row
    returns: Any
    arguments: Callable[[], Awaitable[Arguments]]
    start: Callable[
        [Arguments, PluginContext, dict[str, str] | None], Awaitable[Answer]
    ]
    writes: bool = True
    start_on: (
        Callable[[object, Arguments, PluginContext], Awaitable[Answer]] | None
    ) = None


class Calls(MadeUp):
    """The calls that are possible on one plugin.

    Attributes:
        skipped: Methods that are not called, for want of an example.
        left_alone: Methods that are not called, in read-only mode.
    """

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.skipped: list[str] = []
        self.left_alone: list[str] = []

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
        if self.left_alone:
            alone = ', '.join(dict.fromkeys(self.left_alone))
            self.lab.note(f'not called in {READ_ONLY}: {alone}')
        if not calls and self.left_alone:
            raise Untestable(f'{READ_ONLY}: every method writes')
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
            if self.lab.refuses(row.method):
                self.left_alone.append(row.method)
                continue
            if row.method in examples and not self._prefers_made_up(
                row, examples[row.method]
            ):
                make: Callable[[], Awaitable[Arguments]] = functools.partial(
                    self._example, row.method
                )
            elif row.arguments is not None:
                make = functools.partial(row.arguments, self)
            else:
                self.skipped.append(row.method)
                continue
            calls.append(
                Call(
                    row.method,
                    row,
                    spec.returns,
                    make,
                    functools.partial(self._start, row.method),
                    self.lab.writes(row.method),
                    functools.partial(self._start_on, row.method),
                )
            )
        return calls

    def _prefers_made_up(self, row: Row, example: object) -> bool:
        """Return whether an example is left alone, for it may write.

        One that is a function may make at the backend what it returns.
        """
        return (
            self.lab.read_only
            and callable(example)
            and row.arguments is not None
        )

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
            if self.lab.refuses(name):
                self.left_alone.append(name)
                continue
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

    async def _start_on(
        self,
        method: str,
        handler: object,
        arguments: Arguments,
        ctx: PluginContext,
    ) -> Answer:
        return await self.lab.attempt_on(handler, method, ctx=ctx, **arguments)

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


ROWS: Mapping[str, tuple[Row, ...]] = {
    'configuration': (
        Row('set_value', MadeUp.new_value),
        Row('list_keys', MadeUp.nothing),
        Row('get_values', MadeUp.own_keys),
        Row('get_values', MadeUp.nothing),
        Row('delete_key', MadeUp.own_key),
    ),
    'logs': (
        Row('search', MadeUp.query),
        Row('schema', MadeUp.nothing, static=True),
        Row('histogram', MadeUp.query),
    ),
    'identity': (
        Row('authorization_request', MadeUp.redirect, static=True),
        Row('exchange_code'),
        Row('refresh'),
        Row('revoke'),
        Row('materialize', static=True),
    ),
    'deployment': (
        Row('list_refs', MadeUp.nothing),
        Row('list_commits', MadeUp.ref),
        Row('resolve_committish', MadeUp.committish),
        Row('compare', MadeUp.same_twice),
        Row('get_check_status', MadeUp.committish),
        Row('list_workflows', MadeUp.nothing),
        Row('list_recent_deployments', MadeUp.environments),
        Row('trigger_deployment'),
        Row('get_deployment_status'),
        Row('create_tag'),
        Row('create_release'),
    ),
    'lifecycle': (
        Row('resolve_relocation_target', MadeUp.nothing, pure=True),
        Row('on_project_created'),
        Row('on_project_updated'),
        Row('on_project_archived'),
        Row('on_project_unarchived'),
        Row('on_project_relocated'),
        Row('on_project_deleted'),
    ),
    'analysis': (Row('analyze', MadeUp.nothing), Row('remediate')),
    'incidents': (Row('list_incidents', MadeUp.window),),
}
"""Plugin type to its methods, in an order in which they make sense.

`connection` has no methods; the methods of a `webhook` are its actions.
"""


@functools.lru_cache(maxsize=256)
def _is_implemented(handler: type, method: str) -> bool:
    """Remember what reading byte code says: each law asks again."""
    return is_implemented(handler, method)
