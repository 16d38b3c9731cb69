"""Differences between two locks, each with what it means to a plugin."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.contract_lock._models import model_changes, type_change
from imbi_plugin_sdk.contract_lock._parameters import parameter_changes
from imbi_plugin_sdk.contract_lock.changes import (
    SEVERITIES,
    Change,
    change,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.contract_lock._reading import Lock


def diff_locks(old: Lock, new: Lock) -> tuple[Change, ...]:
    """Say every difference between two locks.

    Args:
        old: The lock that plugins were written for.
        new: The lock of what they would run on.

    Returns:
        Changes, breaking ones first, then by path. A difference in a model
        that several plugin types share is told once, with those types.
    """
    if old == new:
        return ()
    found: dict[Change, list[str]] = {}
    was, now = old['contracts'], new['contracts']
    for plugin_type in {**was, **now}:
        for one in _type_changes(plugin_type, old, new):
            found.setdefault(one, []).append(plugin_type)
    for one in _error_changes(old['errors'], new['errors']):
        found[one] = [*now]
    for one in _slug_changes(old['slugs'], new['slugs']):
        found[one] = []
    if old['format_version'] != new['format_version']:
        found[change('format_changed', 'format_version', 'changed')] = []
    if not found:
        found[change('unclassified', '', 'differs')] = []
    changes = [
        dataclasses.replace(one, plugin_types=tuple(types))
        for one, types in found.items()
    ]
    return tuple(sorted(changes, key=_order))


def _order(one: Change) -> tuple[int, str, str]:
    return -SEVERITIES.index(one.severity), one.path, one.code


# --- one plugin type ---------------------------------------------------


def _type_changes(plugin_type: str, old: Lock, new: Lock) -> Iterator[Change]:
    """Yield what changed for one plugin type."""
    was = old['contracts'].get(plugin_type)
    now = new['contracts'].get(plugin_type)
    if was is None or now is None:
        code = 'type_added' if was is None else 'type_removed'
        what = 'is new' if was is None else 'is removed'
        yield change(code, f'plugin type {plugin_type!r}', what)
        return
    if was['handler'] != now['handler']:
        yield change(
            'handler_renamed',
            was['handler'],
            f'is called {now["handler"]} now',
        )
    yield from _version_changes(was, now)
    yield from _promise_changes(was, now)
    yield from _method_changes(was['methods'], now['methods'])
    yield from _callable_changes(was['callables'], now['callables'])
    for name, directions in was['reaches'].items():
        ways = {*directions, *now['reaches'].get(name, ())}
        if name not in new['models']:
            yield change('model_removed', name, 'is removed')
        elif old['models'][name] != new['models'][name]:
            yield from model_changes(
                name, old['models'][name], new['models'][name], sorted(ways)
            )


def _version_changes(
    was: dict[str, Any], now: dict[str, Any]
) -> Iterator[Change]:
    """Yield which contract versions came and went."""
    for version in was['versions']:
        if version not in now['versions']:
            yield change(
                'version_removed', f'version {version}', 'is not served now'
            )
    for version in now['versions']:
        if version not in was['versions']:
            yield change('version_added', f'version {version}', 'is new')
    if was['deprecations'] != now['deprecations']:
        old = {one['since']: one for one in was['deprecations']}
        hastened = any(
            _is_hastened(old[one['since']], one)
            for one in now['deprecations']
            if one['since'] in old
        )
        code = 'deprecation_hastened' if hastened else 'deprecation_changed'
        yield change(code, 'deprecations', 'changed')


def _is_hastened(old: dict[str, str], new: dict[str, str]) -> bool:
    """Tell whether plugins are served for less long than was promised."""
    was, now = (
        [int(part) for part in one['removed_in'].split('.')]
        for one in (old, new)
    )
    return now < was or new['not_before'] < old['not_before']


def _promise_changes(
    was: dict[str, Any], now: dict[str, Any]
) -> Iterator[Change]:
    """Yield what became of manifest flags and of lifecycle hooks."""
    old, new = was['capabilities'], now['capabilities']
    for flag in sorted({*old, *new}):
        had, has = set(old.get(flag, ())), set(new.get(flag, ()))
        path = f'manifest flag {flag}'
        if flag not in old:
            yield change('capability_added', path, 'is new')
        elif flag not in new:
            yield change('capability_removed', path, 'is removed')
        else:
            for name in sorted(has - had):
                yield change('capability_grown', path, f'promises {name} too')
            for name in sorted(had - has):
                yield change(
                    'capability_shrunk', path, f'promises {name} no more'
                )
    old, new = was['hooks'], now['hooks']
    for event in sorted({*old, *new}):
        path = f'event {event}'
        if event not in old:
            yield change('hook_added', path, f'is told to {new[event]}')
        elif event not in new:
            yield change('hook_removed', path, 'is removed')
        elif old[event] != new[event]:
            yield change('hook_moved', path, f'is told to {new[event]} now')


# --- methods -----------------------------------------------------------


def _method_changes(
    was: dict[str, Any], now: dict[str, Any]
) -> Iterator[Change]:
    """Yield which methods came, went and changed."""
    for name in was:
        if name not in now:
            yield change('method_removed', f'{name}()', 'is removed')
    for name, method in now.items():
        if name not in was:
            kind = 'required' if method['required'] else 'optional'
            yield change(
                f'method_added_{kind}', f'{name}()', f'is new and {kind}'
            )
        elif was[name] != method:
            yield from _one_method(name, was[name], method)


def _one_method(
    name: str, old: dict[str, Any], new: dict[str, Any]
) -> Iterator[Change]:
    """Yield how one method changed."""
    path = f'{name}()'
    if old['required'] != new['required']:
        kind = 'required' if new['required'] else 'optional'
        yield change(f'method_now_{kind}', path, f'is {kind} now')
    if old['kind'] != new['kind']:
        yield change(
            'method_kind', path, f'was a {old["kind"]} and is a {new["kind"]}'
        )
    if 'default' in old and 'default' in new:
        if (old['default'], new['default']) == ('answers', 'raises'):
            yield change('method_default_lost', path, 'raises by default now')
        elif old['default'] != new['default']:
            yield change('method_default_gained', path, 'answers by default')
    yield from type_change(
        'supplied', f'{name}() ->', old['returns'], new['returns']
    )
    yield from parameter_changes(name, old['parameters'], new['parameters'])


# --- callables, errors, slugs ------------------------------------------


def _callable_changes(
    was: dict[str, Any], now: dict[str, Any]
) -> Iterator[Change]:
    """Yield how the keywords of documented callables changed."""
    for name in sorted({*was, *now}):
        if name not in now or name not in was:
            code = 'callable_removed' if name in was else 'callable_added'
            yield change(code, name, 'is removed' if name in was else 'is new')
            continue
        old = {one['name']: one['type'] for one in was[name]}
        new = {one['name']: one['type'] for one in now[name]}
        gone = [one for one in old if one not in new]
        come = [one for one in new if one not in old]
        for keyword in gone:
            path = f'{name}({keyword})'
            twin = next(
                (one for one in come if new[one] == old[keyword]), None
            )
            if twin is None:
                yield change('keyword_removed', path, 'is removed')
            else:
                come.remove(twin)
                yield change('keyword_renamed', path, f'is {twin!r} now')
        for keyword in come:
            yield change('keyword_added', f'{name}({keyword})', 'is new')
        for keyword, before in old.items():
            after = new.get(keyword, before)
            yield from type_change(
                'received', f'{name}({keyword})', before, after
            )
        if old == new and list(old) != list(new):
            what = f'takes {listed(new, last="and")} now'
            yield change('keywords_reordered', name, what)


def _error_changes(
    was: dict[str, Any], now: dict[str, Any]
) -> Iterator[Change]:
    """Yield how the errors that a handler may raise changed."""
    for name in sorted({*was, *now}):
        if name not in now or name not in was:
            gone = name in was
            yield change(
                'error_removed' if gone else 'error_added',
                name,
                'is removed' if gone else 'is new',
            )
            continue
        for key in ('code', 'status', 'parameters'):
            old, new = was[name].get(key), now[name].get(key)
            if old != new:
                code = f'error_{key}'
                if key == 'parameters' and _is_longer(old, new):
                    code = 'error_parameters_added'
                yield change(code, name, f'had {key} {old} and has {new}')


def _is_longer(old: list[str] | None, new: list[str] | None) -> bool:
    """Tell whether an error is made as before, or with more.

    A plugin makes errors, so the measure is a caller's here.
    """
    if old is None or new is None:
        return False
    more = new[len(old) :]
    return new[: len(old)] == old and all('=' in one for one in more)


def _slug_changes(
    was: dict[str, list[str]], now: dict[str, list[str]]
) -> Iterator[Change]:
    """Yield which slugs of the catalog came and went."""
    for distribution in sorted({*was, *now}):
        old = was.get(distribution, [])
        new = now.get(distribution, [])
        gone = [slug for slug in old if slug not in new]
        come = [slug for slug in new if slug not in old]
        for slug in gone:
            path = f'{distribution}#{slug}'
            if len(gone) == len(come) == 1:
                yield change('slug_renamed', path, f'is {come.pop()!r} now')
            else:
                yield change('slug_removed', path, 'is removed')
        for slug in come:
            yield change('slug_added', f'{distribution}#{slug}', 'is new')
