"""Whether an icon's package belongs to the plugin's own distribution."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import json
import sys

import pytest

from imbi_plugin_sdk.icons import load_icon

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
NUMBERS = itertools.count()


@dataclasses.dataclass
class Icon:
    package: str
    resource: str = 'icon.svg'
    media_type: str = 'image/svg+xml'


@dataclasses.dataclass
class Site:
    """A directory on the path with a fresh package in it."""

    path: object
    name: str

    def icon(self):
        return Icon(self.name)


@pytest.fixture(name='site')
def fixture_site(tmp_path, monkeypatch):
    name = f'imbi_plugin_owned_{next(NUMBERS)}'
    site = Site(tmp_path / 'site', name)
    (site.path / name).mkdir(parents=True)
    (site.path / name / '__init__.py').write_text('')
    (site.path / name / 'icon.svg').write_bytes(SVG)
    monkeypatch.syspath_prepend(str(site.path))
    importlib.invalidate_caches()
    yield site
    for loaded in [m for m in sys.modules if m.partition('.')[0] == name]:
        del sys.modules[loaded]


def distribution(site, name, *, files=(), source=None, raw=()):
    folder = site.path / f'{name.replace("-", "_")}-1.0.dist-info'
    folder.mkdir()
    (folder / 'METADATA').write_text(f'Name: {name}\nVersion: 1.0\n')
    (folder / 'RECORD').write_text(''.join(f'{file},,\n' for file in files))
    if source:
        record = {'url': source, 'dir_info': {'editable': True}}
        (folder / 'direct_url.json').write_text(json.dumps(record))
    for file, data in raw:
        (folder / file).write_bytes(data)
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


def test_an_environment_inside_the_source_is_not_the_source(site, monkeypatch):
    """Editable plugins commonly have their `.venv` in the checkout."""
    for folder in ('lib/site-packages', 'lib/dist-packages'):
        installed = site.path / '.venv' / folder
        stranger = f'{site.name}_{folder[4]}'
        (installed / stranger).mkdir(parents=True)
        (installed / stranger / '__init__.py').write_text('')
        (installed / stranger / 'icon.svg').write_bytes(SVG)
        monkeypatch.syspath_prepend(str(installed))
        name = f'checkout-{folder[4]}'
        distribution(site, name, source=site.path.as_uri())

        assert load_icon(site.icon(), distribution=name).warnings == ()
        (warning,) = load_icon(Icon(stranger), distribution=name).warnings
        assert warning.message == (
            f'Package {stranger} does not belong to {name}.'
        )


@pytest.mark.parametrize(
    ('file', 'data'),
    [
        ('RECORD', b'\xff\xfe,,\n'),
        ('RECORD', b'a,sha256=zz,x\n'),
        ('RECORD', b'"unclosed'),
        ('direct_url.json', b'\xff'),
        ('direct_url.json', b'[]'),
        ('direct_url.json', b'{"url": 5}'),
        ('direct_url.json', b'{"url": "file:///a%00b"}'),
        ('direct_url.json', b'{"url": "file://[x"}'),
        ('direct_url.json', b'[' * 50_000),
    ],
)
def test_damaged_metadata_proves_nothing(site, file, data):
    distribution(site, 'damaged', raw=[(file, data)])
    loaded = load_icon(site.icon(), distribution='damaged')
    assert [w.code for w in loaded.warnings] == ['icon_foreign_package']


def test_a_damaged_record_hides_no_editable_source(site):
    raw = [('RECORD', b'\xff')]
    distribution(site, 'half', source=site.path.as_uri(), raw=raw)
    assert load_icon(site.icon(), distribution='half').warnings == ()


@pytest.mark.parametrize('name', ['', ' ', '..', '/', 'x\0y', 'a' * 5_000])
def test_a_distribution_that_cannot_be_is_not_installed(site, name):
    (warning,) = load_icon(site.icon(), distribution=name).warnings
    assert warning.message == f'Distribution {name} is not installed.'


def test_a_finder_that_fails_finds_nothing(site, monkeypatch):
    class Finder:
        find_spec = staticmethod(lambda *_: None)

        def find_distributions(self, *_):
            raise RuntimeError('no database today')

    monkeypatch.setattr('sys.meta_path', [Finder(), *sys.meta_path])
    (warning,) = load_icon(site.icon(), distribution='unseen').warnings
    assert warning.message == 'Distribution unseen is not installed.'
