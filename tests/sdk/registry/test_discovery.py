"""Discovery reads metadata, imports nothing, and survives every file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import pytest

from imbi_plugin_sdk.registry import PluginRegistry, discover, sources


def found(site):
    """Return name to (version, entry points, problem codes)."""
    return {
        one.name: (
            one.version,
            [tuple(line) for line in one.entry_points],
            [problem.code for problem in one.problems],
        )
        for one in discover([site.path]).distributions
    }


GOOD = ('1.0', [('one', 'imbi_plugin_one:Handler')], [])


def test_every_distribution_is_told_without_importing(site):
    site.install(files={'imbi_plugin_one.py': 'raise SystemExit'})
    site.install('some-library', '2.1', points='', files={'x.py': ''})
    assert found(site) == {
        'imbi-plugin-one': (
            '1.0',
            [('one', 'imbi_plugin_one:Handler')],
            [],
        ),
        'some-library': ('2.1', [], []),
    }
    assert 'imbi_plugin_one' not in sys.modules


def test_the_sdk_is_no_plugin_of_itself(site):
    site.install('imbi-plugin-sdk', '9.9')
    discovery = discover([site.path])
    assert discovery.distributions == ()
    assert discovery.sdk.version == '9.9'


BROKEN = [
    (b'[imbi.plugins]\n\xff = x:Y\n', 'entry_points_not_utf8'),
    (b'[imbi.plugins]\nno equals sign\n', 'entry_points_line'),
    (b'[imbi.plugins]\n= x:Y\n', 'entry_points_line'),
    (
        '\ufeff[imbi.plugins]\nbad = x:Y\n'.encode(),
        'entry_points_byte_order_mark',
    ),
    ('[imbi.plugins]\nbad = x:Y\n'.encode('utf-16'), 'entry_points_not_utf8'),
]


@pytest.mark.parametrize(('data', 'code'), BROKEN)
def test_a_broken_file_spoils_only_itself(site, data, code):
    site.install()
    site.install('imbi-plugin-bad', points=data, files={'x.py': ''})
    assert found(site)['imbi-plugin-one'] == GOOD
    assert found(site)['imbi-plugin-bad'][1:] == ([], [code])
    registry = site.registry()
    assert list(registry.current.entries) == ['one']
    (refusal,) = registry.current.refusals
    assert (refusal.stage, refusal.code) == ('metadata', code)
    assert not registry.reload().changed


def test_a_broken_line_spoils_only_itself(site):
    site.install(
        points='[imbi.plugins]\nnonsense\none = imbi_plugin_one:Handler\n'
    )
    registry = site.registry()
    assert list(registry.current.entries) == ['one']
    assert [one.code for one in registry.current.refusals] == [
        'entry_points_line'
    ]
    assert 'line 2' in registry.current.refusals[0].message


@pytest.mark.parametrize('value', ['', 'a b:c', 'x:', '1/2', '.x:Y', 'x..y:Z'])
def test_a_value_that_refers_to_nothing_is_refused(site, value):
    site.install(points={'one': value})
    (refusal,) = site.registry().current.refusals
    assert (refusal.stage, refusal.code) in {
        ('metadata', 'entry_point_value'),
        ('import', 'module_missing'),
    }
    assert refusal.entry_point == 'one'


def test_faults_in_the_groups_of_others_are_not_ours(site):
    site.install(points=b'[console_scripts]\nnonsense\n# \xc3\xa4\n')
    assert found(site)['imbi-plugin-one'] == ('1.0', [], [])


def test_strange_things_in_the_place_of_files(site):
    site.install()
    for number, make in enumerate(
        [
            lambda path: path.mkdir(),
            os.mkfifo,
            lambda path: path.symlink_to(path),
            lambda path: path.symlink_to('/nonexistent'),
        ]
    ):
        info = site.path / f'strange_{number}-1.0.dist-info'
        info.mkdir()
        make(info / 'entry_points.txt')
    (site.path / 'file_1-1.0.dist-info').write_text('a file')
    (site.path / 'empty_1-1.0.dist-info').mkdir()
    (site.path / '.dist-info').mkdir()
    (site.path / '-1.0.dist-info').mkdir()
    result = found(site)
    assert result['imbi-plugin-one'] == GOOD
    assert result['strange-0'][2] == ['entry_points_unreadable']
    assert result['strange-1'] == ('1.0', [], [])
    assert result['strange-2'][2] == ['entry_points_unreadable']
    assert result['empty-1'] == ('1.0', [], [])


def test_paths_that_are_not_there_or_no_directories_are_passed_over(site):
    site.install()
    entries = ['/nonexistent', '', 'bad\0name', sys.executable, site.path]
    names = [one.name for one in discover(entries).distributions]
    assert 'imbi-plugin-one' in names


def test_a_large_file_is_not_read_to_its_end(site):
    site.install(points=b'#' * (17 * 1024 * 1024))
    assert found(site)['imbi-plugin-one'][2] == ['entry_points_unreadable']


def test_a_large_but_sane_file_is_read(site):
    filler = '# filler\n' * 20_000
    site.install(points=f'{filler}[imbi.plugins]\none = a:B\n')
    assert found(site)['imbi-plugin-one'][1] == [('one', 'a:B')]


def test_the_first_on_the_path_wins_but_one_with_metadata_before(
    site, tmp_path
):
    first, second = (type(site)(tmp_path / name) for name in 'ab')
    for one, version in ((first, '1.0'), (second, '2.0')):
        one.path.mkdir()
        one.install(version=version)
    assert (
        discover([first.path, second.path]).distributions[0].version == '1.0'
    )
    (next(first.path.glob('*.dist-info')) / 'METADATA').unlink()
    assert (
        discover([first.path, second.path]).distributions[0].version == '2.0'
    )


def test_two_versions_in_one_directory_are_told(site):
    site.install(version='1.9')
    site.install('imbi-plugin_one', '1.10', files={'y.py': ''})
    old = site.path / 'imbi_plugin_one-1.9.dist-info'
    old.mkdir(exist_ok=True)
    (old / 'METADATA').write_text('Name: imbi-plugin-one\n')
    version, _, codes = found(site)['imbi-plugin-one']
    assert version == '1.10'
    assert codes == ['distribution_duplicate']


def test_a_byte_order_mark_is_one_at_the_start_only(site):
    site.install(points='# first\n\ufeff[imbi.plugins]\nbad = x:Y\n'.encode())
    assert found(site) == {'imbi-plugin-one': ('1.0', [], [])}


def test_a_directory_without_a_version_is_not_editable(site):
    info = site.install()
    bare = info.rename(site.path / 'imbi_plugin_one.dist-info')
    (one,) = discover([site.path]).distributions
    assert (one.path, one.version) == (str(bare), '1.0')
    assert not one.editable


def test_a_made_up_distribution_may_have_files_to_read(site):
    made = SimpleNamespace(
        name='Imbi_Plugin.One',
        version='1.0',
        entry_points=[SimpleNamespace(name='one', load=object)],
        read_text={'METADATA': 'Name: x'}.get,
    )
    (one,) = sources.discover([made]).plugins()
    assert (one.name, one.read('METADATA')) == ('imbi-plugin-one', b'Name: x')
    assert one.read('RECORD') is None


def test_without_a_source_the_path_of_the_process_is_asked(site, monkeypatch):
    site.install()
    monkeypatch.setattr(sys, 'path', [str(site.path)])
    (one,) = sources.discover(None).plugins()
    assert one.name == 'imbi-plugin-one'


def test_a_version_that_no_int_can_hold_is_later_than_none(site):
    site.install(version='1.0')
    odd = site.path / 'z.dist-info'  # METADATA tells the rest
    odd.mkdir()
    (odd / 'METADATA').write_text(
        f'Name: imbi-plugin-one\nVersion: {"9" * 5000}\n'
    )
    (odd / 'entry_points.txt').write_text('[imbi.plugins]\na = b:C\n')
    version, _, codes = found(site)['imbi-plugin-one']
    assert version == '1.0'
    assert codes == ['distribution_duplicate']


@pytest.mark.parametrize(
    ('directory', 'metadata', 'expected'),
    [
        ('imbi_plugin_one.dist-info', 'Version: 3', ('imbi-plugin-one', '3')),
        ('imbi_plugin_one.dist-info', None, ('imbi-plugin-one', '')),
        (
            'imbi-plugin-one-1.0.dist-info',
            'Name: Imbi_Plugin.One\nVersion: 1.0',
            ('imbi-plugin-one', '1.0'),
        ),
        (
            'imbi_plugin_one-1.0-py3.11.egg-info',
            None,
            ('imbi-plugin-one', '1.0'),
        ),
        (
            'Imbi.Plugin_ONE-1.0+local.1.dist-info',
            None,
            ('imbi-plugin-one', '1.0+local.1'),
        ),
    ],
)
def test_name_and_version_come_from_the_directory_or_metadata(
    site, directory, metadata, expected
):
    info = site.path / directory
    info.mkdir()
    (info / 'entry_points.txt').write_text('[imbi.plugins]\none = a:B\n')
    if metadata:
        (info / 'METADATA').write_text(f'{metadata}\n\nVersion: no header\n')
    (one,) = discover([site.path]).distributions
    assert (one.name, one.version) == expected
    assert bool(one.problems) is (expected[1] == '')


@pytest.mark.parametrize(
    ('origin', 'editable'),
    [
        ('{"url": "file:///p", "dir_info": {"editable": true}}', True),
        ('{"url": "file:///p", "dir_info": {}}', False),
        (
            '{"url": "https://x.example", "dir_info": {"editable": true}}',
            False,
        ),
        ('{"url": "file:///p", "dir_info": []}', False),
        ('[1]', False),
        ('{', False),
        ('\xff', False),
        ('[' * 100_000, False),
    ],
)
def test_an_editable_install_is_told(site, origin, editable):
    site.install(extra={'direct_url.json': origin})
    (one,) = discover([site.path]).distributions
    assert one.editable is editable
    assert one.project == ('/p' if editable else '')


def test_eggs_on_the_path(tmp_path):
    egg = tmp_path / 'Old_Plugin-1.5-py3.11.egg'
    (egg / 'EGG-INFO').mkdir(parents=True)
    (egg / 'EGG-INFO' / 'entry_points.txt').write_text(
        '[imbi.plugins]\nold = old:Plugin\n'
    )
    (one,) = discover([egg]).distributions
    assert (one.name, one.version) == ('old-plugin', '1.5')
    assert one.entry_points == (('old', 'old:Plugin'),)


def test_a_plugin_in_a_zip_file_serves(site, tmp_path, monkeypatch):
    site.install()
    archive = tmp_path / 'plugins.zip'
    with zipfile.ZipFile(archive, 'w') as opened:
        for file in site.path.rglob('*'):
            if file.is_file():
                opened.write(file, file.relative_to(site.path).as_posix())
    site.uninstall('imbi-plugin-one')
    monkeypatch.syspath_prepend(str(archive))
    registry = PluginRegistry([archive])
    entry = registry.get('one')
    assert entry.version == '1.0'
    assert entry.handler.version == '1.0'
    assert not registry.reload().changed


def test_a_damaged_zip_file_spoils_only_itself(site, tmp_path):
    site.install()
    damaged = tmp_path / 'damaged.zip'
    damaged.write_bytes(b'PK\x03\x04 nothing of the kind')
    names = [one.name for one in discover([damaged, site.path]).distributions]
    assert names == ['imbi-plugin-one']


class Finder:
    """A finder of somebody else, with one good and one bad distribution."""

    def __init__(self, *distributions):
        self.distributions = distributions

    def find_spec(self, *_):
        return None

    def find_distributions(self, context):
        if not self.distributions:
            raise RuntimeError('broken finder')
        return iter(self.distributions)


class Given:
    name = 'Given_Plugin'
    version = '4.0'

    def read_text(self, name):
        if name == 'entry_points.txt':
            return '[imbi.plugins]\ngiven = given:Plugin\n'
        return None


class Bad(Given):
    @property
    def name(self):
        raise KeyError('Name')


def test_finders_of_others_are_asked_and_guarded(monkeypatch):
    monkeypatch.setattr(
        sys, 'meta_path', [*sys.meta_path, Finder(Bad(), Given()), Finder()]
    )
    discovery = discover()
    by_name = {one.name: one for one in discovery.distributions}
    assert by_name['given-plugin'].version == '4.0'
    assert by_name['given-plugin'].entry_points == (('given', 'given:Plugin'),)
    assert [one.code for one in discovery.problems] == [
        'metadata_unreadable',
        'metadata_unreadable',
    ]


def test_the_order_is_by_distribution_then_entry_point(site):
    for name in ('b', 'c', 'a'):
        site.install(
            f'imbi-plugin-{name}',
            points={'z': 'x:Z', 'y': 'x:Y'},
            files={f'{name}.py': ''},
        )
    refs = [
        (plugin.distribution, plugin.name)
        for one in discover([site.path]).distributions
        for plugin in one.plugins()
    ]
    assert refs == sorted(refs)
    assert len(refs) == 6


def run(code, *paths):
    """Run code in a fresh process with paths in front; return its JSON."""
    done = subprocess.run(
        [sys.executable, '-c', code],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, paths))},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_corrupt_file_that_makes_pydantic_raise_takes_nothing_down(site):
    site.install()
    info = site.path / 'corrupt-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Name: corrupt\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_bytes(b'[pydantic]\n\xff\xfe\n')
    code = (
        'import json\n'
        'from imbi_plugin_sdk.registry import PluginRegistry\n'
        f'registry = PluginRegistry([{str(site.path)!r}])\n'
        'print(json.dumps(registry.report()))\n'
    )
    report = run(code, site.path)
    assert [one['slug'] for one in report['plugins']] == ['one']
    assert [one['code'] for one in report['findings']] == [
        'pydantic_plugin_scan'
    ]
    assert [one['code'] for one in report['refusals']] == [
        'entry_points_not_utf8'
    ]


def test_importing_the_package_is_cheap():
    code = (
        'import json, sys\n'
        'import imbi_plugin_sdk.registry as registry\n'
        'registry.PluginRegistry, registry.discover, registry.Block\n'
        'print(json.dumps(sorted(sys.modules)))\n'
    )
    modules = run(code)
    for heavy in (
        'pydantic',
        'packaging',
        'importlib_metadata',
        'importlib.metadata',
        'imbi_plugin_sdk.manifest',
        'asyncio',
        'logging',
    ):
        assert heavy not in modules
