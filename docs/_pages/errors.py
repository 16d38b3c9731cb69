"""The page of every error."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import imbi_plugin_sdk
from _pages.markdown import code, first_paragraph, page, table
from imbi_plugin_sdk.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = imbi_plugin_sdk.__name__


def errors_page() -> str:
    """Return the page of every error, with its code and HTTP status."""
    for module in pkgutil.walk_packages(imbi_plugin_sdk.__path__, f'{ROOT}.'):
        importlib.import_module(module.name)
    found = list(_tree(PluginError, 0))
    ours = [row for row in found if _home(row[1]) == ROOT]
    host = [row for row in found if _home(row[1]) != ROOT]
    return page(
        'Every error',
        [
            'Each error has a stable `code` and the `http_status` that a '
            'host should answer with. An',
            'indented class derives from the one above it that is indented '
            'less. An error that',
            'derives from `ProblemsError` carries `problems`, a tuple of '
            '`Problem(code, path,',
            'message, fix)`.',
        ],
        ['## What a plugin may raise or meet'],
        ['All of these are names of `imbi_plugin_sdk`.'],
        _rows(ours),
        ['## What only a host meets'] if host else [],
        _host_rows(host) if host else [],
    )


def _tree(error: type[PluginError], depth: int) -> Iterator[tuple[int, type]]:
    yield depth, error
    for child in error.__subclasses__():
        # One with two parents stands under the first of them.
        if child.__bases__[0] is error and child.__module__.startswith(ROOT):
            yield from _tree(child, depth + 1)


def _home(error: type) -> str:
    """Return the public module that gives an error."""
    if error.__name__ in imbi_plugin_sdk.__all__:
        return ROOT
    parts = error.__module__.split('.')
    public: list[str] = []
    for part in parts:
        if part.startswith('_'):
            break
        public.append(part)
    return '.'.join(public)


def _rows(rows: list[tuple[int, type]]) -> Iterator[str]:
    yield from table(
        ('Error', 'Code', 'HTTP', 'Meaning'),
        (
            (
                f'{"&nbsp;" * 4 * depth}{code(error.__name__)}',
                code(error.code),
                error.http_status,
                first_paragraph(error.__doc__ or ''),
            )
            for depth, error in rows
        ),
    )


def _host_rows(rows: list[tuple[int, type]]) -> Iterator[str]:
    yield from table(
        ('Error', 'From', 'Kind of', 'Code', 'HTTP', 'Meaning'),
        (
            (
                code(error.__name__),
                code(_home(error)),
                ', '.join(code(base.__name__) for base in error.__bases__),
                code(error.code),
                error.http_status,
                first_paragraph(error.__doc__ or ''),
            )
            for _, error in rows
        ),
    )
