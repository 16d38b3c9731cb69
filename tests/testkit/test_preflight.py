"""Imports that would end the host are rehearsed elsewhere and refused."""

import sys

import pytest

from imbi_plugin_sdk.registry import PluginRegistry
from imbi_plugin_testkit.preflight import subprocess_preflight

ENDINGS = {
    'exit': ('import os\nos._exit(3)\n', 'exit code 3'),
    'segfault': (
        'import ctypes\nctypes.string_at(0)\n',
        'signal SIGSEGV',
    ),
    'hang in C': (
        'import re\nre.match(r"(a|a)*$", "a" * 64 + "b")\n',
        'did not end within 1 s',
    ),
}


@pytest.fixture
def loaded(make_distribution, monkeypatch):
    def load(code):
        bad = make_distribution(
            name='imbi-plugin-bad',
            files={'imbi_plugin_bad/__init__.py': code},
            entry_points={'bad': 'imbi_plugin_bad:Bad'},
        )
        good = make_distribution(name='imbi-plugin-good')
        for made in (bad, good):
            monkeypatch.syspath_prepend(str(made.site))
        return PluginRegistry(
            [str(bad.site), str(good.site)],
            preflight=subprocess_preflight(deadline=1.0),
        )

    yield load
    for name in ('imbi_plugin_bad', 'imbi_plugin_good'):
        sys.modules.pop(name, None)


@pytest.mark.parametrize('name', ENDINGS)
def test_what_would_end_the_host_is_refused_and_the_rest_loads(loaded, name):
    code, says = ENDINGS[name]
    registry = loaded(code)
    assert list(registry.current.entries) == ['good']
    (refusal,) = registry.current.refusals
    assert refusal.distribution == 'imbi-plugin-bad'
    assert says in refusal.message


def test_an_exception_is_left_to_the_registry(loaded):
    registry = loaded('raise ImportError("no such thing")\n')
    (refusal,) = registry.current.refusals
    assert refusal.stage == 'import'
    assert 'no such thing' in refusal.message
