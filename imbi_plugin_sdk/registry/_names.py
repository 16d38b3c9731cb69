"""How the parts of an installed distribution are named on disk."""

from __future__ import annotations

import re

GROUP = 'imbi.plugins'
"""The entry-point group of ADR 0008, section 1."""

SDK = 'imbi-plugin-sdk'
"""This distribution, which discovery skips."""

NAME = re.compile(r'[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?')
"""A distribution's name (PEP 508)."""

_RUNS = re.compile(r'[-_.]+')

_VERSION = re.compile(r'v?\d[A-Za-z0-9.!+_]*')
"""What can stand for a version in a directory's name: no hyphen, since the
binary distribution format escapes it."""

_PYTHON_TAG = re.compile(r'-py\d(?:\.\d+)?(?:-[\w.-]+)?$')
"""What setuptools appends to the version in an egg's directory name."""


def normalized(name: str) -> str:
    """Return a distribution's name as the simple index spells it (PEP 503)."""
    if name.isidentifier() and '__' not in name:  # nearly all; no regex then
        return name.replace('_', '-').lower()
    return _RUNS.sub('-', name).lower()


def stem(base: str, info: str) -> str:
    """Return what tells name and version of a metadata directory.

    Args:
        base: Where it lies.
        info: Its own name; `EGG-INFO` of an egg, whose name tells it then.
    """
    name = info if '.' in info else base.rpartition('/')[2]
    return name.rpartition('.')[0]


def name_and_version(stem: str) -> tuple[str, str]:
    """Split the stem of a metadata directory.

    Args:
        stem: The directory's name without `.dist-info` or `.egg-info`.

    Returns:
        The normalised name and the version. The version is empty where the
        name of the directory tells none, and then METADATA has to be asked.
    """
    name, _, version = stem.partition('-')
    if version and not _VERSION.fullmatch(version):
        version = _PYTHON_TAG.sub('', version)
        if not _VERSION.fullmatch(version):
            version = ''
    return normalized(name), version
