"""Differences between two models, seen from who supplies them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.contract_lock._reading import TO_HOST, TO_PLUGIN
from imbi_plugin_sdk.contract_lock._types import relation
from imbi_plugin_sdk.contract_lock.changes import SEVERITIES, Change, change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SIDES = {TO_PLUGIN: 'received', TO_HOST: 'supplied'}
"""Direction to the plugin's part in it, as the codes of changes have it."""

_EXTRA = {'forbid': 0, 'ignore': 1, 'allow': 2}
"""How much a model takes beyond its fields."""


def type_change(side: str, path: str, old: str, new: str) -> Iterator[Change]:
    """Yield how a type changed, if it did.

    Args:
        side: `received` or `supplied`, seen from the plugin.
        path: Where it stands.
        old: Canonical text.
        new: Canonical text.
    """
    if old != new:
        found = relation(old, new)
        code = 'type_respelled' if found == 'same' else f'{side}_{found}'
        yield change(code, path, f'was {old} and is {new}')


def model_changes(
    name: str,
    old: dict[str, Any],
    new: dict[str, Any],
    directions: Iterable[str],
) -> Iterator[Change]:
    """Yield how a model changed; the strictest view where it goes both ways.

    Args:
        name: The model.
        old: As in the older lock.
        new: As in the newer lock.
        directions: Who supplies it to whom.
    """
    strictest: dict[tuple[str, str], Change] = {}
    for direction in directions:
        for found in _one_way(name, old, new, direction):
            fact = found.path, found.what
            before = strictest.get(fact)
            if before is None or SEVERITIES.index(
                found.severity
            ) > SEVERITIES.index(before.severity):
                strictest[fact] = found
    yield from strictest.values()


def _one_way(
    name: str, old: dict[str, Any], new: dict[str, Any], direction: str
) -> Iterator[Change]:
    """Yield how a model changed, seen from one direction."""
    was, now = old['fields'], new['fields']
    yield from _configuration(name, old, new)
    gone = [field for field in was if field not in now]
    come = [field for field in now if field not in was]
    for field in gone:
        side = _side(direction, was[field])
        twin = next((one for one in come if now[one] == was[field]), None)
        path = f'{name}.{field}'
        if twin is None:
            yield change(f'{side}_field_removed', path, 'is removed')
        else:
            come.remove(twin)
            yield change(
                f'{side}_field_renamed', path, f'is called {twin!r} now'
            )
    for field in come:
        side = _side(direction, now[field])
        must = side == 'supplied' and 'default' not in now[field]
        yield change(
            f'{side}_field_added{"_required" if must else ""}',
            f'{name}.{field}',
            f'is new, of type {now[field]["type"]}',
        )
    for field in was:
        if field in now and was[field] != now[field]:
            yield from _field(
                f'{name}.{field}', was[field], now[field], direction
            )


def _configuration(
    name: str, old: dict[str, Any], new: dict[str, Any]
) -> Iterator[Change]:
    """Yield what became of extra fields, and of setting fields."""
    was, now = old['extra'], new['extra']
    path = f'{name} (extra)'
    what = f'was {was!r} and is {now!r}'
    if _EXTRA[now] > _EXTRA[was]:
        yield change('model_opened', path, what)
    elif now != was:
        code = 'model_closed' if now == 'forbid' else 'model_extra_dropped'
        yield change(code, path, what)
    if old['frozen'] != new['frozen']:
        code = 'model_frozen' if new['frozen'] else 'model_thawed'
        yield change(code, f'{name} (frozen)', f'is {new["frozen"]} now')


def _side(direction: str, field: dict[str, Any]) -> str:
    """Return the plugin's part in one field."""
    if field.get('written_back'):
        direction = TO_HOST if direction == TO_PLUGIN else TO_PLUGIN
    return _SIDES[direction]


def _field(
    path: str, old: dict[str, Any], new: dict[str, Any], direction: str
) -> Iterator[Change]:
    """Yield how one field changed."""
    if bool(old.get('written_back')) != bool(new.get('written_back')):
        yield change('field_turned', path, 'changed its direction')
        return
    side = _side(direction, new)
    yield from type_change(side, path, old['type'], new['type'])
    had, has = 'default' in old, 'default' in new
    if had and not has:
        yield change(f'{side}_now_required', path, 'has no default any more')
    elif has and not had:
        default = shown(new['default'])
        yield change(
            f'{side}_now_optional', path, f'defaults to {default} now'
        )
    elif had and old['default'] != new['default']:
        yield change(
            f'{side}_default',
            path,
            f'defaulted to {shown(old["default"])} and defaults to '
            f'{shown(new["default"])}',
        )
    if old.get('alias') != new.get('alias'):
        was, now = shown(old.get('alias')), shown(new.get('alias'))
        yield change('field_alias', path, f'had alias {was} and has {now}')
    yield from _constraints(
        side, path, old.get('constraints', {}), new.get('constraints', {})
    )


_LOWER = frozenset({'ge', 'gt', 'min_length'})
_UPPER = frozenset({'decimal_places', 'le', 'lt', 'max_digits', 'max_length'})
"""Constraints that refuse more the higher, and the lower, they are."""


def _constraints(
    side: str, path: str, old: dict[str, Any], new: dict[str, Any]
) -> Iterator[Change]:
    """Yield which constraints came, went and changed."""
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was != now:
            yield change(
                _CONSTRAINTS[side][_tendency(name, was, now)],
                path,
                f'has {name} {shown(now)} and had {shown(was)}',
            )


_CONSTRAINTS = {
    'received': {
        'added': 'received_constraint',
        'tightened': 'received_constraint',
        'loosened': 'received_constraint_loosened',
        'removed': 'received_constraint_loosened',
        'changed': 'received_constraint_loosened',
    },
    'supplied': {
        'added': 'supplied_constraint_added',
        'tightened': 'supplied_constraint_changed',
        'loosened': 'supplied_constraint_loosened',
        'removed': 'supplied_constraint_removed',
        'changed': 'supplied_constraint_changed',
    },
}
"""The plugin's part, and how a constraint changed, to the code."""


def _tendency(name: str, was: Any, now: Any) -> str:  # noqa: ANN401  JSON
    """Say how a constraint changed; `changed` where nobody can tell."""
    if was is None or now is None:
        return 'added' if was is None else 'removed'
    numbers = isinstance(was, (int, float)) and isinstance(now, (int, float))
    if not numbers or name not in _LOWER | _UPPER:
        return 'changed'
    return 'tightened' if (now > was) == (name in _LOWER) else 'loosened'
