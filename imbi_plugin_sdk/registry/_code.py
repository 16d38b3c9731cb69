"""The code of one distribution in one state, and its fingerprint."""

# ruff: noqa: PTH119  pathlib is slow, distributions are many

from __future__ import annotations

import hashlib
import importlib.machinery
import os
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_sdk.registry import _files
    from imbi_plugin_sdk.registry.discovery import DistributionRef

Basis = tuple['DistributionRef', str, tuple[str, ...]]
"""What a fingerprint is of: the metadata, the text of RECORD (empty if the
modules were walked), and further lines: files with their own digests."""


class Owned(NamedTuple):
    """One module's file.

    Attributes:
        path: Absolute, or relative to the host's own directory.
        digest: SHA-256 in RECORD's spelling; empty if nothing tells it.
    """

    path: str
    digest: str


class Code:
    """The code of one distribution in one state.

    Everything is read from disk when this is made. Only the digest of what
    was read waits until somebody asks for it, which few do; what is on disk
    by then does not matter.

    Attributes:
        signature: Time stamps; while they stay, so does the fingerprint.
            Empty where nobody can say.
        modules: Module to its file; the packages among them included.
        watched: Files of the signature.
        loaded: How many modules were loaded when the disk was last known to
            hold this code. If a call has imported more since, and the disk
            was touched, nobody can say what it imported.
        walked: True if the modules were found by walking, not from RECORD.
        findings: Files that are not what RECORD says.
    """

    __slots__ = (
        '_basis',
        '_fingerprint',
        'findings',
        'loaded',
        'modules',
        'signature',
        'walked',
        'watched',
    )

    def __init__(  # noqa: PLR0913  plain data
        self,
        basis: Basis | None,
        signature: tuple[_files.Stamp | None, ...],
        modules: Mapping[str, Owned],
        watched: tuple[str, ...],
        *,
        walked: bool,
        findings: tuple[Problem, ...] = (),
    ) -> None:
        """Keep what was read: the attributes, and `basis`.

        That is what the fingerprint is of; None where nobody can say.
        """
        self._basis = basis
        self._fingerprint = ''
        self.signature = signature
        self.modules = modules
        self.watched = watched
        self.walked = walked
        self.findings = findings
        self.loaded = self.count()

    def count(self) -> int:
        """Return how many of its modules are loaded now."""
        return sum(map(sys.modules.__contains__, self.modules))

    @property
    def fingerprint(self) -> str:
        """Digest of the content (hexadecimal SHA-256); empty if unknown."""
        basis = self._basis
        if basis is not None:
            # In this order: another thread may read between the two lines.
            self._fingerprint = _digest(basis)
            self._basis = None
        return self._fingerprint

    def doubted(self, why: Problem) -> Code:
        """Return it as code of which nobody can say what it is."""
        return Code(
            None,
            (),
            self.modules,
            self.watched,
            walked=self.walked,
            findings=(*self.findings, why),
        )


def _digest(basis: Basis) -> str:
    """Return a fingerprint, which starts with what the metadata says."""
    found, record, lines = basis
    words = [found.name, found.version]
    for line in sorted(found.entry_points):
        words += line
    parts = ['\0'.join(words), *_same_everywhere(record, found), *lines]
    text = '\n'.join(parts)
    return hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()


def line_of(name: str, digest: str) -> str:
    """Return a file's own line of a fingerprint."""
    return f'{name}\0{digest}'


def _same_everywhere(text: str, found: DistributionRef) -> list[str]:
    """Return the lines of RECORD that belong to a fingerprint.

    Lines that differ between two hosts with the same wheel are left out:
    scripts (their first line holds a path), bytecode, and what the installer
    writes into the metadata directory.
    """
    if not text:
        return []
    directory = f'{os.path.basename(found.path)}/'
    return sorted(
        [
            f'{path}\0{recorded}'
            for path, recorded in lines_of(text)
            if (
                path.endswith('/METADATA')
                if path.startswith(directory)
                else not path.startswith(_OUTSIDE)
            )
        ]
    )


_OUTSIDE = ('..', '/')


_LINE = re.compile(r'^([^",\\\n]+),sha256=([\w-]{43}),', re.MULTILINE)
"""A line of RECORD as nearly all are: no quotes, and with a digest. There
may be other algorithms, but no installer writes them."""


SUFFIXES = ('.py', *importlib.machinery.EXTENSION_SUFFIXES, '.pyc')
"""Of files that can be modules; `.py` first, as nearly all are."""

_MODULE_LINE = re.compile(
    r'^([^",\\\n]+(?:'
    + '|'.join(map(re.escape, SUFFIXES))
    + r')),sha256=([\w-]{43}),',
    re.MULTILINE,
)


def lines_of(text: str, *, modules: bool = False) -> Iterable[tuple[str, str]]:
    """Return path and SHA-256 of the files that have one.

    Args:
        text: The whole of RECORD.
        modules: Whether only files that can be modules are wanted.
    """
    if '"' not in text and '\\' not in text:
        return (_MODULE_LINE if modules else _LINE).findall(text)
    import csv  # noqa: PLC0415  paths with commas are rare

    return [
        (fields[0].replace('\\', '/'), fields[1].removeprefix('sha256='))
        for fields in csv.reader(text.splitlines())
        if len(fields) > 1
        and fields[1].startswith('sha256=')
        and (not modules or fields[0].endswith(SUFFIXES))
    ]
