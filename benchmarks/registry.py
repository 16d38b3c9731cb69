"""How discovery, a cold load and a reload compare with a bare loop.

Run it as `python benchmarks/registry.py`; `--plugins 200` makes it quick, and
`--check` ends with 1 where a number to keep is not kept. Times are the best of
several fresh processes, all competitors in turn, over one made-up environment
with bytecode already compiled; what counts is the ratio, the median over the
rounds. On a machine that others use, `--cpu` counts processor time and not the
clock's.
"""

# ruff: noqa: PTH118, PTH123, PTH208  the bare loop is as fast as can be

from __future__ import annotations

import argparse
import compileall
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PLUGIN = '''
from imbi_plugin_sdk import (
    CredentialField, LogResult, LogsPlugin, PluginManifest, PluginOption,
)


class Handler(LogsPlugin):
    """Reads logs."""

    manifest = PluginManifest(
        slug='made-up-NUMBER',
        name='Made up NUMBER',
        description='Reads the logs of one made-up service.',
        plugin_type='logs',
        options=[
            PluginOption(name='region', label='Region', default='eu-1'),
            PluginOption(name='limit', label='Limit', type='integer'),
        ],
        credentials=[
            CredentialField(name='api_token', label='Token'),
        ],
    )

    async def search(self, ctx, credentials, query):
        """Find nothing."""
        return LogResult(entries=[])

    async def schema(self, ctx, credentials):
        """Know nothing."""
        return []
'''

TYPES = (
    'from imbi_plugin_sdk.handlers import logs; '
    'from imbi_plugin_sdk import contract; '
)
"""What every competitor has imported before its clock starts."""


def make_site(site: Path, plugins: int, libraries: int) -> None:
    """Write distributions as an installer leaves them."""
    for number in range(plugins):
        package = f'imbi_plugin_made_{number}'
        (site / package).mkdir()
        source = PLUGIN.replace('NUMBER', str(number))
        (site / package / '__init__.py').write_text(source)
        info = site / f'{package}-1.{number}.dist-info'
        points = f'[imbi.plugins]\nmade-up-{number} = {package}:Handler\n'
        write_metadata(info, package, points, [f'{package}/__init__.py'])
    for number in range(libraries):
        name = f'library_{number}'
        points = (
            f'[console_scripts]\n{name} = {name}:main\n' if number % 3 else ''
        )
        info = site / f'{name}-2.{number}.dist-info'
        write_metadata(info, name, points, [])
    compileall.compile_dir(site, quiet=1)


def write_metadata(
    info: Path, name: str, points: str, modules: list[str]
) -> None:
    """Write METADATA, entry points and a true RECORD."""
    import base64  # noqa: PLC0415  the children do not need these
    import hashlib  # noqa: PLC0415

    info.mkdir()
    (info / 'METADATA').write_text(
        f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n'
        + 'Classifier: Programming Language :: Python\n' * 12
        + '\nA description of some length.\n' * 40
    )
    (info / 'WHEEL').write_text('Wheel-Version: 1.0\n')
    files = [f'{info.name}/METADATA', f'{info.name}/WHEEL', *modules]
    if points:
        (info / 'entry_points.txt').write_text(points)
        files.append(f'{info.name}/entry_points.txt')
    lines = []
    for file in files:
        data = (info.parent / file).read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
        digest = digest.rstrip(b'=').decode()
        lines.append(f'{file},sha256={digest},{len(data)}\n')
    (info / 'RECORD').write_text(''.join(lines) + f'{info.name}/RECORD,,\n')


# --- the competitors; each runs in a process of its own -----------------


def bare_scan(site: str) -> list[tuple[str, str, str, str]]:
    """Scan and read; name and version from the directory's name."""
    found = []
    for child in os.listdir(site):
        if not child.endswith('.dist-info'):
            continue
        name, _, version = child[:-10].partition('-')
        try:
            with open(
                os.path.join(site, child, 'entry_points.txt'),
                encoding='utf-8',
            ) as file:
                text = file.read()
        except FileNotFoundError:
            continue
        section = ''
        for line in text.splitlines():
            if line.startswith('['):
                section = line.strip('[]')
            elif section == 'imbi.plugins' and '=' in line:
                key, _, value = line.partition('=')
                found.append((name, version, key.strip(), value.strip()))
    return found


def bare_load(site: str) -> dict[str, object]:
    """Scan, read and import, with no safety at all."""
    loaded = {}
    for _, _, key, value in bare_scan(site):
        module, _, attribute = value.partition(':')
        target = getattr(importlib.import_module(module), attribute)
        loaded[key] = target.manifest and target
    return loaded


def bare_undisturbed(site: str) -> dict[str, object]:
    """Do the same while the collector looks as seldom as in our load."""
    from imbi_plugin_sdk.registry._collector import (  # noqa: PLC0415
        undisturbed,
    )

    return undisturbed(lambda: bare_load(site))


def sdk_discover(site: str) -> object:
    """Discover with this SDK."""
    from imbi_plugin_sdk.registry import discover  # noqa: PLC0415

    return discover([site])


def sdk_load(site: str) -> object:
    """Load with this SDK, all safety on."""
    from imbi_plugin_sdk.registry import PluginRegistry  # noqa: PLC0415

    registry = PluginRegistry([site])
    if registry.current.refusals:
        raise SystemExit(str(registry.current.refusals[0]))
    return registry


def stdlib(site: str) -> object:
    """Discover with importlib.metadata."""
    import importlib.metadata as library  # noqa: PLC0415

    return by_library(library, site)


def backport(site: str) -> object:
    """Discover with importlib_metadata."""
    import importlib_metadata as library  # noqa: PLC0415

    return by_library(library, site)


def by_library(library: object, site: str) -> list[object]:
    """Return name, version and entry points of each distribution."""
    return [
        (one.name, one.version, point.name, point.value)
        for one in library.distributions(path=[site])
        for point in one.entry_points
        if point.group == 'imbi.plugins'
    ]


def pluggy_load(_: str) -> object:
    """Load with pluggy."""
    import pluggy  # noqa: PLC0415

    manager = pluggy.PluginManager('imbi')
    manager.load_setuptools_entrypoints('imbi.plugins')
    return manager


def stevedore_load(_: str) -> object:
    """Load with stevedore; its cache directory is new for each process."""
    from stevedore import extension  # noqa: PLC0415

    return extension.ExtensionManager('imbi.plugins')


COMPETITORS: dict[str, Callable[[str], object]] = {
    'bare scan': bare_scan,
    'discover': sdk_discover,
    'importlib.metadata': stdlib,
    'importlib_metadata': backport,
    'bare load': bare_load,
    'bare load, undisturbed': bare_undisturbed,
    'PluginRegistry()': sdk_load,
    'pluggy': pluggy_load,
    'stevedore': stevedore_load,
}

KEEP: tuple[tuple[str, str, float | None], ...] = (
    ('discover', 'bare scan', 1.5),
    ('reload, nothing changed', 'bare scan', 1.5),
    ('PluginRegistry()', 'bare load', 1.25),
    ('PluginRegistry()', 'bare load, undisturbed', None),
    ('PluginRegistry()', 'stevedore', 1.0),
)
"""What may be at most how many times what; None is for reading only."""


SIZES = {'bytes per plugin': 20_000, 'bytes per reload': 100}
"""The latter stands for none: tracemalloc sees a few caches breathe."""


def child(name: str, site: str, clock: Callable[[], float]) -> None:
    """Measure one competitor in this process, and print what it took."""
    sys.path.insert(0, site)
    exec(TYPES)  # our own line
    import gc  # noqa: PLC0415

    from imbi_plugin_sdk import registry  # noqa: F401, PLC0415

    for module in (
        '_core',
        '_foreign',
        'policy',
        'reload',
        '_judgement',
        '_loading',
        '_assembly',
        'loaded',
        'admission',
        '_collector',
    ):
        importlib.import_module(f'imbi_plugin_sdk.registry.{module}')
    gc.collect()
    start = clock()
    kept = COMPETITORS[name](site)
    times = {name: clock() - start}
    if name == 'PluginRegistry()':
        times |= after_load(kept, clock)
    print(json.dumps(times))


def after_load(
    registry: object, clock: Callable[[], float]
) -> dict[str, float]:
    """Measure reloads."""
    rounds = []
    for _ in range(5):
        start = clock()
        assert not registry.reload().changed
        rounds.append(clock() - start)
    return {'reload, nothing changed': min(rounds)}


def memory(site: str) -> None:
    """Print bytes per plugin over its classes, and growth over reloads."""
    import tracemalloc  # noqa: PLC0415  only this process pays for it

    sys.path.insert(0, site)
    exec(TYPES)  # our own line
    bare_load(site)
    from imbi_plugin_sdk.registry import PluginRegistry  # noqa: PLC0415

    PluginRegistry([])
    tracemalloc.start()
    registry = PluginRegistry([site])
    loaded = tracemalloc.get_traced_memory()[0]
    count = len(registry.current.entries)
    for _ in range(20):
        registry.reload()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        registry.reload()
    after = tracemalloc.get_traced_memory()[0]
    print(
        json.dumps(
            {
                'bytes per plugin': loaded / max(count, 1),
                'bytes per reload': (after - before) / 200,
            }
        )
    )


def run(arguments: list[str], cache: str) -> dict[str, float]:
    """Run this file in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, 'XDG_CACHE_HOME': cache},
    )
    return json.loads(done.stdout.splitlines()[-1])


def compared(times: dict[str, list[float]]) -> bool:
    """Print the ratios; tell whether each is as it must be.

    Both sides of a ratio are of one round, a second apart: the speed of a
    machine changes from minute to minute, and the best of each side would be
    of two machines.
    """
    kept = True
    for name, other, limit in KEEP:
        if other not in times:
            continue
        pairs = zip(times[name], times[other], strict=True)
        ratio = statistics.median([ours / theirs for ours, theirs in pairs])
        bound = '' if limit is None else f' (at most {limit})'
        kept &= limit is None or ratio <= limit
        print(f'{name} / {other}: {ratio:.2f}{bound}')
    return kept


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--plugins', type=int, default=1000)
    parser.add_argument('--libraries', type=int, default=300)
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--cpu', action='store_true')
    parser.add_argument('--child', nargs=2, help=argparse.SUPPRESS)
    parser.add_argument('--memory', help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        clock = time.process_time if options.cpu else time.perf_counter
        child(*options.child, clock)
        return 0
    if options.memory:
        memory(options.memory)
        return 0
    names = [
        name
        for name in COMPETITORS
        if name != 'stevedore' or importlib.util.find_spec('stevedore')
    ]
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, 'site')
        site.mkdir()
        make_site(site, options.plugins, options.libraries)
        times: dict[str, list[float]] = {}
        for number in range(options.rounds):
            for name in names:
                cache = str(Path(folder, f'cache-{number}-{name}'))
                arguments = ['--child', name, str(site)]
                arguments += ['--cpu'] * options.cpu
                for key, value in run(arguments, cache).items():
                    times.setdefault(key, []).append(value)
        sizes = run(['--memory', str(site)], folder)
    best = {name: min(values) for name, values in times.items()}
    for name, seconds in best.items():
        print(f'{name:26} {seconds * 1000:9.1f} ms')
    for name, size in sizes.items():
        print(f'{name:26} {size:9.0f} bytes')
    kept = all(sizes[name] <= limit for name, limit in SIZES.items())
    kept &= compared(times)
    return 0 if kept or not options.check else 1


if __name__ == '__main__':
    raise SystemExit(main())
