"""What a call can feel of a callable, without calling it.

Two questions about a stranger's callable: does calling it give an awaitable,
and does it take every call that the contract allows. Widening is fine,
narrowing is a problem: a call may pass each
positional parameter by position or by name, and may leave out each optional
one.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING

from imbi_plugin_sdk._inspection.coroutines import coroutine_fault, layers
from imbi_plugin_sdk._inspection.spec import plain
from imbi_plugin_sdk._text import listed, shown
from imbi_plugin_sdk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_Parameter = inspect.Parameter

VARIADIC = (_Parameter.VAR_POSITIONAL, _Parameter.VAR_KEYWORD)
"""The kinds of `*args` and `**kwargs`."""

_POSITIONAL = (_Parameter.POSITIONAL_ONLY, _Parameter.POSITIONAL_OR_KEYWORD)


def call_problems(
    func: object,
    expected: Sequence[inspect.Parameter],
    where: str,
    *,
    bound: bool = False,
) -> Iterator[Problem]:
    """Say why a coroutine call of `func` would fail.

    Args:
        func: What would be called.
        expected: The parameters of the contract, without `self`.
        where: How paths name the callable.
        bound: True if the call puts an instance or a class first.

    Yields:
        One problem per difference.
    """
    if not callable(func):
        yield not_callable(func, where)
        return
    if (seen := coroutine_fault(func)) is not None:
        yield Problem(
            'method_not_coroutine',
            where,
            f'is {seen}, but the host awaits what it returns.',
            f'Declare it as `async def {where}(...)`, and let a decorator '
            'around it keep it so (an `async def` wrapper with '
            'functools.wraps).',
        )
    yield from parameter_problems(func, expected, where, bound=bound)


def not_callable(value: object, where: str) -> Problem:
    """Return the problem of an attribute that cannot be called."""
    return Problem(
        'not_callable',
        where,
        f'is of type {type(value).__name__}, but the host calls it.',
        f'Define it as `async def {where}(...)`.',
    )


def parameter_problems(
    func: object,
    expected: Sequence[inspect.Parameter],
    where: str,
    *,
    bound: bool = False,
) -> Iterator[Problem]:
    """Compare a callable's parameters with those of the contract.

    A decorator that takes `*args` and `**kwargs` takes every call; then what
    it wraps is compared too. Parameters that the wrapped function requires
    beyond the contract are taken as supplied by the decorator.
    """
    passed = False
    filled: set[str] = set()
    for layer in layers(func):
        own = own_parameters(layer)
        if own is None:
            return
        first = bound and not inspect.ismethod(layer)
        if first:
            if not _takes_self(own):
                yield _without_self(where)
                return
            own = _drop_first(own)
        own = [p for p in own if p.name not in filled]
        found = list(_Comparison(expected, own, where, passed).problems())
        yield from found
        if found or not _is_catch_all(own):
            return
        filled |= {p.name for p in own if p.kind not in VARIADIC}
        expected = [p for p in expected if p.name not in filled]
        passed = True


def own_parameters(func: object) -> list[inspect.Parameter] | None:
    """Return a callable's parameters, not those of what it wraps.

    None means that nobody can tell, as for some functions written in C.
    """
    if not callable(func):
        return None
    try:
        signature = inspect.signature(func, follow_wrapped=False)
    except (TypeError, ValueError):
        return None
    return list(signature.parameters.values())


def _takes_self(own: Sequence[inspect.Parameter]) -> bool:
    """Tell whether a call on an instance has a place for the instance."""
    return bool(own) and own[0].kind in (
        *_POSITIONAL,
        _Parameter.VAR_POSITIONAL,
    )


def _drop_first(own: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Return the parameters that are left once the instance is put in."""
    return own if own[0].kind is _Parameter.VAR_POSITIONAL else own[1:]


def _without_self(where: str) -> Problem:
    """Return the problem of a method that forgot its first parameter."""
    return Problem(
        'parameter_missing',
        f'{where}(self)',
        'has no first parameter for the instance, so that every call on an '
        'instance fails.',
        'Add `self` as the first parameter.',
    )


def _is_catch_all(own: Iterable[inspect.Parameter]) -> bool:
    """Tell whether there are both `*args` and `**kwargs`."""
    kinds = {parameter.kind for parameter in own}
    return kinds.issuperset(VARIADIC)


def same_default(ours: object, theirs: object) -> bool:
    """Tell whether a call that leaves the parameter out means the same.

    A subclass counts (a StrEnum's member for its text), but a bool is no
    number: True is not 1.
    """
    if ours is theirs:
        return True
    if isinstance(ours, bool) is not isinstance(theirs, bool):
        return False
    return isinstance(theirs, type(ours)) and bool(ours == theirs)


@dataclasses.dataclass(slots=True)
class _Comparison:
    """The parameters of the contract beside those of one callable.

    Attributes:
        expected: The contract's, without `self`.
        actual: The callable's, without `self`.
        where: How paths name the callable.
        supplied: True if a decorator may supply what is required beyond the
            contract.
    """

    expected: Sequence[inspect.Parameter]
    actual: Sequence[inspect.Parameter]
    where: str
    supplied: bool

    def problems(self) -> Iterator[Problem]:
        """Yield every difference that a call can feel."""
        renamed = self.renamed()
        lost: set[str] = set()
        for place, parameter in enumerate(self.expected):
            name = parameter.name
            if name in renamed:
                yield self.rename(name, renamed[name])
            elif (own := self.named().get(name)) is not None:
                yield from self.kind(parameter, own)
                yield from self.default(parameter, own)
            elif (fault := self.absence(parameter, place)) is not None:
                lost.add(name)
                yield fault
        yield from self.order(renamed, lost)
        taken = set(renamed.values())
        for parameter in self.unknown():
            if parameter.name not in taken and self.is_surplus(parameter):
                yield self.surplus(parameter)

    # What there is

    def named(self) -> dict[str, inspect.Parameter]:
        """Return the callable's parameters but `*args` and `**kwargs`."""
        return {p.name: p for p in self.actual if p.kind not in VARIADIC}

    def positional(self) -> list[inspect.Parameter]:
        """Return the callable's parameters that a position can reach."""
        return [p for p in self.actual if p.kind in _POSITIONAL]

    def unknown(self) -> list[inspect.Parameter]:
        """Return the callable's parameters that the contract has not."""
        known = {parameter.name for parameter in self.expected}
        return [p for p in self.named().values() if p.name not in known]

    def has(self, kind: object) -> bool:
        """Tell whether there is an `*args`, or a `**kwargs`."""
        return any(parameter.kind is kind for parameter in self.actual)

    def is_surplus(self, parameter: inspect.Parameter) -> bool:
        """Tell whether no call of the contract can fill a parameter."""
        return parameter.default is _Parameter.empty and not self.supplied

    # Differences

    def renamed(self) -> dict[str, str]:
        """Pair names of the contract with what stands in their place."""
        pairs: dict[str, str] = {}
        free = {parameter.name for parameter in self.unknown()}
        positional = self.positional()
        for place, parameter in enumerate(self.expected):
            if parameter.name in self.named():
                continue
            twin: str | None = None
            if parameter.kind is _Parameter.KEYWORD_ONLY:
                if not self.has(_Parameter.VAR_KEYWORD):
                    twin = self.likely(parameter.name, free)
            elif place < len(positional) and positional[place].name in free:
                twin = positional[place].name
            elif not _is_catch_all(self.actual):
                twin = _closest(parameter.name, free)
            if twin is not None:
                pairs[parameter.name] = twin
                free.discard(twin)
        return pairs

    def likely(self, name: str, free: set[str]) -> str | None:
        """Return the free name that stands for a keyword, if any."""
        required = [
            parameter.name
            for parameter in self.unknown()
            if parameter.name in free and parameter.default is _Parameter.empty
        ]
        missing = [p for p in self.expected if p.name not in self.named()]
        if len(required) == len(missing) == 1:
            return required[0]
        return _closest(name, free)

    def absence(
        self, parameter: inspect.Parameter, place: int
    ) -> Problem | None:
        """Return the problem of a parameter that has no name here."""
        by_position = self.has(_Parameter.VAR_POSITIONAL)
        by_name = self.has(_Parameter.VAR_KEYWORD)
        if parameter.kind is _Parameter.KEYWORD_ONLY:
            by_position = True
        if by_position and by_name:
            return None
        if by_position is by_name or (
            parameter.kind is _Parameter.KEYWORD_ONLY
        ):
            before = [p.name for p in self.expected[:place]]
            behind = f' after `{before[-1]}`' if before else ''
            return Problem(
                'parameter_missing',
                self.path(parameter.name),
                f'is missing; the host passes {plain(parameter)}.',
                f'Add `{plain(parameter)}`{behind}.',
            )
        only = 'by position' if by_position else 'by name'
        return self.narrowed(parameter, only)

    def kind(
        self, parameter: inspect.Parameter, own: inspect.Parameter
    ) -> Iterator[Problem]:
        """Yield a problem where a position or a name no longer works."""
        if own.kind is _Parameter.POSITIONAL_ONLY:
            yield self.narrowed(parameter, 'by position')
        elif (
            own.kind is _Parameter.KEYWORD_ONLY
            and parameter.kind is not _Parameter.KEYWORD_ONLY
        ):
            yield self.narrowed(parameter, 'by name')

    def narrowed(self, parameter: inspect.Parameter, only: str) -> Problem:
        """Return the problem of a parameter that lost a way to pass it."""
        ways = (
            'by name'
            if parameter.kind is _Parameter.KEYWORD_ONLY
            else 'by position or by name'
        )
        return Problem(
            'parameter_kind',
            self.path(parameter.name),
            f'can be passed {only} only; the host may pass it {ways}.',
            f'Declare it as a plain `{plain(parameter)}`, with no `/` behind '
            'it and no `*` before it.',
        )

    def default(
        self, parameter: inspect.Parameter, own: inspect.Parameter
    ) -> Iterator[Problem]:
        """Yield a problem where leaving the parameter out changed."""
        if parameter.default is _Parameter.empty:
            return
        ours = shown(parameter.default)
        if own.default is _Parameter.empty:
            seen = f'has no default; the host may leave it out and mean {ours}'
        elif same_default(parameter.default, own.default):
            return
        else:
            seen = (
                f'defaults to {shown(own.default)}; where the host leaves it '
                f'out it means {ours}'
            )
        yield Problem(
            'parameter_default',
            self.path(parameter.name),
            f'{seen}.',
            f'Declare it as `{plain(parameter)}`.',
        )

    def order(
        self, renamed: dict[str, str], lost: set[str]
    ) -> Iterator[Problem]:
        """Yield a problem for each position that another name took."""
        twins = set(renamed.values())
        known = {parameter.name for parameter in self.expected}
        places = [
            p.name
            for p in self.positional()
            if p.name in known | twins or p.default is not _Parameter.empty
        ]
        wanted = [
            p.name
            for p in self.expected
            if p.kind in _POSITIONAL and p.name not in lost
        ]
        for place, name in enumerate(wanted):
            own = renamed.get(name, name)
            if own in places and places.index(own) != place:
                yield Problem(
                    'parameter_reordered',
                    self.path(name),
                    f'stands at position {places.index(own) + 1} behind '
                    f'`self`; the host passes it at position {place + 1}.',
                    'Keep the order of the contract: '
                    f'({listed(wanted, last="then")}), and put parameters '
                    'of your own behind it.',
                )

    def rename(self, name: str, own: str) -> Problem:
        """Return the problem of a parameter under another name."""
        return Problem(
            'parameter_renamed',
            self.path(name),
            f'is called `{own}` here; the host may pass it by name.',
            f'Rename `{own}` to `{name}`.',
        )

    def surplus(self, parameter: inspect.Parameter) -> Problem:
        """Return the problem of a parameter that nobody fills."""
        names = listed((f'`{p.name}`' for p in self.expected), last='and')
        return Problem(
            'parameter_extra',
            self.path(parameter.name),
            f'is required, but the host passes {names or "nothing"} only.',
            'Give it a default, or take the value from '
            '`ctx.assignment_options` or `credentials`.',
        )

    def path(self, name: str) -> str:
        """Return the path of one parameter."""
        return f'{self.where}({name})'


def _closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that is likely meant, if any."""
    # difflib costs 3 ms to import and only a failing path needs it.
    import difflib  # noqa: PLC0415

    close = difflib.get_close_matches(name, sorted(candidates), 1, 0.6)
    return close[0] if close else None
