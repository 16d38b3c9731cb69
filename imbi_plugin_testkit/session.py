"""The kit inside pytest: collection, outcomes, accounting, reports.

Loaded only where `--imbi-plugin` was given.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from imbi_plugin_testkit import locate, terminal
from imbi_plugin_testkit.announcing import LiveRun
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.config import (
    Config,
    UsageError,
    read_config,
    read_project,
)
from imbi_plugin_testkit.lab import Labs
from imbi_plugin_testkit.model import Outcome, Result
from imbi_plugin_testkit.nodes import (
    Anchor,
    CheckItem,
    DistributionAnchor,
)
from imbi_plugin_testkit.progress import Looking
from imbi_plugin_testkit.report import (
    files,
    github,
    reports_of,
    text,
)
from imbi_plugin_testkit.runner import Run
from imbi_plugin_testkit.subject import Project

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from _pytest.terminal import TerminalReporter

    from imbi_plugin_testkit.report import Report
    from imbi_plugin_testkit.subject import PluginUnderTest, Subject

NAME = 'imbi-plugin-session'

STATUS = {
    Outcome.WARNED: ('warned', 'w', ('WARNED', {'yellow': True})),
    Outcome.WAIVED: ('waived', 'v', ('WAIVED', {'yellow': True})),
    Outcome.NOT_APPLICABLE: (
        'not applicable',
        '-',
        ('NOT APPLICABLE', {'light': True}),
    ),
    Outcome.UNTESTABLE: ('untestable', 'u', ('UNTESTABLE', {'yellow': True})),
    Outcome.KIT_ERROR: ('failed', 'K', ('KIT ERROR', {'red': True})),
}
"""How pytest counts the outcomes that it has no word for."""

LIVE = f'{NAME}-live'
"""Name of the part that says what a live run will write."""

LOOKING = f'{NAME}-looking'
"""Name of the part that shows what a long law does."""

NARROWING = ('keyword', 'markexpr', 'deselect', 'lf', 'stepwise')
"""Options of pytest by which a user asks for fewer checks.

A plugin or a conftest.py that removes items is no such thing: the run then
fails, for a verdict is never green by absence.
"""


def register(config: pytest.Config) -> None:
    """Find what is to be judged and hook the kit into this run.

    Raises:
        pytest.UsageError: There is nothing to judge, or the request or the
            configuration makes no sense; the message says what would.
    """
    for marker in (
        'imbi_plugin: a check of the plugin conformance kit',
        'imbi_static: a check that does not run the plugin',
        'imbi_law: a law of behaviour, run on the sandbox',
    ):
        config.addinivalue_line('markers', marker)
    try:
        session = KitSession(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(session, NAME)
    config.pluginmanager.register(LiveRun(config, session.run), LIVE)
    config.pluginmanager.register(Looking(config, session.run), LOOKING)
    session.add_anchor()


class KitSession:
    """One pytest run with the kit in it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.targets = [
            Path(config.invocation_params.dir, name)
            for name in _names(config, '--imbi-plugin-report')
        ]
        for target in self.targets:
            files.check_target(target)
        self.project = _project(config)
        settings = read_config(self.project.data if self.project else {})
        if config.getoption('--imbi-plugin-strict'):
            settings = dataclasses.replace(settings, strict=True)
        settings = dataclasses.replace(
            settings,
            read_only=settings.read_only
            or bool(config.getoption('--imbi-plugin-read-only')),
        )
        profile = config.getoption('--imbi-plugin-profile')
        if profile:
            settings = dataclasses.replace(settings, profile=profile)
        seed = int(config.getoption('--imbi-plugin-seed') or 0)
        self.run = Run(
            self._subjects(settings),
            seed=seed,
            labs=Labs(
                seed,
                factory=self._sandbox,
                live=bool(config.getoption('--imbi-plugin-live')),
            ),
        )
        if config.getoption('--imbi-plugin-certificate'):
            self._one_subject()
        self.run.prefetch()
        self.results: dict[tuple[str, str, str], Result] = {}
        self.backends: dict[tuple[str, str], str] = {}
        self.troubles: dict[str, str] = {}
        self.unaccounted = 0
        self.uncertified = ''

    def _one_subject(self) -> None:
        count = len(self.run.subjects)
        if count > 1:
            raise UsageError(
                f'--imbi-plugin-certificate is about one distribution, and '
                f'{count} are judged. Fix: judge them one by one.'
            )

    def _subjects(self, settings: Config) -> Sequence[Subject]:
        given = getattr(self.config, 'workerinput', {}).get('imbi_wheels')
        base = self.config.invocation_params.dir
        return locate.find_subjects(
            root=self.config.rootpath,
            config=settings,
            project=self.project,
            distributions=_names(self.config, '--imbi-plugin-dist'),
            wheels=[
                Path(base, name)
                for name in given or _names(self.config, '--imbi-plugin-wheel')
            ],
        )

    def _sandbox(self, plugin: PluginUnderTest) -> Any:  # noqa: ANN401  what a stranger's hook returns
        return self.config.hook.pytest_imbi_plugin_sandbox(plugin=plugin)

    # Collection ---------------------------------------------------------

    @property
    def anchor(self) -> Path | None:
        """Return the file on which the nodes hang, if there is one."""
        return self.project.path if self.project else None

    def add_anchor(self) -> None:
        """Put the anchor among pytest's arguments where it is not yet.

        pytest collects a pyproject.toml only when it is named, also where
        `testpaths` or a folder was given.
        """
        if self.anchor is None:
            return
        named = {
            Path(
                self.config.invocation_params.dir, argument.partition('::')[0]
            ).resolve()
            for argument in self.config.args
        }
        if self.anchor.resolve() not in named:
            self.config.args.append(str(self.anchor))

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Anchor | None:
        """Collect the anchor, where pytest comes upon it."""
        if self.anchor is None or file_path != self.anchor:
            return None
        anchor: Anchor = Anchor.from_parent(  # pyright: ignore[reportUnknownMemberType]  pytest's own
            parent, path=file_path
        )
        anchor.run = self.run
        return anchor

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Keep each check once, and hang them on the distribution if due."""
        if self.anchor is None:
            for subject in self.run.subjects:
                anchor = DistributionAnchor.from_parent(  # pyright: ignore[reportUnknownMemberType]  pytest's own
                    session, name=subject.name, nodeid=subject.name
                )
                anchor.run = self.run
                items.extend(session.genitems(anchor))
                break
        seen: set[str] = set()
        kept: list[pytest.Item] = []
        for item in items:
            if isinstance(item, CheckItem):
                if item.nodeid in seen:
                    continue
                seen.add(item.nodeid)
            kept.append(item)
        items[:] = kept

    # Outcomes -----------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the result on the report, where it survives `-n`."""
        report = yield
        if isinstance(item, CheckItem) and call.when == 'call':
            report.imbi_plugin = item.payload()  # type: ignore[attr-defined]
        return report

    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> Any:  # noqa: ANN401  pytest's own union of tuples
        """Name the outcomes that pytest has no word for."""
        payload = getattr(report, 'imbi_plugin', None)
        if payload is None:
            return None
        return STATUS.get(Outcome(payload['result']['outcome']))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep each result; under `-n` they arrive here from the workers."""
        payload = getattr(report, 'imbi_plugin', None)
        if payload is None:
            return
        result = Result.from_json(payload['result'])
        key = (payload['distribution'], payload['unit'], result.check)
        self.results[key] = result
        if payload['backend']:
            self.backends[key[:2]] = payload['backend']

    # Accounting ---------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> None:
        """Close sandboxes; on the controller, account for every check."""
        self.run.close()
        self.troubles = dict(self.run.labs.troubles)
        if hasattr(self.config, 'workerinput'):
            return
        if self.config.getoption('collectonly'):
            return
        for subject in self.run.subjects:
            for plugin in subject.plugins:
                plugin.backend = (
                    self.backends.get((subject.name, plugin.name))
                    or plugin.backend
                )
        self.reports = reports_of(self.run, self.results)
        for target in self.targets:
            files.write(target, self.reports)
        self._certify()
        if exitstatus == pytest.ExitCode.OK and self._vanished(session):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _certify(self) -> None:
        """Write the certificate that was asked for, or keep why not."""
        target = self.config.getoption('--imbi-plugin-certificate')
        if not target:
            return
        from imbi_plugin_testkit.report.certificate import (  # noqa: PLC0415
            certificate,
        )

        path = Path(self.config.invocation_params.dir, target)
        try:
            data = certificate(self.reports[0], self.run.subjects[0])
        except UsageError as error:
            self.uncertified = f'no certificate was written: {error}'
            return
        files.write_text(
            path, json.dumps(data, indent=2, sort_keys=True) + '\n'
        )

    def _vanished(self, session: pytest.Session) -> bool:
        """Return whether checks are missing that the user asked for."""
        if self._narrowed(session):
            return False
        self.unaccounted = sum(report.missing for report in self.reports)
        return self.unaccounted > 0

    def _narrowed(self, session: pytest.Session) -> bool:
        """Return whether the command line itself asked for fewer checks."""
        option = session.config.getoption
        return any(option(name, None) for name in NARROWING) or any(
            '::' in argument for argument in session.config.args
        )

    def pytest_terminal_summary(
        self, terminalreporter: TerminalReporter
    ) -> None:
        """Print warnings in full, then the counts, then the verdict."""
        reports: list[Report] = getattr(self, 'reports', [])
        if not reports:
            return
        for report in reports:
            self._warnings(terminalreporter, report)
        terminalreporter.section('imbi plugin verdict')
        for report in reports:
            for line in text.verdict(report):
                terminalreporter.write_line(line)
        for plugin, trouble in self.troubles.items():
            terminalreporter.write_line(
                f'{plugin}: its sandbox did not close: {trouble}', yellow=True
            )
        if self.unaccounted:
            terminalreporter.write_line(
                f'not accounted for: {self.unaccounted} checks that the '
                'manifest calls for did not run, and the command line did '
                'not ask for fewer. Fix: find the conftest.py or pytest '
                'plugin that removes items.',
                red=True,
            )
        if self.uncertified:
            terminalreporter.write_line(self.uncertified, yellow=True)
        if github.wanted(os.environ):
            root = self.project.path.parent if self.project else Path.cwd()
            for line in github.commands(reports, root, os.environ):
                terminalreporter.write_line(line)

    def _warnings(
        self, terminalreporter: TerminalReporter, report: Report
    ) -> None:
        told = [
            result
            for result in report.results
            if result.outcome in (Outcome.WARNED, Outcome.WAIVED)
        ]
        if told:
            terminalreporter.section(f'warnings and waivers: {report.name}')
        writer = self.config.get_terminal_writer()
        width = terminal.width_for(writer.fullwidth)
        for result in told:
            check = catalogue()[result.check]
            encoding = terminal.encoding_of(writer)
            lines = text.failure(result, check, width, encoding)
            terminal.write_lines(writer, [*lines, ''])

    # Several processes --------------------------------------------------

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401  a class of pytest-xdist
        """Hand a built wheel to the workers, so that it is built once."""
        built = [
            str(subject.wheel)
            for subject in self.run.subjects
            if subject.source == 'built' and subject.wheel is not None
        ]
        if built:
            node.workerinput['imbi_wheels'] = built


def _names(config: pytest.Config, option: str) -> list[str]:
    return [str(name) for name in config.getoption(option) or ()]


def _project(config: pytest.Config) -> Project | None:
    for folder in (config.rootpath, config.invocation_params.dir):
        path = Path(folder, 'pyproject.toml')
        if path.is_file():
            return Project(path, read_project(path))
    return None
