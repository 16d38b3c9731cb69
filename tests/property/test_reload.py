"""Whatever is installed in whatever order, a label never lies.

Each build of each made-up distribution answers with what it is. After any
history of installs, upgrades, downgrades, removals, broken versions, edits in
place and interruptions, an entry's version and fingerprint are those of the
code that answers, or the entry says that it is stale.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
from installed_site import Site, plugin
from interrupting import interrupted

NAMES = ('a', 'b', 'c', 'd')
"""`a` and `b` share a namespace package; `d` uses a module of `c`."""

SLUGS = ('one', 'two', 'three', 'four')

BROKEN = {
    'syntax': 'def',
    'import': 'import imbi_not_there',
    'raise': 'raise SystemExit',
    'late raise': None,
    'manifest': 'del Handler.manifest',
    'too new': None,
}


class Build(NamedTuple):
    """What is on disk of a distribution.

    Attributes:
        version: Its version.
        number: Of the build; a rebuild of one version has another one.
        deep: The same of its second module.
        slug: What its plugin claims.
        broken: A key of `BROKEN`; empty if it is right.
    """

    version: str
    number: int
    deep: int
    slug: str
    broken: str


def package_of(name):
    return f'imbi_space.{name}' if name in 'ab' else f'imbi_plugin_{name}'


def source_of(name, build):
    package = package_of(name)
    before = f'from {package} import deep\nBUILD = {build.number}\n'
    if name == 'd':
        before += 'import imbi_plugin_c.deep as other\n'
    if build.broken == 'late raise':
        before += f'import {package}.late\n'
    source = plugin(
        build.slug,
        build.version,
        before=before,
        extra='api_version=9' if build.broken == 'too new' else '',
        after='    @classmethod\n    def answer(cls):\n'
        '        return cls.version, BUILD, deep.BUILD\n'
        '    @classmethod\n    def lazily(cls):\n'
        f'        from {package} import lazy\n'
        '        return lazy.BUILD\n',
    )
    return source + (BROKEN.get(build.broken) or '')


class Histories(stateful.RuleBasedStateMachine):
    """Installs, removes, edits and reloads in any order."""

    def __init__(self):
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix='imbi-reload-'))
        self.site = Site(self.directory)
        sys.path.insert(0, str(self.directory))
        self.writes = sys.dont_write_bytecode
        sys.dont_write_bytecode = False
        self.disk = {}
        self.numbers = iter(range(1000, 10_000))  # all of one size
        self.content = {}
        self.leases = []
        self.registry = self.site.registry()

    def teardown(self):
        try:
            self.reload()
            for lease, _, _ in self.leases:
                lease.__exit__(None, None, None)
            assert self.registry.census() == ()
            assert not self.registry._replaced
        finally:
            self.forget()

    def forget(self):
        sys.path.remove(str(self.directory))
        sys.dont_write_bytecode = self.writes
        for name in self.modules():
            del sys.modules[name]
        sys.modules.pop('imbi_space', None)
        shutil.rmtree(self.directory)

    def write(self, name, build, *, record=True):
        folder = package_of(name).replace('.', '/')
        files = {
            f'{folder}/__init__.py': source_of(name, build),
            f'{folder}/deep.py': f'BUILD = {build.deep}',
            f'{folder}/lazy.py': f'BUILD = {build.deep}',
        }
        if build.broken == 'late raise':
            files[f'{folder}/late.py'] = '1 / 0'
        self.site.install(
            f'imbi-plugin-{name}',
            build.version,
            files=files,
            points={name: f'{package_of(name)}:Handler'},
            record=record,
        )
        for file in files:  # as an archive has it: they tell nothing
            os.utime(self.directory / file, (10**9, 10**9))
        self.disk[name] = build

    @stateful.rule(
        name=st.sampled_from(NAMES),
        version=st.sampled_from(['1.0', '2.0', '3.0']),
        slug=st.sampled_from([None, None, None, *SLUGS]),
        broken=st.sampled_from(['', '', '', *BROKEN]),
        record=st.sampled_from([True, True, True, False]),
    )
    def install(self, name, version, slug, broken, record):
        if slug is None:
            slug = SLUGS[NAMES.index(name)]
        number = next(self.numbers)
        build = Build(version, number, next(self.numbers), slug, broken)
        self.write(name, build, record=record)

    @stateful.initialize()
    def begin(self):
        self.install_all()

    @stateful.rule()
    def install_all(self):
        for name in NAMES:
            self.install(name, '1.0', None, '', record=True)
        self.reload()

    @stateful.rule(names=st.sets(st.sampled_from(NAMES)))
    def upgrade(self, names):
        for name in sorted(names):
            self.install(name, '2.0', None, '', record=True)
        self.reload()

    @stateful.rule(name=st.sampled_from(NAMES))
    def install_again(self, name):
        if name in self.disk:
            self.write(name, self.disk[name])

    @stateful.rule(name=st.sampled_from(NAMES))
    def remove(self, name):
        self.site.uninstall(f'imbi-plugin-{name}')
        self.disk.pop(name, None)

    @stateful.rule(name=st.sampled_from(NAMES), deep=st.booleans())
    def edit_in_place(self, name, deep):
        if name not in self.disk:
            return
        folder = self.directory / package_of(name).replace('.', '/')
        number = next(self.numbers)
        build = self.disk[name]
        if deep:
            build = build._replace(deep=number)
            text = f'BUILD = {number}'
            files = {'deep.py': text, 'lazy.py': text}
        else:
            build = build._replace(number=number)
            files = {'__init__.py': source_of(name, build)}
        for file, text in files.items():
            (folder / file).write_text(text)
            os.utime(folder / file, (10**9, 10**9))
        self.disk[name] = build

    @stateful.rule(slug=st.sampled_from(SLUGS))
    def call(self, slug):
        """A call imports a module of whatever is on disk at that moment."""
        entry = self.registry.current.entries.get(slug)
        if entry is not None:
            with contextlib.suppress(ImportError):
                entry.handler.lazily()

    @stateful.rule()
    def lease(self):
        lease = self.registry.lease()
        snapshot = lease.__enter__()
        answers = {
            slug: entry.handler.answer()
            for slug, entry in snapshot.entries.items()
        }
        self.leases.append((lease, snapshot, answers))

    @stateful.rule()
    def release(self):
        if self.leases:
            lease, snapshot, answers = self.leases.pop(0)
            for slug, answer in answers.items():
                assert snapshot.entries[slug].handler.answer() == answer
            lease.__exit__(None, None, None)

    @stateful.rule(line=st.integers(1, 900))
    def interrupt(self, line):
        before = self.registry.current
        modules = self.modules()
        if not interrupted(self.registry, line):
            if self.registry.current is before:
                assert self.modules() == modules
            return
        self.check(None)

    def modules(self):
        return {
            name: module
            for name, module in list(sys.modules.items())
            if name.startswith(('imbi_space', 'imbi_plugin_'))
            and not name.startswith(('imbi_plugin_sdk', 'imbi_plugin_test'))
        }

    @stateful.rule()
    def reload(self):
        before = self.registry.current
        self.check(self.registry.reload(), before)
        if not any(
            'of c' in one.stale or 'of d' in one.stale
            for one in self.registry.current.entries.values()
        ):
            assert not self.registry.reload().changed

    def check(self, result, before=None):
        served = {
            entry.distribution: entry
            for entry in self.registry.current.entries.values()
        }
        restarts = (
            {one.distribution for one in result.restart_required}
            if result
            else set()
        )
        for distribution, entry in served.items():
            name = distribution[-1]
            version, number, deep = entry.handler.answer()
            assert entry.version == version
            content = (name, version, number, deep)
            assert self.content.setdefault(entry.fingerprint, content) == (
                content
            )
            module = sys.modules.get(entry.handler.__module__)
            assert module is not None
            assert module.Handler is entry.handler
            assert module.deep is sys.modules[f'{package_of(name)}.deep']
            build = self.disk.get(name)
            assert build is not None
            is_current = (version, number, deep) == build[:3]
            assert is_current == (not entry.stale), entry.stale
            if build.broken:
                assert entry.stale
            if not entry.stale and f'{package_of(name)}.lazy' in sys.modules:
                assert entry.handler.lazily() == deep
            assert entry.manifest is not entry.handler.manifest
        if before is not None:
            self.nothing_is_lost(before, served)
        for name, build in self.disk.items():
            distribution = f'imbi-plugin-{name}'
            if build.broken or distribution in served:
                continue
            # Only these keep a build that is right from serving.
            assert (
                distribution in restarts
                or any(
                    refusal.distribution == distribution
                    and (
                        refusal.code in {'slug_taken', 'module_shared'}
                        or 'imbi_plugin_c' in refusal.message
                    )
                    for refusal in self.registry.current.refusals
                )
                or result is None
            )

    def nothing_is_lost(self, before, served):
        """What was served is served, unless it is gone or its slug is."""
        slugs = self.registry.current.entries
        for entry in before.entries.values():
            name = entry.distribution[-1]
            if name in self.disk and entry.distribution not in served:
                owner = slugs.get(entry.slug)
                assert owner is not None
                assert owner.distribution < entry.distribution


TestHistories = Histories.TestCase
TestHistories.settings = hypothesis.settings(
    max_examples=40, stateful_step_count=25
)
