"""A script as a test that its reader can paste."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted
from imbi_plugin_testkit.machines.script import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_testkit.lab import Lab
    from imbi_plugin_testkit.machines.machine import Machine
    from imbi_plugin_testkit.machines.running import Failure
    from imbi_plugin_testkit.machines.script import Script, Step

HOOKED = 'make_sandbox'
"""Stands for the sandbox where a hook gives it, of which there is no name."""


def as_test(
    lab: Lab, machine: type[Machine], failure: Failure
) -> tuple[str, ...]:
    """Return a test function that fails as the script did.

    It is plain pytest, without a plugin for coroutines: imports of the
    machine, of the handler and of the function that makes the sandbox, and
    one call per step.

    Args:
        lab: Whose plugin and sandbox.
        machine: Whose rules.
        failure: The script.
    """
    handler = lab.plugin.handler
    law = failure.divergence.law
    named = lab.plugin.subject.config.sandbox or ''
    module, _, maker = named.partition(':')
    sandbox = maker or HOOKED
    lines = [
        'import asyncio',
        '',
        *sorted(
            (
                _import(machine.__module__, machine.__qualname__),
                'from imbi_plugin_testkit.machines import replaying',
            )
        ),
        '',
        _import(handler.__module__, handler.__qualname__),
        _import(module, sandbox)
        if maker
        else f'# {HOOKED}: what the hook pytest_imbi_plugin_sandbox returns',
        '',
        '',
        f'def test_a_script_of_{_count(failure.script)}() -> None:',
        f'    """{law or lab.check.id} is broken."""',
        '',
        '    async def script() -> None:',
        '        async with replaying(',
        f'            {machine.__qualname__}, {handler.__qualname__}, '
        f'{sandbox}',
        '        ) as machine:',
        *(f'            {line}' for line in _steps(machine, failure.script)),
        '',
        '    asyncio.run(script())',
    ]
    return tuple(lines)


def _count(script: Script) -> str:
    return counted(len(script), 'step').replace(' ', '_')


def _import(module: str, name: str) -> str:
    return f'from {module} import {name.partition(".")[0]}'


def _steps(machine: type[Machine], script: Script) -> Iterator[str]:
    """Yield a line per step; a result that is used later gets a name."""
    names: dict[int, str] = {}
    for step in script:
        used = any(later.uses(step.number) for later in script)
        if used:
            word = machine.rules[step.rule].gives
            names[step.number] = f'{word}_{len(names) + 1}'
        yield _line(step, names, _defaults(machine, step.rule))
    if not script:
        yield 'pass'


def _defaults(machine: type[Machine], name: str) -> dict[str, object]:
    """Return what need not be written."""
    parameters = inspect.signature(getattr(machine, name)).parameters
    return {key: parameter.default for key, parameter in parameters.items()}


def _line(
    step: Step, names: dict[int, str], defaults: Mapping[str, object]
) -> str:
    given = ', '.join(
        f'{key}={names[value.number]}'
        if isinstance(value, Result)
        else f'{key}={value!r}'
        for key, value in step.arguments.items()
        if defaults[key] != value
    )
    result = names.get(step.number)
    told = f'{result} = ' if result else ''
    return f'{told}await machine.{step.rule}({given})'
