"""A stranger's path: read where it should lead, refused everywhere else."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import os
import sys
import zipfile
from importlib.resources import abc

import pytest

from imbi_plugin_sdk.icons import MAX_ICON_BYTES, load_icon

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">'
    b'<path d="M0 0"/></svg>'
)
NUMBERS = itertools.count()


@dataclasses.dataclass
class Icon:
    package: str
    resource: str = 'assets/icon.svg'
    media_type: str = 'image/svg+xml'


@dataclasses.dataclass
class Site:
    """A directory on the path with a fresh package in it."""

    path: object
    name: str

    @property
    def package(self):
        return self.path / self.name

    def icon(self, resource='assets/icon.svg', below=''):
        return Icon(self.name + below, resource)


@pytest.fixture(name='site')
def fixture_site(tmp_path, monkeypatch):
    name = f'imbi_plugin_icons_{next(NUMBERS)}'
    site = Site(tmp_path / 'site', name)
    (site.package / 'assets').mkdir(parents=True)
    (site.package / '__init__.py').write_text('')
    (site.package / 'assets' / 'icon.svg').write_bytes(SVG)
    monkeypatch.syspath_prepend(str(site.path))
    importlib.invalidate_caches()
    yield site
    for loaded in [m for m in sys.modules if m.partition('.')[0] == name]:
        del sys.modules[loaded]


def test_an_icon_is_read_with_its_digest(site):
    loaded = load_icon(site.icon())

    assert loaded.data == SVG
    assert loaded.media_type == 'image/svg+xml'
    assert loaded.package == site.name
    assert loaded.resource == 'assets/icon.svg'
    assert len(loaded.sha256) == 64
    assert loaded.warnings == ()
    assert loaded.sanitize().data == SVG


def test_a_folder_of_assets_may_be_named_as_a_package(site):
    assert load_icon(site.icon('icon.svg', '.assets')).data == SVG
    (site.package / 'assets' / '__init__.py').write_text('')
    assert load_icon(site.icon('icon.svg', '.assets')).data == SVG


@pytest.mark.parametrize(
    'resource',
    [
        '',
        '.',
        '..',
        '/etc/passwd',
        '../secret.svg',
        'assets/../../secret.svg',
        'assets/./icon.svg',
        'assets//icon.svg',
        'assets/',
        '/assets/icon.svg',
        'assets\\icon.svg',
        '..\\secret.svg',
        'C:icon.svg',
        'icon.svg:stream',
        'assets/icon.svg\0.png',
        'assets/icon\n.svg',
        'assets/*.svg',
        'a' * 256,
    ],
)
def test_a_path_that_is_not_plain_is_refused_unopened(site, codes, resource):
    (site.path / 'secret.svg').write_bytes(SVG)

    assert codes(load_icon, site.icon(resource)) == ['icon_outside_package']


@pytest.mark.parametrize(
    'package',
    ['', '.', '..', '.x', 'a..b', 'a/b', '../x', 'a b', 'a-b', '1a', 'a\0',
     'a' * 256],
)  # fmt: skip
def test_a_package_that_is_no_name_is_refused(codes, package):
    assert codes(load_icon, Icon(package)) == ['icon_missing']


def test_what_is_not_there_is_missing(site, codes):
    assert codes(load_icon, site.icon('assets/no.svg')) == ['icon_missing']
    assert codes(load_icon, site.icon('assets')) == ['icon_missing']
    assert codes(load_icon, site.icon('assets/icon.svg/x')) == ['icon_missing']
    assert codes(load_icon, Icon('imbi_plugin_absent')) == ['icon_missing']


def test_a_module_is_not_a_package(site, codes):
    (site.package / 'handler.py').write_text('')

    assert codes(load_icon, site.icon('icon.svg', '.handler')) == [
        'icon_missing'
    ]


@pytest.mark.parametrize(
    'body', ['1 / 0', 'raise SystemExit', 'import nope_x']
)
def test_a_package_that_does_not_import_is_missing(site, codes, body):
    (site.package / '__init__.py').write_text(body)

    assert codes(load_icon, site.icon()) == ['icon_missing']


def test_links_may_stay_inside_and_not_lead_out(site, codes, tmp_path):
    outside = tmp_path / 'outside'
    outside.mkdir()
    (outside / 'icon.svg').write_bytes(SVG)
    assets = site.package / 'assets'
    (assets / 'same.svg').symlink_to(assets / 'icon.svg')
    (assets / 'file.svg').symlink_to(outside / 'icon.svg')
    (site.package / 'linked').symlink_to(outside)
    (assets / 'loop.svg').symlink_to(assets / 'loop.svg')

    assert load_icon(site.icon('assets/same.svg')).data == SVG
    for path in ('assets/file.svg', 'linked/icon.svg'):
        assert codes(load_icon, site.icon(path)) == ['icon_outside_package']
    (code,) = codes(load_icon, site.icon('assets/loop.svg'))
    assert code in {'icon_missing', 'icon_outside_package'}


def test_a_package_that_is_itself_a_link_works(site, monkeypatch):
    other = site.path.parent / 'other'
    other.mkdir()
    (other / f'{site.name}_link').symlink_to(site.package)
    monkeypatch.syspath_prepend(str(other))

    assert load_icon(Icon(f'{site.name}_link')).data == SVG


def test_a_pipe_is_not_read(site, codes):
    os.mkfifo(site.package / 'pipe.svg')

    assert codes(load_icon, site.icon('pipe.svg')) == ['icon_missing']


def test_a_namespace_that_anyone_may_fill_is_refused(site, codes):
    shared = f'{site.name}_shared'
    (site.path / shared).mkdir()
    (site.path / shared / 'icon.svg').write_bytes(SVG)
    (site.path / shared / 'deep').mkdir()
    (site.path / shared / 'deep' / 'icon.svg').write_bytes(SVG)

    for package in (shared, f'{shared}.deep'):
        assert codes(load_icon, Icon(package, 'icon.svg')) == [
            'icon_outside_package'
        ]


def test_the_size_limit_is_exact(site, codes):
    path = site.package / 'assets' / 'icon.svg'
    path.write_bytes(b'x' * MAX_ICON_BYTES)
    assert len(load_icon(site.icon()).data) == MAX_ICON_BYTES
    path.write_bytes(b'x' * (MAX_ICON_BYTES + 1))
    assert codes(load_icon, site.icon()) == ['icon_too_large']
    path.write_bytes(b'')
    assert codes(load_icon, site.icon()) == ['icon_empty']


class Endless:
    """A file that never ends and counts what is taken from it."""

    def __init__(self):
        self.taken = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def read(self, size=-1):
        assert size >= 0, 'an unbounded read'
        self.taken += size
        return b'x' * size


def test_at_most_one_byte_too_many_is_read(site, codes, monkeypatch):
    file = Endless()

    class Target(abc.Traversable):
        name = 'icon.svg'
        is_file = staticmethod(lambda: True)
        is_dir = staticmethod(lambda: False)
        iterdir = staticmethod(lambda: iter(()))
        open = staticmethod(lambda *_: file)

        def joinpath(self, *_):
            return self

    monkeypatch.setattr('importlib.resources.files', lambda _: Target())

    assert codes(load_icon, site.icon()) == ['icon_too_large']
    assert file.taken == MAX_ICON_BYTES + 1


def test_an_icon_is_read_out_of_a_zip_file(tmp_path, monkeypatch, codes):
    name = f'imbi_plugin_zipped_{next(NUMBERS)}'
    path = tmp_path / 'plugin.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f'{name}/__init__.py', '')
        archive.writestr(f'{name}/assets/icon.svg', SVG)
        archive.writestr(f'{name}/assets/bomb.svg', bytes(50_000_000))
    monkeypatch.syspath_prepend(str(path))

    assert load_icon(Icon(name)).data == SVG
    assert codes(load_icon, Icon(name, 'assets/bomb.svg')) == [
        'icon_too_large'
    ]
    assert codes(load_icon, Icon(name, 'assets/no.svg')) == ['icon_missing']
    assert codes(load_icon, Icon(name, 'assets')) == ['icon_missing']


def distribution(site, name, *, files=(), source=None):
    folder = site.path / f'{name.replace("-", "_")}-1.0.dist-info'
    folder.mkdir()
    (folder / 'METADATA').write_text(f'Name: {name}\nVersion: 1.0\n')
    (folder / 'RECORD').write_text(''.join(f'{file},,\n' for file in files))
    if source:
        (folder / 'direct_url.json').write_text(
            f'{{"url": "{source}", "dir_info": {{"editable": true}}}}'
        )
    importlib.invalidate_caches()


def test_a_package_of_the_plugins_own_wheel_is_no_warning(site):
    distribution(site, 'own-wheel', files=[f'{site.name}/__init__.py'])

    assert load_icon(site.icon(), distribution='own-wheel').warnings == ()


def test_a_package_below_an_editable_source_is_no_warning(site):
    distribution(site, 'own-source', source=site.path.as_uri())

    assert load_icon(site.icon(), distribution='own-source').warnings == ()


def test_a_package_of_the_same_name_is_no_warning(site):
    name = site.name.replace('_', '-')
    distribution(site, name)

    assert load_icon(site.icon(), distribution=name).warnings == ()


@pytest.mark.parametrize('exists', [True, False])
def test_a_package_of_another_distribution_is_a_warning(site, exists):
    if exists:
        distribution(
            site,
            'another',
            files=['another/__init__.py', f'{site.name}_x/__init__.py'],
            source='file:///somewhere/else',
        )
    loaded = load_icon(site.icon(), distribution='another')

    assert [w.code for w in loaded.warnings] == ['icon_foreign_package']
    assert loaded.data == SVG
