"""A quick look at a handler class, before the thorough one.

`conformance` takes a quarter of a millisecond per class, as long as a third
of a plugin's import. Most classes write each method just as the contract
does; that is seen from code objects alone in a few microseconds. Whatever is
the least bit different goes to `conformance`, which knows what is allowed.
"""

from __future__ import annotations

import abc
import functools
import inspect
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from imbi_plugin_sdk.contract import methods_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN_METACLASSES = frozenset({type, abc.ABCMeta})

_PLAIN_VALUES = frozenset({type(None), bool, int, float, str})
"""Types of defaults that can be compared without a stranger's code."""

_FLAGS = (
    inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
    | inspect.CO_GENERATOR
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
)


class _Wanted(NamedTuple):
    """What a call can feel of one method of a contract.

    Attributes:
        name: The method's name.
        default: The contract's own member, if it need not be overridden.
        kind: FunctionType or classmethod.
        counts: Positional, positional-only and keyword-only parameters.
        names: Their names, without `self` or `cls`.
        flags: Coroutine, generator, catch-all parameters.
        defaults: Of positional parameters.
        keyword_defaults: Of keyword-only parameters.
    """

    name: str
    default: object
    kind: type
    counts: tuple[int, int, int]
    names: tuple[str, ...]
    flags: int
    defaults: tuple[Any, ...] | None
    keyword_defaults: dict[str, Any] | None


def plainly_conforms(cls: type, protocol: type) -> bool:
    """Tell whether a class writes its methods just as the contract does.

    Args:
        cls: The class; only `__dict__`s and code objects are read.
        protocol: The contract's own class.

    Returns:
        True only if `conformance` has no error; False says nothing.
    """
    if type(cls) not in _PLAIN_METACLASSES:
        return False
    own: Mapping[str, Any] = _SPACE.__get__(cls)
    if own.get('__abstractmethods__'):
        return False
    bases: tuple[type, ...] = _BASES.__get__(cls)
    contract: Any = protocol
    if (
        len(bases) == 1
        and bases[0] is protocol
        and '__init__' not in own
        and '__new__' not in own
        and contract.__init__ is _INIT
        and contract.__new__ is _NEW
    ):
        # Nearly every handler. What it does not write it has from the
        # contract, and what it has to write it is found not to have.
        spaces = (own,)
    else:
        spaces = tuple([_SPACE.__get__(base) for base in _MRO.__get__(cls)])
        for name in ('__init__', '__new__'):
            if not _takes_nothing(_found(spaces, name), name):
                return False
    for wanted in _wanted(protocol):
        found = _found(spaces, wanted.name)
        if found is _MISSING or found is wanted.default:
            if wanted.default is None:
                return False
        elif not _matches(found, wanted):
            return False
    return True


_MISSING = object()
_BASES: Any = type.__dict__['__bases__']
_MRO: Any = type.__dict__['__mro__']
_SPACE: Any = type.__dict__['__dict__']


_INIT: Any = object.__init__
_NEW: Any = object.__new__


def _found(spaces: tuple[Mapping[str, Any], ...], name: str) -> object:
    for space in spaces:
        if name in space:
            return space[name]
    return _MISSING


def _takes_nothing(found: Any, name: str) -> bool:  # noqa: ANN401  any member
    """Tell whether a constructor is object's own, or takes only itself."""
    if found is object.__dict__[name]:
        return True
    if type(found) is not types.FunctionType or found.__dict__:
        return False
    code = found.__code__
    return (
        code.co_argcount == 1
        and not code.co_kwonlyargcount
        and not code.co_flags & _FLAGS
    )


def _matches(found: Any, wanted: _Wanted) -> bool:  # noqa: ANN401  any member
    """Tell whether a method is written just as the contract's own."""
    if type(found) is not wanted.kind:
        return False
    function: Any = getattr(found, '__func__', found)
    if type(function) is not types.FunctionType or function.__dict__:
        return False  # decorated, marked abstract or marked a coroutine
    code = function.__code__
    positional, _, named = counts = (
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
    )
    return (
        counts == wanted.counts
        and code.co_varnames[1 : positional + named] == wanted.names
        and code.co_flags & _FLAGS == wanted.flags
        and _equal(function.__defaults__, wanted.defaults)
        and _equal(function.__kwdefaults__, wanted.keyword_defaults)
    )


def _equal(found: Any, wanted: Any) -> bool:  # noqa: ANN401  tuple or dict
    """Compare defaults, and only such as run no stranger's code."""
    if found is wanted:
        return True
    if found is None or wanted is None:
        return False
    values = [*found.values()] if hasattr(found, 'values') else [*found]
    if not _PLAIN_VALUES.issuperset(map(type, values)):
        return False
    # 1 equals True, so that types are compared too.
    return bool(repr(found) == repr(wanted))


@functools.cache
def _wanted(protocol: type) -> tuple[_Wanted, ...]:
    """Return each method of a contract as a call can feel it."""
    wanted: list[_Wanted] = []
    for name, spec in methods_of(protocol).items():
        member: Any = protocol.__dict__[name]
        function = getattr(member, '__func__', member)
        code = function.__code__
        count = code.co_argcount + code.co_kwonlyargcount
        wanted.append(
            _Wanted(
                name,
                None if spec.required else member,
                type(member),
                (
                    code.co_argcount,
                    code.co_posonlyargcount,
                    code.co_kwonlyargcount,
                ),
                code.co_varnames[1:count],
                code.co_flags & _FLAGS,
                function.__defaults__,
                function.__kwdefaults__,
            )
        )
    return tuple(wanted)
