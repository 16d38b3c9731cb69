"""From the path of a finding to the expression in a manifest's source."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imbi_plugin_testkit.places.sources import Source

Steps = tuple[str | int, ...]

_STEP = re.compile(r"""\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\[(['"])(.*?)\3\]""")


def steps_of(path: str) -> Steps:
    """Return `('options', 2, 'name')` for `options[2].name`.

    Stops where the path is no longer one into a manifest.
    """
    steps: list[str | int] = []
    position = 0
    while found := _STEP.match(path, position):
        if found[1] is not None:
            steps.append(found[1])
        elif found[2] is not None:
            steps.append(int(found[2]))
        else:
            steps.append(found[4])
        position = found.end()
    return tuple(steps)


def descend(
    source: Source, node: ast.AST, steps: Sequence[str | int]
) -> tuple[Source, ast.AST]:
    """Return the innermost expression that a path leads to.

    Names are followed into the author's other modules. Where the source says
    less than the path, as for a list that a function makes, the last
    expression on the way is returned.
    """
    at: tuple[Source, ast.AST] = source, node
    for step in steps:
        found = _child(at[1], step)
        if found is None:
            return at
        place, value = found
        inner = at[0].resolved(value)
        last = step is steps[-1]
        at = (at[0], place) if last and inner[1] is value else inner
    return at


def _child(node: ast.AST, step: str | int) -> tuple[ast.AST, ast.AST] | None:
    """Return where a part of an expression is named, and its value."""
    if isinstance(node, ast.Call) and isinstance(step, str):
        for keyword in node.keywords:
            if keyword.arg == step:
                return keyword, keyword.value
    if isinstance(node, ast.Dict) and isinstance(step, str):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == step:
                return key, value
    if isinstance(node, (ast.List, ast.Tuple)) and isinstance(step, int):
        before = node.elts[: step + 1]
        if len(before) > step and not any(
            isinstance(each, ast.Starred) for each in before
        ):
            return node.elts[step], node.elts[step]
    return None
