"""Comparing what a manifest lists by name: options, credentials, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.manifest_diff.rules import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imbi_plugin_sdk.manifest import (
        CredentialField,
        DataType,
        PluginEdgeLabel,
        PluginOption,
        PluginVertexLabel,
    )

ALIKE = 0.75
"""How alike two names must be (difflib's ratio) to call one the other's new
name: `prefix` and `path_prefix` (0.71) are not, `region` and `regions` are."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar('N', bound=_Named)


def was_is(old: object, new: object) -> str:
    """Return `was X and is Y`."""
    return f'was {shown(old)} and is {shown(new)}'


def paired(
    old: Sequence[N], new: Sequence[N], path: str, kind: str
) -> tuple[list[tuple[N, N]], list[N], list[Found]]:
    """Pair the entries of two lists by name, renamed ones by likeness.

    Args:
        old: The older entries.
        new: The newer entries.
        path: Of the list.
        kind: How codes name an entry, as in `option`.

    Returns:
        Pairs to compare, entries that are new, and what was removed or
        renamed.
    """
    was = {entry.name: entry for entry in old}
    now = {entry.name: entry for entry in new}
    gone = [entry for entry in old if entry.name not in now]
    come = [entry for entry in new if entry.name not in was]
    pairs = [(entry, now[entry.name]) for entry in old if entry.name in now]
    found: list[Found] = []
    for entry in gone:
        twin = next((one for one in come if _is_twin(entry, one)), None)
        where = f'{path}.{entry.name}'
        if twin is None:
            found.append(Found(f'{kind}_removed', where, 'is removed'))
        else:
            come.remove(twin)
            pairs.append((entry, twin))
            found.append(
                Found(f'{kind}_renamed', where, f'is called {twin.name!r} now')
            )
    return pairs, come, found


def _is_twin(old: object, new: object) -> bool:
    """Tell whether a new entry is likely the old one under another name."""
    from difflib import SequenceMatcher  # noqa: PLC0415  3 ms, seldom needed

    if getattr(old, 'type', None) != getattr(new, 'type', None):
        return False
    labels = [getattr(one, 'label', None) for one in (old, new)]
    if labels[0] is not None and labels[0] == labels[1]:
        return True
    names = [str(getattr(one, 'name', '')) for one in (old, new)]
    return SequenceMatcher(None, names[0], names[1]).ratio() >= ALIKE


def set_changes(
    old: Iterable[str], new: Iterable[str], path: str, codes: tuple[str, ...]
) -> Iterator[Found]:
    """Compare two lists whose order means nothing.

    Args:
        old: The older words.
        new: The newer words.
        path: Of the list.
        codes: For a word that came, that went, and for another order.
    """
    was, now = list(old), list(new)
    came, went, reordered = codes
    for word in now:
        if word not in was:
            yield Found(came, path, f'has {word!r} too')
    for word in was:
        if word not in now:
            yield Found(went, path, f'has {word!r} no more')
    if was != now and set(was) == set(now):
        yield Found(reordered, path, 'has another order')


def texts(old: object, new: object, path: str, *names: str) -> Iterator[Found]:
    """Compare what is only read by people."""
    for name in names:
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield Found('text_changed', f'{path}.{name}', was_is(was, now))


# --- options -----------------------------------------------------------


def option_changes(
    old: Sequence[PluginOption], new: Sequence[PluginOption]
) -> Iterator[Found]:
    """Yield how the options changed."""
    pairs, come, found = paired(old, new, 'options', 'option')
    yield from found
    for entry in come:
        must = entry.required and entry.default is None
        yield Found(
            'option_added_required' if must else 'option_added',
            f'options.{entry.name}',
            f'is new, of type {entry.type}',
        )
    for before, after in pairs:
        yield from _option(before, after, f'options.{before.name}')
    yield from _order(old, new, 'options')


def _option(
    old: PluginOption, new: PluginOption, path: str
) -> Iterator[Found]:
    """Yield how one option changed."""
    yield from texts(old, new, path, 'label', 'description')
    if old.type != new.type:
        code = (
            'option_now_secret'
            if new.type == 'secret'
            else 'option_now_public'
            if old.type == 'secret'
            else 'option_type_changed'
        )
        yield Found(code, f'{path}.type', was_is(old.type, new.type))
    if new.required and not old.required and new.default is not None:
        yield Found(
            'option_now_required_default',
            f'{path}.required',
            'is required now, and has a default',
        )
    else:
        yield from _requirement(old, new, path, 'option')
    if old.default != new.default or type(old.default) is not type(
        new.default
    ):
        kind = (
            'added'
            if old.default is None
            else 'removed'
            if new.default is None
            else 'changed'
        )
        must = kind == 'removed' and new.required
        yield Found(
            'option_now_required' if must else f'option_default_{kind}',
            f'{path}.default',
            was_is(old.default, new.default),
        )
    yield from choice_changes(old.choices, new.choices, f'{path}.choices')


def choice_changes(
    old: list[str] | None, new: list[str] | None, path: str
) -> Iterator[Found]:
    """Yield how the allowed values changed; None allows all."""
    if old == new:
        return
    if new is None:
        yield Found('choices_widened', path, 'allow every value now')
    elif old is None:
        yield Found('choices_narrowed', path, f'allow {shown(new)} only')
    else:
        yield from set_changes(
            old,
            new,
            path,
            ('choices_widened', 'choices_narrowed', 'choices_reordered'),
        )


def _requirement(
    old: PluginOption | CredentialField,
    new: PluginOption | CredentialField,
    path: str,
    kind: str,
) -> Iterator[Found]:
    """Yield whether a value must be given now, or need not."""
    if old.required != new.required:
        word = 'required' if new.required else 'optional'
        yield Found(f'{kind}_now_{word}', f'{path}.required', f'is {word} now')


def _order(
    old: Sequence[_Named], new: Sequence[_Named], path: str
) -> Iterator[Found]:
    """Yield a change of nothing but the order."""
    was, now = [one.name for one in old], [one.name for one in new]
    if was != now and sorted(was) == sorted(now):
        yield Found('text_changed', path, 'stand in another order')


# --- credentials and data types ----------------------------------------


def credential_changes(
    old: Sequence[CredentialField], new: Sequence[CredentialField]
) -> Iterator[Found]:
    """Yield how the credentials changed."""
    pairs, come, found = paired(old, new, 'credentials', 'credential')
    yield from found
    for entry in come:
        code = 'credential_added'
        yield Found(
            f'{code}_required' if entry.required else code,
            f'credentials.{entry.name}',
            'is new',
        )
    for before, after in pairs:
        path = f'credentials.{before.name}'
        yield from texts(before, after, path, 'label', 'description')
        yield from _requirement(before, after, path, 'credential')
    yield from _order(old, new, 'credentials')


def data_type_changes(
    old: Sequence[DataType], new: Sequence[DataType]
) -> Iterator[Found]:
    """Yield how the types of values changed."""
    pairs, come, found = paired(old, new, 'data_types', 'data_type')
    yield from found
    for entry in come:
        yield Found('data_type_added', f'data_types.{entry.name}', 'is new')
    for before, after in pairs:
        path = f'data_types.{before.name}'
        yield from texts(before, after, path, 'label')
        if before.secret != after.secret:
            word = 'secret' if after.secret else 'public'
            yield Found(
                f'data_type_now_{word}', f'{path}.secret', f'is {word} now'
            )
    yield from _order(old, new, 'data_types')


# --- graph labels ------------------------------------------------------


def vertex_changes(
    old: Sequence[PluginVertexLabel], new: Sequence[PluginVertexLabel]
) -> Iterator[Found]:
    """Yield how the vertex labels changed."""
    pairs, found = _labels(old, new, 'vertex_labels')
    yield from found
    for before, after in pairs:
        path = f'vertex_labels.{before.name}'
        yield from texts(
            before, after, path, 'display_name', 'description', 'nav_label'
        )
        if before.model_ref != after.model_ref:
            yield Found(
                'label_model_changed',
                f'{path}.model_ref',
                was_is(before.model_ref, after.model_ref),
            )
        was = {(tuple(one.fields), one.unique) for one in before.indexes}
        now = {(tuple(one.fields), one.unique) for one in after.indexes}
        if any(is_unique for _, is_unique in now - was):
            yield Found('index_unique', f'{path}.indexes', 'has a unique one')
        elif before.indexes != after.indexes:
            yield Found('index_changed', f'{path}.indexes', 'differ')


def edge_changes(
    old: Sequence[PluginEdgeLabel], new: Sequence[PluginEdgeLabel]
) -> Iterator[Found]:
    """Yield how the edge labels changed."""
    pairs, found = _labels(old, new, 'edge_labels')
    yield from found
    for before, after in pairs:
        path = f'edge_labels.{before.name}'
        for end in ('from_labels', 'to_labels'):
            yield from set_changes(
                getattr(before, end),
                getattr(after, end),
                f'{path}.{end}',
                ('edge_ends_widened', 'edge_ends_narrowed', 'text_changed'),
            )
        yield from mapping_changes(
            before.properties,
            after.properties,
            f'{path}.properties',
            (
                'edge_property_added',
                'edge_property_removed',
                'edge_property_changed',
            ),
        )


def _labels(
    old: Sequence[N], new: Sequence[N], path: str
) -> tuple[list[tuple[N, N]], list[Found]]:
    """Return labels to compare, and what became of whole ones."""
    pairs, come, found = paired(old, new, path, 'label')
    found += [
        Found('label_added', f'{path}.{entry.name}', 'is new')
        for entry in come
    ]
    return pairs, [*found, *_order(old, new, path)]


def mapping_changes(
    old: dict[str, Any],
    new: dict[str, Any],
    path: str,
    codes: tuple[str, str, str],
) -> Iterator[Found]:
    """Compare two mappings by key.

    Args:
        old: The older one.
        new: The newer one.
        path: Of the mapping.
        codes: For a key that came, that went, and whose value changed.
    """
    came, went, changed = codes
    for key in [*old, *(one for one in new if one not in old)]:
        where = f'{path}.{key}'
        if key not in old:
            yield Found(came, where, 'is new')
        elif key not in new:
            yield Found(went, where, 'is removed')
        elif old[key] != new[key]:
            yield Found(changed, where, was_is(old[key], new[key]))
