"""Pictures in an SVG's `data:` URLs, read as browsers read them."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from imbi_plugin_sdk.icons import sanitize_svg


@pytest.fixture(name='embed')
def fixture_embed(svg):
    """Return a function from a URL to the result for a document with it."""

    def run(url):
        url = url.replace('"', '&quot;').replace('<', '&lt;')
        url = url.replace('\t', '&#9;').replace('\n', '&#10;')
        return sanitize_svg(svg(f'<image href="{url}" width="4"/>'))

    return run


@pytest.fixture(name='digits')
def fixture_digits(png):
    # Long enough to have every kind of digit, and to be padded.
    return base64.b64encode(png(raw=(b'\0' + bytes(range(16))) * 3)).decode()


def written(data: bytes) -> str:
    return data.decode().partition('href="')[2].partition('"')[0]


def test_a_picture_is_kept_however_its_url_is_written(embed, digits):
    plain = f'data:image/png;base64,{digits}'
    assert written(embed(plain).data) == plain
    assert digits.endswith('=')
    lines = [digits[at : at + 20] for at in range(0, len(digits), 20)]
    urls = [
        *(
            f'data:{kind};base64,{digits}'
            for kind in (
                '', 'img/png', 'image/jpg', 'text/plain', 'IMAGE/PNG',
                'application/octet-stream', 'image/png;charset=utf-8',
                'image/png;name="a b.png";x=y', 'image/png;', 'image',
            )
        ),
        f'DATA:image/png;BASE64,{digits}',
        f'data:image/png; base64,{digits}',
        f'data:image/png;base64 ,{digits}',
        f' \n data:image/png;base64,{digits}\t ',
        f'data:image/png;base64,{digits}#fragment',
        f'data:image/png;base64,{digits.rstrip("=")}',
        f'data:image/png;base64,{quote(digits, safe="")}',
        'data:image/png;base64,' + '\n'.join(lines),
        'data:image/png;base64,' + '%0A'.join(lines),
        'data:image/png;base64,' + ' '.join(lines),
        'data:image/png,' + quote(base64.b64decode(digits)),
        'data:,' + quote(base64.b64decode(digits)),
    ]  # fmt: skip
    for url in urls:
        result = embed(url)
        assert written(result.data) == plain, url
        assert result.removals == ()


def test_broken_base64_is_a_visual_loss(embed, digits):
    for body in (digits + '=', digits[:40] + '=' + digits[40:], 'AAAAA', '*',
                 digits[:-3] + 'é=', '====', digits[:-3] + '-='):  # fmt: skip
        result = embed(f'data:image/png;base64,{body}')
        assert b'href' not in result.data
        assert [removal.grade for removal in result.removals] == ['visual']


@pytest.mark.parametrize(
    ('url', 'grade'),
    [
        ('https://e.test/a.png', 'active'),
        ('//e.test/a.png', 'active'),
        ('a.png', 'active'),
        ('xdata:image/png;base64,AAAA', 'active'),
        ('data:image/png;base64', 'active'),
        ('data:image/svg+xml,<svg/>', 'active'),
        ('data:image/svg+xml;base64,AAAA', 'active'),
        ('data:image/png,%20%3Csvg/%3E', 'active'),
        ('data:text/html,hello', 'active'),
        ('data:image/gif,GIF89a', 'visual'),
        ('data:image/png;base64,AAAA', 'visual'),
        ('data:image/png,', 'visual'),
    ],
)
def test_what_is_no_picture_goes_with_its_grade(embed, url, grade):
    result = embed(url)
    assert b'href' not in result.data
    assert [removal.grade for removal in result.removals] == [grade]


def test_a_picture_that_is_refused_is_told_with_the_reason(embed, digits):
    data = base64.b64encode(base64.b64decode(digits) + b'PK\3\4').decode()
    result = embed(f'data:image/png;base64,{data}')
    assert b'href' not in result.data
    (removal,) = result.removals
    assert removal.grade == 'visual'
    assert '4 bytes follow the end of the picture' in removal.why
    assert removal.why.endswith(' [icon_trailing_data]')
