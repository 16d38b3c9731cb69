"""Copies of arguments, by which a change of them can be seen."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

import pydantic

if TYPE_CHECKING:
    from collections.abc import Mapping


def copies_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return deep copies of those arguments that can be compared.

    A handle of the host's, a stream or a lock cannot be copied; an object
    without a comparison of its own equals nothing. Of those nobody can tell
    whether they changed.

    Args:
        arguments: Name to value.
    """
    copies: dict[str, Any] = {}
    for name, value in arguments.items():
        try:
            one = copy.deepcopy(value)
            comparable = bool(one == value)
        except Exception:  # noqa: BLE001, S112  any class of a stranger's
            continue
        if comparable:
            copies[name] = one
    return copies


def as_dict(value: object) -> object:
    """Return the fields of a model or record; anything else as it is."""
    if isinstance(value, pydantic.BaseModel):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: getattr(value, field.name) for field in fields}
    return value
