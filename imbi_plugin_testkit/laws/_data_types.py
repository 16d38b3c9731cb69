"""The data types of a configuration plugin that laws write with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.lab.opening import entries

if TYPE_CHECKING:
    from imbi_plugin_testkit.lab import Lab


def text_value(lab: Lab, text: str, *, secret: bool = False) -> Any:  # noqa: ANN401  imported on use
    """Return a `ConfigValue` of the plainest data type."""
    from imbi_plugin_sdk.handlers.configuration import (  # noqa: PLC0415
        ConfigValue,
    )

    return ConfigValue(data_type=plain_type(lab), value=text, secret=secret)


PLAIN_TYPES = ('string', 'text', 'str', 'plain', 'plaintext', 'value')
"""Names that data types for any text have; the first that is there is used."""


def data_types(lab: Lab) -> tuple[str, ...]:
    """Return the data types that a law may use; at least one."""
    declared = [str(kind['name']) for kind in entries(lab.data, 'data_types')]
    return tuple(lab.limits.data_types or declared or ['string'])


def tells_data_types(lab: Lab) -> bool:
    """Return whether anybody says which data types there are.

    Where nobody does, a store of plain text may call it what it likes.
    """
    return bool(lab.limits.data_types or entries(lab.data, 'data_types'))


def plain_type(lab: Lab) -> str:
    """Return the data type that is most likely to take any text."""
    names = data_types(lab)
    secret = secret_types(lab)
    plain = [name for name in names if name not in secret] or list(names)
    folded = {name.casefold(): name for name in reversed(plain)}
    return next(
        (folded[name] for name in PLAIN_TYPES if name in folded), plain[0]
    )


def secret_types(lab: Lab) -> frozenset[str]:
    """Return the data types whose values are secrets."""
    return frozenset(
        str(kind['name'])
        for kind in entries(lab.data, 'data_types')
        if kind.get('secret')
    )
