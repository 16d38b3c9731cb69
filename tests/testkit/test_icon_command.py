"""`imbi-plugin icon`, as an author runs it."""

import base64
import io
import json
import os
import re
import struct
import subprocess
import sys
import zlib

import pytest

from imbi_plugin_testkit import cli

NS = 'xmlns="http://www.w3.org/2000/svg"'
GOOD = f'<svg {NS} viewBox="0 0 8 8"><path d="M0 0h8v8H0z"/></svg>'


def chunk(kind, data=b''):
    value = struct.pack('>I', zlib.crc32(kind + data))
    return struct.pack('>I', len(data)) + kind + data + value


PNG = (
    b'\x89PNG\r\n\x1a\n'
    + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0))
    + chunk(b'tEXt', b'a\0b')
    + chunk(b'IDAT', zlib.compress(b'\0\0'))
    + chunk(b'IEND')
)


@pytest.fixture(name='icon')
def fixture_icon(capsys):
    """Return a function from words to (exit code, output, errors)."""

    def run(*words):
        code = cli.main(('icon', *map(str, words)))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(name='file')
def fixture_file(tmp_path):
    def make(content, name='icon.svg'):
        path = tmp_path / name
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        return path

    return make


def test_a_clean_icon_ends_with_0_and_a_line(icon, file):
    size = len(GOOD)
    assert icon(file(GOOD)) == (
        0,
        f'image/svg+xml, {size} bytes, {size} when clean; 0 removed\n',
        '',
    )


def test_a_raster_has_no_lines_to_point_at(icon, file):
    code, out, _ = icon(file(PNG, 'icon.png'))
    assert code == 0
    assert out.splitlines() == [
        'icon.png: chunk tEXt: only what draws the pixels is kept (inert)',
        'image/png, 82 bytes, 67 when clean; 1 removed',
    ]


@pytest.mark.parametrize(
    ('before', 'columns'),
    [
        ('abc', 3),
        ('漢字', 4),
        ('e\u0301', 1),
        ('\t\t', 2),
        ('\u202e\x9b', 2),
        ('ﾊﾟ', 2),
        ('\u2028', 1),
    ],
)
def test_the_caret_stands_below_the_place(icon, file, before, columns):
    text = GOOD.replace('<path', f'\r\n<text>{before}</text><script/><path')
    code, out, _ = icon(file(text))
    assert code == 1
    *_, (line, caret) = (
        (one, two)
        for one, two in zip(
            out.splitlines(), out.splitlines()[1:], strict=False
        )
        if two.endswith('^')
    )
    assert line.startswith('    <text>')
    assert '\u202e' not in out
    assert '\x9b' not in out
    assert caret == ' ' * (4 + len('<text></text>') + columns) + '^'


def test_a_long_line_is_shown_around_the_place(icon, file):
    text = GOOD.replace('<path', f'{" " * 5_000}<script/>{" " * 900}<path')
    _, out, _ = icon(file(text))
    told, line, caret, _ = out.splitlines()
    place = text.index('<script/>') + 1
    assert told.startswith(f'icon.svg:1:{place} <script>: ')
    assert line.strip() == '<script/>'
    assert line.index('<script/>') == caret.index('^') < 60


def test_a_refusal_names_the_file_the_place_and_the_fix(icon, file):
    code, out, _ = icon(file(GOOD[:-2].replace('<path', '\n  <path')))
    assert code == 1
    told, line, caret = out.splitlines()
    assert re.match(r'icon\.svg:2:\d+: .+ Fix: .+ \[icon_not_xml\]$', told)
    assert line.startswith('      <path')
    assert caret.endswith('^')

    code, out, _ = icon(file(b'', 'empty.png'))
    assert code == 1
    assert re.match(r'empty\.png: .+ Fix: .+ \[icon_empty\]\n$', out)
    for name in ('icon.svg', 'icon.webp', 'icon.WEBP'):
        code, out, _ = icon(file(PNG, name))
        assert code == 1
        assert '[icon_media_type_mismatch]' in out


@pytest.mark.parametrize('content', [GOOD.encode(), PNG, b'hello', b''])
def test_standard_input_is_what_it_looks_like(icon, monkeypatch, content):
    stream = io.TextIOWrapper(io.BytesIO(content))
    monkeypatch.setattr('sys.stdin', stream)
    code, out, _ = icon('-')
    if content in {b'hello', b''}:
        assert code == 1
        assert out.startswith('<stdin>:')
    else:
        assert code == 0
        kind = 'png' if content == PNG else 'svg+xml'
        assert out.splitlines()[-1].startswith(f'image/{kind}, ')


def test_a_file_without_end_is_not_read(icon, file, tmp_path):
    link = tmp_path / 'zero.png'
    link.symlink_to('/dev/zero')
    code, out, _ = icon(link)
    assert code == 1
    assert '[icon_too_large]' in out
    with file(b'').open('wb') as sparse:
        sparse.truncate(1 << 40)
    assert '[icon_too_large]' in icon(tmp_path / 'icon.svg')[1]


def test_what_cannot_be_read_or_written_ends_with_2_and_a_fix(
    icon, file, tmp_path
):
    good = file(GOOD)
    for words in (
        (tmp_path / 'absent.svg',),
        (tmp_path,),
        (file(GOOD, 'icon.gif'),),
        (good, '-o', tmp_path),
        (good, '-o', tmp_path / 'no' / 'clean.svg'),
        (good, '--preview', tmp_path / 'no' / 'page.html'),
        (good, '--preview', good),
        (good, '-o', '-'),
        (good, '--preview', '-'),
        (good, '-o', ''),
        (good, '--preview', ''),
        (good, '-o', tmp_path / 'a.html', '--preview', tmp_path / 'a.html'),
        ('',),
    ):
        code, _, err = icon(*words)
        assert code == 2, words
        assert re.fullmatch(r'imbi-plugin: .+ Fix: .+\.\n', err), words
    assert good.read_text('utf-8') == GOOD
    assert {path.name for path in tmp_path.iterdir()} == {
        'icon.svg',
        'icon.gif',
    }


def test_no_standard_input_is_told(icon, monkeypatch):
    monkeypatch.setattr('sys.stdin', None)
    code, _, err = icon('-')
    assert code == 2
    assert re.fullmatch(r'imbi-plugin: .+ Fix: .+\.\n', err)


def test_a_file_is_written_whole_or_stays_as_it_was(icon, file, monkeypatch):
    path = file(GOOD.replace('<path', '<!-- note --><path'))
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr('os.replace', fail)
        code, _, err = icon(path, '-o', path)
    assert (code, path.read_bytes()) == (2, before)
    assert 'No space left' in err
    assert [each.name for each in path.parent.iterdir()] == ['icon.svg']


def test_a_link_stays_one_and_a_device_is_written_to(icon, file, tmp_path):
    link = tmp_path / 'link.svg'
    target = file(GOOD.replace('<path', '<!-- note --><path'))
    link.symlink_to(target.name)
    assert icon(link, '-o', link)[0] == 0
    assert link.is_symlink()
    assert target.read_text('utf-8') == GOOD
    null = tmp_path / 'null.svg'
    null.symlink_to('/dev/null')
    assert icon(link, '-o', null)[0] == 0
    assert null.read_bytes() == b''
    loop = tmp_path / 'loop.svg'
    loop.symlink_to('loop.svg')
    assert icon(link, '-o', loop)[0] == 0
    assert loop.read_text('utf-8') == GOOD


def test_the_file_may_be_written_over_itself(icon, file):
    path = file(GOOD.replace('<path', '<!-- note --><path'))
    assert icon(path, '-o', path)[0] == 0
    assert path.read_text('utf-8') == GOOD
    assert icon(path, '-o', path)[1].endswith('0 removed\n')


def test_nothing_is_written_of_what_is_refused(icon, file, tmp_path):
    outputs = tmp_path / 'clean.svg', tmp_path / 'page.html'
    assert (
        icon(file('<svg'), '-o', outputs[0], '--preview', outputs[1])[0] == 1
    )
    assert not any(path.exists() for path in outputs)


def test_the_data_has_what_the_text_has(icon, file):
    text = GOOD.replace('<path', '\n<path onclick="x()"')
    code, out, _ = icon(file(text), '--json')
    assert code == 1
    data = json.loads(out)
    assert data['removals'] == [
        {
            'line': 2,
            'column': 7,
            'what': 'onclick',
            'why': 'event handlers run script',
            'grade': 'active',
        }
    ]
    assert data['bytes'] < data['bytes_before'] == len(text)
    assert data['view_box'] == [0, 0, 8, 8]
    code, out, _ = icon(file(''), '--json')
    assert (code, list(json.loads(out))) == (1, ['refused'])


NAMES = (
    '<img src=x onerror=alert(1)>.svg',
    '"><script>.svg',
    'a\x1b[31m\n.svg',
    'b\udcff.svg',
    '\u202egvs.svg',
    '{name}.svg',
)


@pytest.mark.parametrize('name', NAMES)
def test_the_page_is_safe_whatever_the_file_is_called(icon, tmp_path, name):
    path = tmp_path / name
    path.write_text(GOOD.replace('<path', '<script>1</script><path'), 'utf-8')
    page = tmp_path / 'page.html'
    code, out, _ = icon(path, '--preview', page)
    assert code == 1
    assert '\x1b' not in out
    assert '\u202e' not in out
    text = page.read_text('utf-8')
    assert '<script' not in text
    assert 'src=x' not in text.replace('&lt;img src=x', '')
    assert text.count('<h1>') == 1
    assert "default-src 'none'" in text
    assert 'http:' not in text


def test_the_page_shows_both_files_at_every_size_and_ground(
    icon, file, tmp_path
):
    dirty = GOOD.replace('<path', '<!-- note --><path')
    page = tmp_path / 'page.html'
    icon(file(dirty), '--preview', page)
    text = page.read_text('utf-8')
    shown = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)
    files = [base64.b64decode(each).decode() for each in shown]
    sides = re.findall(r'width="(\d+)" height="(\d+)"', text)
    assert sides == [(side, side) for side in ('16', '32', '64', '128')] * 4
    # Four sizes on two grounds.
    assert files == [dirty] * 8 + [GOOD] * 8
    assert re.search(r'<td>\d+:\d+<td>inert<td>&lt;!-- --&gt;<td>', text)
    icon(file(PNG, 'icon.png'), '--preview', page)
    assert '<td><td>inert<td>chunk tEXt' in page.read_text('utf-8')


def test_a_console_of_few_characters_is_no_reason_to_fail(file):
    path = file(GOOD.replace('<path', '<text>漢字</text><script/><path'))
    done = subprocess.run(
        [sys.executable, '-m', 'imbi_plugin_testkit.cli', 'icon', str(path)],
        env=os.environ | {'PYTHONIOENCODING': 'ascii'},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b'<text>??</text>' in done.stdout
