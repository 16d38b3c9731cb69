"""The garbage collector during a cold load, and after it."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest

from imbi_plugin_sdk.registry import _collector
from imbi_plugin_sdk.registry._collector import undisturbed


@pytest.fixture(autouse=True)
def thresholds():
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def install(site, code, number=1):
    """Install a plugin whose module runs some code; return its module."""
    name = f'imbi_plugin_collected_{number}'
    site.install(
        name.replace('_', '-'),
        files={
            f'{name}/__init__.py': f'import gc\n{code}\n'
            + site.plugin(f'seen-{number}')
        },
        points={f'seen-{number}': f'{name}:Handler'},
    )
    return name


def test_it_looks_less_often_in_a_cold_load_and_as_ever_in_a_reload(site):
    code = 'SEEN = gc.get_threshold(), gc.isenabled()'
    name = install(site, code)
    registry = site.registry()
    assert sys.modules[name].SEEN == ((_collector.FEW, 10, 10), True)
    assert gc.get_threshold() == (700, 10, 10)
    name = install(site, code, 2)
    assert registry.reload().added
    assert sys.modules[name].SEEN == ((700, 10, 10), True)


def test_what_a_cold_load_made_is_old_and_garbage_among_it_goes():
    class Node:
        pass

    def work():
        node = Node()
        node.itself = node
        gone.append(weakref.ref(node))
        return [Node() for _ in range(10)]

    gone = []
    gc.collect()
    made = undisturbed(work)
    assert any(one is made[0] for one in gc.get_objects(generation=2))
    assert not gc.get_freeze_count()
    gc.collect()
    assert gone[0]() is None


@pytest.mark.parametrize(
    'given', [(0, 10, 10), (_collector.FEW, 5, 5), (_collector.FEW + 1, 1, 1)]
)
def test_a_host_that_has_it_look_less_often_or_never_is_let_alone(given):
    gc.set_threshold(*given)
    assert undisturbed(gc.get_threshold) == given
    assert gc.get_threshold() == given


def test_a_host_that_has_frozen_objects_is_let_alone():
    gc.freeze()
    count = gc.get_freeze_count()
    assert undisturbed(gc.get_threshold) == (700, 10, 10)
    assert gc.get_freeze_count() >= count - 100  # what is freed leaves


def test_what_is_frozen_meanwhile_stays_frozen():
    undisturbed(gc.freeze)
    assert gc.get_freeze_count() > _collector.BORN_FROZEN


def test_what_an_interpreter_starts_with_is_told_from_what_a_host_froze():
    code = (
        'import gc; born = gc.get_freeze_count(); gc.freeze(); '
        'print(born, gc.get_freeze_count())'
    )
    born, frozen = subprocess.check_output(
        [sys.executable, '-I', '-S', '-c', code], text=True
    ).split()
    assert 2 * int(born) < _collector.BORN_FROZEN < int(frozen) / 2


def test_it_is_put_back_whatever_is_raised():
    def work():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        undisturbed(work)
    assert gc.get_threshold() == (700, 10, 10)


def test_what_a_plugin_sets_is_told_and_left_as_every_limit_is(site):
    install(site, 'gc.set_threshold(123, 4, 5)')
    (entry,) = site.registry().current.entries.values()
    assert [one.code for one in entry.findings] == ['effect_limits']
    assert gc.get_threshold() == (123, 4, 5)


def test_a_long_import_is_still_collected(site, monkeypatch):
    monkeypatch.setattr(_collector, 'FEW', 5000)
    code = (
        'import weakref\n'
        'class Node: pass\n'
        'def leave():\n'
        '    node = Node()\n'
        '    node.itself = node\n'
        '    return weakref.ref(node)\n'
        'REFS = [leave() for _ in range(20_000)]\n'
        'GONE = sum(ref() is None for ref in REFS)\n'
    )
    name = install(site, code)
    site.registry()
    assert sys.modules[name].GONE > 10_000
