"""Writes the reference pages that come from the code itself.

`python docs/generate.py` writes them beside itself, `python docs/generate.py
FOLDER` into another folder. A test holds them equal to what the code says,
so that no page can fall behind.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from _pages import (
    checks,
    commands,
    contract,
    errors,
    floors,
    icons,
    rules,
    schemas,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HERE = Path(__file__).resolve().parent

PAGES: Mapping[str, Callable[[], str]] = {
    'checks.md': checks.checks_page,
    'commands.md': commands.commands_page,
    'errors.md': errors.errors_page,
    'floors.md': floors.floors_page,
    'handlers.md': contract.handlers_page,
    'icon-profile.md': icons.icon_profile_page,
    'manifest.md': contract.manifest_page,
    'secret-rules.md': rules.secret_rules_page,
    'url-rules.md': rules.url_rules_page,
    **schemas.FILES,
}
"""Name of a file to what writes it; adding a page touches this table."""


def main(arguments: Sequence[str]) -> None:
    """Write every generated page."""
    folder = Path(arguments[0]) if arguments else HERE
    for name, write in PAGES.items():
        (folder / name).write_text(write(), 'utf-8')


if __name__ == '__main__':
    main(sys.argv[1:])
