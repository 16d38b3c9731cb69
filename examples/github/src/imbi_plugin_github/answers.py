"""GitHub's JSON, read field by field; what is not as described is an outage.

pydantic would do it too, but its errors show what they were given, and what
is there besides the fields that are read is nobody's business.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, TypeAlias, cast

from imbi_plugin_sdk import PluginUnavailableError

Item: TypeAlias = dict[str, Any]
"""One JSON object."""

LONGEST_NUMBER = 20
"""Digits of the largest 64-bit id, and one more."""


def malformed(what: str) -> PluginUnavailableError:
    """Return the error for an answer that GitHub would not give."""
    return PluginUnavailableError(
        f'What answered is not the REST API of GitHub: {what}. Look at the '
        'address in the options, and at what stands between.'
    )


def parsed(content: bytes) -> object:
    """Return what a body holds, None where it is no JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def item_of(found: object, what: str) -> Item:
    """Return a JSON object.

    Raises:
        PluginUnavailableError: It is something else.
    """
    if not isinstance(found, dict):
        raise malformed(f'{what} is no object')
    return cast('Item', found)


def items_of(found: object, what: str) -> list[Item]:
    """Return a list of JSON objects.

    Raises:
        PluginUnavailableError: It is something else.
    """
    if not isinstance(found, list):
        raise malformed(f'{what} is no list')
    return [item_of(one, what) for one in cast('list[object]', found)]


def inner(item: Item, name: str) -> Item:
    """Return the object in a field.

    Raises:
        PluginUnavailableError: There is none.
    """
    return item_of(item.get(name), f'the field {name}')


def text(item: Item, name: str) -> str:
    """Return the text in a field.

    Raises:
        PluginUnavailableError: There is none.
    """
    found = item.get(name)
    if not isinstance(found, str):
        raise malformed(f'the field {name} is no text')
    return found


def maybe(item: Item, name: str) -> str | None:
    """Return the text in a field, None where there is none."""
    found = item.get(name)
    return found if isinstance(found, str) and found else None


def count(item: Item, name: str) -> int:
    """Return the number in a field.

    Raises:
        PluginUnavailableError: There is none.
    """
    found = item.get(name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise malformed(f'the field {name} is no number')
    return found


def identifier(item: Item) -> str:
    """Return the id of a thing, a positive number, as text.

    Raises:
        PluginUnavailableError: There is none.
    """
    number = count(item, 'id')
    if number <= 0 or number >= 10**LONGEST_NUMBER:
        raise malformed('the field id is no id')
    return str(number)


def moment(item: Item, name: str) -> dt.datetime:
    """Return the time in a field, timezone-aware.

    Raises:
        PluginUnavailableError: There is none.
    """
    found = maybe_moment(item, name)
    if found is None:
        raise malformed(f'the field {name} is no time')
    return found


def maybe_moment(item: Item, name: str) -> dt.datetime | None:
    """Return the time in a field, None where it is absent.

    Raises:
        PluginUnavailableError: It is something else.
    """
    found = item.get(name)
    if found is None:
        return None
    try:
        at = dt.datetime.fromisoformat(str(found))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise malformed(f'the field {name} is no time')
    return at
