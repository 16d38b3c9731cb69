"""Which modules a distribution owns, and what tells one state from another.

A wheel's RECORD names every file with its digest, so that the code can be
told by reading one file. An editable install, or one without RECORD, is told
by walking the packages of its entry points.

Two questions, two answers: the *fingerprint* is a digest of content, equal
wherever the same code is installed; the *signature* is made of time stamps,
costs a few system calls, and only says whether the fingerprint must be asked
again.
"""

# ruff: noqa: PTH112, PTH113, PTH120, PTH208  pathlib is slow, files are many

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


def code_of(found: DistributionRef) -> Code:
    """Read which code a distribution has on disk, loaded or not."""
    record = record_of(found)
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
                return _held_against(modules, found, record, text)
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
    return is_untouched(code)


def is_untouched(code: Code) -> bool:
    """Tell whether nobody has written any of its files since it was read.

    What is loaded of it by now is this code, then.
    """
    loaded = code.count()  # first: what comes later may be of later files
    if stamps(code.watched) != code.signature:
        return False
    code.loaded = loaded
    return True


def is_as_imported(code: Code) -> bool:
    """Tell whether the modules stayed what they were when they were read.

    RECORD itself is not asked again: whoever installs something else writes
    the modules first, and what becomes of RECORD is for the next reload.
    """
    first = 0 if code.walked else 1
    if len(code.watched) <= first:
        return is_untouched(code)
    loaded = code.count()  # first, as above
    if stamps(code.watched[first:]) != code.signature[first:]:
        return False
    code.loaded = loaded
    return True


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


def _held_against(
    modules: dict[str, Owned],
    found: DistributionRef,
    record: _files.Content,
    text: str,
) -> Code:
    """Hold the files of the modules against RECORD, loaded or not.

    An installer writes RECORD last; a file that nobody touched after that
    (ctime cannot be set) is what RECORD says and need not be read.
    """
    watched = [] if found.text else [f'{found.path}/RECORD']
    signature = [record.stamp] if watched else []
    written = record.stamp[1] if record.stamp else 0
    findings: list[Problem] = []
    lines: list[str] = []
    for name, (path, recorded) in modules.items():
        stamp = _files.stamp(path)
        watched.append(path)
        signature.append(stamp)
        if stamp is not None and stamp[1] <= written:
            continue
        if stamp is None and (found.text or name not in sys.modules):
            continue  # in an archive, or left out on purpose, as tests are
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
    """Yield the modules of a distribution that has no list of its files.

    Those below the packages of the entry points and of `top_level.txt`; and
    in an editable install what lies beside them in the project.
    """
    seen: set[str] = set()
    project = os.path.realpath(found.project) if found.editable else ''
    for module in _roots(found):
        for name, path in _files_of(module, project):
            if name not in seen:
                seen.add(name)
                yield name, Owned(path, digest_of(path) if read else '')


def _roots(found: DistributionRef) -> Iterator[str]:
    """Yield modules that a distribution's metadata names."""
    for line in found.entry_points:
        target = _entry_points.split(line.value)
        if target is not None:
            yield target[0]
    names = (found.read('top_level.txt') or b'').decode('utf-8', 'replace')
    yield from filter(str.isidentifier, names.split())


def _files_of(module: str, project: str) -> Iterator[tuple[str, str]]:
    """Yield the modules of the outermost regular package of a module.

    That is the first on the way to it that has an `__init__.py`: above are
    namespaces, which others share.
    """
    top, *rest = module.split('.')
    origin, locations = _place_of(top)
    for place in [origin] if origin else locations:
        base = place.removesuffix('/__init__.py')
        yield from _beside('', os.path.dirname(base), project)
    if origin and not locations:
        yield top, origin
        return
    name = top
    while not any(map(_is_package, locations)) and rest:
        for location in locations:
            yield from _beside(f'{name}.', location, project)
            file = f'{location}/{rest[0]}.py'
            if len(rest) == 1 and os.path.isfile(file):
                yield f'{name}.{rest[0]}', file
        name = f'{name}.{rest[0]}'
        locations = [f'{location}/{rest[0]}' for location in locations]
        rest = rest[1:]
    for location in locations:
        if _is_package(location):
            yield from _tree(name, location)


def _beside(
    prefix: str, directory: str, project: str
) -> Iterator[tuple[str, str]]:
    """Yield the modules of a directory that is part of a project's source.

    A distribution may well have two packages side by side, of which entry
    points name one.
    """
    place = os.path.realpath(directory)
    if not project or not f'{place}/'.startswith(f'{project}/'):
        return
    for child in _listed(directory):
        path = f'{directory}/{child}'
        name = module_name(child)
        if place == project and child.removesuffix('.py') in _NO_SOURCE:
            continue
        if name and child.endswith('.py') and child != '__init__.py':
            yield f'{prefix}{name}', path
        elif child.isidentifier() and _is_package(path):
            yield from _tree(f'{prefix}{child}', path)


_NO_SOURCE = frozenset(
    {
        'benchmarks',
        'conftest',
        'docs',
        'examples',
        'fabfile',
        'noxfile',
        'scripts',
        'setup',
        'tasks',
        'test',
        'tests',
    }
)
"""What lies at the root of a project and is installed by nobody (the names
that setuptools leaves out of its discovery, as far as projects use them)."""


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
    for child in _listed(directory):
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


def _listed(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
