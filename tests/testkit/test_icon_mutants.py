"""The ledger of ICO: each mutant's icon is right but for one thing."""

import struct
import zlib
from typing import ClassVar

import pytest

from imbi_plugin_sdk import ConnectionPlugin, PluginIcon, PluginManifest
from imbi_plugin_sdk.icons import load_icon, sanitize_svg
from imbi_plugin_sdk.manifest._declaration import plain
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.model import Outcome
from imbi_plugin_testkit.probe import Probe
from imbi_plugin_testkit.runner import Run

FOUND = (Outcome.FAILED, Outcome.WARNED, Outcome.KIT_ERROR)
NS = 'xmlns="http://www.w3.org/2000/svg"'


def svg(body, attributes='viewBox="0 0 8 8"'):
    return f'<svg {NS} {attributes}>{body}</svg>'


PATH = '<path fill="#06c" d="M0 0h8v8H0z"/>'
GOOD = svg(PATH)


def chunk(kind, data):
    body = kind + data
    return (
        struct.pack('>I', len(data))
        + body
        + struct.pack('>I', zlib.crc32(body))
    )


def png(width=2, height=2, *, pixels=None, before=b'', after=b''):
    header = struct.pack('>IIBBBBB', width, height, 8, 6, 0, 0, 0)
    rows = b''.join(b'\0' + b'\xff' * 4 * width for _ in range(height))
    data = zlib.compress(rows if pixels is None else pixels)
    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', header)
        + before
        + chunk(b'IDAT', data)
        + chunk(b'IEND', b'')
        + after
    )


def damaged():
    raw = bytearray(png())
    raw[-20] ^= 1
    return bytes(raw)


BOMB = (
    '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
    + ''.join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">'
        for old, new in zip('abcdefg', 'bcdefgh', strict=True)
    )
    + f']>{svg("<text>&h;</text>")}'
)
CYCLE = svg(
    '<defs><g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g></defs>'
    '<use href="#a"/>'
)
NESTED = svg(
    '<defs><g id="a0"><path d="M0 0h8"/></g>'
    + ''.join(
        f'<g id="a{n + 1}">{f"""<use href="#a{n}"/>""" * 10}</g>'
        for n in range(8)
    )
    + '</defs><use href="#a8"/>'
)
PNG = 'image/png'

# what the file holds, its media type, the ids that must fire
MUTANTS = {
    'empty': ('', None, {'ICO003'}),
    'too large': (svg(PATH + ' ' * 65_536), None, {'ICO005'}),
    'a png declared svg': (png(), None, {'ICO006'}),
    'an svg declared png': (GOOD, PNG, {'ICO006'}),
    'not well-formed': (GOOD[:-3], None, {'ICO010'}),
    'html': ('<html><body/></html>', None, {'ICO010'}),
    'utf-16': (GOOD.encode('utf-16'), None, {'ICO010'}),
    'entity bomb': (BOMB, None, {'ICO011'}),
    'external entity': (
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{GOOD}',
        None,
        {'ICO011'},
    ),
    'cycle': (CYCLE, None, {'ICO012'}),
    'exponential': (NESTED, None, {'ICO012'}),
    'script': (
        svg(f'<script>alert(1)</script>{PATH}'),
        None,
        {'ICO020'},
    ),
    'handler': (
        svg('<path fill="#06c" d="M0 0h8v8H0z" onclick="x()"/>'),
        None,
        {'ICO020'},
    ),
    'foreign object': (
        svg(f'<foreignObject><p/></foreignObject>{PATH}'),
        None,
        {'ICO020'},
    ),
    'external image': (
        svg(f'<image href="https://evil.io/x.png"/>{PATH}'),
        None,
        {'ICO020'},
    ),
    'style import': (
        svg(f'<style>@import "https://evil.io/x.css";</style>{PATH}'),
        None,
        {'ICO020'},
    ),
    'unknown element': (
        svg(f'{PATH}<hatch id="h"><hatchpath/></hatch>'),
        None,
        {'ICO021'},
    ),
    'comment': (svg(f'<!-- made by hand -->{PATH}'), None, {'ICO022'}),
    'no pixels': (png(0, 0, pixels=b''), PNG, {'ICO030'}),
    'enormous': (png(5_000, 1), PNG, {'ICO030'}),
    'animated': (
        png(before=chunk(b'acTL', struct.pack('>II', 1, 0))),
        PNG,
        {'ICO031'},
    ),
    'a zip behind it': (png(after=b'PK\x03\x04'), PNG, {'ICO032'}),
    'damaged': (damaged(), PNG, {'ICO033'}),
    'too few pixels': (png(pixels=b'\0\0'), PNG, {'ICO033'}),
}

MUTANTS |= {
    'nothing drawn': (svg('<g/>'), None, {'ICO040'}),
    'only definitions': (svg(f'<defs>{PATH}</defs>'), None, {'ICO040'}),
    'a word mark': (svg(PATH, 'viewBox="0 0 32 8"'), None, {'ICO041'}),
    'white': (svg('<path fill="#fff" d="M0 0h8"/>'), None, {'ICO042'}),
    'white by inheritance': (
        svg('<g fill="white"><path d="M0 0h8"/><rect width="8"/></g>'),
        None,
        {'ICO042'},
    ),
    'black': (svg('<path d="M0 0h8v8H0z"/>'), None, {'ICO043'}),
}

SHELF = {
    'three to one': (svg(PATH, 'viewBox="0 0 24 8"'), None),
    'white on blue': (
        svg(f'{PATH}<path fill="#fff" d="M1 1h2v2z"/>'),
        None,
    ),
    'white by a gradient': (
        svg(
            '<defs><linearGradient id="g"><stop stop-color="#fff"/>'
            '</linearGradient></defs><path fill="url(#g)" d="M0 0h8v8z"/>'
        ),
        None,
    ),
    'outlined': (
        svg('<path fill="none" stroke="#a00" d="M0 0h8v8z"/>'),
        None,
    ),
    'plain': (GOOD, None),
    'gradient and use': (
        svg(
            '<defs><linearGradient id="g"><stop offset="0" '
            'stop-color="#f00"/><stop offset="1"/></linearGradient>'
            '<path id="p" d="M0 0h8v8H0z" fill="url(#g)"/></defs>'
            '<use href="#p"/>'
        ),
        None,
    ),
    'style attribute': (
        svg('<path style="fill:#0a0;opacity:.5" d="M0 0h8v8H0z"/>'),
        None,
    ),
    'png': (png(), PNG),
}


@pytest.fixture
def judged(make_distribution):
    """Return what fires for an icon's bytes, read from the package."""

    def run(content, media_type=None, *, files=None, package=None):
        suffix = 'png' if media_type else 'svg'
        resource = f'assets/icon.{suffix}'
        home = 'imbi_plugin_icon'
        made = make_distribution(
            name='imbi-plugin-icon',
            files=files
            or {f'{home}/__init__.py': '', f'{home}/{resource}': content},
            entry_points={'icon': f'{home}:Handler'},
        )
        icon = PluginIcon(
            package=package or home,
            resource=resource,
            media_type=media_type or 'image/svg+xml',
        )

        class Handler(ConnectionPlugin):
            manifest: ClassVar = PluginManifest(
                slug='icon', name='Icon', plugin_type='connection', icon=icon
            )

        subject = made.subject()
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


def test_each_id_has_a_mutant():
    covered = set().union(*(ids for _, _, ids in MUTANTS.values()))
    covered |= {'ICO001', 'ICO002', 'ICO004', 'ICO007'}
    owed = {
        check.id for check in catalogue().values() if check.family == 'ICO'
    }
    assert owed == covered
