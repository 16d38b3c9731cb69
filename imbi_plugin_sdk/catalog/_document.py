"""Reading a catalog document: all that is wrong with it, at once."""

from __future__ import annotations

import datetime as dt
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from imbi_plugin_sdk._text import did_you_mean, listed, shown
from imbi_plugin_sdk.catalog.entries import (
    STATUSES,
    CatalogEntry,
    normalized,
    specifier,
)
from imbi_plugin_sdk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT_VERSION = 1
"""The one version of the document that this SDK reads."""

KEYS: dict[str, tuple[type, bool, str]] = {
    'distribution': (str, True, 'distribution = "imbi-plugin-ssm"'),
    'versions': (str, True, 'versions = ">=1.2,<2"'),
    'slugs': (list, True, 'slugs = ["aws-ssm"]'),
    'status': (str, True, 'status = "approved"'),
    'since': (dt.date, True, 'since = 2026-11-22'),
    'note': (str, False, 'note = "Why."'),
    'sha256': (dict, False, 'sha256 = { "file.whl" = "9f86…" }'),
}
"""Key of an entry to its type, whether it must be there, and an example."""

_NAMES = {
    'date': 'a date',
    'dict': 'a table',
    'list': 'an array',
    'str': 'a string',
}
_NAME = re.compile(r'[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?')
"""A distribution's name (PEP 508)."""
_DIGEST = re.compile(r'[0-9a-f]{64}')


def entries_of(text: str) -> tuple[list[CatalogEntry], list[Problem]]:
    """Read a document.

    Returns:
        The entries, and everything that is wrong. Where there are problems
        the entries are those that can be read all the same.
    """
    import tomllib  # noqa: PLC0415  4 ms, and only here

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Besides TOMLDecodeError: an integer with thousands of digits, and
        # thousands of brackets.
        return [], [
            Problem(
                'catalog_syntax',
                '',
                f'is no TOML that can be read: {error}.',
                'Mend the line; `taplo lint` or any TOML editor shows it.',
            )
        ]
    problems = list(_head_problems(document))
    if problems and problems[0].code == 'format_version':
        return [], problems
    entries: list[CatalogEntry] = []
    raw = document.get('entries', [])
    if isinstance(raw, list):
        for index, item in enumerate(cast('list[object]', raw)):
            found = list(_entry_problems(item))
            problems += [one.under(f'entries[{index}]') for one in found]
            if not found:
                entries.append(_entry(cast('dict[str, Any]', item)))
    problems += _duplicates(entries)
    return entries, problems


def _head_problems(document: dict[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong outside of the entries, the version first."""
    version = document.get('format_version')
    if type(version) is not int or version != FORMAT_VERSION:
        yield Problem(
            'format_version',
            'format_version',
            'is missing.' if version is None else f'is {shown(version)}.',
            f'Write `format_version = {FORMAT_VERSION}`, or use an '
            'imbi-plugin-sdk that reads this one.',
        )
    for key in document:
        if key not in {'format_version', 'entries'}:
            hint = did_you_mean(key, ('format_version', 'entries'))
            yield Problem(
                'unknown_key',
                key,
                f'a catalog has no such key.{hint}',
                'Remove it, or write `[[entries]]`.',
            )
    if not isinstance(document.get('entries', []), list):
        yield Problem(
            'wrong_type',
            'entries',
            'is no array of tables.',
            'Begin each entry with `[[entries]]`.',
        )


def _entry_problems(item: object) -> Iterator[Problem]:
    """Yield what is wrong with one entry."""
    if not isinstance(item, dict):
        yield Problem(
            'wrong_type', '', 'is no table.', 'Write `[[entries]]` above it.'
        )
        return
    entry = cast('dict[str, Any]', item)
    for key in entry:
        if key not in KEYS:
            yield Problem(
                'unknown_key',
                key,
                f'an entry has no such key.{did_you_mean(key, KEYS)}',
                f'Use {listed(KEYS)}.',
            )
    good: dict[str, Any] = {}
    for key, (kind, is_required, example) in KEYS.items():
        value = entry.get(key)
        if value is None:
            if is_required:
                yield Problem(
                    'missing_key', key, 'is missing.', f'Add `{example}`.'
                )
        elif type(value) is not kind:
            yield Problem(
                'wrong_type',
                key,
                f'is no {_NAMES[kind.__name__].split(" ")[1]}.',
                f'Write it as `{example}`.',
            )
        else:
            good[key] = value
    yield from _value_problems(good)
    yield from _slug_problems(good.get('slugs'))
    yield from _digest_problems(good)


def _value_problems(entry: dict[str, Any]) -> Iterator[Problem]:
    """Judge name, range, status and note."""
    name = entry.get('distribution')
    if name is not None and not _NAME.fullmatch(name):
        yield Problem(
            'distribution_invalid',
            'distribution',
            f'{shown(name)} is no name of a distribution (PEP 508).',
            'Write it as the package index does.',
        )
    versions = entry.get('versions')
    if versions is not None and not _is_range(versions):
        yield Problem(
            'versions_invalid',
            'versions',
            f'{shown(versions)} is no version range (PEP 440).',
            "Write a range such as '>=1.2,<2', or '' for all versions.",
        )
    status = entry.get('status')
    if status is None:
        return
    if status not in STATUSES:
        yield Problem(
            'status_invalid',
            'status',
            f'is {shown(status)}.{did_you_mean(status, STATUSES)}',
            f'Use {listed(STATUSES)}.',
        )
    elif status != 'approved' and not entry.get('note', '').strip():
        yield Problem(
            'note_missing',
            'note',
            f'is empty, and operators ask why the entry is {status}.',
            'Say why, and what to use instead.',
        )


def _is_range(versions: str) -> bool:
    try:
        # Asked something, since a number that no int can hold is noticed
        # only then; that ValueError is no InvalidSpecifier.
        specifier(versions).contains('0')
    except ValueError:
        return False
    return True


def _slug_problems(slugs: list[Any] | None) -> Iterator[Problem]:
    """Slugs are what a manifest allows, each once, at least one."""
    # pydantic comes along, which a host has loaded anyway.
    from imbi_plugin_sdk.manifest._template_rules import (  # noqa: PLC0415
        slug_problems,
    )

    if slugs is None:
        return
    if not slugs:
        yield Problem(
            'slugs_empty',
            'slugs',
            'is empty, so that no plugin of it may be used.',
            'List the slugs of its plugins.',
        )
    seen: set[object] = set()
    for index, slug in enumerate(slugs):
        path = f'slugs[{index}]'
        if not isinstance(slug, str):
            yield Problem(
                'wrong_type', path, 'is no string.', 'Write `"aws-ssm"`.'
            )
            continue
        yield from slug_problems(slug, path, 'slug', 'aws-ssm')
        if slug in seen:
            yield Problem(
                'slug_duplicate',
                path,
                f'{shown(slug)} is listed twice.',
                'List it once.',
            )
        seen.add(slug)


def _digest_problems(entry: dict[str, Any]) -> Iterator[Problem]:
    """Digests are of wheels of this distribution, within the range."""
    from packaging.utils import parse_wheel_filename  # noqa: PLC0415  10 ms

    digests: dict[str, object] = entry.get('sha256', {})
    for file, digest in digests.items():
        path = f'sha256.{file}'
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            yield Problem(
                'sha256_invalid',
                path,
                'is no SHA-256 in lower-case hexadecimal.',
                'Copy the 64 characters that `sha256sum` prints.',
            )
        try:
            name, version = parse_wheel_filename(file)[:2]
        except ValueError:  # InvalidWheelFilename, or thousands of digits
            yield Problem(
                'wheel_name_invalid',
                path,
                'is no file name of a wheel.',
                "Write it as 'imbi_plugin_ssm-0.1.0-py3-none-any.whl'.",
            )
            continue
        own = entry.get('distribution')
        if own is not None and name != normalized(own):
            yield Problem(
                'wheel_of_another',
                path,
                f'is a wheel of {name}, not of {normalized(own)}.',
                'Move it to the entry of its own distribution.',
            )
        versions = entry.get('versions', '')
        if _is_range(versions) and not specifier(versions).contains(
            version, prereleases=True
        ):
            yield Problem(
                'wheel_out_of_range',
                path,
                f'is of version {version}, which {versions!r} leaves out.',
                'Widen the range, or remove the wheel.',
            )


def _entry(raw: dict[str, Any]) -> CatalogEntry:
    """Return an entry that was found to be right."""
    return CatalogEntry(
        distribution=normalized(raw['distribution']),
        versions=raw['versions'],
        slugs=tuple(raw['slugs']),
        status=raw['status'],
        note=raw.get('note', '').strip(),
        since=raw['since'],
        sha256=MappingProxyType(dict(raw.get('sha256', {}))),
    )


def _duplicates(entries: list[CatalogEntry]) -> Iterator[Problem]:
    """Yield a problem where two entries speak of the same versions."""
    seen: set[tuple[str, object]] = set()
    for entry in entries:
        key = (entry.distribution, specifier(entry.versions))
        if key in seen:
            yield Problem(
                'entry_duplicate',
                entry.distribution,
                f'two entries speak of its versions {entry.versions!r}.',
                'Keep one of them.',
            )
        seen.add(key)
