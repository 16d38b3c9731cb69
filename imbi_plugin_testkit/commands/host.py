"""`doctor`, `contract`, `catalog`: what a host and its developers ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.commands import BROKEN, OK, complain

if TYPE_CHECKING:
    import argparse


def doctor(arguments: argparse.Namespace) -> int:
    """Load every installed plugin as a host would, and say what it sees."""
    import logging  # noqa: PLC0415

    from imbi_plugin_sdk.registry import PluginRegistry  # noqa: PLC0415

    # The refusals are printed below; a host would log them.
    logging.getLogger('imbi_plugin_sdk').setLevel(logging.CRITICAL)
    report = PluginRegistry().report()
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        _print_report(report)
    return BROKEN if report['refusals'] else OK


def _print_report(report: dict[str, Any]) -> None:
    for entry in report['plugins']:
        print(
            f'{entry["slug"]} ({entry["plugin_type"]}, contract '
            f'{entry["contract"]}): {entry["distribution"]} '
            f'{entry["version"]}{", editable" if entry["editable"] else ""}'
        )
        for finding in entry['findings']:
            print(f'  note: {finding}')
    for refusal in report['refusals']:
        print(
            f'refused at {refusal["stage"]}: {refusal["distribution"]} '
            f'{refusal["version"]}, {refusal["entry_point"]}'
        )
        print(f'  saw   {refusal["message"]}')
        print(f'  fix   {refusal["remedy"]}')
    print(
        f'{len(report["plugins"])} loaded, {len(report["refusals"])} '
        f'refused; fingerprint {report["fingerprint"][:12]}'
    )


def add_contract(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `contract`."""
    parser.add_argument(
        'act',
        choices=['diff', 'check'],
        help='diff: what changed between two locks; check: whether this '
        "SDK's lock is true",
    )
    parser.add_argument(
        'locks', nargs='*', metavar='LOCK', help='for diff: OLD and NEW'
    )


def contract(arguments: argparse.Namespace) -> int:
    """Compare two contract locks as a plugin would feel it."""
    from imbi_plugin_sdk import contract_lock  # noqa: PLC0415
    from imbi_plugin_sdk.errors import ContractError  # noqa: PLC0415

    if arguments.act == 'check':
        problems = contract_lock.check_lock()
        for problem in problems:
            print(problem)
        return BROKEN if problems else OK
    if len(arguments.locks) != len(('old', 'new')):
        return complain(
            'contract diff needs two files. Fix: `imbi-plugin contract diff '
            'OLD NEW`.'
        )
    try:
        old, new = (
            contract_lock.parse_lock(Path(name).read_text('utf-8'))
            for name in arguments.locks
        )
    except OSError as error:
        return complain(f'{error.filename}: {error.strerror}.')
    except ContractError as error:
        return complain(str(error))
    changes = contract_lock.diff_locks(old, new)
    if arguments.json:
        print(json.dumps([change.as_dict() for change in changes], indent=2))
    else:
        for change in changes:
            print(change)
        print(f'{len(changes)} changes')
    broken = any(change.severity == 'breaking' for change in changes)
    return BROKEN if broken else OK


def add_catalog(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `catalog`."""
    parser.add_argument('act', choices=['check'], help='judge the document')
    parser.add_argument('file', help='the TOML document')


def catalog(arguments: argparse.Namespace) -> int:
    """Say everything that is wrong with a catalog document."""
    from imbi_plugin_sdk.catalog import check_catalog  # noqa: PLC0415

    try:
        text = Path(arguments.file).read_text('utf-8')
    except (OSError, UnicodeDecodeError) as error:
        return complain(f'{arguments.file}: {type(error).__name__}.')
    problems = check_catalog(text)
    if arguments.json:
        rows = [
            {
                'code': p.code,
                'path': p.path,
                'message': p.message,
                'fix': p.fix,
            }
            for p in problems
        ]
        print(json.dumps(rows, indent=2))
    else:
        for problem in problems:
            print(problem)
    return BROKEN if problems else OK
