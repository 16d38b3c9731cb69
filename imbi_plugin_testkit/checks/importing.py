"""Checks of what happens when a host imports the plugin."""

from __future__ import annotations

import importlib.metadata
import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted, did_you_mean, listed
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.checks._effects import EFFECTS
from imbi_plugin_testkit.checks.shipping import is_shipped
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.model import Finding, Severity, Untestable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from imbi_plugin_testkit.checks._effects import EffectRow
    from imbi_plugin_testkit.probe import Probe
    from imbi_plugin_testkit.subject import PluginUnderTest


def _seen(plugin: PluginUnderTest) -> Probe:
    """Return what the probe saw, where it could see anything.

    Raises:
        RuntimeError: The probe itself failed: a fault of the kit.
    """
    probe = plugin.probe
    if probe.stage == 'kit':
        raise RuntimeError(f'the probe could not run: {probe.error_text}')
    return probe


def _at(probe: Probe) -> str:
    return f' at {probe.place}' if probe.place else ''


@check(
    'PKG102',
    title='the entry point imports within the deadline',
    fix='Move work that can wait (connections, big tables, loops) out of the '
    'module and into the method that needs it.',
    requires=('PKG001',),
)
def imports_in_time(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A host imports all plugins one after the other while it starts.

    A plugin whose import hangs keeps every other plugin from being loaded,
    or the host from starting at all. The deadline is `import-deadline`, ten
    seconds unless configured.
    """
    probe = _seen(plugin)
    if probe.timed_out:
        took = f'took {probe.seconds:.1f} s' if probe.imported else 'hung'
        yield Finding(
            plugin.entry_point.value,
            f'importing it {took}{_at(probe)}; it must end within '
            f'{plugin.subject.config.import_deadline:g} s.',
        )


@check(
    'PKG103',
    title='importing the entry point does not end the process',
    fix='Raise an ordinary exception, or none: report a missing setting when '
    'a method is called.',
    requires=('PKG102',),
)
def lives_through_the_import(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A module that ends the process takes the host and all plugins down.

    `sys.exit`, `os._exit`, a crash in an extension module, and exceptions
    that are no `Exception` (SystemExit, KeyboardInterrupt) pass through the
    `except Exception` with which hosts guard an import.
    """
    probe = _seen(plugin)
    path = plugin.entry_point.value
    if probe.exit is not None:
        yield Finding(path, f'importing it ended the process: {probe.exit}.')
    elif probe.fatal:
        text = f' ({probe.error_text})' if probe.error_text else ''
        yield Finding(
            path,
            f'importing it raised {probe.error_type}{text}{_at(probe)}, '
            'which ends a host that guards only against Exception.',
        )


@check(
    'PKG101',
    title='the entry point imports',
    fix='Import the module in a fresh environment (`python -c "import '
    'MODULE"`), and mend what it raises.',
    requires=('PKG103',),
)
def imports(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A plugin that does not import is not there, whatever else is right.

    It is imported as a host does: from the installed files, in an empty
    folder, on a scrubbed environment, without network and terminal. What
    works only in the project's own folder, or only with a variable set,
    fails here as it would for an operator.
    """
    probe = _seen(plugin)
    if probe.refused:
        raise Untestable(
            'the import reached for the network, which was refused'
        )
    if not probe.error_type or _attribute_is_missing(probe):
        return
    if probe.missing:
        module = plugin.entry_point.module
        if (
            f'{module}.'.startswith(f'{probe.missing}.')
            and plugin.subject.shipped is not None
            and not is_shipped(plugin.subject, module)
        ):
            raise Untestable('the module is not shipped; see PKG008')
        yield _missing(plugin, probe, probe.missing)
        return
    text = f': {probe.error_text}' if probe.error_text else ''
    fix = ''
    if probe.manifest_problems:
        count = counted(len(probe.manifest_problems), 'problem')
        text = f' with {count}'
        fix = (
            'Mend the manifest: the checks of the families MAN, TPL, ICO and '
            'SEC name each problem.'
        )
    yield Finding(
        plugin.entry_point.value,
        f'importing it raised {probe.error_type}{text}{_at(probe)}.',
        fix,
    )


def _attribute_is_missing(probe: Probe) -> bool:
    return probe.stage == 'attribute' and bool(
        probe.near or probe.error_type == 'AttributeError'
    )


def _missing(plugin: PluginUnderTest, probe: Probe, module: str) -> Finding:
    """Say of a missing module whose it is, and what to do about it."""
    seen = f'importing it needs the module {module!r}{_at(probe)}, which '
    subject = plugin.subject
    if subject.owns_module(module) or subject.owns_module(
        module.partition('.')[0]
    ):
        near = did_you_mean(module, subject.import_roots)
        return Finding(
            plugin.entry_point.value,
            f'{seen}the distribution does not ship.{near}',
            'Correct the name, or see to it that the wheel includes the '
            'module (packages that are listed by hand are easily forgotten).',
        )
    required = {_folded(line) for line in subject.metadata.requires or ()}
    top = module.partition('.')[0]
    providers = importlib.metadata.packages_distributions().get(top, [])
    if {_folded(name) for name in (top, *providers)} & required:
        return Finding(
            plugin.entry_point.value,
            f'{seen}is required in the metadata, but is not installed here.',
            'Install the plugin with its dependencies (`pip install .`).',
        )
    return Finding(
        plugin.entry_point.value,
        f'{seen}is not there; the metadata requires no distribution of '
        'that name, so that operators will not have it either.',
        f'Add what provides {top!r} to `[project] dependencies`, or import '
        'it where it is used and do without it.',
    )


def _folded(requirement: str) -> str:
    name = re.split(r'[\s;<>=!~\[(@]', requirement, maxsplit=1)[0]
    return re.sub(r'[-_.]+', '-', name).lower()


_NO_CLASS: Mapping[str, str] = {
    'module': 'a module',
    'function': 'a function',
    'instance': 'an object of type',
}


@check(
    'PKG104',
    title='the entry point names a class that exists',
    fix='Write `module:ClassName` of the handler class in '
    '`[project.entry-points."imbi.plugins"]`.',
    requires=('PKG101',),
)
def names_a_class(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The host makes a fresh instance of the named class for every call.

    It can do so only with the class itself. An instance would be shared by
    all projects, a function or a module cannot be called for a handler, and
    a name that does not exist is reported only when the host starts.
    """
    probe, entry = _seen(plugin), plugin.entry_point
    if _attribute_is_missing(probe):
        yield Finding(
            entry.value,
            f'{entry.module} has no attribute {entry.attribute!r}.'
            f'{did_you_mean(entry.attribute, probe.near)}',
        )
    elif probe.kind_of_target in _NO_CLASS:
        name = f' {probe.target_repr}' if probe.target_repr else ''
        yield Finding(
            entry.value,
            f'it names {_NO_CLASS[probe.kind_of_target]}{name}; it must name '
            'the handler class.',
        )


def _look_for(row: EffectRow) -> None:
    """Declare the check of one kind of side effect."""

    def body(plugin: PluginUnderTest) -> Iterator[Finding]:
        probe = _seen(plugin)
        network = row.kind == 'network'
        if not probe.imported and not (probe.refused and network):
            raise Untestable('the import did not get to its end')
        for effect in probe.of_kind(row.kind):
            yield Finding(
                plugin.entry_point.module, f'{row.seen}: {effect.detail}.'
            )

    body.__module__ = __name__
    declare: Callable[..., object] = check(
        row.id,
        title=row.title,
        fix=row.fix,
        rationale=row.rationale,
        severity=row.severity,
        # A refused connection may be why it does not import (PKG101).
        requires=('PKG103',) if row.kind == 'network' else ('PKG101',),
    )
    declare(body)


for _row in EFFECTS:
    _look_for(_row)


@check(
    'PKG130',
    title='importing is quick',
    fix='Import heavy libraries in the functions that use them; `python -X '
    'importtime` shows which they are.',
    severity=Severity.SHOULD,
    requires=('PKG101',),
)
def imports_quickly(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Every import adds to the start of the host and of its command line.

    A slow import was measured twice and the faster one counts, so that a
    cold disk is not blamed. The bound is `import-warning`, two seconds
    unless configured; a slow plugin still works, so this is a warning.
    """
    probe, bound = _seen(plugin), plugin.subject.config.import_warning
    if probe.seconds > bound:
        yield Finding(
            plugin.entry_point.module,
            f'importing it took {probe.seconds:.1f} s; at most {bound:g} s is '
            f'expected. It pulled in {_heaviest(probe)}.',
        ).comparing(
            Words(f'{probe.seconds:.1f} s'), Words(f'at most {bound:g} s')
        )


@check(
    'PKG131',
    title='importing pulls in few modules',
    fix='Import heavy libraries in the functions that use them, or a smaller '
    'part of them.',
    severity=Severity.SHOULD,
    requires=('PKG101',),
)
def pulls_in_few_modules(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Modules cost memory in every worker, for as long as it lives.

    Those that the SDK brings anyway are not counted. The bound is
    `import-modules`, 400 unless configured: a typical client library with
    its dependencies has about 150.
    """
    probe, bound = _seen(plugin), plugin.subject.config.import_modules
    if probe.modules > bound:
        yield Finding(
            plugin.entry_point.module,
            f'importing it pulled in {counted(probe.modules, "module")} '
            f"beyond the SDK's; at most {bound} are expected. Most are of "
            f'{_heaviest(probe)}.',
        ).comparing(probe.modules, Words(f'at most {bound}'))


def _heaviest(probe: Probe) -> str:
    return listed(
        (f'{name} ({count})' for name, count in probe.heaviest), 'and'
    )
