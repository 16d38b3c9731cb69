"""What the laws work with: answers of a handler, contexts and keys."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.lab.opening import entries

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.model import Finding
    from imbi_plugin_testkit.sandbox import Limits

KEY_LENGTH = 12
"""Random characters in a key: 36 ** 12 names do not meet by accident."""

_LEAVES = frozenset({bool, float, int, str, type(None)})
"""Types that nothing can change, of which most fields are."""

_LETTERS = 'abcdefghijklmnopqrstuvwxyz'


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What one call on the handler came to.

    Attributes:
        method: What was called.
        result: What it returned.
        error: What it raised, or None.
        handler: The instance that was called, for a look at its state.
    """

    method: str
    result: Any = None
    error: BaseException | None = None
    handler: Any = None


class HandlerFailed(Exception):  # noqa: N818  a finding under way, not a fault
    """A handler raised where a law needs it to succeed.

    Laws let it pass; the run turns it into a finding.
    """

    def __init__(self, answer: Answer, finding: Finding) -> None:
        super().__init__(finding.message)
        self.answer = answer
        self.finding = finding


def fresh(context: PluginContext) -> PluginContext:
    """Return a copy of a context that shares nothing that can be changed.

    As `model_copy(deep=True)` does, in a third of the time: laws make one for
    each of their hundreds of calls.
    """
    changeable: dict[str, Any] = {
        name: _copied(value)
        for name, value in vars(context).items()
        if type(value) not in _LEAVES
        and hasattr(value, 'copy')
        and not hasattr(value, 'model_copy')
    }
    if context.identity is not None:
        changeable['identity'] = context.identity.model_copy(deep=True)
    return context.model_copy(update=changeable)


def _copied(value: Any) -> Any:  # noqa: ANN401  any option
    """Return a deep copy; what JSON can hold in a tenth of the time."""
    kind: type[object] = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind in _LEAVES:
        return value
    if kind is dict:
        return {key: _copied(item) for key, item in value.items()}
    if kind is list:
        return [_copied(item) for item in value]
    return copy.deepcopy(value)


def secret_options(
    data: Mapping[str, Any], context: PluginContext
) -> list[str]:
    """Return the values of the options that the manifest calls secret."""
    names = {
        str(option.get('name'))
        for option in entries(data, 'options')
        if option.get('type') == 'secret'
    }
    return [
        value
        for name, value in context.assignment_options.items()
        if name in names and isinstance(value, str)
    ]


def made_up_key(limits: Limits, rng: random.Random, label: str) -> str:
    """Return a key that a backend allows, unlike any other.

    Args:
        limits: What the backend allows.
        rng: Where its characters come from.
        label: Word to begin with where the alphabet has its letters.
    """
    alphabet = limits.key_alphabet
    letters = (
        [char for char in _LETTERS if char in alphabet]
        or [char for char in alphabet if char.isalpha()]
        or list(alphabet)
    )
    words = (label, label.upper())
    head = next((word for word in words if set(word) <= set(alphabet)), '')
    size = max(1, min(KEY_LENGTH, limits.max_key_length - len(head)))
    tail = ''.join(rng.choices(letters, k=size))
    return f'{head}{tail}'[-limits.max_key_length :]
