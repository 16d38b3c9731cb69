"""Handlers are protocols that behave as base classes do."""

from __future__ import annotations

import abc
import asyncio
import copy
import dataclasses
import pickle
import types
from typing import Any, Generic, Protocol, TypeVar

import pydantic
import pytest

import imbi_plugin_sdk as sdk
from imbi_plugin_sdk.contract import CONTRACTS, conformance, methods

T = TypeVar('T')
CONTEXT = sdk.PluginContext(project_id='1', project_slug='s', org_slug='o')
PROTOCOLS = {name: contract.protocol for name, contract in CONTRACTS.items()}


def manifest(plugin_type):
    return sdk.PluginManifest(
        slug='made-up', name='Made up', plugin_type=plugin_type
    )


def body(plugin_type):
    """Return a class body with the required methods of a plugin type."""

    async def method(self, ctx, credentials, *args, **kwargs):
        return 'mine'

    def actions(cls):
        return []

    return {
        name: classmethod(actions) if spec.kind == 'classmethod' else method
        for name, spec in methods(plugin_type).items()
        if spec.required
    } | {'manifest': manifest(plugin_type)}


@pytest.fixture(params=PROTOCOLS)
def plugin_type(request):
    return request.param


@pytest.fixture
def handler(plugin_type):
    return PROTOCOLS[plugin_type]


def test_a_handler_is_a_protocol(handler):
    assert issubclass(handler, Protocol)
    assert vars(handler)['_is_protocol'] is True


def test_a_subclass_is_made_without_arguments(handler, plugin_type):
    cls = type('Mine', (handler,), body(plugin_type))
    assert isinstance(cls(), handler)
    assert issubclass(cls, handler)
    assert conformance(cls) == ()


def test_a_missing_method_keeps_instances_from_being_made(
    handler, plugin_type
):
    required = [s.name for s in methods(plugin_type).values() if s.required]
    for name in required:
        attributes = body(plugin_type)
        del attributes[name]
        cls = type('Mine', (handler,), attributes)
        with pytest.raises(TypeError, match=name):
            cls()


def test_classes_are_compared_by_inheritance_alone(handler, plugin_type):
    alike = type('Alike', (), body(plugin_type))
    assert not issubclass(alike, handler)
    assert not isinstance(alike(), handler)
    assert not issubclass(int, handler)
    assert not isinstance(object(), handler)
    for other, protocol in PROTOCOLS.items():
        cls = type('Mine', (handler,), body(plugin_type))
        assert issubclass(cls, protocol) is (other == plugin_type)


def test_a_class_may_be_registered_as_with_an_abstract_base_class(plugin_type):
    class Own(PROTOCOLS[plugin_type]):
        pass

    alike = type('Alike', (), body(plugin_type))
    Own.register(alike)
    assert issubclass(alike, Own)
    assert isinstance(alike(), Own)


class Mixin:
    def __init__(self, size=3):
        super().__init__()
        self.size = size


def test_a_chain_of_constructors_reaches_a_mixin(handler, plugin_type):
    class Mine(handler, Mixin):
        def __init__(self):
            super().__init__(size=5)

    cls = type('Mine', (Mine,), body(plugin_type))
    assert cls().size == 5


def test_an_inherited_constructor_is_used(handler, plugin_type):
    cls = type('Mine', (handler, Mixin), body(plugin_type))
    assert cls().size == 3


def test_making_an_instance_leaves_the_class_alone(handler, plugin_type):
    cls = type('Mine', (handler,), body(plugin_type))
    before = dict(vars(cls)), dict(vars(handler))
    cls()
    assert (dict(vars(cls)), dict(vars(handler))) == before


def test_slots_generics_and_dataclasses_work(handler, plugin_type):
    slotted = type(
        'Slotted', (handler,), {'__slots__': ('a',)} | body(plugin_type)
    )
    instance = slotted()
    instance.a = 1

    class Generically(handler, Generic[T]):
        pass

    made = types.new_class(
        'Made', (Generically[int],), {}, lambda n: n.update(body(plugin_type))
    )
    assert isinstance(made(), handler)

    data = dataclasses.make_dataclass(
        'Data',
        [('limit', int, 7)],
        bases=(handler,),
        namespace=body(plugin_type),
        slots=True,
    )
    assert data().limit == 7
    assert data(limit=8) != data()
    for cls in (slotted, made, data):
        assert conformance(cls, plugin_type) == ()


def test_one_class_may_have_several_handlers():
    attributes = body('logs') | body('configuration')
    cls = type('Both', (sdk.ConfigurationPlugin, sdk.LogsPlugin), attributes)
    assert isinstance(cls(), sdk.LogsPlugin)
    assert isinstance(cls(), sdk.ConfigurationPlugin)
    assert conformance(cls, 'logs') == conformance(cls, 'configuration') == ()


def test_other_metaclasses_go_together(handler, plugin_type):
    class Meta(abc.ABCMeta):
        pass

    class Base(metaclass=Meta):
        pass

    assert type(type('A', (handler, Base), body(plugin_type))) is Meta

    class Settings(pydantic.BaseModel):
        limit: int = 3

    model = type(
        'Model',
        (Settings, handler),
        body(plugin_type)
        | {'__annotations__': {'manifest': 'typing.ClassVar[Any]'}},
    )
    assert model().limit == 3


def test_a_protocol_of_ones_own_may_extend_a_handler(handler):
    class Wider(handler, Protocol):
        def more(self) -> Any: ...

    assert vars(Wider)['_is_protocol'] is True


def test_an_instance_can_be_copied_and_pickled():
    instance = Module()
    assert type(copy.copy(instance)) is Module
    assert type(pickle.loads(pickle.dumps(instance))) is Module


class Module(sdk.ConnectionPlugin):
    manifest = manifest('connection')


# --- the defaults ------------------------------------------------------

DEFAULTS = [
    ('logs', 'histogram', (None,), []),
    ('identity', 'revoke', ('token',), None),
    ('identity', 'materialize', ('connection',), 'connection'),
    ('deployment', 'get_check_status', ('main',), 'unknown'),
    ('lifecycle', 'resolve_relocation_target', (), None),
]
RAISING = [
    ('deployment', 'create_tag', ('sha', 'tag', 'message')),
    ('deployment', 'create_release', ('tag', 'name', 'body')),
    ('deployment', 'list_workflows', ()),
    ('deployment', 'list_recent_deployments', (['prod'],)),
    ('lifecycle', 'on_project_unarchived', ()),
    ('lifecycle', 'on_project_created', ()),
    ('lifecycle', 'on_project_updated', ()),
    ('lifecycle', 'on_project_deleted', ()),
    ('lifecycle', 'on_project_relocated', ()),
]


def call(plugin_type, method, arguments):
    cls = type('Mine', (PROTOCOLS[plugin_type],), body(plugin_type))
    return asyncio.run(getattr(cls(), method)(CONTEXT, {}, *arguments))


@pytest.mark.parametrize(('plugin_type', 'method', 'args', 'result'), DEFAULTS)
def test_an_optional_method_has_a_default(plugin_type, method, args, result):
    assert call(plugin_type, method, args) == result


@pytest.mark.parametrize(('plugin_type', 'method', 'args'), RAISING)
def test_an_optional_method_says_it_is_not_implemented(
    plugin_type, method, args
):
    with pytest.raises(NotImplementedError):
        call(plugin_type, method, args)


def test_no_remediation_is_supported_by_default():
    with pytest.raises(sdk.PluginRemediationNotSupported) as caught:
        call('analysis', 'remediate', ('restart',))
    assert caught.value.plugin_slug == 'made-up'
    assert caught.value.remediation_id == 'restart'


def test_every_optional_method_is_tried_above():
    tried = {(row[0], row[1]) for row in [*DEFAULTS, *RAISING]}
    tried.add(('analysis', 'remediate'))
    optional = {
        (name, spec.name)
        for name in CONTRACTS
        for spec in methods(name).values()
        if not spec.required
    }
    assert tried == optional
