"""A finding leads to the line that is to be mended."""

import json
import sys
import textwrap
from pathlib import Path

import pytest

from imbi_plugin_testkit.config import Config
from imbi_plugin_testkit.model import Outcome, Result
from imbi_plugin_testkit.places import place_of, printable
from imbi_plugin_testkit.places.declared import steps_of
from imbi_plugin_testkit.places.tables import line_of
from imbi_plugin_testkit.runner import Run
from imbi_plugin_testkit.subject import EntryPoint, Project

PLUGIN = textwrap.dedent(
    """\
    from imbi_plugin_places.base import Base
    from imbi_plugin_places.facts import OPTIONS as CHOICES
    from imbi_plugin_sdk import PluginManifest, PluginOption


    class Handler(Base):
        manifest = PluginManifest(
            slug='places',
            name='Places',
            plugin_type='connection',
            credentials=[
                {'name': 'token', 'label': 'Token'},
            ],
            options=CHOICES,
        )

        async def own(self, ctx, credentials):
            return None


    class Outer:
        class Inner(Base):
            manifest = PluginManifest(**dict(
                slug='inner', name='Inner', plugin_type='connection'
            ))
    """
)
BASE = textwrap.dedent(
    """\
    from imbi_plugin_sdk.handlers.connection import ConnectionPlugin


    class Base(ConnectionPlugin):
        async def inherited(self, ctx, credentials):
            return None
    """
)
FACTS = textwrap.dedent(
    """\
    from imbi_plugin_sdk import PluginOption

    OPTIONS = [
        PluginOption(name='one', label='One'),
        PluginOption(
            name='two',
            label='Two',
        ),
    ]
    """
)
PYPROJECT = textwrap.dedent(
    """\
    [project]
    name = "imbi-plugin-places"
    dependencies = []

    [project.entry-points."imbi.plugins"]
    inner = "imbi_plugin_places:Outer.Inner"
    places = "imbi_plugin_places:Handler"

    [[tool.imbi.testkit.waivers]]
    check = "CFG001"

    [tool.imbi.testkit]
    sandbox = "tests.sandbox:make"
    """
)
HOME = 'imbi_plugin_places'


@pytest.fixture
def subject(make_distribution, tmp_path, monkeypatch):
    made = make_distribution(
        name='imbi-plugin-places',
        files={
            f'{HOME}/__init__.py': PLUGIN,
            f'{HOME}/base.py': BASE,
            f'{HOME}/facts.py': FACTS,
        },
        entry_points={
            'places': f'{HOME}:Handler',
            'inner': f'{HOME}:Outer.Inner',
        },
    )
    project = tmp_path / 'project' / 'pyproject.toml'
    project.parent.mkdir()
    project.write_text(PYPROJECT, 'utf-8')
    found = made.subject()
    found.project = Project(project, {})
    found.config = Config()
    monkeypatch.syspath_prepend(str(made.site))
    return found


def plugin(subject, name):
    return next(one for one in subject.plugins if one.name == name)


@pytest.mark.parametrize(
    ('path', 'file', 'text'),
    [
        ('slug', '__init__.py', "slug='places',"),
        ('credentials[0].name', '__init__.py', "{'name': 'token', 'label'"),
        ('credentials[7]', '__init__.py', 'credentials=['),
        ('options[1].label', 'facts.py', "label='Two',"),
        ('options[0]', 'facts.py', "PluginOption(name='one'"),
        ('nothing.of.it', '__init__.py', 'manifest = PluginManifest('),
        ('', '__init__.py', 'manifest = PluginManifest('),
        ('own(ctx)', '__init__.py', 'async def own('),
        ('inherited()[0].key', 'base.py', 'async def inherited('),
    ],
)
def test_a_path_leads_to_its_line(subject, path, file, text):
    place = place_of(plugin(subject, 'places'), path)
    assert place.file == f'{HOME}/{file}'
    assert place.text.strip().startswith(text)
    source = {'__init__.py': PLUGIN, 'base.py': BASE, 'facts.py': FACTS}[file]
    assert source.splitlines()[place.line - 1] == place.text


def test_the_column_is_where_it_begins(subject):
    place = place_of(plugin(subject, 'places'), 'credentials[0].label')
    assert place.text[place.column - 1 :].startswith("'label'")


def test_a_manifest_that_a_call_makes_is_the_place_itself(subject):
    place = place_of(plugin(subject, 'inner'), 'slug')
    assert place.text.strip() == 'manifest = PluginManifest(**dict('


def test_a_class_that_is_not_there_leads_to_its_registration(subject):
    gone = plugin(subject, 'places')
    gone.entry_point = EntryPoint('places', f'{HOME}:Gone')
    place = place_of(gone, 'slug')
    assert place.file == 'pyproject.toml'
    assert place.text == 'places = "imbi_plugin_places:Handler"'


def test_a_class_is_found_where_another_module_defines_it(subject):
    moved = plugin(subject, 'places')
    moved.entry_point = EntryPoint('places', f'{HOME}:Base')
    assert place_of(moved, 'inherited').file == f'{HOME}/base.py'


def test_the_project_s_own_copy_is_shown_not_the_installed_one(subject):
    root = subject.project.path.parent
    own = root / 'src' / HOME
    own.mkdir(parents=True)
    (own / '__init__.py').write_text(PLUGIN, 'utf-8')
    (own / 'base.py').write_text(f'# another line\n{BASE}', 'utf-8')
    one = place_of(plugin(subject, 'places'), 'slug')
    assert one.file == f'src/{HOME}/__init__.py'
    # A file that is not the one that runs would lead to a wrong line.
    other = place_of(plugin(subject, 'places'), 'inherited')
    assert other.file == f'{HOME}/base.py'


def test_an_unpacked_wheel_leads_to_the_project_s_own_copy(
    subject, monkeypatch
):
    own = subject.project.path.parent / HOME
    own.mkdir(parents=True)
    for name, text in (('__init__', PLUGIN), ('base', BASE), ('facts', FACTS)):
        (own / f'{name}.py').write_text(text, 'utf-8')
    one = plugin(subject, 'places')
    assert one.handler
    # Where it is unpacked is in `sys.path` only while it is imported.
    monkeypatch.setattr(
        sys, 'path', [each for each in sys.path if 'site' not in each]
    )
    assert place_of(one, 'slug').file == f'{HOME}/__init__.py'


@pytest.mark.parametrize(
    ('path', 'text'),
    [
        ('[project] dependencies', 'dependencies = []'),
        ('[project] requires-python', '[project]'),
        ('tool.imbi.testkit.sandbox', 'sandbox = "tests.sandbox:make"'),
        ('tool.imbi.testkit.waivers[0]', '[[tool.imbi.testkit.waivers]]'),
        ('imbi_plugin_places/py.typed', '[project]'),
    ],
)
def test_a_distribution_s_finding_leads_into_its_pyproject(
    subject, path, text
):
    assert place_of(subject, path).text == text


def test_a_file_without_tables_leads_to_its_first_line():
    assert line_of(['# nothing'], 'places', 'slug') == 1


def test_a_pyproject_that_is_gone_has_no_place(subject):
    subject.project.path.unlink()
    assert place_of(subject, '[project] dependencies') is None


def test_without_a_project_a_distribution_has_no_place(subject):
    subject.project = None
    assert place_of(subject, '[project] dependencies') is None


def test_a_module_that_is_no_longer_python_leads_to_its_registration(
    subject,
):
    one = plugin(subject, 'places')
    assert one.handler
    with Path(subject.search_path[0], HOME, '__init__.py').open(
        'a', encoding='utf-8'
    ) as file:
        file.write('def (:\n')
    assert place_of(one, 'slug').file == 'pyproject.toml'


def test_a_line_cannot_move_the_cursor():
    told = printable('\ta = "\x1b[2J\u202e"\n')
    assert told == ' a = "\ufffd[2J\ufffd"'
    assert len(printable('x' * 10_000)) < 200


@pytest.mark.parametrize(
    ('path', 'steps'),
    [
        ('', ()),
        ('slug', ('slug',)),
        ('options[2].name', ('options', 2, 'name')),
        ("links['a b'].x", ('links', 'a b', 'x')),
        ('credentials[0] and more', ('credentials', 0)),
    ],
)
def test_steps_of_a_path(path, steps):
    assert steps_of(path) == steps


def test_a_line_that_holds_a_secret_is_named_and_not_shown(
    make_distribution, monkeypatch
):
    token = 'ghp_' + 'a1B2' * 9
    made = make_distribution(
        name='imbi-plugin-places',
        files={
            f'{HOME}/__init__.py': PLUGIN.replace(
                "slug='places',", f"slug='Places',  # made with {token}"
            ),
            f'{HOME}/base.py': BASE,
            f'{HOME}/facts.py': FACTS,
        },
        entry_points={'places': f'{HOME}:Handler'},
    )
    monkeypatch.syspath_prepend(str(made.site))
    subject = made.subject()
    result = Run([subject]).result(subject.plugins[0], 'MAN020')
    [finding] = result.findings
    assert (
        finding.place.line
        == PLUGIN.splitlines().index("        slug='places',") + 1
    )
    assert finding.place.text == ''
    assert token not in json.dumps(result.to_json())


def test_a_finding_in_a_run_has_its_place(make_distribution, monkeypatch):
    made = make_distribution(
        name='imbi-plugin-places',
        files={
            f'{HOME}/__init__.py': PLUGIN.replace("'places'", "'Places'"),
            f'{HOME}/base.py': BASE,
            f'{HOME}/facts.py': FACTS,
        },
        entry_points={'places': f'{HOME}:Handler'},
    )
    monkeypatch.syspath_prepend(str(made.site))
    subject = made.subject()
    result = Run([subject]).result(subject.plugins[0], 'MAN020')
    assert result.outcome is Outcome.FAILED
    [finding] = result.findings
    assert finding.place.text.strip() == "slug='Places',"
    again = Result.from_json(json.loads(json.dumps(result.to_json())))
    assert again.findings == result.findings
