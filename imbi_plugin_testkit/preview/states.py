"""The organization that a plan is previewed for, out of a JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pydantic

from imbi_plugin_sdk.provisioning import State
from imbi_plugin_sdk.records import (
    Assignment,
    PluginNode,
    Record,
    ThirdPartyService,
)
from imbi_plugin_testkit.config import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Organization(Record):
    """The file: services need not repeat the organization."""

    organization: str = pydantic.Field(min_length=1)
    services: tuple[ThirdPartyService, ...] = ()
    plugins: tuple[PluginNode, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    in_use: tuple[str, ...] | None = None


def read_state(name: str) -> State:
    """Return the organization that a file describes.

    Raises:
        UsageError: It cannot be read, or does not describe one.
    """
    try:
        found = _Organization.model_validate_json(Path(name).read_bytes())
    except OSError as error:
        raise _none(name, f'{type(error).__name__}.') from None
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = '.'.join(map(str, first['loc']))
        raise _none(
            name, f'{place}: {first["msg"]}.' if place else f'{first["msg"]}.'
        ) from None
    for kind, nodes in (
        ('services', found.services),
        ('plugins', found.plugins),
    ):
        _refuse_twins(name, kind, [node.id for node in nodes])
    return State.of(
        found.organization,
        [
            one
            if one.organization
            else one.replaced(organization=found.organization)
            for one in found.services
        ],
        found.plugins,
        found.assignments,
        in_use=found.in_use,
    )


def _refuse_twins(name: str, kind: str, ids: Sequence[str]) -> None:
    for number, one in enumerate(ids):
        if one in ids[:number]:
            seen = f'{kind}.{number}.id: {one!r} stands there before.'
            raise _none(name, seen)


def _none(name: str, seen: str) -> UsageError:
    return UsageError(
        f'{name} is no state: {seen} Fix: give JSON with organization, '
        'services, plugins, assignments and in_use.'
    )
