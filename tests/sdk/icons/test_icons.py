"""The one entry, the public names, the table of problems."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys

import pytest

from imbi_plugin_sdk import icons
from imbi_plugin_sdk.errors import IconError

LAZY = """
import sys
import imbi_plugin_sdk.icons as icons
print(sorted(set(sys.modules) & {'defusedxml', 'tinycss2', 'zlib', 'base64'}))
icons.sanitize_svg(b'<svg viewBox="0 0 1 1"/>')
print(sorted(set(sys.modules) & {'tinycss2'}))
"""


def test_nothing_heavy_is_imported_before_it_is_needed():
    # A path file of another editable install may import modules of its own.
    code = "import sys\nfor n in ('zlib', 'base64'): sys.modules.pop(n, None)"
    done = subprocess.run(
        [sys.executable, '-c', code + LAZY],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ['[]', '[]']


def test_every_public_name_can_be_imported():
    assert sorted(icons.__all__) == dir(icons)
    for name in icons.__all__:
        assert getattr(icons, name) is not None
    with pytest.raises(AttributeError, match='sanitise'):
        _ = icons.sanitise  # type: ignore[attr-defined]


def test_each_problem_has_a_title_and_a_remedy():
    for code, (title, fix) in icons.ICON_PROBLEMS.items():
        assert re.fullmatch(r'icon_[a-z_]+', code)
        assert title[0].isupper()
        assert title[-1] != '.'
        assert fix[-1] == '.'


def test_an_svg_is_sanitized_by_media_type(svg):
    icon = icons.sanitize_icon(
        svg('<path id="a" d="M0 0"/><use href="#a"/>'),
        'image/svg+xml',
        id_prefix='p',
    )

    assert b'href="#p0"' in icon.data
    assert icon.media_type == 'image/svg+xml'
    assert icon.size == len(icon.data)
    assert (icon.width, icon.height) == (8, 8)
    assert icon.view_box == (0, 0, 8, 8)


def test_a_raster_is_checked_by_media_type(png, webp, chunk):
    icon = icons.sanitize_icon(png(after=chunk(b'tEXt', b'a\0b')), 'image/png')

    assert icon.data == png()
    assert icon.view_box == (0, 0, 4, 3)
    assert [r.what for r in icon.removals] == ['chunk tEXt']


@pytest.mark.parametrize(
    'media_type',
    ['image/jpeg', 'image/gif', '', 'IMAGE/PNG', 'image/svg+xml; charset=x'],
)
def test_any_other_media_type_is_refused(codes, jpeg, media_type):
    assert codes(icons.sanitize_icon, jpeg(), media_type) == [
        'icon_media_type_unknown'
    ]


def test_a_raster_that_says_svg_is_a_mismatch(codes, png):
    assert codes(icons.sanitize_icon, png(), 'image/svg+xml') == [
        'icon_media_type_mismatch'
    ]
    assert codes(icons.sanitize_icon, b'hello', 'image/svg+xml') == [
        'icon_not_xml'
    ]


def test_a_refusal_pickles_and_reads(svg):
    with pytest.raises(IconError) as caught:
        icons.sanitize_svg(svg('<g>'))
    copy = pickle.loads(pickle.dumps(caught.value))

    assert copy.problems == caught.value.problems
    assert '[icon_not_xml]' in str(copy)


def test_removals_point_at_line_and_column(svg):
    data = svg(
        '\n<!-- é --><metadata/>\n'
        '  <path d="M0 0" data-x="&quot;" onclick="a" xlink:title="t"\n'
        '   style="fill:url(https://x.test)"/>\n'
        '<style>\n  a { b: c }\n  path { d: e; }\n</style>'
    )
    removals = icons.sanitize_svg(data).removals

    assert [(r.line, r.column, r.what, r.grade) for r in removals] == [
        (2, 1, '<!-- -->', 'inert'),
        (2, 11, '<metadata>', 'inert'),
        (3, 18, 'data-x', 'inert'),
        (3, 34, 'onclick', 'active'),
        (3, 46, 'title', 'inert'),
        (4, 11, 'fill: url(https://x.test)', 'active'),
        (7, 10, 'd: e', 'visual'),
    ]
    assert str(removals[3]) == (
        '3:34 onclick: event handlers run script (active)'
    )
