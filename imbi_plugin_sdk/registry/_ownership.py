"""Which modules a distribution owns, and what tells one state from another.

A wheel's RECORD names every file with its digest, so that the code can be
told by reading one file. An editable install, or one without RECORD, is told
by walking the packages of its entry points.

Two questions, two answers: the *fingerprint* is a digest of content, equal
wherever the same code is installed; the *signature* is made of time stamps,
costs a few system calls, and only says whether the fingerprint must be asked
again.
"""

# ruff: noqa: PTH112, PTH113, PTH119, PTH208  pathlib is slow, files are many

from __future__ import annotations

import binascii
import hashlib
import importlib.machinery
import importlib.util
import os
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import _entry_points, _files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from imbi_plugin_sdk.registry.discovery import DistributionRef

EXTENSIONS = tuple(importlib.machinery.EXTENSION_SUFFIXES)
_SUFFIXES = ('.py', *EXTENSIONS, '.pyc')


_URL_SAFE = bytes.maketrans(b'+/', b'-_')


class Owned(NamedTuple):
    """One module's file.

    Attributes:
        path: Absolute, or relative to the host's own directory.
        digest: SHA-256 in RECORD's spelling; empty if nothing tells it.
    """

    path: str
    digest: str


class Code(NamedTuple):
    """The code of one distribution in one state.

    Attributes:
        fingerprint: Digest of the content (hexadecimal SHA-256).
        signature: Time stamps; while they stay, so does the fingerprint.
        modules: Module to its file; the packages among them included.
        watched: Files of the signature.
        walked: True if the modules were found by walking, not from RECORD.
        findings: Files that are not what RECORD says.
    """

    fingerprint: str
    signature: tuple[_files.Stamp | None, ...]
    modules: Mapping[str, Owned]
    watched: tuple[str, ...]
    walked: bool
    findings: tuple[Problem, ...] = ()


def record_of(found: DistributionRef) -> _files.Content:
    """Read RECORD, and what tells that it was rewritten."""
    if found.text is not None:  # a foreign finder's: there is no file
        return _files.Content(found.read('RECORD'))
    if not found.path:
        return _files.ABSENT
    return _files.read(f'{found.path}/RECORD', stamped=True)


def is_moving(found: DistributionRef, record: _files.Content) -> bool:
    """Tell whether somebody has rewritten RECORD since it was read."""
    return record.stamp is not None and record.stamp != (
        _files.stamp(f'{found.path}/RECORD')
    )


def code_of(
    found: DistributionRef, record: _files.Content | None = None
) -> Code:
    """Read which code a distribution has on disk, loaded or not.

    Args:
        found: The distribution.
        record: Its RECORD, if it was read already.
    """
    parts = _basis(found)
    record = record or record_of(found)
    data = record.data
    if data is not None:
        # RECORD names every file of its directory, this one too (PEP 376).
        is_plain = b'direct_url.json' not in data
        if is_plain or not found.editable:
            modules = _recorded(data, found, parts)
            if modules or not found.entry_points:
                if is_plain:
                    found.project = ''
                return _with_loaded(modules, found, record, parts)
    modules = dict(_walked(found))
    parts = _basis(found)
    parts += [f'{name}\0{owned.digest}' for name, owned in modules.items()]
    files = tuple(owned.path for owned in modules.values())
    return Code(_digest(parts), stamps(files), modules, files, walked=True)


def is_unchanged(found: DistributionRef, code: Code) -> bool:
    """Tell by time stamps alone whether a distribution is as it was.

    A foreign finder's distribution has no time stamps: it is asked in full.
    """
    if not code.watched or (found.text is not None and not code.walked):
        return code_of(found).fingerprint == code.fingerprint
    if code.walked:
        files = tuple(owned.path for _, owned in _walked(found, read=False))
        if files != code.watched:
            return False
    return None not in code.signature and (
        stamps(code.watched) == code.signature
    )


def stamps(paths: Iterable[str]) -> tuple[_files.Stamp | None, ...]:
    """Return the time stamps of files."""
    return tuple(map(_files.stamp, paths))


def _basis(found: DistributionRef) -> list[str]:
    """Start a fingerprint with what the metadata says."""
    words = [found.name, found.version]
    for line in sorted(found.entry_points):
        words += line
    return ['\0'.join(words)]


def _digest(parts: list[str]) -> str:
    text = '\n'.join(parts)
    return hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()


# --- by RECORD ---------------------------------------------------------


def _recorded(
    data: bytes, found: DistributionRef, parts: list[str]
) -> dict[str, Owned]:
    """Return the modules that RECORD names, and add it to a fingerprint.

    Lines that differ between two hosts with the same wheel are left out of
    the fingerprint: scripts (their first line holds a path), bytecode, and
    what the installer writes into the metadata directory.
    """
    directory = f'{os.path.basename(found.path)}/'
    base = found.base
    modules: dict[str, Owned] = {}
    same_everywhere: list[str] = []
    for path, recorded in _lines(data.decode('utf-8', 'replace')):
        if path.startswith(directory):
            if path.endswith('/METADATA'):
                same_everywhere.append(f'{path}\0{recorded}')
        elif not path.startswith(('..', '/')):
            same_everywhere.append(f'{path}\0{recorded}')
            name = module_name(path)
            if name:
                modules[name] = Owned(f'{base}/{path}', recorded)
    same_everywhere.sort()
    parts += same_everywhere
    return modules


_LINE = re.compile(r'^([^",\\\n]+),sha256=([\w-]{43}),', re.MULTILINE)
"""A line of RECORD as nearly all are: no quotes, and with a digest. There
may be other algorithms, but no installer writes them."""


def _lines(text: str) -> Iterable[tuple[str, str]]:
    """Return path and SHA-256 of the files that have one."""
    if '"' not in text and '\\' not in text:
        return _LINE.findall(text)
    import csv  # noqa: PLC0415  paths with commas are rare

    return [
        (fields[0].replace('\\', '/'), fields[1].removeprefix('sha256='))
        for fields in csv.reader(text.splitlines())
        if len(fields) > 1 and fields[1].startswith('sha256=')
    ]


def module_name(path: str) -> str:
    """Return the module that a file is, or nothing.

    Args:
        path: Relative to the entry of `sys.path`, with slashes.
    """
    if path.endswith('.py'):
        stem = path[:-3]
    else:
        suffix = next(filter(path.endswith, _SUFFIXES), '')
        if not suffix:
            return ''
        stem = path.removesuffix(suffix)
    parts = stem.split('/')
    if parts[-1] == '__init__':
        parts.pop()
    return '.'.join(parts) if all(map(str.isidentifier, parts)) else ''


def _with_loaded(
    modules: dict[str, Owned],
    found: DistributionRef,
    record: _files.Content,
    parts: list[str],
) -> Code:
    """Hold the files of loaded modules against RECORD.

    An installer writes RECORD last; a file that nobody touched after that
    (ctime cannot be set) is what RECORD says and need not be read.
    """
    watched = [] if found.text else [f'{found.path}/RECORD']
    signature = [record.stamp] if watched else []
    written = record.stamp[1] if record.stamp else 0
    findings: list[Problem] = []
    for name, (path, recorded) in modules.items():
        if name not in sys.modules or not path.endswith('.py'):
            continue
        stamp = _files.stamp(path)
        watched.append(path)
        signature.append(stamp)
        if stamp is not None and stamp[1] <= written:
            continue
        actual = digest_of(path)
        if actual != recorded:
            parts.append(f'{name}\0{actual}')
            findings.append(_modified(path))
    return Code(
        _digest(parts),
        tuple(signature),
        modules,
        tuple(watched),
        walked=False,
        findings=tuple(findings),
    )


def digest_of(path: str) -> str:
    """Return a file's SHA-256 as RECORD spells it; empty if unreadable."""
    data = _files.read(path).data
    if data is None:
        return ''
    encoded = binascii.b2a_base64(hashlib.sha256(data).digest())
    # 32 octets are 43 characters, one of padding and the line's end.
    return encoded[:43].translate(_URL_SAFE).decode('ascii')


def _modified(path: str) -> Problem:
    return Problem(
        'file_modified',
        path,
        'the file is not what RECORD says; somebody changed it after it was '
        'installed.',
        'Reinstall the distribution.',
    )


# --- by walking --------------------------------------------------------


def _walked(
    found: DistributionRef, *, read: bool = True
) -> Iterator[tuple[str, Owned]]:
    """Yield the modules below the packages of the entry points.

    The package is the outermost one on the way to the entry point that has
    an `__init__.py`: above it are namespaces, which others share.
    """
    seen: set[str] = set()
    for line in found.entry_points:
        target = _entry_points.split(line.value)
        if target is None:
            continue
        for name, path in _files_of(target[0]):
            if name not in seen:
                seen.add(name)
                yield name, Owned(path, digest_of(path) if read else '')


def _files_of(module: str) -> Iterator[tuple[str, str]]:
    """Yield the modules of the outermost regular package of a module."""
    top, *rest = module.split('.')
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return
    if spec is None:
        return
    if spec.origin and not spec.submodule_search_locations:
        yield top, spec.origin
        return
    locations = list(spec.submodule_search_locations or ())
    name = top
    while not any(map(_is_package, locations)) and rest:
        name = f'{name}.{rest[0]}'
        for location in locations:
            file = f'{location}/{rest[0]}.py'
            if len(rest) == 1 and os.path.isfile(file):
                yield name, file
        locations = [f'{location}/{rest[0]}' for location in locations]
        rest = rest[1:]
    for location in locations:
        if _is_package(location):
            yield from _tree(name, location)


def _is_package(directory: str) -> bool:
    return os.path.isfile(f'{directory}/__init__.py')


def _tree(name: str, directory: str) -> Iterator[tuple[str, str]]:
    """Yield every module below a package, in a fixed order."""
    try:
        children = sorted(os.listdir(directory))
    except OSError:
        return
    for child in children:
        path = f'{directory}/{child}'
        module = module_name(child) if child != '__init__.py' else ''
        if child == '__init__.py':
            yield name, path
        elif module and not child.endswith('.pyc'):
            yield f'{name}.{module}', path
        elif (
            child.isidentifier()
            and child != '__pycache__'
            and (os.path.isdir(path))
        ):
            yield from _tree(f'{name}.{child}', path)
