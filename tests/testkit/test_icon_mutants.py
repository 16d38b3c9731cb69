"""The ledger of ICO: each mutant's icon is right but for one thing."""

import zipfile
from typing import ClassVar

import pytest
from icon_mutants import GOOD, MUTANTS, PATH, PNG, SHELF, chunk, png, svg

from imbi_plugin_sdk import ConnectionPlugin, PluginIcon, PluginManifest
from imbi_plugin_sdk.icons import ICON_PROBLEMS, load_icon, sanitize_svg
from imbi_plugin_sdk.manifest._declaration import plain
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.checks.icons import _ROWS
from imbi_plugin_testkit.model import Outcome
from imbi_plugin_testkit.probe import Probe
from imbi_plugin_testkit.runner import Run

FOUND = (Outcome.FAILED, Outcome.WARNED, Outcome.KIT_ERROR)


@pytest.fixture
def judged(make_distribution):
    """Return what fires for an icon's bytes, read from the package.

    `dark` is a second picture, and `wheel` changes the subject.
    """

    def run(  # noqa: PLR0913  each part can be wrong
        content,
        media_type=None,
        *,
        files=None,
        package=None,
        dark=None,
        wheel=None,
    ):
        suffix = 'png' if media_type else 'svg'
        resource = f'assets/icon.{suffix}'
        home = 'imbi_plugin_icon'
        made = make_distribution(
            name='imbi-plugin-icon',
            files=files
            or {
                f'{home}/__init__.py': '',
                f'{home}/{resource}': content,
                f'{home}/assets/dark.svg': dark or '',
            },
            entry_points={'icon': f'{home}:Handler'},
        )
        icon = PluginIcon(
            package=package or home,
            resource=resource,
            media_type=media_type or 'image/svg+xml',
        )

        other = PluginIcon(package=home, resource='assets/dark.svg')

        class Handler(ConnectionPlugin):
            manifest: ClassVar = PluginManifest(
                slug='icon',
                name='Icon',
                plugin_type='connection',
                icon=icon,
                icon_dark=other if dark else None,
            )

        subject = made.subject()
        if wheel is not None:
            subject.__dict__['wheel'] = wheel
        plugin = subject.plugins[0]
        plugin.__dict__['target'] = Handler
        plugin.__dict__['probe'] = Probe(
            imported=True,
            stage='done',
            kind_of_target='class',
            manifest=plain(Handler.manifest),
        )
        judge = Run([subject])
        return {
            check.id: judge.result(plugin, check.id)
            for check in judge.checks_for(plugin)
            if check.family == 'ICO'
        }

    return run


def fired(results):
    return {
        check for check, result in results.items() if result.outcome in FOUND
    }


@pytest.mark.parametrize('name', MUTANTS)
def test_a_mutant_fires_exactly_its_ids(judged, name):
    content, media_type, expected = MUTANTS[name]
    assert fired(judged(content, media_type)) == expected


@pytest.mark.parametrize('name', SHELF)
def test_a_right_icon_fires_nothing(judged, name):
    assert fired(judged(*SHELF[name])) == set()


def test_an_icon_that_only_the_source_has_fires(judged):
    results = judged(GOOD, files={'imbi_plugin_icon/__init__.py': ''})
    assert fired(results) == {'ICO002'}
    assert results['ICO020'].outcome is Outcome.UNTESTABLE


def test_a_foreign_package_is_a_warning(judged):
    results = judged(
        GOOD,
        files={
            'imbi_plugin_icon/__init__.py': '',
            'other/__init__.py': '',
            'other/assets/icon.svg': GOOD,
        },
        package='other',
    )
    assert fired(results) == set()  # both packages are this distribution's
    results = judged(GOOD, package='pydantic')
    assert fired(results) == {'ICO003', 'ICO007'}


def test_a_link_that_leads_out_is_refused(judged, make_distribution, tmp_path):
    outside = tmp_path / 'outside.svg'
    outside.write_text(GOOD, 'utf-8')
    made = make_distribution(
        name='imbi-plugin-icon',
        files={
            'imbi_plugin_icon/__init__.py': '',
            'imbi_plugin_icon/assets/icon.svg': GOOD,
        },
        entry_points={'icon': 'imbi_plugin_icon:Handler'},
    )
    target = made.site / 'imbi_plugin_icon/assets/icon.svg'
    target.unlink()
    target.symlink_to(outside)
    icon = PluginIcon(package='imbi_plugin_icon', resource='assets/icon.svg')
    subject = made.subject()
    with subject.importable(), pytest.raises(Exception, match='icon') as error:
        load_icon(icon)
    codes = [problem.code for problem in error.value.problems]
    body = catalogue()['ICO004']
    assert codes == ['icon_outside_package']
    assert body.security


def test_ballast_is_a_warning_that_tells_the_bytes_saved(judged):
    note = '<!-- made by hand -->'
    whole = svg(f'{note}{PATH}')
    result = judged(whole)['ICO022']
    assert result.outcome is Outcome.WARNED
    clean = len(sanitize_svg(whole.encode()).data)
    told = f'the icon has {clean:,} bytes instead of {len(whole):,}.'
    assert result.findings[0].message.endswith(told)


def test_a_black_mark_with_a_light_one_for_dark_ground_is_right(judged):
    black = svg('<path d="M0 0h8v8H0z"/>')
    white = svg('<path fill="#fff" d="M0 0h8v8H0z"/>')
    assert fired(judged(black, dark=white)) == set()
    results = judged(white, dark=black)
    assert fired(results) == {'ICO042', 'ICO043'}
    assert results['ICO043'].findings[0].path == 'icon_dark'


def test_a_removal_is_told_with_its_place_where_there_is_one(judged):
    (line,) = judged(svg(f'\n<script/>{PATH}'))['ICO020'].findings
    assert line.path == 'icon:2:1'
    assert line.message.startswith('<script>: it can run')
    raster = png(before=chunk(b'cICP', b'\x0c\x0d\0\1'))
    (whole,) = judged(raster, PNG)['ICO021'].findings
    assert whole.path == 'icon'
    assert whole.message.startswith('chunk cICP: ')


@pytest.fixture
def wheel(tmp_path):
    """Return a wheel that holds an icon's bytes, stored as they are."""

    def make(content):
        path = tmp_path / 'imbi_plugin_icon-1-py3-none-any.whl'
        with zipfile.ZipFile(path, 'w') as archive:
            archive.writestr('imbi_plugin_icon/assets/icon.svg', content)
        return path

    return make


def test_the_icon_of_the_wheel_is_judged_and_not_the_trees(judged, wheel):
    evil = svg(f'<script>alert(1)</script>{PATH}')
    assert fired(judged(GOOD, wheel=wheel(evil))) == {'ICO020'}
    assert fired(judged(evil, wheel=wheel(GOOD))) == set()
    large = svg(PATH + ' ' * 65_536)
    assert fired(judged(GOOD, wheel=wheel(large))) == {'ICO005'}


def test_a_wheel_that_is_damaged_there_is_the_authors(judged, wheel):
    path = wheel(GOOD)
    path.write_bytes(path.read_bytes().replace(b'M0 0h8', b'M1 0h8'))
    results = judged(GOOD, wheel=path)
    assert fired(results) == {'ICO003'}
    assert 'BadZipFile' in results['ICO003'].findings[0].message


def test_each_reason_to_refuse_an_icon_has_an_id():
    """A reason without an id would be lost, and the icon called right."""
    told = {code for _, codes, *_ in _ROWS for code in codes}
    # ICO007 asks for the package itself, and a JPEG is only ever in an SVG,
    # where it is a removal.
    others = {'icon_foreign_package', 'icon_jpeg_structure'}
    assert told == ICON_PROBLEMS.keys() - others


def test_each_id_has_a_mutant():
    covered = set().union(*(ids for _, _, ids in MUTANTS.values()))
    covered |= {'ICO001', 'ICO002', 'ICO004', 'ICO007'}
    owed = {
        check.id for check in catalogue().values() if check.family == 'ICO'
    }
    assert owed == covered
