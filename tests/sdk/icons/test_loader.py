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

from imbi_plugin_sdk.errors import IconError
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
        'icon\x7f.svg',
        'icon\ud800.svg',
        'icon\u202egvs.svg',
        'icon\u2028.svg',
        'a' * 256,
    ],
)
def test_a_path_that_is_not_plain_is_refused_unopened(site, resource):
    (site.path / 'secret.svg').write_bytes(SVG)

    with pytest.raises(IconError) as caught:
        load_icon(site.icon(resource))
    (problem,) = caught.value.problems
    assert problem.code == 'icon_outside_package'
    assert problem.path == 'resource'


@pytest.mark.parametrize(
    'package',
    ['', '.', '..', '.x', 'a..b', 'a/b', '../x', 'a b', 'a-b', '1a', 'a\0',
     'a' * 256],
)  # fmt: skip
def test_a_package_that_is_no_name_is_refused_unimported(package):
    with pytest.raises(IconError, match='must be the dotted name') as caught:
        load_icon(Icon(package))
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ('icon_missing', 'package')


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
    'body',
    [
        '1 / 0',
        'raise SystemExit',
        'import nope_x',
        'raise GeneratorExit',
        'import asyncio; raise asyncio.CancelledError',
        'class Odd(BaseException): pass\nraise Odd',
        'x = (',
        'def f(): f()\nf()',
        '__spec__ = None',
        '__path__ = 5',
        'import sys; del sys.modules[__name__]',
        'import sys; sys.modules[__name__] = 5',
        'class X:\n def __getattr__(self, name): raise OSError(name)\n'
        'import sys; sys.modules[__name__] = X()',
    ],
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
    (assets / 'gone.svg').symlink_to('nowhere.svg')
    (assets / 'up').symlink_to('..')
    for path in ('assets/loop.svg', 'assets/gone.svg'):
        assert codes(load_icon, site.icon(path)) == ['icon_missing']
    assert load_icon(site.icon('assets/up/assets/icon.svg')).data == SVG


def test_a_package_that_is_itself_a_link_works(site, monkeypatch):
    other = site.path.parent / 'other'
    other.mkdir()
    (other / f'{site.name}_link').symlink_to(site.package)
    monkeypatch.syspath_prepend(str(other))

    assert load_icon(Icon(f'{site.name}_link')).data == SVG


def test_a_pipe_is_not_read(site, codes):
    os.mkfifo(site.package / 'pipe.svg')
    (site.package / 'link.svg').symlink_to('pipe.svg')
    (site.package / 'zero.svg').symlink_to('/dev/zero')

    assert codes(load_icon, site.icon('pipe.svg')) == ['icon_missing']
    assert codes(load_icon, site.icon('link.svg')) == ['icon_missing']
    assert codes(load_icon, site.icon('zero.svg')) == ['icon_outside_package']


def test_a_file_of_terabytes_is_not_read(site, codes):
    with (site.package / 'huge.svg').open('wb') as file:
        file.truncate(1 << 40)

    assert codes(load_icon, site.icon('huge.svg')) == ['icon_too_large']


def test_a_real_interrupt_is_the_callers(site):
    (site.package / '__init__.py').write_text('raise KeyboardInterrupt')
    with pytest.raises(KeyboardInterrupt):
        load_icon(site.icon())


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


class Reader:
    """A file that gives pieces, whatever it is asked for, and counts."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.asked = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def read(self, size=-1):
        assert size >= 0, 'an unbounded read'
        self.asked.append(size)
        piece = self.pieces.pop(0) if self.pieces else b''
        if isinstance(piece, type):
            raise piece
        return b'x' * size if piece is ... else piece


@pytest.fixture(name='reading')
def fixture_reading(site, monkeypatch):
    """Return a function: the package's own loader gives these pieces."""

    class Target(abc.Traversable):
        name = 'icon.svg'
        is_file = staticmethod(lambda: True)
        is_dir = staticmethod(lambda: False)
        iterdir = staticmethod(lambda: iter(()))
        open = None

        def joinpath(self, *_):
            return self

    def give(*pieces):
        target, reader = Target(), Reader(*pieces)
        target.open = lambda *_: reader
        monkeypatch.setattr('importlib.resources.files', lambda _: target)
        return site.icon(), reader

    return give


def test_at_most_one_byte_too_many_is_read(reading, codes):
    icon, reader = reading(...)
    assert codes(load_icon, icon) == ['icon_too_large']
    assert reader.asked == [MAX_ICON_BYTES + 1]

    icon, reader = reading(b'x' * MAX_ICON_BYTES, b'y', b'z')
    assert codes(load_icon, icon) == ['icon_too_large']
    assert reader.asked == [MAX_ICON_BYTES + 1, 1]


def test_a_file_that_comes_in_pieces_is_read_whole(reading):
    icon, _ = reading(SVG[:9], bytearray(SVG[9:20]), memoryview(SVG[20:]))
    assert load_icon(icon).data == SVG


def test_a_reader_that_lies_or_fails_is_refused(reading, codes):
    for piece in ('text', 5, OSError, SystemExit, RuntimeError):
        icon, _ = reading(piece)
        assert codes(load_icon, icon) == ['icon_missing']
    icon, _ = reading(b'x' * 200_000)
    assert codes(load_icon, icon) == ['icon_too_large']
    icon, _ = reading(None)
    assert codes(load_icon, icon) == ['icon_empty']


def test_a_package_whose_files_cannot_be_asked_for_is_refused(
    site, codes, monkeypatch
):
    def fail(_):
        raise RuntimeError('a reader of its own')

    for files in (fail, lambda _: None):
        monkeypatch.setattr('importlib.resources.files', files)
        assert codes(load_icon, site.icon()) == ['icon_missing']


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
