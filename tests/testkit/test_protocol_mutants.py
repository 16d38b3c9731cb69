"""The ledger of PRO and of the manifest's place: MAN001 to MAN007.

Each mutant is right but for one thing, and exactly its ids must fire. The
shelf below holds classes that look odd and are right.
"""

import abc
import dataclasses
import functools
import inspect
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from imbi_plugin_sdk import (
    AnalysisPlugin,
    ConfigurationPlugin,
    DeploymentPlugin,
    LifecyclePlugin,
    LogsPlugin,
    PluginManifest,
    WebhookActionPlugin,
)
from imbi_plugin_sdk.handlers.webhook import ActionDescriptor
from imbi_plugin_sdk.manifest._declaration import plain
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.checks import manifest as module
from imbi_plugin_testkit.model import Outcome
from imbi_plugin_testkit.probe import Probe
from imbi_plugin_testkit.runner import Run


def _seen(handler):
    """Return the manifest as the probe would have seen it."""
    found = inspect.getattr_static(handler, 'manifest', None)
    return plain(found) if isinstance(found, PluginManifest) else None


FOUND = (Outcome.FAILED, Outcome.WARNED, Outcome.KIT_ERROR)
HOME = 'imbi_plugin_sdk.handlers.webhook'


def manifest(kind='configuration', **facts):
    return PluginManifest(slug='acme', name='Acme', plugin_type=kind, **facts)


class Good(ConfigurationPlugin):
    manifest: ClassVar = manifest()

    async def list_keys(self, ctx, credentials):
        return []

    async def get_values(self, ctx, credentials, keys=None):
        return []

    async def set_value(self, ctx, credentials, key, value):
        raise NotImplementedError

    async def delete_key(self, ctx, credentials, key):
        return None


class GoodLogs(LogsPlugin):
    manifest: ClassVar = manifest('logs')

    async def search(self, ctx, credentials, query):
        raise NotImplementedError

    async def schema(self, ctx, credentials):
        return []


class GoodLifecycle(LifecyclePlugin):
    manifest: ClassVar = manifest('lifecycle')

    async def on_project_archived(self, ctx, credentials):
        return None


async def act(*, ctx, credentials, external_identifier, action_config, event):
    return None


async def act_on_payload(
    *, ctx, credentials, external_identifier, action_config, payload
):
    return None


def action(**facts):
    return ActionDescriptor.model_construct(
        None,
        **{
            'name': 'notify',
            'label': 'Notify',
            'callable': act,
            'config_model': PluginManifest,
            **facts,
        },
    )


class GoodWebhook(WebhookActionPlugin):
    manifest: ClassVar = manifest('webhook')

    @classmethod
    def actions(cls):
        return [action()]


def variant(base, name='Variant', /, *, drop=(), **attributes):
    """Return a copy of a class, with attributes added or left out."""
    body = {
        key: value
        for key, value in vars(base).items()
        if key not in drop and not key.startswith(('__', '_abc', '_is_'))
    }
    return type(base)(name, base.__bases__, {**body, **attributes})


async def four(self, ctx, credentials, key):
    return None


def sync(self, ctx, credentials):
    return []


async def coroutine(cls):
    return []


OWN = {
    key: value for key, value in vars(Good).items() if not key.startswith('_')
}


class Raises:
    def __get__(self, instance, owner):
        raise RuntimeError('looked at')


def _with_init(self):
    self.manifest = manifest()


def _needs_argument(self, region):
    self.region = region


class Abstract(ConfigurationPlugin, abc.ABC):
    manifest: ClassVar = manifest()
    list_keys = Good.list_keys
    get_values = Good.get_values
    set_value = Good.set_value
    delete_key = Good.delete_key

    @abc.abstractmethod
    def prefix(self): ...


async def _values_extra(self, ctx, credentials, keys=None, *, env): ...
async def _values_renamed(self, ctx, credentials, names=None): ...
async def _values_missing(self, ctx, credentials): ...
async def _values_default(self, ctx, credentials, keys=()): ...
async def _values_kind(self, ctx, credentials, *, keys=None): ...
async def _swapped(self, credentials, ctx): ...
async def _annotated(self, ctx, credentials, key: int): ...


def _raising_actions(cls):
    raise RuntimeError('no')


def _unresolved(cls):
    return [
        ActionDescriptor(
            name='x',
            label='X',
            callable='no_such_module:act',
            config_model='pydantic:BaseModel',
        )
    ]


async def _histogram(self, ctx, credentials, query, bucket_count=60):
    return [1]


async def _event(self, ctx, credentials):
    return 1


MUTANTS = {
    'no manifest': (variant(Good, drop=('manifest',)), {'MAN001'}),
    'a dict': (variant(Good, manifest={'slug': 'acme'}), {'MAN002'}),
    'inherited': (
        type(Good)('Child', (Good,), {}),
        {'MAN003'},
    ),
    'in the constructor': (
        variant(Good, drop=('manifest',), __init__=_with_init),
        {'MAN004'},
    ),
    'a property': (
        variant(Good, manifest=property(lambda _: manifest())),
        {'MAN004'},
    ),
    'abstract': (Abstract, {'PRO002'}),
    'constructor': (variant(Good, __init__=_needs_argument), {'PRO003'}),
    'missing': (variant(Good, drop=('set_value',)), {'PRO004'}),
    'renamed': (
        variant(Good, drop=('delete_key',), delete_keys=four),
        {'PRO005'},
    ),
    'sync': (variant(Good, list_keys=sync), {'PRO006'}),
    'sync lambda': (
        variant(Good, list_keys=lambda self, ctx, credentials: None),
        {'PRO006'},
    ),
    'coroutine actions': (
        variant(GoodWebhook, actions=classmethod(coroutine)),
        {'PRO007'},
    ),
    'not callable': (variant(Good, list_keys=[]), {'PRO008'}),
    'static': (variant(Good, delete_key=staticmethod(four)), {'PRO009'}),
    'instance actions': (
        variant(GoodWebhook, actions=lambda self: []),
        {'PRO010'},
    ),
    'parameter missing': (
        variant(Good, get_values=_values_missing),
        {'PRO011'},
    ),
    'parameter extra': (variant(Good, get_values=_values_extra), {'PRO012'}),
    'parameter renamed': (
        variant(Good, get_values=_values_renamed),
        {'PRO013'},
    ),
    'parameters swapped': (variant(Good, list_keys=_swapped), {'PRO014'}),
    'default': (variant(Good, get_values=_values_default), {'PRO015'}),
    'keyword only': (variant(Good, get_values=_values_kind), {'PRO016'}),
    'raises when seen': (
        type('Hostile', (), {**OWN, 'list_keys': Raises()}),
        {'PRO017'},
    ),
    'annotation': (variant(Good, delete_key=_annotated), {'PRO018'}),
    'histogram promised': (
        variant(GoodLogs, manifest=manifest('logs', supports_histogram=True)),
        {'PRO030'},
    ),
    'histogram forgotten': (
        variant(GoodLogs, histogram=_histogram),
        {'PRO031'},
    ),
    'sync promised by half': (
        variant(
            GoodLifecycle,
            manifest=manifest(
                'lifecycle',
                supports_lifecycle_sync=True,
                lifecycle_events=['archived', 'created'],
            ),
            on_project_created=_event,
        ),
        {'PRO030'},
    ),
    'event without hook': (
        variant(
            GoodLifecycle,
            manifest=manifest(
                'lifecycle', lifecycle_events=['archived', 'deleted']
            ),
        ),
        {'PRO032'},
    ),
    'hook without event': (
        variant(
            GoodLifecycle,
            manifest=manifest('lifecycle', lifecycle_events=['archived']),
            on_project_deleted=_event,
        ),
        {'PRO033'},
    ),
    'hook beyond the default': (
        variant(GoodLifecycle, on_project_deleted=_event),
        {'PRO034'},
    ),
    'actions raise': (
        variant(GoodWebhook, actions=classmethod(_raising_actions)),
        {'PRO040'},
    ),
    'actions are a dict': (
        variant(GoodWebhook, actions=classmethod(lambda cls: {})),
        {'PRO040'},
    ),
    'actions do not resolve': (
        variant(GoodWebhook, actions=classmethod(_unresolved)),
        {'PRO041'},
    ),
    'actions twice': (
        variant(
            GoodWebhook,
            actions=classmethod(lambda cls: [action(), action()]),
        ),
        {'PRO042'},
    ),
    'payload for event': (
        variant(
            GoodWebhook,
            actions=classmethod(lambda cls: [action(callable=act_on_payload)]),
        ),
        {'PRO043'},
    ),
}

T = TypeVar('T')


class Mixin:
    async def list_keys(self, ctx, credentials):
        return []


class Mixed(Mixin, ConfigurationPlugin):
    manifest: ClassVar = manifest()
    get_values = Good.get_values
    set_value = Good.set_value
    delete_key = Good.delete_key


def decorated(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


class Structural:
    manifest: ClassVar = manifest()
    list_keys = Good.list_keys
    get_values = Good.get_values
    set_value = Good.set_value
    delete_key = Good.delete_key


class Base(ConfigurationPlugin, Generic[T]):
    list_keys = Good.list_keys
    get_values = Good.get_values
    set_value = Good.set_value
    delete_key = Good.delete_key


class Concrete(Base[int]):
    manifest: ClassVar = manifest()


class Slotted(Structural):
    __slots__ = ('cache',)
    manifest: ClassVar = manifest()


@dataclasses.dataclass
class Data(Structural):
    manifest: ClassVar = manifest()
    retries: int = 3


async def _wide(self, *args: Any, **kwargs: Any): ...
async def _more(self, ctx, credentials, keys=None, *, env='x', **rest): ...


class Both(LogsPlugin):
    manifest: ClassVar = manifest('logs', supports_histogram=True)
    search = GoodLogs.search
    schema = GoodLogs.schema
    histogram = _histogram


class Sync(DeploymentPlugin):
    manifest: ClassVar = manifest('deployment', supports_deployment_sync=True)
    list_refs = _wide
    list_commits = _wide
    resolve_committish = _wide
    compare = _wide
    trigger_deployment = _wide
    get_deployment_status = _wide
    list_recent_deployments = _wide


class Analysis(AnalysisPlugin):
    manifest: ClassVar = manifest('analysis')

    async def analyze(self, ctx, credentials):
        return []


SHELF = {
    'good': Good,
    'logs': GoodLogs,
    'lifecycle': GoodLifecycle,
    'webhook': GoodWebhook,
    'analysis': Analysis,
    'mixin': Mixed,
    'decorated': variant(Good, list_keys=decorated(Good.list_keys)),
    'structural': Structural,
    'generic': Concrete,
    'slots': Slotted,
    'dataclass': Data,
    'catch-all': variant(Good, get_values=_wide),
    'optional extras': variant(Good, get_values=_more),
    'histogram kept': Both,
    'deployment sync kept': Sync,
    'not implemented on purpose': variant(
        GoodLifecycle, on_project_deleted=LifecyclePlugin.on_project_deleted
    ),
    'events written out': variant(
        GoodLifecycle,
        manifest=manifest(
            'lifecycle', lifecycle_events=['archived', 'deleted']
        ),
        on_project_deleted=_event,
    ),
    'secrets declared': variant(
        Good,
        manifest=manifest(
            credentials=[
                {'name': 'client_secret', 'label': 'Client secret'},
                {'name': 'private_key', 'label': 'Private key (PEM)'},
            ],
            options=[
                {'name': 'api_key', 'label': 'Key', 'type': 'secret'},
                {'name': 'token_url', 'label': 'Token URL'},
            ],
            third_party_service={
                'id': 'acme',
                'vendor': 'Acme',
                'links': {
                    'api_tokens': 'https://acme.io/settings/tokens',
                    'Secret scanning': 'https://acme.io/secret-scanning',
                },
            },
        ),
    ),
}


@pytest.fixture
def judged(make_distribution):
    def run(*handlers):
        made = make_distribution(
            entry_points={
                f'p{number}': f'm:P{number}'
                for number, _ in enumerate(handlers)
            },
            files={'m.py': ''},
        )
        subject = made.subject()
        for plugin, handler in zip(subject.plugins, handlers, strict=True):
            plugin.__dict__['target'] = handler
            plugin.__dict__['probe'] = Probe(
                imported=True,
                stage='done',
                kind_of_target='class',
                manifest=_seen(handler),
            )
        judge = Run([subject])
        return {
            (unit.name, check.id): judge.result(unit, check.id)
            for unit in judge.units()
            for check in judge.checks_for(unit)
            if check.family in ('MAN', 'TPL', 'SEC', 'ICO', 'PRO')
            and not check.law
        }

    return run


def fired(results):
    return {
        check
        for (_, check), result in results.items()
        if result.outcome in FOUND
    }


@pytest.mark.parametrize('name', MUTANTS)
def test_a_mutant_fires_exactly_its_ids(judged, name):
    handler, expected = MUTANTS[name]
    assert fired(judged(handler)) == expected


@pytest.mark.parametrize('name', SHELF)
def test_an_odd_but_right_class_fires_nothing(judged, name):
    results = judged(SHELF[name])
    assert fired(results) == set()
    assert not [
        check
        for (_, check), result in results.items()
        if result.outcome is Outcome.UNTESTABLE
    ]


def test_two_classes_must_not_share_a_manifest(judged):
    shared = manifest()
    results = judged(
        variant(Good, 'One', manifest=shared),
        variant(Good, 'Two', manifest=shared),
    )
    assert fired(results) == {'MAN005'}


def test_a_deprecated_contract_is_a_warning(judged, monkeypatch):
    real = module.negotiate

    def deprecated(*args):
        return dataclasses.replace(
            real(*args), state='deprecated', message='it ends in 2027.'
        )

    monkeypatch.setattr(module, 'negotiate', deprecated)
    assert fired(judged(Good)) == {'MAN007'}


def test_each_id_has_a_mutant():
    covered = set().union(*(ids for _, ids in MUTANTS.values()))
    owed = {
        check.id for check in catalogue().values() if check.family == 'PRO'
    }
    assert owed == {id_ for id_ in covered if id_.startswith('PRO')}


def test_a_failed_prerequisite_silences_its_dependants_visibly(judged):
    results = judged(MUTANTS['a dict'][0])
    result = results['p0', 'PRO004']
    assert result.outcome is Outcome.UNTESTABLE
    assert 'MAN002' in result.reason
