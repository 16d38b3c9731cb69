"""`report` and `certificate`: what became of runs, here and elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imbi_plugin_testkit.commands import BROKEN, OK, complain
from imbi_plugin_testkit.config import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def add_report(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `report`."""
    parser.add_argument(
        'act', choices=['merge'], help='join the JSON reports of one run'
    )
    parser.add_argument(
        'files', nargs='+', metavar='FILE', help='JSON reports'
    )
    parser.add_argument(
        '-o',
        '--output',
        action='append',
        default=[],
        metavar='FILE',
        help='write the whole here; the suffix says how; may be repeated',
    )


def report(arguments: argparse.Namespace) -> int:
    """Join JSON reports into one verdict, every check accounted for."""
    from imbi_plugin_testkit.model import Verdict  # noqa: PLC0415
    from imbi_plugin_testkit.report import files, loading, text  # noqa: PLC0415

    try:
        for target in arguments.output:
            files.check_target(Path(target))
        reports = loading.merge(
            each
            for name in arguments.files
            for each in loading.read(Path(name))
        )
    except UsageError as error:
        return complain(str(error))
    for target in arguments.output:
        files.write(Path(target), reports)
    if arguments.json:
        print(files.as_json(reports), end='')
    else:
        for each in reports:
            print('\n'.join(text.verdict(each)))
    worst = files.joint_verdict(reports)
    return BROKEN if worst is Verdict.NOT_CONFORMANT else OK


def add_certificate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `certificate`."""
    parser.add_argument(
        'act', choices=['verify'], help='judge again, and compare'
    )
    parser.add_argument('file', help='the certificate')
    parser.add_argument(
        'name',
        nargs='?',
        help='installed distribution or wheel file; else the project here',
    )
    parser.add_argument(
        '--static',
        action='store_true',
        help='leave the laws out, which need the sandbox of the author',
    )


def certificate(arguments: argparse.Namespace) -> int:
    """Judge again what a certificate is about, and say what differs.

    Compared are the digest, the files, the kit, the contracts, the verdict
    and the outcome of every check.
    """
    from imbi_plugin_testkit.report.certificate import (  # noqa: PLC0415
        certificate as issue,
    )
    from imbi_plugin_testkit.report.certificate import (  # noqa: PLC0415
        differences,
    )

    try:
        stated = _read(Path(arguments.file))
        subject, judged = _judged(arguments.name, int(stated['seed']))
        found = issue(judged, subject)
    except UsageError as error:
        return complain(str(error))
    told = list(differences(stated, found))
    if arguments.static:
        told = list(differences(_static(stated), _static(found)))
        told += _changed(stated)
    if arguments.json:
        print(json.dumps({'holds': not told, 'differences': told}, indent=2))
    else:
        for line in told:
            print(line)
        name = f'{judged.name} {judged.version}'
        print(f'{name}: {"holds" if not told else "does not hold"}')
    return BROKEN if told else OK


def _read(path: Path) -> dict[str, Any]:
    from imbi_plugin_testkit.report.certificate import (  # noqa: PLC0415
        FORMAT_VERSION,
    )

    try:
        data: Any = json.loads(path.read_text('utf-8'))
        if data['format_version'] != FORMAT_VERSION:
            raise UsageError(
                f'{path.name} has format {data["format_version"]}, and this '
                f'kit reads {FORMAT_VERSION}. Fix: verify it with the kit '
                'that issued it.'
            )
        int(data['seed'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f'{path.name} is no certificate ({type(error).__name__}). Fix: '
            'give a file that --imbi-plugin-certificate wrote.'
        ) from None
    return data  # type: ignore[no-any-return]


def _judged(name: str | None, seed: int) -> tuple[Any, Any]:
    from imbi_plugin_testkit.commands.judging import subjects_of  # noqa: PLC0415
    from imbi_plugin_testkit.runner import run  # noqa: PLC0415

    [subject] = subjects_of(name)
    return subject, run(subject, seed=seed)


def _static(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a certificate without laws and what follows from them."""
    from imbi_plugin_testkit.checks import catalogue  # noqa: PLC0415
    from imbi_plugin_testkit.report.certificate import digest  # noqa: PLC0415

    known = catalogue()
    rows = [
        row
        for row in body.get('checks', [])
        if row['id'] in known
        and not known[row['id']].law
        and known[row['id']].family != 'KIT'
    ]
    part = {**body, 'checks': rows, 'verdict': 'static'}
    return {**part, 'digest': digest(part)}


def _changed(stated: Mapping[str, Any]) -> list[str]:
    from imbi_plugin_testkit.report.certificate import digest  # noqa: PLC0415

    if stated.get('digest') == digest(stated):
        return []
    return ['its digest is not that of its content: it was changed']
