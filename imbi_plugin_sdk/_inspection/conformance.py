"""How a stranger's class stands to a contract, without running it.

A class may be anything: its metaclass and its descriptors may raise when
looked at. Attributes are therefore looked up in the classes' dicts, and what
still gets to run is contained: a method that cannot be inspected is one
problem and hides no other.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk._inspection.annotations import annotation_problems
from imbi_plugin_sdk._inspection.classes import (
    abstract_names,
    as_called,
    attributes,
    bases,
    class_name,
    lookup,
)
from imbi_plugin_sdk._inspection.coroutines import coroutine_fault
from imbi_plugin_sdk._inspection.parameters import (
    VARIADIC,
    call_problems,
    not_callable,
    parameter_problems,
)
from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from imbi_plugin_sdk._inspection.spec import MethodSpec

LIKELY = 0.7
"""How alike two names must be (difflib's ratio) to call one a slip; at 0.6,
its default, `list_all` passes for `list_keys`."""

_MARK = '__isabstractmethod__'


def problems(
    cls: type, protocol: type, methods: Mapping[str, MethodSpec]
) -> tuple[Problem, ...]:
    """Say every difference between a class and a protocol.

    Args:
        cls: The class under test.
        protocol: The handler of its plugin type.
        methods: What the protocol asks for.

    Returns:
        The class's problems first, then each method's in contract order.
    """
    found = _contained('', lambda: _class_problems(cls, methods))
    slips: dict[str, str] = {}
    found += _contained('', lambda: _find_slips(cls, methods, slips))
    for spec in methods.values():
        judge = functools.partial(_judge, cls, protocol, spec, slips)
        found += _contained(spec.name, judge)
    return tuple(found)


def _contained(
    where: str, judge: Callable[[], Iterable[Problem]]
) -> list[Problem]:
    """Return what a judge finds, and that it broke off where it did.

    Raises nothing: a descriptor or a metaclass may raise anything, also
    SystemExit, and one hostile attribute must not hide the others.
    """
    found: list[Problem] = []
    try:
        found.extend(judge())
    except BaseException as error:  # noqa: BLE001  strangers' code runs here
        found.append(
            Problem(
                'inspection_failed',
                where,
                f'raised {class_name(type(error))} when it was looked at.',
                'Let the class be inspected: no attribute and no metaclass '
                'may raise when it is read.',
            )
        )
    return found


# --- the class ---------------------------------------------------------


def not_a_class(value: object) -> Problem:
    """Return the problem of an entry point that names something else."""
    name = type(value).__name__
    return Problem(
        'not_a_class',
        '',
        f'is an object of type {name}; the host needs the class, since it '
        'makes a fresh instance for every request.',
        f'Name the class itself, as in `my_plugin:{name}`.',
    )


def declared_type(cls: object) -> Any:  # noqa: ANN401  whatever is there
    """Return `cls.manifest.plugin_type`, or None where it cannot be read."""
    manifest = lookup(cast('type', cls), 'manifest')[1]
    try:
        return getattr(manifest, 'plugin_type', None)
    except BaseException:  # noqa: BLE001  strangers' code runs here
        return None


def _class_problems(
    cls: type, methods: Mapping[str, MethodSpec]
) -> Iterator[Problem]:
    """Yield why `cls()` would fail, missing contract methods apart."""
    if attributes(cls).get('_is_protocol', False):
        yield Problem(
            'class_is_abstract',
            '',
            'is a protocol, so it says what a handler must be and is none.',
            f'Name a class that derives from {class_name(cls)}.',
        )
    own = sorted(abstract_names(cls) - set(methods))
    if own:
        names = listed((f'`{name}`' for name in own), last='and')
        yield Problem(
            'class_is_abstract',
            '',
            f'is abstract: it has no body for {names}, so no instance can '
            'be made.',
            f'Implement {names}, or name a concrete subclass.',
        )
    for name in ('__new__', '__init__'):
        yield from _constructor_problems(cls, name)


def _constructor_problems(cls: type, name: str) -> Iterator[Problem]:
    """Yield a problem where the constructor requires an argument."""
    owner, raw = lookup(cls, name)
    if owner is object:
        return
    raw = raw.__func__ if isinstance(raw, staticmethod) else raw
    try:
        signature = inspect.signature(raw, follow_wrapped=False)
    except (TypeError, ValueError):
        return
    required = [
        parameter.name
        for parameter in list(signature.parameters.values())[1:]
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in VARIADIC
    ]
    if required:
        names = listed((f'`{name}`' for name in required), last='and')
        yield Problem(
            'constructor_arguments',
            name,
            f'requires {names}, but the host makes instances without '
            'arguments.',
            'Give them defaults; what a call needs is in `ctx` and '
            '`credentials`.',
        )


# --- one method --------------------------------------------------------


def _judge(
    cls: type, protocol: type, spec: MethodSpec, slips: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what is wrong with one method."""
    owner, raw = lookup(cls, spec.name)
    if owner is None or owner is protocol:
        if spec.required:
            yield _missing(cls, spec, slips.get(spec.name))
    elif spec.name in abstract_names(cls):
        yield Problem(
            'class_is_abstract',
            spec.name,
            f'is abstract in {class_name(owner)}, so no instance can be made.',
            f'Implement `{spec.name}`, or name a concrete subclass.',
        )
    elif isinstance(raw, staticmethod):
        yield _static(spec)
    elif spec.kind == 'classmethod':
        yield from _classmethod_problems(raw, spec)
    else:
        func, bound = as_called(raw, cls)
        if func is None:
            yield not_callable(raw, spec.name)
            return
        yield from call_problems(func, spec.parameters, spec.name, bound=bound)
        yield from annotation_problems(func, spec)


def _find_slips(
    cls: type, methods: Mapping[str, MethodSpec], slips: dict[str, str]
) -> Iterator[Problem]:
    """Pair missing methods with the class's own names that are like them.

    The best pair is made first, so that one `get_value` is taken for
    `get_values` and not for `set_value` as well.

    Args:
        cls: The class.
        methods: What the contract asks for.
        slips: Where to put the pairs: the contract's name to the class's.
    """
    yield from ()
    names = {
        name
        for owner in bases(cls)
        if attributes(owner).get('__module__') not in {'builtins', 'typing'}
        for name, value in attributes(owner).items()
        if not name.startswith('_')
        and name not in methods
        and (callable(value) or isinstance(value, classmethod))
    }
    missing = [
        spec.name
        for spec in methods.values()
        if spec.required and getattr(lookup(cls, spec.name)[1], _MARK, True)
    ]
    if not names or not missing:
        return
    # difflib costs 3 ms to import and only a failing path needs it.
    from difflib import SequenceMatcher  # noqa: PLC0415

    pairs = [
        (SequenceMatcher(None, wanted, name).ratio(), wanted, name)
        for wanted in missing
        for name in names
    ]
    for ratio, wanted, name in sorted(pairs, reverse=True):
        if (
            ratio >= LIKELY
            and wanted not in slips
            and name not in slips.values()
        ):
            slips[wanted] = name


def _missing(cls: type, spec: MethodSpec, slip: str | None) -> Problem:
    """Return the problem of a required method that is not there."""
    if slip is None:
        return Problem(
            'method_missing',
            spec.name,
            'is missing; a handler of this plugin type must have it.',
            f'Implement `{spec.head()}`.',
        )
    return Problem(
        'method_renamed',
        spec.name,
        f'is missing; {class_name(cls)} has `{slip}`, which the host never '
        'calls.',
        f'Rename `{slip}` to `{spec.name}`: `{spec.head()}`.',
    )


def _static(spec: MethodSpec) -> Problem:
    """Return the problem of a static method."""
    kind, first = (
        ('a class method', 'cls')
        if spec.kind == 'classmethod'
        else ('a method', 'self')
    )
    return Problem(
        'static_method',
        spec.name,
        f'is a static method; the contract has {kind}.',
        f'Remove @staticmethod and add `{first}`: `{spec.head()}`.',
    )


def _classmethod_problems(raw: Any, spec: MethodSpec) -> Iterator[Problem]:  # noqa: ANN401
    """Yield why a call on the class would fail."""
    if not issubclass(type(raw), classmethod):
        if not callable(raw):
            yield not_callable(raw, spec.name)
            return
        yield Problem(
            'not_a_classmethod',
            spec.name,
            'is no class method, but the host calls it on the class.',
            f'Put @classmethod before it: `{spec.head()}`.',
        )
        return
    func: Any = raw.__func__
    if coroutine_fault(func) is None:
        yield Problem(
            'method_is_coroutine',
            spec.name,
            'is a coroutine function, but the host uses what it returns at '
            'once.',
            f'Declare it without `async`: `{spec.head()}`.',
        )
    yield from parameter_problems(func, spec.parameters, spec.name, bound=True)
    yield from annotation_problems(func, spec)
