"""PRO: flags and events promise what the class implements, and no less."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from imbi_plugin_sdk.contract import CONTRACTS, is_implemented
from imbi_plugin_sdk.manifest.plugin import DEFAULT_LIFECYCLE_EVENTS
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.checks.protocol import FITS
from imbi_plugin_testkit.comparing import Words
from imbi_plugin_testkit.model import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_testkit.subject import PluginUnderTest


def _capabilities(plugin: PluginUnderTest) -> dict[str, tuple[str, ...]]:
    contract = CONTRACTS.get(plugin.plugin_type or '')
    return dict(contract.capabilities) if contract else {}


def _unimplemented(
    plugin: PluginUnderTest, names: tuple[str, ...]
) -> list[str]:
    return [name for name in names if not is_implemented(plugin.handler, name)]


@check(
    'PRO030',
    title='a capability flag that is set is implemented',
    fix='Implement the method, or remove the flag.',
    requires=(*FITS, 'MAN040'),
)
def flags_are_kept(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The host shows what a flag promises, and then calls the method.

    The contract's default answers with nothing or with NotImplementedError,
    so that operators see an empty chart or an error where a capability was
    announced.
    """
    for flag, names in _capabilities(plugin).items():
        missing = _unimplemented(plugin, names)
        if plugin.data.get(flag) is True and missing:
            yield Finding(
                flag,
                f'it is set, but {", ".join(missing)} is not implemented.',
            ).comparing(
                [name for name in names if name not in missing], [*names]
            )


@check(
    'PRO031',
    title='a capability that is implemented has its flag set',
    fix='Set the flag in the manifest, or remove the method.',
    severity=Severity.SHOULD,
    requires=(*FITS, 'MAN040'),
)
def flags_are_not_forgotten(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The host never calls a method whose flag is not set.

    Work went into it, nobody will see it, and no error will say so.
    """
    for flag, names in _capabilities(plugin).items():
        if plugin.data.get(flag) is not True and not _unimplemented(
            plugin, names
        ):
            yield Finding(
                flag, f'{", ".join(names)} is implemented, but it is not set.'
            ).comparing(Words(f'{flag}=False'), Words(f'{flag}=True'))


def _events_written(plugin: PluginUnderTest) -> list[str] | None:
    if 'lifecycle_events' not in plugin.manifest.model_fields_set:
        return None
    events = plugin.data.get('lifecycle_events')
    return (
        [str(event) for event in cast('list[object]', events)]
        if isinstance(events, list)
        else None
    )


@check(
    'PRO032',
    title='every listed lifecycle event has its hook',
    fix='Implement the hook, or take the event off lifecycle_events.',
    types=('lifecycle',),
    requires=FITS,
)
def listed_events_have_hooks(plugin: PluginUnderTest) -> Iterator[Finding]:
    """The host tells the plugin of exactly the events that it lists.

    A listed event without a hook ends in NotImplementedError while a project
    is being changed. The default list promises only what the class
    implements.
    """
    hooks = CONTRACTS['lifecycle'].hooks
    listed = _events_written(plugin) or []
    for event in listed:
        hook = hooks.get(event)
        if hook and not is_implemented(plugin.handler, hook):
            kept = [
                each
                for each in listed
                if each not in hooks
                or is_implemented(plugin.handler, hooks[each])
            ]
            yield Finding(
                'lifecycle_events',
                f'{event!r} is listed, but {hook} is not implemented.',
            ).comparing(listed, kept)


@check(
    'PRO033',
    title='every lifecycle hook has its event listed',
    fix='Add the event to lifecycle_events, or remove the hook.',
    types=('lifecycle',),
    requires=FITS,
)
def hooks_have_their_events_listed(
    plugin: PluginUnderTest,
) -> Iterator[Finding]:
    """Written out, the list promises exactly what it lists.

    The host tells the plugin of listed events only, so that a hook beside
    the list is never called.
    """
    listed = _events_written(plugin)
    if listed is not None:
        yield from _unlisted(plugin, listed)


@check(
    'PRO034',
    title='hooks beyond the default events are listed',
    fix='Write lifecycle_events out, with every event that has a hook.',
    severity=Severity.SHOULD,
    types=('lifecycle',),
    requires=FITS,
)
def hooks_beyond_the_default_are_listed(
    plugin: PluginUnderTest,
) -> Iterator[Finding]:
    """Left at its default, the list covers archived and unarchived.

    A class that implements more hooks and leaves the list alone promises
    nothing wrong, but a host that goes by the list never calls them.
    """
    if _events_written(plugin) is None:
        yield from _unlisted(plugin, DEFAULT_LIFECYCLE_EVENTS)


def _unlisted(
    plugin: PluginUnderTest, listed: Iterable[str]
) -> Iterator[Finding]:
    for event, hook in CONTRACTS['lifecycle'].hooks.items():
        if event not in listed and is_implemented(plugin.handler, hook):
            yield Finding(
                'lifecycle_events',
                f'{hook} is implemented, but {event!r} is not listed.',
            ).comparing([*listed], [*listed, event])
