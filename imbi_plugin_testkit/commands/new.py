"""`new`: a complete package to begin with."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_sdk.contract import CONTRACTS
from imbi_plugin_testkit.commands import OK, complain
from imbi_plugin_testkit.config import UsageError

if TYPE_CHECKING:
    import argparse


def add_new(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `new`."""
    parser.add_argument(
        'name', help='as in aws-ssm; the package is imbi-plugin-NAME'
    )
    parser.add_argument(
        '--type',
        dest='types',
        metavar='TYPE',
        action='append',
        default=[],
        help=f'plugin type, once or more: {", ".join(CONTRACTS)}',
    )
    parser.add_argument(
        '--directory',
        metavar='DIR',
        help='folder to make (default: imbi-plugin-NAME)',
    )
    parser.add_argument(
        '--vendor',
        metavar='TEXT',
        help='who offers the service (default: made from NAME)',
    )


def new(arguments: argparse.Namespace) -> int:
    """Write a package that keeps the contract, to make a plugin of."""
    from imbi_plugin_testkit import scaffold  # noqa: PLC0415

    try:
        order = scaffold.order_of(
            arguments.name, arguments.types, arguments.vendor
        )
        files = scaffold.files_of(order)
        folder = Path(arguments.directory or order.distribution)
        target = scaffold.write(files, folder)
    except UsageError as error:
        return complain(str(error))
    if arguments.json:
        print(
            json.dumps(
                {
                    'distribution': order.distribution,
                    'package': order.package,
                    'directory': str(target),
                    'plugins': {
                        order.slug(kind): kind for kind in order.kinds
                    },
                    'files': list(files),
                },
                indent=2,
            )
        )
        return OK
    for name in files:
        print(f'  {name}')
    print(
        f'\nWrote {order.distribution} to {folder}: {len(files)} files. Two '
        'commands bring a verdict:\n\n'
        f"  cd {shlex.quote(str(folder))} && pip install -e '.[test]'\n"
        '  pytest --imbi-plugin\n\n'
        'What to make your own then is in README.md.'
    )
    return OK
