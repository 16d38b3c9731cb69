"""Comparing two service templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk.manifest._template_rules import URL_FIELDS
from imbi_plugin_sdk.manifest_diff._lists import (
    choice_changes,
    mapping_changes,
    set_changes,
    texts,
    was_is,
)
from imbi_plugin_sdk.manifest_diff.rules import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.manifest import (
        TemplateVariable,
        ThirdPartyServiceTemplate,
    )

_PATH = 'third_party_service'

_FLOW = (
    'authorization_params',
    'scope_separator',
    'token_auth_method',
    'use_pkce',
)
"""Fields that decide how people sign in."""

_WIDENS = {'segment': ('label',)}
"""Kind of a variable to the kinds whose every value it takes."""


def template_changes(
    old: ThirdPartyServiceTemplate | None,
    new: ThirdPartyServiceTemplate | None,
) -> Iterator[Found]:
    """Yield how the service template changed."""
    if old is None and new is None:
        return
    if old is None:
        yield Found('template_added', _PATH, 'is new')
        return
    if new is None:
        yield Found('template_removed', _PATH, 'is removed')
        return
    yield from _identity(old, new)
    yield from texts(old, new, _PATH, 'display_name')
    if old.category != new.category:
        yield Found(
            'category_changed',
            f'{_PATH}.category',
            was_is(old.category, new.category),
        )
    for field in URL_FIELDS:
        yield from _endpoint(field, getattr(old, field), getattr(new, field))
    for field in _FLOW:
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            yield Found('flow_changed', f'{_PATH}.{field}', was_is(was, now))
    yield from set_changes(
        old.default_scopes,
        new.default_scopes,
        f'{_PATH}.default_scopes',
        ('scope_added', 'scope_removed', 'scopes_reordered'),
    )
    yield from mapping_changes(
        old.links,
        new.links,
        f'{_PATH}.links',
        ('link_changed', 'link_changed', 'link_changed'),
    )
    yield from _variables(old.variables, new.variables)


def folded(vendor: str) -> str:
    """Return a vendor as services are matched."""
    return ' '.join(vendor.split()).casefold()


def _identity(
    old: ThirdPartyServiceTemplate, new: ThirdPartyServiceTemplate
) -> Iterator[Found]:
    """Yield whether it still describes the same service."""
    if old.id != new.id:
        yield Found(
            'template_identity_changed', f'{_PATH}.id', was_is(old.id, new.id)
        )
    if old.vendor != new.vendor:
        same = folded(old.vendor) == folded(new.vendor)
        yield Found(
            'template_respelled' if same else 'template_identity_changed',
            f'{_PATH}.vendor',
            was_is(old.vendor, new.vendor),
        )


def _endpoint(field: str, old: str | None, new: str | None) -> Iterator[Found]:
    """Yield how one URL changed."""
    if old == new:
        return
    path = f'{_PATH}.{field}'
    if old is None:
        yield Found('endpoint_added', path, f'is {new} now')
    elif new is None:
        yield Found('endpoint_removed', path, f'was {old} and is unset')
    else:
        code = 'issuer_changed' if field == 'issuer' else 'endpoint_changed'
        yield Found(code, path, f'was {old} and is {new}')


def _variables(
    old: dict[str, TemplateVariable], new: dict[str, TemplateVariable]
) -> Iterator[Found]:
    """Yield what operators fill in otherwise."""
    for name in [*old, *(one for one in new if one not in old)]:
        path = f'{_PATH}.variables.{name}'
        if name not in new:
            yield Found('variable_removed', path, 'is removed')
        elif name not in old:
            given = new[name].default is not None
            yield Found(
                'variable_added_default' if given else 'variable_added',
                path,
                'is new',
            )
        else:
            yield from _variable(path, old[name], new[name])


def _variable(
    path: str, old: TemplateVariable, new: TemplateVariable
) -> Iterator[Found]:
    """Yield how one variable changed."""
    yield from texts(old, new, path, 'label', 'description')
    if old.kind != new.kind:
        wider = old.kind in _WIDENS.get(new.kind, ())
        yield Found(
            'variable_widened' if wider else 'variable_narrowed',
            f'{path}.kind',
            was_is(old.kind, new.kind),
        )
    if old.pattern != new.pattern:
        yield Found(
            'variable_widened' if new.pattern is None else 'variable_narrowed',
            f'{path}.pattern',
            was_is(old.pattern, new.pattern),
        )
    if old.default != new.default:
        gone = new.default is None
        yield Found(
            'variable_default_removed' if gone else 'variable_default_changed',
            f'{path}.default',
            was_is(old.default, new.default),
        )
    yield from choice_changes(old.choices, new.choices, f'{path}.choices')
