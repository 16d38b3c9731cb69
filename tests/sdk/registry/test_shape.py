"""The quick look at a class never says yes where the thorough one says no."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from imbi_plugin_sdk.contract import CONTRACTS, conformance, methods
from imbi_plugin_sdk.handlers.logs import LogsPlugin
from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.manifest._declaration import judged_twin
from imbi_plugin_sdk.registry._shape import plainly_conforms

HEAD = """
import abc, functools
from imbi_plugin_sdk import LogsPlugin
def decorated(f):
    @functools.wraps(f)
    def inner(*a, **k): return f(*a, **k)
    return inner
"""

GOOD = """
class Handler(LogsPlugin):
    async def search(self, ctx, credentials, query): ...
    async def schema(self, ctx, credentials): ...
"""

EDITS = [
    ('async def search', 'def search'),
    ('async def search', '@staticmethod\n    async def search'),
    ('async def search', '@classmethod\n    async def search'),
    ('async def search', '@decorated\n    async def search'),
    ('async def search', '@abc.abstractmethod\n    async def search'),
    ('async def search', 'async def find'),
    ('ctx, credentials, query', 'ctx, query, credentials'),
    ('ctx, credentials, query', 'ctx, credentials'),
    ('ctx, credentials, query', 'ctx, credentials, query, more'),
    ('ctx, credentials, query', 'ctx, credentials, query, more=1'),
    ('ctx, credentials, query', 'ctx, credentials, *, query'),
    ('ctx, credentials, query', 'ctx, credentials, query, /'),
    ('ctx, credentials, query', 'ctx, creds, query'),
    ('ctx, credentials, query', '*args, **kwargs'),
    ('self, ctx, credentials, query', 'ctx, credentials, query'),
    ('query): ...', 'query): yield 1'),
    ('(LogsPlugin)', ''),
    ('(LogsPlugin)', '(LogsPlugin, metaclass=type("M", (abc.ABCMeta,), {}))'),
    (
        '    async def schema',
        '    def __init__(self, x): ...\n    async def schema',
    ),
    (
        '    async def schema',
        '    def __init__(self): ...\n    async def schema',
    ),
    (
        '    async def schema',
        '    def __new__(cls, x): ...\n    async def schema',
    ),
    (
        '    async def schema',
        '    async def histogram(self): ...\n    async def schema',
    ),
    ('    async def schema', '    search = 5\n    async def schema'),
    (
        '    async def schema(self, ctx, credentials): ...',
        'Handler.__abstractmethods__ = frozenset()',
    ),
    (
        '    async def schema',
        '    @abc.abstractmethod\n    def own(self): ...\n'
        '    async def schema',
    ),
]


def build(source):
    namespace = {}
    exec(HEAD + source, namespace)
    return namespace['Handler']


def test_a_class_written_as_the_contract_is_seen_at_once():
    assert plainly_conforms(build(GOOD), LogsPlugin)


@pytest.mark.parametrize(('old', 'new'), EDITS)
def test_a_quick_yes_is_a_thorough_yes(old, new):
    assert old in GOOD
    cls = build(GOOD.replace(old, new))
    errors = [
        problem.code
        for problem in conformance(cls, 'logs')
        if problem.code != 'annotation_contradicts'
    ]
    if plainly_conforms(cls, LogsPlugin):
        assert errors == []


@pytest.mark.parametrize('plugin_type', CONTRACTS)
def test_each_contract_itself_is_plain_but_for_what_it_leaves_open(
    plugin_type,
):
    protocol = CONTRACTS[plugin_type].protocol
    members = {}
    for name, spec in methods(plugin_type).items():
        if not spec.required:
            continue
        member = vars(protocol)[name]
        function = getattr(member, '__func__', member)
        fresh = type(function)(
            function.__code__,
            {},
            name,
            function.__defaults__,
        )
        fresh.__kwdefaults__ = function.__kwdefaults__
        members[name] = (
            classmethod(fresh) if spec.kind == 'classmethod' else fresh
        )
    cls = type(protocol)('Handler', (protocol,), members)
    assert plainly_conforms(cls, protocol)
    for name in members:
        part = {key: value for key, value in members.items() if key != name}
        assert not plainly_conforms(
            type(protocol)('Handler', (protocol,), part), protocol
        )


def test_a_default_that_differs_is_not_plain():
    protocol = CONTRACTS['deployment'].protocol
    for name, member in vars(protocol).items():
        function = getattr(member, '__func__', member)
        if getattr(function, '__defaults__', None):
            changed = type(function)(
                function.__code__,
                {},
                name,
                tuple(object() for _ in function.__defaults__),
            )
            cls = type(protocol)('Handler', (protocol,), {name: changed})
            assert not plainly_conforms(cls, protocol)
            return
    pytest.fail('no method of the deployment contract has a default')


def test_a_frozen_copy_equals_pickles_and_copies():
    manifest = PluginManifest(
        slug='a',
        name='A',
        plugin_type='logs',
        options=[
            {'name': 'x', 'label': 'X', 'type': 'string', 'default': 'y'}
        ],
        ops_log_templates={'set': {'label': 'Set'}},
    )
    frozen = judged_twin(manifest)
    assert frozen == manifest
    assert frozen.model_dump() == manifest.model_dump()
    assert json.loads(frozen.model_dump_json()) == json.loads(
        manifest.model_dump_json()
    )
    assert pickle.loads(pickle.dumps(frozen)) == manifest
    for again in (copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))):
        again.options.append(1)
        again.ops_log_templates['x'] = 1
    assert copy.copy(frozen.options) == [*manifest.options]
    assert len(frozen.options) == 1
    assert PluginManifest.model_validate(frozen.model_dump()) == manifest
