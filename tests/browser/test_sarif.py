"""The SARIF report keeps the published schema of SARIF 2.1.0.

The schema comes from an npm package, by name; skipped without npm, which CI
refuses.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import brand_icons
import jsonschema
import pytest

PACKAGE = '@microsoft/jest-sarif'
BROKEN = Path(__file__).resolve().parents[2] / 'examples' / 'broken'


@pytest.fixture(scope='module')
def schema(tmp_path_factory):
    if brand_icons.missing():
        reason = f'no {brand_icons.missing()}: install node for the schema'
        if os.environ.get('IMBI_REQUIRE_BROWSER') == '1':
            pytest.fail(f'IMBI_REQUIRE_BROWSER=1, but {reason}')
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp('sarif')
    (folder / 'package.json').write_text('{"private": true}')
    # Its schema alone is wanted, and not what it would run on.
    subprocess.run(
        ['npm', 'install', '--silent', '--no-audit', '--force', PACKAGE],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    [file] = folder.rglob('sarif-2.1.0*.json')
    return jsonschema.Draft4Validator(json.loads(file.read_text('utf-8')))


def test_the_report_of_a_broken_plugin_keeps_the_schema(schema, tmp_path):
    target = tmp_path / 'report.sarif'
    subprocess.run(
        [
            sys.executable,
            '-m',
            'pytest',
            '-p',
            'no:cacheprovider',
            '--imbi-plugin',
            f'--imbi-plugin-report={target}',
            'pyproject.toml',
        ],
        cwd=BROKEN,
        check=False,
        capture_output=True,
    )
    log = json.loads(target.read_text('utf-8'))
    schema.validate(log)
    results = log['runs'][0]['results']
    assert len(results) >= 9
    for result in results:
        physical = result['locations'][0]['physicalLocation']
        file = BROKEN / physical['artifactLocation']['uri']
        lines = file.read_text('utf-8').splitlines()
        assert 1 <= physical['region']['startLine'] <= len(lines)


def test_the_schema_refuses_what_is_wrong(schema):
    with pytest.raises(jsonschema.ValidationError):
        schema.validate({'version': '2.1.0', 'runs': [{'results': []}]})
