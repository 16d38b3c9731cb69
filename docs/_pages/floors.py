"""The page of the floors, from the contracts that import-linter holds."""

from __future__ import annotations

import importlib
import importlib.util
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _pages.markdown import code, first_paragraph, page, table

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[2] / 'pyproject.toml'


def floors_page() -> str:
    """Return the page of both packages' floors, the lowest first."""
    settings = tomllib.loads(PROJECT.read_text('utf-8'))
    contracts: list[dict[str, Any]]
    contracts = settings['tool']['importlinter']['contracts']
    blocks: list[list[str]] = []
    for contract in contracts:
        if contract['type'] == 'layers':
            (package,) = contract['containers']
            blocks += [
                [f'## {package}'],
                [f'{contract["name"]}.'],
                list(_floors(package, contract['layers'])),
            ]
    return page(
        'The floors',
        [
            'A module imports only from lower floors; modules of one floor '
            'do not know each other. These',
            'are the contracts that `make layers` holds, the lowest floor '
            'first.',
        ],
        *blocks,
    )


def _floors(package: str, layers: list[str]) -> Iterator[str]:
    rows: list[tuple[object, ...]] = []
    number = 0
    for layer in reversed(layers):
        found = [
            name
            for name in map(str.strip, layer.split('|'))
            if importlib.util.find_spec(f'{package}.{name}')
        ]
        rows += [
            (number, code(name), _about(f'{package}.{name}')) for name in found
        ]
        number += bool(found)
    yield from table(('Floor', 'Module', 'What lives there'), rows)


def _about(name: str) -> str:
    return first_paragraph(importlib.import_module(name).__doc__ or '')
