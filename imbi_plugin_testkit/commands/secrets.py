"""`secrets`: look for secrets in any JSON or TOML."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.commands import BROKEN, OK, complain

if TYPE_CHECKING:
    import argparse


def add_secrets(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `secrets`."""
    parser.add_argument('file', help='a .json or .toml file, or - for stdin')


def secrets(arguments: argparse.Namespace) -> int:
    """Find secrets in a JSON or TOML document, without showing them."""
    from imbi_plugin_sdk.secret_detector import find_secrets  # noqa: PLC0415

    try:
        data = _read(arguments.file)
    except (OSError, ValueError) as error:
        kind = type(error).__name__
        reason = error.strerror if isinstance(error, OSError) else kind
        return complain(
            f'{arguments.file} cannot be read as JSON or TOML ({reason}). '
            'Fix: give a .json or .toml file, or - for standard input.'
        )
    found = find_secrets(data)
    if arguments.json:
        rows = [
            {
                'path': finding.path,
                'rule': finding.rule,
                'kind': finding.kind,
                'slot': finding.slot,
                'length': finding.length,
                'head': finding.head,
            }
            for finding in found
        ]
        print(json.dumps(rows, indent=2))
    else:
        for finding in found:
            print(finding.problem())
            print(f'  more: imbi-plugin explain {finding.rule}')
        print(f'{len(found)} found')
    return BROKEN if found else OK


def _read(name: str) -> Any:  # noqa: ANN401  any document
    raw = sys.stdin.buffer.read() if name == '-' else Path(name).read_bytes()
    text = raw.decode('utf-8')
    if name.endswith('.toml'):
        return tomllib.loads(text)
    try:
        return json.loads(text)
    except ValueError:
        if name.endswith('.json'):
            raise
        return tomllib.loads(text)
