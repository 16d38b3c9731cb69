"""What a law did, as lines that its reader can repeat."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST = 160
"""Characters of one argument or result; a listing of ten keys has more."""

FIRST, LAST = 4, 20
"""Steps shown of a long script: how it began, and what led to the finding."""

NUL = '\0'
"""Keeps texts apart that are redacted in one piece."""


@dataclasses.dataclass(slots=True)
class Step:
    """One call on a fresh handler.

    Attributes:
        call: The expression before the parenthesis, as in `plugin.get_values`.
        context: Name of the context that was passed.
        credentials: Name of the credentials that were passed.
        arguments: What else was passed, by position or by name.
        outcome: `-> result` or `raised error`, rendered when it is shown.
        done: Whether it came back.
    """

    call: str
    context: str
    credentials: str
    positional: tuple[Any, ...]
    named: Mapping[str, Any]
    outcome: Any = None
    raised: bool = False
    done: bool = False

    def texts(self) -> list[str]:
        """Return each argument and the outcome in full, secrets included."""
        values = [*self.positional, *self.named.values()]
        texts = [_repr(value) for value in values]
        if not self.done:
            return [*texts, '']
        if self.raised:
            return [*texts, _message(self.outcome)]
        return [*texts, _repr(self.outcome)]

    def line(self, texts: Sequence[str]) -> str:
        """Return the step as a line of Python.

        Args:
            texts: What `texts` returned, redacted and shortened.
        """
        labels = [''] * len(self.positional)
        labels += [f'{name}=' for name in self.named]
        arguments = [self.context, self.credentials]
        arguments += [
            label + text for label, text in zip(labels, texts, strict=False)
        ]
        call = f'await {self.call}({", ".join(arguments)})'
        if not self.done:
            return f'{call}  # did not come back'
        if self.raised:
            name = type(self.outcome).__name__
            return f'{call}  # raised {name}: {texts[-1]}'.rstrip(': ')
        return f'{call}  # -> {texts[-1]}'


class Script:
    """The steps of one law since it began."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def lines(self, secrets: Iterable[str], handler: str) -> tuple[str, ...]:
        """Return the steps as lines, the middle of a long one left out."""
        steps = self.steps
        if not steps:
            return ()
        left_out = len(steps) - FIRST - LAST
        if left_out > 1:
            steps = [*steps[:FIRST], *steps[-LAST:]]
        lines = _lines(steps, secrets)
        if left_out > 1:
            lines.insert(FIRST, f'# … {left_out} more calls …')
        return (f'# plugin is a fresh {handler}() in each line', *lines)


def _lines(steps: Sequence[Step], secrets: Iterable[str]) -> list[str]:
    """Return a line per step.

    Redacted in one piece, which costs a tenth of piece by piece; and cut
    afterwards, so that no half of a secret is left.
    """
    texts = [step.texts() for step in steps]
    whole = NUL.join(text.replace(NUL, ' ') for each in texts for text in each)
    clean = iter(redact(whole, secrets).split(NUL))
    return [
        step.line([_cut(next(clean)) for _ in each])
        for step, each in zip(steps, texts, strict=True)
    ]


def _cut(text: str) -> str:
    text = ' '.join(text.split())
    return text if len(text) <= LONGEST else f'{text[:LONGEST]}…'


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001  a stranger's repr
        kind = type(value).__name__
        return f'<{kind}: its repr raises {type(error).__name__}>'


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a stranger's __str__
        return '<its message cannot be shown>'


def described(error: BaseException, secrets: Iterable[str]) -> str:
    """Return `KeyError: 'name'`, short and without secrets."""
    text = _cut(redact(_message(error), secrets))
    name = type(error).__name__
    return f'{name}: {text}' if text else name
