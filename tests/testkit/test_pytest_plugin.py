"""The kit inside a real pytest, in a process of its own."""

import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from imbi_plugin_testkit.report.schema import report_schema

SANDBOX = """
import secrets

from imbi_plugin_testkit.sandbox import BaseSandbox


class GoodSandbox(BaseSandbox):
    def __init__(self):
        super().__init__()
        self.credentials = {'client_secret': secrets.token_hex(16)}


def make(plugin):
    return GoodSandbox()
"""

PYPROJECT = """
[project]
name = "imbi-plugin-good"
version = "1.0"
dependencies = ["imbi-plugin-sdk>=0.1"]

[tool.pytest.ini_options]
strict = true
filterwarnings = ["error"]
addopts = ["-p", "no:cacheprovider"]

[tool.imbi.testkit]
sandbox = "kit_sandbox:make"
"""

TRIM = (
    'store[key] = value',
    'store[key] = value.model_copy(update={"value": value.value.strip()})',
)


class Project:
    def __init__(self, folder, site):
        self.folder, self.site = folder, site

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, 'utf-8')
        return path

    def pytest(self, *arguments, flag=True, **environment):
        return subprocess.run(
            [
                sys.executable,
                '-m',
                'pytest',
                *(['--imbi-plugin'] if flag else []),
                *arguments,
            ],
            cwd=self.folder,
            env={
                **os.environ,
                'PYTHONPATH': str(self.site),
                'COLUMNS': '100',
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def project(make_distribution, tmp_path):
    """Return a function that makes a project with its installed plugin."""

    def make(pyproject=PYPROJECT, replace=None, sandbox=SANDBOX, **facts):
        made = make_distribution(**facts)
        if replace:
            source = made.site / 'imbi_plugin_good/__init__.py'
            text = source.read_text('utf-8')
            assert replace[0] in text
            changed = text.replace(*replace)
            made = make_distribution(
                files={
                    'imbi_plugin_good/__init__.py': changed,
                    'imbi_plugin_good/py.typed': '',
                },
                **facts,
            )
        folder = tmp_path / 'project'
        folder.mkdir()
        here = Project(folder, made.site)
        if pyproject:
            here.write('pyproject.toml', pyproject)
        if sandbox:
            here.write('kit_sandbox.py', sandbox)
        here.made = made
        return here

    return make


def test_a_good_plugin_gets_a_verdict(project):
    run = project().pytest()
    assert run.returncode == 0, run.stdout
    assert 'imbi-plugin-good 1.0 keeps the contract: conformant' in run.stdout
    assert re.search(
        r'good \(configuration on memory backend\): \d+ passed', run.stdout
    )
    # Its sandbox cannot break, seed or show anything, and says no more.
    [line] = re.findall('^untestable: .*$', run.stdout, re.MULTILINE)[:1]
    assert 'the sandbox cannot do' in line


def test_a_broken_law_says_what_why_and_how(project):
    run = project(replace=TRIM).pytest()
    assert run.returncode == 1
    text = run.stdout
    for part in (
        'error[CFG001] does not hold',
        '  saw   ',
        '  fix   ',
        '  why   ',
        'imbi-plugin explain CFG001',
        '[[tool.imbi.testkit.waivers]]\n        check = "CFG001"\n',
        '  again pytest --imbi-plugin pyproject.toml::good::CFG001',
        'does not keep the contract: not_conformant',
    ):
        assert part in text, part
    assert 'Traceback' not in text


def test_a_job_of_github_gets_annotations(project):
    here = project(replace=TRIM)
    run = here.pytest('-k', 'CFG001', GITHUB_ACTIONS='true')
    [line] = re.findall('^::error .*$', run.stdout, re.MULTILINE)
    assert 'file=imbi_plugin_good/__init__.py,line=' in line
    run = here.pytest('-k', 'CFG001', GITHUB_ACTIONS='')
    assert '::error' not in run.stdout


def test_the_printed_waiver_can_be_pasted(project):
    here = project(replace=TRIM)
    shown = here.pytest('-k', 'CFG001').stdout
    [lines] = re.findall(
        r'^ +\[\[tool\.imbi\.testkit\.waivers\]\]\n(?: +\w+ = .*\n)+',
        shown,
        re.MULTILINE,
    )
    waiver = textwrap.dedent(lines)
    other = waiver.replace('CFG001', 'CFG002')
    pasted = tomllib.loads(f'{PYPROJECT}\n{waiver}\n{other}')
    first, second = pasted['tool']['imbi']['testkit']['waivers']
    assert (first['check'], first['plugin']) == ('CFG001', 'good')
    assert second['check'] == 'CFG002'


def test_a_run_that_never_began_says_how_to_be_judged(project):
    here = project()
    here.write('test_own.py', 'import nothing_at_all\n')
    run = here.pytest('.')
    assert run.returncode == 2
    assert re.search(r'no verdict, none of \d+ checks ran', run.stdout)
    assert '`imbi-plugin check` runs them' in run.stdout
    assert 'untestable' not in run.stdout


def test_the_short_summary_says_what_failed(project):
    run = project(replace=TRIM).pytest('-k', 'CFG001')
    assert re.search(
        r'^FAILED pyproject.toml::good::CFG001 - error\[CFG001\] does not',
        run.stdout,
        re.MULTILINE,
    )


def test_the_reproduce_command_reproduces(project):
    run = project(replace=TRIM).pytest('pyproject.toml::good::CFG001')
    assert run.returncode == 1
    assert '1 failed' in run.stdout
    assert 'no verdict from a partial run' in run.stdout


@pytest.mark.parametrize(
    ('arguments', 'expected'),
    [
        (('-k', 'CFG004'), '1 passed'),
        (('-k', 'good and MAN020'), '1 passed'),
        (('-m', 'imbi_law'), '23 passed'),
        (('--deselect', 'pyproject.toml::good::CFG001'), '1 deselected'),
    ],
)
def test_selection_works_as_users_expect(project, arguments, expected):
    run = project().pytest(*arguments)
    assert run.returncode == 0, run.stdout
    assert expected in run.stdout
    assert 'no verdict from a partial run' in run.stdout


def test_last_failed_runs_only_what_failed(project):
    here = project(
        PYPROJECT.replace('addopts = ["-p", "no:cacheprovider"]\n', ''),
        replace=TRIM,
    )
    assert here.pytest().returncode == 1
    again = here.pytest('--lf')
    assert again.returncode == 1
    assert re.search(r'\n=+ 1 failed, \d+ deselected in', again.stdout)


def test_several_processes_come_to_the_same_report(project):
    here = project(replace=TRIM)
    alone = here.pytest('--imbi-plugin-report', 'one.json')
    spread = here.pytest('-n', '2', '--imbi-plugin-report', 'two.json')
    assert alone.returncode == spread.returncode == 1
    one, two = (
        json.loads((here.folder / name).read_text('utf-8'))
        for name in ('one.json', 'two.json')
    )

    def facts(report):
        return [
            (check['id'], check['outcome'], len(check['problems']))
            for part in (report['distribution'], *report['plugins'])
            for check in part['checks']
        ]

    assert facts(one) == facts(two)
    assert one['plugins'][0]['backend'] == two['plugins'][0]['backend']


def test_the_json_report_keeps_its_schema(project):
    here = project(replace=TRIM)
    here.pytest('--imbi-plugin-report=out.json')
    report = json.loads((here.folder / 'out.json').read_text('utf-8'))
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(report)
    assert report['verdict'] == 'not_conformant'
    assert report['seed'] == 0
    failed = [
        check
        for check in report['plugins'][0]['checks']
        if check['outcome'] == 'failed'
    ]
    assert [check['id'] for check in failed] == ['CFG001']
    assert failed[0]['problems'][0]['details']
    assert sum(report['summary'].values()) == sum(
        len(part['checks'])
        for part in (report['distribution'], *report['plugins'])
    )


def test_the_markdown_report_fits_a_job_summary(project):
    here = project(replace=TRIM)
    here.pytest('--imbi-plugin-report', 'out.md')
    text = (here.folder / 'out.md').read_text('utf-8')
    assert '**not conformant**' in text
    assert re.search(r'^\| CFG001 .* \| failed \| .* \|$', text, re.MULTILINE)


def test_junit_properties_carry_the_ids(project):
    here = project()
    here.pytest('--junitxml', 'out.xml', '-k', 'CFG004')
    root = ET.parse(here.folder / 'out.xml').getroot()
    properties = {
        entry.get('name'): entry.get('value')
        for entry in root.iter('property')
    }
    assert properties == {
        'imbi_check': 'CFG004',
        'imbi_unit': 'good',
        'imbi_outcome': 'passed',
    }


def test_the_project_s_own_tests_run_beside_the_kit(project):
    here = project()
    here.write('tests/test_own.py', 'def test_own():\n    assert True\n')
    for arguments in (('tests',), (), ('tests', 'pyproject.toml')):
        run = here.pytest('-v', *arguments)
        assert run.returncode == 0, run.stdout
        assert 'tests/test_own.py::test_own PASSED' in run.stdout
        assert run.stdout.count('pyproject.toml::good::CFG004 PASSED') == 1
        assert 'conformant' in run.stdout


def test_without_the_flag_nothing_happens(project):
    here = project()
    here.write('tests/test_own.py', 'def test_own():\n    assert True\n')
    run = here.pytest(flag=False)
    assert run.returncode == 0
    assert '1 passed' in run.stdout
    assert 'verdict' not in run.stdout


def test_without_the_flag_nothing_is_imported(project):
    here = project()
    here.write(
        'test_imports.py',
        'import sys\n'
        'def test_imports():\n'
        '    heavy = {"pydantic", "hypothesis", "imbi_plugin_sdk"}\n'
        '    assert not heavy & set(sys.modules)\n'
        '    kit = {m for m in sys.modules if m.startswith("imbi_")}\n'
        '    assert kit == {"imbi_plugin_testkit",\n'
        '        "imbi_plugin_testkit.pytest_plugin",\n'
        '        "imbi_plugin_testkit.hookspecs"}\n',
    )
    # hypothesis has a pytest plugin of its own, which is not our doing
    run = here.pytest('-p', 'no:hypothesispytest', flag=False)
    assert run.returncode == 0, run.stdout


def test_no_pyproject_hangs_the_nodes_on_the_distribution(project):
    here = project(pyproject=None)
    run = here.pytest(
        '--imbi-plugin-dist', 'imbi-plugin-good', '-k', 'MAN020', '-v'
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r'good::MAN020 PASSED', run.stdout)


def test_a_wheel_is_judged_as_it_is(project):
    here = project(pyproject=None)
    wheel = here.made.wheel()
    here.site = here.folder
    run = here.pytest('--imbi-plugin-wheel', str(wheel), '-m', 'imbi_static')
    assert '1 failed' in run.stdout, run.stdout
    assert 'KIT001' in run.stdout  # no sandbox is configured


def test_no_sandbox_is_one_failure_with_a_stub(project):
    run = project(
        PYPROJECT.replace('sandbox = "kit_sandbox:make"', '')
    ).pytest()
    assert run.returncode == 1
    assert '1 failed' in run.stdout
    assert 'error[KIT001]' in run.stdout
    assert 'class ' in run.stdout
    assert 'untestable: SEC001, ASY001' in run.stdout


def test_declining_the_laws_is_a_static_verdict(project):
    run = project(
        PYPROJECT.replace(
            'sandbox = "kit_sandbox:make"',
            'sandbox = "none"\nsandbox-reason = "no backend yet"',
        )
    ).pytest()
    assert run.returncode == 0, run.stdout
    assert ': static (' in run.stdout


def test_a_hook_gives_the_sandbox(project):
    here = project(PYPROJECT.replace('sandbox = "kit_sandbox:make"', ''))
    here.write(
        'conftest.py',
        'import kit_sandbox\n'
        'def pytest_imbi_plugin_sandbox(plugin):\n'
        '    return kit_sandbox.make(plugin)\n',
    )
    run = here.pytest('-p', 'kit_sandbox')
    assert run.returncode == 0, run.stdout + run.stderr


WARN = PYPROJECT.replace(
    'sandbox = "kit_sandbox:make"',
    'sandbox = "kit_sandbox:make"\nWAIVERS',
)


def untyped(project, waivers=''):
    return project(
        WARN.replace('WAIVERS', waivers),
        files=None,
        entry_points={'other': 'imbi_plugin_good:GoodPlugin'},
    )


def test_a_should_is_a_warning_and_an_error_when_strict(project):
    here = untyped(project)
    plain = here.pytest()
    assert plain.returncode == 0, plain.stdout
    assert '1 warned' in plain.stdout
    assert 'warning[PKG003]' in plain.stdout
    strict = here.pytest('--imbi-plugin-strict')
    assert strict.returncode == 1
    assert 'error[PKG003]' in strict.stdout


def test_a_waiver_is_counted_and_shown(project):
    here = untyped(
        project,
        'waivers = [{check = "PKG003", reason = "stored references", '
        'expires = 2099-01-01}]',
    )
    run = here.pytest('--imbi-plugin-strict')
    assert run.returncode == 0, run.stdout
    assert '1 waived' in run.stdout
    assert 'waived: stored references' in run.stdout


@pytest.mark.parametrize(
    ('waiver', 'failing'),
    [
        ('{check = "PKG003", reason = " "}', {'KIT003'}),
        ('{check = "PKG003", reason = "…"}', {'KIT003'}),
        ('{check = "PKG03", reason = "x"}', {'KIT004'}),
        ('{check = "PKG003", reason = "x", plugin = "nobody"}', {'KIT005'}),
        (
            '{check = "PKG003", reason = "x", expires = 2020-01-01}',
            {'KIT006'},
        ),
        ('{check = "MAN020", reason = "x"}', {'KIT007'}),
        ('{check = "SEC102", reason = "x"}', {'KIT008'}),
    ],
)
def test_a_waiver_keeps_its_rules(project, waiver, failing):
    here = untyped(project, f'waivers = [{waiver}]')
    run = here.pytest('--imbi-plugin-report', 'out.json')
    report = json.loads((here.folder / 'out.json').read_text('utf-8'))
    ids = {
        check['id']
        for check in report['distribution']['checks']
        if check['outcome'] == 'failed'
    }
    assert ids == failing, run.stdout
    assert run.returncode == 1


def test_removing_checks_is_no_way_to_a_verdict(project):
    here = project(replace=TRIM)
    here.write(
        'conftest.py',
        'def pytest_collection_modifyitems(items):\n'
        '    items[:] = [i for i in items if i.name != "CFG001"]\n',
    )
    run = here.pytest('-p', 'kit_sandbox')
    assert run.returncode == 1, run.stdout
    assert 'not accounted for: 1 checks that' in run.stdout
    assert 'conformant (' not in run.stdout


USAGE = {
    'unknown key': (
        PYPROJECT + 'timout = 3\n',
        (),
        r'timout: is not known\. Did you mean .timeout.',
    ),
    'unknown profile': (
        PYPROJECT + 'profile = "dep"\n',
        (),
        r'profile: must be quick, ci or deep\. Did you mean .deep.',
    ),
    'blank sandbox reason': (
        PYPROJECT.replace('kit_sandbox:make', 'none'),
        (),
        r'needs `sandbox-reason',
    ),
    'bad date': (
        PYPROJECT + 'waivers = [{check = "X", expires = "soon"}]\n',
        (),
        r'waivers\[0\]\.expires: must be a date',
    ),
    'not TOML': ('[project\n', (), r'pyproject\.toml'),
    'no such distribution': (
        PYPROJECT,
        ('--imbi-plugin-dist', 'imbi-plugin-god'),
        r'no distribution .imbi-plugin-god. is installed here\. Did you mean '
        r'.imbi-plugin-good.',
    ),
    'no such suffix': (
        PYPROJECT,
        ('--imbi-plugin-report', 'out.txt'),
        r'the suffix names no format\. Fix: end it in \.json, ',
    ),
    'no such folder': (
        PYPROJECT,
        ('--imbi-plugin-report', 'no/out.json'),
        r'its folder does not exist',
    ),
    'no wheel': (
        PYPROJECT,
        ('--imbi-plugin-wheel', 'dist/none.whl'),
        r'none\.whl',
    ),
}


@pytest.mark.parametrize('case', USAGE)
def test_a_request_without_sense_says_what_would_make_it(project, case):
    pyproject, arguments, message = USAGE[case]
    run = project(pyproject).pytest(*arguments)
    assert run.returncode == 4, run.stdout + run.stderr
    text = ' '.join((run.stdout + run.stderr).split())
    assert re.search(message, text), text
    assert 'Traceback' not in text


def test_an_option_without_the_flag_is_refused(project):
    run = project().pytest('--imbi-plugin-strict', flag=False)
    assert run.returncode == 4
    assert 'does nothing without --imbi-plugin' in run.stderr


def test_no_entry_points_is_a_usage_error_with_near_misses(project):
    here = project(
        entry_points={'imbi.plugin': {'good': 'imbi_plugin_good:GoodPlugin'}}
    )
    run = here.pytest()
    assert run.returncode == 4
    assert "'imbi.plugin'" in run.stderr
    assert 'imbi.plugins' in run.stderr


def test_hidden_faults_of_the_kit_are_no_trace(project, tmp_path):
    here = project()
    here.write(
        'breaks.py',
        'import imbi_plugin_testkit.checks as c\n'
        'from dataclasses import replace\n'
        'def pytest_collection_finish(session):\n'
        '    items = {i.name: i for i in session.items}\n'
        '    row = items["MAN020"].check\n'
        '    def body(plugin):\n'
        '        raise ValueError("oops")\n'
        '        yield\n'
        '    c.catalogue()["MAN020"] = replace(row, body=body)\n',
    )
    run = here.pytest('-p', 'breaks', PYTHONPATH=f'{here.site}:{here.folder}')
    assert run.returncode == 1
    assert 'kit error[MAN020]' in run.stdout
    assert 'a fault of the kit, not of the plugin: ValueError' in run.stdout
    assert 'Traceback' not in run.stdout


def test_reports_of_several_distributions_stand_in_one_file(
    project, make_distribution
):
    here = project(pyproject=None)
    other = make_distribution(name='imbi-plugin-second')
    run = here.pytest(
        '--imbi-plugin-dist',
        'imbi-plugin-good',
        '--imbi-plugin-dist',
        'imbi-plugin-second',
        '--imbi-plugin-report',
        'out.json',
        '-m',
        'imbi_static',
        PYTHONPATH=os.pathsep.join([str(here.site), str(other.site)]),
    )
    report = json.loads(Path(here.folder, 'out.json').read_text('utf-8'))
    jsonschema.Draft202012Validator(report_schema()).validate(report)
    names = [part['distribution']['name'] for part in report['reports']]
    assert names == ['imbi-plugin-good', 'imbi-plugin-second'], run.stdout
