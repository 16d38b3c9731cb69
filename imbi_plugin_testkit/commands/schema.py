"""`schema`: JSON Schema of manifest, template, plan, report and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.commands import OK

if TYPE_CHECKING:
    import argparse


def add_schema(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `schema`."""
    from imbi_plugin_testkit.schemas import DOCUMENTS  # noqa: PLC0415

    parser.add_argument(
        'document',
        choices=sorted(DOCUMENTS),
        help='which document; the answer is JSON, also without --json',
    )


def schema(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema (2020-12) of a kind of document."""
    from imbi_plugin_testkit.schemas import schema_text  # noqa: PLC0415

    print(schema_text(arguments.document), end='')
    return OK
