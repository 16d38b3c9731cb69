"""What a handler keeps between calls (ASY009 to ASY011)."""

from __future__ import annotations

import functools
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.contract import contract_for, is_implemented, methods
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE, has_methods
from imbi_plugin_testkit.laws._calls import Calls
from imbi_plugin_testkit.laws._constructing import listening
from imbi_plugin_testkit.laws._data_types import text_value
from imbi_plugin_testkit.laws._faults import NOTHING, asked
from imbi_plugin_testkit.laws._kept import kept
from imbi_plugin_testkit.laws._outcomes import known, moves
from imbi_plugin_testkit.laws._tenants import two_tenants
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from imbi_plugin_sdk.contract import MethodSpec
    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.laws._tenants import Tenants

PROBED: Mapping[str, str] = {
    'network': 'reached for the network',
    'subprocess': 'started a process',
    'files': 'changed files',
}
"""Kind of effect that the probe tells to what it means (ruling 8)."""


@check(
    'ASY009',
    title='nothing is kept between calls',
    fix='Keep what belongs to a call in local variables. Cache at most what '
    'belongs to nobody: a compiled pattern, a client without credentials.',
    law=True,
    requires=CALLABLE,
    applies=has_methods,
)
async def nothing_is_kept(lab: Lab) -> AsyncIterator[Finding]:
    """A fresh instance says what a used one says; modules keep no one's data.

    The host makes an instance for each call, in several processes, and may
    reload the plugin at any time. What is kept on class or module reaches
    the next tenant, shows values of yesterday, and holds credentials long
    after they were revoked. Methods that read are called on one instance for
    two projects in turn and must come to what fresh instances come to; for
    configuration, also after a value was changed. Afterwards everything that
    can be reached from the plugin's modules and classes is looked through
    for credentials, contexts and what the projects hold. Other state
    (counters, compiled patterns, clients without credentials) is left alone.
    """
    calls = Calls(lab)
    possible = await calls.possible()
    tenants = await two_tenants(lab, calls)
    every = await known(lab, possible, tenants.contexts)
    handler = lab.handler()
    told: set[str] = set()
    for one in (*every, *reversed(every)):
        name = one.call.name
        said = await one.on(handler)
        if said != one.outcome and name not in told:
            if await moves(one, said):
                continue
            told.add(name)
            yield Finding(
                f'{name}()',
                f'{name} comes to another result on an instance that was '
                'used before; it must be the same on every instance.',
            )
    if lab.plugin_type == 'configuration' and tenants.marks:
        async for finding in _changes_show(lab, calls, tenants):
            yield finding
    for call in possible:
        await call.start(await call.arguments(), calls.context(), None)
    # A plugin that asks nobody is its own store, as in a tutorial.
    has_remote = asked(lab) != NOTHING
    data = {
        f'what the project {name!r} holds': mark
        for name, mark in tenants.marks.items()
        if has_remote
    }
    for where, what in kept(lab, data):
        yield Finding(
            where,
            f'{where} holds {what} after the calls; nothing of a call may be '
            'kept on a module or class.',
        )


async def _changes_show(
    lab: Lab, calls: Calls, tenants: Tenants
) -> AsyncIterator[Finding]:
    """Change a value between two reads, on a used and on fresh instances."""
    key: str = (await calls.own_key())['key']
    context = tenants.contexts['main']
    handler = lab.handler()
    news = f'news{lab.rng.getrandbits(64):016x}'
    await lab.attempt_on(handler, 'get_values', [key], ctx=context)
    await lab.attempt('set_value', key, text_value(lab, news), ctx=context)
    await lab.settle()
    for whose, answer in (
        ('a used', await lab.attempt_on(
            handler, 'get_values', [key], ctx=context
        )),
        ('a fresh', await lab.attempt('get_values', [key], ctx=context)),
    ):  # fmt: skip
        if tenants.marks['main'] in repr(answer.result):
            yield Finding(
                'get_values()',
                f'get_values on {whose} instance returned the value from '
                'before another instance changed it; nothing may be kept.',
            )


@check(
    'ASY010',
    title='importing and making an instance perform no I/O',
    fix='Open files, connections and processes in the method that needs '
    'them; read files of your own package with importlib.resources.',
    law=True,
    requires=CALLABLE,
    applies=has_methods,
)
async def making_one_does_nothing(lab: Lab) -> AsyncIterator[Finding]:
    """Neither import nor constructor reaches outside.

    The host imports every plugin while it starts, and makes an instance for
    every call, in the event loop: what connects, starts a process or reads a
    file there delays everything, and fails before anybody asked for it.
    Files of the plugin's own distribution may be read. The import was
    watched by the probe; instances are made here.
    """
    probe = lab.plugin.probe
    for effect in getattr(probe, 'effects', ()):
        what = PROBED.get(effect.kind)
        if what:
            yield Finding(
                'import',
                f'importing the plugin {what}: {effect.detail}; it must do '
                'no I/O.',
            )
    heard: dict[str, None] = {}
    for _ in range(2):  # what is done once may be done by the first only
        with listening(_folder(lab)) as list_:
            lab.handler()
        heard |= dict.fromkeys(list_)
    name = lab.plugin.handler.__name__
    for what in heard:
        yield Finding(
            f'{name}()', f'making an instance {what}; it must do no I/O.'
        )


def _folder(lab: Lab) -> Path | None:
    """Return where the plugin's own files are.

    A namespace, which others share, has no file; what is below it has.
    """
    parts = lab.plugin.handler.__module__.split('.')
    for last in range(1, len(parts) + 1):
        module = sys.modules.get('.'.join(parts[:last]))
        file = getattr(module, '__file__', None)
        if file:
            return Path(file).parent
    return None


def _has_optional(data: Mapping[str, Any]) -> bool:
    kind = str(data.get('plugin_type'))
    return kind in {
        'logs',
        'identity',
        'deployment',
        'lifecycle',
        'analysis',
    }


@check(
    'ASY011',
    title="what is not implemented does what the contract's default does",
    fix="Leave the method out, so that the contract's default stays, or "
    'implement it.',
    law=True,
    requires=CALLABLE,
    applies=_has_optional,
)
async def defaults_are_defaults(lab: Lab) -> AsyncIterator[Finding]:
    """An optional method that is not implemented behaves as the default.

    The host calls optional methods and acts on what the contract's default
    does: an empty histogram is no chart, None is no move, and
    NotImplementedError hides a button. A placeholder that raises where the
    default returns breaks a page. Every optional method that the plugin does
    not implement is called and held against the default.
    """
    contract: Any = contract_for(lab.plugin_type).protocol
    for name, spec in methods(lab.plugin_type).items():
        handler = lab.handler()
        own = getattr(handler, name, None)
        if spec.required or own is None:
            continue
        if is_implemented(lab.plugin.handler, name) or lab.refuses(name):
            continue
        default = functools.partial(getattr(contract, name), handler)
        does = await _came_to(lab, spec, own)
        must = await _came_to(lab, spec, default)
        if does != must:
            yield Finding(
                f'{name}()',
                f'{name} is not implemented and {does}; it must do what the '
                f"contract's default does, which {must}.",
            )


async def _came_to(
    lab: Lab, spec: MethodSpec, method: Callable[..., Any]
) -> str:
    """Return what a placeholder comes to, which looks at no argument."""
    known_ones = {'ctx': lab.context, 'credentials': lab.credentials}
    arguments = {
        parameter.name: known_ones.get(parameter.name)
        for parameter in spec.parameters
        if parameter.default is inspect.Parameter.empty
    }
    try:
        result = await method(**arguments)
    except NotImplementedError:
        return 'raises NotImplementedError'
    except Exception as error:  # noqa: BLE001  a stranger's code
        return f'raises {described(error, lab.secrets)}'
    return f'returns {result!r}'
