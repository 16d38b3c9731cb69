"""Which modules a distribution owns, and what tells one state from another.

A wheel's RECORD names every file with its digest, so that the code can be
told by reading one file. An editable install, or one without RECORD, is told
by walking the packages of its entry points.

Two questions, two answers: the *fingerprint* is a digest of content, equal
wherever the same code is installed; the *signature* is made of time stamps,
costs a few system calls, and only says whether the fingerprint must be asked
again.
"""

# ruff: noqa: PTH112, PTH113, PTH208  pathlib is slow, files are many

from __future__ import annotations

import binascii
import hashlib
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import (
    _code,
    _entry_points,
    _files,
    _guard,
    _modules,
)
from imbi_plugin_sdk.registry._code import Code, Owned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_sdk.registry.discovery import DistributionRef


_URL_SAFE = bytes.maketrans(b'+/', b'-_')


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
    record = record or record_of(found)
    data = record.data
    if data is not None:
        # RECORD names every file of its directory, this one too (PEP 376).
        is_plain = b'direct_url.json' not in data
        if is_plain or not found.editable:
            text = data.decode('utf-8', 'replace')
            modules = _recorded(text, found)
            if modules or not found.entry_points:
                if is_plain:
                    found.project = ''
                return _with_loaded(modules, found, record, text)
    modules = dict(_walked(found))
    lines = tuple(
        [_code.line_of(name, one.digest) for name, one in modules.items()]
    )
    files = tuple([one.path for one in modules.values()])
    basis = found, '', lines
    return Code(basis, stamps(files), modules, files, walked=True)


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
    elif _loaded_sources(code) != len(code.watched) - 1:  # one is RECORD
        return False  # a call has imported more since then
    for path, was in zip(code.watched, code.signature, strict=True):
        if was is None or _files.stamp(path) != was:
            return False
    return True


def _loaded_sources(code: Code) -> int:
    """Count the source files that are loaded, or under a name that is."""
    loaded = sys.modules
    return sum(
        [
            name in loaded and one.path.endswith('.py')
            for name, one in code.modules.items()
        ]
    )


def stamps(paths: Iterable[str]) -> tuple[_files.Stamp | None, ...]:
    """Return the time stamps of files."""
    return tuple(map(_files.stamp, paths))


# --- by RECORD ---------------------------------------------------------


def _recorded(text: str, found: DistributionRef) -> dict[str, Owned]:
    """Return the modules that RECORD names."""
    base = found.base
    modules: dict[str, Owned] = {}
    # What lies elsewhere, or in the metadata directory, is no module: `..`
    # and `name-1.0.dist-info` are no identifiers.
    for path, recorded in _code.lines_of(text, modules=True):
        name = module_name(path)
        if name:
            modules[name] = Owned(f'{base}/{path}', recorded)
    return modules


def module_name(path: str) -> str:
    """Return the module that a file is, or nothing.

    Args:
        path: Relative to the entry of `sys.path`, with slashes.
    """
    if path.endswith('.py'):
        stem = path[:-3]
    else:
        suffix = next(filter(path.endswith, _code.SUFFIXES), '')
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
    text: str,
) -> Code:
    """Hold the files of loaded modules against RECORD.

    An installer writes RECORD last; a file that nobody touched after that
    (ctime cannot be set) is what RECORD says and need not be read.
    """
    watched = [] if found.text else [f'{found.path}/RECORD']
    signature = [record.stamp] if watched else []
    written = record.stamp[1] if record.stamp else 0
    findings: list[Problem] = []
    lines: list[str] = []
    loaded = sys.modules
    for name, (path, recorded) in modules.items():
        if name not in loaded or not path.endswith('.py'):
            continue
        stamp = _files.stamp(path)
        watched.append(path)
        signature.append(stamp)
        if stamp is not None and stamp[1] <= written:
            continue
        actual = digest_of(path)
        if actual != recorded:
            lines.append(_code.line_of(name, actual))
            findings.append(_modified(path))
    return Code(
        (found, text, tuple(lines)),
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
    origin, locations = _place_of(top)
    if origin and not locations:
        yield top, origin
        return
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


def _place_of(top: str) -> tuple[str, list[str]]:
    """Return where a module is now, loaded or not: its file, its places.

    The finders are asked one by one, since `importlib.util.find_spec` would
    tell of a loaded module where it was.
    """
    for finder in [*sys.meta_path]:
        place = _guard.contained(partial(_asked, finder, top)).value
        if place is not None:
            return place
    return '', []


def _asked(finder: Any, top: str) -> tuple[str, list[str]] | None:  # noqa: ANN401  anyone's object
    spec = finder.find_spec(top, None, None)
    if spec is None:
        return None
    return _modules.origin_in(spec), [
        place
        for place in spec.submodule_search_locations or ()
        if type(place) is str
    ]


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
