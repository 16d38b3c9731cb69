"""A site directory that a test installs into, upgrades, and empties."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import pytest
from installed_site import Site, record_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def site(tmp_path, monkeypatch) -> Iterator[Site]:
    """Return a site directory whose modules are forgotten afterwards."""
    path = tmp_path / 'site-packages'
    path.mkdir()
    monkeypatch.syspath_prepend(str(path))
    before = set(sys.modules)
    yield Site(path)
    for name in set(sys.modules) - before:
        if not name.startswith(('imbi_plugin_sdk', 'imbi_plugin_testkit')):
            origin = getattr(sys.modules[name], '__file__', None) or ''
            if origin.startswith(str(tmp_path)) or not origin:
                del sys.modules[name]


@pytest.fixture
def shadow(site, tmp_path, monkeypatch):
    """Return a module of the host before one of the site of its name."""
    path = tmp_path / 'before'
    path.mkdir()
    (path / 'imbi_shadowed.py').write_text('WHO = "host"')
    monkeypatch.syspath_prepend(str(path))
    return importlib.import_module('imbi_shadowed')


@pytest.fixture
def record_of():
    """Return how RECORD spells a file."""
    return record_line


@pytest.fixture
def same_stamps():
    """Return how to give a file another one's modification time."""

    def make(path: Path, times: tuple[int, int]) -> None:
        os.utime(path, ns=times)

    return make
