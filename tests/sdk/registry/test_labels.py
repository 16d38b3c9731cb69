"""A version and a fingerprint are those of the code that runs.

Also where a call imports a module long after the load, where a module hides
where it came from, and where code of one distribution is used by another.
"""

from __future__ import annotations

import json
import sys
import threading
import zipfile

import pytest

from imbi_plugin_sdk.registry import PluginRegistry

ANSWER = """
    @classmethod
    def answer(cls):
        from imbi_plugin_one import sub
        return cls.version, sub.V
"""


def files(site, version, after=''):
    """Return a plugin whose second module is imported by a call."""
    return {
        'imbi_plugin_one/__init__.py': site.plugin(
            'one', version, after=ANSWER + after
        ),
        'imbi_plugin_one/sub.py': f'V = {version!r}',
    }


def answer(registry, slug='one'):
    return registry.get(slug).handler.answer()


# --- modules that a call imports -----------------------------------------


@pytest.mark.parametrize('fails', ['', '1 / 0'], ids=['unseen', 'stale'])
def test_what_a_call_imported_of_another_version_is_forgotten(site, fails):
    site.install(files=files(site, '1.0'))
    registry = site.registry()
    site.install(version='2.0', files=files(site, '2.0', fails))
    if fails:
        registry.reload()
    assert answer(registry) == ('1.0', '2.0')  # nobody can help that
    site.install(files=files(site, '1.0'))
    assert registry.reload().changed
    assert answer(registry) == ('1.0', '1.0')
    assert registry.get('one').stale == ''


@pytest.mark.parametrize('record', [True, False])
def test_what_a_call_imported_of_an_edit_is_forgotten(site, record):
    site.install(files=files(site, '1.0'), record=record)
    registry = site.registry()
    file = site.path / 'imbi_plugin_one' / 'sub.py'
    before = file.read_text()
    file.write_text('V = "edited"')
    assert answer(registry) == ('1.0', 'edited')
    file.write_text(before)
    registry.reload()
    assert answer(registry) == ('1.0', '1.0')


@pytest.mark.parametrize('record', [True, False])
def test_what_a_call_imports_of_untouched_files_changes_nothing(site, record):
    site.install(files=files(site, '1.0'), record=record)
    registry = site.registry()
    handler = registry.get('one').handler
    assert answer(registry) == ('1.0', '1.0')
    assert not registry.reload().changed
    site.install(files=files(site, '1.0'), record=record)
    assert not registry.reload().changed
    assert registry.get('one').handler is handler


def test_an_edit_of_a_module_that_no_call_has_imported_is_noticed(site):
    site.install(files=files(site, '1.0'))
    registry = site.registry()
    before = registry.get('one').fingerprint
    (site.path / 'imbi_plugin_one' / 'sub.py').write_text('V = "edited"')
    assert registry.reload().updated == ('imbi-plugin-one',)
    entry = registry.get('one')
    assert [one.code for one in entry.findings] == ['file_modified']
    assert entry.fingerprint != before
    assert answer(registry) == ('1.0', 'edited')


def test_a_module_that_was_left_out_is_no_edit(site):
    site.install(files=files(site, '1.0'))
    (site.path / 'imbi_plugin_one' / 'sub.py').unlink()
    registry = site.registry()
    assert registry.get('one').findings == ()
    assert not registry.reload().changed


def test_an_import_that_works_at_last_has_the_label_of_its_files(site):
    site.install(
        files={
            'imbi_plugin_one/__init__.py': (
                'import imbi_lacking\nfrom imbi_plugin_one import sub\n'
                + site.plugin()
            ),
            'imbi_plugin_one/sub.py': 'V = 1',
        }
    )
    registry = site.registry()
    assert not registry.current.entries
    (site.path / 'imbi_plugin_one' / 'sub.py').write_text('V = 2')
    (site.path / 'imbi_lacking.py').write_text('')
    registry.reload()
    entry = registry.get('one')
    assert [one.code for one in entry.findings] == ['file_modified']
    assert entry.fingerprint == site.registry().get('one').fingerprint


@pytest.mark.parametrize('record', [True, False])
def test_an_edit_while_it_is_imported_is_noticed(site, record):
    """An editable source is edited at any time."""
    target = site.path / 'imbi_plugin_one' / '__init__.py'
    edit = (
        f'import pathlib\nit = pathlib.Path({str(target)!r})\n'
        'it.write_text(it.read_text() + "# edited")'
    )
    site.install(
        files={'imbi_plugin_one/__init__.py': site.plugin(before=edit)},
        record=record,
    )
    registry = site.registry()
    entry = registry.get('one')
    assert entry.fingerprint == ''
    assert [one.code for one in entry.findings] == ['changed_while_loading']
    target.write_text(site.plugin('one', 'quiet'))
    assert registry.reload().updated == ('imbi-plugin-one',)
    assert registry.get('one').handler.version == 'quiet'
    assert registry.get('one').fingerprint


# --- modules that hide where they came from ------------------------------

HIDING = {
    'an object': 'class O: pass\nit = O()\nit.V = V\n'
    'import sys\nsys.modules[__name__] = it',
    'an object with a file': 'class O: pass\nit = O()\nit.V = V\n'
    'it.__file__ = __file__\nimport sys\nsys.modules[__name__] = it',
    'a module of its own': 'import sys, types\nit = types.ModuleType("it")\n'
    'it.V = V\nsys.modules[__name__] = it',
    'no file': '__spec__ = None\ndel __file__',
}


@pytest.mark.parametrize('lines', HIDING.values(), ids=HIDING.keys())
def test_a_module_that_hides_goes_with_its_distribution(site, lines):
    def install(version):
        site.install(
            version=version,
            files={
                'imbi_one.py': site.plugin(
                    'one',
                    version,
                    before='import imbi_one_helper as helper',
                    after='    @classmethod\n    def answer(cls):\n'
                    '        return cls.version, helper.V',
                ),
                'imbi_one_helper.py': f'V = {version!r}\n{lines}',
            },
            points={'one': 'imbi_one:Handler'},
        )

    install('1.0')
    registry = site.registry()
    assert answer(registry) == ('1.0', '1.0')
    install('2.0')
    assert registry.reload().updated == ('imbi-plugin-one',)
    assert answer(registry) == ('2.0', '2.0')


def test_a_namespace_is_no_module_that_hides(site):
    """One distribution begins to ship an `__init__.py` for all."""
    site.install(
        'imbi-plugin-two',
        files={'imbi_space/two.py': site.plugin('two')},
        points={'two': 'imbi_space.two:Handler'},
    )
    one = {'imbi_space/one.py': site.plugin()}
    points = {'one': 'imbi_space.one:Handler'}
    site.install(files=one, points=points)
    registry = site.registry()
    space, two = sys.modules['imbi_space'], registry.get('two').handler
    site.install(
        version='2.0',
        files={**one, 'imbi_space/__init__.py': ''},
        points=points,
    )
    registry.reload()
    assert sys.modules['imbi_space'] is space
    assert registry.get('two').handler is two


def test_a_name_that_nobody_may_import_stays_so(site, monkeypatch):
    site.install(files=files(site, '1.0'))
    registry = site.registry()
    monkeypatch.setitem(sys.modules, 'imbi_plugin_one.sub', None)
    site.install(version='2.0', files=files(site, '2.0'))
    registry.reload()
    assert registry.get('one').handler.version == '2.0'


# --- places --------------------------------------------------------------


@pytest.mark.parametrize('layout', ['src', 'flat', 'namespace'])
def test_a_second_package_of_an_editable_install_is_new_too(
    site, tmp_path, monkeypatch, layout
):
    project = tmp_path / 'project'
    base = project / 'src' if layout == 'src' else project
    above = 'imbi_space.' if layout == 'namespace' else ''
    (base / 'tests').mkdir(parents=True)
    monkeypatch.syspath_prepend(str(base))

    def write(package, text):
        folder = base / f'{above}{package}'.replace('.', '/')
        folder.mkdir(exist_ok=True, parents=True)
        (folder / '__init__.py').write_text(text)

    def install(version):
        write(
            'imbi_first',
            site.plugin(
                'one',
                version,
                before=f'import {above}imbi_second as second',
                after='    @classmethod\n    def answer(cls):\n'
                '        return cls.version, second.V',
            ),
        )
        write('imbi_second', f'V = {version!r}')
        origin = {'url': project.as_uri(), 'dir_info': {'editable': True}}
        site.install(
            version=version,
            files={'imbi_one.pth': f'{base}\n'},
            points={'one': f'{above}imbi_first:Handler'},
            extra={'direct_url.json': json.dumps(origin)},
        )

    install('1.0')
    registry = site.registry()
    assert answer(registry) == ('1.0', '1.0')
    install('2.0')
    registry.reload()
    assert answer(registry) == ('2.0', '2.0')
    write('imbi_second', 'V = "edited"')
    assert registry.reload().updated == ('imbi-plugin-one',)
    assert answer(registry) == ('2.0', 'edited')
    (base / 'setup.py').write_text('')
    (base / 'tests' / '__init__.py').write_text('')
    assert registry.reload().changed == (layout == 'src')


def test_a_second_package_that_an_egg_info_names_is_new_too(site):
    def install(version):
        site.install(
            version=version,
            kind='egg-info',
            record=False,
            files={
                'imbi_plugin_one/__init__.py': site.plugin(
                    'one',
                    version,
                    before='import imbi_second as second',
                    after='    @classmethod\n    def answer(cls):\n'
                    '        return cls.version, second.V',
                ),
                'imbi_second/__init__.py': f'V = {version!r}',
            },
            extra={'top_level.txt': 'imbi_plugin_one\nimbi_second\n'},
        )

    install('1.0')
    registry = site.registry()
    site.uninstall('imbi-plugin-one')
    install('2.0')
    registry.reload()
    assert answer(registry) == ('2.0', '2.0')


def test_a_wheel_on_the_path_is_exchanged_as_a_whole(
    site, tmp_path, monkeypatch
):
    wheel = tmp_path / 'one.whl'

    def write(version):
        site.install(version=version, files=files(site, version))
        with zipfile.ZipFile(wheel, 'w') as archive:
            for file in site.path.rglob('*'):
                if file.is_file() and '__pycache__' not in file.parts:
                    archive.write(file, file.relative_to(site.path))
        site.uninstall('imbi-plugin-one')

    write('1.0')
    monkeypatch.syspath_prepend(str(wheel))
    registry = PluginRegistry([wheel])
    assert registry.get('one').findings == ()
    assert answer(registry) == ('1.0', '1.0')
    assert not registry.reload().changed
    write('2.0')
    registry.reload()
    assert answer(registry) == ('2.0', '2.0')
    assert registry.get('one').version == '2.0'
    for name in ['imbi_plugin_one.sub', 'imbi_plugin_one']:
        del sys.modules[name]


def test_another_release_behind_a_link_is_exchanged(
    site, tmp_path, monkeypatch
):
    current = tmp_path / 'current'
    for version in ['1.0', '2.0']:
        (tmp_path / version).mkdir()
        release = type(site)(tmp_path / version)
        release.install(version=version, files=files(site, version))
    current.symlink_to(tmp_path / '1.0')
    monkeypatch.syspath_prepend(str(current))
    registry = PluginRegistry([current])
    for version in ['2.0', '1.0']:
        current.unlink()
        current.symlink_to(tmp_path / version)
        assert registry.reload().updated == ('imbi-plugin-one',)
        assert registry.get('one').version == version
        assert answer(registry) == (version, version)


# --- code of another distribution ----------------------------------------

USES = {
    'an object': 'import imbi_plugin_two as b\nit = b.Thing()\ndel b',
    'a class below': (
        'import imbi_plugin_two as b\nclass It(b.Thing): pass\ndel b'
    ),
    'an object of a class below': (
        'import imbi_plugin_two as b\nclass It(b.Thing): pass\n'
        'it = It()\ndel It, b'
    ),
}


@pytest.mark.parametrize('lines', USES.values(), ids=USES.keys())
def test_whoever_holds_an_object_of_another_keeps_its_version(site, lines):
    def install(version):
        site.install(
            'imbi-plugin-two',
            version,
            files={
                'imbi_plugin_two/__init__.py': 'class Thing: pass\n'
                + site.plugin('two', version)
            },
        )

    install('1.0')
    site.install(
        files={'imbi_plugin_one/__init__.py': site.plugin(before=lines)}
    )
    registry = site.registry()
    install('2.0')
    (restart,) = registry.reload().restart_required
    assert restart.code == 'module_shared'
    assert registry.get('two').handler.version == '1.0'


@pytest.mark.parametrize('name', ['a', 'z'])
@pytest.mark.parametrize('before', [None, 'del Handler.manifest'])
def test_a_new_plugin_never_runs_code_that_was_put_back(site, name, before):
    """Whether it comes before or after what fails."""

    def two(version, fails=''):
        site.install(
            'imbi-plugin-m',
            version,
            files={
                'imbi_plugin_m/__init__.py': f'V = {version!r}\n'
                + site.plugin('m', version)
                + fails
            },
        )

    def user(version, fails=''):
        site.install(
            f'imbi-plugin-{name}',
            version,
            files={
                f'imbi_plugin_{name}/__init__.py': site.plugin(
                    name,
                    version,
                    before='import imbi_plugin_m as m',
                    after='    @classmethod\n    def answer(cls):\n'
                    '        return cls.version, m.V\n',
                )
                + fails
            },
        )

    two('1.0')
    if before is not None:
        user('1.0', before)
    registry = site.registry()
    two('2.0', 'del Handler.manifest')
    user('2.0')
    registry.reload()
    assert registry.get('m').handler.version == '1.0'
    assert answer(registry, name) == ('2.0', '1.0')


def test_what_failed_is_not_said_to_need_a_restart_later(site):
    """A restart would lose the plugin: the version on disk does not load."""

    def user(version):
        site.install(
            'imbi-plugin-user',
            version,
            files={
                'imbi_plugin_user/__init__.py': site.plugin(
                    'user', version, before='import imbi_plugin_one as one'
                )
            },
        )

    site.install()
    registry = site.registry()
    site.install(version='2.0', files={'imbi_plugin_one/__init__.py': '1/0'})
    user('1.0')
    registry.reload()
    stale = registry.get('one').stale
    assert 'import_failed' in stale
    result = registry.reload()
    assert not result.changed
    assert result.restart_required == ()
    assert registry.get('one').stale == stale
    site.install(version='3.0')
    (restart,) = registry.reload().restart_required
    assert restart.code == 'module_shared'
    assert restart.installed == '3.0'


# --- who holds the lock --------------------------------------------------


def test_an_interrupt_anywhere_leaves_no_lock_behind(site, monkeypatch):
    """Also while its traceback is kept, as a debugger does."""
    site.install()
    registry = site.registry()
    kept = []

    def trace(frame, *_):
        nonlocal lines
        code = frame.f_code
        if code.co_name == '_alone':
            return None  # no signal is handled between a body and its end
        if code.co_filename.endswith(('_core.py', 'contextlib.py')):
            lines += 1
            if lines == after:
                raise KeyboardInterrupt
        return trace

    for after in range(1, 40):
        lines, before = 0, sys.gettrace()
        sys.settrace(trace)
        try:
            registry.reload()
        except KeyboardInterrupt as error:
            kept.append(error)
        finally:
            sys.settrace(before)
        thread = threading.Thread(target=registry.reload, daemon=True)
        thread.start()
        thread.join(5)
        assert not thread.is_alive(), after
    assert len(kept) > 10


# --- what is looked for --------------------------------------------------


def test_a_package_below_a_package_without_record_is_watched(site):
    site.install(files=files(site, '1.0'), record=False)
    deep = site.path / 'imbi_plugin_one' / 'data' / 'deep.py'
    deep.parent.mkdir()
    deep.write_text('V = 1')
    registry = site.registry()
    deep.write_text('V = 22')
    assert registry.reload().updated == ('imbi-plugin-one',)


def test_a_late_import_by_a_name_in_a_text_is_named(site):
    late = (
        '    def late(self):\n'
        '        import importlib\n'
        '        return importlib.import_module("imbi_plugin_one.sub"),'
        ' importlib.import_module(".other", "imbi_plugin_one")\n'
        '    def other(self):\n'
        '        return "imbi_plugin_one.sub"\n'
    )
    for version in ['1.0', '2.0']:
        site.install(
            version=version,
            files={
                'imbi_plugin_one/__init__.py': site.plugin(
                    'one', version, after=late
                ),
                'imbi_plugin_one/sub.py': f'V = {version!r}',
                'imbi_plugin_one/other.py': f'V = {version!r}',
            },
        )
        if version == '1.0':
            registry = site.registry()
    seen = {
        (one.function.rpartition('.')[2], one.module)
        for one in registry.reload().late_imports
    }
    assert seen == {
        ('late', 'imbi_plugin_one'),
        ('late', 'imbi_plugin_one.sub'),
        ('late', 'imbi_plugin_one.other'),
    }
