"""Search templates: which placeholders there are, and what they become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbi_plugin_sdk import expand_template, validate_template
from imbi_plugin_sdk.search_templates import SEARCH_VARIABLES, SHOWN_FAULTS

ALL = {name: name.upper() for name in SEARCH_VARIABLES}


def test_the_variables_are_those_of_version_1():
    assert set(SEARCH_VARIABLES) == {
        'project_slug',
        'org_slug',
        'team_slug',
        'environment',
        'project_id',
        'project_type_slug',
    }


def test_each_variable_is_put_in():
    template = '/'.join(f'${{{name}}}' for name in SEARCH_VARIABLES)
    assert expand_template(template, ALL) == '/'.join(ALL.values())


@pytest.mark.parametrize('variables', [{}, {'team_slug': None}])
def test_a_missing_value_becomes_an_empty_string(variables):
    assert expand_template('<${team_slug}>', variables) == '<>'


def test_a_value_that_is_no_text_is_written_as_text():
    assert expand_template('<${project_id}>', {'project_id': 0}) == '<0>'


def test_few_of_many_faults_are_told_and_the_rest_are_counted():
    wrong = SHOWN_FAULTS + 1
    with pytest.raises(ValueError, match='and 1 more') as e:
        validate_template('${oops}' * wrong)
    assert str(e.value).count('at column') == SHOWN_FAULTS
    with pytest.raises(ValueError, match='at column') as e:
        validate_template('${oops}' * SHOWN_FAULTS)
    assert str(e.value).count('at column') == SHOWN_FAULTS
    assert ' more' not in str(e.value)


def test_a_value_is_never_expanded_again():
    found = expand_template(
        '${org_slug}/${team_slug}',
        {'org_slug': '${team_slug}', 'team_slug': r'\g<0>${oops}'},
    )
    assert found == r'${team_slug}/\g<0>${oops}'


@pytest.mark.parametrize(
    'template', ['', 'plain', '$', '$$', '$project_slug', '{org_slug}', 'a}b']
)
def test_text_without_placeholders_stays_as_it_is(template):
    validate_template(template)
    assert expand_template(template, ALL) == template


@pytest.mark.parametrize(
    ('template', 'message'),
    [
        ('${project}', "'${project}' at column 1 names no variable"),
        ('a/${PROJECT_ID}', 'at column 3 names no variable, did you mean'),
        ('${}', "'${}' at column 1"),
        ('${ org_slug }', "did you mean 'org_slug'"),
        ('${org_slug', "column 1 is never closed with '}'"),
        ('${a${org_slug}', 'names no variable'),
        (
            '${env}-${tem_slug}',
            "column 1 names no variable.*; '\\${tem_slug}'",
        ),
    ],
)
@pytest.mark.parametrize('call', [validate_template, expand_template])
def test_every_other_placeholder_is_an_error_that_helps(
    call, template, message
):
    arguments = (template, ALL) if call is expand_template else (template,)
    if '.*' not in message:
        message = __import__('re').escape(message)
    with pytest.raises(ValueError, match=message) as caught:
        call(*arguments)
    assert 'Use one of project_slug, org_slug' in str(caught.value)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(SEARCH_VARIABLES).map(lambda n: f'${{{n}}}'),
            st.text('ab\\{} é'),
        )
    ),
    st.dictionaries(
        st.sampled_from(SEARCH_VARIABLES), st.none() | st.text('ab\\${} é')
    ),
)
def test_expansion_replaces_part_by_part(parts, variables):
    expected = ''.join(
        (variables.get(part[2:-1]) or '') if part.startswith('${') else part
        for part in parts
    )
    assert expand_template(''.join(parts), variables) == expected
