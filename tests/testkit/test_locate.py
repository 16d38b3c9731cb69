"""Finding what is to be judged, and saying what is there instead."""

from __future__ import annotations

import json
import stat
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from imbi_plugin_testkit.config import Config, UsageError
from imbi_plugin_testkit.locate import find_subjects
from imbi_plugin_testkit.subject import Project

BACKEND = """\
import pathlib, zipfile

def get_requires_for_build_wheel(settings=None):
    return REQUIRES

def build_wheel(folder, settings=None, metadata=None):
    FAIL
    name = 'imbi_plugin_good-1.0-py3-none-any.whl'
    info = 'imbi_plugin_good-1.0.dist-info'
    files = {
        'imbi_plugin_good/__init__.py': 'class GoodPlugin: pass',
        f'{info}/METADATA':
            'Metadata-Version: 2.1\\nName: imbi-plugin-good\\nVersion: 1.0\\n',
        f'{info}/WHEEL': 'Wheel-Version: 1.0\\n',
        f'{info}/entry_points.txt':
            '[imbi.plugins]\\ngood = imbi_plugin_good:GoodPlugin\\n',
    }
    record = ''.join(f'{path},,\\n' for path in [*files, f'{info}/RECORD'])
    with zipfile.ZipFile(pathlib.Path(folder) / name, 'w') as wheel:
        for path, text in {**files, f'{info}/RECORD': record}.items():
            wheel.writestr(path, text)
    return name
"""


@pytest.fixture
def find(tmp_path):
    """Return `find_subjects` for a project folder that is empty at first."""
    root = tmp_path / 'project'
    root.mkdir()

    def find(project=None, distributions=(), wheels=(), **facts):
        if project is not None:
            project = Project(root / 'pyproject.toml', project)
        return find_subjects(
            root=root,
            config=Config(),
            project=project,
            distributions=distributions,
            wheels=wheels,
            **facts,
        )

    find.root = root
    return find


@pytest.fixture
def usage_error(find):
    """Return a function from the arguments to the message of the error."""

    def message(*arguments, **facts):
        with pytest.raises(UsageError) as caught:
            find(*arguments, **facts)
        return str(caught.value)

    return message


@pytest.fixture
def write_project(find):
    """Return a function that writes a project with a backend in its tree."""

    def write(requires='[]', fail=''):
        backend = BACKEND.replace('REQUIRES', requires)
        (find.root / 'backend.py').write_text(backend.replace('FAIL', fail))
        (find.root / 'pyproject.toml').write_text(
            textwrap.dedent(
                """
                [build-system]
                requires = []
                build-backend = "backend"
                backend-path = ["."]
                [project]
                name = "imbi-plugin-good"
                version = "1.0"
                """
            )
        )
        return NAMED

    return write


NAMED = {'project': {'name': 'imbi-plugin-good', 'version': '1.0'}}
ENTRY = {'project': {**NAMED['project'], 'entry-points': {'imbi.plugins': {
    'good': 'imbi_plugin_good:GoodPlugin'}}}}  # fmt: skip


@pytest.fixture
def install(make_distribution, monkeypatch):
    """Return `make_distribution` whose result is on `sys.path`."""

    def install(*arguments, **facts):
        made = make_distribution(*arguments, **facts)
        monkeypatch.syspath_prepend(str(made.site))
        if made.source != made.site:  # what the .pth does when Python starts
            monkeypatch.syspath_prepend(str(made.source))
        return made

    return install


# The project's own distribution ------------------------------------------


def test_the_project_s_installed_distribution_is_judged(find, install):
    install()
    (subject,) = find(NAMED)
    assert (subject.name, subject.version) == ('imbi-plugin-good', '1.0')
    assert subject.source == 'installed'
    assert subject.project is not None
    assert 'imbi_plugin_good/py.typed' in subject.files()
    assert [plugin.name for plugin in subject.plugins] == ['good']


def test_names_are_compared_normalised(find, install):
    install('Imbi.Plugin_Good')
    (subject,) = find(NAMED)
    assert subject.name == 'Imbi.Plugin_Good'


def test_a_project_that_is_not_installed_is_built(find, write_project):
    (subject,) = find(write_project())
    assert subject.source == 'built'
    assert subject.wheel.name == 'imbi_plugin_good-1.0-py3-none-any.whl'
    assert 'imbi_plugin_good/__init__.py' in subject.files()
    assert subject.plugins[0].probe.imported


def test_an_egg_info_in_the_project_is_no_install(
    find, usage_error, write_project, monkeypatch
):
    project = write_project()
    egg = find.root / 'imbi_plugin_good.egg-info'
    egg.mkdir()
    (egg / 'PKG-INFO').write_text('Name: imbi-plugin-good\nVersion: 0.1\n')
    monkeypatch.syspath_prepend(str(find.root))
    (subject,) = find(project)
    assert (subject.source, subject.version) == ('built', '1.0')
    assert 'is not installed' in usage_error(project, build=False)


def test_building_can_be_declined(usage_error, write_project):
    assert 'pip install .' in usage_error(write_project(), build=False)


def test_a_build_that_fails_says_its_last_words(usage_error, write_project):
    project = write_project(fail="raise ValueError('no version in the tags')")
    message = usage_error(project)
    assert 'imbi-plugin-good is not installed' in message
    assert 'no version in the tags' in message


def test_an_editable_install_is_judged_by_its_wheel(
    find, install, write_project
):
    project = write_project()
    url = {'url': find.root.as_uri(), 'dir_info': {'editable': True}}
    install(
        editable=True, dist_info_extra={'direct_url.json': json.dumps(url)}
    )
    (subject,) = find(project)
    assert subject.source == 'built'
    assert 'imbi_plugin_good/__init__.py' in subject.files()


def test_an_editable_install_without_a_build_is_not_known(find, install):
    from imbi_plugin_testkit.model import Untestable  # noqa: PLC0415

    install(editable=True)
    (subject,) = find(NAMED, build=False)
    assert subject.source == 'editable'
    assert subject.shipped is None
    with pytest.raises(Untestable):
        subject.files()


@pytest.mark.parametrize(
    ('facts', 'says'),
    [
        ({'requires': "['no-such-backend>=3']"}, 'no-such-backend>=3'),
        ({'fail': "raise ValueError('no tags')"}, 'no tags'),
    ],
)
def test_an_editable_install_that_does_not_build_says_why(
    facts, says, find, install, write_project
):
    project = write_project(**facts)
    install(editable=True)
    (subject,) = find(project)
    assert subject.shipped is None
    assert says in subject.unshipped_reason
    assert '--imbi-plugin-wheel' in subject.unshipped_reason
    assert subject.plugins[0].probe.imported


def test_an_install_of_pointers_only_is_editable(find, install):
    """As hatchling and setuptools write it, where nobody wrote the URL."""
    install(editable=True, dist_info_extra={'direct_url.json': None})
    (subject,) = find(NAMED, build=False)
    assert subject.source == 'editable'


# What cannot be judged ---------------------------------------------------


def test_without_a_project_the_other_ways_are_named(usage_error, install):
    install('imbi-plugin-here')
    message = usage_error()
    assert 'no pyproject.toml' in message
    assert '--imbi-plugin-dist NAME' in message
    assert 'imbi-plugin-here' in message


def test_a_pyproject_without_a_name_says_so(usage_error):
    assert '`[project] name`' in usage_error({'tool': {'ruff': {}}})


def test_the_sdk_itself_is_no_subject(usage_error):
    own = {'project': {'name': 'imbi_plugin_sdk'}}
    assert 'the contract' in usage_error(own)
    assert 'the contract' in usage_error(distributions=['Imbi-Plugin.SDK'])


@pytest.mark.parametrize(
    ('group', 'says'),
    [
        ('imbi.plugin', "has the group 'imbi.plugin'"),
        ('imbi_plugins', "did you mean 'imbi.plugins'"),
        ('imbi-plugins', "'imbi-plugins'"),
        ('imby.plugins', 'imby.plugins'),
        ('console_scripts', "no entry point in the group 'imbi.plugins'"),
    ],
)
def test_no_entry_points_names_groups_that_are_near(
    group, says, usage_error, install
):
    install(entry_points={group: {'good': 'imbi_plugin_good:GoodPlugin'}})
    assert says in usage_error(NAMED)


def test_entry_points_that_only_pyproject_has_mean_a_stale_install(
    usage_error, install
):
    install(entry_points={})
    message = usage_error(ENTRY)
    assert 'stale' in message
    assert 'pip install .' in message


# Installed distributions by name -----------------------------------------


def test_distributions_are_judged_in_the_order_given(find, install):
    install('imbi-plugin-b')
    install('imbi-plugin-a')
    found = find(
        distributions=['imbi-plugin-b', 'imbi_plugin_a', 'imbi-plugin-b']
    )
    assert [subject.name for subject in found] == [
        'imbi-plugin-b',
        'imbi-plugin-a',
    ]
    assert all(subject.project is None for subject in found)


def test_the_project_belongs_to_its_own_distribution_only(find, install):
    install()
    install('imbi-plugin-other')
    own, other = find(
        NAMED, distributions=['imbi-plugin-good', 'imbi-plugin-other']
    )
    assert own.project is not None
    assert other.project is None


def test_a_name_that_is_not_installed_gets_a_did_you_mean(
    usage_error, install
):
    install('imbi-plugin-aws')
    message = usage_error(distributions=['imbi-plugin-asw'])
    assert "Did you mean 'imbi-plugin-aws'?" in message


def test_an_installed_distribution_without_plugins_is_refused(usage_error):
    assert 'registers no plugin' in usage_error(distributions=['pytest'])


# Wheels ------------------------------------------------------------------


def test_a_wheel_is_unpacked_and_judged(find, make_distribution):
    wheel = make_distribution().wheel()
    (subject,) = find(wheels=[wheel])
    assert subject.source == 'wheel'
    assert subject.wheel == wheel
    assert subject.plugins[0].probe.manifest['slug'] == 'good'


def test_the_project_s_own_wheel_keeps_the_project(find, make_distribution):
    (subject,) = find(NAMED, wheels=[make_distribution().wheel()])
    assert subject.project is not None


def test_files_of_data_folders_go_where_packages_go(find, make_distribution):
    data = 'imbi_plugin_good-1.0.data'
    made = make_distribution(
        files={
            'imbi_plugin_good/__init__.py': 'class GoodPlugin: pass',
            f'{data}/purelib/imbi_plugin_good/pure.txt': 'p',
            f'{data}/platlib/imbi_plugin_good/plat.txt': 'p',
            f'{data}/scripts/good': '#!python',
        }
    )
    (subject,) = find(wheels=[made.wheel()])
    files = subject.files()
    assert 'imbi_plugin_good/pure.txt' in files
    assert 'imbi_plugin_good/plat.txt' in files
    assert not any('scripts' in name for name in files)
    folder = Path(subject.search_path[0])
    assert (folder / 'imbi_plugin_good/plat.txt').read_text() == 'p'


@pytest.mark.parametrize(
    'name',
    [
        '../escaped.py',
        'imbi_plugin_good/../../escaped.py',
        '/escaped.py',
        'C:/escaped.py',
        '..\\escaped.py',
        'imbi_plugin_good//escaped.py',
        'imbi_plugin_good-1.0.data/purelib/../../../escaped.py',
    ],
)
def test_a_wheel_whose_names_lead_out_is_refused(
    name, usage_error, make_distribution, tmp_path
):
    wheel = make_distribution().wheel()
    with zipfile.ZipFile(wheel, 'a') as archive:
        archive.writestr(name, 'x')
    message = usage_error(wheels=[wheel])
    assert 'leads out of the folder' in message
    assert not list(tmp_path.rglob('escaped.py'))


def test_a_wheel_with_a_link_is_refused(usage_error, make_distribution):
    wheel = make_distribution().wheel()
    link = zipfile.ZipInfo('imbi_plugin_good/link')
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(wheel, 'a') as archive:
        archive.writestr(link, '/etc/passwd')
    assert 'link' in usage_error(wheels=[wheel])


def test_a_wheel_that_unpacks_to_too_much_is_refused(
    usage_error, make_distribution, monkeypatch
):
    limit = 'imbi_plugin_testkit.locating.wheel.MAX_UNPACKED'
    monkeypatch.setattr(limit, 1_000)
    assert 'MiB' in usage_error(wheels=[make_distribution().wheel()])


@pytest.mark.filterwarnings('ignore:Duplicate name:UserWarning')
def test_a_wheel_that_holds_a_name_twice_is_refused(
    usage_error, make_distribution
):
    wheel = make_distribution().wheel()
    with zipfile.ZipFile(wheel, 'a') as archive:
        archive.writestr('imbi_plugin_good/__init__.py', 'x')
    assert 'twice' in usage_error(wheels=[wheel])


@pytest.mark.parametrize(
    ('name', 'content', 'says'),
    [
        ('plugin.whl', b'', 'not a wheel'),
        ('plugin.zip', b'', 'not a wheel'),
        ('good-1.0-py3-none-any.whl', b'no zip', 'cannot be unpacked'),
        ('good-1.0-cp27-cp27m-win32.whl', b'', 'cp27-cp27m-win32'),
    ],
)
def test_what_is_no_wheel_is_refused(
    name, content, says, usage_error, tmp_path
):
    path = tmp_path / name
    path.write_bytes(content)
    assert says in usage_error(wheels=[path])


def test_a_zip_without_metadata_is_no_wheel(usage_error, tmp_path):
    path = tmp_path / 'good-1.0-py3-none-any.whl'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('good.py', '')
    assert 'no good-VERSION.dist-info' in usage_error(wheels=[path])


def test_a_truncated_wheel_is_refused(usage_error, make_distribution):
    wheel = make_distribution().wheel()
    content = bytearray(wheel.read_bytes())
    content[60:80] = b'\0' * 20
    wheel.write_bytes(content)
    assert 'cannot be unpacked' in usage_error(wheels=[wheel])


def test_a_wheel_that_is_not_there_names_those_that_are(
    usage_error, make_distribution, tmp_path
):
    wheel = make_distribution().wheel()
    message = usage_error(
        wheels=[wheel.with_name('imbi_plugin_good-2.0-py3-none-any.whl')]
    )
    assert wheel.name in message


def test_the_installed_version_does_not_hide_the_wheel_s(
    find, install, make_distribution
):
    install(files={'imbi_plugin_good.py': 'raise SystemExit'})
    wheel = make_distribution(version='2.0').wheel()
    (subject,) = find(wheels=[wheel])
    assert subject.version == '2.0'
    assert subject.plugins[0].probe.imported
    assert 'imbi_plugin_good' not in sys.modules
