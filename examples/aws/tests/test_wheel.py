"""The wheel, unpacked and installed into a host: one service, one icon."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

HOST = """
import json, sys
site = sys.argv[1]
sys.path.insert(0, site)
from imbi_plugin_sdk.provisioning import (
    MemoryStore, Plan, apply, plan_delete, plan_install, plan_uninstall,
    sources_of,
)
from imbi_plugin_sdk.registry import PluginRegistry

snapshot = PluginRegistry([site]).current
sources = sources_of(snapshot.entries.values())
store = MemoryStore()
empty = store.load('engineering')
plan = Plan.from_json(plan_install(empty, sources).to_json())
apply(plan, store, sources)
state = store.load('engineering')
(service,) = state.services.values()
icon = store.icon(service.live['icon'])
again = plan_install(state, sources).empty
gone = plan_uninstall(state, ['imbi-plugin-aws'])
apply(gone, store)
(left,) = gone.deletable
apply(plan_delete(store.load('engineering'), left), store)
templates = {
    entry.handler.manifest.third_party_service.model_dump_json()
    for entry in snapshot.entries.values()
}
print(json.dumps({
    'refused': [str(one) for one in snapshot.refusals],
    'slugs': sorted(snapshot.entries),
    'templates': len(templates),
    'actions': [one.action for one in plan.actions],
    'vendor': service.vendor,
    'template': service.template_id,
    'contributors': list(service.contributors),
    'plugins': len(service.plugins),
    'service_url': service.live['service_url'],
    'icon': icon.media_type,
    'again': again,
    'clean': store.load('engineering') == empty,
    'origin': sys.modules['imbi_plugin_aws'].__file__,
}))
"""


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """Build the wheel of this project."""
    pytest.importorskip('hatchling')
    target = tmp_path_factory.mktemp('dist')
    subprocess.run(
        [
            sys.executable,
            '-m',
            'hatchling',
            'build',
            '-t',
            'wheel',
            '-d',
            target,
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = target.glob('*.whl')
    return built


def test_three_entry_points_and_one_icon_are_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (points,) = (name for name in names if name.endswith('points.txt'))
        text = archive.read(points).decode()
    assert text.count('imbi_plugin_aws:') == 3
    assert [name for name in names if name.endswith('.svg')] == [
        'imbi_plugin_aws/assets/icon.svg'
    ]
    assert not any(name.startswith('tests') for name in names)


def test_one_service_three_plugins_one_icon(wheel, tmp_path):
    site = tmp_path / 'site'
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    done = subprocess.run(
        [sys.executable, '-c', HOST, site],
        check=False,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    found = json.loads(done.stdout)
    assert found['refused'] == []
    assert found['slugs'] == ['aws-cloudwatch-logs', 'aws-iam-ic', 'aws-ssm']
    assert found['templates'] == 1
    assert found['actions'].count('create_service') == 1
    assert found['actions'].count('create_plugin') == 3
    assert found['actions'].count('attach_plugin') == 3
    assert found['actions'].count('store_icon') == 1
    assert (found['vendor'], found['template']) == (
        'Amazon Web Services',
        'aws',
    )
    assert found['contributors'] == ['imbi-plugin-aws']
    assert found['plugins'] == 3
    assert found['service_url'] == 'https://console.aws.amazon.com/'
    assert found['icon'] == 'image/svg+xml'
    assert found['again']
    assert found['clean']
    assert found['origin'].startswith(str(site))
