"""A glance at a result says yes only where validation changes nothing."""

from __future__ import annotations

import copy
import datetime as dt
import enum
import typing
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imbi_plugin_sdk as sdk
from imbi_plugin_sdk.contract import CONTRACTS, methods
from imbi_plugin_sdk.invocation._exact import glance
from imbi_plugin_sdk.invocation._results import Settler, _bare, _same

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SPECS = {
    name: spec
    for plugin_type in CONTRACTS
    for name, spec in methods(plugin_type).items()
}
SETTLERS = {name: Settler(spec) for name, spec in SPECS.items()}


def is_unchanged(settler, value):
    """Say what the whole way says: whether validation changes nothing."""
    try:
        fresh = settler.adapter.validate_python(_bare(value))
    except (pydantic.ValidationError, RecursionError):
        return False
    return _same(value, fresh)


def a(cls):
    """Return a strategy of a contract's model, validated when made."""
    return st.builds(
        cls,
        **{
            name: of(info.annotation)
            for name, info in cls.model_fields.items()
        },
    )


TEXTS = st.sampled_from(['', 'a', 'é', '\U0001f600', 'x' * 300])
SCALARS = {
    str: TEXTS,
    int: st.integers(-(2**70), 2**70),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    dt.datetime: st.just(NOW),
    type(None): st.none(),
    None: st.none(),
    Any: st.sampled_from([None, 1, 'a', [1], {'a': [{}]}, (1,), object]),
}


COMPOSED = {
    Literal: lambda *values: st.sampled_from(values),
    dict: lambda key, value: st.dictionaries(of(key), of(value), max_size=2),
    list: lambda item: st.lists(of(item), max_size=3),
    tuple: lambda *items: st.tuples(*map(of, items)),
}


def of(annotation):
    """Return a strategy of the values of an annotation."""
    if annotation in SCALARS:
        return SCALARS[annotation]
    arguments = typing.get_args(annotation)
    if not arguments:
        return a(annotation)
    make = COMPOSED.get(typing.get_origin(annotation))
    return make(*arguments) if make else st.one_of(*map(of, arguments))


class Text(str):
    """Says that it equals everything."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other):
        return True


class Number(int):
    pass


class Items(list):
    pass


class Pairs(dict):
    pass


class Word(enum.StrEnum):
    OK = 'ok'


class Liar(sdk.LogEntry):
    @property
    def __class__(self):
        return sdk.LogEntry


ODD = [
    None,
    1,
    1.5,
    True,
    'a',
    b'a',
    '\ud800',
    Text('a'),
    Number(1),
    Items(),
    Pairs(),
    Word.OK,
    {1: 2},
    {'\ud800': 1},
    {Text('a'): 'b'},
    [None],
    (),
    object(),
    dt.date(2026, 1, 1),
    sdk.LogEntry(timestamp=NOW, message='a'),
    Liar(timestamp=NOW, message='a'),
    sdk.LogEntry.model_construct(message='a'),
    sdk.LogEntry.__new__(sdk.LogEntry),
    {'message': 1, 'name': 1, 'id': None},
]


def places(value):
    """Yield setters of every place in a value where something can stand."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield lambda odd, index=index: value.__setitem__(index, odd)
            yield from places(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from places(item)
    elif isinstance(value, dict):
        for key, item in list(value.items()):
            yield lambda odd, key=key: value.__setitem__(key, odd)
            yield from places(item)
        yield lambda odd: value.__setitem__('new', odd)
    elif isinstance(value, pydantic.BaseModel):
        yield from places(value.__dict__)
        yield lambda odd: object.__setattr__(value, '__pydantic_extra__', odd)


RESULTS = sorted(set(SPECS) - {'actions'})


@pytest.mark.parametrize('name', RESULTS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_the_contract_annotates_is_seen_at_a_glance(name, data):
    settler = SETTLERS[name]
    value = data.draw(of(SPECS[name].returns))
    assert is_unchanged(settler, value) is True
    assert settler.glance(value) is True
    assert settler.settled(value, 'x') is value


@pytest.mark.parametrize('name', RESULTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_glance_takes_what_validation_would_change(name, data):
    settler = SETTLERS[name]
    value = copy.deepcopy(data.draw(of(SPECS[name].returns)))
    setters = list(places(value))
    odd = data.draw(st.sampled_from(range(len(ODD))))
    if setters:
        data.draw(st.sampled_from(setters))(ODD[odd])
    else:
        value = ODD[odd]
    if settler.glance(value):
        assert is_unchanged(settler, value)


def test_a_result_that_holds_itself_is_refused():
    entry = sdk.LogEntry(timestamp=NOW, message='a')
    entry.raw['entry'] = entry.raw
    result = sdk.LogResult(entries=[entry])
    with pytest.raises(sdk.PluginError, match='contains itself'):
        SETTLERS['search'].settled(result, 'x')


def test_what_was_never_made_is_refused_as_a_result():
    entry = sdk.LogEntry.__new__(sdk.LogEntry)
    with pytest.raises(sdk.PluginError, match='it is missing'):
        SETTLERS['search'].settled(
            sdk.LogResult.model_construct(entries=[entry]), 'x'
        )


def test_an_extra_field_in_the_place_of_a_field_is_validated():
    entry = sdk.LogEntry(timestamp=NOW, message='a')
    entry.model_extra['message'] = 7
    with pytest.raises(sdk.PluginError, match=r'message: it is of type int'):
        SETTLERS['search'].settled(sdk.LogResult(entries=[entry]), 'x')


class Short(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=3)


class Nested(pydantic.BaseModel):
    names: list[Annotated[str, pydantic.Field(max_length=3)]]


class Checked(pydantic.BaseModel):
    name: str

    @pydantic.field_validator('name')
    @classmethod
    def check(cls, value):
        return value.strip()


class Whole(pydantic.BaseModel):
    name: str

    @pydantic.model_validator(mode='after')
    def check(self):
        return self


class Configured(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(str_strip_whitespace=True)
    name: str


class After(pydantic.BaseModel):
    name: str

    def model_post_init(self, context):
        self.name = 'x'


class Own(pydantic.BaseModel):
    name: str

    def __init__(self, **facts):
        super().__init__(name='x', **facts)


class Heir(Own):
    pass


class Called(pydantic.BaseModel):
    name: str = pydantic.Field(alias='called')


class Read(pydantic.BaseModel):
    name: str = pydantic.Field(validation_alias='called')


class Counts(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra='allow')
    __pydantic_extra__: dict[str, int]


class Few(pydantic.BaseModel):
    name: str = ''


class Many(Few):
    size: int = 0


class Either(pydantic.BaseModel):
    part: Few | Many


class Tree(pydantic.BaseModel):
    trees: list[Tree] = []


class Chosen(pydantic.BaseModel):
    secret: pydantic.SecretStr


Tree.model_rebuild()


@pytest.mark.parametrize(
    'annotation',
    [
        Short,
        Nested,
        Checked,
        Whole,
        Configured,
        After,
        Own,
        Heir,
        Called,
        Read,
        Counts,
        Few | Many,
        Either,
        Tree,
        Chosen,
        list[Short],
        Short | None,
        dict[str, Short],
        dict[int, str],
        tuple[str, Short],
        set[str],
        type[int],
        Word,
        bytes,
        Literal[1, 2],
        typing.Callable[[], str],
        typing.List,  # noqa: UP006  without arguments, which `list` has not
        Annotated[str, {'unhashable': 1}],
    ],
    ids=str,
)
def test_what_asks_for_more_than_a_type_has_no_glance(annotation):
    assert glance(annotation) is None
