from __future__ import annotations

import pytest
from imbi_plugin_ssm import names
from imbi_plugin_ssm.manifest import DEFAULT_PREFIX

VALUES = {
    'org_slug': 'acme',
    'project_slug': 'shop',
    'environment': 'production',
    'team_slug': None,
}


def test_the_default_prefix_has_a_level_per_placeholder():
    assert (
        names.expand_prefix(DEFAULT_PREFIX, VALUES)
        == '/imbi/acme/shop/production'
    )


@pytest.mark.parametrize('template', ['imbi/${org_slug}/', '/imbi/acme'])
def test_slashes_at_the_ends_are_mended(template):
    assert names.expand_prefix(template, VALUES) == '/imbi/acme'


@pytest.mark.parametrize(
    ('template', 'message'),
    [
        ('/imbi/${team_slug}', 'has no team_slug'),
        ('/imbi/${project}', 'did you mean'),
        ('/imbi/${org_slug', 'never closed'),
        ('', 'must be a path'),
        ('/', 'must be a path'),
        ('/imbi//x', 'must be a path'),
        ('/imbi/../x', 'must be a path'),
        ('/imbi/ü', 'must be a path'),
        ('/AWSome/x', 'keeps for itself'),
        ('/ssm', 'keeps for itself'),
    ],
)
def test_a_prefix_that_would_share_or_leave_is_refused(template, message):
    with pytest.raises(ValueError, match=message):
        names.expand_prefix(template, VALUES)


@pytest.mark.parametrize('slug', ['a/b', '..', '.', 'a b', 'a\0', 'ä', '*'])
def test_a_slug_that_is_no_segment_is_refused(slug):
    with pytest.raises(ValueError, match='cannot stand in the path'):
        names.expand_prefix(DEFAULT_PREFIX, {**VALUES, 'org_slug': slug})


@pytest.mark.parametrize(
    'key',
    [
        '',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        '../b',
        'a/../../b',
        'a/./b',
        'a\0b',
        'a\n',
        'a b',
        'a:3',
        'ä',
        'a*',
    ],
)
def test_a_key_cannot_escape_or_select(key):
    with pytest.raises(ValueError, match='cannot name a parameter'):
        names.parameter_name('/imbi/acme', key)


@pytest.mark.parametrize('key', ['a', 'a/b', 'A', '...', 'a..b', '_.-', '1'])
def test_a_key_is_found_again_in_its_name(key):
    name = names.parameter_name('/imbi/acme', key)
    assert names.key_of('/imbi/acme', name) == key


def test_a_sibling_of_the_prefix_is_not_below_it():
    assert names.key_of('/imbi/org/a', '/imbi/org/ab/key') is None


def test_levels_and_length_end_where_ssm_ends_them():
    names.parameter_name('/imbi', '/'.join('a' * 14))
    with pytest.raises(ValueError, match='16 levels'):
        names.parameter_name('/imbi', '/'.join('a' * 15))
    longest = names.MAX_NAME - len('/imbi/')
    names.parameter_name('/imbi', 'a' * longest)
    with pytest.raises(ValueError, match=str(names.MAX_NAME)):
        names.parameter_name('/imbi', 'a' * (longest + 1))
