"""Our scan of a directory agrees with importlib_metadata's.

Generated environments of several directories: dist-info and egg-info,
escaped and unescaped names, empty directories, missing and duplicate metadata,
comments, other groups, odd white space. Where that library raises for one bad
file, ours must still tell everything else.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import importlib_metadata
from hypothesis import given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.registry import discover
from imbi_plugin_sdk.registry._entry_points import parse, split
from imbi_plugin_sdk.registry._names import name_and_version, normalized

GROUP = 'imbi.plugins'

names = st.from_regex(
    r'[A-Za-z][A-Za-z0-9]{0,2}([._][A-Za-z0-9]{1,2}){0,2}', fullmatch=True
)
versions = st.sampled_from(
    ['1.0', '2', '1.0+local.1', '0.1.dev3', '1!2.0', '3.0rc1', '2024.1.2']
)
keys = st.from_regex(r'[a-z][a-z0-9-]{0,5}', fullmatch=True)
values = st.sampled_from(
    ['a:B', 'a.b:C.d', 'a', ' a:B ', 'a:B [x, y]', 'a = b:C', 'a:B # no']
)
space = st.sampled_from(['', ' ', '\t', '  '])


body_lines = st.one_of(
    st.tuples(keys, space, st.just('='), space, values).map(''.join),
    st.sampled_from(['', '# comment', '  # = ', '#[x]']),
)


@st.composite
def texts(draw):
    """Draw the text of an entry_points.txt that no reader chokes on."""
    lines = []
    for _ in range(draw(st.integers(0, 3))):
        section = draw(
            st.sampled_from(
                [GROUP, 'console_scripts', 'imbi.plugin', f'{GROUP}.x', '']
            )
        )
        lines.append(f'{draw(space)}[{section}]{draw(space)}')
        lines += draw(st.lists(body_lines, max_size=3))
    return draw(st.sampled_from(['\n', '\r\n'])).join(lines)


@st.composite
def environments(draw):
    """Draw directories of metadata directories of files."""
    return draw(
        st.lists(
            st.dictionaries(
                st.builds(
                    lambda name, version, kind: f'{name}-{version}{kind}',
                    names,
                    versions,
                    st.sampled_from(
                        ['.dist-info', '.egg-info', '-py3.11.egg-info']
                    ),
                ),
                st.tuples(st.none() | texts(), st.booleans()),
                max_size=5,
            ),
            min_size=1,
            max_size=3,
        )
    )


def write(root, environment):
    paths = []
    for number, infos in enumerate(environment):
        base = root / str(number)
        base.mkdir()
        paths.append(str(base))
        for directory, (text, has_metadata) in infos.items():
            info = base / directory
            info.mkdir(exist_ok=True)
            if text is not None:
                points = info / 'entry_points.txt'
                points.write_text(text, 'utf-8', newline='')
            if has_metadata:
                name, version = name_and_version(directory.rpartition('.')[0])
                file = 'METADATA' if 'dist' in directory else 'PKG-INFO'
                (info / file).write_text(
                    f'Name: {name}\nVersion: {version}\n\nDescription\n'
                )
    return paths


def of_library(paths):
    """Return name to (version, entry points), as that library tells it."""
    found = {}
    distributions = list(importlib_metadata.distributions(path=paths))
    for wanted in (True, False):
        for one in distributions:
            if one._has_metadata() is wanted:
                name = one._normalized_name.replace('_', '-')
                points = [
                    (point.name, point.value)
                    for point in one.entry_points
                    if point.group == GROUP
                ]
                version = one.metadata['Version'] if wanted else None
                found.setdefault(name, (version, sorted(points)))
    return found


def of_ours(paths):
    return {
        one.name: (one.version, sorted(tuple(p) for p in one.entry_points))
        for one in discover(paths).distributions
    }


def unambiguous(environment):
    """Tell whether each directory has each distribution once.

    Two of one name in one directory have no order that a file system keeps.
    """
    for infos in environment:
        seen = [
            name_and_version(directory.rpartition('.')[0])[0]
            for directory in infos
        ]
        if len(set(seen)) != len(seen):
            return False
    return True


@settings(max_examples=60, deadline=None)
@given(environments().filter(unambiguous))
def test_it_agrees_with_importlib_metadata(environment):
    root = Path(tempfile.mkdtemp())
    try:
        paths = write(root, environment)
        theirs, ours = of_library(paths), of_ours(paths)
        assert ours.keys() == theirs.keys()
        for name, (version, points) in theirs.items():
            assert ours[name][1] == points
            if version is not None:
                assert ours[name][0] == version
        assert not any(one.problems for one in discover(paths).distributions)
    finally:
        shutil.rmtree(root)


bad_files = st.one_of(
    st.binary(max_size=40).map(lambda data: b'[imbi.plugins]\n' + data),
    st.binary(max_size=40),
    st.just(b'[imbi.plugins]\n\xff = x:Y'),
    st.just(b'[imbi.plugins]\nno equals'),
)


@settings(max_examples=60, deadline=None)
@given(environments().filter(unambiguous), bad_files)
def test_any_bytes_spoil_only_themselves(environment, data):
    root = Path(tempfile.mkdtemp())
    try:
        paths = write(root, environment)
        before = of_ours(paths)
        info = Path(paths[-1], 'zzz_the_bad_one-1.0.dist-info')
        info.mkdir()
        (info / 'entry_points.txt').write_bytes(data)
        (info / 'METADATA').write_bytes(data)
        after = of_ours(paths)
        after.pop('zzz-the-bad-one')
        assert after == before
    finally:
        shutil.rmtree(root)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.text(max_size=30))
def test_the_parser_agrees_on_any_text(head, tail):
    text = f'{head}\n[{GROUP}]\nfirst = a:B\n{tail}\n[other]\nx = y:Z\n'
    try:
        theirs = [
            (point.name, point.value)
            for point in importlib_metadata.EntryPoints._from_text(text)
            if point.group == GROUP
        ]
    except TypeError:  # a line without `=` spoils that library's whole file
        theirs = None
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    lines, problems = parse(data)
    ours = [tuple(line) for line in lines]
    if theirs is None:
        assert ('first', 'a:B') in ours
    else:
        nameless = [one for one in theirs if not one[0]]
        assert ours == [one for one in theirs if one[0]]
        assert bool(nameless) <= bool(problems)


@settings(max_examples=300, deadline=None)
@given(st.one_of(values, st.text(max_size=20)))
def test_an_object_reference_is_read_as_the_library_reads_it(value):
    point = importlib_metadata.EntryPoint('name', value.strip(), GROUP)
    try:
        theirs = point.module, point.attr or ''
    except ValueError:
        theirs = None
    ours = split(value.strip())
    if theirs is not None and '' in theirs[0].split('.'):
        assert ours is None  # such a module cannot be imported
    else:
        assert ours == theirs


@given(st.text(max_size=20))
def test_normalizing_twice_is_normalizing_once(name):
    assert normalized(normalized(name)) == normalized(name)
    assert normalized(name) == (
        importlib_metadata.Prepared.normalize(name).replace('_', '-')
    )
