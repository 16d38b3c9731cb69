"""What the model of a configuration holds of a key, beside its value."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_testkit.comparing import OPEN_AND_SECRET, any_of, with_values
from imbi_plugin_testkit.laws._calls import secret_types, tells_data_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_sdk.handlers.configuration import ConfigKey
    from imbi_plugin_testkit.lab import Lab


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What the model holds of one key.

    Attributes:
        value: The value.
        data_type: The data type that was set.
        secret: Whether anybody asked for a secret since it was made.
    """

    value: str
    data_type: str
    secret: bool


def facts_differ(lab: Lab, item: ConfigKey, held: Held) -> Iterator[str]:
    """Yield where secrecy or data type is not as it was set (CFG010)."""
    if held.secret and not item.secret:
        message = f'{item.key!r} was asked to be secret, and says it is not.'
        yield with_values(message, *OPEN_AND_SECRET)
    kinds = {held.data_type}
    if item.secret:
        kinds |= secret_types(lab)
    if tells_data_types(lab) and item.data_type not in kinds:
        yield with_values(
            f'{item.key!r} was set as {held.data_type!r}, and is '
            f'{item.data_type!r} now.',
            item.data_type,
            any_of(kinds),
        )
