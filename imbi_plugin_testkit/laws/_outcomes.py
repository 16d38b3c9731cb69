"""What calls come to, in a form in which two of them can be compared."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, cast

import pydantic

from imbi_plugin_sdk.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws._calls import Call


def outcome(answer: Answer) -> str:
    """Return a result, or the class of an error, as comparable text.

    The order of a list is left open by the contract.
    """
    if answer.error is not None:
        return f'{type(answer.error).__name__} raised'
    return repr(sorted(_plain(item) for item in items_of(answer.result)))


def items_of(found: object) -> list[Any]:
    """Return the items of a list, or what is no list as the only one."""
    if isinstance(found, list):
        return list(cast('Iterable[Any]', found))
    return [found]


def _plain(value: object) -> str:
    if isinstance(value, pydantic.BaseModel):
        return repr((type(value).__name__, value.model_dump()))
    return repr(value)


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """A call that answers the same whenever it is made.

    Attributes:
        call: The call.
        context: In whose context.
        who: How a message names the context.
        arguments: With which arguments.
        outcome: What it comes to.
    """

    call: Call
    context: PluginContext
    who: str
    arguments: Mapping[str, Any]
    outcome: str

    async def again(self, credentials: dict[str, str] | None = None) -> str:
        """Return what it comes to on a fresh instance."""
        answer = await self.call.start(
            dict(self.arguments), _copy(self.context), credentials
        )
        return outcome(answer)

    async def on(self, handler: object) -> str:
        """Return what it comes to on an instance that is given."""
        if self.call.start_on is None:
            return self.outcome
        return outcome(
            await self.call.start_on(
                handler, dict(self.arguments), _copy(self.context)
            )
        )


def _copy(context: PluginContext) -> PluginContext:
    return context.model_copy(deep=True)


_NUMBERS = re.compile(r'\d+')


async def moves(one: Known, got: str) -> bool:
    """Return whether an outcome changes by itself, as a time does.

    What was told twice in one second is told otherwise in the next: in its
    numbers only, and to whoever asks, alone or not.

    Args:
        one: The call, and what it came to at first.
        got: What it came to now.
    """
    said = {_NUMBERS.sub('#', text) for text in (got, one.outcome)}
    if len(said) > 1:
        return False
    alone = await one.again()
    return alone != one.outcome and _NUMBERS.sub('#', alone) in said


def rejected(said: str) -> bool:
    """Return whether an outcome is an error of the contract's, or a child."""
    kinds = [PluginError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return said in {f'{kind.__name__} raised' for kind in kinds}


async def known(
    lab: Lab,
    possible: list[Call],
    contexts: Mapping[str, PluginContext],
) -> list[Known]:
    """Return the calls that read and say the same twice, per context."""
    found: list[Known] = []
    for call in possible:
        if call.writes:
            continue
        arguments = await call.arguments()
        for who, context in contexts.items():
            first = Known(call, context, who, arguments, '')
            said = await first.again()
            if said == await first.again():
                found.append(dataclasses.replace(first, outcome=said))
    del lab
    return found
