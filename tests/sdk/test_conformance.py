"""What `conformance` says of wrong classes, and of odd but right ones."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import dataclasses
import enum
import functools
import inspect
import sys
import types
from collections.abc import (  # noqa: TC003  read at run time
    Awaitable,
    Mapping,
    Sequence,
)
from typing import Any, Generic, Protocol, TypeVar
from unittest import mock

import pytest

from imbi_plugin_sdk import (
    ConfigKey,
    ConfigKeyWithValue,
    ConfigurationPlugin,
    ConfigValue,
    ConnectionPlugin,
    LogsPlugin,
    PluginContext,
    PluginManifest,
    WebhookActionPlugin,
    conformance,
)

T = TypeVar('T')


class Right:
    """A structural configuration handler; the cases change one thing."""

    async def list_keys(self, ctx, credentials):
        return []

    async def get_values(self, ctx, credentials, keys=None):
        return []

    async def set_value(self, ctx, credentials, key, value):
        return ConfigKey(key=key, data_type='text')

    async def delete_key(self, ctx, credentials, key):
        return None


def change(**attributes):
    """Return Right with some attributes changed; None takes one away."""
    own = {
        name: value
        for name, value in vars(Right).items()
        if not name.startswith('_')
    } | attributes
    kept = {name: value for name, value in own.items() if value is not None}
    return type('Changed', (), kept)


def judge(cls, plugin_type='configuration'):
    return {(p.code, p.path) for p in conformance(cls, plugin_type)}


def through(wrapper):
    """Return a decorator from a function of (inner, args, kwargs)."""

    def decorate(func):
        @functools.wraps(func)
        async def decorated(*args, **kwargs):
            return await wrapper(func, *args, **kwargs)

        return decorated

    return decorate


@through
async def retried(func, *args, **kwargs):
    return await func(*args, **kwargs)


# --- wrong -------------------------------------------------------------

WRONG = {}


def wrong(*expected):
    """Register what a function returns as a class with these problems."""

    def register(make):
        WRONG[make.__name__] = (make, set(expected))
        return make

    return register


@wrong(('method_missing', 'delete_key'))
def a_method_is_missing():
    return change(delete_key=None)


@wrong()
def nothing_is_wrong_with_the_right_one():
    return Right


@wrong(
    ('method_missing', 'list_keys'),
    ('method_missing', 'get_values'),
    ('method_missing', 'set_value'),
    ('method_missing', 'delete_key'),
)
def everything_is_missing():
    return type('Empty', (ConfigurationPlugin,), {})


@wrong(('method_renamed', 'get_values'))
def a_method_has_another_name():
    return change(get_values=None, get_value=Right.get_values)


@wrong(('method_renamed', 'get_values'), ('method_missing', 'set_value'))
def one_slip_is_not_taken_twice():
    return change(get_values=None, set_value=None, get_value=Right.get_values)


@wrong(('method_renamed', 'list_keys'))
def a_method_is_in_camel_case():
    return change(list_keys=None, listKeys=Right.list_keys)


@wrong(('method_not_coroutine', 'list_keys'))
def a_method_is_sync():
    def list_keys(self, ctx, credentials):
        return []

    return change(list_keys=list_keys)


@wrong(('method_not_coroutine', 'list_keys'))
def a_method_is_an_async_generator():
    async def list_keys(self, ctx, credentials):
        yield

    return change(list_keys=list_keys)


@wrong(('method_not_coroutine', 'list_keys'))
def a_method_is_a_generator():
    def list_keys(self, ctx, credentials):
        yield

    return change(list_keys=list_keys)


@wrong(('method_not_coroutine', 'list_keys'))
def a_sync_wrapper_forgot_what_it_wraps():
    def list_keys(self, *args, **kwargs):
        return Right.list_keys(self, *args, **kwargs)

    return change(list_keys=list_keys)


@wrong(('method_not_coroutine', 'list_keys'))
def an_async_context_manager_is_no_coroutine():
    @contextlib.asynccontextmanager
    async def list_keys(self, ctx, credentials):
        yield

    return change(list_keys=list_keys)


@wrong(('parameter_missing', 'get_values(keys)'))
def a_parameter_is_missing():
    return change(get_values=Right.list_keys)


@wrong(('parameter_missing', 'list_keys(credentials)'))
def credentials_are_missing():
    async def list_keys(self, ctx):
        return []

    return change(list_keys=list_keys)


@wrong(('parameter_missing', 'list_keys(self)'))
def self_is_missing():
    async def list_keys():
        return []

    return change(list_keys=list_keys)


@wrong(('parameter_extra', 'list_keys(page)'))
def a_parameter_is_extra_and_required():
    async def list_keys(self, ctx, credentials, page):
        return []

    return change(list_keys=list_keys)


@wrong(('parameter_extra', 'list_keys(page)'))
def a_keyword_is_extra_and_required():
    async def list_keys(self, ctx, credentials, *, page):
        return []

    return change(list_keys=list_keys)


@wrong(('parameter_renamed', 'get_values(keys)'))
def a_parameter_has_another_name():
    async def get_values(self, ctx, credentials, names=None):
        return []

    return change(get_values=get_values)


@wrong(
    ('parameter_renamed', 'list_keys(ctx)'),
    ('parameter_renamed', 'list_keys(credentials)'),
)
def unused_parameters_are_underscored():
    async def list_keys(self, _ctx, _credentials):
        return []

    return change(list_keys=list_keys)


@wrong(
    ('parameter_reordered', 'set_value(key)'),
    ('parameter_reordered', 'set_value(value)'),
)
def parameters_change_places():
    async def set_value(self, ctx, credentials, value, key):
        return None

    return change(set_value=set_value)


@wrong(('parameter_reordered', 'get_values(keys)'))
def an_option_of_ones_own_takes_a_place():
    async def get_values(self, ctx, credentials, page=1, keys=None):
        return []

    return change(get_values=get_values)


@wrong(('parameter_default', 'get_values(keys)'))
def a_default_is_gone():
    async def get_values(self, ctx, credentials, keys):
        return []

    return change(get_values=get_values)


@wrong(('parameter_default', 'get_values(keys)'))
def a_default_changes():
    async def get_values(self, ctx, credentials, keys=()):
        return []

    return change(get_values=get_values)


@wrong(('parameter_kind', 'get_values(keys)'))
def a_parameter_becomes_keyword_only():
    async def get_values(self, ctx, credentials, *, keys=None):
        return []

    return change(get_values=get_values)


@wrong(
    ('parameter_kind', 'list_keys(ctx)'),
    ('parameter_kind', 'list_keys(credentials)'),
)
def parameters_become_positional_only():
    async def list_keys(self, ctx, credentials, /):
        return []

    return change(list_keys=list_keys)


@wrong(('parameter_kind', 'get_values(keys)'))
def only_kwargs_take_a_parameter():
    async def get_values(self, ctx, credentials, **kwargs):
        return []

    return change(get_values=get_values)


@wrong(('parameter_kind', 'get_values(keys)'))
def only_args_take_a_parameter():
    async def get_values(self, ctx, credentials, *args):
        return []

    return change(get_values=get_values)


@wrong(('not_callable', 'list_keys'))
def a_method_is_a_value():
    return change(list_keys=[])


@wrong(('not_callable', 'list_keys'))
def a_method_is_a_property():
    return change(list_keys=property(lambda self: []))


@wrong(('static_method', 'list_keys'))
def a_method_is_static():
    async def list_keys(ctx, credentials):
        return []

    return change(list_keys=staticmethod(list_keys))


@wrong(('class_is_abstract', ''))
def the_class_has_an_abstract_method_of_its_own():
    class Changed(Right, abc.ABC):
        @abc.abstractmethod
        def prefix(self): ...

    return Changed


@wrong(('class_is_abstract', 'list_keys'))
def a_method_of_the_contract_is_abstract_again():
    class Changed(Right, abc.ABC):
        @abc.abstractmethod
        async def list_keys(self, ctx, credentials): ...

    return Changed


@wrong(('class_is_abstract', ''))
def the_class_is_a_protocol():
    class Wider(ConfigurationPlugin, Protocol):
        list_keys = Right.list_keys
        get_values = Right.get_values
        set_value = Right.set_value
        delete_key = Right.delete_key

    return Wider


@wrong(('constructor_arguments', '__init__'))
def the_constructor_takes_an_argument():
    def init(self, client):
        pass

    return change(__init__=init)


@wrong(('constructor_arguments', '__new__'))
def the_allocator_takes_an_argument():
    def new(cls, *, client):
        return object.__new__(cls)

    return change(__new__=new)


@wrong(('constructor_arguments', '__init__'))
def a_dataclass_has_a_required_field():
    return dataclasses.make_dataclass('Data', ['client'], bases=(Right,))


@wrong(('not_a_class', ''))
def an_instance_is_named():
    return Right()


@wrong(('not_a_class', ''))
def a_factory_is_named():
    return Right.list_keys


@wrong(('parameter_missing', 'get_values(keys)'))
def a_fault_hides_behind_a_decorator():
    return change(get_values=retried(retried(Right.list_keys)))


@wrong(('parameter_renamed', 'get_values(keys)'))
def a_fault_hides_behind_a_decorator_that_names_some():
    async def inner(self, ctx, credentials, names=None):
        return []

    @functools.wraps(inner)
    async def get_values(self, ctx, *args, **kwargs):
        return await inner(self, ctx, *args, **kwargs)

    return change(get_values=get_values)


@wrong(('parameter_missing', 'get_values(keys)'))
def a_partial_method_lacks_a_parameter():
    async def read(self, kind, ctx, credentials):
        return []

    return change(get_values=functools.partialmethod(read, 'all'))


class Hostile:
    def __get__(self, instance, owner):
        raise SystemExit


@wrong(
    ('inspection_failed', 'list_keys'),
    ('parameter_missing', 'get_values(keys)'),
)
def a_descriptor_raises_and_hides_nothing():
    return change(list_keys=Hostile(), get_values=Right.list_keys)


@wrong(('annotation_contradicts', 'list_keys(return)'))
def an_annotation_contradicts_the_result():
    async def list_keys(self, ctx, credentials) -> dict[str, str]:
        return {}

    return change(list_keys=list_keys)


@wrong(
    ('annotation_contradicts', 'set_value(ctx)'),
    ('annotation_contradicts', 'set_value(key)'),
    ('annotation_contradicts', 'set_value(value)'),
)
def annotations_contradict_parameters():
    async def set_value(self, ctx: str, credentials, key: int, value: str):
        return None

    return change(set_value=set_value)


@wrong(('annotation_contradicts', 'get_values(keys)'))
def an_annotation_has_no_room_for_none():
    async def get_values(self, ctx, credentials, keys: list[str] = None):  # noqa: RUF013  the point
        return []

    return change(get_values=get_values)


@wrong(('annotation_contradicts', 'list_keys(return)'))
def an_annotation_contradicts_inside_a_list():
    async def list_keys(self, ctx, credentials) -> list[str]:
        return []

    return change(list_keys=list_keys)


@pytest.mark.parametrize('name', WRONG)
def test_a_wrong_class_has_exactly_these_problems(name):
    make, expected = WRONG[name]
    assert judge(make()) == expected


WRONG_WEBHOOKS = {
    'sync_on_the_instance': (
        lambda self: [],
        ('not_a_classmethod', 'actions'),
    ),
    'async': (
        classmethod(Right.list_keys),
        ('method_is_coroutine', 'actions'),
    ),
    'static': (staticmethod(list), ('static_method', 'actions')),
    'value': ([], ('not_callable', 'actions')),
    'extra': (
        classmethod(lambda cls, ctx: []),
        ('parameter_extra', 'actions(ctx)'),
    ),
}


@pytest.mark.parametrize('name', WRONG_WEBHOOKS)
def test_actions_must_be_a_plain_class_method(name):
    value, expected = WRONG_WEBHOOKS[name]
    cls = type('Actions', (WebhookActionPlugin,), {'actions': value})
    assert expected in judge(cls, 'webhook')


def test_keywords_may_be_positional_but_not_missing():
    class Incidents:
        async def list_incidents(
            self, ctx, credentials, start_time, end_time, statuses=None
        ):
            pass

    assert judge(Incidents, 'incidents') == {
        ('parameter_missing', 'list_incidents(cursor)'),
        ('parameter_missing', 'list_incidents(limit)'),
    }


def test_everything_is_said_at_once_and_in_the_order_of_the_contract():
    def list_keys(self, context, credentials, page):
        pass

    cls = change(list_keys=list_keys, delete_key=None, set_value=staticmethod)
    codes = [problem.code for problem in conformance(cls, 'configuration')]
    assert codes[:3] == [
        'method_not_coroutine',
        'parameter_renamed',
        'parameter_extra',
    ]
    assert codes[-1] == 'method_missing'


# --- what it says ------------------------------------------------------


@pytest.mark.parametrize('name', WRONG)
def test_every_problem_says_how_to_mend_it(name):
    for problem in conformance(WRONG[name][0](), 'configuration'):
        assert problem.message.endswith('.')
        assert problem.fix.endswith('.')
        assert '0x' not in f'{problem}'


def test_a_renamed_method_is_told_with_both_names():
    (problem,) = conformance(a_method_has_another_name(), 'configuration')
    assert 'Changed has `get_value`' in problem.message
    assert problem.fix == (
        'Rename `get_value` to `get_values`: `async def '
        'get_values(self, ctx, credentials, keys=None)`.'
    )


def test_an_async_generator_is_told_from_a_plain_function():
    (problem,) = conformance(a_method_is_an_async_generator(), 'configuration')
    assert 'an async generator function' in problem.message
    (problem,) = conformance(a_method_is_sync(), 'configuration')
    assert 'a plain function' in problem.message


# --- the plugin type ---------------------------------------------------


class HostileManifest:
    @property
    def plugin_type(self):
        raise SystemExit


def test_the_plugin_type_comes_from_the_manifest():
    manifest = PluginManifest(
        slug='kv', name='KV', plugin_type='configuration'
    )
    assert conformance(change(manifest=manifest)) == ()
    (problem,) = conformance(change(manifest=manifest, delete_key=None))
    assert problem.path == 'delete_key'


@pytest.mark.parametrize(
    ('manifest', 'plugin_type'),
    [
        (None, None),
        (None, 'configurations'),
        (types.SimpleNamespace(plugin_type=['logs']), None),
        (HostileManifest(), None),
    ],
    ids=['absent', 'misspelt', 'unhashable', 'hostile'],
)
def test_an_unknown_plugin_type_is_a_problem(manifest, plugin_type):
    found = judge(change(manifest=manifest), plugin_type)
    assert found == {('plugin_type_unknown', 'plugin_type')}


def test_a_misspelt_plugin_type_comes_with_the_likely_one():
    (problem,) = conformance(Right, 'configurations')
    assert "Did you mean 'configuration'?" in problem.message


# --- odd, and right ----------------------------------------------------

ODD = {}


def odd(make):
    ODD[make.__name__] = make
    return make


@odd
def structural():
    return Right


@odd
def subclass():
    return type('Sub', (Right, ConfigurationPlugin), {})


@odd
def several_handlers():
    return type(
        'Two',
        (Right, ConfigurationPlugin, LogsPlugin, abc.ABC),
        {'search': Right.delete_key, 'schema': Right.list_keys},
    )


@odd
def slots():
    return type('Slots', (Right,), {'__slots__': ('client',)})


@odd
def generic():
    class Base(ConfigurationPlugin, Generic[T]):
        list_keys = Right.list_keys
        get_values = Right.get_values

    class Made(Base[int]):
        set_value = Right.set_value
        delete_key = Right.delete_key

    return Made


@odd
def dataclass():
    return dataclasses.make_dataclass(
        'Data', [('limit', int, 3)], bases=(Right,), frozen=True, slots=True
    )


@odd
def constructor_with_defaults():
    def init(self, client=None, *args, **kwargs):
        pass

    return change(__init__=init)


@odd
def constructor_that_is_injected():
    def inject(func):
        @functools.wraps(func)
        def injected(self, *args, **kwargs):
            func(self, object(), *args, **kwargs)

        return injected

    def init(self, client):
        pass

    return change(__init__=inject(init))


@odd
def extra_optional_parameters():
    async def get_values(  # noqa: PLR0913  the point
        self, ctx, credentials, keys=None, page=1, *rest, strict=True, **more
    ):
        return []

    return change(get_values=get_values)


@odd
def catch_all():
    async def anything(self, *args, **kwargs):
        return []

    return change(set_value=anything, get_values=anything)


@odd
def catch_all_without_self():
    async def anything(*args, **kwargs):
        return []

    return change(set_value=anything)


@odd
def defaults_added():
    async def set_value(self, ctx=None, credentials=None, key='', value=None):
        return None

    return change(set_value=set_value)


@odd
def decorated_twice():
    return change(get_values=retried(retried(Right.get_values)))


@odd
def a_decorator_that_supplies_a_client():
    @through
    async def with_client(func, self, *args, **kwargs):
        return await func(self, object(), *args, **kwargs)

    async def get_values(self, client, ctx, credentials, keys=None):
        return []

    return change(get_values=with_client(get_values))


@odd
def a_decorator_that_supplies_a_client_by_name():
    def with_client(func):
        @functools.wraps(func)
        async def decorated(self, ctx, credentials, *args, **kwargs):
            return await func(self, object(), ctx, *args, **kwargs)

        return decorated

    async def get_values(self, client, ctx, keys=None):
        return []

    return change(get_values=with_client(get_values))


@odd
def a_sync_wrapper_with_wraps():
    @functools.wraps(Right.list_keys)
    def list_keys(*args, **kwargs):
        return Right.list_keys(*args, **kwargs)

    return change(list_keys=list_keys)


def marked(func):
    """Mark a sync function as a coroutine function."""
    if sys.version_info >= (3, 12):
        return inspect.markcoroutinefunction(func)
    func._is_coroutine = asyncio.coroutines._is_coroutine
    return func


@odd
def marked_as_a_coroutine_function():
    def list_keys(self, ctx, credentials):
        return Right.list_keys(self, ctx, credentials)

    return change(list_keys=marked(list_keys))


@odd
def a_generator_based_coroutine():
    @types.coroutine
    def list_keys(self, ctx, credentials):
        yield

    return change(list_keys=list_keys)


@odd
def a_partial_method():
    async def read(self, kind, ctx, credentials, keys=None):
        return []

    return change(get_values=functools.partialmethod(read, 'all'))


@odd
def a_partial_method_by_keyword():
    async def read(self, ctx, credentials, keys=None, *, kind):
        return []

    return change(get_values=functools.partialmethod(read, kind='all'))


@odd
def a_class_method():
    async def list_keys(cls, ctx, credentials):
        return []

    return change(list_keys=classmethod(list_keys))


class Retry:
    """A decorator that is a class, and binds as functions do."""

    def __init__(self, func):
        functools.update_wrapper(self, func)
        self.func = func

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return types.MethodType(self, instance)

    async def __call__(self, *args, **kwargs):
        return await self.func(*args, **kwargs)


class Plain(Retry):
    """The same, and it does not say what it wraps."""

    def __init__(self, func):
        self.func = func


@odd
def a_descriptor_that_wraps():
    return change(get_values=Retry(Right.get_values))


@odd
def a_descriptor_that_says_nothing():
    return change(get_values=Plain(Right.get_values))


class Callable:
    async def __call__(self, ctx, credentials, keys=None):
        return []


@odd
def a_callable_object():
    return change(get_values=Callable())


@odd
def a_mock():
    return change(get_values=mock.AsyncMock())


@odd
def a_cached_coroutine():
    return change(list_keys=functools.cache(Right.list_keys))


@odd
def an_enum_for_its_text():
    class Kind(enum.StrEnum):
        ALL = 'all'

    class Deployment:
        async def list_refs(
            self, ctx, credentials, kind=Kind.ALL, query=None
        ): ...

    problems = conformance(Deployment, 'deployment')
    assert not [p for p in problems if p.path.startswith('list_refs')]
    return Right


@odd
def a_hostile_metaclass():
    class Meta(type):
        def __getattribute__(cls, name):
            raise SystemExit

        def __instancecheck__(cls, instance):
            raise SystemExit

        def __subclasscheck__(cls, subclass):
            raise SystemExit

        def __eq__(cls, other):
            raise SystemExit

        __hash__ = None

    return Meta('Hostile', (Right,), {})


@odd
def wider_annotations():
    async def get_values(
        self,
        ctx: PluginContext | None,
        credentials: Mapping[str, str],
        keys: Sequence[str] | None = None,
    ) -> Sequence[ConfigKeyWithValue]:
        return []

    async def set_value(
        self, ctx: object, credentials: Any, key: T, value: ConfigValue
    ) -> Unresolved:  # noqa: F821  the point
        return None

    return change(get_values=get_values, set_value=set_value)


@odd
def an_awaitable_in_the_annotation():
    def list_keys(self, ctx, credentials) -> Awaitable[list[ConfigKey]]:
        return Right.list_keys(self, ctx, credentials)

    return change(list_keys=marked(list_keys))


@odd
def private_contexts():
    class Context(PluginContext):
        pass

    async def list_keys(
        self, ctx: Context, credentials: dict[str, str]
    ) -> list[ConfigKey]:
        return []

    return change(list_keys=list_keys)


@pytest.mark.parametrize('name', ODD)
def test_an_odd_but_right_class_has_no_problems(name):
    assert conformance(ODD[name](), 'configuration') == ()


def test_a_connection_needs_nothing():
    assert conformance(object, 'connection') == ()
    cls = type('Mine', (ConnectionPlugin,), {})
    assert conformance(cls, 'connection') == ()


def test_the_class_is_never_made_or_called():
    def explode(self, *args, **kwargs):
        raise AssertionError('called')

    class Meta(type):
        __call__ = explode

    async def list_keys(self, ctx, credentials):
        raise AssertionError('called')

    own = {'list_keys': list_keys, '__init__': explode}
    cls = Meta('Loud', (Right,), own)
    assert conformance(cls, 'configuration') == ()
