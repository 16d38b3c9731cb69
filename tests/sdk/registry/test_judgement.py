"""What an entry point's object must be: version, manifest, contract, names."""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from types import SimpleNamespace

import pytest

from imbi_plugin_sdk import PluginNotFoundError, PluginUnavailableError
from imbi_plugin_sdk.catalog import Catalog as CuratedCatalog
from imbi_plugin_sdk.contract import CONTRACTS
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import (
    Block,
    EntryPointRef,
    PluginRegistry,
    PreflightResult,
    discover,
    sources,
)

HEAD = 'from imbi_plugin_sdk import *\n'
MANIFEST = "PluginManifest(slug='bad', name='Bad', plugin_type='logs')"


@pytest.fixture
def refusal_of(site):
    """Return a function that installs one module and returns its refusal."""

    def install(source, **options):
        site.install(
            'imbi-plugin-bad',
            files={'imbi_plugin_bad.py': source},
            points={'bad': 'imbi_plugin_bad:Handler'},
        )
        (refusal,) = site.registry(**options).current.refusals
        return refusal

    return install


MANIFESTS = [
    ('class Handler: pass', 'manifest_missing', 'no `manifest`'),
    (
        f'class Handler:\n def __init__(self): self.manifest = {MANIFEST}',
        'manifest_missing',
        '`__init__`',
    ),
    (
        'class Handler:\n manifest: PluginManifest',
        'manifest_missing',
        'gives it no value',
    ),
    (
        f'class Base:\n manifest = {MANIFEST}\nclass Handler(Base): pass',
        'manifest_inherited',
        'inherits from Base',
    ),
    (
        f'class C:\n manifest = {MANIFEST}\nHandler = C()',
        'manifest_on_instance',
        'an instance of C',
    ),
    (
        'class Handler:\n @property\n def manifest(self): pass',
        'manifest_on_instance',
        'property',
    ),
    (
        "class Handler:\n __slots__ = ('manifest',)",
        'manifest_on_instance',
        'member_descriptor',
    ),
    (
        "class Handler:\n manifest = {'slug': 'bad'}",
        'not_a_manifest',
        'type dict',
    ),
    ('def Handler(): pass', 'not_a_class', 'type function'),
    ('import json as Handler', 'not_a_class', 'a module'),
    (
        'class Handler:\n manifest = PluginManifest.model_construct('
        "slug='Bad Slug', name='x', plugin_type='logs')",
        'manifest_invalid',
        'slug',
    ),
    (
        'class Handler:\n manifest = PluginManifest('
        "slug='bad', name='x', plugin_type='log')",
        'manifest_invalid',
        'plugin_type',
    ),
]


@pytest.mark.parametrize(('source', 'code', 'words'), MANIFESTS)
def test_a_manifest_is_the_class_s_own_and_valid(
    refusal_of, source, code, words
):
    refusal = refusal_of(HEAD + source)
    assert (refusal.stage, refusal.code) == ('manifest', code)
    assert words in refusal.message


VERSIONS = [
    ('2', 'api_version_unsupported'),
    ('True', 'api_version_invalid'),
    ("'>=2.0'", 'api_version_unsupported'),
    ("'newest'", 'api_version_invalid'),
    ('0', 'api_version_invalid'),
    ('None', 'api_version_invalid'),
]


@pytest.mark.parametrize(('declared', 'code'), VERSIONS)
@pytest.mark.parametrize(
    'shape',
    [
        'class Handler:\n class manifest: api_version = VALUE',
        'class Handler:\n manifest = dict(api_version=VALUE)',
        'class Handler: api_version = VALUE',
        'class manifest: api_version = VALUE',
        'class Handler:\n class manifest:\n'
        "  api_version = VALUE\n  plugin_type = 'of-tomorrow'",
    ],
)
def test_the_version_is_judged_before_anything_else(
    refusal_of, shape, declared, code
):
    source = shape.replace('VALUE', declared)
    if shape.startswith('class manifest'):
        source += '\nimport sys; Handler = sys.modules[__name__]'
    refusal = refusal_of(source)
    assert (refusal.stage, refusal.code) == ('api_version', code)


def test_a_manifest_with_fields_of_a_newer_contract_is_unsupported(
    refusal_of,
):
    refusal = refusal_of(
        f'{HEAD}class Handler:\n manifest = PluginManifest(slug="bad", '
        'name="x", plugin_type="logs", api_version=2, tomorrow=1)'
    )
    assert (refusal.stage, refusal.code) == (
        'api_version',
        'api_version_unsupported',
    )


def test_a_version_of_one_does_not_hide_a_broken_manifest(refusal_of):
    refusal = refusal_of(
        f'{HEAD}class Handler:\n manifest = PluginManifest(slug="bad", '
        'name="x", plugin_type="logs", api_version=1, tomorrow=1)'
    )
    assert (refusal.stage, refusal.code) == ('manifest', 'manifest_invalid')
    assert [problem.code for problem in refusal.problems] == ['unknown_field']


def test_a_plugin_for_another_sdk_is_told_so(site):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': (
                'from imbi_plugin_sdk.errors import OfTomorrow'
            )
        },
        requires=('Imbi.Plugin-SDK[testkit]>=99', 'httpx'),
    )
    site.install(
        'imbi-plugin-sdk',
        '1.0',
        files={'sdk_is_elsewhere.py': ''},
        points='',
    )
    (refusal,) = site.registry().current.refusals
    assert (refusal.stage, refusal.code) == ('api_version', 'sdk_unsupported')
    assert '>=99' in refusal.message
    assert '1.0' in refusal.message


def test_what_imports_is_not_the_other_sdks_doing(site):
    site.install(
        files={'imbi_plugin_one/__init__.py': 'class Handler: pass'},
        requires=('imbi-plugin-sdk>=99',),
    )
    site.install('imbi-plugin-sdk', '1.0', files={'x.py': ''}, points='')
    (refusal,) = site.registry().current.refusals
    assert (refusal.stage, refusal.code) == ('manifest', 'manifest_missing')


BREAKS_IMPORTS = """
import sys
class Finder:
    def find_spec(*_):
        raise RuntimeError('found by nobody')
sys.modules.pop('packaging.requirements', None)
sys.meta_path.insert(0, Finder)
1 / 0
"""


@pytest.mark.parametrize(
    ('source', 'requires'),
    [('1 / 0', f'imbi-plugin-sdk>={"9" * 5000}'), (BREAKS_IMPORTS, 'httpx')],
    ids=['digits', 'import system'],
)
def test_what_a_plugin_requires_may_be_beyond_reading(
    site, monkeypatch, source, requires
):
    monkeypatch.setattr(sys, 'meta_path', [*sys.meta_path])
    site.install(
        files={'imbi_plugin_one/__init__.py': source}, requires=(requires,)
    )
    site.install('imbi-plugin-sdk', '1.0', files={'x.py': ''}, points='')
    registry = site.registry()
    (refusal,) = registry.current.refusals
    assert refusal.code == 'import_failed'
    monkeypatch.undo()
    import packaging.requirements  # noqa: F401, PLC0415  it was taken out


def test_a_class_that_breaks_its_contract_is_refused_with_each_break(
    refusal_of,
):
    refusal = refusal_of(
        f'{HEAD}class Handler:\n manifest = {MANIFEST}\n'
        ' def search(self, ctx, credentials, query): pass\n'
    )
    assert (refusal.stage, refusal.code) == ('contract', 'contract_broken')
    assert {problem.path for problem in refusal.problems} == {
        'search',
        'schema',
    }


def test_a_host_can_serve_less_than_the_sdk(site):
    logs = dataclasses.replace(
        CONTRACTS['logs'], versions=((1, 0), (1, 1), (2, 0))
    )
    contracts = {**CONTRACTS, 'logs': logs}
    site.install()
    assert site.registry(contracts=contracts).get('one').contract_version == (
        1,
        1,
    )
    registry = site.registry(contracts=contracts, supported={'logs': '<1.1'})
    assert registry.get('one').contract_version == (1, 0)
    registry = site.registry(contracts=contracts, supported={'logs': '>=2'})
    assert registry.current.refusals[0].stage == 'api_version'


@pytest.mark.parametrize(
    ('supported', 'words'),
    [
        ({'log': '>=1'}, "Did you mean 'logs'?"),
        ({'logs': 'new'}, 'give a specifier'),
        ({'logs': '>=7'}, 'no contract version'),
    ],
)
def test_a_range_that_cannot_be_meant_is_an_error(site, supported, words):
    with pytest.raises(ValueError, match='supported') as caught:
        site.registry(supported=supported)
    assert words in str(caught.value)


def test_the_first_by_distribution_keeps_a_slug(site):
    for name in ('imbi-plugin-b', 'imbi-plugin-a', 'imbi-plugin-c'):
        package = name.replace('-', '_')
        site.install(
            name,
            files={f'{package}.py': site.plugin('same')},
            points={'same': f'{package}:Handler'},
        )
    snapshot = site.registry().current
    assert snapshot.entries['same'].distribution == 'imbi-plugin-a'
    assert [
        (one.distribution, one.stage, one.code, one.slug)
        for one in snapshot.refusals
    ] == [
        ('imbi-plugin-b', 'slug', 'slug_taken', 'same'),
        ('imbi-plugin-c', 'slug', 'slug_taken', 'same'),
    ]
    assert 'imbi-plugin-a 1.0 (same)' in snapshot.refusals[0].message


def test_the_first_by_entry_point_keeps_a_slug(site):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': '',
            'imbi_plugin_one/a.py': site.plugin('same'),
            'imbi_plugin_one/b.py': site.plugin('same'),
        },
        points={
            'b': 'imbi_plugin_one.b:Handler',
            'a': 'imbi_plugin_one.a:Handler',
        },
    )
    snapshot = site.registry().current
    assert snapshot.entries['same'].entry_point == 'a'
    assert [one.entry_point for one in snapshot.refusals] == ['b']
    codes = [one.code for one in snapshot.entries['same'].findings]
    assert codes == ['entry_point_name']


LABELS = {
    'vertex': "vertex_labels=[dict(name='Bucket', model_ref='m:M')]",
    'edge': (
        "edge_labels=[dict(name='HOLDS', from_labels=['A'], to_labels=['B'])]"
    ),
}


@pytest.mark.parametrize('kind', ['vertex', 'edge'])
def test_a_graph_label_belongs_to_one_plugin_and_the_rest_stays(site, kind):
    extra = LABELS[kind]
    for slug in ('a', 'b', 'c'):
        site.install(
            f'imbi-plugin-{slug}',
            files={
                f'imbi_plugin_{slug}.py': site.plugin(
                    slug, extra=extra if slug != 'c' else ''
                )
            },
            points={slug: f'imbi_plugin_{slug}:Handler'},
        )
    snapshot = site.registry().current
    assert list(snapshot.entries) == ['a', 'c']
    (refusal,) = snapshot.refusals
    assert (refusal.stage, refusal.code) == ('labels', 'schema_collision')
    assert 'imbi-plugin-a' in refusal.message


def test_our_manifest_is_a_copy_that_nobody_can_change(site):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin(
                extra="options=[dict(name='region', label='Region')], "
                "ops_log_templates={'set': dict(label='Set')}"
            )
        }
    )
    entry = site.registry().get('one')
    ours, theirs = entry.manifest, entry.handler.manifest
    assert ours == theirs
    assert isinstance(ours.options, list)
    theirs.options.clear()
    assert [option.name for option in ours.options] == ['region']
    for change in (
        lambda: ours.options.append(1),
        lambda: ours.options.__setitem__(0, 1),
        ours.options.clear,
        ours.default_scopes.sort,
        lambda: ours.ops_log_templates.update(x=1),
        lambda: ours.ops_log_templates.pop('set'),
    ):
        with pytest.raises(TypeError, match='model_copy'):
            change()
    copy = ours.model_copy(deep=True)
    copy.options.append(copy.options[0])
    copy.ops_log_templates.clear()
    assert len(ours.options) == 1
    assert json.loads(ours.model_dump_json())['options'][0]['name'] == 'region'


# --- the host's gates ---------------------------------------------------


class Catalog:
    """Lets in only what it lists, and remembers what it was asked."""

    def __init__(self, *slugs):
        self.slugs = slugs
        self.asked = []

    def problem_of(self, plugin, slug):
        self.asked.append((plugin.name, slug))
        if (slug or plugin.name) in self.slugs:
            return None
        return Problem('not_listed', '', 'it is not listed.', 'List it.')


def test_a_catalog_is_asked_before_the_import_and_with_the_slug_after(site):
    site.install(
        files={'imbi_plugin_one.py': site.plugin('other')},
        points={'one': 'imbi_plugin_one:Handler'},
    )
    site.install(
        'imbi-plugin-two',
        files={'imbi_plugin_two.py': 'raise SystemExit'},
        points={'two': 'imbi_plugin_two:Handler'},
    )
    catalog = Catalog('one')
    snapshot = site.registry(catalog=catalog).current
    assert [(one.stage, one.code) for one in snapshot.refusals] == [
        ('catalog', 'not_listed'),
        ('catalog', 'not_listed'),
    ]
    assert catalog.asked == [('one', None), ('two', None), ('one', 'other')]


def test_the_sdk_s_own_catalog_is_a_gate(site):
    site.install()
    site.install('imbi-plugin-two')
    catalog = CuratedCatalog.parse(
        'format_version = 1\n[[entries]]\n'
        'distribution = "imbi-plugin-one"\nversions = ">=1"\nslugs = ["one"]\n'
        'status = "approved"\nsince = 2026-01-01\n'
    )
    snapshot = site.registry(catalog=catalog).current
    assert list(snapshot.entries) == ['one']
    assert [one.stage for one in snapshot.refusals] == ['catalog']
    assert snapshot.refusals[0].slug == ''  # nobody knows it yet


def test_a_catalog_that_breaks_lets_nobody_in(site):
    site.install()
    broken = SimpleNamespace(problem_of=lambda *_: 1 / 0)
    (refusal,) = site.registry(catalog=broken).current.refusals
    assert (refusal.stage, refusal.code) == ('catalog', 'gate_failed')


BLOCKS = [
    (Block('old bug', slug='one'), True),
    (Block('old bug', slug='two'), False),
    (Block('old bug', distribution='Imbi.Plugin_ONE'), True),
    (Block('old bug', distribution='imbi-plugin-one', versions='<2'), True),
    (Block('old bug', distribution='imbi-plugin-one', versions='>=2'), False),
    (Block('old bug', slug='one', distribution='other'), False),
]


@pytest.mark.parametrize(('block', 'blocked'), BLOCKS)
def test_a_block_list_speaks_before_the_import(site, block, blocked):
    site.install(
        files={'imbi_plugin_one.py': 'raise SystemExit'},
        points={'one': 'imbi_plugin_one:Handler'},
    )
    (refusal,) = site.registry(block=[block]).current.refusals
    assert (refusal.stage == 'blocked') is blocked
    assert ('old bug' in refusal.message) is blocked


def test_a_block_by_slug_also_finds_another_entry_point_name(site):
    site.install(points={'uno': 'imbi_plugin_one:Handler'})
    registry = site.registry(block=[Block('no', slug='one')])
    assert registry.current.refusals[0].stage == 'blocked'


@pytest.mark.parametrize(
    'arguments',
    [
        {'reason': 'x'},
        {'reason': ' ', 'slug': 'a'},
        {'reason': 'x', 'slug': ' '},
        {'reason': 'x', 'distribution': 'imbi-plugin-one>=1'},
        {'reason': 'x', 'slug': 'a', 'versions': 'new'},
        {'reason': 'x', 'slug': 'a', 'versions': f'>={"9" * 5000}'},
    ],
)
def test_a_block_that_cannot_be_meant_is_an_error(arguments):
    with pytest.raises(ValueError, match=r'block|reason|specifier|called'):
        Block(**arguments)


@pytest.mark.parametrize('version', ['2004d', '1.0_1', '', '9' * 5000])
def test_a_version_that_cannot_be_read_is_in_every_blocked_range(version):
    block = Block('old', distribution='imbi-plugin-one', versions='<0.1')
    plugin = EntryPointRef('imbi-plugin-one', version, 'one', 'a:B')
    assert block.problem_of(plugin, None).code == 'blocked'


def test_a_block_list_covers_pre_releases_and_local_versions():
    block = Block('old', distribution='imbi-plugin-one', versions='<2')
    plugin = EntryPointRef('imbi-plugin-one', '', 'one', 'a:B')
    blocked = [
        version
        for version in ('1.0rc1', '1.0+local', '2.0', '1!1.0', '1.9.dev3')
        if block.problem_of(plugin._replace(version=version), None)
    ]
    assert blocked == ['1.0rc1', '1.0+local', '1.9.dev3']


@pytest.mark.parametrize('deadline', [0, -1, float('nan')])
def test_a_deadline_that_nothing_can_meet_is_an_error(site, deadline):
    with pytest.raises(ValueError, match='give seconds above 0'):
        site.registry(deadline=deadline)


def test_an_unknown_name_of_a_preflight_is_an_error(site):
    with pytest.raises(ValueError, match="Did you mean 'subprocess'"):
        site.registry(preflight='subproces')


def test_a_preflight_can_keep_a_plugin_out_without_an_import(site):
    site.install(
        files={'imbi_plugin_one.py': 'import os; os._exit(3)'},
        points={'one': 'imbi_plugin_one:Handler'},
    )
    crashed = Problem('import_crashed', '', 'it exited with 3.', 'Mend it.')
    registry = site.registry(preflight=lambda _: PreflightResult(crashed))
    (refusal,) = registry.current.refusals
    assert (refusal.stage, refusal.code) == ('import', 'import_crashed')
    assert site.registry  # this process is still there


def test_a_preflight_that_lets_in_or_breaks(site):
    site.install()
    seen = []

    def preflight(plugin):
        seen.append(plugin)
        return PreflightResult()

    assert site.registry(preflight=preflight).get('one')
    assert seen[0].value == 'imbi_plugin_one:Handler'
    registry = site.registry(preflight=lambda _: 1 / 0)
    assert registry.current.refusals[0].code == 'preflight_failed'


# --- asking -------------------------------------------------------------


def test_asking_for_a_slug(site):
    site.install()
    site.install(
        'imbi-plugin-bad',
        files={'imbi_plugin_bad.py': '1/0'},
        points={'bad': 'imbi_plugin_bad:Handler'},
    )
    registry = site.registry()
    assert registry.get('one').slug == 'one'
    with pytest.raises(PluginNotFoundError, match=r"Did you mean 'one'\?"):
        registry.get('on')
    with pytest.raises(PluginUnavailableError, match='ZeroDivisionError'):
        registry.get('bad')


def test_the_report_is_json(site):
    site.install()
    site.install(
        'imbi-plugin-bad',
        files={'imbi_plugin_bad.py': '1/0'},
        points={'bad': 'imbi_plugin_bad:Handler'},
    )
    registry = site.registry()
    with registry.lease():
        report = json.loads(json.dumps(registry.report()))
    assert report['plugins'][0]['slug'] == 'one'
    assert report['refusals'][0]['code'] == 'import_failed'
    assert report['fingerprint'] == registry.fingerprint
    assert report['census'][0]['leases'] == 1
    assert report['restart_required'] == []


def test_no_handler_is_ever_made(site):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': site.plugin(
                after='    def __init__(self): raise SystemExit\n'
                '    def __new__(cls): raise SystemExit\n'
            )
        }
    )
    registry = site.registry()
    assert registry.get('one')
    registry.reload()
    registry.report()


def test_a_snapshot_cannot_be_changed(site):
    site.install()
    snapshot = site.registry().current
    with pytest.raises(TypeError):
        snapshot.entries['two'] = snapshot.entries['one']
    with pytest.raises(dataclasses.FrozenInstanceError):
        snapshot.generation = 9
    with pytest.raises(dataclasses.FrozenInstanceError):
        snapshot.entries['one'].version = '9'


def test_made_up_distributions_are_a_source(site):
    handler = type(
        'Handler', (site_handler(),), {'manifest': site_handler().manifest}
    )
    made = SimpleNamespace(
        name='Imbi_Plugin.Made',
        version='3.1',
        entry_points=[
            SimpleNamespace(name='made', load=lambda: handler),
            SimpleNamespace(
                name='other', group='elsewhere', load=lambda: 1 / 0
            ),
        ],
    )
    for source in ([made], lambda: iter([made])):
        registry = PluginRegistry(source)
        entry = registry.get('made')
        assert entry.handler is handler
        assert entry.distribution == 'imbi-plugin-made'
        assert entry.version == '3.1'
        assert not registry.reload().changed


def test_the_first_made_up_distribution_of_a_name_wins_and_the_sdk_is_none():
    made = [
        SimpleNamespace(name='imbi_plugin.x', version=version, entry_points=[])
        for version in ('1', '2')
    ]
    sdk = SimpleNamespace(name='imbi-plugin-sdk', version='9', entry_points=[])
    found = sources.discover([*made, sdk])
    assert [one.version for one in found.distributions] == ['1']
    assert found.sdk.version == '9'


def test_a_made_up_distribution_that_cannot_be_read_spoils_only_itself():
    class Bad:
        name = 'bad'
        version = '1'

        @property
        def entry_points(self):
            raise SystemExit

    good = SimpleNamespace(name='good', version='1', entry_points=[])
    found = sources.discover([Bad(), good, 3])
    assert [one.name for one in found.distributions] == ['good']
    assert [one.code for one in found.problems] == ['metadata_unreadable'] * 2


@pytest.mark.parametrize(
    'library', ['importlib.metadata', 'importlib_metadata']
)
def test_distributions_of_the_library_are_a_source(site, library):
    info = site.install()
    site.install('imbi-plugin-bad', points=b'[imbi.plugins]\nno equals\n')
    find = importlib.import_module(library).distributions
    registry = PluginRegistry(lambda: find(path=[str(site.path)]))
    entry = registry.get('one')
    assert (entry.path, entry.version) == (str(info), '1.0')
    assert [one.code for one in registry.current.refusals] == [
        'entry_points_line'
    ]
    assert not registry.reload().changed


def test_one_place_may_stand_alone_as_a_source(site):
    site.install()
    for place in (site.path, str(site.path)):
        assert PluginRegistry(place).get('one')
        assert discover(place).distributions
    assert PluginRegistry(lambda: str(site.path)).get('one')


def site_handler():
    from imbi_plugin_sdk import LogsPlugin, PluginManifest  # noqa: PLC0415

    class Base(LogsPlugin):
        manifest = PluginManifest(slug='made', name='Made', plugin_type='logs')

        async def search(self, ctx, credentials, query):
            """Find nothing."""

        async def schema(self, ctx, credentials):
            """Know nothing."""

    return Base
