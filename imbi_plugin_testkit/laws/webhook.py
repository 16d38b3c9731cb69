"""Laws of a webhook plugin (WEB001 to WEB003)."""

from __future__ import annotations

import copy
import functools
import json
import operator
from typing import TYPE_CHECKING, Any

import pydantic

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import PluginError
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.answers import fresh
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._calls import Calls
from imbi_plugin_testkit.laws._projects import differing
from imbi_plugin_testkit.model import Finding, Untestable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from imbi_plugin_sdk.handlers.webhook import ActionDescriptor
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws._calls import Call

TYPES = ('webhook',)

LISTED = ('PRO040', 'PRO041')
"""What must hold before actions can be looked at: `actions()` returns a list
of descriptors whose import strings resolve. These say so themselves."""

DELIVERIES = 12
"""Different deliveries: ids that are counted get a second digit, so that the
beginnings of some are alike."""

UNKNOWN = 'kit_unknown_field'
"""A field that no settings have."""


def _actions(lab: Lab) -> list[ActionDescriptor]:
    """List the actions, as the host does: on the class.

    Raises:
        Untestable: It raises, or what comes is no list; PRO040 says so.
    """
    handler: Any = lab.plugin.handler
    try:
        found: Any = handler.actions()
    except Exception as error:  # noqa: BLE001  a stranger's code
        told = described(error, lab.secrets)
        raise Untestable(f'actions() raised {told}') from None
    if not isinstance(found, list):
        raise Untestable('actions() returns no list')
    return found  # pyright: ignore[reportUnknownVariableType]


@check(
    'WEB001',
    title='actions() returns a fresh list of the same actions each time',
    fix='Build the list inside of actions() and return it; keep no list on '
    'the class, and take no name from the clock or the network.',
    law=True,
    types=TYPES,
    requires=(*CALLABLE, *LISTED, 'PRO042', 'PRO043'),
)
async def actions_are_listed_afresh(lab: Lab) -> AsyncIterator[Finding]:
    """The host lists the actions again and again, for each form and call.

    That names are unique, import strings resolve and every function takes
    the documented keywords, is seen in one list (PRO040 to PRO043). Here the
    list is asked for several times: it must be another list each time, since
    a host may sort what it gets; it must hold the same names, since stored
    rules refer to them; and no request may be made, since no credentials are
    given.
    """
    connections, urls = len(lab.guard.connections), lab.urls_seen()
    first = _actions(lab)
    names = [action.name for action in first]
    before = [_facts(action) for action in first]
    second = _actions(lab)
    if second is first:
        yield Finding(
            'actions()',
            'actions() returned the same list object twice, so that whoever '
            'sorts or empties it changes it for all; it must return a fresh '
            'list.',
        )
        return
    for found in (second, _actions(lab)):
        again = [action.name for action in found]
        if sorted(again) != sorted(names):
            odd = sorted({*again} ^ {*names}) or again
            yield Finding(
                'actions()',
                'actions() lists other actions the next time '
                f'({listed(map(repr, odd), last="and")}); stored rules refer '
                'to their names, which must stay.',
            ).comparing(sorted(again), sorted(names))
            return
        if sorted(map(_facts, found)) != sorted(before):
            yield Finding(
                'actions()',
                'actions() names another function or another model of '
                'settings for the same action the next time; it must name '
                'the same.',
            ).comparing(sorted(map(_facts, found)), sorted(before))
            return
    sent = [
        str(attempt) for attempt in lab.guard.connections[connections:]
    ] + lab.urls(urls)
    if sent:
        yield Finding(
            'actions()',
            f'actions() made a request ({sent[0]}); it must do no I/O.',
        )


def _facts(action: ActionDescriptor) -> tuple[str, str, str]:
    return (
        str(action.name),
        _named(action.callable),
        _named(action.config_model),
    )


def _named(thing: object) -> str:
    """Return what tells two functions or classes apart in two lists."""
    module = getattr(thing, '__module__', '')
    return f'{module}:{getattr(thing, "__qualname__", type(thing).__name__)}'


@check(
    'WEB002',
    title='the settings of every action have a JSON Schema and are closed',
    fix="Write `model_config = pydantic.ConfigDict(extra='forbid')`, and use "
    'only types that have a JSON Schema.',
    law=True,
    types=TYPES,
    requires=(*CALLABLE, *LISTED),
)
async def settings_are_closed(lab: Lab) -> AsyncIterator[Finding]:
    """The rule editor makes its form of the schema, and stores what it gets.

    Without a schema there is no form. A model that takes unknown fields takes
    misspelt ones: the rule looks right, and the setting has no effect. The
    schema is made and written as JSON; then an unknown field is given to each
    model, beside the settings of the sandbox's example where there is one.
    Models inside of the settings are not looked at.
    """
    for action in _actions(lab):
        model = action.config_model
        where = f'actions.{action.name}.config_model'
        try:
            json.dumps(model.model_json_schema())
        except Exception as error:  # noqa: BLE001  a stranger's code
            told = type(error).__name__
            yield Finding(
                where,
                f'{model.__name__} has no JSON Schema ({told}); the rule '
                'editor makes its form of it.',
            )
        if _takes_unknown(model, await _good(lab, action)):
            yield Finding(
                where,
                f'{model.__name__} takes a field that it does not know; '
                'unknown fields must be refused, or a misspelt one has no '
                'effect.',
            )


async def _good(lab: Lab, action: ActionDescriptor) -> dict[str, Any]:
    """Return the settings of the sandbox's example, or none.

    In read-only mode there are none: an example that is a function may make
    at the backend what it returns.
    """
    examples: Mapping[str, Any] = getattr(lab.sandbox, 'examples', {})
    if action.name in examples and not lab.read_only:
        for call in await Calls(lab).possible():
            if call.name == action.name:
                config = (await call.arguments()).get('action_config')
                if isinstance(config, pydantic.BaseModel):
                    good = config.model_dump(mode='json', by_alias=True)
                    return {} if _faults(action.config_model, good) else good
    return {}


def _takes_unknown(
    model: type[pydantic.BaseModel], given: dict[str, Any]
) -> bool:
    """Return whether settings are not refused for an unknown field.

    A model that stops at the first fault may not come to the unknown field:
    what it declares decides then.
    """
    without = _faults(model, given)
    among = _faults(model, {**given, UNKNOWN: 'x'})
    if not among:
        return True
    declared = model.model_config.get('extra') == 'forbid'
    return among <= without and not declared


def _faults(
    model: type[pydantic.BaseModel], given: dict[str, Any]
) -> set[str]:
    """Return what a model says against some settings."""
    try:
        model.model_validate(given)
    except pydantic.ValidationError as error:
        details: list[Any] = [
            *error.errors(include_input=False, include_url=False)
        ]
        return {f'{found["loc"]} {found["msg"]}' for found in details}
    except Exception as error:  # noqa: BLE001  a stranger's code
        return {repr(error)}
    return set()


@check(
    'WEB003',
    title='the same delivery twice is one effect, two deliveries are two',
    fix="Name what an action makes after the delivery's id, the whole of it, "
    'or look for it first; name an action that acts each time in the '
    "sandbox's `repeatable`.",
    law=True,
    types=TYPES,
    requires=(*CALLABLE, *LISTED),
    needs=frozenset({'snapshot'}),
)
async def deliveries_may_repeat(lab: Lab) -> AsyncIterator[Finding]:
    """Every sender delivers again when the answer is late.

    An action that opens a ticket then opens two. Each action for which the
    sandbox has an example is called twice with the same delivery, and what
    the remote holds is compared. The second call may refuse with a
    PluginError, if nothing changed. Actions that are documented to act each
    time stand in the sandbox's `repeatable`
    (`imbi_plugin_testkit.models.webhook`) and are left out.

    Whoever takes two deliveries for one loses the second: an action that
    knows them by the repository, by their text or by half of their id. So the
    actions that the sandbox names in `distinct` are called with several
    deliveries of its making, and each must leave something.
    """
    repeatable: frozenset[str] = getattr(
        lab.sandbox, 'repeatable', frozenset()
    )
    unseen: list[str] = []
    tried: list[str] = []
    calls = await Calls(lab).possible()
    async for finding in _taken_for_one(lab, calls):
        yield finding
    for call in calls:
        if call.name in repeatable:
            lab.note(f'{call.name} is documented to act at each delivery')
            continue
        tried.append(call.name)
        before = await lab.snapshot()
        arguments = await call.arguments()
        lab.must(await _deliver(lab, call, arguments))
        await lab.settle()
        once = await lab.snapshot()
        if once == before:
            unseen.append(call.name)
        again = await _deliver(lab, call, arguments)
        if again.error is not None and not isinstance(
            again.error, PluginError
        ):
            yield Finding(
                call.name,
                'the same delivery came again, and the action raised '
                f'{described(again.error, lab.secrets)}'
                f'{lab.place(again.error)}; it must succeed, or refuse with '
                'a PluginError.',
            )
        await lab.settle()
        holds = functools.partial(operator.eq, once)
        twice = await lab.eventually(lab.snapshot, holds)
        if twice != once:
            yield Finding(
                call.name,
                'the same delivery came twice, and had a second effect: '
                f'{differing(once, twice)}; it must be one effect.',
            ).comparing(sorted(map(str, twice)), sorted(map(str, once)))
    if unseen:
        lab.note(f'no effect is seen in the snapshot: {", ".join(unseen)}')
    if tried and unseen == tried:
        raise Untestable('no effect of any action is seen in the snapshot')


async def _taken_for_one(
    lab: Lab, calls: Sequence[Call]
) -> AsyncIterator[Finding]:
    """Yield where a delivery has no effect because another one came before."""
    distinct: frozenset[str] = getattr(lab.sandbox, 'distinct', frozenset())
    if not distinct:
        lab.note(
            'whether two deliveries are taken for one is not seen: the '
            'sandbox names no action in `distinct`'
        )
    for call in calls:
        if call.name not in distinct:
            continue
        came: list[Any] = []
        effects: list[bool] = []
        for _ in range(DELIVERIES):
            arguments = await call.arguments()
            if arguments.get('event') in came:
                raise Untestable(
                    f'the sandbox names {call.name!r} in `distinct`, and its '
                    'example is the same delivery again; make it a function '
                    'that makes another event each time'
                )
            came.append(copy.deepcopy(arguments.get('event')))
            before = await lab.snapshot()
            answer = await _deliver(lab, call, arguments)
            if not came[1:]:
                lab.must(answer)
            await lab.settle()
            holds = functools.partial(operator.ne, before)
            effects.append(await lab.eventually(lab.snapshot, holds) != before)
        if any(effects) and not all(effects):
            yield Finding(
                call.name,
                f'{DELIVERIES} different deliveries came, one after the '
                f'other, and {effects.count(True)} had an effect; each must '
                'have its own.',
            ).comparing(effects.count(True), DELIVERIES)


async def _deliver(lab: Lab, call: Call, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  an Answer
    given = copy.deepcopy(dict(arguments))
    return await call.start(given, fresh(lab.context), None)
