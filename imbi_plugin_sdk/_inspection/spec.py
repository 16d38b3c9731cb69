"""What a contract asks of one method."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, Literal

from imbi_plugin_sdk._text import shown


@dataclasses.dataclass(frozen=True, slots=True)
class MethodSpec:
    """One method of a handler, as a caller sees it.

    Attributes:
        name: The method's name.
        required: True if the contract has no default for it.
        kind: `coroutine` is awaited on an instance, `classmethod` is called
            on the class and returns at once.
        parameters: What is passed, `self` and `cls` left out.
        returns: The annotation of what comes back.
    """

    name: str
    required: bool
    kind: Literal['coroutine', 'classmethod']
    parameters: tuple[inspect.Parameter, ...]
    returns: Any

    def head(self) -> str:
        """Return the method's first line, annotations left out."""
        parts: list[str] = []
        for parameter in self.parameters:
            is_named = parameter.kind is inspect.Parameter.KEYWORD_ONLY
            if is_named and '*' not in parts:
                parts.append('*')
            parts.append(plain(parameter))
        if self.kind == 'classmethod':
            return (
                f'@classmethod def {self.name}({", ".join(["cls", *parts])})'
            )
        return f'async def {self.name}({", ".join(["self", *parts])})'


def plain(parameter: inspect.Parameter) -> str:
    """Return `name` or `name=default`, without the annotation."""
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f'{parameter.name}={shown(parameter.default)}'
