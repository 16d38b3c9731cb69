"""A key names a secret in the project's folder and nowhere else."""

from __future__ import annotations

import pytest
from imbi_plugin_vault.paths import (
    LONGEST_KEY,
    LONGEST_SEGMENT,
    folder_of,
    is_key,
    mount_of,
    secret_path,
)

from imbi_plugin_sdk import PluginContext


def context(**facts):
    return PluginContext(
        **{
            'project_id': '7',
            'project_slug': 'shop',
            'org_slug': 'acme',
            'environment': 'prod',
            'team_slug': 'green',
            'project_type_slugs': ['api', 'web'],
            **facts,
        }
    )


@pytest.mark.parametrize(
    ('template', 'folder'),
    [
        ('imbi/${org_slug}/${project_slug}', 'imbi/acme/shop'),
        ('/${project_type_slug}/${team_slug}/', 'api/green'),
        ('x-${project_id}.${environment}', 'x-7.prod'),
        ('fixed', 'fixed'),
    ],
)
def test_a_template_gives_a_folder(template, folder):
    assert folder_of(template, context()) == folder


@pytest.mark.parametrize(
    ('template', 'facts'),
    [
        ('imbi/${team_slug}/x', {'team_slug': None}),
        ('imbi/${environment}', {'environment': ''}),
        ('imbi/${project_type_slug}', {'project_type_slugs': []}),
        ('imbi/${project_slug}', {'project_slug': '..'}),
        ('imbi/${project_slug}', {'project_slug': 'a/b'}),
        ('imbi/${project_slug}', {'project_slug': 'a b'}),
        ('imbi//x', {}),
        ('imbi/../x', {}),
        ('im bi', {}),
        ('/', {}),
        ('${secret}', {}),
        ('${org_slug', {}),
    ],
)
def test_a_template_that_gives_none_is_refused(template, facts):
    with pytest.raises(ValueError, match=r'path_prefix|template'):
        folder_of(template, context(**facts))


@pytest.mark.parametrize(
    'key', ['a', 'A', 'a.b', '_', '...', 'a/b', 'a/b/c-d_e.f', 'x' * 200]
)
def test_a_key_is_below_the_folder(key):
    assert secret_path('imbi/shop', key) == f'imbi/shop/{key}'
    assert is_key(key)


@pytest.mark.parametrize(
    'key',
    [
        '',
        '/',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        '../a',
        'a/../b',
        'a/..',
        'a b',
        'a\0',
        'a\n',
        'a%2fb',
        'a?b',
        'a#b',
        'a\\b',
        '\u00e4',
        'a\u2044b',
        'x' * (LONGEST_SEGMENT + 1),
        '/'.join(['x'] * LONGEST_KEY),
    ],
)
def test_a_key_that_leads_elsewhere_is_refused(key):
    with pytest.raises(ValueError, match='cannot name a secret'):
        secret_path('imbi/shop', key)
    assert not is_key(key)


def test_a_mount_may_have_several_levels():
    assert mount_of('/teams/green/kv/') == 'teams/green/kv'
    for bad in ('', '/', '../sys', 'a b', 'a/../sys'):
        with pytest.raises(ValueError, match='mount'):
            mount_of(bad)
