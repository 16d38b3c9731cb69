"""Laws: what a handler that keeps the contract does, as checks.

One module per family. A law is an async generator function of a
`imbi_plugin_testkit.lab.Lab`, declared with `@check(..., law=True)`; its
docstring says why it must hold. It touches only what it created, under seeded
names, and asserts containment, never absolute counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLABLE = (
    'PKG101',
    'MAN002',
    'MAN013',
    *(f'PRO{number:03}' for number in range(2, 18)),
)
"""What must hold before a law can call anything: the entry point imports, and
the class is one that the host could call. A law would only repeat those
findings."""


def has_methods(data: Mapping[str, Any]) -> bool:
    """Return whether a manifest is of a type that the host calls at all."""
    return data.get('plugin_type') != 'connection'
