"""Resolution held against a second, naive reading of its rules.

`tests/support/resolution_oracle.py` reads the rules question by question over
plain dictionaries. Here everything that resolution says of a small world is
compared with it: result, error, candidates, trace, origins, lint, fan-out,
and what a change of the world changes.
"""

from __future__ import annotations

import collections
import json
import pickle
import random

import pydantic
from hypothesis import given, note, settings
from hypothesis import strategies as st
from resolution_oracle import Fault
from resolution_oracle_told import FullReading
from resolution_worlds import CANARY, TAB, World, registry

from imbi_plugin_sdk.resolution import (
    ResolutionError,
    explain,
    lint_assignments,
    resolve,
    resolve_all,
    selectors,
    what_if,
)

HANDLERS = registry()
SEEDS = st.integers(0, 2**32)
# Machines that run tests are busy: no example may fail for being slow.
relaxed = settings(deadline=None, max_examples=150)


@st.composite
def questions(draw):
    """Draw a world, what the rules say of one of its tabs, and a source."""
    chance = random.Random(draw(SEEDS))
    world = World(chance)
    note(str(vars(world)))
    tab = chance.choice((*[TAB] * 8, 'logs', 'overview'))
    naive = FullReading(world, tab)
    bound = [name for one in sorted(naive.bound) for name in naive.names(one)]
    source = chance.choice((None, None, *bound, *bound, *world.sources()))
    return world, naive, source


def bindings_of(world):
    return world.graph().bindings('p', world.types)


def ask(world, tab, source):
    """Return a resolution, or the error."""
    try:
        return resolve(bindings_of(world), tab, HANDLERS, source=source)
    except ResolutionError as error:
        return error


def plain(value):
    """Return an option's value; a secret one must hide it."""
    if isinstance(value, pydantic.SecretStr):
        return value.get_secret_value()
    return value


def facts_of(bound):
    """Return what a call is given, in the oracle's form."""
    return {
        'plugin': bound.plugin.id,
        'service': bound.service.id,
        'application': bound.application and bound.application.id,
        'options': {n: plain(v) for n, v in bound.options.values.items()},
        'problems': {(one.code, one.path) for one in bound.problems},
        'unknown': {
            one.path.removeprefix('options.') for one in bound.warnings
        },
    }


def said(found):
    """Return an outcome in the oracle's form, candidates as they are."""
    if isinstance(found, ResolutionError):
        told = {
            'code': found.code,
            'plugin': found.plugin_id,
            'candidates': found.candidates,
        }
        if found.plugin_id is not None:
            told['rule'] = found.explanation.rule
        return told
    return facts_of(found) | {
        'code': 'resolved',
        'rule': found.explanation.rule,
        'search_template': found.search_template,
        'identity': found.identity and facts_of(found.identity),
    }


def named(candidates, selectors_of):
    """Return the candidates if each selector means one, once, in order."""
    fits = len(candidates) == len(selectors_of) and all(
        len(set(candidates) & set(fit)) == 1 for fit in selectors_of.values()
    )
    return (
        candidates
        if fits and list(candidates) == sorted(candidates)
        else selectors_of
    )


@settings(deadline=None, max_examples=500)
@given(questions())
def test_outcome_and_candidates_are_what_the_rules_say(question):
    world, naive, source = question
    found, expected = (
        said(ask(world, naive.tab, source)),
        naive.outcome(source),
    )
    if 'candidates' in expected:
        expected['candidates'] = named(
            found['candidates'], expected['candidates']
        )
    assert found == expected


@relaxed
@given(questions())
def test_what_is_told_survives_pickling_and_json_and_quotes_no_value(question):
    world, naive, source = question
    bindings = bindings_of(world)
    found = ask(world, naive.tab, source)
    told = [str(found.explanation), repr(found.explanation)]
    told.append(json.dumps(found.explanation.as_data()))
    told += map(str, lint_assignments(bindings, HANDLERS))
    if isinstance(found, ResolutionError):
        again = pickle.loads(pickle.dumps(found))
        assert str(again) == str(found)
        assert again.explanation == found.explanation
        assert found.fix
        told += [str(found), repr(found), str(found.problem)]
    else:
        told += map(str, (*found.problems, *found.warnings, bindings))
    assert not any(CANARY in text for text in told)


@relaxed
@given(questions())
def test_the_trace_is_what_the_rules_say_of_each_edge(question):
    world, naive, source = question
    told = explain(bindings_of(world), naive.tab, HANDLERS, source=source)
    found = collections.Counter()
    for edge, verdict, gives in told.edges:
        owner = (edge.owner_kind, edge.owner_id)
        if verdict not in {'other_tab', 'excludes', 'excluded'} and (
            naive.contradicted(edge.plugin_id)
        ):
            gives = None  # noqa: PLW2901  which edge is named first is open
            if verdict in {'copy', 'contradicts'} and (
                naive.at_odds(edge.plugin_id, owner)
            ):
                verdict = 'repeats'  # noqa: PLW2901  for the same reason
        found[edge.plugin_id, owner, verdict, gives] += 1
    assert found == naive.traces(source)
    assert sorted(trace.edge.id for trace in told.edges) == sorted(
        edge['id'] for edge in naive.all_edges
    )


@relaxed
@given(questions())
def test_every_property_comes_from_where_the_rules_say(question):
    world, naive, source = question
    found = ask(world, naive.tab, source)
    told = found.explanation
    expected = naive.outcome(source)
    assert (told.tab, told.source) == (naive.tab, source)
    assert told.outcome == expected['code']
    if expected['plugin'] is None:
        assert (told.selector, told.rule, told.properties) == (None, '', {})
        return
    assert told.selector in naive.selectors(expected['plugin'])
    if not naive.contradicted(expected['plugin']):
        assert told.properties == naive.origins(
            expected['plugin'], resolved=expected['code'] == 'resolved'
        )


@relaxed
@given(questions())
def test_lint_tells_exactly_what_the_rules_say(question):
    world, naive, _ = question
    found = {
        (one.code, one.path)
        for one in lint_assignments(bindings_of(world), HANDLERS)
        if one.path.startswith(naive.tab)
    }
    # Whether something repeats a contradiction is beside the point.
    open_ = {
        ('duplicate_edge', f'{naive.tab}[{one}]')
        for one in naive.bound
        if naive.contradicted(one)
    }
    assert found - open_ == naive.lint()


@relaxed
@given(questions())
def test_a_fan_out_is_every_candidate_by_itself(question):
    world, naive, _ = question
    found = resolve_all(bindings_of(world), naive.tab, HANDLERS)
    expected = {}
    for plugin in naive.bound:
        try:
            expected[plugin] = naive.serve(plugin)
        except Fault as fault:
            expected[plugin] = fault.args[0]
    outcomes = {error.plugin_id: error.code for error in found.errors}
    for one in found.resolutions:
        told = said(one)
        del told['code'], told['rule']
        outcomes[one.plugin.id] = told
    assert outcomes == expected
    names = selectors(bindings_of(world), naive.tab)
    for order in (
        [one.plugin.id for one in found.resolutions],
        [error.plugin_id for error in found.errors],
    ):
        assert order == sorted(
            order, key=lambda one: (-naive.level(one), names[one])
        )


def heard(naive, source):
    """Return what a client can tell of a request, with or without source."""
    told = naive.outcome(source)
    if told['code'] != 'resolved':
        # With a source, that nothing was chosen is all there is to tell.
        alike = told['plugin'] is None and source is not None
        return '' if alike else told['code'], told['plugin']
    del told['rule'], told['unknown']
    if told['identity']:
        del told['identity']['unknown']
    return told


@relaxed
@given(SEEDS)
def test_what_if_tells_exactly_the_changes_that_a_request_can_tell(seed):
    before, after = (World(random.Random(seed)) for _ in range(2))
    chance = random.Random(seed + 1)
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        after.edit(chance)
    old, new = FullReading(before), FullReading(after)
    moved = [
        source
        for source in {*before.sources(), *after.sources()}
        if heard(old, source) != heard(new, source)
    ]
    moved += [
        plugin
        for plugin in old.bound & new.bound
        if old.selectors(plugin) != new.selectors(plugin)
    ]
    changes = what_if(
        {'p': before.types},
        before.graph(),
        after.graph(),
        HANDLERS,
        tabs=[TAB],
    )
    assert bool(changes) == bool(moved), (changes, moved)
    for change in changes:
        for told, naive in ((change.before, old), (change.after, new)):
            expected = naive.outcome(None)
            assert told == (
                expected['plugin']
                if expected['code'] == 'resolved'
                else expected['code']
            )
