"""One verdict of many machines, and a certificate of one."""

import datetime as dt
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import pytest

import imbi_plugin_sdk
from imbi_plugin_sdk.catalog import CatalogEntry
from imbi_plugin_testkit import cli
from imbi_plugin_testkit.commands.matrix import matrix
from imbi_plugin_testkit.config import UsageError
from imbi_plugin_testkit.model import Outcome, Result, Severity, Verdict
from imbi_plugin_testkit.report import PluginReport, Report, loading
from imbi_plugin_testkit.report.words import NOT_RUN
from imbi_plugin_testkit.schemas import schema_of

PYPROJECT = """
[project]
name = "one-of-many"

[tool.imbi.testkit]
sandbox = "none"
sandbox-reason = "the laws are not what is tested here"
"""


def run(folder, sites, *arguments):
    return subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '--imbi-plugin', *arguments],
        cwd=folder,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, sites))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / 'project'
    folder.mkdir()
    (folder / 'pyproject.toml').write_text(PYPROJECT, 'utf-8')
    return folder


def test_three_plugins_in_three_processes_come_to_one_verdict(
    make_distribution, project
):
    names = [f'imbi-plugin-{word}' for word in ('one', 'two', 'three')]
    sites = [make_distribution(name=name).site for name in names]
    entries = [
        CatalogEntry(name, '', ('x',), 'approved', '', dt.date(2026, 1, 1))
        for name in names
    ]
    jobs = matrix(entries)['include']
    assert len(jobs) == 3

    def judge(job):
        name = job['distributions']
        return run(
            project,
            sites,
            f'--imbi-plugin-dist={name}',
            f'--imbi-plugin-report={name}.json',
        )

    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(judge, jobs):
            assert done.returncode == 0, done.stdout + done.stderr
    whole = project / 'whole.json'
    parts = [str(project / f'{name}.json') for name in names]
    assert cli.main(['report', 'merge', *parts, '-o', str(whole)]) == 0

    together = run(
        project,
        sites,
        *(f'--imbi-plugin-dist={name}' for name in sorted(names)),
        '--imbi-plugin-report=together.json',
    )
    assert together.returncode == 0, together.stdout
    one, other = (
        timeless(json.loads(path.read_text('utf-8')))
        for path in (whole, project / 'together.json')
    )
    assert one == other
    jsonschema.validate(json.loads(whole.read_text()), schema_of('report'))


def timeless(data):
    for report in data['reports']:
        for unit in (report['distribution'], *report['plugins']):
            for check in unit['checks']:
                del check['seconds']
    return data


def row(check, outcome=Outcome.PASSED, reason=''):
    return Result(check, 'x', outcome, Severity.MUST, reason=reason)


def part(plugins, *, seed=0, version='1.0', verdict=Verdict.NOT_CONFORMANT):
    return Report(
        name='imbi-plugin-x',
        version=version,
        source='wheel',
        checks=[],
        plugins=[
            PluginReport(name, name, 'connection', 1, None, checks)
            for name, checks in plugins.items()
        ],
        seed=seed,
        verdict=verdict,
        missing=0,
    )


def not_run(check):
    return row(check, Outcome.UNTESTABLE, NOT_RUN)


def test_parts_of_one_distribution_become_whole():
    one = part({'x': [row('MAN020'), not_run('MAN021')]})
    other = part({'x': [not_run('MAN020'), row('MAN021')], 'y': []})
    [whole] = loading.merge([one, other])
    assert [plugin.entry_point for plugin in whole.plugins] == ['x', 'y']
    assert [each.outcome for each in whole.results] == [Outcome.PASSED] * 2
    assert whole.verdict is Verdict.CONFORMANT
    assert whole.missing == 0


def test_what_ran_nowhere_keeps_the_verdict_back():
    one = part({'x': [row('MAN020'), not_run('MAN021')]})
    [whole] = loading.merge([one, one])
    assert whole.missing == 1
    assert whole.verdict is Verdict.NOT_CONFORMANT


def test_the_worse_of_two_outcomes_stays():
    good, bad = row('MAN020'), row('MAN020', Outcome.FAILED)
    for pair in ((good, bad), (bad, good)):
        [whole] = loading.merge(part({'x': [each]}) for each in pair)
        assert [each.outcome for each in whole.results] == [Outcome.FAILED]
        assert whole.verdict is Verdict.NOT_CONFORMANT


def test_a_static_part_makes_a_static_whole():
    one = part({'x': [row('MAN020')]}, verdict=Verdict.STATIC)
    [whole] = loading.merge([one])
    assert whole.verdict is Verdict.STATIC


def test_other_seeds_are_no_parts_of_one_run():
    with pytest.raises(UsageError, match='same --imbi-plugin-seed'):
        loading.merge([part({}, seed=1), part({}, seed=2)])
    # Two versions are two distributions, and may differ.
    assert len(loading.merge([part({}), part({}, version='2.0', seed=2)])) == 2


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        ('{', 'cannot be read as JSON'),
        ('[]', 'is no report of this kit'),
        ('{"schema_version": 99}', 'schema version 99'),
        ('{"schema_version": 1}', 'is no report of this kit'),
    ],
)
def test_what_is_no_report_is_refused(tmp_path, capsys, content, told):
    path = tmp_path / 'some.json'
    path.write_text(content, 'utf-8')
    assert cli.main(['report', 'merge', str(path)]) == 2
    assert told in capsys.readouterr().err


def test_a_matrix_deals_out_what_is_not_blocked():
    day = dt.date(2026, 1, 1)
    entries = [
        CatalogEntry(f'p{number}', '>=1', ('x',), status, 'why', day)
        for number, status in enumerate(
            ['approved', 'blocked', 'deprecated', 'approved', 'approved']
        )
    ]
    jobs = matrix(entries, jobs=2)['include']
    assert [job['distributions'].split() for job in jobs] == [
        ['p0', 'p3'],
        ['p2', 'p4'],
    ]
    assert jobs[0]['requirements'] == 'p0>=1\np3>=1'
    assert matrix([]) == {'include': []}


def test_the_matrix_of_a_document_is_json(tmp_path, capsys):
    path = tmp_path / 'catalog.toml'
    path.write_text(
        (Path(imbi_plugin_sdk.__file__).parent / 'catalog.toml').read_text()
    )
    assert cli.main(['catalog', 'matrix', str(path), '--jobs', '2']) == 0
    jobs = json.loads(capsys.readouterr().out)['include']
    assert len(jobs) == 2
    assert 'imbi-plugin-vault' in str(jobs)
    path.write_text('format_version = 9')
    assert cli.main(['catalog', 'matrix', str(path)]) == 1


@pytest.fixture
def certified(make_distribution, project):
    made = make_distribution()
    done = run(
        project,
        [made.site],
        '--imbi-plugin-dist=imbi-plugin-good',
        '--imbi-plugin-certificate=c.json',
    )
    assert done.returncode == 0, done.stdout
    return made, project / 'c.json'


def verify(made, path, *more):
    return subprocess.run(
        [
            sys.executable,
            '-m',
            'imbi_plugin_testkit.cli',
            'certificate',
            'verify',
            str(path),
            'imbi-plugin-good',
            *more,
        ],
        cwd=path.parent,
        env={**os.environ, 'PYTHONPATH': str(made.site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_certificate_holds_for_what_it_is_about(certified):
    made, path = certified
    data = json.loads(path.read_text('utf-8'))
    jsonschema.validate(data, schema_of('certificate'))
    assert 'imbi_plugin_good/__init__.py' in data['distribution']['files']
    assert not any('RECORD' in name for name in data['distribution']['files'])
    done = verify(made, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == 'imbi-plugin-good 1.0: holds\n'


def test_a_certificate_does_not_hold_for_other_bytes(certified):
    made, path = certified
    source = made.site / 'imbi_plugin_good/__init__.py'
    source.write_text(source.read_text('utf-8') + '\n# one line more\n')
    done = verify(made, path, '--static')
    assert done.returncode == 1
    assert 'imbi_plugin_good/__init__.py has other content' in done.stdout


@pytest.mark.parametrize('more', [(), ('--static',)])
def test_a_certificate_that_was_changed_does_not_hold(certified, more):
    made, path = certified
    data = json.loads(path.read_text('utf-8'))
    checks = [row for row in data['checks'] if row['id'] != 'MAN020']
    path.write_text(json.dumps({**data, 'checks': checks}), 'utf-8')
    done = verify(made, path, *more)
    assert done.returncode == 1
    assert 'its digest is not that of its content' in done.stdout
    assert 'MAN020 of good: it says not in it' in done.stdout


def test_a_wheel_and_its_installation_have_one_certificate(
    certified, tmp_path
):
    made, path = certified
    wheel = made.wheel(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'imbi_plugin_testkit.cli',
            'certificate',
            'verify',
            str(path),
            str(wheel),
        ],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'content' not in done.stdout
    assert 'no longer there' not in done.stdout
    assert 'not in it' not in done.stdout


def test_a_partial_run_gives_no_certificate(make_distribution, project):
    made = make_distribution()
    done = run(
        project,
        [made.site],
        '--imbi-plugin-dist=imbi-plugin-good',
        '--imbi-plugin-certificate=c.json',
        '-k',
        'MAN020',
    )
    assert 'no certificate was written: ' in done.stdout
    assert not Path(project, 'c.json').exists()


def test_what_is_no_certificate_is_refused(tmp_path, capsys):
    path = tmp_path / 'c.json'
    path.write_text('{"format_version": 7}', 'utf-8')
    assert cli.main(['certificate', 'verify', str(path)]) == 2
    assert 'Fix: verify it with the kit' in capsys.readouterr().err
    path.write_text('[]', 'utf-8')
    assert cli.main(['certificate', 'verify', str(path)]) == 2
