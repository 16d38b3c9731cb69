"""Variables of a template, and the values that an operator gives them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk import _text
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.urls import _rules
from imbi_plugin_sdk.urls._grammar import judge
from imbi_plugin_sdk.urls._judgement import NAME, Judgement, broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.urls._judgement import VariableSpec

_LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
_NOT_HOST = r'[/\\?#{}]'
_NOT_BASE = '[?#{}]'
_NOT_SEGMENT = r'[/\\%]'

_PIECE = (
    r'\\(?P<escape>[\s\S])'
    r'|(?P<set>\[\^?\]?(?:[^\]\\]|\\.)*\])'
    r'|\((?:\?:)?(?P<extension>\?)?'
    r'|(?P<close>\))'
    r'|(?P<or>\|)'
    r'|(?P<repeat>[*+?]|\{(?P<low>[0-9]*)(?P<comma>,?)(?P<high>[0-9]*)\})[?+]?'
    r'|[\s\S]'
)
"""One piece of a regular expression, enough to tell what is repeated."""

_SET_ESCAPES = 'dDsSwW'
_SET_OPERATOR = r'\[\^?\[|--|&&|~~|\|\|'
"""What `re` warns of, since it may mean something else one day."""


def check_variable(
    name: str, spec: VariableSpec, path: str = ''
) -> tuple[Problem, ...]:
    """Return what is wrong with the declaration of one variable.

    Args:
        name: Its key in `variables`, without braces.
        spec: Its declaration.
        path: Where that stands, as in `variables.tenant`.
    """
    return tuple(_variable_problems(name, spec, path))


def _variable_problems(
    name: str, spec: VariableSpec, path: str
) -> Iterator[Problem]:
    if len(name) > _rules.MAX_NAME or not re.fullmatch(NAME, name):
        seen = f'the name is {_text.shown(name)}'
        yield broken('variable_name', path, seen)
    if spec.kind not in _rules.VARIABLE_KINDS:
        _, mend = _rules.RULES['variable_kind']
        hint = _text.did_you_mean(spec.kind, _rules.VARIABLE_KINDS)
        seen = f'the kind is {_text.shown(spec.kind)}'
        where = _below(path, 'kind')
        yield broken('variable_kind', where, seen, f'{mend}{hint}')
    else:
        yield from _choices_problems(spec, _below(path, 'choices'))
    fault = None if spec.pattern is None else _pattern_fault(spec.pattern)
    if fault:
        yield broken('variable_pattern', _below(path, 'pattern'), fault)
    if spec.default is not None and spec.kind in _rules.VARIABLE_KINDS:
        _, mend = _rules.RULES['variable_default']
        for problem in check_value('default', spec, spec.default, path):
            yield Problem(
                'variable_default', problem.path, problem.message, mend
            )


def _below(path: str, name: str) -> str:
    return f'{path}.{name}' if path else name


def _choices_problems(spec: VariableSpec, path: str) -> Iterator[Problem]:
    choices = spec.choices or ()
    if spec.kind != 'enum':
        if choices:
            seen = f'kind {spec.kind} has choices'
            yield broken('variable_choices', path, seen)
        return
    if not choices:
        yield broken('variable_choices', path, 'there is none')
    for index, choice in enumerate(choices):
        where = f'{path}[{index}]'
        fault = _segment_fault(choice)
        if fault:
            yield broken('variable_choices', where, fault)
        elif choice in choices[:index]:
            yield broken('variable_choices', where, 'it is there twice')
        elif not _matches(spec, choice):
            seen = "it does not match the variable's own pattern"
            yield broken('variable_choices', where, seen)


def _pattern_fault(pattern: str) -> str | None:
    """Return why a pattern is not simple, or nothing."""
    if len(pattern) > _rules.MAX_PATTERN:
        return (
            f'it has {len(pattern)} characters, and at most '
            f'{_rules.MAX_PATTERN} are allowed'
        )
    fault = next(_pattern_faults(pattern), None)
    if fault is None:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            return f'it does not compile ({error})'
    return fault


def _pattern_faults(pattern: str) -> Iterator[str]:
    """Yield what makes a pattern costly or obscure.

    The work is the product of the ways each repetition and alternative can
    go, which bounds the paths of a backtracking matcher from above.
    """
    work = 1
    after_group = False
    for piece in re.finditer(_PIECE, pattern):
        escape = piece['escape']
        if escape and escape.isalnum() and escape not in _SET_ESCAPES:
            yield f'it has `\\{escape}`'
        if piece['set'] and re.search(_SET_OPERATOR, piece['set']):
            yield 'it has a set within a set'
        if piece['extension']:
            yield 'it has a `(?` other than `(?:`'
        if piece['repeat']:
            if after_group and piece['repeat'] != '?':
                yield f'it repeats a group with `{piece["repeat"]}`'
            work *= _ways(piece)
        work *= 2 if piece['or'] else 1
        after_group = piece['close'] is not None
    if work > _rules.MAX_PATTERN_WORK:
        yield 'it has too many open ends'


def _ways(piece: re.Match[str]) -> int:
    """Return how often a repetition may go, counted in different ways."""
    if piece['repeat'] == '?':
        return 2
    if piece['low'] is None:
        return _rules.MAX_VALUE
    low = int(piece['low'] or 0)
    if not piece['comma']:
        return 1
    high = int(piece['high'] or _rules.MAX_VALUE)
    return min(max(high - low + 1, 1), _rules.MAX_VALUE)


def _matches(spec: VariableSpec, value: str) -> bool:
    """Tell whether a value matches; a pattern that is at fault says yes."""
    if spec.pattern is None or _pattern_fault(spec.pattern):
        return True
    return re.fullmatch(spec.pattern, value) is not None


# -- values ----------------------------------------------------------------


def check_value(
    name: str, spec: VariableSpec, value: object, path: str = ''
) -> tuple[Problem, ...]:
    """Return what is wrong with an operator's value for a variable.

    A `host` or `base_url` says where the operator runs the service, so
    names of private networks (`git.corp.internal`) are legal there, and a
    port is not even a warning. Addresses, single labels, the machine itself
    and names that no network uses stay refused: they mean another machine
    for each reader, and no certificate is issued for them.

    Args:
        name: The variable's name.
        spec: Its declaration.
        value: What the operator entered. No message shows it, but for the
            name of a host.
        path: Where the values stand; the name is put behind it.
    """
    path = _below(path, name)
    fault = _text_fault(value)
    if fault or not isinstance(value, str):
        return (broken('variable_value', path, fault or 'it is no text'),)
    if spec.kind in {'host', 'base_url'}:
        problems = _address_problems(spec.kind, value, path)
    else:
        fault = _plain_fault(spec, value)
        fix = _choice_fix(spec, value)
        problems = (
            (broken('variable_value', path, fault, fix),) if fault else ()
        )
    if not problems and not _matches(spec, value):
        seen = f'it does not match {_text.shown(spec.pattern)}'
        return (broken('variable_value', path, seen),)
    return problems


def _text_fault(value: object) -> str | None:
    if not isinstance(value, str):
        return f'it is of type {type(value).__name__}'
    if not value or value != value.strip():
        return 'it is blank, or white space stands around it'
    if len(value) > _rules.MAX_VALUE:
        return (
            f'it has {len(value)} characters, and at most '
            f'{_rules.MAX_VALUE} are allowed'
        )
    return None


def _choice_fix(spec: VariableSpec, value: str) -> str:
    if spec.kind != 'enum':
        return ''
    # What is meant is shown, what was entered is not.
    hint = _text.did_you_mean(value, spec.choices or ())
    return f'Enter one of the choices.{hint}'


def _plain_fault(spec: VariableSpec, value: str) -> str | None:
    if spec.kind == 'label' and not re.fullmatch(_LABEL, value):
        return (
            'it is not one DNS label, which has at most '
            f'{_rules.MAX_LABEL} letters, digits and inner hyphens'
        )
    if spec.kind == 'enum' and value not in (spec.choices or ()):
        return f'it is none of {_text.listed(spec.choices or ())}'
    return _segment_fault(value)


def _segment_fault(value: object) -> str | None:
    fault = _text_fault(value)
    if fault or not isinstance(value, str):
        return fault
    match = re.search(_NOT_SEGMENT, value)
    if match:
        return f'it has {match[0]!r}'
    if value in {'.', '..'}:
        return 'it is a dot segment'
    return None if value.isprintable() else 'it has an unprintable character'


def _address_problems(kind: str, value: str, path: str) -> tuple[Problem, ...]:
    match = re.search(_NOT_HOST if kind == 'host' else _NOT_BASE, value)
    if match:
        must = 'a host' if kind == 'host' else 'an origin with a path'
        seen = f'it has {match[0]!r}, and is not {must} alone'
        return (broken('variable_value', path, seen),)
    found = Judgement('issuer', {}, path, operator=True)
    judge(found, f'https://{value}' if kind == 'host' else value)
    return tuple(
        problem
        for problem in found.problems
        if problem.code not in _rules.WARNING_CODES
    )
