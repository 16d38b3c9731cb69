"""Contract version 1, restated as data and held against the real classes.

`contract_v1.json` is the promise to plugins that are already published: a
difference here is a plugin that stops loading somewhere.
"""

from __future__ import annotations

import collections.abc
import datetime as dt
import inspect
import json
import types
import typing
from pathlib import Path

import pydantic
import pytest

import imbi_plugin_sdk as sdk

FACTS = json.loads(
    Path(__file__).with_name('contract_v1.json').read_text(encoding='utf-8')
)

# Later than version 1, and optional: what a published manifest never names.
ADDED_FIELDS = {'PluginManifest': {'icon', 'icon_dark', 'third_party_service'}}

# Wider than version 1: everything that was valid still is.
WIDENED_FIELDS = {('PluginManifest', 'api_version'): 'int | str'}
WIDENED_PARAMETERS = {
    ('expand_template', 'variables'): (
        'collections.abc.Mapping[str, str | None]'
    )
}

NAMESPACE = {
    name: getattr(sdk, name)
    for kind in ('models', 'handlers', 'aliases')
    for name in FACTS[kind]
} | {
    'collections': collections,
    'datetime': dt,
    'pydantic': pydantic,
    'typing': typing,
}


def evaluate(text):
    return eval(text, dict(NAMESPACE))


def spelt(annotation):
    """Spell an annotation so that equal ones are equal texts."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        text = spelt(arguments[0])
    elif origin in {typing.Union, types.UnionType}:
        text = ' | '.join(sorted(spelt(item) for item in arguments))
    elif origin is typing.Literal:
        text = f'Literal{sorted(arguments)}'
    elif isinstance(annotation, list):
        text = str([spelt(item) for item in annotation])
    elif arguments:
        inner = ', '.join(spelt(item) for item in arguments)
        text = f'{origin.__module__}.{origin.__qualname__}[{inner}]'
    elif isinstance(annotation, type):
        text = f'{annotation.__module__}.{annotation.__qualname__}'
    else:
        text = str(annotation)
    return text.replace('builtins.NoneType', 'None')


def signature_of(function):
    """Return what a call can feel, and the annotations, as plain data."""
    signature = inspect.signature(function)
    hints = typing.get_type_hints(function)
    return [
        (name, p.kind.name, repr(p.default), spelt(hints.get(name, 'none')))
        for name, p in signature.parameters.items()
    ], spelt(hints.get('return', 'none'))


def declared(name, parameters, returns):
    """Make a function from the facts."""
    names = dict(NAMESPACE)
    source = f'def {name}({parameters}) -> {returns}: ...'
    exec(source, names)
    return names[name]


FIELDS = [
    (model, field)
    for model, facts in FACTS['models'].items()
    for field in facts['fields']
]
METHODS = [
    (handler, method)
    for handler, facts in FACTS['handlers'].items()
    for method in facts
    if method != 'manifest'
]


@pytest.mark.parametrize(('model', 'field'), FIELDS)
def test_a_field_has_the_annotation_and_default_of_version_1(model, field):
    facts = FACTS['models'][model]['fields'][field]
    info = getattr(sdk, model).model_fields[field]
    text = WIDENED_FIELDS.get((model, field), facts['annotation'])
    assert spelt(info.annotation) == spelt(evaluate(text))
    assert info.is_required() is ('default' not in facts)
    if 'default' in facts:
        default = info.get_default(call_default_factory=True)
        expected = evaluate(facts['default'])
        assert (type(default), default) == (type(expected), expected)


@pytest.mark.parametrize('model', FACTS['models'])
def test_a_model_has_the_fields_of_version_1_and_few_more(model):
    facts = FACTS['models'][model]
    fields = getattr(sdk, model).model_fields
    base = FACTS['models'].get(facts['base'], {'fields': {}})
    expected = {*base['fields'], *facts['fields']}
    assert set(fields) - expected == ADDED_FIELDS.get(model, set())
    assert expected <= set(fields)
    for name in ADDED_FIELDS.get(model, set()):
        assert not fields[name].is_required()


@pytest.mark.parametrize('model', FACTS['models'])
def test_a_model_derives_from_what_version_1_says(model):
    facts, cls = FACTS['models'][model], getattr(sdk, model)
    base = FACTS['models'].get(facts['base']) and getattr(sdk, facts['base'])
    assert issubclass(cls, base or pydantic.BaseModel)
    for key, value in facts.get('config', {}).items():
        assert cls.model_config[key] == value
    for method in facts.get('methods', ()):
        assert method in vars(cls)


@pytest.mark.parametrize('model', FACTS['models'])
def test_every_field_says_what_it_means(model):
    fields = getattr(sdk, model).model_fields
    silent = [name for name, info in fields.items() if not info.description]
    assert silent == []


@pytest.mark.parametrize(('handler', 'method'), METHODS)
def test_a_method_has_the_signature_of_version_1(handler, method):
    facts = FACTS['handlers'][handler][method]
    raw = vars(getattr(sdk, handler))[method]
    function = getattr(raw, '__func__', raw)
    assert isinstance(raw, classmethod) is (not facts['coroutine'])
    assert inspect.iscoroutinefunction(function) is facts['coroutine']
    assert getattr(raw, '__isabstractmethod__', False) is facts['required']
    expected = declared(method, facts['parameters'], facts['returns'])
    assert signature_of(function) == signature_of(expected)
    assert inspect.getdoc(function)


@pytest.mark.parametrize('handler', FACTS['handlers'])
def test_a_handler_has_the_methods_of_version_1_and_no_other(handler):
    cls = getattr(sdk, handler)
    public = {
        name
        for name, value in vars(cls).items()
        if not name.startswith('_')
        and (inspect.isfunction(value) or isinstance(value, classmethod))
    }
    assert public == set(FACTS['handlers'][handler]) - {'manifest'}
    hint = typing.get_type_hints(cls)['manifest']
    assert hint == typing.ClassVar[sdk.PluginManifest]


@pytest.mark.parametrize('alias', FACTS['aliases'])
def test_an_alias_is_what_version_1_says(alias):
    facts = FACTS['aliases'][alias]
    assert spelt(getattr(sdk, alias)) == spelt(evaluate(facts))


@pytest.mark.parametrize('error', FACTS['errors'])
def test_an_error_is_made_as_in_version_1(error):
    cls, parameters = getattr(sdk, error), FACTS['errors'][error]
    assert issubclass(cls, sdk.PluginError)
    if parameters is None:
        assert str(cls('gone')) == 'gone'
        return
    expected = declared('init', parameters, 'None')
    assert signature_of(cls.__init__)[0] == signature_of(expected)[0]


@pytest.mark.parametrize('function', FACTS['functions'])
def test_a_function_has_the_signature_of_version_1(function):
    parameters, _, returns = FACTS['functions'][function].rpartition(' -> ')
    found, result = signature_of(getattr(sdk, function))
    expected = signature_of(declared(function, parameters, returns))
    assert result == expected[1]
    for mine, theirs in zip(found, expected[0], strict=True):
        text = WIDENED_PARAMETERS.get((function, theirs[0]))
        wanted = spelt(evaluate(text)) if text else theirs[3]
        assert mine == (*theirs[:3], wanted)


def test_the_facts_cover_all_nine_plugin_types():
    assert len(FACTS['handlers']) == 9
    assert len(typing.get_args(sdk.PluginType)) == 9
    assert len(FIELDS) > 180
    assert len(METHODS) == 34
