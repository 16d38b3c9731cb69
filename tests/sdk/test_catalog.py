"""The curated catalog: document, decisions, wheels, the registry's gate."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import imbi_plugin_sdk
from imbi_plugin_sdk.catalog import (
    Catalog,
    CatalogError,
    check_catalog,
)
from imbi_plugin_sdk.registry import PluginRegistry

REFERENCE = {
    'imbi-plugin-ssm',
    'imbi-plugin-logzio',
    'imbi-plugin-aws',
    'imbi-plugin-github',
    'imbi-plugin-oidc',
}


def toml(value):
    if isinstance(value, dict):
        inner = ', '.join(f'"{k}" = {toml(v)}' for k, v in value.items())
        return f'{{ {inner} }}'
    if isinstance(value, list):
        return f'[{", ".join(map(toml, value))}]'
    if isinstance(value, (dt.date, int)):
        return str(value).lower()
    return f'"{value}"'


def entry(**facts):
    values = {
        'distribution': 'imbi-plugin-x',
        'versions': '>=1,<2',
        'slugs': ['x'],
        'status': 'approved',
        'since': dt.date(2026, 1, 1),
        **facts,
    }
    lines = [
        f'{name} = {toml(value)}'
        for name, value in values.items()
        if value is not None
    ]
    return '\n'.join(['[[entries]]', *lines])


def document(*entries, head='format_version = 1'):
    return '\n'.join([head, *entries])


def catalog(*entries):
    return Catalog.parse(document(*entries))


def codes(text):
    return [(one.code, one.path) for one in check_catalog(text)]


# --- the document ------------------------------------------------------


def test_the_shipped_catalog_lists_the_reference_plugins():
    shipped = Catalog.shipped()
    first = shipped.entries[: len(REFERENCE)]
    assert {one.distribution for one in first} == REFERENCE
    rest = {one.distribution for one in shipped.entries} - REFERENCE
    assert rest == {'imbi-plugin-vault'}
    for one in shipped.entries:
        assert shipped.allows(one.distribution, '0.1.0')
        assert not shipped.allows(one.distribution, '1.0')


def test_the_examples_that_are_shipped_are_in_the_catalog():
    root = Path(imbi_plugin_sdk.__file__).parents[1] / 'examples'
    if not root.is_dir():
        root = Path(__file__).parents[2] / 'examples'
    known = {one.distribution for one in Catalog.shipped().entries}
    seen = 0
    for path in root.glob('*/pyproject.toml'):
        project = tomllib.loads(path.read_text('utf-8'))['project']
        if project['name'] in known:
            seen += 1
            decision = Catalog.shipped().decide(
                project['name'],
                project['version'],
                project['entry-points']['imbi.plugins'],
            )
            assert decision.allowed, decision.problem
    assert seen


def test_an_entry_says_what_the_document_says():
    digest = 'ab' * 32
    (one,) = catalog(
        entry(
            distribution='Imbi_Plugin.X',
            status='deprecated',
            note=' use y ',
            sha256={'imbi_plugin_x-1.0-py3-none-any.whl': digest},
        )
    ).entries
    assert one.distribution == 'imbi-plugin-x'
    assert (one.slugs, one.status, one.note) == (('x',), 'deprecated', 'use y')
    assert one.since == dt.date(2026, 1, 1)
    assert dict(one.sha256) == {'imbi_plugin_x-1.0-py3-none-any.whl': digest}


def test_an_empty_catalog_is_a_catalog_that_lists_nothing():
    assert not catalog().allows('imbi-plugin-ssm', '0.1.0')


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('format_version = ', [('catalog_syntax', '')]),
        ('', [('format_version', 'format_version')]),
        (
            document(head='format_version = 2'),
            [('format_version', 'format_version')],
        ),
        (
            document(head='format_version = true'),
            [('format_version', 'format_version')],
        ),
        (
            document(head='format_version = 1\nentires = 1'),
            [('unknown_key', 'entires')],
        ),
        (
            document(head='format_version = 1\nentries = 1'),
            [('wrong_type', 'entries')],
        ),
        (
            document(head='format_version = 1\nentries = [1]'),
            [('wrong_type', 'entries[0]')],
        ),
        (
            document(entry(distribution=None, since=None)),
            [
                ('missing_key', 'entries[0].distribution'),
                ('missing_key', 'entries[0].since'),
            ],
        ),
        (document(entry(slug=['x'])), [('unknown_key', 'entries[0].slug')]),
        (document(entry(slugs='x')), [('wrong_type', 'entries[0].slugs')]),
        (
            document(entry(since='2026-01-01')),
            [('wrong_type', 'entries[0].since')],
        ),
        (
            document(entry(since=dt.datetime(2026, 1, 1))),  # noqa: DTZ001
            [('wrong_type', 'entries[0].since')],
        ),
        (
            document(entry(versions='1.0')),
            [('versions_invalid', 'entries[0].versions')],
        ),
        (
            document(entry(distribution='x y')),
            [('distribution_invalid', 'entries[0].distribution')],
        ),
        (
            document(entry(status='aproved')),
            [('status_invalid', 'entries[0].status')],
        ),
        (
            document(entry(status='blocked')),
            [('note_missing', 'entries[0].note')],
        ),
        (
            document(entry(status='deprecated', note=' ')),
            [('note_missing', 'entries[0].note')],
        ),
        (document(entry(slugs=[])), [('slugs_empty', 'entries[0].slugs')]),
        (
            document(entry(slugs=['A_b'])),
            [('slug_invalid', 'entries[0].slugs[0]')],
        ),
        (
            document(entry(slugs=['x', 'x'])),
            [('slug_duplicate', 'entries[0].slugs[1]')],
        ),
        (
            document(entry(slugs=['x', 1])),
            [('wrong_type', 'entries[0].slugs[1]')],
        ),
        (
            document(entry(sha256={'x.zip': 'ab' * 32})),
            [('wheel_name_invalid', 'entries[0].sha256.x.zip')],
        ),
        (
            document(
                entry(sha256={'imbi_plugin_x-1.0-py3-none-any.whl': 'AB' * 32})
            ),
            [
                (
                    'sha256_invalid',
                    'entries[0].sha256.imbi_plugin_x-1.0-py3-none-any.whl',
                )
            ],
        ),
        (
            document(
                entry(sha256={'imbi_plugin_y-1.0-py3-none-any.whl': 'ab' * 32})
            ),
            [
                (
                    'wheel_of_another',
                    'entries[0].sha256.imbi_plugin_y-1.0-py3-none-any.whl',
                )
            ],
        ),
        (
            document(
                entry(sha256={'imbi_plugin_x-2.0-py3-none-any.whl': 'ab' * 32})
            ),
            [
                (
                    'wheel_out_of_range',
                    'entries[0].sha256.imbi_plugin_x-2.0-py3-none-any.whl',
                )
            ],
        ),
        (
            document(entry(), entry(versions='<2,>=1', slugs=['y'])),
            [('entry_duplicate', 'imbi-plugin-x')],
        ),
    ],
)
def test_what_is_wrong_is_told_by_place(text, expected):
    assert codes(text) == expected
    with pytest.raises(CatalogError):
        Catalog.parse(text)


DIGITS = '9' * 5000
"""More than Python makes an int of, unless somebody lifts that limit."""


@pytest.mark.parametrize(
    ('text', 'code'),
    [
        (
            f'format_version = 1\nx = {"[" * 5000}{"]" * 5000}',
            'catalog_syntax',
        ),
        (f'format_version = {DIGITS}', 'catalog_syntax'),
        (f'format_version = 0x{DIGITS}', 'format_version'),
        (document(entry(versions=f'>={DIGITS}')), 'versions_invalid'),
        (
            document(
                entry(sha256={f'x-{DIGITS}-py3-none-any.whl': 'ab' * 32})
            ),
            'wheel_name_invalid',
        ),
    ],
    ids=['brackets', 'digits', 'hexadecimal', 'versions', 'wheel'],
)
def test_what_is_far_too_long_is_a_problem_like_others(text, code):
    (problem,) = check_catalog(text)
    assert problem.code == code
    assert len(problem.message) < 200


def test_a_version_that_no_int_can_hold_is_refused(tmp_path):
    held = catalog(entry())
    assert held.decide('imbi-plugin-x', DIGITS).problem.code == (
        'version_invalid'
    )
    wheel = tmp_path / f'imbi_plugin_x-{DIGITS}-py3-none-any.whl'
    (problem,) = held.check_wheel(wheel)
    assert problem.code == 'not_a_wheel'


def test_everything_that_is_wrong_is_told_at_once():
    text = document(
        entry(status='blocekd'), entry(slugs=[], distribution='y', nots='')
    )
    with pytest.raises(CatalogError) as caught:
        Catalog.parse(text)
    assert [one.path for one in caught.value.problems] == [
        'entries[0].status',
        'entries[1].nots',
        'entries[1].slugs',
    ]
    assert "Did you mean 'blocked'?" in str(caught.value)
    assert "Did you mean 'note'?" in str(caught.value)


def test_a_good_document_has_no_problems():
    assert check_catalog(document(entry())) == ()


def test_a_file_is_read_and_judged(tmp_path):
    path = tmp_path / 'catalog.toml'
    path.write_text(document(entry()), 'utf-8')
    assert Catalog.load(path).allows('imbi-plugin-x', '1.0')
    path.write_bytes(b'format_version = 1 # \xff')
    with pytest.raises(CatalogError, match='octet 21'):
        Catalog.load(path)


# --- decisions ---------------------------------------------------------


@pytest.mark.parametrize(
    ('name', 'version', 'slugs', 'status', 'code'),
    [
        ('imbi-plugin-x', '1.0', None, 'approved', None),
        ('Imbi_Plugin.X', '1.9', ['x'], 'approved', None),
        ('imbi-plugin-x', '1.5rc1', ['x'], 'approved', None),
        ('imbi-plugin-x', '2.0', None, 'unlisted', 'version_not_listed'),
        ('imbi-plugin-x', '0.9', None, 'unlisted', 'version_not_listed'),
        ('imbi-plugin-x', '', None, 'unlisted', 'version_invalid'),
        ('imbi-plugin-x', 'newest', None, 'unlisted', 'version_invalid'),
        ('imbi-plugin-z', '1.0', None, 'unlisted', 'not_listed'),
        ('imbi-plugin-x', '1.0', ['x', 'z'], 'unlisted', 'slug_not_listed'),
        ('imbi-plugin-x', '1.3.1', None, 'deprecated', 'deprecated'),
        ('imbi-plugin-x', '1.4.0', ['x'], 'blocked', 'blocked'),
        ('imbi-plugin-x', '1.4.0', ['z'], 'blocked', 'blocked'),
    ],
)
def test_a_decision(name, version, slugs, status, code):
    found = catalog(
        entry(),
        entry(versions='==1.4.*', status='blocked', note='leaks tokens'),
        entry(versions='==1.3.*', status='deprecated', note='use 1.5'),
    ).decide(name, version, slugs)
    assert found.status == status
    assert found.allowed is (status in {'approved', 'deprecated'})
    assert (found.problem and found.problem.code) == code


def test_the_order_of_entries_changes_no_decision():
    lines = [
        entry(),
        entry(versions='==1.4.*', status='blocked', note='leaks tokens'),
    ]
    for entries in (lines, lines[::-1]):
        assert not catalog(*entries).allows('imbi-plugin-x', '1.4.2')
        assert catalog(*entries).allows('imbi-plugin-x', '1.5')


def test_a_refusal_says_why_and_what_to_do():
    one = catalog(entry(status='blocked', note='leaks tokens', versions=''))
    problem = one.decide('imbi-plugin-x', '1.0').problem
    assert problem.message == (
        'every version is blocked since 2026-01-01: leaks tokens'
    )
    near = one.decide('imbi-plugin-xx', '1.0').problem
    assert "Did you mean 'imbi-plugin-x'?" in near.message


def test_a_host_adds_its_own_entries_and_blocks_shipped_ones():
    own = catalog(
        entry(),
        entry(
            distribution='imbi-plugin-ssm',
            versions='',
            slugs=['aws-ssm'],
            status='blocked',
            note='not here',
        ),
    )
    both = Catalog.shipped().extended(own)
    assert both.allows('imbi-plugin-x', '1.0')
    assert both.allows('imbi-plugin-oidc', '0.1')
    assert not both.allows('imbi-plugin-ssm', '0.1')


# --- wheels ------------------------------------------------------------


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / 'imbi_plugin_x-1.0-py3-none-any.whl'
    path.write_bytes(b'what was reviewed')
    return path


def pinned(wheel):
    digest = hashlib.sha256(b'what was reviewed').hexdigest()
    return catalog(entry(sha256={wheel.name: digest}))


def test_a_wheel_of_the_pinned_digest_may_be_installed(wheel):
    assert pinned(wheel).check_wheel(wheel) == ()


def test_a_wheel_with_one_other_octet_may_not(wheel):
    wheel.write_bytes(b'what was reviewed.')
    (problem,) = pinned(wheel).check_wheel(wheel)
    assert problem.code == 'sha256_differs'


def test_a_wheel_for_another_platform_is_not_the_pinned_one(wheel):
    other = wheel.with_name('imbi_plugin_x-1.0-cp311-cp311-linux_x86_64.whl')
    other.write_bytes(wheel.read_bytes())
    (problem,) = pinned(wheel).check_wheel(other)
    assert problem.code == 'wheel_not_listed'


def test_without_digests_the_range_decides(wheel):
    assert catalog(entry()).check_wheel(wheel) == ()
    (problem,) = catalog(entry(versions='>=2')).check_wheel(wheel)
    assert problem.code == 'version_not_listed'
    (problem,) = catalog(entry()).check_wheel(wheel, ['y'])
    assert problem.code == 'slug_not_listed'


def test_a_file_that_names_no_wheel_is_refused(tmp_path):
    (problem,) = catalog(entry()).check_wheel(tmp_path / 'x-1.0.zip')
    assert problem.code == 'not_a_wheel'


# --- the registry's gate -----------------------------------------------


def made_up(name, version, imported):
    class Plugin:
        pass

    def load():
        imported.append(name)
        return Plugin

    point = types.SimpleNamespace(name='x', value='x:X', load=load)
    return types.SimpleNamespace(
        name=name, version=version, entry_points=[point]
    )


def test_an_unlisted_distribution_is_refused_before_it_is_imported():
    imported = []
    source = [
        made_up('imbi-plugin-x', '1.0', imported),
        made_up('imbi-plugin-x-fork', '1.0', imported),
    ]
    registry = PluginRegistry(source, catalog=catalog(entry()))
    refusals = registry.current.refusals
    assert imported == ['imbi-plugin-x']
    stages = {one.distribution: (one.stage, one.code) for one in refusals}
    assert stages['imbi-plugin-x-fork'] == ('catalog', 'not_listed')


def test_a_slug_that_is_not_listed_is_refused_after_the_import():
    class EntryPoint:
        distribution = 'imbi-plugin-x'
        version = '1.0'
        name = 'anything'

    one = catalog(entry())
    assert one.problem_of(EntryPoint(), None) is None
    assert one.problem_of(EntryPoint(), 'x') is None
    assert one.problem_of(EntryPoint(), 'y').code == 'slug_not_listed'


def test_importing_the_catalog_alone_is_cheap():
    code = (
        'import sys, imbi_plugin_sdk.catalog\n'
        'costly = {"pydantic", "packaging", "tomllib"}\n'
        'print(sorted(costly & set(sys.modules)))'
    )
    done = subprocess.run(
        [
            sys.executable,
            '-S',
            '-c',
            f'import sys; sys.path[:0] = {sys.path!r}\n{code}',
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == '[]'
