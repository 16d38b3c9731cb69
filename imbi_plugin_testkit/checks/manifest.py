"""MAN001 to MAN007: the manifest is there and is the class's own."""

from __future__ import annotations

import dis
import inspect
from typing import TYPE_CHECKING

from imbi_plugin_sdk.contract import negotiate
from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.model import Finding, Severity, Untestable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imbi_plugin_testkit.subject import PluginUnderTest, Subject

_NOTHING = object()
_OWN = 'Write `manifest = PluginManifest(...)` in the body of the class.'


def _static_manifest(plugin: PluginUnderTest) -> object:
    """Return the raw class attribute, descriptors unopened."""
    return inspect.getattr_static(plugin.handler, 'manifest', _NOTHING)


def _on_instance(plugin: PluginUnderTest) -> bool:
    """Return whether only an instance would have a manifest."""
    raw = _static_manifest(plugin)
    if raw is not _NOTHING:
        return not isinstance(raw, type) and hasattr(type(raw), '__get__')
    for cls in plugin.handler.__mro__:
        code = getattr(vars(cls).get('__init__'), '__code__', None)
        if code is not None and any(
            step.opname == 'STORE_ATTR' and step.argval == 'manifest'
            for step in dis.get_instructions(code)
        ):
            return True
    return False


@check(
    'MAN001',
    title='the handler class carries a manifest',
    fix=_OWN,
    requires=('PKG104',),
)
def manifest_is_there(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The host reads the manifest from the class, without an instance.

    Wheels ship no pyproject.toml, so the declaration lives in importable
    Python (ADR 0008, section 2). A class without one cannot be admitted.
    """
    if _static_manifest(plugin) is _NOTHING and not _on_instance(plugin):
        yield Finding(
            'manifest',
            f'{plugin.handler.__name__} has no attribute `manifest`.',
        )


@check(
    'MAN002',
    title='the manifest is a PluginManifest',
    fix='Make it with `imbi_plugin_sdk.PluginManifest(...)`.',
    requires=('MAN001', 'MAN004'),
)
def manifest_is_a_manifest(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A dict or a class of one's own looks alike and is validated by nobody.

    The host compares, copies and stores manifests as this SDK's model; what
    is none of it is refused before a field is read.
    """
    found: object = getattr(plugin.handler, 'manifest', None)
    if not isinstance(found, PluginManifest):
        kind = type(found)
        hint = ''
        if kind.__module__.split('.')[0] == 'imbi_common':
            hint = ' It is the older package: import it from imbi_plugin_sdk.'
        yield Finding(
            'manifest',
            f'it is a {kind.__module__}.{kind.__qualname__}, and must be a '
            f'PluginManifest.{hint}',
        ).comparing(
            Words(f'{kind.__module__}.{kind.__qualname__}'),
            Words(f'{PluginManifest.__module__}.PluginManifest'),
        )


@check(
    'MAN003',
    title="the manifest is the class's own and not inherited",
    fix=_OWN,
    requires=('MAN001', 'MAN004'),
)
def manifest_is_own(plugin: PluginUnderTest) -> Iterator[Finding]:
    """Two classes that share one manifest by inheritance claim one slug.

    The registry keeps one entry per slug, so the second would be refused. A
    shared base class is fine; each entry point declares itself.
    """
    handler = plugin.handler
    if 'manifest' not in vars(handler):
        owner = next(cls for cls in handler.__mro__ if 'manifest' in vars(cls))
        yield Finding(
            'manifest',
            f'{handler.__name__} inherits it from {owner.__name__}.',
        )


@check(
    'MAN004',
    title='the manifest is an attribute of the class, not of an instance',
    fix=_OWN,
    requires=('PKG104',),
)
def manifest_is_on_the_class(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The registry makes no instance, so it cannot see an instance's own.

    Setting the manifest in the constructor, or computing it in a property,
    works in the author's tests and fails in every host.
    """
    if _on_instance(plugin):
        yield Finding(
            'manifest',
            f'{plugin.handler.__name__} gives it to instances only (a '
            'property, a slot, or an assignment in `__init__`).',
        )


@check(
    'MAN005',
    title='no two handler classes share one manifest',
    fix='Give each class a PluginManifest with a slug of its own.',
    scope='distribution',
)
def manifests_are_apart(subject: Subject) -> Iterator[Finding]:
    """One manifest object on two classes is one slug for two plugins.

    Which of them a host then serves would depend on nothing but the order of
    their names.
    """
    first: dict[int, PluginUnderTest] = {}
    for plugin in subject.plugins:
        try:
            manifest, handler = plugin.manifest, plugin.handler
        except Untestable:
            continue
        if 'manifest' not in vars(handler):
            continue  # MAN003 speaks of inheritance
        other = first.setdefault(id(manifest), plugin)
        if other.handler is not handler:
            yield Finding(
                plugin.name,
                f'{handler.__name__} and {other.handler.__name__} carry the '
                'same manifest object.',
            )


@check(
    'MAN006',
    title='this SDK serves the declared api_version',
    fix='Declare a range that this SDK serves, or upgrade imbi-plugin-sdk.',
    requires=('MAN002', 'MAN013', 'MAN023'),
)
def api_version_is_served(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The host negotiates the contract version before anything else.

    A plugin outside of the supported range is refused as unsupported when
    the registry is built (ADR 0008, risks accepted).
    """
    outcome = negotiate(
        str(plugin.data.get('plugin_type')), plugin.data.get('api_version')
    )
    if outcome.state in ('too_old', 'too_new'):
        yield Finding('api_version', outcome.message, outcome.remedy)


@check(
    'MAN007',
    title='the declared api_version is not on its way out',
    fix='Move to the newest contract version.',
    severity=Severity.SHOULD,
    requires=('MAN006',),
)
def api_version_is_current(plugin: PluginUnderTest) -> Iterator[Finding]:
    """A deprecated contract version is served until the date it names.

    The host warns its operators once per distribution; the author should
    hear of it first.
    """
    outcome = negotiate(
        str(plugin.data.get('plugin_type')), plugin.data.get('api_version')
    )
    if outcome.state == 'deprecated':
        yield Finding('api_version', outcome.message, outcome.remedy)
