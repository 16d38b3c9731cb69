"""Edits of real protocols and models, and what each means to a plugin.

A row is a contract before and after; both are made as classes, read into
locks and compared. The judge is the author of a handler that was written for
the older one: what would break it is breaking, what would break a newer one
on an older host is minor, and anything else is neither.
"""

from __future__ import annotations

import sys
import types

import pytest

from imbi_plugin_sdk.contract import Contract, methods_of
from imbi_plugin_sdk.contract_lock import (
    SEVERITIES,
    _reading,
    build_lock,
    diff_locks,
    lock_text,
    parse_lock,
)

PRELUDE = """
import abc, enum, typing
from collections.abc import *
from typing import *
from pydantic import *
"""


@pytest.fixture
def lock_of(monkeypatch):
    """Return a function from the source of a contract to its lock."""

    def read(source):
        module = types.ModuleType('imbi_plugin_sdk._made')
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(PRELUDE + source, module.__dict__)
        contract = Contract('made', f'{module.__name__}:Made')
        monkeypatch.setattr(_reading, 'CONTRACTS', {'made': contract})
        methods_of.cache_clear()
        lock = build_lock()
        # What is compared is what was written down and read again.
        return parse_lock(lock_text(lock))

    yield read
    methods_of.cache_clear()


def body(text):
    """Return a contract with this body of its class."""
    return f'class Made(Protocol):\n    {text}\n'


def required(text):
    return body(f'@abc.abstractmethod\n    {text}')


def call(parameters, returns='None'):
    """Return a contract with one required method."""
    return required(f'async def do(self, {parameters}) -> {returns}: ...')


def takes(fields, config=''):
    """Return a contract whose host supplies a model."""
    return model('M', fields, config) + call('x: M')


def gives(fields, config=''):
    """Return a contract whose plugin supplies a model."""
    return model('M', fields, config) + call('', 'M')


def swaps(fields, config=''):
    """Return a contract whose sides supply a model to each other."""
    return model('M', fields, config) + call('x: M', 'M')


def model(name, fields, config=''):
    lines = [f'model_config = ConfigDict({config})', *fields.split('; ')]
    return f'class {name}(BaseModel):\n    ' + '\n    '.join(lines) + '\n'


def kinds(members):
    lines = '\n    '.join(members.split('; '))
    return f'class Kind(enum.Enum):\n    {lines}\n'


ONE = 'async def do(self) -> None: ...'
MORE = 'async def more(self) -> list[str]: return []'
RAISES = 'async def more(self) -> list[str]: raise NotImplementedError'
STATIC = '@staticmethod\n    async def do() -> None: ...'
CLASS = '@classmethod\n    def do(cls) -> None: ...'
ASYNC_CLASS = '@classmethod\n    async def do(cls) -> None: ...'

METHODS = [
    (required(ONE), body(ONE), 'minor', 'method_now_optional'),
    (body(ONE), required(ONE), 'breaking', 'method_now_required'),
    (body(ONE), body(f'{ONE}\n    {MORE}'), 'minor', 'method_added_optional'),
    (
        body(ONE),
        body(f'{ONE}\n    @abc.abstractmethod\n    {MORE}'),
        'breaking',
        'method_added_required',
    ),
    (body(f'{ONE}\n    {MORE}'), body(ONE), 'breaking', 'method_removed'),
    (body(MORE), body(RAISES), 'breaking', 'method_default_lost'),
    (body(RAISES), body(MORE), 'minor', 'method_default_gained'),
    (
        body(ONE),
        body(ONE.replace('async ', '')),
        'breaking',
        'method_kind',
    ),
    (
        body(ONE.replace('async ', '')),
        body(ONE),
        'breaking',
        'method_kind',
    ),
    (body(ONE), body(ONE.replace('...', 'yield')), 'breaking', 'method_kind'),
    (body(ONE), body(CLASS), 'breaking', 'method_kind'),
    (body(CLASS), body(ASYNC_CLASS), 'breaking', 'method_kind'),
    (body(ONE), body(STATIC), 'breaking', 'method_removed'),
    (
        body(ONE),
        body(ONE.replace('do', 'act')),
        'breaking',
        'method_removed',
    ),
    (body(f'{ONE}\n    {MORE}'), body(f'{MORE}\n    {ONE}'), None, None),
    (body(ONE), body(ONE.replace('...', '"""Says so."""')), None, None),
]

PARAMETERS = [
    ('a: int', 'a: int, b: int', 'breaking', 'parameter_added'),
    ('a: int', 'a: int, b: int = 1', 'breaking', 'parameter_added'),
    ('a: int', 'a: int, *, b: int = 1', 'breaking', 'parameter_added'),
    ('a: int', 'a: int, *args: int', 'breaking', 'parameter_added'),
    ('a: int', 'a: int, **more: int', 'breaking', 'parameter_added'),
    ('a: int, b: int', 'a: int', 'breaking', 'parameter_removed'),
    ('a: int, b: int = 1', 'a: int', 'minor', 'parameter_dropped'),
    ('a: int, b: int = 1, c: int = 2', 'a: int', 'minor', 'parameter_dropped'),
    (
        'a: int = 0, b: int = 1',
        'b: int = 1',
        'breaking',
        'parameter_removed',
    ),
    (
        'a: int = 0, *, b: int = 1',
        '*, b: int = 1',
        'minor',
        'parameter_dropped',
    ),
    ('*, a: int, b: int = 1', '*, a: int', 'minor', 'parameter_dropped'),
    ('*, a: int, b: int', '*, a: int', 'breaking', 'parameter_removed'),
    ('a: int, *args: int', 'a: int', 'minor', 'parameter_dropped'),
    ('a: int, **more: int', 'a: int', 'minor', 'parameter_dropped'),
    ('a: int', 'b: int', 'breaking', 'parameter_renamed'),
    ('*, a: int', '*, b: int', 'breaking', 'parameter_renamed'),
    ('a: int, /', 'b: int, /', 'patch', 'parameter_respelled'),
    ('a: int', 'b: str', 'breaking', 'parameter_removed'),
    ('a: int, b: int', 'b: int, a: int', 'breaking', 'parameter_reordered'),
    ('*, a: int, b: int', '*, b: int, a: int', 'patch', 'keywords_reordered'),
    (
        'a: int, *, b: int, c: int',
        'a: int, *, c: int, b: int',
        'patch',
        'keywords_reordered',
    ),
    ('a: int', 'a: int, /', 'minor', 'parameter_kind_narrowed'),
    ('a: int', '*, a: int', 'minor', 'parameter_kind_narrowed'),
    ('a: int, /', 'a: int', 'breaking', 'parameter_kind_widened'),
    ('*, a: int', 'a: int', 'breaking', 'parameter_kind_widened'),
    ('a: int, /', '*, a: int', 'breaking', 'parameter_kind_widened'),
    ('*a: int', 'a: int', 'breaking', 'parameter_kind_widened'),
    ('**a: int', '*, a: int', 'breaking', 'parameter_kind_widened'),
    ('*a: int', '**a: int', 'breaking', 'parameter_kind_widened'),
    ('a: int', 'a: int = 1', 'breaking', 'parameter_default_added'),
    ('a: int = 1', 'a: int', 'minor', 'parameter_default_removed'),
    ('a: int = 1', 'a: int = 2', 'breaking', 'parameter_default_changed'),
]

TYPES = [
    # old, new, as a parameter, as a result
    ('int', 'str', 'breaking', 'breaking'),
    ('int', 'int | None', 'breaking', 'minor'),
    ('int | None', 'int', 'minor', 'breaking'),
    ('int | str', 'str | int', None, None),
    ('Optional[int]', 'int | None', None, None),
    ('int | float', 'float', 'patch', 'patch'),
    ("Literal['a'] | Literal['b']", "Literal['b', 'a']", 'patch', 'patch'),
    ("Literal['a']", "Literal['a', 'b']", 'breaking', 'minor'),
    ("Literal['a', 'b']", "Literal['a']", 'minor', 'breaking'),
    ("Literal['a', 'b']", "Literal['a', 'c']", 'breaking', 'breaking'),
    ("Literal['a', None]", "Literal['a'] | None", 'patch', 'patch'),
    ("Literal['a']", 'str', 'breaking', 'minor'),
    ('Literal[1]', 'Literal[True]', 'breaking', 'breaking'),
    ('list[int]', 'Sequence[int]', 'breaking', 'minor'),
    ('Sequence[int]', 'list[int]', 'minor', 'breaking'),
    ('list[int]', 'tuple[int, ...]', 'breaking', 'breaking'),
    ('tuple[int, int]', 'tuple[int, ...]', 'breaking', 'minor'),
    ('tuple[int, ...]', 'tuple[int, int]', 'minor', 'breaking'),
    ('tuple[int, int]', 'tuple[int]', 'breaking', 'breaking'),
    ('tuple[int, ...]', 'Sequence[int]', 'breaking', 'minor'),
    ('tuple[int, str]', 'Iterable[int]', 'breaking', 'breaking'),
    ('dict[str, int]', 'Mapping[str, int]', 'breaking', 'minor'),
    ('dict[str, int]', 'dict[str, int | str]', 'breaking', 'minor'),
    ('dict[str, int]', 'Any', 'breaking', 'minor'),
    ('set[int]', 'frozenset[int]', 'breaking', 'breaking'),
    ('list', 'list[int]', 'breaking', 'breaking'),
    (
        'Callable[[int], Awaitable[None]]',
        'Callable[[int, int], Awaitable[None]]',
        'breaking',
        'breaking',
    ),
    (
        'Annotated[str, Field(max_length=3)]',
        'str',
        'breaking',
        'minor',
    ),
    (
        'list[str]',
        'list[Annotated[str, Field(max_length=3)]]',
        'minor',
        'breaking',
    ),
    (
        'Annotated[str, Field(max_length=3)]',
        'Annotated[str, Field(max_length=4)]',
        'breaking',
        'breaking',
    ),
    ("Annotated[str, 'a name']", "Annotated[str, 'its name']", None, None),
]

FIELDS = [
    # old fields, new fields, supplied by the host, by the plugin
    ('a: int', 'a: int; b: int', 'minor', 'breaking'),
    ('a: int', 'a: int; b: int = 1', 'minor', 'minor'),
    ('a: int; b: int', 'a: int', 'breaking', 'breaking'),
    ('a: int; b: int = 1', 'a: int', 'breaking', 'breaking'),
    ('a: int', 'b: int', 'breaking', 'breaking'),
    ('a: int', 'a: int = 1', 'patch', 'minor'),
    ('a: int = 1', 'a: int', 'minor', 'breaking'),
    ('a: int = 1', 'a: int = 2', 'minor', 'breaking'),
    ('a: int = 1', 'a: int = Field(default_factory=lambda: 1)', None, None),
    ('a: int; b: int', 'b: int; a: int', None, None),
    ('a: int', 'a: int | None', 'breaking', 'minor'),
    ('a: int | None', 'a: int', 'minor', 'breaking'),
    ('a: int', 'a: str', 'breaking', 'breaking'),
    ('a: list[int]', 'a: Sequence[int]', 'breaking', 'minor'),
    ('a: int', 'a: int = Field(ge=1)', 'minor', 'breaking'),
    ('a: int = Field(ge=1)', 'a: int', 'breaking', 'minor'),
    ('a: int = Field(ge=1)', 'a: int = Field(ge=2)', 'minor', 'breaking'),
    ('a: int = Field(ge=2)', 'a: int = Field(ge=1)', 'breaking', 'minor'),
    ('a: int = Field(le=1)', 'a: int = Field(le=2)', 'breaking', 'minor'),
    ('a: int = Field(lt=2)', 'a: int = Field(lt=1)', 'minor', 'breaking'),
    ('a: int = Field(gt=2)', 'a: int = Field(gt=1)', 'breaking', 'minor'),
    (
        'a: str = Field(min_length=1)',
        'a: str = Field(min_length=2)',
        'minor',
        'breaking',
    ),
    (
        'a: str = Field(max_length=1)',
        'a: str = Field(max_length=2)',
        'breaking',
        'minor',
    ),
    (
        "a: str = Field(pattern='^a$')",
        "a: str = Field(pattern='^b$')",
        'breaking',
        'breaking',
    ),
    (
        'a: int = Field(multiple_of=2)',
        'a: int = Field(multiple_of=3)',
        'breaking',
        'breaking',
    ),
    ('a: int', "a: int = Field(alias='b')", 'breaking', 'breaking'),
    (
        "a: int = Field(alias='b')",
        "a: int = Field(validation_alias='c')",
        'breaking',
        'breaking',
    ),
    (
        'a: list[str]',
        'a: list[Annotated[str, Field(min_length=1)]]',
        'minor',
        'breaking',
    ),
    ('a: int', "a: int = Field(description='A number.')", None, None),
    ('a: M | None = None', 'a: list[M] = []', 'breaking', 'breaking'),
]

CONFIGURATIONS = [
    ("extra='ignore'", "extra='forbid'", 'breaking', 'model_closed'),
    ("extra='allow'", "extra='forbid'", 'breaking', 'model_closed'),
    ("extra='allow'", "extra='ignore'", 'breaking', 'model_extra_dropped'),
    ("extra='forbid'", "extra='ignore'", 'minor', 'model_opened'),
    ("extra='ignore'", "extra='allow'", 'minor', 'model_opened'),
    ("extra='forbid'", "extra='allow'", 'minor', 'model_opened'),
    ('', "extra='ignore'", None, None),
    ('', 'frozen=True', 'breaking', 'model_frozen'),
    ('frozen=True', '', 'minor', 'model_thawed'),
]

ENUMS = [
    # old members, new members, supplied by the host, by the plugin
    ("A = 'a'", "A = 'a'; B = 'b'", 'breaking', 'minor'),
    ("A = 'a'; B = 'b'", "A = 'a'", 'minor', 'breaking'),
    ("A = 'a'", "B = 'a'", 'breaking', 'breaking'),
    ("A = 'a'", "A = 'b'", 'breaking', 'breaking'),
    ("A = 'a'; B = 'b'", "B = 'b'; A = 'a'", None, None),
]


def strictest(changes):
    ranks = [SEVERITIES.index(one.severity) for one in changes]
    return SEVERITIES[max(ranks)] if ranks else None


def assert_meaning(lock_of, old, new, severity, code):
    changes = diff_locks(lock_of(old), lock_of(new))
    told = '\n'.join(map(str, changes))
    assert strictest(changes) == severity, told
    found = {one.code for one in changes}
    assert 'unclassified' not in found
    if code is not None:
        assert code in found, told


@pytest.mark.parametrize(('old', 'new', 'severity', 'code'), METHODS)
def test_an_edit_of_methods_has_its_meaning(lock_of, old, new, severity, code):
    assert_meaning(lock_of, old, new, severity, code)


@pytest.mark.parametrize(('old', 'new', 'severity', 'code'), PARAMETERS)
def test_an_edit_of_parameters_has_its_meaning(
    lock_of, old, new, severity, code
):
    assert_meaning(lock_of, call(old), call(new), severity, code)


@pytest.mark.parametrize(('old', 'new', 'taken', 'given'), TYPES)
def test_a_type_means_the_opposite_on_the_way_back(
    lock_of, old, new, taken, given
):
    assert_meaning(lock_of, call(f'x: {old}'), call(f'x: {new}'), taken, None)
    assert_meaning(lock_of, call('', old), call('', new), given, None)


@pytest.mark.parametrize(('old', 'new', 'taken', 'given'), FIELDS)
def test_a_field_means_something_else_to_who_supplies_it(
    lock_of, old, new, taken, given
):
    assert_meaning(lock_of, takes(old), takes(new), taken, None)
    assert_meaning(lock_of, gives(old), gives(new), given, None)
    both = [one for one in SEVERITIES if one in {taken, given}]
    stricter = both[-1] if both else None
    assert_meaning(lock_of, swaps(old), swaps(new), stricter, None)


@pytest.mark.parametrize(('old', 'new', 'severity', 'code'), CONFIGURATIONS)
def test_an_edit_of_a_configuration_has_its_meaning(
    lock_of, old, new, severity, code
):
    for shape in (takes, gives, swaps):
        assert_meaning(
            lock_of,
            shape('a: int', old),
            shape('a: int', new),
            severity,
            code,
        )


@pytest.mark.parametrize(('old', 'new', 'taken', 'given'), ENUMS)
def test_members_of_an_enum_are_like_those_of_a_literal(
    lock_of, old, new, taken, given
):
    was, now = kinds(old), kinds(new)
    taking, giving = call('x: Kind'), call('', 'Kind')
    assert_meaning(lock_of, was + taking, now + taking, taken, None)
    assert_meaning(lock_of, was + giving, now + giving, given, None)


def test_a_change_deep_below_a_method_is_seen_from_there(lock_of):
    def made(fields):
        return (
            model('Leaf', fields)
            + model('Branch', 'leaves: dict[str, list[Leaf]] = {}')
            + call('', 'list[Branch] | None')
        )

    assert_meaning(
        lock_of,
        made('a: int = 1'),
        made('a: int'),
        'breaking',
        'supplied_now_required',
    )


def test_all_that_changed_of_one_field_is_told(lock_of):
    old = swaps('a: int = Field(default=1, ge=1, le=5)')
    new = swaps("a: int | None = Field(default=2, ge=2, le=9, alias='b')")
    changes = diff_locks(lock_of(old), lock_of(new))
    assert {one.path for one in changes} == {'M.a'}
    assert sorted(one.code for one in changes) == [
        'field_alias',
        'received_constraint_loosened',
        'received_wider',
        'supplied_constraint_changed',
        'supplied_default',
    ]


def test_a_discriminator_is_part_of_the_contract(lock_of):
    members = model('A', "kind: Literal['a']") + model(
        'B', "kind: Literal['b']"
    )
    one = model('M', "a: A | B = Field(discriminator='kind')")
    other = model('M', 'a: A | B')
    for old, new, severity in (
        (other, one, 'breaking'),
        (one, other, 'minor'),
    ):
        assert_meaning(
            lock_of,
            members + old + call('', 'M'),
            members + new + call('', 'M'),
            severity,
            None,
        )


@pytest.mark.parametrize(
    'base', ['NamedTuple', 'TypedDict'], ids=['tuple', 'dict']
)
def test_the_lock_refuses_what_it_cannot_look_into(lock_of, base):
    with pytest.raises(TypeError, match='cannot look into Odd'):
        lock_of(f'class Odd({base}):\n    a: int\n' + call('x: Odd'))
