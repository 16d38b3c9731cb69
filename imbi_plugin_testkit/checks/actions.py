"""PRO040 and up: a webhook plugin's actions can be listed and called."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pydantic

from imbi_plugin_sdk._text import listed as listed_words
from imbi_plugin_sdk.handlers.webhook import (
    ActionDescriptor,
    callable_problems,
)
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.checks.protocol import FITS, signature_line
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_testkit.subject import PluginUnderTest


class Actions(NamedTuple):
    """What calling `actions()` came to.

    Attributes:
        listed: The actions; empty where there is a fault.
        fault: What went wrong, or blank.
        by_import: Whether an import string is at fault.
    """

    listed: list[ActionDescriptor] = []  # noqa: RUF012  never changed
    fault: str = ''
    by_import: bool = False


@functools.cache
def _actions(plugin: PluginUnderTest) -> Actions:
    handler: Any = plugin.handler
    try:
        with plugin.subject.importable():
            listed: Any = handler.actions()
    except pydantic.ValidationError as error:
        places = [
            str(detail['loc'][0])
            for detail in error.errors(include_input=False)
            if detail['type'] == 'import_error' and detail['loc']
        ]
        if places:
            names = listed_words(places, 'and')
            fault = f'the import string of {names} does not resolve.'
            return Actions(fault=fault, by_import=True)
        return Actions(fault='actions() raised ValidationError.')
    except Exception as error:  # noqa: BLE001  a stranger's code
        return Actions(fault=f'actions() raised {type(error).__name__}.')
    if not isinstance(listed, list) or not all(
        isinstance(action, ActionDescriptor)
        for action in cast('list[object]', listed)
    ):
        return Actions(
            fault='actions() must return a list of ActionDescriptor.'
        )
    return Actions(listed=cast('list[ActionDescriptor]', listed))


_WEBHOOK = ('PRO004', 'PRO005', 'PRO007', 'PRO009', 'PRO010')


@check(
    'PRO040',
    title='actions() returns a list of ActionDescriptor',
    fix='Return `[ActionDescriptor(...), ...]` from a plain class method.',
    types=('webhook',),
    requires=(*FITS, *_WEBHOOK),
)
def actions_are_listed(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The rule editor lists a webhook plugin's actions by calling it.

    It is called on the class, without context, credentials or network, and
    what it raises leaves the editor empty.
    """
    found = _actions(plugin)
    if found.fault and not found.by_import:
        yield Finding('actions', found.fault)


@check(
    'PRO041',
    title="every action's import strings resolve",
    fix="Write 'package.module:name' of something that can be imported.",
    types=('webhook',),
    requires=(*FITS, *_WEBHOOK),
)
def actions_resolve(plugin: PluginUnderTest) -> Iterator[Finding]:
    """An action names its function and its settings by import string.

    One that does not resolve fails when the list is made, and takes every
    other action of the plugin with it.
    """
    found = _actions(plugin)
    if found.by_import:
        yield Finding('actions', found.fault)


@check(
    'PRO042',
    title='action names are unique',
    fix='Give each action a name of its own.',
    types=('webhook',),
    requires=('PRO040', 'PRO041'),
)
def actions_are_unique(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A rule stores the action's name, and with two of one name either runs.

    Names stay for good: stored rules refer to them.
    """
    names = [action.name for action in _actions(plugin).listed]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(
            'actions', f'{name!r} names {names.count(name)} actions.'
        ).comparing(sorted(names), sorted(set(names)))


_DUE = Words(
    'async def action(*, ctx, credentials, external_identifier, '
    'action_config, event)'
)


@check(
    'PRO043',
    title='every action takes the documented keywords',
    fix='Write `async def action(*, ctx, credentials, external_identifier, '
    'action_config, event)`.',
    types=('webhook',),
    requires=('PRO040', 'PRO041'),
)
def actions_take_the_keywords(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The host calls an action with five keywords, each time all of them.

    A keyword of another name loads without complaint and fails at the first
    delivery, when nobody is looking.
    """
    for action in _actions(plugin).listed:
        where = f'actions.{action.name}'
        for problem in callable_problems(action.callable, where):
            yield Finding(
                problem.path, problem.message, problem.fix
            ).comparing(signature_line(action.callable, 'action'), _DUE)
