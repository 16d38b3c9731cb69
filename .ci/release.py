"""What the release workflow asks of the version and of the changelog.

    python3 .ci/release.py check TAG   hold the tag against both
    python3 .ci/release.py notes       print this version's section

It runs on a bare Python 3.11 or newer, before anything is installed.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_HEADING = re.compile(r'^## \[([^]]+)\](?: - (.*))?$')


class NotReadyError(Exception):
    """Something must be mended before this can be released."""


def version_of(root: Path) -> str:
    """Return the version in `pyproject.toml`."""
    text = (root / 'pyproject.toml').read_text('utf-8')
    return tomllib.loads(text)['project']['version']


def section_of(root: Path, version: str) -> str:
    """Return the changelog's section of a version, without its heading.

    Raises:
        NotReadyError: There is none, it has no date, or it says nothing.
    """
    date, lines = None, []
    inside = False
    for line in (root / 'CHANGELOG.md').read_text('utf-8').splitlines():
        if found := _HEADING.match(line):
            inside = found[1] == version
            date = found[2] if inside else date
        elif inside:
            lines.append(line)
    wanted = f'"## [{version}] - YYYY-MM-DD"'
    if date is None:
        raise NotReadyError(
            f'CHANGELOG.md has no heading {wanted}. Rename "Unreleased" to '
            'it, and begin a new "Unreleased".'
        )
    try:
        dt.date.fromisoformat(date)
    except ValueError:
        raise NotReadyError(
            f'CHANGELOG.md dates {version} {date!r}, which is no date. Write '
            f'{wanted}.'
        ) from None
    text = '\n'.join(lines).strip()
    if not text:
        raise NotReadyError(
            f'CHANGELOG.md says nothing about {version}. Write what is new '
            'for authors, hosts and operators.'
        )
    return text


def check(root: Path, tag: str) -> None:
    """See that a tag, the version and the changelog agree.

    Raises:
        NotReadyError: They do not.
    """
    version = version_of(root)
    if tag != f'v{version}':
        raise NotReadyError(
            f'The tag is {tag!r}, but pyproject.toml says version '
            f'{version!r}. Delete the tag, and tag the commit that sets the '
            f'version: v{version} is its tag.'
        )
    section_of(root, version)


def main(words: list[str], root: Path = ROOT) -> int:
    """Run one command; return the exit status."""
    try:
        match words:
            case ['check', tag]:
                check(root, tag)
            case ['notes']:
                print(section_of(root, version_of(root)))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except NotReadyError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
