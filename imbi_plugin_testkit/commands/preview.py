"""`preview` and `snapshot`: what an operator sees before installing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from imbi_plugin_testkit.commands import BROKEN, OK, complain
from imbi_plugin_testkit.config import UsageError

if TYPE_CHECKING:
    import argparse

    from imbi_plugin_sdk.manifest import PluginManifest
    from imbi_plugin_testkit.subject import Subject


def add_preview(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `preview`."""
    parser.add_argument(
        'name',
        nargs='?',
        help='installed distribution or wheel file; else the project here',
    )
    parser.add_argument(
        '-o',
        '--output',
        metavar='FILE',
        help='write the HTML page here (default: NAME.html)',
    )
    parser.add_argument(
        '--state',
        metavar='FILE',
        help='JSON of the organization to plan for: organization, services, '
        'plugins, assignments, in_use',
    )
    parser.add_argument(
        '--service',
        metavar='ID',
        help='plan for this service, where several could be meant',
    )
    parser.add_argument(
        '--instance',
        metavar='KEY',
        help='plan for the service with this key, as in production',
    )
    parser.add_argument(
        '--new',
        action='store_true',
        help='plan for a new service even if one could be adopted',
    )


def preview(arguments: argparse.Namespace) -> int:
    """Show what operators will see before they install a plugin."""
    from imbi_plugin_sdk.provisioning import (  # noqa: PLC0415
        Placement,
        ValueRefused,
    )
    from imbi_plugin_testkit.commands.judging import subjects_of  # noqa: PLC0415
    from imbi_plugin_testkit.preview import preview_of  # noqa: PLC0415
    from imbi_plugin_testkit.preview.page import render  # noqa: PLC0415
    from imbi_plugin_testkit.preview.states import read_state  # noqa: PLC0415
    from imbi_plugin_testkit.report.files import write_text  # noqa: PLC0415

    place = Placement(arguments.service, arguments.instance, arguments.new)
    try:
        state = read_state(arguments.state) if arguments.state else None
        [subject] = subjects_of(arguments.name)
        found = preview_of(subject)
        data = found.data(state, place)
    except UsageError as error:
        return complain(str(error))
    except ValueRefused as error:
        return complain(f'{arguments.state}: {error.problems[0]}')
    if arguments.json:
        print(json.dumps(data, indent=2))
    else:
        target = Path(arguments.output or f'{subject.name}.html')
        if not target.absolute().parent.is_dir():
            return complain(
                f'{target}: its folder does not exist. Fix: make it first.'
            )
        write_text(target, render(data))
        for sentence in data['plan']['sentences']:
            # Where nothing could be read, nothing is known of what to do.
            if not (found.troubles and sentence['kind'] == 'keep'):
                print(f'{sentence["kind"]:9}{sentence["text"]}')
        for name, trouble in found.troubles.items():
            print(
                f'{name} cannot be shown: {trouble}. Fix: see what '
                '`imbi-plugin check` says.'
            )
        print(f'written to {target}')
    return BROKEN if found.troubles else OK


def add_snapshot(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `snapshot`."""
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; say whether the file is as it must be',
    )


def snapshot(arguments: argparse.Namespace) -> int:
    """Write the manifests of the project here into its package.

    A wheel that ships the file can be previewed without being imported.
    """
    from imbi_plugin_testkit import snapshots  # noqa: PLC0415
    from imbi_plugin_testkit.commands.judging import subjects_of  # noqa: PLC0415
    from imbi_plugin_testkit.report.files import write_text  # noqa: PLC0415

    try:
        [subject] = subjects_of(None)
        target = _target(subject)
        text = snapshots.snapshot_of(_manifests(subject))
    except UsageError as error:
        return complain(str(error))
    same = target.is_file() and target.read_text('utf-8') == text
    if not arguments.check and not same:
        write_text(target, text)
    if arguments.json:
        print(json.dumps({'file': str(target), 'changed': not same}))
    elif same:
        print(f'{target} is up to date')
    elif arguments.check:
        state = 'is out of date' if target.is_file() else 'is missing'
        print(f'{target} {state}. Fix: write it with `imbi-plugin snapshot`.')
    else:
        print(f'{target} written')
    return BROKEN if arguments.check and not same else OK


def _manifests(subject: Subject) -> dict[str, PluginManifest]:
    from imbi_plugin_testkit.model import Untestable  # noqa: PLC0415

    found: dict[str, PluginManifest] = {}
    for plugin in subject.plugins:
        try:
            problems = plugin.manifest_problems
            found[plugin.name] = plugin.manifest
        except Untestable as reason:
            raise UsageError(
                f'{plugin.name}: {reason.reason}. Fix: see what '
                '`imbi-plugin check` says.'
            ) from None
        if problems:
            raise UsageError(f'{plugin.name}: {problems[0]}')
    return found


def _target(subject: Subject) -> Path:
    """Return the file in the project's own sources.

    Raises:
        UsageError: The package is not found there.
    """
    from imbi_plugin_testkit import snapshots  # noqa: PLC0415
    from imbi_plugin_testkit.places.sources import LAYOUTS  # noqa: PLC0415

    inside = Path(snapshots.home_of(subject))
    for layout in LAYOUTS:
        folder = Path(layout) / inside.parent
        if (folder / '__init__.py').is_file():
            return folder / inside.name
    raise UsageError(
        f'the package {inside.parent} is not found in '
        f'{" or ".join(LAYOUTS)}. Fix: run it in the folder of the '
        "project's pyproject.toml."
    )
