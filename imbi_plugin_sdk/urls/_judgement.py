"""What the judges of a URL share: patterns, stand-ins and the findings.

Patterns are text: `re` compiles and keeps one when it is first used, so
importing costs nothing. All are free of backtracking or close to it, so the
work is linear in the length of the URL.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Protocol

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.urls import _names, _rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from imbi_plugin_sdk.urls._rules import UrlKind

NAME = '[A-Za-z][A-Za-z0-9_]*+'
"""A variable's name. RFC 6570 §2.3 knows more; JSON keys should not."""

VARIABLE = rf'\{{({NAME})\}}'
SLOT = r'\{([A-Za-z_][A-Za-z0-9_]*+)\}'
"""A placeholder, or `UNKNOWN`."""

UNKNOWN = '{_}'
"""Stands for a malformed placeholder: no author can declare that name."""

STAND_IN = 'v.vv'
"""A host that no rule objects to, for a value that is not known yet."""

HOST_TEXT = rf'((?:[A-Za-z0-9.-]++|{SLOT.replace("(", "(?:", 1)})*+)'
"""What a host may hold; `_host` says in which order."""

_WORD = '[A-Z]+(?![a-z])|[A-Z]?[a-z]+'


class VariableSpec(Protocol):
    """What the rules need to know of a template's variable."""

    @property
    def kind(self) -> str:
        """What may stand in: label, host, segment, enum or base_url."""
        ...

    @property
    def choices(self) -> Sequence[str] | None:
        """The values of kind `enum`, at least one; else nothing."""
        ...

    @property
    def default(self) -> str | None:
        """The value where an operator gives none."""
        ...

    @property
    def pattern(self) -> str | None:
        """A simple regular expression that a whole value must match."""
        ...


def names_secret(name: str) -> bool:
    """Tell whether a query parameter of this name would hold a secret."""
    words = [word.lower() for word in re.findall(_WORD, name)]
    if not words or words[-1] in _names.HARMLESS_ENDS:
        return False
    pairs = itertools.pairwise(words)
    return (
        not _names.SECRET_WORDS.isdisjoint(words)
        or any(word.endswith(_names.SECRET_ENDS) for word in words)
        or any(
            second == 'key' and first in _names.SECRET_KEYS
            for first, second in pairs
        )
    )


def broken(code: str, path: str, seen: str, fix: str = '') -> Problem:
    """Return the problem that a rule of the table is broken.

    Args:
        code: A key of `RULES`.
        path: Where the subject stands.
        seen: The first half of the message; the rule is the second.
        fix: What to do, where more is known than the table knows.
    """
    must, mend = _rules.RULES[code]
    return Problem(code, path, f'{seen}; {must}.', fix or mend)


class Judgement:
    """The problems of one URL, and what they are judged by."""

    __slots__ = ('kind', 'operator', 'path', 'problems', 'secret', 'specs')

    def __init__(
        self,
        kind: UrlKind,
        specs: Mapping[str, VariableSpec],
        path: str,
        *,
        operator: bool = False,
        secret: Callable[[str], bool] = names_secret,
    ) -> None:
        self.kind = _rules.KINDS[kind]
        self.specs = specs
        self.path = path
        self.operator = operator
        self.secret = secret
        self.problems: list[Problem] = []

    def add(self, code: str, seen: str, fix: str = '') -> None:
        """Keep one problem, once."""
        problem = broken(code, self.path, seen, fix)
        if problem not in self.problems:
            self.problems.append(problem)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with each value in place, and none expanded again."""
    return re.sub(SLOT, lambda match: values[match[1]], text)
