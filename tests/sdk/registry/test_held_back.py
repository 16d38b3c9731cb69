"""What a new version cannot do, the old one goes on doing, and says why."""

from __future__ import annotations

import importlib.machinery
import sys

import pytest

from imbi_plugin_sdk.registry import Block


def codes(result):
    return [one.code for one in result.restart_required]


def install(site, slug, version='1.0', *, name='one', point=None):
    """Install a distribution whose plugin has some slug."""
    site.install(
        f'imbi-plugin-{name}',
        version,
        files={f'imbi_plugin_{name}/__init__.py': site.plugin(slug, version)},
        points={point or slug: f'imbi_plugin_{name}:Handler'},
    )


# --- slugs and entry points ----------------------------------------------


def test_a_new_version_whose_slug_is_taken_leaves_the_old_one(site):
    install(site, 'alpha', name='a')
    install(site, 'beta', name='b')
    registry = site.registry()
    old = registry.get('beta')
    module = sys.modules['imbi_plugin_b']
    install(site, 'alpha', '2.0', name='b')
    result = registry.reload()
    entry = registry.get('beta')
    assert (entry.handler, entry.version) == (old.handler, '1.0')
    assert 'slug_taken' in entry.stale
    assert result.stale == ('imbi-plugin-b',)
    assert result.updated == ()
    assert registry.get('alpha').distribution == 'imbi-plugin-a'
    (refusal,) = registry.current.refusals
    assert (refusal.version, refusal.code) == ('2.0', 'slug_taken')
    assert sys.modules['imbi_plugin_b'] is module
    assert not registry.reload().changed
    install(site, 'gamma', '3.0', name='b')
    assert registry.reload().updated == ('imbi-plugin-b',)
    assert list(registry.current.entries) == ['alpha', 'gamma']


def test_a_slug_that_is_free_again_lets_the_new_version_in(site):
    install(site, 'alpha', name='a')
    install(site, 'beta', name='b')
    registry = site.registry()
    install(site, 'alpha', '2.0', name='b')
    registry.reload()
    site.uninstall('imbi-plugin-a')
    assert registry.reload().updated == ('imbi-plugin-b',)
    assert registry.get('alpha').handler.version == '2.0'
    assert list(registry.current.entries) == ['alpha']


def test_two_distributions_swap_their_slugs(site):
    install(site, 'alpha', name='a')
    install(site, 'beta', name='b')
    registry = site.registry()
    install(site, 'beta', '2.0', name='a')
    install(site, 'alpha', '2.0', name='b')
    result = registry.reload()
    assert result.updated == ('imbi-plugin-a', 'imbi-plugin-b')
    assert result.refusals == ()
    assert registry.get('beta').distribution == 'imbi-plugin-a'
    assert registry.get('alpha').distribution == 'imbi-plugin-b'


def test_a_label_that_is_taken_holds_the_new_version_back(site):
    def labelled(name, version, label):
        site.install(
            f'imbi-plugin-{name}',
            version,
            files={
                f'imbi_plugin_{name}/__init__.py': site.plugin(
                    name,
                    version,
                    before='from imbi_plugin_sdk.manifest '
                    'import PluginVertexLabel',
                    extra='vertex_labels=[PluginVertexLabel(\n'
                    f'    name={label!r}, model_ref="m:M",\n)]',
                )
            },
        )

    labelled('a', '1.0', 'Alpha')
    labelled('b', '1.0', 'Beta')
    registry = site.registry()
    assert not registry.current.refusals
    labelled('b', '2.0', 'Alpha')
    registry.reload()
    assert registry.get('b').handler.version == '1.0'
    assert 'schema_collision' in registry.get('b').stale


def test_one_distribution_that_takes_its_own_slug_twice_is_held_back(site):
    def files(version, second):
        return {
            'imbi_plugin_one/__init__.py': '',
            'imbi_plugin_one/a.py': site.plugin('a', version),
            'imbi_plugin_one/b.py': site.plugin(second, version),
        }

    points = {
        'a': 'imbi_plugin_one.a:Handler',
        'b': 'imbi_plugin_one.b:Handler',
    }
    site.install(files=files('1.0', 'b'), points=points)
    registry = site.registry()
    site.install(version='2.0', files=files('2.0', 'a'), points=points)
    registry.reload()
    assert {
        slug: (entry.version, entry.handler.version)
        for slug, entry in registry.current.entries.items()
    } == {'a': ('1.0', '1.0'), 'b': ('1.0', '1.0')}


def test_a_renamed_entry_point_that_is_broken_leaves_the_old_one(site):
    install(site, 'alpha', name='a')
    registry = site.registry()
    site.install(
        'imbi-plugin-a',
        '2.0',
        files={'imbi_plugin_a/__init__.py': '1/0'},
        points={'omega': 'imbi_plugin_a:Handler'},
    )
    registry.reload()
    assert registry.get('alpha').handler.version == '1.0'
    assert 'ZeroDivisionError' in registry.get('alpha').stale


def test_a_renamed_entry_point_that_works_takes_the_place_of_the_old(site):
    install(site, 'alpha', name='a')
    registry = site.registry()
    install(site, 'omega', '2.0', name='a')
    registry.reload()
    assert list(registry.current.entries) == ['omega']
    assert registry.get('omega').handler.version == '2.0'


def test_another_entry_point_that_is_broken_holds_nothing_back(site):
    install(site, 'alpha', name='a')
    registry = site.registry()
    site.install(
        'imbi-plugin-a',
        '2.0',
        files={
            'imbi_plugin_a/__init__.py': site.plugin('alpha', '2.0'),
            'imbi_plugin_a/more.py': '1/0',
        },
        points={
            'alpha': 'imbi_plugin_a:Handler',
            'more': 'imbi_plugin_a.more:Handler',
        },
    )
    registry.reload()
    assert registry.get('alpha').handler.version == '2.0'
    assert [one.entry_point for one in registry.current.refusals] == ['more']


# --- back to what runs ---------------------------------------------------


def test_machine_code_back_to_the_version_that_runs_is_current(
    site, monkeypatch
):
    site.install()
    registry = site.registry()
    handler = registry.get('one').handler
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    monkeypatch.setattr(
        importlib.machinery, 'EXTENSION_SUFFIXES', [suffix, '__init__.py']
    )
    site.install(version='2.0')
    assert codes(registry.reload()) == ['extension_module']
    site.install(version='1.0')
    result = registry.reload()
    assert codes(result) == []
    assert result.changed
    assert result.stale == ()
    assert registry.get('one').stale == ''
    assert registry.get('one').handler is handler
    assert registry.current.refusals == ()
    assert not registry.reload().changed


def test_going_back_to_the_version_that_runs_imports_nothing(site):
    site.install()
    registry = site.registry()
    handler = registry.get('one').handler
    site.install(version='2.0', files={'imbi_plugin_one/__init__.py': '1/0'})
    registry.reload()
    site.install(version='1.0')
    assert registry.reload().changed
    assert registry.get('one').handler is handler
    assert registry.get('one').stale == ''


# --- what hung -----------------------------------------------------------


def test_a_new_version_that_hangs_is_not_imported_again(site):
    name = 'imbi-plugin-slow'  # its import lock stays taken for good
    site.install(name)
    registry = site.registry(deadline=0.3)
    site.install(
        name,
        '2.0',
        files={
            'imbi_plugin_slow/__init__.py': (
                'import threading\nthreading.Event().wait(20)'
            )
        },
    )
    result = registry.reload()
    assert result.stale == (name,)
    assert registry.get('slow').handler.version == '1.0'
    site.install(name, '3.0')
    result = registry.reload()
    assert codes(result) == ['import_hung']
    assert result.seconds < 0.25
    assert registry.get('slow').handler.version == '1.0'
    site.install(name)
    result = registry.reload()
    assert (codes(result), result.stale) == ([], ())


# --- which modules are put back ------------------------------------------

INIT = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"


def old_style(site, name, version='1.0', source=None):
    """Install a plugin in a namespace whose `__init__.py` all ship."""
    site.install(
        f'imbi-plugin-{name}',
        version,
        files={
            'imbi_old/__init__.py': INIT,
            f'imbi_old/{name}.py': source or site.plugin(name, version),
        },
        points={name: f'imbi_old.{name}:Handler'},
    )


def test_an_old_style_namespace_stays_where_an_exchange_fails(site):
    old_style(site, 'a')
    old_style(site, 'b')
    registry = site.registry()
    before = {
        name: sys.modules[name]
        for name in ('imbi_old', 'imbi_old.a', 'imbi_old.b')
    }
    old_style(site, 'a', '2.0', '1/0')
    (site.path / 'imbi_old' / '__init__.py').write_text(INIT)
    registry.reload()
    assert registry.get('a').handler.version == '1.0'
    assert {name: sys.modules.get(name) for name in before} == before


@pytest.mark.parametrize('broken', ['a', 'b'])
def test_of_two_that_change_in_one_namespace_the_broken_is_put_back(
    site, broken
):
    other = 'b' if broken == 'a' else 'a'
    old_style(site, 'a')
    old_style(site, 'b')
    registry = site.registry()
    module = sys.modules[f'imbi_old.{broken}']
    old_style(site, other, '2.0')
    old_style(site, broken, '2.0', '1/0')
    (site.path / 'imbi_old' / '__init__.py').write_text(INIT)
    assert registry.reload().updated == (f'imbi-plugin-{other}',)
    assert registry.get(broken).handler.version == '1.0'
    assert registry.get(other).handler.version == '2.0'
    assert sys.modules[f'imbi_old.{broken}'] is module
    parent = sys.modules['imbi_old']
    for name in ('a', 'b'):
        assert getattr(parent, name) is sys.modules[f'imbi_old.{name}']


def test_a_module_of_the_host_stays_where_an_exchange_fails(site, shadow):
    def files(source):
        return {
            'imbi_plugin_one/__init__.py': source,
            'imbi_shadowed.py': 'WHO = "plugin"',
        }

    site.install(files=files(site.plugin()))
    registry = site.registry()
    site.install(version='2.0', files=files('1/0'))
    registry.reload()
    assert sys.modules['imbi_shadowed'] is shadow


def test_another_name_of_a_module_goes_with_it(site):
    def source(version):
        return site.plugin(
            'one',
            version,
            before='import sys\n'
            'sys.modules.setdefault("imbi_alias", sys.modules[__name__])\n'
            'import imbi_alias',
        )

    site.install(files={'imbi_plugin_one/__init__.py': source('1.0')})
    registry = site.registry()
    old = sys.modules['imbi_alias']
    site.install(
        version='2.0', files={'imbi_plugin_one/__init__.py': source('2.0')}
    )
    registry.reload()
    assert sys.modules['imbi_alias'] is sys.modules['imbi_plugin_one']
    assert sys.modules['imbi_alias'] is not old
    new = sys.modules['imbi_alias']
    site.install(
        version='3.0',
        files={'imbi_plugin_one/__init__.py': source('3.0') + '1/0'},
    )
    registry.reload()
    assert sys.modules['imbi_alias'] is new
    assert registry.get('one').handler.version == '2.0'


def test_machine_code_of_a_failed_version_is_not_loaded_twice(
    site, monkeypatch
):
    """A process keeps it, whatever becomes of the module's name."""

    def files(version, tail=''):
        return {
            'imbi_plugin_one/__init__.py': site.plugin(
                'one', version, before=BEFORE, after=tail
            ),
            'imbi_plugin_one/machine.py': 'X = 1',
        }

    site.install()
    registry = site.registry()
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    monkeypatch.setattr(
        importlib.machinery, 'EXTENSION_SUFFIXES', [suffix, 'machine.py']
    )
    site.install(version='2.0', files=files('2.0', '1/0'))
    assert codes(registry.reload()) == []
    assert registry.get('one').handler.version == '1.0'
    site.install(version='2.1', files=files('2.1'))
    assert codes(registry.reload()) == ['extension_module']
    site.install(version='2.2')
    assert registry.reload().updated == ('imbi-plugin-one',)


BEFORE = 'import imbi_plugin_one.machine'


def test_machine_code_under_another_name_is_not_loaded_twice(
    site, monkeypatch
):
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    monkeypatch.setattr(
        importlib.machinery, 'EXTENSION_SUFFIXES', [suffix, 'machine.py']
    )
    files = {
        'imbi_plugin_one/__init__.py': site.plugin('one', before=BEFORE),
        'imbi_plugin_one/machine.py': 'X = 1',
    }
    points = {'one': 'imbi_plugin_one:Handler'}
    site.install('imbi-plugin-one', files=files, points=points)
    registry = site.registry()
    site.uninstall('imbi-plugin-one')
    registry.reload()
    site.install('imbi-plugin-uno', '2.0', files=files, points=points)
    assert codes(registry.reload()) == ['extension_module']
    assert not registry.current.entries


# --- who else holds it ---------------------------------------------------


def test_what_is_removed_while_another_uses_it_needs_a_restart(site):
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
    site.uninstall('imbi-plugin-one')
    result = registry.reload()
    assert result.removed == ('imbi-plugin-one',)
    (restart,) = result.restart_required
    assert (restart.code, restart.running, restart.installed) == (
        'module_shared',
        '1.0',
        '',
    )
    assert 'imbi_plugin_two' in restart.message
    assert list(registry.current.entries) == ['two']


def test_what_stays_old_holds_back_what_it_uses(site):
    """Of two that change together, one cannot: the other is not mixed in."""

    def both(version, second):
        site.install(version=version)
        site.install(
            'imbi-plugin-two',
            version,
            files={'imbi_plugin_two/__init__.py': second},
        )

    both(
        '1.0',
        site.plugin(
            'two', '1.0', before='from imbi_plugin_one import Handler as One'
        ),
    )
    registry = site.registry()
    both('2.0', '1/0')
    result = registry.reload()
    assert result.stale == ('imbi-plugin-one', 'imbi-plugin-two')
    assert registry.get('one').handler.version == '1.0'
    two = sys.modules['imbi_plugin_two']
    assert two.One is registry.get('one').handler


# --- gates ---------------------------------------------------------------


def test_a_block_of_the_version_that_runs_is_heard_while_it_is_stale(site):
    class Gate:
        blocks = ()

        def problem_of(self, plugin, slug):
            for block in self.blocks:
                problem = block.problem_of(plugin, slug)
                if problem:
                    return problem
            return None

    gate = Gate()
    site.install()
    registry = site.registry(catalog=gate)
    site.install(version='2.0', files={'imbi_plugin_one/__init__.py': '1/0'})
    registry.reload()
    gate.blocks = (
        Block('bad', distribution='imbi-plugin-one', versions='<2'),
    )
    registry.reload()
    assert not registry.current.entries
    assert {one.version for one in registry.current.refusals} == {
        '1.0',
        '2.0',
    }
