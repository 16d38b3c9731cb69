"""The table of contracts, versions, and what counts as implemented."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import inspect
import subprocess
import sys
import typing

import pytest

from imbi_plugin_sdk import (
    ContractError,
    DeploymentPlugin,
    LifecyclePlugin,
    LogsPlugin,
    PluginManifest,
    PluginType,
)
from imbi_plugin_sdk.contract import (
    CONTRACTS,
    Deprecation,
    contract_for,
    is_implemented,
    methods,
    negotiate,
)

# --- the table ---------------------------------------------------------


def test_there_is_one_contract_per_plugin_type_in_the_same_order():
    assert tuple(CONTRACTS) == typing.get_args(PluginType)
    for plugin_type, contract in CONTRACTS.items():
        assert contract.plugin_type == plugin_type
        assert contract_for(plugin_type) is contract
        assert contract.current == contract.oldest == (1, 0)


def test_no_one_can_change_the_table():
    with pytest.raises(TypeError):
        CONTRACTS['logs'] = CONTRACTS['webhook']
    with pytest.raises(dataclasses.FrozenInstanceError):
        CONTRACTS['logs'].versions = ()
    with pytest.raises(TypeError):
        CONTRACTS['logs'].capabilities['x'] = ()
    with pytest.raises(TypeError):
        methods('logs')['x'] = None


def test_flags_and_hooks_name_what_the_manifest_and_the_handlers_have():
    flags = {
        flag: (name, promised)
        for name, contract in CONTRACTS.items()
        for flag, promised in contract.capabilities.items()
    }
    assert flags == {
        'supports_histogram': ('logs', ('histogram',)),
        'supports_deployment_sync': (
            'deployment',
            ('list_recent_deployments',),
        ),
        'supports_lifecycle_sync': (
            'lifecycle',
            ('on_project_created', 'on_project_updated'),
        ),
    }
    assert set(flags) <= set(PluginManifest.model_fields)
    for name, promised in flags.values():
        assert set(promised) <= set(methods(name))

    hooks = CONTRACTS['lifecycle'].hooks
    field = PluginManifest.model_fields['lifecycle_events']
    (events,) = typing.get_args(field.annotation)
    assert set(hooks) == set(typing.get_args(events))
    assert set(hooks.values()) <= set(methods('lifecycle'))
    assert [n for n, c in CONTRACTS.items() if c.hooks] == ['lifecycle']


def test_a_method_is_described_as_a_caller_sees_it():
    spec = methods('logs')['histogram']
    assert (spec.name, spec.required, spec.kind) == (
        'histogram',
        False,
        'coroutine',
    )
    assert [p.name for p in spec.parameters] == [
        'ctx',
        'credentials',
        'query',
        'bucket_count',
    ]
    assert spec.parameters[-1].default == 60
    assert typing.get_origin(spec.returns) is list
    assert methods('webhook')['actions'].kind == 'classmethod'
    assert methods('webhook')['actions'].parameters == ()
    assert methods('connection') == {}


@pytest.mark.parametrize('call', [contract_for, methods])
def test_an_unknown_plugin_type_comes_with_the_likely_one(call):
    with pytest.raises(ContractError, match="Did you mean 'logs'") as caught:
        call('log')
    (problem,) = caught.value.problems
    assert problem.code == 'plugin_type_unknown'


@pytest.mark.parametrize('version', [0, 2, True])
def test_a_major_that_is_not_served_is_an_error(version):
    with pytest.raises(ContractError) as caught:
        contract_for('logs', version)
    (problem,) = caught.value.problems
    assert problem.code == 'api_version_unsupported'
    assert 'serves 1.0' in problem.message


def test_the_table_imports_no_handler():
    code = (
        'import sys, imbi_plugin_sdk.contract\n'
        'print([m for m in sys.modules if ".handlers" in m],'
        ' "pydantic" in sys.modules)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ['[]', 'False']


# --- versions ----------------------------------------------------------

DAY = dt.date(2031, 5, 1)
LATER = {
    'logs': dataclasses.replace(
        CONTRACTS['logs'],
        versions=((1, 2), (1, 3), (2, 0), (2, 1)),
        deprecations=(Deprecation((2, 0), (3, 0), DAY, 'Port it to 2.1.'),),
    )
}


class Major(enum.IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()

    def __str__(self):
        raise SystemExit


class Thrower:
    @property
    def __class__(self):
        raise SystemExit


DECLARED = [
    (1, 'ok', (1, 0)),
    (Major.ONE, 'ok', (1, 0)),
    ('>=1.0,<2', 'ok', (1, 0)),
    ('~=1.0', 'ok', (1, 0)),
    ('==1.*', 'ok', (1, 0)),
    (' >= 1 ', 'ok', (1, 0)),
    (Text('>=1'), 'ok', (1, 0)),
    ('===1.0', 'ok', (1, 0)),
    (2, 'too_new', None),
    (10**5000, 'too_new', None),
    ('>=1.1', 'too_new', None),
    ('>1.0', 'too_new', None),
    ('==2.3', 'too_new', None),
    ('!=1.0', 'too_new', None),
    ('>=1!0', 'too_new', None),
    ('<1', 'too_old', None),
    ('~=0.9', 'too_old', None),
    ('>1,<1', 'invalid', None),
    ('===one', 'invalid', None),
    ('', 'invalid', None),
    ('  ', 'invalid', None),
    (',', 'invalid', None),
    (' , ,', 'invalid', None),
    ('1', 'invalid', None),
    ('1.0', 'invalid', None),
    ('^1.0', 'invalid', None),
    ('>=1' + ',>=1' * 99, 'invalid', None),
    (True, 'invalid', None),
    (False, 'invalid', None),
    (0, 'invalid', None),
    (-1, 'invalid', None),
    (1.0, 'invalid', None),
    (None, 'invalid', None),
    (b'1', 'invalid', None),
    ((1, 0), 'invalid', None),
    (Thrower(), 'invalid', None),
]


@pytest.mark.parametrize(
    ('declared', 'state', 'version'),
    DECLARED,
    ids=[str(row) for row in range(len(DECLARED))],  # one is too long to print
)
def test_what_is_declared_is_negotiated(declared, state, version):
    found = negotiate('logs', declared)
    assert (found.state, found.version) == (state, version)
    assert found.is_served is (version is not None)
    assert "this SDK serves 1.0 for plugin type 'logs'" in found.message
    assert bool(found.remedy) is (state != 'ok')
    assert len(found.message) < 300


@pytest.mark.parametrize(
    ('declared', 'state', 'version'),
    [
        (1, 'deprecated', (1, 3)),
        ('==1.2', 'deprecated', (1, 2)),
        ('>=1.2', 'ok', (2, 1)),
        ('>=1.2,<2.1', 'ok', (2, 0)),
        (2, 'ok', (2, 1)),
        (3, 'too_new', None),
        ('>=2.2', 'too_new', None),
        ('<1.2', 'too_old', None),
        ('==1.1', 'too_old', None),
        ('==1.7', 'invalid', None),
    ],
)
def test_the_highest_common_version_is_taken(declared, state, version):
    found = negotiate('logs', declared, contracts=LATER)
    assert (found.state, found.version) == (state, version)


def test_a_deprecation_says_since_when_until_when_and_what_to_do():
    found = negotiate('logs', 1, contracts=LATER)
    assert 'deprecated since 2.0 and removed in 3.0' in found.message
    assert 'not before 2031-05-01' in found.message
    assert found.remedy == 'Port it to 2.1.'


def test_a_plugin_type_of_a_later_contract_is_unsupported_not_broken():
    for declared in (1, True, 10**5000, None):
        found = negotiate('dashboards', declared)
        assert (found.state, found.version) == ('too_new', None)
        assert "'dashboards', which this SDK does not know" in found.message


def test_a_host_can_serve_less():
    assert negotiate('webhook', 1, contracts=LATER).state == 'too_new'
    newest = dataclasses.replace(LATER['logs'], versions=((2, 1),))
    found = negotiate('logs', 1, contracts={'logs': newest})
    assert found.state == 'too_old'
    assert found.remedy == 'Upgrade the plugin, or port it to contract 2.1.'


@pytest.mark.parametrize(
    'versions', [(), ((2, 0), (1, 0)), ((1, 0), (1, 0))], ids=str
)
def test_the_versions_of_a_contract_go_up(versions):
    with pytest.raises(ValueError, match='the oldest first'):
        dataclasses.replace(CONTRACTS['logs'], versions=versions)


# --- implemented or not ------------------------------------------------


class Inherits(LogsPlugin):
    pass


class OnlyRaises:
    """Bodies that only raise NotImplementedError, in many spellings."""

    async def bare(self, ctx, credentials):
        raise NotImplementedError

    async def called(self, ctx, credentials):
        """With a docstring."""
        raise NotImplementedError('not here')

    async def from_none(self, ctx, credentials):
        raise NotImplementedError('not here') from None

    async def message_first(self, ctx, credentials):
        message = 'not here'
        raise NotImplementedError(message)

    async def formatted(self, ctx, credentials):
        raise NotImplementedError(f'{type(self).__name__} cannot {ctx!r}')

    async def arguments_deleted(self, ctx, credentials):
        del ctx, credentials
        raise NotImplementedError

    def sync(self, ctx, credentials):
        raise NotImplementedError

    @classmethod
    async def on_the_class(cls):
        raise NotImplementedError

    @functools.cache  # noqa: B019  the point
    def wrapped(self):
        raise NotImplementedError

    partial = functools.partialmethod(called, None)
    of_another_type = DeploymentPlugin.create_tag
    required = LogsPlugin.search
    value = 3
    nothing = None


class DoesMore:
    """Bodies that do something, also where they raise in the end."""

    async def returns(self):
        return []

    async def does_nothing(self):
        pass

    async def raises_another(self):
        raise RuntimeError(NotImplementedError)

    async def raises_value_error(self):
        raise ValueError('NotImplementedError')

    async def raises_sometimes(self, ctx):
        if ctx:
            raise NotImplementedError
        return []

    async def raises_after_work(self, ctx):
        ctx.log('called')
        raise NotImplementedError

    async def raises_after_waiting(self, ctx):
        await ctx
        raise NotImplementedError

    async def catches(self):
        try:
            raise NotImplementedError  # noqa: TRY301  the point
        except NotImplementedError:
            return []

    async def cleans_up(self, ctx):
        try:
            raise NotImplementedError
        finally:
            ctx.close()

    async def raises_what_it_made_sometimes(self, ctx):
        error = NotImplementedError('not here')
        if ctx:
            return []
        raise error

    async def streams(self):
        raise NotImplementedError
        yield

    async def asks_the_default(self, query):
        return await LogsPlugin.histogram(self, None, {}, query)

    callable_object = print


def names(cls):
    return [name for name in vars(cls) if not name.startswith('__')]


@pytest.mark.parametrize('name', names(OnlyRaises))
def test_a_body_that_only_raises_is_not_an_implementation(name):
    assert is_implemented(OnlyRaises, name) is False


@pytest.mark.parametrize(
    'name', [n for n in names(DoesMore) if n != 'streams']
)
def test_a_body_that_does_something_is_an_implementation(name):
    assert is_implemented(DoesMore, name) is True


def test_what_is_inherited_from_the_contract_is_not_implemented():
    assert is_implemented(Inherits, 'histogram') is False
    assert is_implemented(Inherits, 'search') is False
    assert is_implemented(LifecyclePlugin, 'on_project_created') is False
    assert is_implemented(object, 'histogram') is False
    assert is_implemented(OnlyRaises, 'absent') is False


def test_what_is_inherited_from_ones_own_base_is_implemented():
    async def histogram(self, ctx, credentials, query, bucket_count=60):
        return []

    base = type('Base', (LogsPlugin,), {'histogram': histogram})
    assert is_implemented(type('Sub', (base,), {}), 'histogram') is True
    again = {'histogram': LogsPlugin.histogram}
    assert is_implemented(type('Sub', (base,), again), 'histogram') is False


def test_a_class_without_source_is_judged_alike():
    scope = {}
    exec(
        'class Made:\n'
        '    async def a(self): raise NotImplementedError\n'
        '    async def b(self): return 1\n',
        scope,
    )
    with pytest.raises(OSError, match=r'source|lineno'):  # 3.13 says lineno
        inspect.getsource(scope['Made'].a)
    assert is_implemented(scope['Made'], 'a') is False
    assert is_implemented(scope['Made'], 'b') is True


def test_every_default_that_raises_is_seen_to_raise():
    """The defaults themselves, copied out of the contract."""
    raising = {
        name: vars(protocol)[name]
        for protocol in (DeploymentPlugin, LifecyclePlugin)
        for name in vars(protocol)
        if name.startswith(('create_', 'on_project_', 'list_workflows'))
    }
    for name, function in raising.items():
        if getattr(function, '__isabstractmethod__', False):
            continue
        copied = type(function)(
            function.__code__, {'NotImplementedError': NotImplementedError}
        )
        cls = type('Copied', (), {name: copied})
        assert is_implemented(cls, name) is False
