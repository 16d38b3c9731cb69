"""Conformance against the calls themselves.

The oracle makes every call that the contract allows (each positional
parameter by position or by name, each optional one given or left out) of a
function with the candidate's signature. A call that fails, or that gives a
value to another name, is felt; the verdict must say so exactly then.
"""

from __future__ import annotations

import inspect
import itertools

import hypothesis
from hypothesis import given as on
from hypothesis import settings
from hypothesis import strategies as st

from imbi_plugin_sdk.contract import CONTRACTS, conformance, methods

Parameter = inspect.Parameter
POSITIONAL = Parameter.POSITIONAL_OR_KEYWORD
EMPTY = Parameter.empty

SPECS = [
    (plugin_type, spec)
    for plugin_type in CONTRACTS
    for spec in methods(plugin_type).values()
    if spec.kind == 'coroutine'
]


def calls(parameters):
    """Yield (args, kwargs) of every call; a value is its own name."""
    positional = [p for p in parameters if p.kind is POSITIONAL]
    named = [p for p in parameters if p.kind is not POSITIONAL]
    for count in range(len(positional) + 1):
        args = [p.name for p in positional[:count]]
        rest = positional[count:] + named
        required = [p.name for p in rest if p.default is EMPTY]
        optional = [p.name for p in rest if p.default is not EMPTY]
        for size in range(len(optional) + 1):
            for chosen in itertools.combinations(optional, size):
                yield args, {name: name for name in [*required, *chosen]}


def real_function(signature):
    """Make a function with this signature that returns what it was given.

    `Signature.bind` will not do: that of Python 3.13.0 takes a missing
    positional-only argument for given where there is a `**kwargs`.
    """
    bare = [p.replace(annotation=EMPTY) for p in signature.parameters.values()]
    scope = {}
    try:
        exec(f'def f{inspect.Signature(bare)}: return locals()', scope)
    except SyntaxError:  # inspect of 3.11.2 takes what Python does not
        hypothesis.reject()
    return scope['f']


def is_felt(expected, signature):
    """Tell whether any call fails, or means something else."""
    function = real_function(signature)
    parameters = list(signature.parameters.values())
    return any(
        fails(expected, function, parameters, args, kwargs)
        for args, kwargs in calls(expected)
    )


def fails(expected, function, parameters, args, kwargs):
    """Tell whether one call fails, or means something else."""
    try:
        given = function(*args, **kwargs)
    except TypeError:
        return True
    meant = {p.name: p.default for p in expected}
    meant |= {name: name for name in [*args, *kwargs]}
    order = [p.name for p in expected if p.kind is POSITIONAL]
    for place, parameter in enumerate(parameters):
        value = given[parameter.name]
        if parameter.kind is Parameter.VAR_POSITIONAL:
            # What `*args` takes must stand where the contract puts it.
            wanted = tuple(order[place : place + len(value)])
        elif parameter.kind is Parameter.VAR_KEYWORD:
            wanted = {name: name for name in value}
        else:
            wanted = meant.get(parameter.name, parameter.default)
        if value != wanted:
            return True
    return False


NAMES = ('extra', 'more', 'ctx', 'credentials', 'keys', 'value', 'key')
DEFAULTS = (EMPTY, None, 'other', 25)


@st.composite
def candidates(draw):
    """Mutate a right signature a few times; keep only valid ones."""
    plugin_type, spec = draw(st.sampled_from(SPECS))
    parameters = list(spec.parameters)
    for _ in range(draw(st.integers(0, 4))):
        parameters = draw(mutations(parameters))
    parameters.sort(key=lambda p: p.kind)
    names = [p.name for p in parameters]
    if len(set(names)) < len(names):
        parameters = list(spec.parameters)
    try:
        signature = inspect.Signature(parameters)
    except ValueError:  # a default before a parameter without one
        signature = inspect.Signature(spec.parameters)
    return plugin_type, spec, signature


@st.composite
def mutations(draw, parameters):
    """Change one thing about a list of parameters."""
    parameters = list(parameters)
    kind = draw(st.sampled_from(['drop', 'swap', 'add', 'change', 'star']))
    if kind == 'star':
        for name, variadic in (
            ('args', Parameter.VAR_POSITIONAL),
            ('kwargs', Parameter.VAR_KEYWORD),
        ):
            if draw(st.booleans()) and name not in {
                p.name for p in parameters
            }:
                parameters.append(Parameter(name, variadic))
        return parameters
    if kind == 'add' or not parameters:
        place = draw(st.integers(0, len(parameters)))
        parameters.insert(
            place,
            Parameter(
                draw(st.sampled_from(NAMES)),
                draw(st.sampled_from([POSITIONAL, Parameter.KEYWORD_ONLY])),
                default=draw(st.sampled_from(DEFAULTS)),
            ),
        )
        return parameters
    place = draw(st.integers(0, len(parameters) - 1))
    if kind == 'drop':
        del parameters[place]
    elif kind == 'swap':
        other = draw(st.integers(0, len(parameters) - 1))
        parameters[place], parameters[other] = (
            parameters[other],
            parameters[place],
        )
    elif parameters[place].kind not in {
        Parameter.VAR_POSITIONAL,
        Parameter.VAR_KEYWORD,
    }:
        parameters[place] = draw(changes(parameters[place]))
    return parameters


def changes(parameter):
    """Change the name, kind or default of one parameter."""
    return st.one_of(
        st.sampled_from(NAMES).map(lambda name: parameter.replace(name=name)),
        st.sampled_from(
            [Parameter.POSITIONAL_ONLY, POSITIONAL, Parameter.KEYWORD_ONLY]
        ).map(lambda kind: parameter.replace(kind=kind)),
        st.sampled_from(DEFAULTS).map(
            lambda default: parameter.replace(default=default)
        ),
    )


def verdict(plugin_type, spec, signature):
    """Judge a class whose one method has this signature."""

    async def method(self, *args, **kwargs):
        pass

    first = Parameter('self', Parameter.POSITIONAL_ONLY)
    method.__signature__ = inspect.Signature(
        [first, *signature.parameters.values()]
    )
    cls = type('Candidate', (), {spec.name: method})
    return [
        problem
        for problem in conformance(cls, plugin_type)
        if problem.path.startswith(spec.name)
        and problem.code != 'annotation_contradicts'
    ]


@settings(max_examples=400)
@on(candidates())
def test_exactly_what_a_call_can_feel_is_a_problem(candidate):
    plugin_type, spec, signature = candidate
    problems = verdict(plugin_type, spec, signature)
    felt = is_felt(spec.parameters, signature)
    assert bool(problems) is felt, (spec.head(), str(signature), problems)


def test_the_oracle_accepts_every_method_of_the_contract():
    for plugin_type, spec in SPECS:
        signature = inspect.Signature(spec.parameters)
        assert not is_felt(spec.parameters, signature)
        assert verdict(plugin_type, spec, signature) == []
