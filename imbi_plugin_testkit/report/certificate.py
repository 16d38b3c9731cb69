"""A conformance certificate: what was judged, by which kit, with what result.

A host's catalog can ask for one beside a wheel. It names every file of the
distribution with its SHA-256, so that it is about these bytes and no others,
and every check with its outcome. It is no signature: who may vouch is the
matter of attestations, which sign the certificate as any other file.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.contract import CONTRACTS
from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.model import Outcome
from imbi_plugin_testkit.report import kit_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from imbi_plugin_testkit.report import Report
    from imbi_plugin_testkit.subject import Subject

FORMAT_VERSION = 1

NOT_THE_AUTHORS = frozenset(
    {'RECORD', 'INSTALLER', 'REQUESTED', 'direct_url.json'}
)
"""Files of a dist-info that an installer writes, and no wheel ships so."""


def digests_of(subject: Subject) -> dict[str, str]:
    """Return path to SHA-256 of every file that the author ships.

    A wheel and what pip makes of it come to the same; compiled files, scripts
    and what the installer noted are left out.

    Raises:
        UsageError: Nobody knows what is shipped, as for an editable install
            whose wheel cannot be built.
    """
    if subject.wheel is not None:
        with zipfile.ZipFile(subject.wheel) as archive:
            return {
                name: _sha256(archive.read(name))
                for name in sorted(archive.namelist())
                if _counts(name)
            }
    if subject.shipped is None:
        raise UsageError(
            f'{subject.name} is installed editable, so that a certificate '
            'would be about no wheel. Fix: build it and give '
            '--imbi-plugin-wheel dist/NAME.whl.'
        )
    return dict(_installed(subject))


def _installed(subject: Subject) -> Iterator[tuple[str, str]]:
    for name in sorted(subject.shipped or ()):
        if _counts(name):
            file: Path = subject.metadata.locate_file(name)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
            yield name, _sha256(file.read_bytes())


def _counts(name: str) -> bool:
    path = PurePosixPath(name)
    if name.endswith('/') or path.parts[0] == '..':
        return False
    if path.parts[0].endswith(('.dist-info', '.data')):
        return (
            path.parts[0].endswith('.dist-info')
            and path.name not in NOT_THE_AUTHORS
        )
    return '__pycache__' not in path.parts


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def certificate(report: Report, subject: Subject) -> dict[str, Any]:
    """Return the certificate of a judged distribution.

    Raises:
        UsageError: See `digests_of`; or the run was partial.
    """
    if report.missing:
        raise UsageError(
            f'{report.missing} checks did not run, and a certificate speaks '
            'of all. Fix: run without -k, -m, --lf or node ids.'
        )
    body: dict[str, Any] = {
        'format_version': FORMAT_VERSION,
        'distribution': {
            'name': report.name,
            'version': report.version,
            'files': digests_of(subject),
        },
        'kit_version': kit_version(),
        'contracts': {
            str(kind): f'{each.current[0]}.{each.current[1]}'
            for kind, each in sorted(CONTRACTS.items())
        },
        'seed': report.seed,
        'verdict': str(report.verdict),
        'checks': [
            {
                'unit': result.unit,
                'id': result.check,
                'outcome': str(result.outcome),
            }
            for result in report.results
            if result.outcome is not Outcome.NOT_APPLICABLE
        ],
    }
    return {**body, 'digest': digest(body)}


def digest(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a certificate's canonical JSON."""
    facts = {name: body[name] for name in body if name != 'digest'}
    text = json.dumps(facts, sort_keys=True, separators=(',', ':'))
    return _sha256(text.encode('utf-8'))


def differences(
    stated: Mapping[str, Any], found: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what a certificate says and what is there instead.

    Args:
        stated: The certificate.
        found: One that was made now, of what is at hand.
    """
    if stated.get('digest') != digest(stated):
        yield 'its digest is not that of its content: it was changed'
    one = stated.get('distribution', {})
    other = found['distribution']
    for fact in ('name', 'version'):
        if one.get(fact) != other[fact]:
            yield (
                f'it is about the {fact} {one.get(fact)!r}, and at hand is '
                f'{other[fact]!r}'
            )
    yield from _other_files(one.get('files', {}), other['files'])
    for fact in ('kit_version', 'contracts', 'verdict'):
        if stated.get(fact) != found[fact]:
            yield (
                f'its {fact} is {stated.get(fact)!r}, and now it is '
                f'{found[fact]!r}'
            )
    yield from _other_outcomes(stated.get('checks', []), found['checks'])


def _other_files(
    one: Mapping[str, str], other: Mapping[str, str]
) -> Iterator[str]:
    for name in sorted({*one, *other}):
        if name not in other:
            yield f'{name} is no longer there'
        elif name not in one:
            yield f'{name} is there and not in it'
        elif one[name] != other[name]:
            yield f'{name} has other content'


def _other_outcomes(
    one: list[dict[str, str]], other: list[dict[str, str]]
) -> Iterator[str]:
    stated = {(row['unit'], row['id']): row['outcome'] for row in one}
    found = {(row['unit'], row['id']): row['outcome'] for row in other}
    for unit, check in sorted({*stated, *found}):
        before = stated.get((unit, check), 'not in it')
        after = found.get((unit, check), 'not called for')
        if before != after:
            yield f'{check} of {unit}: it says {before}, and now is {after}'
