"""Options and credentials: merged, coerced, complete."""

from __future__ import annotations

import enum
import typing

import pydantic
import pytest

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_sdk.errors import PluginCredentialsMissing
from imbi_plugin_sdk.manifest import (
    CredentialField,
    PluginManifest,
    PluginOption,
)
from imbi_plugin_sdk.manifest.options import OptionType
from imbi_plugin_sdk.options import (
    COERCIONS,
    MANIFEST_DEFAULT,
    OptionsError,
    coerce_option,
    expand_search,
    merge_options,
    missing_credentials,
    require_credentials,
    resolve_options,
    search_variables,
)

SECRET = 'hunter' + '2' * 8


def option(kind='string', **more):
    return PluginOption(name='it', label='It', type=kind, **more)


def resolved(declared, *tiers):
    """Resolve one option over numbered tiers."""
    numbered = [(f'tier {n}', tier) for n, tier in enumerate(tiers)]
    return resolve_options([declared], *numbered)


def codes(found):
    return [problem.code for problem in found.problems]


def test_a_later_tier_stands_above_an_earlier_one():
    merged = merge_options(
        ('node', {'a': 1, 'b': 1, 'c': 1}),
        ('type', {'b': 2, 'c': 2}),
        ('project', {'c': 3}),
    )
    assert merged.values == {'a': 1, 'b': 2, 'c': 3}
    assert merged.origins == {'a': 'node', 'b': 'type', 'c': 'project'}


def test_a_mapping_is_replaced_and_not_merged():
    merged = merge_options(
        ('node', {'tags': {'a': '1'}}), ('project', {'tags': {'b': '2'}})
    )
    assert merged.values == {'tags': {'b': '2'}}


def test_none_inherits_and_an_empty_string_clears():
    tiers = ('node', {'a': 1, 'b': 1}), ('project', {'a': None, 'b': ''})
    merged = merge_options(*tiers)
    assert merged.values == {'a': 1}
    assert merged.origins == {'a': 'node', 'b': 'project'}
    again = merge_options(*tiers, ('later', {'b': 2}))
    assert again.values == {'a': 1, 'b': 2}


@pytest.mark.parametrize('value', [0, False, ' ', {}])
def test_what_is_falsy_but_not_empty_is_a_value(value):
    assert merge_options(('node', {'a': 1}), ('p', {'a': value})).values == {
        'a': value
    }


def test_merging_changes_no_tier_and_shows_no_value():
    tier = {'a': SECRET}
    merged = merge_options(('node', tier), ('project', {'a': ''}))
    assert tier == {'a': SECRET}
    assert SECRET not in repr(merge_options(('node', tier)))
    assert merged.values == {}


@pytest.mark.parametrize(
    ('kind', 'value', 'expected'),
    [
        ('string', 'x', 'x'),
        ('string', ' x ', ' x '),
        ('string', 7, '7'),
        ('integer', 7, 7),
        ('integer', ' -7 ', -7),
        ('integer', '+07', 7),
        ('integer', 7.0, 7),
        ('integer', 10**30 - 1, 10**30 - 1),
        ('integer', '-' + '9' * 30, 1 - 10**30),
        ('integer', enum.IntEnum('Digit', {'SIX': 6}).SIX, 6),
        ('boolean', True, True),
        ('boolean', 0, False),
        ('boolean', 'Yes', True),
        ('boolean', ' off ', False),
        ('secret', SECRET, pydantic.SecretStr(SECRET)),
        ('secret', pydantic.SecretStr(SECRET), pydantic.SecretStr(SECRET)),
        ('mapping', {'a': 'b', 'c': 1}, {'a': 'b', 'c': '1'}),
        ('mapping', {}, {}),
    ],
)
def test_a_value_is_coerced_to_the_declared_type(kind, value, expected):
    found = coerce_option(option(kind), value)
    assert found == expected
    assert type(found) is type(expected)
    assert resolved(option(kind), {'it': value}).values == {'it': expected}


@pytest.mark.parametrize(
    ('kind', 'value'),
    [
        ('string', True),
        ('string', 1.5),
        ('string', ['x']),
        ('string', pydantic.SecretStr(SECRET)),
        ('integer', True),
        ('integer', 7.5),
        ('integer', float('inf')),
        ('integer', float('nan')),
        ('integer', '7.0'),
        ('integer', '0x7'),
        ('integer', '\N{ARABIC-INDIC DIGIT SEVEN}'),
        ('integer', '1_000'),
        ('integer', '9' * 5000),
        ('integer', '9' * 31),
        ('integer', 10**30),
        ('integer', -(10**30)),
        ('integer', 1e30),
        pytest.param('integer', 10**5000, id='integer-huge'),
        pytest.param('string', 10**5000, id='string-huge'),
        ('mapping', {'a': 10**5000}),
        ('integer', [7]),
        ('boolean', 2),
        ('boolean', 1.0),
        ('boolean', 'maybe'),
        ('boolean', None),
        ('secret', 7),
        ('secret', {'a': SECRET}),
        ('mapping', '{"a": "b"}'),
        ('mapping', [('a', 'b')]),
        ('mapping', {'a': {'b': 'c'}}),
        ('mapping', {'a': True}),
        ('mapping', {1: 'b'}),
    ],
)
def test_what_does_not_fit_is_a_problem(kind, value):
    with pytest.raises(OptionsError) as caught:
        coerce_option(option(kind), value)
    (problem,) = caught.value.problems
    assert problem.code == 'option_wrong_type'
    assert problem.path == 'options.it'
    assert kind in problem.message
    assert caught.value.http_status == 409


@pytest.mark.parametrize(
    ('kind', 'value'),
    [
        ('integer', SECRET),
        ('boolean', SECRET),
        ('mapping', {'a': [SECRET]}),
        ('secret', [SECRET]),
    ],
)
def test_no_message_quotes_a_value(kind, value):
    found = resolved(option(kind), {'it': value})
    assert codes(found) == ['option_wrong_type']
    assert SECRET not in repr(found)
    with pytest.raises(OptionsError) as caught:
        found.require()
    assert SECRET not in str(caught.value)


def test_a_value_that_does_not_fit_is_not_replaced_by_the_default():
    found = resolved(option('integer', default=5), {'it': 1}, {'it': 'x'})
    assert found.values == {}
    assert codes(found) == ['option_wrong_type']
    assert 'as tier 1 sets it' in found.problems[0].message


def test_every_option_type_has_a_coercion():
    assert set(COERCIONS) == set(typing.get_args(OptionType))


@pytest.mark.parametrize(
    ('kind', 'choices', 'value', 'fits'),
    [
        ('string', ['a', 'b'], 'a', True),
        ('string', ['a', 'b'], 'c', False),
        ('string', ['1', '2'], 1, True),
        ('integer', ['1', '2'], '2', True),
        ('integer', ['1', '2'], 3, False),
        ('boolean', ['true'], 'yes', True),
        ('boolean', ['true'], 'no', False),
        ('boolean', ['True'], True, True),
        ('boolean', ['True'], False, False),
        ('integer', ['01', 'many'], 1, True),
        ('integer', ['01', 'many'], 0, False),
        ('secret', [SECRET], SECRET, True),
        ('secret', ['other'], SECRET, False),
    ],
)
def test_a_choice_is_compared_after_coercion(kind, choices, value, fits):
    found = resolved(option(kind, choices=choices), {'it': value})
    assert codes(found) == ([] if fits else ['option_wrong_choice'])
    if not fits:
        assert SECRET not in repr(found.problems)
        assert repr(choices[0]) in found.problems[0].fix


def test_a_default_stands_where_nobody_sets_the_option():
    found = resolved(option(default='x'), {}, {'it': None})
    assert found.values == {'it': 'x'}
    assert found.origins == {'it': MANIFEST_DEFAULT}


def test_a_default_stands_where_the_option_is_cleared():
    found = resolved(option(default='x'), {'it': 'y'}, {'it': ''})
    assert found.values == {'it': 'x'}
    assert found.origins == {'it': MANIFEST_DEFAULT}


def test_a_false_default_is_a_default():
    assert resolved(option('boolean', default=False)).values == {'it': False}
    assert resolved(option('integer', default=0)).values == {'it': 0}


def test_an_option_without_value_is_absent():
    found = resolved(option(), {'it': 'x'}, {'it': ''})
    assert found.values == {}
    assert found.origins == {'it': 'tier 1'}
    assert found.problems == ()


@pytest.mark.parametrize(
    ('tiers', 'seen'),
    [([], 'nobody sets it'), ([{'it': 'x'}, {'it': ''}], 'tier 1 clears it')],
)
def test_a_required_option_must_have_a_value(tiers, seen):
    found = resolved(option(required=True), *tiers)
    assert codes(found) == ['option_required']
    assert seen in found.problems[0].message
    with pytest.raises(OptionsError, match='option_required'):
        found.require()


def test_a_required_option_with_a_default_is_complete():
    found = resolved(option(required=True, default='x'))
    assert found.require() == {'it': 'x'}


def test_every_problem_is_told_at_once():
    declared = [
        PluginOption(name='a', label='A', required=True),
        PluginOption(name='b', label='B', type='integer'),
        PluginOption(name='c', label='C', choices=['x']),
    ]
    found = resolve_options(declared, ('node', {'b': 'x', 'c': 'y'}))
    assert [problem.path for problem in found.problems] == [
        'options.a',
        'options.b',
        'options.c',
    ]


def test_an_unknown_option_is_a_warning_and_not_handed_on():
    declared = PluginOption(name='region', label='Region')
    found = resolved(declared, {'regoin': SECRET, 'region': 'x'})
    assert found.values == {'region': 'x'}
    assert found.problems == ()
    (warning,) = found.warnings
    assert warning.code == 'option_unknown'
    assert "Did you mean 'region'?" in warning.message
    assert SECRET not in str(warning)
    assert (
        'It has none.'
        in resolve_options([], ('n', {'a': 1})).warnings[0].message
    )


def test_a_likely_name_is_looked_for_among_few_unknown_ones_only():
    declared = [PluginOption(name=f'o{n}', label='O') for n in range(50)]
    for count, hinted in ((4, True), (5, False)):
        given = {f'o_{n}': 1 for n in range(count)}
        warnings = resolve_options(declared, ('node', given)).warnings
        assert len(warnings) == count
        for warning in warnings:
            assert ('Did you mean' in warning.message) == hinted


def test_a_secret_stays_hidden_until_it_is_revealed():
    declared = [
        option('secret'),
        PluginOption(name='tags', label='Tags', type='mapping'),
    ]
    found = resolve_options(
        declared, ('node', {'it': SECRET, 'tags': {'a': 'b'}})
    )
    assert isinstance(found.values['it'], pydantic.SecretStr)
    assert SECRET not in repr(found)
    revealed = found.revealed()
    assert revealed == {'it': SECRET, 'tags': {'a': 'b'}}
    revealed['tags']['a'] = 'c'
    assert found.values['tags'] == {'a': 'b'}


def test_an_empty_secret_clears_like_an_empty_string():
    found = resolved(
        option('secret', required=True),
        {'it': SECRET},
        {'it': pydantic.SecretStr('')},
    )
    assert codes(found) == ['option_required']


@pytest.fixture
def manifest():
    return PluginManifest(
        slug='made-up',
        name='Made up',
        plugin_type='logs',
        credentials=[
            CredentialField(name='client_id', label='Client'),
            CredentialField(name='client_secret', label='Secret'),
            CredentialField(name='note', label='Note', required=False),
        ],
    )


@pytest.mark.parametrize(
    ('given', 'missing'),
    [
        ({'client_id': 'a', 'client_secret': SECRET}, []),
        (
            {'client_id': ' ', 'client_secret': ''},
            ['client_id', 'client_secret'],
        ),
        ({'client_id': None}, ['client_id', 'client_secret']),
        (
            {
                'client_id': pydantic.SecretStr(' '),
                'client_secret': pydantic.SecretStr(SECRET),
            },
            ['client_id'],
        ),
        (['client_id', 'client_secret'], []),
        ({'client_secret'}, ['client_id']),
        ((), ['client_id', 'client_secret']),
    ],
)
def test_required_credentials_must_say_something(manifest, given, missing):
    found = missing_credentials(manifest, given)
    assert [problem.path for problem in found] == [
        f'credentials.{name}' for name in missing
    ]
    if missing:
        with pytest.raises(PluginCredentialsMissing) as caught:
            require_credentials(manifest, given)
        assert all(name in str(caught.value) for name in missing)
        assert SECRET not in str(caught.value)
    else:
        require_credentials(manifest, given)


def test_one_text_is_no_list_of_credentials(manifest):
    with pytest.raises(TypeError, match='give their names as a list') as e:
        missing_credentials(manifest, SECRET)
    assert SECRET not in str(e.value)


def test_a_search_template_is_expanded_from_the_context():
    context = PluginContext(
        project_id='7',
        project_slug='shop',
        org_slug='acme',
        environment='prod',
        project_type_slugs=['api', 'web'],
    )
    names = (
        'project_id',
        'project_slug',
        'org_slug',
        'team_slug',
        'environment',
        'project_type_slug',
    )
    template = '/'.join(f'${{{name}}}' for name in names)
    found = expand_search(template, search_variables(context))
    assert found == '7/shop/acme//prod/api'
    context.project_type_slugs.clear()
    assert expand_search(template, search_variables(context))[-1] == '/'


@pytest.mark.parametrize('template', [None, ''])
def test_no_template_expands_to_nothing(template):
    assert expand_search(template, {}) is None


def test_a_template_that_does_not_hold_is_a_problem():
    with pytest.raises(OptionsError, match="'\\$\\{oops\\}'") as caught:
        expand_search('/${oops}', {})
    assert caught.value.problems[0].code == 'search_template_invalid'
