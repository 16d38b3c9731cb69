"""Differences between two methods' parameters, which the host passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed, shown
from imbi_plugin_sdk.contract_lock._models import type_change
from imbi_plugin_sdk.contract_lock.changes import Change, change

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAYS = {
    'positional_only': {'position'},
    'positional_or_keyword': {'position', 'name'},
    'var_positional': {'more positions'},
    'keyword_only': {'name'},
    'var_keyword': {'more names'},
}
"""Kind of a parameter to the ways in which the host may pass it."""


def parameter_changes(
    method: str, old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> Iterator[Change]:
    """Yield how a method's parameters changed."""
    was = {one['name']: one for one in old}
    now = {one['name']: one for one in new}
    renamed = _renamed(old, new)
    for name, parameter in was.items():
        path = f'{method}({name})'
        if name in renamed:
            is_named = 'name' in _WAYS[parameter['kind']]
            code = 'parameter_renamed' if is_named else 'parameter_respelled'
            yield change(code, path, f'is called {renamed[name]!r} now')
        elif name not in now:
            spare = _is_spare(parameter, old, now)
            code = 'parameter_dropped' if spare else 'parameter_removed'
            yield change(code, path, 'is removed')
        else:
            yield from _one_parameter(path, parameter, now[name])
    for name, parameter in now.items():
        if name not in was and name not in renamed.values():
            optional = ' and optional' if 'default' in parameter else ''
            yield change(
                'parameter_added', f'{method}({name})', f'is new{optional}'
            )
    yield from _order_changes(method, was, now)


def _order_changes(
    method: str, was: dict[str, Any], now: dict[str, Any]
) -> Iterator[Change]:
    """Yield whether what is passed by position stands elsewhere."""
    common = [name for name in was if name in now]
    places = [name for name in now if name in was]
    by_position = {
        name
        for name in common
        if _is_placed(was[name]) or _is_placed(now[name])
    }
    if common != places:
        is_felt = [name for name in common if name in by_position] != [
            name for name in places if name in by_position
        ]
        yield change(
            'parameter_reordered' if is_felt else 'keywords_reordered',
            f'{method}()',
            f'takes {listed(places, last="then")} now',
        )


def _is_placed(parameter: dict[str, Any]) -> bool:
    """Tell whether the host may pass a parameter by its position."""
    return 'position' in _WAYS[parameter['kind']]


def _is_spare(
    parameter: dict[str, Any], old: list[dict[str, Any]], now: dict[str, Any]
) -> bool:
    """Tell whether older overrides do without a parameter that is gone."""
    if not parameter['kind'].startswith('var_') and 'default' not in parameter:
        return False
    behind = old[old.index(parameter) + 1 :]
    return not _is_placed(parameter) or not any(
        _is_placed(one) and one['name'] in now for one in behind
    )


def _renamed(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> dict[str, str]:
    """Pair names that stand in one place and are alike in all else."""
    was, now = {one['name'] for one in old}, {one['name'] for one in new}
    pairs: dict[str, str] = {}
    for before, after in zip(old, new, strict=False):
        gone = before['name'] not in now and after['name'] not in was
        if gone and {**before, 'name': ''} == {**after, 'name': ''}:
            pairs[before['name']] = after['name']
    return pairs


def _one_parameter(
    path: str, old: dict[str, Any], new: dict[str, Any]
) -> Iterator[Change]:
    """Yield how one parameter changed."""
    yield from type_change('received', path, old['type'], new['type'])
    if old['kind'] != new['kind']:
        wider = not _WAYS[new['kind']] <= _WAYS[old['kind']]
        yield change(
            f'parameter_kind_{"widened" if wider else "narrowed"}',
            path,
            f'was {old["kind"]} and is {new["kind"]}',
        )
    had, has = 'default' in old, 'default' in new
    if has and not had:
        yield change(
            'parameter_default_added',
            path,
            f'defaults to {shown(new["default"])} now',
        )
    elif had and not has:
        yield change(
            'parameter_default_removed', path, 'has no default any more'
        )
    elif had and old['default'] != new['default']:
        yield change(
            'parameter_default_changed',
            path,
            f'defaulted to {shown(old["default"])} and defaults to '
            f'{shown(new["default"])}',
        )
