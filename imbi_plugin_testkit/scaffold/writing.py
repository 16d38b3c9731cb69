"""Files on disk, whole or not at all, and never over what is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_testkit.config import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write(files: Mapping[str, str], target: Path) -> Path:
    """Write files into a folder that is not there, or that is empty.

    They are written beside it and moved there in one step.

    Args:
        files: Path below the folder, with slashes, to text.
        target: The folder; the one above it must be there.

    Returns:
        The folder, as an absolute path.

    Raises:
        UsageError: Something is there already, or nothing can be written.
    """
    target = target.resolve()
    _refuse(target)
    made: Path | None = None
    try:
        made = Path(
            tempfile.mkdtemp(prefix=f'.{target.name}.', dir=target.parent)
        )
        for name, text in files.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode('utf-8'))
        # A temporary folder is its owner's alone; this one is to be read as
        # the folders in it are, which were made with the usual mask.
        shutil.copymode(made / 'tests', made)
        if target.is_dir():
            target.rmdir()  # fails where it is not empty any more
        os.rename(made, target)  # noqa: PTH104  Path.rename says the same
    except OSError as error:
        raise UsageError(
            f'{target} cannot be written: {error.strerror or error}. Fix: '
            'name a folder with --directory that can be made.'
        ) from error
    finally:
        if made is not None and made.exists():
            shutil.rmtree(made, ignore_errors=True)
    return target


def _refuse(target: Path) -> None:
    """Refuse a target with anything in it, and one that cannot be made."""
    if target == Path.cwd():
        raise UsageError(
            f'{target} is the folder that you are in, and a folder is moved '
            'there. Fix: go one up, and name it with --directory.'
        )
    if target.is_dir():
        if any(target.iterdir()):
            raise UsageError(
                f'{target} is not empty, and nothing is overwritten. Fix: '
                'name another folder with --directory.'
            )
    elif target.exists():
        raise UsageError(
            f'{target} is a file. Fix: name a folder with --directory.'
        )
    elif not target.parent.is_dir():
        raise UsageError(
            f'{target.parent} does not exist. Fix: make it first.'
        )
