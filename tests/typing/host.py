"""The rules as a host writes them. Never executed: type checkers read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_sdk import (
    LogQuery,
    LogResult,
    PluginContext,
    PluginError,
    Problem,
)
from imbi_plugin_sdk.catalog import Catalog
from imbi_plugin_sdk.invocation import (
    Answer,
    Renewed,
    answer_to,
    invoke,
    invoke_action,
)
from imbi_plugin_sdk.manifest_diff import ManifestDiff, compare_manifests
from imbi_plugin_sdk.provisioning import (
    AsyncStore,
    MemoryStore,
    Placement,
    Plan,
    PlanBlocked,
    PlanStale,
    State,
    Store,
    apply,
    apply_async,
    plan_install,
    plan_take,
    plan_uninstall,
    plan_upgrade,
    sources_of,
)
from imbi_plugin_sdk.registry import (
    Adapter,
    Block,
    Entry,
    EntryPointRef,
    PluginRegistry,
    PreflightResult,
    ReloadResult,
    RestartRequired,
    Snapshot,
    discover,
)
from imbi_plugin_sdk.resolution import (
    AmbiguousDefaultError,
    Bindings,
    Explanation,
    FanOut,
    Graph,
    Resolution,
    ResolutionError,
    explain,
    lint_assignments,
    resolve,
    resolve_all,
    selectors,
    what_if,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imbi_plugin_sdk import PluginAuthenticationFailed
    from imbi_plugin_sdk.options import ResolvedOptions
    from imbi_plugin_sdk.records import (
        Assignment,
        PluginNode,
        ServiceApplication,
        ThirdPartyService,
    )


# --- at start-up, and when an operator installs something ---------------


def rehearse(plugin: EntryPointRef) -> PreflightResult:
    """Import a plugin where a crash harms nobody; a gate of the host."""
    if plugin.distribution.startswith('imbi-plugin-'):
        return PreflightResult()
    problem = Problem('crashed', '', 'it crashed.', 'Mend it.')
    return PreflightResult(problem)


def lift(old: type) -> type:
    """Make a handler of contract 2 out of one of contract 1."""
    return type('Lifted', (), {'old': old})


def start() -> PluginRegistry:
    """Load every plugin that the host lets in."""
    return PluginRegistry(
        catalog=Catalog.shipped(),
        block=[Block('leaks', distribution='imbi-plugin-x', versions='<1.2')],
        deadline=5.0,
        preflight=rehearse,
        supported={'logs': '>=1.0,<2'},
        adapters=[Adapter('logs', 1, 2, lift)],
    )


def reload(registry: PluginRegistry) -> list[str]:
    """Serve what is installed now, and tell the operator."""
    result: ReloadResult = registry.reload()
    restarts: tuple[RestartRequired, ...] = result.restart_required
    told = [one.message for one in restarts]
    told += [f'{one.message} {one.remedy}' for one in result.refusals]
    told += [f'{one.function}: {one.module}' for one in result.late_imports]
    told += [f'{one.generation}: {one.leases}' for one in registry.census()]
    return [*told, registry.fingerprint]


def installed() -> dict[str, str]:
    """List what is installed, without importing anything."""
    return {one.name: one.version for one in discover().distributions}


# --- a request ----------------------------------------------------------


def graph_of(
    services: Sequence[ThirdPartyService],
    applications: Sequence[ServiceApplication],
    plugins: Sequence[PluginNode],
    assignments: Sequence[Assignment],
) -> Graph:
    """Hand over what a host reads from its database."""
    return Graph(
        assignments=assignments,
        plugins=plugins,
        services=services,
        applications=applications,
    )


async def logs(
    registry: PluginRegistry,
    bindings: Bindings,
    query: LogQuery,
    source: str | None,
) -> LogResult | Answer:
    """Answer one request for logs."""
    with registry.lease() as snapshot:
        try:
            found: Resolution = resolve(
                bindings, 'logs', snapshot, source=source
            )
            found.require()
            result: object = await invoke(
                snapshot.entries[found.plugin.slug],
                'search',
                context_of(bindings.project, found.options),
                credentials_of(found),
                {'query': query},
                timeout=10,
                on_authentication_failed=renew,
            )
        except PluginError as error:
            return answer_to(error)
    if isinstance(result, LogResult):
        return result
    return Answer(502, {}, {})


async def renew(error: PluginAuthenticationFailed) -> Renewed | None:
    """Refresh what the remote rejected."""
    return Renewed(credentials={'token': str(error.http_status)})


def context_of(project: str, options: ResolvedOptions) -> PluginContext:
    """Say whom a call is for."""
    return PluginContext(
        project_id=project,
        project_slug=project,
        org_slug='acme',
        assignment_options=options.revealed(),
    )


def credentials_of(found: Resolution) -> dict[str, str]:
    """Decrypt the credentials; this library never sees a key."""
    application = found.application
    names = application.credential_names if application else None
    return dict.fromkeys(names or (), 'decrypted')


def explained(
    registry: PluginRegistry, graph: Graph, project: str
) -> list[str]:
    """Show why a tab comes out as it does, and what is wrong with it."""
    bindings, snapshot = graph.bindings(project), registry.current
    why: Explanation = explain(bindings, 'logs', snapshot)
    every: FanOut = resolve_all(bindings, 'logs', snapshot)
    try:
        resolve(bindings, 'logs', snapshot)
    except AmbiguousDefaultError as error:
        return [str(error)]
    except ResolutionError as error:
        return [f'{error.code} {error.http_status}: {error}']
    return [
        repr(why),
        *(one.selector for one in every.resolutions),
        *(problem.fix for problem in lint_assignments(bindings, snapshot)),
        *selectors(bindings, 'logs').values(),
    ]


def saved(before: Graph, after: Graph, snapshot: Snapshot) -> list[str]:
    """Tell which projects an edit would change."""
    changes = what_if({'p': ['type']}, before, after, snapshot)
    return [f'{one.project}: {one.before} to {one.after}' for one in changes]


async def hooked(entry: Entry, context: PluginContext) -> None:
    """Hand a webhook's event to an action."""
    await invoke_action(
        entry,
        'notify',
        context,
        {},
        external_identifier='42',
        action_config={},
        event={'kind': 'push'},
    )


# --- an operator's click ------------------------------------------------


def preview(registry: PluginRegistry, store: Store, slugs: set[str]) -> Plan:
    """Plan an install; what is shown is what will be applied."""
    entries = registry.current.entries
    chosen = sources_of(entries[slug] for slug in sorted(slugs))
    state: State = store.load('acme')
    plan = plan_install(
        state,
        chosen,
        place={'aws': Placement(service='service-1')},
        installed=sources_of(entries.values()),
    )
    shown = [(one.field, one.live, one.offered) for one in plan.conflicts]
    assert plan.blocked or not shown
    return Plan.from_json(plan.to_json())


def click(plan: Plan, registry: PluginRegistry, store: Store) -> str:
    """Apply what was previewed."""
    sources = sources_of(registry.current.entries.values())
    try:
        changes = apply(plan, store, sources)
    except PlanStale as error:
        return f'plan again: {error}'
    except PlanBlocked as error:
        return f'choose first: {error}'
    return 'nothing to do' if changes.empty else 'done'


async def click_async(plan: Plan, store: AsyncStore) -> bool:
    """Do the same in a host whose database is asynchronous."""
    return (await apply_async(plan, store)).empty


def later(registry: PluginRegistry) -> list[Plan]:
    """Upgrade, take what is offered, and uninstall."""
    store = MemoryStore()
    state = store.load('acme')
    sources = sources_of(registry.current.entries.values())
    return [
        plan_upgrade(state, sources),
        plan_take(state, 'service-1', ['service_url'], sources),
        plan_uninstall(state, ['imbi-plugin-x']),
    ]


def released(old: Entry, new: Entry) -> ManifestDiff:
    """Say what an upgrade changes for operators."""
    return compare_manifests(old.manifest, new.manifest)
