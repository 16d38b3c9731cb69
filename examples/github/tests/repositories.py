"""Git repositories: real ones, below a temporary folder, run by git itself.

Whole histories are planted with `git fast-import`, all else is plumbing.
"""

from __future__ import annotations

import dataclasses
import io
import os
import re
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tests.planting import AUTHOR, EPOCH, commits, data, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from imbi_plugin_testkit.models.deployment import CommitGraph

ZEROS = '0' * 40
CONFIG = """
[core]
\trepositoryformatversion = 0
\tbare = true
\tfsync = none
[fastimport]
\tunpackLimit = 1
"""
"""Of a repository that nobody misses after a crash: nothing is synced, and a
history is left in its one pack. A file for each object takes ten times as
long to plant, which on a busy disk is half a second."""

HEX = re.compile(r'[0-9a-f]{4,40}')


Kept = TypeVar('Kept')


class GitError(Exception):
    """Git refused."""


class Ref(NamedTuple):
    """One ref.

    Attributes:
        name: In full, as in `refs/tags/v1`.
        sha: Of the object that it names.
        kind: Of that object: commit or tag.
        commit: What it comes to when it is peeled.
    """

    name: str
    sha: str
    kind: str
    commit: str


@dataclasses.dataclass(frozen=True, slots=True)
class CommitInfo:
    """One commit, as git keeps it.

    Attributes:
        sha: Its name.
        tree: Name of its tree.
        parents: Names of its parents.
        author: Name, e-mail and seconds.
        committer: Name, e-mail and seconds.
        message: Its message.
    """

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: tuple[str, str, int]
    committer: tuple[str, str, int]
    message: str


class GitRepository:
    """One bare repository.

    What git said is kept as long as it must be true: names of objects for
    ever, refs and lists of objects until this repository is written to.
    """

    def __init__(self, path: Path) -> None:
        git = shutil.which('git')
        if git is None:
            raise RuntimeError('the fake of GitHub needs git on the PATH')
        self.path = path
        self._git = git
        self._env = {
            'PATH': os.environ.get('PATH', os.defpath),
            'HOME': str(path),
            'GIT_CONFIG_NOSYSTEM': '1',
            'GIT_CONFIG_GLOBAL': os.devnull,
            'GIT_DIR': str(path),
        }
        self._kept: dict[Any, Any] = {}
        self._lock = threading.RLock()
        # What `git init --bare` makes, at a tenth of the time.
        for folder in ('objects', 'refs'):
            (path / folder).mkdir(parents=True)
        (path / 'HEAD').write_text('ref: refs/heads/main\n', 'utf-8')
        (path / 'config').write_text(CONFIG, 'utf-8')

    def _said(self, *args: str, stdin: str = '') -> bytes:
        done = subprocess.run(
            [self._git, *args],
            input=stdin.encode(),
            capture_output=True,
            env=self._env,
            check=False,
        )
        if done.returncode != 0:
            raise GitError(done.stderr.decode('utf-8', 'replace').strip())
        return done.stdout

    def run(self, *args: str, stdin: str = '') -> str:
        """Run git.

        Raises:
            GitError: It failed.
        """
        said = self._said(*args, stdin=stdin)
        return said.decode('utf-8', 'surrogateescape')

    def _once(self, key: Any, ask: Callable[[], Kept]) -> Kept:
        # Asked under the lock: what was read before a write must not be
        # kept after it.
        with self._lock:
            if key not in self._kept:
                self._kept[key] = ask()
            found: Kept = self._kept[key]
            return found

    def _write(self, changed: str, *args: str, stdin: str = '') -> str:
        """Run git, and forget the refs or the objects, which changed."""
        with self._lock:
            said = self.run(*args, stdin=stdin)
            self._kept.pop((changed,), None)
            return said

    # Planting -------------------------------------------------------------

    def plant(self, graph: CommitGraph) -> dict[str, str]:
        """Make everything in a graph; return label to full object name."""
        expected = named(graph)
        marks = {label: n for n, label in enumerate(expected, 1)}
        stream = list(commits(graph, expected, marks))
        stream.append(f'reset refs/planting\nfrom {ZEROS}\n\n')
        for name, label in graph.branches.items():
            stream.append(f'reset refs/heads/{name}\nfrom :{marks[label]}\n\n')
        for tag in graph.tags:
            mark = marks[tag.commit]
            if tag.annotated:
                stream.append(
                    f'tag {tag.name}\nfrom :{mark}\n'
                    f'tagger {AUTHOR} {EPOCH} +0000\n{data(tag.name)}'
                )
            else:
                stream.append(f'reset refs/tags/{tag.name}\nfrom :{mark}\n\n')
        stream += [f'get-mark :{mark}\n' for mark in marks.values()]
        stream.append('done\n')
        said = self.run(
            'fast-import', '--quiet', '--done', stdin=''.join(stream)
        ).split()
        wanted = [made.sha for made in expected.values()]
        if said != wanted:
            raise GitError('git gave the commits other names than expected')
        return {label: made.sha for label, made in expected.items()}

    # Reading --------------------------------------------------------------

    def refs(self, prefix: str) -> list[Ref]:
        """Return the refs below a prefix, by name."""
        every = self._once(('refs',), self._refs)
        return [ref for ref in every if ref.name.startswith(prefix)]

    def _refs(self) -> list[Ref]:
        told = self.run(
            'for-each-ref',
            '--format=%(refname)%00%(objectname)%00%(objecttype)'
            '%00%(*objectname)',
        )
        return [
            Ref(name, sha, kind, peeled or sha)
            for name, sha, kind, peeled in (
                line.split('\0') for line in told.splitlines()
            )
        ]

    def ref(self, name: str) -> Ref | None:
        """Return the ref of exactly this name."""
        return next((r for r in self.refs(name) if r.name == name), None)

    def _objects(self) -> dict[str, tuple[str, bytes]]:
        """Return the name of each object to its kind and content."""
        return self._once(
            ('objects',),
            lambda: dict(
                _batch(
                    self._said('cat-file', '--batch-all-objects', '--batch')
                )
            ),
        )

    def objects(self) -> list[str]:
        """Return the names of all objects."""
        return list(self._objects())

    def kind(self, sha: str) -> str | None:
        """Return the kind of an object; None where there is none."""
        return self._objects().get(sha, (None,))[0]

    def resolve(self, committish: str, default: str) -> str | None:
        """Return the commit that GitHub takes a text for, if any.

        Unlike git, it heeds no `~`, `^` or `@`, and no other ref than
        branches and tags.
        """
        name = committish.removeprefix('refs/')
        if committish == 'HEAD':
            name = default
        candidates = [name] if name.startswith(('heads/', 'tags/')) else []
        candidates += [f'heads/{name}', f'tags/{name}']
        for candidate in candidates:
            ref = self.ref(f'refs/{candidate}')
            if ref is not None:
                return ref.commit
        if not HEX.fullmatch(committish):
            return None
        alike = [
            sha
            for sha, (kind, _) in self._objects().items()
            if kind == 'commit' and sha.startswith(committish)
        ]
        return alike[0] if len(alike) == 1 else None

    def commits(self, shas: Sequence[str]) -> list[CommitInfo]:
        """Return commits by name."""
        return [
            self._once(('commit', sha), lambda sha=sha: self._commit(sha))
            for sha in shas
        ]

    def _commit(self, sha: str) -> CommitInfo:
        return _parsed(sha, self._objects()[sha][1])

    def history(self, revisions: str) -> list[str]:
        """Return the names of the commits in a range, newest first."""
        return self._once(
            ('history', revisions),
            lambda: self.run('rev-list', revisions, '--').split(),
        )

    def merge_base(self, one: str, other: str) -> str | None:
        """Return where two histories parted; None where they never met."""
        return self._once(
            ('met', one, other), lambda: self._merge_base(one, other)
        )

    def _merge_base(self, one: str, other: str) -> str | None:
        try:
            return self.run('merge-base', one, other).strip()
        except GitError:
            return None

    def changes(self, one: str, other: str) -> list[tuple[int, int, str]]:
        """Return lines added, lines deleted and name of each changed file."""
        told = self._once(
            ('changes', one, other),
            lambda: self.run('diff', '--numstat', '-z', one, other, '--'),
        )
        rows = (row.split('\t') for row in told.split('\0') if row)
        return [(int(a), int(d), name) for a, d, name in rows]

    # Writing --------------------------------------------------------------

    def make_tag(self, name: str, sha: str, message: str) -> str:
        """Make a tag object, without a ref.

        Raises:
            GitError: There is no such commit, or no such name may be.
        """
        return self._write(
            'objects',
            'mktag',
            stdin=f'object {sha}\ntype commit\ntag {name}\n'
            f'tagger {AUTHOR} {EPOCH} +0000\n\n{message}\n',
        ).strip()

    def make_ref(self, name: str, sha: str) -> None:
        """Make a ref that is not there yet.

        Raises:
            GitError: It is, or there is no such object or name.
        """
        self._write('refs', 'update-ref', name, sha, ZEROS)

    def delete_ref(self, name: str) -> None:
        """Delete a ref, which must be there."""
        self._write('refs', 'update-ref', '-d', name)


def _batch(told: bytes) -> Iterator[tuple[str, tuple[str, bytes]]]:
    """Yield the objects in what `cat-file --batch` says."""
    reader = io.BytesIO(told)
    while line := reader.readline():
        sha, kind, size = line.decode().split()
        yield sha, (kind, reader.read(int(size)))
        reader.read(1)


def _parsed(sha: str, content: bytes) -> CommitInfo:
    head, _, message = content.partition(b'\n\n')
    fields = [row.split(' ', 1) for row in head.decode().splitlines()]
    by = dict(fields)
    return CommitInfo(
        sha=sha,
        tree=by['tree'],
        parents=tuple(text for key, text in fields if key == 'parent'),
        author=_person(by['author']),
        committer=_person(by['committer']),
        message=message.decode(),
    )


def _person(text: str) -> tuple[str, str, int]:
    name, _, rest = text.partition(' <')
    address, _, when = rest.partition('> ')
    return name, address, int(when.split()[0])
