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

    from imbi_plugin_sdk.secret_detector import SecretFinding


def add_secrets(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `secrets`."""
    parser.add_argument(
        'files',
        nargs='+',
        metavar='FILE',
        help='a .json or .toml file, or - for stdin',
    )


def secrets(arguments: argparse.Namespace) -> int:
    """Find secrets in JSON or TOML documents, without showing them."""
    from imbi_plugin_sdk.secret_detector import find_secrets  # noqa: PLC0415

    found: list[tuple[str, SecretFinding]] = []
    for name in arguments.files:
        try:
            data = _read(name)
        except (OSError, ValueError) as error:
            kind = type(error).__name__
            reason = error.strerror if isinstance(error, OSError) else kind
            return complain(
                f'{name} cannot be read as JSON or TOML ({reason}). '
                'Fix: give a .json or .toml file, or - for standard input.'
            )
        found += [(name, finding) for finding in find_secrets(data)]
    if arguments.json:
        rows = [
            {
                'file': name,
                'path': finding.path,
                'rule': finding.rule,
                'kind': finding.kind,
                'slot': finding.slot,
                'length': finding.length,
                'head': finding.head,
            }
            for name, finding in found
        ]
        print(json.dumps(rows, indent=2))
    else:
        for name, finding in found:
            head = f'{name}: ' if len(arguments.files) > 1 else ''
            print(f'{head}{finding.problem()}')
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
