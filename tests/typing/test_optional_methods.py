"""A handler may leave out what the contract does, for each type checker.

The classes are made of the contract's own table: one per plugin type with
exactly the required methods, and one per required method without it. Making
an instance of the first kind is no error to a checker, of the second it is.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from imbi_plugin_sdk.contract import CONTRACTS, methods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from imbi_plugin_sdk.contract import MethodSpec

HEAD = """\
import typing

from imbi_plugin_sdk.manifest import PluginManifest
from {module} import {base}

"""
ANY = 'typing.Any'


def method(spec: MethodSpec) -> Iterator[str]:
    """Yield an override that fits whatever the contract declares."""
    if spec.kind == 'classmethod':
        yield '    @classmethod'
        yield f'    def {spec.name}('
        yield f'        cls, *args: {ANY}, **given: {ANY}'
        yield f'    ) -> {ANY}:'
    else:
        yield (
            f'    async def {spec.name}'
            f'(self, *args: {ANY}, **given: {ANY}) -> {ANY}:'
        )
    yield '        return (args, given)'
    yield ''


def handler(name: str, base: str, specs: Iterable[MethodSpec]) -> list[str]:
    """Return the lines of a class, and one that makes an instance."""
    lines = [
        f'class {name}({base}):',
        '    manifest: typing.ClassVar[PluginManifest]',
        '',
    ]
    for spec in specs:
        lines += method(spec)
    return [*lines, f'{name.lower()} = {name}()', '']


def written(folder: Path) -> dict[str, set[int]]:
    """Write a module per plugin type.

    Returns:
        Name of each file to the lines that a checker must complain about.
    """
    expected: dict[str, set[int]] = {}
    for kind, contract in CONTRACTS.items():
        module, _, base = contract.handler.partition(':')
        required = [each for each in methods(kind).values() if each.required]
        lines = HEAD.format(module=module, base=base).splitlines()
        lines += handler('Whole', base, required)
        wrong: set[int] = set()
        for left_out in required:
            rest = [spec for spec in required if spec is not left_out]
            lines += handler(f'Without_{left_out.name}', base, rest)
            wrong.add(len(lines) - 1)
        (folder / f'{kind}.py').write_text('\n'.join(lines), 'utf-8')
        expected[f'{kind}.py'] = wrong
    return expected


def run(folder: Path, *command: str) -> str:
    """Return what a checker prints about a folder."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        encoding='utf-8',
        check=False,
        timeout=300,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def mypy(folder: Path) -> list[tuple[str, int, str]]:
    """Return file, line and code of each error of mypy --strict."""
    pytest.importorskip('mypy')
    told = run(
        folder, sys.executable, '-m', 'mypy', '--strict', '-O', 'json', '.'
    )
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in told.splitlines() if line[:1] == '{'
    ]
    return [(row['file'], row['line'], row['code']) for row in rows]


def pyright(folder: Path, command: str) -> list[tuple[str, int, str]]:
    """Return file, line and rule of each error of a kind of pyright."""
    settings = {'typeCheckingMode': 'strict', 'pythonVersion': '3.11'}
    (folder / 'pyrightconfig.json').write_text(json.dumps(settings), 'utf-8')
    told = run(
        folder, command, '--outputjson', '--pythonpath', sys.executable, '.'
    )
    rows: list[dict[str, Any]] = json.loads(told)['generalDiagnostics']
    return [
        (
            row['file'].replace('\\', '/').rpartition('/')[2],
            row['range']['start']['line'] + 1,
            row['rule'],
        )
        for row in rows
    ]


def basedpyright(folder: Path) -> list[tuple[str, int, str]]:
    """Return what basedpyright says."""
    pytest.importorskip('basedpyright')
    return pyright(folder, str(Path(sys.executable).with_name('basedpyright')))


def pyright_itself(folder: Path) -> list[tuple[str, int, str]]:
    """Return what pyright says, where it is installed: it is no package."""
    found = shutil.which('pyright')
    if found is None:
        pytest.skip('there is no pyright; basedpyright is built on it')
    return pyright(folder, found)


@pytest.mark.parametrize(
    ('checker', 'rule'),
    [
        (mypy, 'abstract'),
        (basedpyright, 'reportAbstractUsage'),
        (pyright_itself, 'reportAbstractUsage'),
    ],
)
def test_optional_methods_may_be_left_out_and_required_ones_not(
    checker: Callable[[Path], list[tuple[str, int, str]]],
    rule: str,
    tmp_path: Path,
) -> None:
    expected = written(tmp_path)
    seen: dict[str, set[int]] = {name: set() for name in expected}
    rules: set[str] = set()
    for name, line, found in checker(tmp_path):
        seen[name].add(line)
        rules.add(found)
    assert seen == expected
    assert rules == {rule}
