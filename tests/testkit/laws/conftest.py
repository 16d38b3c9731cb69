"""Judging handler classes by laws, without packages or subprocesses."""

from __future__ import annotations

import dataclasses
import types
from typing import TYPE_CHECKING, Any

import pytest

from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.config import PROFILES, Config
from imbi_plugin_testkit.lab import Labs
from imbi_plugin_testkit.memory import MemorySandbox
from imbi_plugin_testkit.model import Check, Finding, Severity, Untestable
from imbi_plugin_testkit.subject import EntryPoint, PluginUnderTest, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclasses.dataclass
class Judgement:
    """What the laws said of one handler."""

    findings: dict[str, list[Finding]]
    untestable: dict[str, str]
    labs: Labs

    @property
    def failed(self) -> set[str]:
        return {check for check, found in self.findings.items() if found}

    def told(self) -> str:
        return '\n'.join(
            f'{check} {finding.path}: {finding.message}'
            for check, found in self.findings.items()
            for finding in found
        )


@pytest.fixture(scope='session')
def laws() -> dict[str, Check]:
    """Return every law by id."""
    return {
        check.id: check
        for check in sorted(catalogue().values(), key=lambda c: c.id)
        if check.law
    }


@pytest.fixture
def under_test() -> Callable[..., PluginUnderTest]:
    """Return a function that makes a plugin of a handler class."""

    def make(handler: object, **config: Any) -> PluginUnderTest:
        subject = Subject(
            name='imbi-plugin-made-up',
            version='1.0',
            source='installed',
            metadata=None,
            config=Config(**{'profile': 'quick', **config}),
        )
        entry = EntryPoint('made-up', 'made_up:Handler')
        subject.__dict__['entry_points'] = (entry,)
        plugin = PluginUnderTest(subject, entry)
        plugin.__dict__['target'] = handler
        plugin.__dict__['probe'] = types.SimpleNamespace(
            imported=True, plugin_type=handler.manifest.plugin_type
        )
        return plugin

    return make


@pytest.fixture
def judge(
    laws: dict[str, Check], under_test: Callable[..., PluginUnderTest]
) -> Callable[..., Judgement]:
    """Return a function that runs laws on a handler class.

    Keywords: `sandbox` makes the sandbox (a memory sandbox by default),
    `seed`, `only` (ids of laws), and keys of the configuration.
    """

    def run(
        handler: object,
        *,
        sandbox: Callable[[], object] = MemorySandbox,
        seed: int = 0,
        only: set[str] | None = None,
        **config: Any,
    ) -> Judgement:
        plugin = under_test(handler, **config)
        labs = Labs(seed, factory=lambda _: sandbox())
        judgement = Judgement({}, {}, labs)
        try:
            for check in laws.values():
                if only is not None and check.id not in only:
                    continue
                if check.types and plugin.plugin_type not in check.types:
                    continue
                if check.applies and not check.applies(plugin.data):
                    continue
                try:
                    found = list(labs.run(plugin, check))
                except Untestable as reason:
                    judgement.untestable[check.id] = reason.reason
                else:
                    judgement.findings[check.id] = found
        finally:
            labs.close()
        return judgement

    return run


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scripts have more time than a busy machine could take.

    Whether they find a fault then depends on the seed alone; how short they
    come out, which takes time, is for tests of its own.
    """
    for name in ('quick', 'ci'):
        profile = dataclasses.replace(
            PROFILES[name], seconds=20.0, reduction=0.2
        )
        monkeypatch.setitem(PROFILES, name, profile)


@pytest.fixture
def law() -> Callable[..., Check]:
    """Return a function that makes a law of an async generator function."""

    def make(body: Callable[..., Any], **facts: Any) -> Check:
        return Check(
            **{
                'id': 'LAB001',
                'title': 'made up',
                'severity': Severity.MUST,
                'since': '0.1',
                'fix': 'mend it',
                'rationale': 'because',
                'scope': 'plugin',
                'body': body,
                'law': True,
                **facts,
            }
        )

    return make


@pytest.fixture
def run_law(
    under_test: Callable[..., PluginUnderTest], law: Callable[..., Check]
) -> Iterator[Callable[..., list[Finding]]]:
    """Return a function that runs one made-up law on a handler class."""
    opened: list[Labs] = []

    def run(
        handler: object,
        body: Callable[..., Any],
        *,
        sandbox: Callable[[], object] = MemorySandbox,
        facts: dict[str, Any] | None = None,
        **config: Any,
    ) -> list[Finding]:
        labs = Labs(0, factory=lambda _: sandbox())
        opened.append(labs)
        run.labs = labs
        check = law(body, **(facts or {}))
        return list(labs.run(under_test(handler, **config), check))

    yield run
    for labs in opened:
        labs.close()
