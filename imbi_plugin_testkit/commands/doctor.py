"""`doctor`: what a host would load here, and why not the rest."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.commands import BROKEN, OK

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `doctor`."""
    parser.add_argument(
        '--preflight',
        action='store_true',
        help='import each plugin in a process of its own first, so that one '
        'that ends the process is told and not felt',
    )


def doctor(arguments: argparse.Namespace) -> int:
    """Load every installed plugin as a host would, and say what it sees.

    Ends with 1 if a plugin was refused.
    """
    from imbi_plugin_sdk.registry import PluginRegistry  # noqa: PLC0415

    # The refusals are printed below; a host would log them.
    logging.getLogger('imbi_plugin_sdk').setLevel(logging.CRITICAL)
    before = set(threading.enumerate())
    # What a plugin prints, or makes of stdout, is not the answer.
    with contextlib.redirect_stdout(sys.stderr):
        registry = PluginRegistry(
            preflight='subprocess' if arguments.preflight else None
        )
        report = registry.report()
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        for line in _told(report):
            print(line)
    code = BROKEN if report['refusals'] else OK
    left = set(threading.enumerate()) - before
    if any(not thread.daemon for thread in left):
        # A plugin left it running, and Python would wait for it for ever.
        sys.stdout.flush()
        os._exit(code)
    return code


def _told(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the report in lines that do nothing to a terminal."""
    from imbi_plugin_sdk.registry._guard import printable  # noqa: PLC0415

    yield from map(printable, _lines(report))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    for entry in report['plugins']:
        yield (
            f'{entry["slug"]} ({entry["plugin_type"]}, contract '
            f'{entry["contract"]}): {entry["distribution"]} '
            f'{entry["version"]}{", editable" if entry["editable"] else ""}'
        )
        yield from _problems(entry['findings'])
    for refusal in report['refusals']:
        point = refusal['entry_point']
        yield (
            f'refused at {refusal["stage"]}: {refusal["distribution"]} '
            f'{refusal["version"]}{point and f", {point}"} '
            f'[{refusal["code"]}]'
        )
        if refusal['path']:
            yield f'  where {refusal["path"]}'
        yield f'  saw   {refusal["message"]}'
        if len(refusal['problems']) > 1:
            yield from _problems(refusal['problems'])
        yield f'  fix   {refusal["remedy"]}'
        yield from _problems(refusal['findings'])
    if report['findings']:
        yield 'the environment:'
        yield from _problems(report['findings'])
    if not report['plugins'] and not report['refusals']:
        yield (
            'no installed distribution has an entry point of the group '
            'imbi.plugins; install a plugin, or ask with the interpreter of '
            'the host'
        )
    yield (
        f'{len(report["plugins"])} loaded, {len(report["refusals"])} '
        f'refused; fingerprint {report["fingerprint"][:12]}'
    )


def _problems(problems: list[dict[str, str]]) -> Iterator[str]:
    for problem in problems:
        where = problem['path'] and f'{problem["path"]}: '
        yield f'  note  {where}{problem["message"]} [{problem["code"]}]'
        yield f'        {problem["fix"]}'
