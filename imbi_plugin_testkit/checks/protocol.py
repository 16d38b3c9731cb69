"""PRO: the class fits the socket of its plugin type."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING

from imbi_plugin_sdk._inspection.spec import plain
from imbi_plugin_sdk.contract import CONTRACTS, conformance, methods
from imbi_plugin_testkit.checks import check_codes
from imbi_plugin_testkit.comparing import NOTHING, Words
from imbi_plugin_testkit.model import Untestable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_testkit.subject import PluginUnderTest

FITS = ('MAN002', 'MAN013')
"""What must hold before a class can be compared with its contract."""


@functools.cache
def _conformance(plugin: PluginUnderTest) -> tuple[Problem, ...]:
    kind = plugin.plugin_type
    if kind not in CONTRACTS:
        raise Untestable('the plugin type is not known')
    return conformance(plugin.handler, kind)


_ROWS = (
    (
        'PRO002',
        ('class_is_abstract',),
        'the handler class is concrete',
        'The host makes a fresh instance for every request, which an '
        'abstract class refuses.',
    ),
    (
        'PRO003',
        ('constructor_arguments',),
        "the handler's constructor takes no arguments",
        'The host makes instances without arguments; what a call needs comes '
        'in the context and the credentials.',
    ),
    (
        'PRO004',
        ('method_missing',),
        'every required method is there',
        'The host calls it as soon as an operator opens the tab.',
    ),
    (
        'PRO005',
        ('method_renamed',),
        'required methods have the names of the contract',
        'A method under another name is never called; the host looks for the '
        'one in the contract.',
    ),
    (
        'PRO006',
        ('method_not_coroutine',),
        'methods are coroutine functions',
        'The host awaits them in one event loop. A plain function blocks '
        'every other request, or returns what cannot be awaited.',
    ),
    (
        'PRO007',
        ('method_is_coroutine',),
        'class-level methods return at once',
        'The host uses what they return without awaiting it, and would get a '
        'coroutine that never ran.',
    ),
    (
        'PRO008',
        ('not_callable',),
        'no method is hidden by something that cannot be called',
        'An attribute of the same name takes the place of the method of the '
        'contract.',
    ),
    (
        'PRO009',
        ('static_method',),
        'no method is static',
        'Called on an instance, a static method takes the context for its '
        'first argument and misses one at the end.',
    ),
    (
        'PRO010',
        ('not_a_classmethod',),
        'class-level methods are class methods',
        'The host calls them on the class, without an instance.',
    ),
    (
        'PRO011',
        ('parameter_missing',),
        'methods take every parameter of the contract',
        'The host passes it, and the call fails with a TypeError.',
    ),
    (
        'PRO012',
        ('parameter_extra',),
        'methods require no parameter beyond the contract',
        'The host does not pass it, and the call fails with a TypeError. '
        'With a default it would be fine.',
    ),
    (
        'PRO013',
        ('parameter_renamed',),
        'parameters have the names of the contract',
        'The host passes arguments by name, also where they could be '
        'positional.',
    ),
    (
        'PRO014',
        ('parameter_reordered',),
        'parameters stand in the order of the contract',
        'A positional call would hand each argument to the wrong parameter, '
        'and often without an error.',
    ),
    (
        'PRO015',
        ('parameter_default',),
        'parameters have the defaults of the contract',
        'The host leaves arguments out and relies on the default; another '
        'one changes what the call means.',
    ),
    (
        'PRO016',
        ('parameter_kind',),
        'parameters accept what the contract allows',
        'A parameter that is positional-only or keyword-only where the '
        'contract is wider refuses calls that the host may make.',
    ),
    (
        'PRO017',
        ('inspection_failed',),
        'the class can be looked at',
        'The registry inspects every class before it admits it; one that '
        'raises when it is looked at is refused.',
    ),
    (
        'PRO018',
        ('annotation_contradicts',),
        'annotations agree with the contract',
        'Nothing reads them at run time, but an annotation that contradicts '
        'the contract misleads whoever writes the next line.',
    ),
)
"""Id, codes of `contract.conformance`, title, rationale."""

_FIXES = {
    'PRO002': (
        'Implement what is still abstract, or name a concrete subclass.'
    ),
    'PRO003': (
        'Give each parameter of the constructor a default, or take it '
        'from `ctx`.'
    ),
    'PRO004': ('Implement the method with the signature in the message.'),
    'PRO005': ('Rename the method as the message says.'),
    'PRO006': ('Write `async def`; a decorator must use functools.wraps.'),
    'PRO007': ('Write it without `async`.'),
    'PRO008': ('Rename the attribute, or make it a method.'),
    'PRO009': ('Remove @staticmethod and add the first parameter.'),
    'PRO010': ('Put @classmethod before it.'),
    'PRO011': (
        'Add the parameter, with the name and default of the contract.'
    ),
    'PRO012': ('Give the parameter a default, or remove it.'),
    'PRO013': ('Rename the parameter as the message says.'),
    'PRO014': ('Put the parameters into the order of the contract.'),
    'PRO015': ('Give the parameter the default that the message names.'),
    'PRO016': (
        'Let the parameter be passed both by position and by name, as '
        'in the contract.'
    ),
    'PRO017': (
        'Let the class be inspected: no attribute and no metaclass '
        'may raise when it is read.'
    ),
    'PRO018': ('Annotate it as the contract does.'),
}
"""Id to how to mend it, where a problem says nothing more exact."""


def _signatures(
    plugin: PluginUnderTest, problem: Problem
) -> tuple[object, object] | None:
    """Return a method as the class has it, and as the contract does."""
    name = problem.path.partition('(')[0]
    if problem.code == 'annotation_contradicts':
        return None  # it says itself what is annotated
    if problem.code == 'constructor_arguments':
        return _head(plugin.handler, name), Words(f'{name}(self)')
    spec = methods(plugin.plugin_type or '').get(name)
    if spec is None:
        return None
    return _head(plugin.handler, name), Words(spec.head())


def _head(cls: type, name: str) -> object:
    """Return a method's first line, read without running a descriptor."""
    raw = next(
        (vars(base)[name] for base in cls.__mro__ if name in vars(base)), None
    )
    if raw is None or getattr(raw, '__isabstractmethod__', False) is True:
        return NOTHING
    kind = type(raw).__name__
    mark = f'@{kind} ' if kind in {'staticmethod', 'classmethod'} else ''
    line = signature_line(getattr(raw, '__func__', raw), name)
    return Words(f'{mark}{line}')


def signature_line(func: object, name: str) -> Words:
    """Return the first line of a function, annotations left out.

    Args:
        func: The function; of anything else only the type is told.
        name: What it is called.
    """
    if not inspect.isfunction(func):
        return Words(f'{name}: {type(func).__name__}')
    word = 'async def' if inspect.iscoroutinefunction(func) else 'def'
    signature = inspect.signature(func, follow_wrapped=False)
    given = ', '.join(_shortly([*signature.parameters.values()]))
    return Words(f'{word} {name}({given})')


_STARS: Mapping[object, str] = {
    inspect.Parameter.VAR_POSITIONAL: '*',
    inspect.Parameter.VAR_KEYWORD: '**',
}


def _shortly(parameters: Sequence[inspect.Parameter]) -> Iterator[str]:
    """Yield parameters without annotations, marked as in a signature."""
    before: inspect.Parameter | None = None
    for parameter in parameters:
        kind, was = parameter.kind, before.kind if before else None
        if was is parameter.POSITIONAL_ONLY and kind is not was:
            yield '/'
        if kind is parameter.KEYWORD_ONLY and was not in (
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            yield '*'
        yield f'{_STARS.get(kind, "")}{plain(parameter)}'
        before = parameter
    if before is not None and before.kind is before.POSITIONAL_ONLY:
        yield '/'


check_codes(
    _ROWS,
    _conformance,
    values=_signatures,
    module=__name__,
    fixes=_FIXES,
    requires=FITS,
    warnings=frozenset({'PRO018'}),
)
