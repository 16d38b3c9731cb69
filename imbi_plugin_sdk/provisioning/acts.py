"""Plans of what operators do to one service by hand.

They are plans as installs are: previewed, refused when stale, applied in one
transaction. A host that writes an operator's edit past them must pin the
field itself, or the edit counts as one only while it differs from the base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import did_you_mean, listed
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.provisioning.attaching import merge
from imbi_plugin_sdk.provisioning.drafting import Draft
from imbi_plugin_sdk.provisioning.errors import ValueRefused
from imbi_plugin_sdk.provisioning.fields import (
    KINDS,
    SAVED_KINDS,
    VARIABLE_VALUES,
    plain_value,
    value_problems,
)
from imbi_plugin_sdk.provisioning.matching import missing_service
from imbi_plugin_sdk.provisioning.merge import Decision, Field, Merged
from imbi_plugin_sdk.provisioning.offerings import Offering, offerings_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from imbi_plugin_sdk.provisioning.plan import Operation, Plan
    from imbi_plugin_sdk.provisioning.sources import PluginSource
    from imbi_plugin_sdk.provisioning.state import State
    from imbi_plugin_sdk.provisioning.working import Working


def plan_save(
    state: State, service: str, values: Mapping[str, object]
) -> Plan:
    """Return what saving some fields would do: set them and pin them.

    A field is pinned even where the value is the same: the operator saw it
    and wants it so. The base does not move.

    Args:
        state: Holds the service.
        service: Its id.
        values: Field to value; None, or anything empty, clears the field.

    Returns:
        A plan. It is blocked where a field does not exist, a value does not
        have its kind, or looks like a secret: credentials belong on a
        service application.
    """
    draft, found = _opened('save_fields', state, service)
    if found is None:
        return draft.seal()
    for name in _known(draft, values, SAVED_KINDS):
        try:
            value = plain_value(values[name], name)
        except ValueRefused as error:
            for problem in error.problems:
                draft.block(problem)
            continue
        problems = list(value_problems(name, value))
        for problem in problems:
            draft.block(problem)
        if not problems:
            seen = _seen(found, name, value)
            saved = Merged('save', value, seen.base, 'an operator saved it')
            draft.note(found, name, seen, saved)
            if name != VARIABLE_VALUES:  # no manifest fills it
                found.pinned.add(name)
    return draft.seal()


def plan_unpin(state: State, service: str, fields: Iterable[str]) -> Plan:
    """Return what unpinning some fields would do.

    A field that is as its base follows the manifest again, if the service is
    managed. One that differs from its base stays an edit; `plan_take` is the
    way to give that up.
    """
    draft, found = _opened('unpin', state, service)
    if found is not None:
        for name in _known(draft, fields):
            found.pinned.discard(name)
    return draft.seal()


def plan_take(
    state: State,
    service: str,
    fields: Iterable[str],
    plugins: Iterable[PluginSource],
) -> Plan:
    """Return what taking the manifest's values for some fields would do.

    They are written, or cleared where the manifest has none, and unpinned;
    the base moves along. So an offer is accepted and a conflict ended.

    Args:
        state: Holds the service.
        service: Its id.
        fields: The fields to take.
        plugins: At least the entry points of the template's owner.

    Returns:
        A plan. It is blocked where the owner's template is not among the
        plugins, or the icon that is asked for cannot be read.
    """
    draft, found = _opened('take_theirs', state, service, plugins)
    if found is None:
        return draft.seal()
    offering = _owners(draft, found)
    if offering is None:
        draft.block(_owner_missing(found))
        return draft.seal()
    for name in _known(draft, fields):
        if name in offering.unknown:
            draft.block(_icon_unknown(name))
            continue
        new = offering.values.get(name)
        seen = _seen(found, name, new)
        decision: Decision = 'clear' if new is None else 'write'
        if new == seen.live:
            decision = 'converged'
        reason = "an operator took the manifest's value"
        draft.note(found, name, seen, Merged(decision, new, new, reason))
        found.pinned.discard(name)
    return draft.seal()


def plan_manage(
    state: State, service: str, plugins: Iterable[PluginSource] = ()
) -> Plan:
    """Return what letting a manifest manage a service would do (ADR 0012 §6).

    From then on an upgrade writes the fields that nobody edited.

    Args:
        state: Holds the service.
        service: Its id.
        plugins: With the owner's entry points among them, what is offered
            now is written at once; without, at the next upgrade.
    """
    draft, found = _opened('manage', state, service, plugins)
    if found is None:
        return draft.seal()
    if not found.contributors:
        draft.block(
            Problem(
                'service_without_owner',
                f'service {found.slug}',
                'no plugin with a template is attached to it, so that no '
                'manifest could manage it.',
                'Install a plugin to it first.',
            )
        )
        return draft.seal()
    found.managed = True
    offering = _owners(draft, found)
    if offering is not None:
        merge(draft, found, offering)
    return draft.seal()


def plan_unmanage(state: State, service: str) -> Plan:
    """Return what taking a service back from its manifest would do."""
    draft, found = _opened('unmanage', state, service)
    if found is not None:
        found.managed = False
    return draft.seal()


def _opened(
    operation: Operation,
    state: State,
    service: str,
    plugins: Iterable[PluginSource] = (),
) -> tuple[Draft, Working | None]:
    """Return a draft and the service; without one the draft is blocked.

    Of the plugins only the owner's count; a whole registry may be given.
    """
    record = state.services.get(service)
    owner = record.contributors[:1] if record else ()
    theirs = [one for one in plugins if one.distribution in owner]
    draft = Draft(operation, state, theirs)
    found = draft.service(service)
    if found is None:
        draft.block(missing_service(draft, service))
    else:
        draft.consider(found)
    return draft, found


def _known(
    draft: Draft, names: Iterable[str], fields: Collection[str] = KINDS
) -> list[str]:
    """Return the names that are fields, in order; block for the others."""
    wanted = set(names)
    for name in sorted(wanted.difference(fields)):
        draft.block(
            Problem(
                'field_unknown',
                name,
                'a service has no field of this name that a template '
                f'fills.{did_you_mean(name, fields)}',
                f'Use one of {listed(fields)}.',
            )
        )
    return [name for name in fields if name in wanted]


def _seen(service: Working, name: str, value: object) -> Field:
    return Field(
        service.live.get(name),
        service.base.get(name),
        value,
        pinned=name in service.pinned,
    )


def _owners(draft: Draft, service: Working) -> Offering | None:
    """Return what the owner of the service's template brings."""
    offerings, warnings, blocks = offerings_of(draft.sources)
    for problem in warnings:
        draft.warn(problem)
    for problem in blocks:
        draft.block(problem)
    for offering in offerings:
        if offering.template_id == service.template_id != '':
            return offering
    return None


def _owner_missing(service: Working) -> Problem:
    owner = service.owner or 'nobody'
    return Problem(
        'owner_missing',
        f'service {service.slug}',
        f'its template is owned by {owner}, and no entry point with that '
        'template was given; only its values can be taken.',
        'Hand over the entry points of the owner, as the registry has them.',
    )


def _icon_unknown(name: str) -> Problem:
    return Problem(
        'icon_unread',
        name,
        'the icon that the manifest declares could not be read.',
        'Take the other fields, and report the icon to the author.',
    )
