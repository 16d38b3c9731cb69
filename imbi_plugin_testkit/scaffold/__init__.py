"""A complete package to begin with, for any plugin types.

`order_of` holds what is asked for against the rules for names, `files_of`
renders the templates beside this module, and `write` puts them down whole or
not at all. What is written is an ordinary package: nothing in it leads back
here, and its handlers do not import the kit.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import did_you_mean, listed, shown
from imbi_plugin_sdk.contract import CONTRACTS
from imbi_plugin_sdk.manifest._template_rules import SLUG
from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.scaffold.rendering import files_of
from imbi_plugin_testkit.scaffold.writing import write

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ['Order', 'files_of', 'order_of', 'write']

PREFIX = 'imbi-plugin-'

LONGEST_NAME = 36
"""Characters of a name: with the longest type behind it, it must be a slug of
at most 64, and a line of imports must fit on 88."""

LONGEST_VENDOR = 80
"""Characters of a vendor's name: a template allows 128, lines look better."""

RESERVED = frozenset({'sdk', 'testkit'})
"""Their packages are there already."""

_UNQUOTABLE = re.compile(r'["\\]')


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What is to be written.

    Attributes:
        name: Slug, without the prefix of the distribution.
        kinds: Plugin types, in the order of the contracts.
        vendor: Name of the vendor.
    """

    name: str
    kinds: tuple[str, ...]
    vendor: str

    @property
    def distribution(self) -> str:
        """Return the distribution's name."""
        return f'{PREFIX}{self.name}'

    @property
    def package(self) -> str:
        """Return the import package's name."""
        return self.distribution.replace('-', '_')

    def slug(self, kind: str) -> str:
        """Return the slug of the plugin of one type."""
        return self.name if len(self.kinds) == 1 else f'{self.name}-{kind}'


def order_of(name: str, kinds: Sequence[str], vendor: str | None) -> Order:
    """Return an order that can be written.

    Args:
        name: Slug; the prefix `imbi-plugin-` is taken off.
        kinds: Plugin types; repeated ones are one.
        vendor: Name of the vendor; None makes it from the name.

    Raises:
        UsageError: Any of them cannot be; the message says how it could.
    """
    name = name.removeprefix(PREFIX)
    if not SLUG.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f'{shown(name)} is no name for a plugin. Fix: use lower-case '
            'letters and digits in words that hyphens join, with a letter '
            f'first and at most {LONGEST_NAME} characters, as in aws-ssm.'
        )
    if name in RESERVED:
        raise UsageError(
            f'{PREFIX}{name} is a package of this kit. Fix: choose another '
            'name.'
        )
    for kind in kinds:
        if kind not in CONTRACTS:
            raise UsageError(
                f'there is no plugin type {shown(kind)}.'
                f'{did_you_mean(kind, CONTRACTS)} Fix: use '
                f'{listed(CONTRACTS)}.'
            )
    if not kinds:
        raise UsageError(
            'no plugin type is named. Fix: add --type with '
            f'{listed(CONTRACTS)}.'
        )
    return Order(
        name,
        tuple(kind for kind in CONTRACTS if kind in kinds),
        _vendor(name, vendor),
    )


def _vendor(name: str, vendor: str | None) -> str:
    if vendor is None:
        return name.replace('-', ' ').title()
    text = ' '.join(vendor.split())
    if (
        not 0 < len(text) <= LONGEST_VENDOR
        or not text.isprintable()
        or _UNQUOTABLE.search(text)
    ):
        raise UsageError(
            f'{shown(vendor)} cannot stand as the name of a vendor. Fix: use '
            f'1 to {LONGEST_VENDOR} printable characters without double '
            'quotes and backslashes; manifest.py may be edited afterwards.'
        )
    return text
