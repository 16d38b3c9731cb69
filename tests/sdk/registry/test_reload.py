"""A reload runs the new code, keeps what did not change, and never lies."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest

from imbi_plugin_sdk.registry import Block, PluginRegistry, _bytecode


def test_nothing_changed_is_the_same_snapshot(site):
    site.install()
    registry = site.registry()
    before = registry.current
    result = registry.reload()
    assert not result.changed
    assert registry.current is before
    assert result.generation == 1


def test_an_installed_plugin_appears_and_the_others_keep_their_classes(site):
    site.install()
    registry = site.registry()
    before = registry.get('one')
    site.install('imbi-plugin-two')
    result = registry.reload()
    assert result.changed
    assert result.added == ('imbi-plugin-two',)
    assert result.generation == 2
    assert registry.get('one').handler is before.handler
    assert registry.get('two')


@pytest.mark.parametrize(('first', 'second'), [('1.0', '2.0'), ('2.0', '1.0')])
def test_another_version_runs_its_own_code(site, first, second):
    site.install(version=first)
    registry = site.registry()
    old = registry.get('one')
    site.install(version=second)
    result = registry.reload()
    new = registry.get('one')
    assert result.updated == ('imbi-plugin-one',)
    assert result.restart_required == ()
    assert (new.version, new.handler.version) == (second, second)
    assert (old.version, old.handler.version) == (first, first)
    assert new.fingerprint != old.fingerprint
    assert sys.modules['imbi_plugin_one'].Handler is new.handler


def test_a_removed_plugin_is_gone_and_can_come_back(site):
    site.install()
    site.install('imbi-plugin-two')
    registry = site.registry()
    first = registry.get('one')
    site.uninstall('imbi-plugin-one')
    result = registry.reload()
    assert result.removed == ('imbi-plugin-one',)
    assert list(registry.current.entries) == ['two']
    assert 'imbi_plugin_one' not in sys.modules
    site.install(version='3.0')
    registry.reload()
    assert registry.get('one').handler.version == '3.0'
    assert first.handler.version == '1.0'


def test_the_same_version_with_other_code_is_noticed(site):
    site.install()
    registry = site.registry()
    source = site.plugin('one', 'other')
    site.install(files={'imbi_plugin_one/__init__.py': source})
    assert registry.reload().updated == ('imbi-plugin-one',)
    assert registry.get('one').handler.version == 'other'


def test_the_same_wheel_installed_again_keeps_its_classes(site):
    site.install()
    registry = site.registry()
    handler = registry.get('one').handler
    site.install()
    assert not registry.reload().changed
    assert registry.get('one').handler is handler


def test_a_hand_edit_of_loaded_code_is_noticed_and_named(site):
    site.install()
    registry = site.registry()
    file = site.path / 'imbi_plugin_one' / '__init__.py'
    file.write_text(site.plugin('one', 'edited'))
    assert registry.reload().updated == ('imbi-plugin-one',)
    entry = registry.get('one')
    assert entry.handler.version == 'edited'
    assert [one.code for one in entry.findings] == ['file_modified']
    file.write_text(site.plugin('one', '1.0'))
    registry.reload()
    assert registry.get('one').handler.version == '1.0'
    assert registry.get('one').findings == ()


def test_code_that_fails_leaves_the_old_one_running_and_says_so(site):
    site.install()
    registry = site.registry()
    old = registry.get('one')
    module = sys.modules['imbi_plugin_one']
    site.install(version='2.0', files={'imbi_plugin_one/__init__.py': '1/0'})
    result = registry.reload()
    entry = registry.get('one')
    assert result.stale == ('imbi-plugin-one',)
    assert result.updated == ()
    assert entry.handler is old.handler
    assert (entry.version, entry.fingerprint) == ('1.0', old.fingerprint)
    assert '2.0' in entry.stale
    assert 'ZeroDivisionError' in entry.stale
    assert sys.modules['imbi_plugin_one'] is module
    (refusal,) = registry.current.refusals
    assert (refusal.version, refusal.code) == ('2.0', 'import_failed')
    assert not registry.reload().changed
    site.install(version='2.1')
    assert registry.reload().updated == ('imbi-plugin-one',)
    assert registry.get('one').stale == ''
    assert registry.get('one').handler.version == '2.1'
    assert registry.current.refusals == ()


def test_back_to_the_version_that_runs_ends_staleness(site):
    site.install()
    registry = site.registry()
    site.install(version='2.0', files={'imbi_plugin_one/__init__.py': '1/0'})
    registry.reload()
    site.install()
    registry.reload()
    entry = registry.get('one')
    assert (entry.stale, entry.version, entry.handler.version) == (
        '',
        '1.0',
        '1.0',
    )
    assert registry.current.refusals == ()


def test_of_two_entry_points_none_is_exchanged_alone(site):
    def files(version, second):
        return {
            'imbi_plugin_one/__init__.py': '',
            'imbi_plugin_one/a.py': site.plugin('a', version),
            'imbi_plugin_one/b.py': second,
        }

    points = {
        'a': 'imbi_plugin_one.a:Handler',
        'b': 'imbi_plugin_one.b:Handler',
    }
    site.install(files=files('1.0', site.plugin('b', '1.0')), points=points)
    registry = site.registry()
    site.install(version='2.0', files=files('2.0', '1/0'), points=points)
    registry.reload()
    for slug in ('a', 'b'):
        assert registry.get(slug).handler.version == '1.0'
        assert registry.get(slug).version == '1.0'
        assert registry.get(slug).stale
    assert [one.entry_point for one in registry.current.refusals] == ['b']


def test_an_entry_point_that_never_worked_holds_nothing_back(site):
    def files(version):
        return {
            'imbi_plugin_one/__init__.py': '',
            'imbi_plugin_one/a.py': site.plugin('a', version),
            'imbi_plugin_one/b.py': '1/0',
        }

    points = {
        'a': 'imbi_plugin_one.a:Handler',
        'b': 'imbi_plugin_one.b:Handler',
    }
    site.install(files=files('1.0'), points=points)
    registry = site.registry()
    site.install(version='2.0', files=files('2.0'), points=points)
    registry.reload()
    assert registry.get('a').handler.version == '2.0'
    assert not registry.get('a').stale


def test_an_import_that_lacked_something_is_tried_again(site):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin(
                'one', before='import needed_later'
            )
        }
    )
    registry = site.registry()
    assert registry.current.refusals[0].code == 'module_missing'
    times = site.path.stat()
    (site.path / 'needed_later.py').write_text('')
    # Within one tick of the clock, finders do not see that it is there.
    os.utime(site.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert registry.reload().changed
    assert registry.get('one')
    assert registry.current.refusals == ()


def test_a_slug_goes_back_to_the_second_when_the_first_is_gone(site):
    for name in ('a', 'b'):
        site.install(
            f'imbi-plugin-{name}',
            files={f'imbi_plugin_{name}.py': site.plugin('same')},
            points={'same': f'imbi_plugin_{name}:Handler'},
        )
    registry = site.registry()
    module = sys.modules['imbi_plugin_b']
    site.uninstall('imbi-plugin-a')
    registry.reload()
    entry = registry.get('same')
    assert entry.distribution == 'imbi-plugin-b'
    assert entry.handler is module.Handler


def test_order_of_installation_changes_nothing(site):
    def install(name):
        site.install(
            f'imbi-plugin-{name}',
            files={f'imbi_plugin_{name}.py': site.plugin('same')},
            points={'same': f'imbi_plugin_{name}:Handler'},
        )

    install('b')
    registry = site.registry()
    assert registry.get('same').distribution == 'imbi-plugin-b'
    install('a')
    registry.reload()
    assert registry.get('same').distribution == 'imbi-plugin-a'
    assert registry.fingerprint == site.registry().fingerprint


# --- which modules go ---------------------------------------------------


def namespace(site, name, version='1.0'):
    site.install(
        f'imbi-plugin-{name}',
        version,
        files={
            f'imbi_space/{name}/__init__.py': '',
            f'imbi_space/{name}/handler.py': site.plugin(name, version),
        },
        points={name: f'imbi_space.{name}.handler:Handler'},
    )


def test_siblings_in_a_namespace_keep_their_modules(site):
    namespace(site, 'a')
    namespace(site, 'b')
    registry = site.registry()
    sibling = sys.modules['imbi_space.b.handler']
    namespace(site, 'a', '2.0')
    assert registry.reload().updated == ('imbi-plugin-a',)
    assert registry.get('a').handler.version == '2.0'
    assert sys.modules['imbi_space.b.handler'] is sibling
    assert registry.get('b').handler is sibling.Handler
    assert sys.modules['imbi_space'].a is sys.modules['imbi_space.a']


def test_a_namespace_package_does_not_hand_out_the_old_module(site):
    """`from space import part` finds the attribute before `sys.modules`."""
    points = {'a': 'imbi_plugin_a:Handler'}

    def install(version):
        site.install(
            'imbi-plugin-a',
            version,
            files={
                'imbi_plugin_a.py': site.plugin(
                    'a', before='from imbi_space import part'
                ).replace("'1.0'", 'part.VERSION'),
                'imbi_space/part.py': f'VERSION = {version!r}',
            },
            points=points,
        )

    install('1.0')
    registry = site.registry()
    install('2.0')
    registry.reload()
    assert registry.get('a').handler.version == '2.0'


def test_a_failed_exchange_puts_namespaces_back(site):
    namespace(site, 'a')
    registry = site.registry()
    old = sys.modules['imbi_space.a'], sys.modules['imbi_space.a.handler']
    site.install(
        'imbi-plugin-a',
        '2.0',
        files={
            'imbi_space/a/__init__.py': '',
            'imbi_space/a/handler.py': 'import imbi_space.a.extra; 1/0',
            'imbi_space/a/extra.py': '',
        },
        points={'a': 'imbi_space.a.handler:Handler'},
    )
    registry.reload()
    assert (
        sys.modules['imbi_space.a'],
        sys.modules['imbi_space.a.handler'],
    ) == old
    assert sys.modules['imbi_space'].a is old[0]
    assert old[0].handler is old[1]
    assert 'imbi_space.a.extra' not in sys.modules


def test_old_style_namespaces_survive_too(site):
    """Two distributions ship the same `__init__.py`."""
    init = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"

    def install(name, version='1.0'):
        site.install(
            f'imbi-plugin-{name}',
            version,
            files={
                'imbi_old/__init__.py': init,
                f'imbi_old/{name}.py': site.plugin(name, version),
            },
            points={name: f'imbi_old.{name}:Handler'},
        )

    install('a')
    install('b')
    registry = site.registry()
    parent, sibling = sys.modules['imbi_old'], sys.modules['imbi_old.b']
    install('a', '2.0')
    (site.path / 'imbi_old' / '__init__.py').write_text(init)
    assert registry.reload().updated == ('imbi-plugin-a',)
    assert registry.get('a').handler.version == '2.0'
    assert sys.modules['imbi_old'] is parent
    assert sys.modules['imbi_old.b'] is sibling


def test_submodules_that_calls_import_are_new_too(site):
    def files(version):
        return {
            'imbi_plugin_one/__init__.py': site.plugin(
                'one',
                version,
                after='    @staticmethod\n    def deep():\n'
                '        from imbi_plugin_one import deep\n'
                '        return deep.VERSION\n',
            ),
            'imbi_plugin_one/deep.py': f'VERSION = {version!r}',
        }

    site.install(files=files('1.0'))
    registry = site.registry()
    old = registry.get('one').handler
    assert old.deep() == '1.0'  # loaded after admission, by a call
    site.install(version='2.0', files=files('2.0'))
    registry.reload()
    assert registry.get('one').handler.deep() == '2.0'


def lazy(site, version):
    """Return a plugin whose functions import its own modules when called."""
    return {
        'imbi_plugin_one/__init__.py': site.plugin(
            'one',
            version,
            before='import functools\n'
            'def wrapped(f):\n'
            '    @functools.wraps(f)\n'
            '    def inner(*a): return f(*a)\n'
            '    return inner',
            after='    @staticmethod\n    def deep():\n'
            '        from imbi_plugin_one import deep\n'
            '        return deep.VERSION\n'
            '    @wrapped\n    def relative(self):\n'
            '        def inside():\n'
            '            from .deep import VERSION\n'
            '        import json, imbi_plugin_one.same\n',
        ),
        'imbi_plugin_one/deep.py': f'VERSION = {version!r}',
        'imbi_plugin_one/same.py': 'VERSION = 0',
    }


def test_an_old_class_that_imports_late_gets_the_new_module_and_is_named(site):
    """One name has one module: this cannot be mended, so it is told."""
    site.install(files=lazy(site, '1.0'))
    registry = site.registry()
    old = registry.get('one').handler
    site.install(version='2.0', files=lazy(site, '2.0'))
    result = registry.reload()
    assert registry.get('one').handler.deep() == '2.0'
    assert old.deep() == '2.0'  # the weakness
    assert [one[:3] for one in result.late_imports] == [
        ('imbi-plugin-one', '1.0', '2.0')
    ] * len(result.late_imports)
    found = {one[3:] for one in result.late_imports}
    deep = 'imbi_plugin_one:Handler.deep'
    assert (deep, 'imbi_plugin_one.deep') in found
    assert ('imbi_plugin_one:Handler.relative', 'imbi_plugin_one.deep') in (
        found
    )
    assert not any('json' in module for _, module in found)
    assert not any('same' in module for _, module in found)
    assert registry.report()['late_imports'][0]['running'] == '1.0'
    assert registry.reload().late_imports == ()


def test_what_was_imported_at_the_top_stays_with_the_old_class(site):
    def files(version):
        return {
            'imbi_plugin_one/__init__.py': site.plugin(
                'one',
                version,
                before='from imbi_plugin_one import deep',
                after='    @staticmethod\n    def deep():\n'
                '        return deep.VERSION\n',
            ),
            'imbi_plugin_one/deep.py': f'VERSION = {version!r}',
        }

    site.install(files=files('1.0'))
    registry = site.registry()
    old = registry.get('one').handler
    site.install(version='2.0', files=files('2.0'))
    assert registry.reload().late_imports == ()
    assert (old.deep(), registry.get('one').handler.deep()) == ('1.0', '2.0')


def test_an_upgrade_in_the_middle_of_an_import_is_noticed(site):
    target = site.path / 'imbi_plugin_one' / '__init__.py'
    moved = (
        'import pathlib\n'
        f'pathlib.Path({str(target)!r}).write_text("changed = 1")\n'
        f'record = pathlib.Path({str(site.path)!r}) / '
        "'imbi_plugin_one-1.0.dist-info' / 'RECORD'\n"
        'record.write_text(record.read_text())'
    )
    site.install(
        files={'imbi_plugin_one/__init__.py': site.plugin(before=moved)}
    )
    registry = site.registry()
    entry = registry.get('one')
    assert [one.code for one in entry.findings] == ['changed_while_loading']
    assert entry.fingerprint == ''
    site.install()
    assert registry.reload().updated == ('imbi-plugin-one',)
    assert registry.get('one').findings == ()
    assert registry.get('one').fingerprint
    assert entry.fingerprint == ''


def test_modules_that_are_in_no_file_go_with_their_package(site):
    source = (
        'import sys, types\n'
        "made = types.ModuleType('imbi_plugin_one.made')\n"
        'made.VERSION = VERSION\n'
        "sys.modules.setdefault('imbi_plugin_one.made', made)\n"
        'from imbi_plugin_one.made import VERSION as SEEN'
    )

    def install(version):
        before = source.replace('VERSION\nsys', f'{version!r}\nsys')
        site.install(
            version=version,
            files={
                'imbi_plugin_one/__init__.py': site.plugin(
                    'one', version, before=before
                )
            },
        )

    install('1.0')
    registry = site.registry()
    install('2.0')
    registry.reload()
    assert sys.modules['imbi_plugin_one'].SEEN == '2.0'


def test_another_module_of_the_same_name_is_left_alone(site, shadow):
    """A file of the distribution that something else shadows is not its."""

    def install(version):
        site.install(
            version=version,
            files={
                'imbi_plugin_one/__init__.py': site.plugin('one', version),
                'imbi_shadowed.py': 'WHO = "plugin"',
            },
        )

    install('1.0')
    registry = site.registry()
    install('2.0')
    assert registry.reload().updated
    assert sys.modules['imbi_shadowed'] is shadow


# --- bytecode -----------------------------------------------------------


def test_bytecode_of_the_old_version_does_not_run(site, monkeypatch):
    """Equal size and equal modification time fool the import system."""
    monkeypatch.setattr(sys, 'dont_write_bytecode', False)
    file = site.path / 'imbi_plugin_one' / '__init__.py'
    site.install(version='1.0')
    os.utime(file, (10**9, 10**9))
    registry = site.registry()
    cached = Path(importlib.util.cache_from_source(str(file)))
    bytecode = cached.read_bytes()
    site.install(version='2.0')
    cached.parent.mkdir(exist_ok=True)
    cached.write_bytes(bytecode)
    # The source comes last, and with the time that the archive has for it.
    fresh = file.with_suffix('.new')
    file.rename(fresh)
    fresh.rename(file)
    os.utime(file, (10**9, 10**9))
    registry.reload()
    assert registry.get('one').version == '2.0'
    assert registry.get('one').handler.version == '2.0'


def test_bytecode_that_is_wrong_and_cannot_be_removed_is_told(
    site, monkeypatch
):
    site.install()
    registry = site.registry()
    site.install(version='2.0')
    monkeypatch.setattr(_bytecode, '_is_stale', lambda *_: True)
    monkeypatch.setattr(_bytecode, '_removed', lambda *_: False)
    result = registry.reload()
    assert codes(result) == ['bytecode_stale']
    assert registry.get('one').handler.version == '1.0'
    assert sys.modules['imbi_plugin_one'].Handler is (
        registry.get('one').handler
    )


# --- where only a restart helps -----------------------------------------


def codes(result):
    return [one.code for one in result.restart_required]


def test_machine_code_needs_a_restart(site, monkeypatch):
    site.install()
    registry = site.registry()
    module = sys.modules['imbi_plugin_one']
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    monkeypatch.setattr(
        importlib.machinery, 'EXTENSION_SUFFIXES', [suffix, '__init__.py']
    )
    site.install(version='2.0')
    result = registry.reload()
    assert codes(result) == ['extension_module']
    entry = registry.get('one')
    assert (entry.version, entry.handler.version) == ('1.0', '1.0')
    assert 'machine code' in entry.stale
    assert sys.modules['imbi_plugin_one'] is module
    assert codes(registry.reload()) == ['extension_module']
    assert registry.report()['restart_required'][0]['installed'] == '2.0'


def test_a_module_that_an_unchanged_plugin_uses_needs_a_restart(site):
    site.install()
    site.install(
        'imbi-plugin-two',
        files={
            'imbi_plugin_two/__init__.py': site.plugin(
                'two', before='from imbi_plugin_one import Handler as One'
            )
        },
    )
    registry = site.registry()
    site.install(version='2.0')
    result = registry.reload()
    assert codes(result) == ['module_shared']
    assert 'imbi_plugin_two' in result.restart_required[0].message
    assert registry.get('one').handler.version == '1.0'
    assert registry.get('one').version == '1.0'
    assert '2.0 is installed' in registry.get('one').stale


def test_both_changed_at_once_need_none(site):
    def install(version):
        site.install(version=version)
        site.install(
            'imbi-plugin-two',
            version,
            files={
                'imbi_plugin_two/__init__.py': site.plugin(
                    'two',
                    version,
                    before='from imbi_plugin_one import Handler as One',
                )
            },
        )

    install('1.0')
    registry = site.registry()
    install('2.0')
    assert codes(registry.reload()) == []
    two = sys.modules['imbi_plugin_two']
    assert two.One is registry.get('one').handler
    assert two.One.version == '2.0'


def test_a_file_that_two_distributions_ship_needs_a_restart(site):
    def install(name, version, common):
        package = f'imbi_plugin_{name}'
        site.install(
            f'imbi-plugin-{name}',
            version,
            files={
                f'{package}/__init__.py': site.plugin(
                    name, version, before='import imbi_common'
                ),
                'imbi_common.py': common,
            },
        )

    install('two', '1.0', 'X = 1')
    install('one', '1.0', 'X = 1')
    registry = site.registry()
    install('one', '2.0', 'X = 2')
    (site.path / 'imbi_common.py').write_text('X = 1')  # as the other has it
    result = registry.reload()
    assert codes(result) == ['module_shared']
    assert 'imbi-plugin-two 1.0' in result.restart_required[0].message
    assert registry.get('one').handler.version == '1.0'


@pytest.mark.parametrize('when', ['at import', 'by a call'])
def test_a_common_file_that_both_watch_is_new_for_both(site, when):
    before = 'import imbi_common' if when == 'at import' else ''

    def install(name, version, common):
        package = f'imbi_plugin_{name}'
        site.install(
            f'imbi-plugin-{name}',
            version,
            files={
                f'{package}/__init__.py': site.plugin(
                    name, version, before=before
                ),
                'imbi_common.py': common,
            },
        )

    install('two', '1.0', 'X = 1')
    install('one', '1.0', 'X = 1')
    registry = site.registry()
    importlib.import_module('imbi_common')
    install('one', '2.0', 'X = 2')
    assert registry.reload().updated == ('imbi-plugin-one', 'imbi-plugin-two')
    assert importlib.import_module('imbi_common').X == 2
    if when == 'by a call':
        return
    assert [one.code for one in registry.get('two').findings] == [
        'file_modified'
    ]


def test_what_hung_needs_a_restart(site):
    name = 'imbi-plugin-hung'  # its import lock stays taken for good
    site.install(
        name,
        files={
            'imbi_plugin_hung/__init__.py': (
                'import threading\nthreading.Event().wait(20)'
            )
        },
    )
    registry = site.registry(deadline=0.3)
    assert not registry.reload().changed
    site.install(name, '2.0')
    result = registry.reload()
    assert codes(result) == ['import_hung']
    assert registry.current.refusals[0].code == 'restart_required'
    site.uninstall(name)
    registry.reload()
    site.install(name, '3.0')
    assert codes(registry.reload()) == ['import_hung']


def test_a_library_below_the_plugins_needs_a_restart(site):
    def install(version):
        site.install(
            'some-library',
            version,
            files={'some_library.py': f'VERSION = {version!r}'},
            points='',
        )

    install('1.0')
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin(
                'one', before='import some_library'
            )
        }
    )
    registry = site.registry()
    install('2.0')
    result = registry.reload()
    assert codes(result) == ['library_changed']
    assert not result.changed
    install('1.0')
    assert codes(registry.reload()) == []


def test_the_sdk_itself_needs_a_restart(site):
    site.install('imbi-plugin-sdk', '1.0', files={'x.py': ''}, points='')
    registry = site.registry()
    site.install('imbi-plugin-sdk', '1.1', files={'x.py': ''}, points='')
    result = registry.reload()
    assert codes(result) == ['sdk_changed']
    assert result.restart_required[0].running == '1.0'
    assert result.restart_required[0].installed == '1.1'


def test_a_new_version_that_gives_the_old_class_is_not_believed(site):
    (site.path / 'imbi_elsewhere.py').write_text(site.plugin('one'))
    points = {'one': 'imbi_elsewhere:Handler'}
    site.install(files={'imbi_x.py': ''}, points=points)
    registry = site.registry()
    site.install(version='2.0', files={'imbi_x.py': ''}, points=points)
    result = registry.reload()
    assert codes(result) == ['module_kept']
    assert registry.get('one').version == '1.0'


# --- gates at reload ----------------------------------------------------


def test_a_gate_that_changed_its_mind_is_heard_without_an_import(site):
    class Gate:
        closed = False

        def problem_of(self, plugin, slug):
            block = Block('closed', slug='one')
            return block.problem_of(plugin, slug) if self.closed else None

    gate = Gate()
    site.install()
    registry = site.registry(catalog=gate)
    handler = registry.get('one').handler
    gate.closed = True
    assert registry.reload().changed
    assert registry.current.refusals[0].stage == 'catalog'
    gate.closed = False
    registry.reload()
    assert registry.get('one').handler is handler


def test_a_newer_version_that_is_blocked_leaves_the_old_one(site):
    site.install()
    registry = site.registry(
        block=[Block('bad', distribution='imbi-plugin-one', versions='>=2')]
    )
    site.install(version='2.0', files={'imbi_plugin_one/__init__.py': '1/0'})
    registry.reload()
    assert registry.get('one').handler.version == '1.0'
    assert 'block list' in registry.get('one').stale


# --- interruptions ------------------------------------------------------


def test_an_interrupted_reload_leaves_everything_as_it_was(site, monkeypatch):
    site.install()
    site.install('imbi-plugin-two')
    registry = site.registry()
    before, modules = registry.current, dict(sys.modules)
    site.install(version='2.0')
    site.install('imbi-plugin-two', '2.0')

    from imbi_plugin_sdk.registry import _guard  # noqa: PLC0415

    calls = []
    run = _guard.Guard.run_all

    def interrupted(self, jobs, on_hang):
        calls.append(jobs)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run(self, jobs, on_hang)

    monkeypatch.setattr(_guard.Guard, 'run_all', interrupted)
    with pytest.raises(KeyboardInterrupt):
        registry.reload()
    assert registry.current is before
    for name in ('imbi_plugin_one', 'imbi_plugin_two'):
        assert sys.modules[name] is modules[name]
    monkeypatch.undo()
    sys.path.insert(0, str(site.path))
    assert registry.reload().updated == ('imbi-plugin-one', 'imbi-plugin-two')
    sys.path.remove(str(site.path))


# --- requests under way -------------------------------------------------


def test_hundreds_of_calls_end_on_the_class_they_began_with(site):
    source = (
        '    async def call(self, gate):\n'
        '        import asyncio\n'
        '        seen = [type(self).version, VERSION]\n'
        '        for _ in range(5):\n'
        '            await asyncio.sleep(0)\n'
        '            seen.append(VERSION)\n'
        '        await gate.wait()\n'
        '        seen.append(VERSION)\n'
        '        return seen\n'
    )

    def install(version):
        site.install(
            version=version,
            files={
                'imbi_plugin_one/__init__.py': site.plugin(
                    'one',
                    version,
                    before=f'VERSION = {version!r}',
                    after=source,
                )
            },
        )

    async def call(registry, gate):
        with registry.lease() as snapshot:
            entry = snapshot.entries['one']
            return entry.version, await entry.handler().call(gate)

    async def main():
        install('0.0')
        registry = site.registry()
        gate = asyncio.Event()
        tasks = []
        for number in range(1, 9):
            tasks += [
                asyncio.create_task(call(registry, gate)) for _ in range(50)
            ]
            for _ in range(3):
                await asyncio.sleep(0)
            install(f'{number}.0')
            await asyncio.to_thread(registry.reload)
        census = registry.census()
        gate.set()
        results = await asyncio.gather(*tasks)
        return registry, census, results

    registry, census, results = asyncio.run(main())
    assert len(results) == 400
    for version, seen in results:
        assert set(seen) == {version}
    assert len({version for version, _ in results}) == 8
    assert [one.leases for one in census] == [50] * 8
    assert registry.census() == ()
    assert registry.get('one').handler.version == '8.0'


def test_the_census_says_how_long_ago_a_generation_was_replaced(site):
    site.install()
    registry = site.registry()
    with registry.lease() as snapshot:
        assert registry.census()[0].seconds == 0
        site.install(version='2.0')
        registry.reload()
        (held,) = registry.census()
        assert held.generation == snapshot.generation == 1
        assert held.seconds > 0
    assert registry.census() == ()
    registry.reload()
    assert not registry._replaced


def test_old_classes_are_freed_once_nobody_holds_them(site):
    site.install()
    registry = site.registry()
    old = []
    for number in range(2, 12):
        old.append(weakref.ref(registry.get('one').handler))
        site.install(version=f'{number}.0')
        assert registry.reload().updated
    deadline = time.monotonic() + 10
    while any(one() for one in old) and time.monotonic() < deadline:
        time.sleep(0.01)  # the guarded threads are about to end
        gc.collect()
    assert [one() for one in old] == [None] * len(old)


def test_two_hundred_reloads_leave_nothing_behind(site):
    site.install()
    site.install('imbi-plugin-bad', files={'imbi_plugin_bad.py': '1/0'})
    registry = site.registry()
    gc.collect()
    threads, objects = threading.active_count(), len(gc.get_objects())
    for _ in range(200):
        registry.reload()
    gc.collect()
    assert registry.current.generation == 1
    assert len(gc.get_objects()) - objects < 200
    assert threading.active_count() <= threads + 1


# --- fingerprints -------------------------------------------------------


def test_two_places_with_the_same_plugins_agree(site, tmp_path, monkeypatch):
    site.install()
    here = site.registry()
    del sys.modules['imbi_plugin_one']
    other = type(site)(tmp_path / 'other')
    other.path.mkdir()
    other.install()
    monkeypatch.syspath_prepend(str(other.path))
    there = PluginRegistry([other.path])
    assert list(there.current.entries) == ['one']
    assert here.fingerprint == there.fingerprint
    other.install(version='2.0')
    assert there.reload().changed
    assert here.fingerprint != there.fingerprint


def test_code_from_another_place_does_not_get_the_name(site, tmp_path):
    """A directory that is not on the path, or stands behind another."""
    site.install()
    other = type(site)(tmp_path / 'other')
    other.path.mkdir()
    other.install(version='2.0')
    registry = PluginRegistry([other.path])
    for _ in range(2):
        (refusal,) = registry.current.refusals
        assert (refusal.version, refusal.code) == ('2.0', 'module_elsewhere')
        assert not registry.reload().changed


def test_an_editable_install_runs_what_was_edited(site, tmp_path):
    project = tmp_path / 'project' / 'src'
    package = project / 'imbi_plugin_one'
    package.mkdir(parents=True)
    (package / '__init__.py').write_text(site.plugin('one', 'a'))
    (package / 'later.py').write_text('')
    site.install(
        files={'imbi_plugin_one.pth': f'{project}\n'},
        extra={
            'direct_url.json': (
                f'{{"url": "{(tmp_path / "project").as_uri()}", '
                '"dir_info": {"editable": true}}'
            )
        },
    )
    sys.path.insert(0, str(project))
    try:
        registry = site.registry()
        assert registry.get('one').editable
        assert not registry.reload().changed
        (package / '__init__.py').write_text(site.plugin('one', 'b'))
        assert registry.reload().updated == ('imbi-plugin-one',)
        assert registry.get('one').handler.version == 'b'
        before = registry.fingerprint
        (package / 'later.py').write_text('X = 1')
        registry.reload()
        assert registry.fingerprint != before
        (package / 'added.py').write_text('')
        assert registry.reload().changed
    finally:
        sys.path.remove(str(project))


@pytest.mark.parametrize('kind', ['dist-info', 'egg-info'])
def test_a_distribution_without_record_is_told_by_its_files(site, kind):
    def install(version):
        site.uninstall('imbi-plugin-one')
        site.install(version=version, record=False, kind=kind)

    install('1.0')
    registry = site.registry()
    assert not registry.reload().changed
    install('2.0')
    assert registry.reload().updated == ('imbi-plugin-one',)
    assert registry.get('one').handler.version == '2.0'
