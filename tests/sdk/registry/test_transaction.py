"""A reload that is interrupted anywhere changes nothing at all."""

from __future__ import annotations

import logging
import signal
import sys
import threading

import pytest
from interrupting import interrupted

from imbi_plugin_sdk.registry import PluginRegistry


def files(site, version):
    return {
        'imbi_space/one/__init__.py': site.plugin(
            'one', version, before='import imbi_space.one.deep'
        ),
        'imbi_space/one/deep.py': f'VERSION = {version!r}',
    }


POINTS = {'one': 'imbi_space.one:Handler'}


def test_wherever_it_is_interrupted_it_was_nothing_or_all(site):
    site.install(files=files(site, '1.0'), points=POINTS)
    site.install('imbi-plugin-gone')
    registry = site.registry()
    before = registry.current
    mine = {
        name: module
        for name, module in sys.modules.items()
        if name.startswith(('imbi_space', 'imbi_plugin_gone'))
    }
    site.install(version='2.0', files=files(site, '2.0'), points=POINTS)
    site.install('imbi-plugin-new')
    site.uninstall('imbi-plugin-gone')
    after, cuts = 1, 0
    while not interrupted(registry, after):
        cuts += 1
        if registry.current is not before:
            break
        seen = {
            name: module
            for name, module in sys.modules.items()
            if name.startswith(
                ('imbi_space', 'imbi_plugin_gone', 'imbi_plugin_new')
            )
        }
        assert seen == mine, after
        space = sys.modules['imbi_space']
        assert space.one is sys.modules['imbi_space.one'], after
        assert space.one.deep is sys.modules['imbi_space.one.deep'], after
        after += 1 + after // 20
    assert cuts > 50
    if registry.current is before:
        registry.reload()
    assert registry.get('one').handler.version == '2.0'
    assert sys.modules['imbi_space.one'].Handler is (
        registry.get('one').handler
    )
    assert sorted(registry.current.entries) == ['new', 'one']
    assert 'imbi_plugin_gone' not in sys.modules


def test_a_ctrl_c_lets_the_import_that_is_under_way_end_first(site):
    """What it imports after modules were put back would stay."""
    site.install()
    registry = site.registry()
    site.install(
        'imbi-plugin-pressed',
        files={
            'imbi_plugin_pressed/__init__.py': (
                'import os, signal, time\n'
                'os.kill(os.getpid(), signal.SIGINT)\n'
                'time.sleep(0.3)\n'
                'import imbi_pressed_late\n' + site.plugin('pressed')
            ),
            'imbi_pressed_late.py': '',
        },
    )
    threads = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        registry.reload()
    for thread in set(threading.enumerate()) - threads:
        thread.join(20)
    assert 'imbi_plugin_pressed' not in sys.modules
    assert 'imbi_pressed_late' not in sys.modules


def test_a_log_that_raises_does_not_lose_the_reload(site):
    class Broken(logging.Filter):
        def filter(self, record):
            raise RuntimeError('a filter of the host')

    site.install()
    registry = site.registry()
    logger = logging.getLogger('imbi_plugin_sdk.registry')
    broken = Broken()
    logger.addFilter(broken)
    try:
        site.install(
            'imbi-plugin-two', files={'imbi_plugin_two/__init__.py': '1/0'}
        )
        site.install(version='2.0')
        registry.reload()
    except RuntimeError:
        pass
    finally:
        logger.removeFilter(broken)
    registry.reload()
    assert registry.get('one').handler.version == '2.0'
    assert [one.code for one in registry.current.refusals] == ['import_failed']


def test_a_source_that_raises_leaves_everything_as_it_was(site):
    class Source:
        broken = False

        def __call__(self):
            if self.broken:
                raise OSError('nothing there')
            return [site.path]

    source = Source()
    site.install()
    registry = PluginRegistry(source)
    before, source.broken = registry.current, True
    with pytest.raises(OSError, match='nothing there'):
        registry.reload()
    source.broken = False
    site.install(version='2.0')
    assert registry.current is before
    assert registry.reload().updated == ('imbi-plugin-one',)


# --- who reloads ---------------------------------------------------------


def test_a_plugin_that_reloads_while_it_is_imported_is_told_at_once(site):
    site.install()
    registry = site.registry(deadline=5)
    sys.modules['imbi_the_host'] = type(sys)('imbi_the_host')
    sys.modules['imbi_the_host'].registry = registry
    try:
        site.install(
            'imbi-plugin-two',
            files={
                'imbi_plugin_two/__init__.py': (
                    'import imbi_the_host; imbi_the_host.registry.reload()'
                )
            },
        )
        result = registry.reload()
    finally:
        del sys.modules['imbi_the_host']
    assert result.seconds < 2
    (refusal,) = result.refusals
    assert refusal.code == 'import_failed'
    assert 'RuntimeError' in refusal.message
    assert list(registry.current.entries) == ['one']


def test_a_plugin_that_makes_a_registry_of_its_own_is_told_at_once(site):
    site.install(
        'imbi-plugin-two',
        files={
            'imbi_plugin_two/__init__.py': (
                'from imbi_plugin_sdk.registry import PluginRegistry\n'
                f'PluginRegistry([{str(site.path)!r}])'
            )
        },
    )
    registry = site.registry(deadline=5)
    (refusal,) = registry.current.refusals
    assert 'RuntimeError' in refusal.message


def test_a_signal_that_reloads_during_a_reload_is_told(site):
    """Python runs the handler in the very thread that holds the lock."""
    seen = []

    def handler(*_):
        try:
            registry.reload()
        except RuntimeError as error:
            seen.append(str(error))

    site.install()
    registry = site.registry()
    site.install(
        'imbi-plugin-two',
        files={
            'imbi_plugin_two/__init__.py': 'import os, signal, time\n'
            'os.kill(os.getpid(), signal.SIGUSR1)\ntime.sleep(0.05)\n'
            + site.plugin('two')
        },
    )
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        registry.reload()
    finally:
        signal.signal(signal.SIGUSR1, before)
    (words,) = seen
    assert 'under way' in words
    assert sorted(registry.current.entries) == ['one', 'two']


def test_reloads_of_many_threads_come_one_after_the_other(site):
    site.install()
    registry = site.registry()
    site.install(version='2.0')
    start, results = threading.Barrier(8), []

    def reload():
        start.wait()
        results.append(registry.reload())

    threads = [threading.Thread(target=reload) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert [one.changed for one in results].count(True) == 1
    assert registry.current.generation == 2


# --- plugins that break what a reload looks at ---------------------------

HOSTILE = {
    'a spec that raises': (
        'class S:\n    def __getattribute__(self, n): raise SystemExit\n'
        '__spec__ = S()'
    ),
    'a spec whose origin cannot be compared': (
        'class S(str):\n    def __eq__(self, o): raise SystemExit\n'
        '    __hash__ = None\n'
        '__spec__.origin = S("x")'
    ),
    'a file that cannot be compared': (
        'class S(str):\n    def __eq__(self, o): raise SystemExit\n'
        '    __hash__ = None\n'
        '__spec__ = None\n__file__ = S("x")'
    ),
    'a name that is no text': 'import sys; sys.modules[1] = sys',
    'a name that cannot be compared': (
        'class S(str):\n    def __eq__(self, o): raise SystemExit\n'
        '    __hash__ = str.__hash__\n'
        '__name__ = S(__name__)'
    ),
    'a finder that cannot be invalidated': (
        'import sys\n'
        'class F:\n'
        '    imbi_hostile = True\n'
        '    def find_spec(self, *a): return None\n'
        '    def invalidate_caches(self): raise SystemExit\n'
        'sys.meta_path.append(F())'
    ),
    'a finder that raises': (
        'import sys\n'
        'class F:\n'
        '    imbi_hostile = True\n'
        '    def find_spec(self, name, *a):\n'
        '        if name == "imbi_plugin_one": raise SystemExit\n'
        'sys.meta_path.append(F())'
    ),
    'a metaclass that hides the namespace': (
        'class M(type):\n'
        '    @property\n'
        '    def __dict__(self): raise SystemExit\n'
        'class H(metaclass=M): pass'
    ),
    'a class of no module': 'class H: __module__ = []',
    'a wrapped function without end': (
        'def f(): import imbi_plugin_one.x\nf.__wrapped__ = f'
    ),
    'code that cannot be read': (
        'def f(): import json\nf.__code__ = f.__code__.replace(co_consts=())'
    ),
    'a parent that cannot be changed': (
        'import sys, types\n'
        'class T(types.ModuleType):\n'
        '    def __getattribute__(self, n): raise SystemExit\n'
        '    def __delattr__(self, n): raise SystemExit\n'
        'sys.modules[__name__].__class__ = T'
    ),
    'a module that is no module': (
        'import sys\nsys.modules["imbi_plugin_one.made"] = 7'
    ),
    'a module that is None': (
        'import sys\nsys.modules["imbi_plugin_one.made"] = None'
    ),
}


@pytest.mark.parametrize('record', [True, False])
@pytest.mark.parametrize('lines', HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_that_a_plugin_leaves_behind_ends_a_reload(
    site, lines, record
):
    def install(version):
        source = site.plugin('one', version)
        site.install(
            version=version,
            files={'imbi_plugin_one/__init__.py': f'{source}\n{lines}'},
            record=record,
        )

    install('1.0')
    site.install('imbi-plugin-two')
    try:
        registry = site.registry()
        assert not registry.reload().changed
        install('2.0')
        site.install('imbi-plugin-two', '2.0')
        registry.reload()
        assert registry.get('two').handler.version == '2.0'
        entry = registry.current.entries.get('one')
        assert entry is None or entry.handler.version == entry.version
        site.uninstall('imbi-plugin-one')
        registry.reload()
        assert list(registry.current.entries) == ['two']
        registry.report()
    finally:
        # Whoever shows a failing test looks at modules without a guard.
        for name in [1, 'imbi_plugin_one', 'imbi_plugin_one.made']:
            sys.modules.pop(name, None)
        sys.meta_path[:] = [
            finder
            for finder in sys.meta_path
            if not hasattr(finder, 'imbi_hostile')
        ]
