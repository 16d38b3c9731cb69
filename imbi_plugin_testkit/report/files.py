"""Reports written to files; the suffix says how."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed
from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.model import Verdict
from imbi_plugin_testkit.report import (
    SCHEMA_VERSION,
    html,
    kit_version,
    markdown,
    sarif,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from imbi_plugin_testkit.report import Report


def as_json(reports: Sequence[Report]) -> str:
    """Return one report, or several under `reports`, as JSON text."""
    data: dict[str, Any]
    if len(reports) == 1:
        data = reports[0].to_json()
    else:
        data = {
            'schema_version': SCHEMA_VERSION,
            'kit_version': kit_version(),
            'verdict': str(joint_verdict(reports)),
            'reports': [report.to_json() for report in reports],
        }
    return json.dumps(data, indent=2, ensure_ascii=False) + '\n'


def as_markdown(reports: Sequence[Report]) -> str:
    """Return the reports one after the other as Markdown."""
    return '\n'.join(markdown.render(report) for report in reports)


def joint_verdict(reports: Sequence[Report]) -> Verdict:
    """Return the weakest verdict of all."""
    verdicts = {report.verdict for report in reports}
    for verdict in (Verdict.NOT_CONFORMANT, Verdict.STATIC):
        if verdict in verdicts:
            return verdict
    return Verdict.CONFORMANT


FORMATS: Mapping[str, Callable[[Sequence[Report]], str]] = {
    '.json': as_json,
    '.md': as_markdown,
    '.html': html.render,
    '.sarif': sarif.render,
}
"""Suffix to writer; adding a format touches this table."""


def check_target(path: Path) -> None:
    """Refuse early what could not be written after a long run.

    Raises:
        UsageError: The suffix names no format, or the folder is not there.
    """
    if path.suffix not in FORMATS:
        raise UsageError(
            f'--imbi-plugin-report {path.name}: the suffix names no format. '
            f'Fix: end it in {listed(FORMATS)}.'
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f'--imbi-plugin-report {path}: its folder does not exist. '
            'Fix: make the folder first.'
        )


def write(path: Path, reports: Sequence[Report]) -> None:
    """Write the reports whole or not at all."""
    write_text(path, FORMATS[path.suffix](reports))


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_bytes(path, text.encode('utf-8'))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; what is no file is written to."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)  # a device or a pipe
        return
    path = Path(os.path.realpath(path))  # a link stays one
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(data)
        os.chmod(name, 0o644)  # noqa: PTH101  mkstemp's 0600 hides it from CI
        os.replace(name, path)  # noqa: PTH105  the names are plain strings
    except BaseException:
        os.unlink(name)  # noqa: PTH108  the same
        raise


__all__ = [
    'FORMATS',
    'as_json',
    'check_target',
    'write',
    'write_bytes',
    'write_text',
]
