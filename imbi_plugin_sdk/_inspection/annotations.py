"""Do a callable's annotations contradict the contract?

Only a plain contradiction counts: a parameter whose annotation has no room
for what the host passes, a result that no reading of the contract allows.
What cannot be resolved, type variables, `Any`, `object` and protocols say
nothing. Generics are compared one argument at a time where both sides have
the same number of them.
"""

from __future__ import annotations

import collections.abc
import inspect
import itertools
import types
import typing
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._inspection.coroutines import layers
from imbi_plugin_sdk._inspection.parameters import own_parameters
from imbi_plugin_sdk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk._inspection.spec import MethodSpec

_AWAITABLES = (
    collections.abc.Awaitable,
    collections.abc.Coroutine,
)
"""What a marked sync function may say it returns."""


def annotation_problems(func: object, spec: MethodSpec) -> Iterator[Problem]:
    """Yield one problem per annotation that contradicts the contract.

    Args:
        func: The callable; the innermost function that decorators wrap
            speaks for it.
        spec: The method of the contract, annotations resolved.
    """
    hints = _hints(list(layers(func))[-1])
    for parameter in spec.parameters:
        theirs = hints.get(parameter.name, Any)
        if not _has_room(parameter.annotation, theirs):
            yield Problem(
                'annotation_contradicts',
                f'{spec.name}({parameter.name})',
                f'is annotated {spelt(theirs)}, but the host passes '
                f'{spelt(parameter.annotation)}.',
                f'Annotate it {spelt(parameter.annotation)}, or wider.',
            )
    theirs = _awaited(hints.get('return', Any))
    if not _has_room(theirs, spec.returns):
        yield Problem(
            'annotation_contradicts',
            f'{spec.name}(return)',
            f'is annotated {spelt(theirs)}, but the host expects '
            f'{spelt(spec.returns)}.',
            f'Return {spelt(spec.returns)}, and annotate it so.',
        )


def _hints(function: object) -> dict[str, Any]:
    """Return the annotations that can be resolved."""
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001  an unresolved name says nothing
        own = own_parameters(function) or []
        return {
            parameter.name: parameter.annotation
            for parameter in own
            if isinstance(parameter.annotation, type)
            and parameter.annotation is not inspect.Parameter.empty
        }


def _awaited(annotation: Any) -> Any:  # noqa: ANN401  any annotation
    """Take the result out of `Awaitable[X]` and `Coroutine[A, B, X]`."""
    if typing.get_origin(annotation) in _AWAITABLES:
        arguments = typing.get_args(annotation)
        return arguments[-1] if arguments else Any
    return annotation


def spelt(annotation: object) -> str:
    """Return an annotation as an author would write it."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return 'None' if annotation is type(None) else annotation.__name__
    text = str(annotation)
    for module in ('typing', 'collections.abc', 'datetime'):
        text = text.replace(f'{module}.', '')
    words = text.split('imbi_plugin_sdk.')
    return words[0] + ''.join(word.rpartition('.')[2] for word in words[1:])


# --- alternatives ------------------------------------------------------


def alternatives(annotation: Any) -> list[Any] | None:  # noqa: ANN401
    """Return the classes or generics of a union; None where open.

    None means that nothing can be said, as for `Any` or a type variable.
    """
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        parts = [alternatives(argument) for argument in arguments]
        closed = [part for part in parts if part is not None]
        found = list[Any](itertools.chain.from_iterable(closed))
        return found if len(closed) == len(parts) else None
    if origin is typing.Annotated:
        return alternatives(arguments[0])
    if origin is typing.Literal:
        return [type(value) for value in arguments]
    if annotation is None:
        return [type(None)]
    base = origin or annotation
    is_closed = isinstance(base, type) and not _is_open(base)
    return [annotation] if is_closed else None


def _is_open(base: type) -> bool:
    """Tell whether a class says too little to contradict anything."""
    # `Any` is a class since Python 3.11.
    is_anything = base in {object, Any}
    return is_anything or bool(vars(base).get('_is_protocol', False))


def _has_room(given: object, taken: object) -> bool:
    """Tell whether each alternative of one annotation fits the other."""
    need, room = alternatives(given), alternatives(taken)
    if need is None or room is None:
        return True
    return all(any(_related(a, b) for b in room) for a in need)


def _related(one: Any, other: Any) -> bool:  # noqa: ANN401  any annotation
    """Tell whether one value may be of both types."""
    first = typing.get_origin(one) or one
    second = typing.get_origin(other) or other
    if {first, second} == {int, float}:  # PEP 484: int is fine for float
        return True
    if not (issubclass(first, second) or issubclass(second, first)):
        return False
    ours, theirs = typing.get_args(one), typing.get_args(other)
    if len(ours) != len(theirs):
        return True
    return all(
        _has_room(a, b) or _has_room(b, a)
        for a, b in zip(ours, theirs, strict=True)
        if a is not Ellipsis and b is not Ellipsis
    )
