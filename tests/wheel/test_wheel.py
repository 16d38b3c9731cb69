"""What the built wheel ships; run against it by `make wheel-tests`."""

import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

MUST_RUN = bool(os.environ.get('IMBI_REQUIRE_WHEEL'))
DATA = {
    'imbi_plugin_sdk/py.typed',
    'imbi_plugin_testkit/py.typed',
    'imbi_plugin_sdk/_secret_rules.tsv',
    'imbi_plugin_sdk/contracts.lock.json',
    'imbi_plugin_sdk/catalog.toml',
}


@pytest.fixture(scope='module')
def shipped():
    """Return the installed distribution's files."""
    distribution = importlib.metadata.distribution('imbi-plugin-sdk')
    origin = distribution.read_text('direct_url.json')
    if origin and json.loads(origin).get('dir_info', {}).get('editable'):
        outcome = pytest.fail if MUST_RUN else pytest.skip
        outcome('installed editable: `make wheel-tests` judges the wheel')
    return {str(file).replace('\\', '/') for file in distribution.files or ()}


def test_data_files_are_shipped(shipped):
    assert shipped >= DATA


def test_nothing_but_the_two_packages_is_shipped(shipped):
    tops = {
        name.partition('/')[0]
        for name in shipped
        if not name.startswith('..') and '__pycache__' not in name
    }
    packages = {top for top in tops if not top.endswith('.dist-info')}
    assert packages == {'imbi_plugin_sdk', 'imbi_plugin_testkit'}
    assert len(tops) == len(packages) + 1


def test_the_entry_points_are_there():
    points = importlib.metadata.distribution('imbi-plugin-sdk').entry_points
    found = {(point.group, point.name): point.value for point in points}
    assert found == {
        ('console_scripts', 'imbi-plugin'): 'imbi_plugin_testkit.cli:main',
        ('pytest11', 'imbi-plugin'): 'imbi_plugin_testkit.pytest_plugin',
    }


def test_the_sdk_needs_five_small_libraries_and_no_kit():
    needs = importlib.metadata.requires('imbi-plugin-sdk') or []
    plain = sorted(need for need in needs if 'extra ==' not in need)
    assert [need.partition('>')[0] for need in plain] == [
        'defusedxml',
        'importlib-metadata',
        'packaging',
        'pydantic',
        'tinycss2',
    ]


def test_the_sdk_works_from_a_zip(shipped, tmp_path):
    """Data is read through importlib.resources, and so from a zip too."""
    archive = tmp_path / 'sdk.zip'
    root = Path(
        str(importlib.metadata.distribution('imbi-plugin-sdk').locate_file(''))
    )
    with zipfile.ZipFile(archive, 'w') as target:
        for name in shipped:
            if name.startswith('imbi_plugin_sdk/') and 'pycache' not in name:
                target.write(root / name, name)
    code = (
        'import imbi_plugin_sdk, imbi_plugin_sdk.contract_lock as lock\n'
        'from imbi_plugin_sdk.secret_detector import find_secrets\n'
        'assert "sdk.zip" in imbi_plugin_sdk.__file__\n'
        'assert find_secrets({"x": "ghp_" + "a1B2c3" * 6})\n'
        'assert lock.read_lock()\n'
    )
    run = subprocess.run(
        [
            sys.executable,
            '-c',
            f'import sys; sys.path.insert(0, {str(archive)!r})\n{code}',
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
