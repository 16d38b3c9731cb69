"""Where secrets are said while the methods are called (SEC001)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.lab.sandbox_side import CannotBreakError
from imbi_plugin_testkit.lab.script import NUL
from imbi_plugin_testkit.laws._calls import (
    data_types,
    secret_types,
    text_value,
)
from imbi_plugin_testkit.laws._faults import EXPECTED, UNREADABLE, at_once
from imbi_plugin_testkit.laws._later import later
from imbi_plugin_testkit.laws._leaks import (
    Capture,
    forms_of,
    safe,
    said_by_answer,
)
from imbi_plugin_testkit.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws._calls import Call, Calls

BROKEN = (Fault.REFUSE, Fault.RESET, Fault.MALFORMED, Fault.HANG)
"""Faults whose errors come from libraries, which quote what they were given:
a client its request, headers included, and a parser what it reads. The last
takes time."""

PATIENCE = 10.0
"""Seconds for calls that get no answer: one that goes on is ASY004's."""

WHAT = {**EXPECTED, **UNREADABLE}


@dataclasses.dataclass(frozen=True, slots=True)
class Round:
    """Credentials, and which values nobody may say.

    Attributes:
        what: How a finding names the credentials.
        credentials: What is passed.
        canaries: Name of the credential to its value.
        value: A secret that is stored, where the plugin stores any.
    """

    what: str
    credentials: dict[str, str]
    canaries: Mapping[str, str]
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class Leak:
    """A place where a secret was said.

    Attributes:
        who: The method.
        when: With which credentials, or under which fault, in words.
        where: In what it was said.
        name: Of the secret.
        forms: As in `raw, url`.
    """

    who: str
    when: str
    where: str
    name: str
    forms: str


async def leaks_of_rounds(
    lab: Lab, calls: Calls, possible: list[Call], rounds: Sequence[Round]
) -> AsyncIterator[Leak]:
    """Call every method with all credentials, and yield what was said."""
    for each in rounds:
        for call in possible:
            arguments = await _arguments(lab, call, each)
            before = lab.urls_seen()
            with Capture() as capture:
                answer = await call.start(
                    arguments, calls.context(), dict(each.credentials)
                )
            said = [*capture.texts(), *_said(answer)]
            said += [('a URL that was asked for', u) for u in lab.urls(before)]
            for leak in _leaks(lab, each, said):
                yield Leak(call.name, f'with {each.what}', *leak)


async def leaks_of_later_requests(
    lab: Lab, calls: Calls, possible: list[Call], each: Round
) -> AsyncIterator[Leak]:
    """Break each call off at a later request, and yield what was said.

    The first one may have nothing to hide: it asks for the endpoints.
    """
    captured: list[Capture] = []
    for call in possible:
        if call.row.pure:
            continue

        async def prepare(call: Call = call) -> dict[str, Any]:
            return await _arguments(lab, call, each)

        async def start(
            arguments: dict[str, Any], call: Call = call
        ) -> Answer:
            with Capture() as capture:
                captured.append(capture)
                return await call.start(arguments, calls.context(), None)

        tries = later(lab, prepare, start, resets=True)
        async for when, _, answer in tries:
            said = [*captured[-1].texts(), *_said(answer)]
            for leak in _leaks(lab, each, said):
                yield Leak(call.name, when, *leak)


async def leaks_of_faults(
    lab: Lab,
    calls: Calls,
    possible: list[Call],
    each: Round,
    told: AbstractSet[object],
) -> AsyncIterator[Leak]:
    """Make all calls while nobody is reached, and yield what was said.

    At once, since each may wait until its time is over; not at all where
    that is all that is left to do, and something was told.
    """
    for kind in BROKEN:
        if told and kind is Fault.HANG:
            return
        # Made first: those that ask the remote themselves need its answer.
        ready = [
            (call, await _arguments(lab, call, each))
            for call in possible
            if not call.row.pure
        ]
        try:
            async with lab.fault(kind):
                with Capture() as capture:
                    outcomes = (
                        await at_once(lab, calls, ready, PATIENCE)
                        if ready
                        else []
                    )
        except CannotBreakError as reason:
            lab.note(reason.reason)
            continue
        when = f'where the backend {WHAT[kind].what}'
        for call, answer, _ in outcomes:
            said = [*_said(answer)] if answer is not None else []
            for leak in _leaks(lab, each, said):
                yield Leak(call.name, when, *leak)
        for leak in _leaks(lab, each, [*capture.texts()]):
            yield Leak('every method', when, *leak)


async def _arguments(lab: Lab, call: Call, each: Round) -> dict[str, Any]:
    """Return the arguments of a call, with a secret where one is stored."""
    arguments = dict(await call.arguments())
    if lab.plugin_type == 'configuration' and 'value' in arguments:
        arguments['value'] = _secret_value(lab, each.value)
    return arguments


def _said(answer: Answer) -> Iterator[tuple[str, str]]:
    yield from said_by_answer(answer)
    yield 'the repr of the handler', _shown(answer.handler)


def _leaks(
    lab: Lab, each: Round, said: Sequence[tuple[str, str]]
) -> list[tuple[str, str, str]]:
    """Return where secrets of a round were said, which, and in which forms.

    The same as the last fields of a `Leak`.
    """
    secrets = {
        f'credentials[{name!r}]': value
        for name, value in each.canaries.items()
    }
    found = _places(said, secrets)
    if lab.plugin_type == 'configuration':
        # A result may hold the secret that was stored, declared as one.
        others = [entry for entry in said if not entry[0].endswith('result')]
        stored = {'the secret value that is stored': each.value}
        found += _places(others, stored)
    return found


def _places(
    said: Sequence[tuple[str, str]], secrets: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Return where secrets are, which, and in which forms."""
    # Almost always nothing is anywhere: look at all in one piece first.
    whole = NUL.join(text for _, text in said)
    held = {
        name: value
        for name, value in secrets.items()
        if forms_of(whole, value)
    }
    return [
        (where, name, forms)
        for where, text in said
        for name, value in held.items()
        if (forms := forms_of(text, value))
    ]


def _secret_value(lab: Lab, text: str) -> Any:  # noqa: ANN401  imported on use
    """Return a `ConfigValue` that asks to be kept as a secret."""
    value = text_value(lab, text, secret=True)
    allowed = data_types(lab)
    secret = sorted(secret_types(lab) & set(allowed))
    return value.model_copy(update={'data_type': secret[0]} if secret else {})


def _shown(handler: object) -> str:
    return safe(lambda: f'{handler!r}\n{handler}')
