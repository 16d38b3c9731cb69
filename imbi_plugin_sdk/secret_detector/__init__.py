"""Finds secrets in what must carry none (ADR 0012, section 5).

Structure comes first: what matters is where a value stands. Declaring a
credential named `client_secret` is a manifest's job; giving it a value is
not. Then names are read as compounds, and values held against the vendors'
formats and the structures of keys, tokens and addresses. Only in fields that
may hold anything does randomness count.

The rules are data (`_secret_rules.tsv`); `explain_rule` says what each is
about. Nothing here keeps or shows a value that it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._secret_rules import rules_version
from imbi_plugin_sdk.secret_detector._names import is_secret_name
from imbi_plugin_sdk.secret_detector._slots import (
    MANIFEST_SLOTS,
    TEMPLATE_SLOTS,
    Slot,
    SlotMap,
)
from imbi_plugin_sdk.secret_detector._walk import find_secrets

if TYPE_CHECKING:
    from imbi_plugin_sdk.secret_detector._catalog import (
        RULES,
        Examples,
        Explanation,
        Rule,
        explain_rule,
        rule,
    )
    from imbi_plugin_sdk.secret_detector._model import Kind, SecretFinding

__all__ = [
    'MANIFEST_SLOTS',
    'RULES',
    'TEMPLATE_SLOTS',
    'Examples',
    'Explanation',
    'Kind',
    'Rule',
    'SecretFinding',
    'Slot',
    'SlotMap',
    'explain_rule',
    'find_secrets',
    'is_secret_name',
    'rule',
    'rules_version',
]

_LAZY = {
    'RULES': '_catalog',
    'Examples': '_catalog',
    'Explanation': '_catalog',
    'Rule': '_catalog',
    'explain_rule': '_catalog',
    'rule': '_catalog',
    'Kind': '_model',
    'SecretFinding': '_model',
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  any of the names above
    """Load what a clean manifest does not need when it is asked for."""
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    import importlib  # noqa: PLC0415

    return getattr(importlib.import_module(f'{__name__}.{module}'), name)
