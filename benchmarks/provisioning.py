"""How long a plan over many services takes, against bare dict comparisons.

Run it as `python benchmarks/provisioning.py`; `--services 20` makes it quick,
and `--check` ends with 1 where a plan over 100 services takes more than the
50 ms that are to be kept. Every figure is the best of many runs in one
process; the bare loop compares the same live, base and new values, field by
field, and makes no plan. What counts is the ratio. On a machine that others
use, `--cpu` counts processor time and not the clock's.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from imbi_plugin_sdk.manifest import PluginManifest, ThirdPartyServiceTemplate
from imbi_plugin_sdk.provisioning import (
    FIELDS,
    MemoryStore,
    Plan,
    PluginSource,
    State,
    apply,
    plan_install,
    plan_manage,
    plan_save,
    plan_uninstall,
    plan_upgrade,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 50.0
"""Milliseconds for a plan over 100 services: the number to keep."""

ORGANIZATION = 'engineering'


def source(number: int, version: int) -> PluginSource:
    """Return one made-up entry point; version 2 changes three fields."""
    host = f'vendor{number}.io'
    template = ThirdPartyServiceTemplate.model_validate(
        {
            'id': f'vendor-{number}',
            'vendor': f'Vendor {number}',
            'category': 'cloud',
            'service_url': f'https://console.{host}',
            'api_endpoint': f'https://api.{host}/v{version}',
            'issuer': f'https://id.{host}',
            'authorization_endpoint': f'https://id.{host}/authorize',
            'token_endpoint': f'https://id.{host}/token/{version}',
            'use_pkce': True,
            'default_scopes': ['read', 'write'][:version],
            'links': {'Status': f'https://status.{host}'},
        }
    )
    manifest = PluginManifest(
        slug=f'vendor-{number}',
        name=f'Vendor {number}',
        plugin_type='logs',
        third_party_service=template,
    )
    return PluginSource(manifest, f'imbi-plugin-vendor-{number}')


def populated(sources: list[PluginSource]) -> State:
    """Return the sources installed: some managed, some edited."""
    store = MemoryStore()
    apply(plan_install(store.load(ORGANIZATION), sources), store)
    for number, name in enumerate(store.load(ORGANIZATION).services):
        state = store.load(ORGANIZATION)
        if number % 3 == 0:
            apply(plan_manage(state, name), store)
        elif number % 3 == 1:
            edit = {'issuer': 'https://mine.example.com'}
            apply(plan_save(state, name, edit), store)
    return store.load(ORGANIZATION)


def bare(state: State, sources: list[PluginSource]) -> int:
    """Compare what a plan compares, and nothing else."""
    new = {one.template_id: one.values for one in sources}
    different = 0
    for service in state.services.values():
        values = new[service.template_id or '']
        live, base = service.live, service.base
        for name in FIELDS:
            if live.get(name) != values.get(name) or (
                base.get(name) != values.get(name)
            ):
                different += 1
    return different


def milliseconds(
    work: Callable[[], object], runs: int, clock: Callable[[], float]
) -> float:
    """Return the best time of one call."""
    times: list[float] = []
    for _ in range(runs):
        begin = clock()
        work()
        times.append(clock() - begin)
    return min(times) * 1000


def main() -> int:
    """Print a table; return 1 where `--check` is given and it is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--services', type=int, default=100)
    parser.add_argument('--runs', type=int, default=15)
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--cpu', action='store_true')
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    old = [source(number, 1) for number in range(options.services)]
    new = [source(number, 2) for number in range(options.services)]
    names = [one.distribution for one in old]
    empty, state = State.of(ORGANIZATION), populated(old)
    text = plan_upgrade(state, new).to_json()
    plans: dict[str, Callable[[], object]] = {
        'install, all new': lambda: plan_install(empty, old),
        'install again, nothing new': lambda: plan_install(state, old),
        'upgrade, three fields each': lambda: plan_upgrade(state, new),
        'uninstall everything': lambda: plan_uninstall(state, names),
    }
    base = milliseconds(lambda: bare(state, new), options.runs * 10, clock)
    print(f'{options.services} services, best of {options.runs} runs')
    print(f'{"bare comparison of dicts":<32}{base:9.2f} ms')
    slowest = 0.0
    for name, draft in plans.items():
        took = milliseconds(draft, options.runs, clock)
        slowest = max(slowest, took)
        print(f'{"plan: " + name:<32}{took:9.2f} ms  {took / base:6.0f}x')
    took = milliseconds(lambda: Plan.from_json(text), options.runs, clock)
    print(f'{"read an upgrade from JSON":<32}{took:9.2f} ms')
    limit = LIMIT * options.services / 100
    kept = slowest <= limit
    print(
        f'slowest plan {slowest:.1f} ms, limit {limit:.1f} ms: '
        f'{"kept" if kept else "NOT KEPT"}'
    )
    return 1 if options.check and not kept else 0


if __name__ == '__main__':
    sys.exit(main())
