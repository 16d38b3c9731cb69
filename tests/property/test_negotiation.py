"""What is negotiated, held against packaging and a grid of versions."""

from __future__ import annotations

import dataclasses
import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from imbi_plugin_sdk.contract import CONTRACTS, Deprecation, negotiate

MAJORS, MINORS = range(8), range(12)
GRID = [(major, minor) for major in MAJORS for minor in MINORS]
NAMED = range(1, 6), range(9)
"""Versions that a range names: the grid goes beyond on every side."""

versions = st.sets(
    st.tuples(*map(st.sampled_from, NAMED)), min_size=1, max_size=6
).map(lambda found: tuple(sorted(found)))


@st.composite
def clauses(draw):
    """Return one clause of a version specifier, with its odd spellings."""
    major, minor = (draw(st.sampled_from(part)) for part in NAMED)
    sign = draw(st.sampled_from(['>=', '<=', '>', '<', '==', '!=', '~=']))
    forms = [f'{major}.{minor}', f'{major}.{minor}.0', f'0!{major}.{minor}']
    if sign != '~=':
        forms.append(str(major))
    if sign in {'==', '!='}:
        forms += [f'{major}.*', f'{major}.{minor}.*']
    if sign in {'>=', '<'}:
        forms.append(f'{major}.{minor}rc1')
    blank = draw(st.sampled_from(['', ' ', '\t']))
    return f'{blank}{sign}{blank}{draw(st.sampled_from(forms))}'


ranges = st.lists(clauses(), min_size=1, max_size=4).map(','.join)
declared = st.one_of(ranges, st.sampled_from(MAJORS[1:]))


def admitted(what):
    """Return the versions of the grid that a declaration admits."""
    if isinstance(what, int):
        return [one for one in GRID if one[0] == what]
    specifiers = SpecifierSet(what)
    return [
        (major, minor)
        for major, minor in GRID
        if specifiers.contains(f'{major}.{minor}', prereleases=True)
    ]


def table(served, *deprecations):
    return {
        'logs': dataclasses.replace(
            CONTRACTS['logs'], versions=served, deprecations=deprecations
        )
    }


@settings(deadline=None, max_examples=150)
@given(declared, versions)
def test_the_highest_version_that_packaging_admits_is_taken(what, served):
    found = negotiate('logs', what, contracts=table(served))
    common = set(admitted(what)) & set(served)
    assert found.version == max(common, default=None)
    assert (found.state == 'ok') is bool(common)
    assert found.is_served is bool(common)
    assert bool(found.remedy) is not common
    for version in served:
        assert f'{version[0]}.{version[1]}' in found.message


@settings(deadline=None, max_examples=150)
@given(ranges, versions)
def test_a_refusal_says_on_which_side_the_range_lies(what, served):
    found = negotiate('logs', what, contracts=table(served))
    if found.is_served:
        return
    beyond = admitted(what)
    if any(version > served[-1] for version in beyond):
        assert found.state == 'too_new'
    elif any(version < served[0] for version in beyond):
        assert found.state == 'too_old'
    else:
        assert found.state in {'too_new', 'too_old', 'invalid'}
        assert (found.state == 'invalid') or not beyond


@settings(deadline=None, max_examples=80)
@given(declared, versions, st.data())
def test_a_host_that_serves_less_never_serves_another_plugin_more(
    what, served, data
):
    fewer = tuple(
        sorted(
            data.draw(st.sets(st.sampled_from(served), min_size=1), 'fewer')
        )
    )
    whole = negotiate('logs', what, contracts=table(served))
    narrow = negotiate('logs', what, contracts=table(fewer))
    assert whole.is_served or not narrow.is_served
    if narrow.version is not None:
        assert whole.version >= narrow.version


@settings(deadline=None, max_examples=80)
@given(
    declared,
    versions,
    st.lists(
        st.builds(
            Deprecation,
            since=st.tuples(*map(st.sampled_from, NAMED)),
            removed_in=st.tuples(*map(st.sampled_from, NAMED)),
            not_before=st.dates(dt.date(2027, 1, 1), dt.date(2030, 1, 1)),
            hint=st.just('Port it.'),
        ),
        max_size=3,
    ),
)
def test_a_deprecated_version_is_served_and_says_what_ends_first(
    what, served, leaving
):
    plain = negotiate('logs', what, contracts=table(served))
    found = negotiate('logs', what, contracts=table(served, *leaving))
    assert found.version == plain.version
    meant = [
        one
        for one in leaving
        if found.version is not None and found.version < one.since
    ]
    assert (found.state == 'deprecated') is bool(meant)
    if meant:
        first = min(meant, key=lambda one: (one.removed_in, one.not_before))
        assert f'not before {first.not_before}' in found.message
        assert found.remedy == first.hint
