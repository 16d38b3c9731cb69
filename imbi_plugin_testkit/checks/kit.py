"""Checks of how the kit itself is used: its sandbox and its waivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import did_you_mean, listed
from imbi_plugin_testkit.checks import catalogue, check
from imbi_plugin_testkit.checks._declared import declared_problems
from imbi_plugin_testkit.lab.opening import SandboxBroken
from imbi_plugin_testkit.model import (
    Finding,
    Outcome,
    Result,
    Severity,
    Untestable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from imbi_plugin_testkit.config import Waiver
    from imbi_plugin_testkit.runner import Run
    from imbi_plugin_testkit.subject import PluginUnderTest, Subject

DECLINED = 'none'
"""`sandbox = "none"`: the author accepts a static verdict, with a reason."""

_SEEDED: Mapping[str, str] = {
    'analysis': 'what `analyze` is to judge',
    'configuration': 'a ConfigKeyWithValue to store',
    'connection': 'nothing: a connection has no methods',
    'deployment': 'a Ref, Commit or DeploymentRun to list',
    'identity': 'an IdentityProfile that may sign in',
    'incidents': 'an IncidentView to list',
    'lifecycle': 'a project that the backend knows',
    'logs': 'a LogEntry to find',
    'webhook': 'an event to deliver',
}
"""Plugin type to what a sandbox puts into the backend for the laws."""

_STUB = '''\
Add this to pyproject.toml:

[tool.imbi.testkit]
sandbox = "tests.sandbox:make"

and this as tests/sandbox.py:

from imbi_plugin_testkit.sandbox import BaseSandbox


class Sandbox(BaseSandbox):
    """A backend for {slug}, started for the tests."""

    backend = 'emulated'  # or 'real', 'fake', 'memory'

    async def __aenter__(self):
        # Start the backend here, and give what it accepts.
        self.credentials = {credentials}
        self.context.assignment_options = {options}
        return self

    async def seed(self, context, model):
        # model is {seeded}.
        return await super().seed(context, model)


def make(plugin):
    return Sandbox()

Or accept a verdict without the laws: sandbox = "none", with a
sandbox-reason.'''


def _has_laws(plugin: PluginUnderTest) -> bool:
    """Return whether the manifest calls for any law.

    Asks the probe, so that the plugin is not imported here for it.

    Raises:
        Untestable: The manifest cannot be read.
    """
    probe = plugin.probe
    if probe.manifest is None:
        raise Untestable('the manifest cannot be read')
    data = probe.manifest
    return any(
        law.law
        and (law.types is None or probe.plugin_type in law.types)
        and (law.applies is None or law.applies(data))
        for law in catalogue().values()
    )


@check(
    'KIT001',
    title='a sandbox is configured, or declined with a reason',
    requires=('PKG104',),
    fix='Set `sandbox = "tests.sandbox:make"` in `[tool.imbi.testkit]`.',
)
def sandbox_is_configured(
    plugin: PluginUnderTest, run: Run
) -> Iterator[Finding]:
    """How a plugin behaves can be tested only against something it talks to.

    Without a sandbox every law is untestable, and a verdict on the manifest
    alone would look like one on the plugin. So it is a failure, once, rather
    than a green report that says little. Whoever has no backend for tests
    writes `sandbox = "none"` and why; the verdict is then called static.
    """
    if not _has_laws(plugin):
        return
    if plugin.subject.config.sandbox == DECLINED:
        return
    try:
        run.labs.opened(plugin)
    except SandboxBroken:
        return  # there is one; KIT002 says what is wrong with it
    except Untestable as reason:
        yield Finding(
            'tool.imbi.testkit.sandbox',
            f'{reason.reason.partition(";")[0]}, so that no law can be '
            'tested.',
            stub(plugin.data),
        )


def stub(data: Mapping[str, Any]) -> str:
    """Return a sandbox to paste, made for one manifest.

    Args:
        data: The manifest as plain data.
    """
    credentials = [
        (field['name'], 'accepted') for field in data.get('credentials') or ()
    ]
    options = [
        (option['name'], option.get('default') or 'a value')
        for option in data.get('options') or ()
        if option.get('required') or option.get('default') is not None
    ]
    kind = str(data.get('plugin_type'))
    return _STUB.format(
        slug=data.get('slug'),
        credentials=_dict(credentials),
        options=_dict(options),
        seeded=_SEEDED.get(kind, 'what the laws of its type need'),
    )


def _dict(entries: Iterable[tuple[object, object]]) -> str:
    """Return a dict as the stub writes it: a line each, so none wraps."""
    lines = [f'            {key!r}: {value!r},' for key, value in entries]
    return '\n'.join(['{', *lines, '        }']) if lines else '{}'


@check(
    'KIT002',
    title='the sandbox opens',
    requires=('KIT001',),
    fix='Run `python -c "from tests.sandbox import make"` in the project, '
    'start the backend by hand, and mend what the message names.',
)
def sandbox_opens(plugin: PluginUnderTest, run: Run) -> Iterator[Finding]:
    """A sandbox that does not open leaves every law untestable.

    That says nothing about the plugin, but it must not look as if the laws
    held. What is wrong is reported here, once, instead of with each law.
    """
    if not _has_laws(plugin):
        return
    try:
        run.labs.opened(plugin)
    except SandboxBroken as broken:
        yield Finding('tool.imbi.testkit.sandbox', f'{broken.reason}.')


def _waivers(subject: Subject) -> Iterator[tuple[str, Waiver]]:
    for index, waiver in enumerate(subject.config.waivers):
        yield f'tool.imbi.testkit.waivers[{index}]', waiver


@check(
    'KIT003',
    title='every waiver has a reason',
    scope='distribution',
    fix='Write why the finding is accepted, so that whoever reads it in a '
    'year can tell whether it still holds.',
)
def waivers_have_reasons(subject: Subject) -> Iterator[Finding]:
    """A waiver without a reason is a check that was switched off.

    The report shows the reason beside the finding, because others decide by
    it whether they can live with the plugin. Until it is there, the waiver
    does not count.
    """
    for path, waiver in _waivers(subject):
        # What a finding prints to paste has dots where the reason belongs.
        if not waiver.reason.strip(' .…'):
            yield Finding(
                f'{path}.reason', f'the waiver of {waiver.check} has none.'
            )


@check(
    'KIT004',
    title='every waiver names a check that exists',
    scope='distribution',
    fix='Correct the id (`imbi-plugin list` shows all), or remove the waiver.',
)
def waivers_name_checks(subject: Subject) -> Iterator[Finding]:
    """A waiver with a misspelt id waives nothing, and looks as if it did.

    Ids are never renumbered or reused, so an unknown one is a slip of the
    pen or belongs to a newer kit.
    """
    for path, waiver in _waivers(subject):
        if waiver.check not in catalogue():
            yield Finding(
                f'{path}.check',
                f'there is no check {waiver.check!r}.'
                f'{did_you_mean(waiver.check.upper(), catalogue())}',
            )


@check(
    'KIT005',
    title='every waiver names a plugin that exists',
    scope='distribution',
    fix='Write the name of an entry point, or of the distribution, or leave '
    '`plugin` away to mean all.',
)
def waivers_name_plugins(subject: Subject, run: Run) -> Iterator[Finding]:
    """A waiver for a plugin that is not there waives nothing.

    Most often the entry point was renamed and the waiver was not, and the
    finding that it was meant for is then counted again.
    """
    known = [unit.name for unit in run.units()]
    for path, waiver in _waivers(subject):
        if waiver.plugin is not None and waiver.plugin not in known:
            yield Finding(
                f'{path}.plugin',
                f'there is no plugin {waiver.plugin!r}.'
                f'{did_you_mean(waiver.plugin, known)} '
                f'There is {listed(known, "and")}.',
            )


@check(
    'KIT006',
    title='no waiver has expired',
    scope='distribution',
    fix='Mend the finding, or look at it again and set a later date.',
)
def waivers_are_current(subject: Subject, run: Run) -> Iterator[Finding]:
    """A date says how long the author meant to live with a finding.

    After it the waiver does not count any more, and this check says so, so
    that the finding behind it does not come as a surprise.
    """
    for path, waiver in _waivers(subject):
        if waiver.expired(run.today):
            yield Finding(
                f'{path}.expires',
                f'the waiver of {waiver.check} expired on {waiver.expires}.',
            )


_USELESS = frozenset({Outcome.PASSED, Outcome.NOT_APPLICABLE})


@check(
    'KIT007',
    title='every waiver is still needed',
    scope='distribution',
    fix='Remove the waiver: nothing is to be waived any more.',
)
def waivers_are_needed(subject: Subject, run: Run) -> Iterator[Finding]:
    """A waiver that outlives its finding hides the next one.

    Waived checks run all the same. When one passes, whoever mended it must
    remove the waiver too, or the fault can come back without anybody seeing
    it.
    """
    for path, waiver in _waivers(subject):
        if not _can_be_waived(waiver.check):
            continue
        results = _covered(waiver, run)
        if results and all(entry.outcome in _USELESS for entry in results):
            names = listed((entry.unit for entry in results), 'and')
            yield Finding(
                path, f'{waiver.check} is waived, but passes for {names}.'
            )


def _covered(waiver: Waiver, run: Run) -> list[Result]:
    """Return the results that a waiver is about, running what is needed."""
    return [
        run.result(unit, waiver.check)
        for unit in run.units()
        if waiver.covers(waiver.check, unit.name)
        and any(entry.id == waiver.check for entry in run.checks_for(unit))
    ]


def _can_be_waived(check_id: str) -> bool:
    known = catalogue().get(check_id)
    return (
        known is not None
        and known.family != 'KIT'
        and not (known.security and known.severity is Severity.MUST)
    )


@check(
    'KIT008',
    title='no waiver is for a check that cannot be waived',
    scope='distribution',
    fix='Mend the finding, and remove the waiver.',
)
def waivers_are_allowed(subject: Subject) -> Iterator[Finding]:
    """Some findings concern people who never agreed to the waiver.

    A check that protects operators (secrets, active content, code that
    overwrites the host's) holds for everyone, and a check of the kit keeps
    its report honest. Waivers of either do not count.
    """
    for path, waiver in _waivers(subject):
        if waiver.check in catalogue() and not _can_be_waived(waiver.check):
            kind = (
                'keeps the report honest'
                if waiver.check.startswith('KIT')
                else 'protects operators'
            )
            yield Finding(
                f'{path}.check', f'{waiver.check} {kind}: nobody can waive it.'
            )


@check(
    'KIT009',
    title='every secret exception is still needed',
    scope='distribution',
    fix='Remove the entry, or correct its path: findings name it exactly.',
)
def exceptions_are_needed(subject: Subject) -> Iterator[Finding]:
    """An exception that excuses nothing would excuse the next secret there.

    The value that it was written for is gone or has moved, and what comes to
    stand at its path later would pass unseen.
    """
    if not subject.config.secret_exceptions:
        return  # looking imports the plugin, which nobody asked for
    judged = [p for p in subject.plugins if p.plugin_type is not None]
    flagged = {
        problem.path
        for plugin in judged
        for problem in declared_problems(plugin)
    }
    for index, entry in enumerate(subject.config.secret_exceptions):
        if judged and entry.path not in flagged:
            yield Finding(
                f'tool.imbi.testkit.secret-exceptions[{index}].path',
                f'nothing at {entry.path} looks like a secret.',
            )
