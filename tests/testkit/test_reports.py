"""What is told in other forms says the same, and breaks out of none."""

import io
import json

import pytest
from _pytest._io import TerminalWriter

from imbi_plugin_testkit import terminal
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.model import (
    Finding,
    Outcome,
    Place,
    Result,
    Severity,
    Verdict,
)
from imbi_plugin_testkit.report import PluginReport, Report, github, text
from imbi_plugin_testkit.report.files import FORMATS

PLACE = Place('src/imbi_plugin_x/plug in.py', 12, 5, "    slug='x',")


def result(check='MAN020', outcome=Outcome.FAILED, **facts):
    return Result(
        check,
        'x',
        outcome,
        facts.pop('severity', Severity.MUST),
        findings=facts.pop(
            'findings',
            (
                Finding(
                    'slug', 'seen: 100%\nand more', 'mend, it', ('a',), PLACE
                ),
            ),
        ),
        reason=facts.pop('reason', ''),
        reproduce='pytest --imbi-plugin pyproject.toml::x::MAN020',
    )


def report(*results):
    plugin = PluginReport('x', 'x', 'connection', 1, None, list(results))
    return Report(
        name='imbi-plugin-x',
        version='1.0',
        source='installed',
        checks=[],
        plugins=[plugin],
        seed=3,
        verdict=Verdict.NOT_CONFORMANT,
        missing=0,
    )


def sarif(*results):
    return json.loads(FORMATS['.sarif']([report(*results)]))['runs'][0]


def test_sarif_has_rule_place_and_words_of_a_finding():
    run = sarif(result())
    [told] = run['results']
    rule = run['tool']['driver']['rules'][told['ruleIndex']]
    assert rule['id'] == told['ruleId'] == 'MAN020'
    assert rule['shortDescription']['text'] == catalogue()['MAN020'].title
    assert told['level'] == 'error'
    assert told['message']['text'].startswith('slug: seen: 100%')
    [location] = told['locations']
    physical = location['physicalLocation']
    # A path is a URI there: a space would end it.
    assert physical['artifactLocation']['uri'] == (
        'src/imbi_plugin_x/plug%20in.py'
    )
    assert physical['region']['startLine'] == 12
    assert physical['region']['snippet']['text'] == PLACE.text


def test_sarif_always_has_a_place_for_code_scanning():
    [told] = sarif(result(findings=(Finding('slug', 'seen', 'mend'),)))[
        'results'
    ]
    physical = told['locations'][0]['physicalLocation']
    assert physical['artifactLocation']['uri'] == 'pyproject.toml'


def test_sarif_suppresses_what_is_waived_with_its_reason():
    waived = result(outcome=Outcome.WAIVED, reason='on purpose')
    [told] = sarif(waived)['results']
    assert told['suppressions'][0]['justification'] == 'on purpose'
    assert 'suppressions' not in sarif(result())['results'][0]


def test_sarif_keeps_a_fingerprint_while_lines_move():
    moved = Finding('slug', 'another text', 'mend', (), Place('a.py', 99))
    one = sarif(result())['results'][0]['partialFingerprints']
    assert sarif(result(findings=(moved,)))['results'][0][
        'partialFingerprints'
    ] == (one)
    other = Finding('name', 'seen', 'mend', (), PLACE)
    assert sarif(result(findings=(other,)))['results'][0][
        'partialFingerprints'
    ] != (one)


def test_a_fault_of_the_kit_is_no_result_of_the_author_s():
    run = sarif(result(outcome=Outcome.KIT_ERROR, findings=(), reason='oops'))
    assert run['results'] == []
    [notice] = run['invocations'][0]['toolExecutionNotifications']
    assert 'oops' in notice['message']['text']


def commands(*results, root, workspace):
    return list(
        github.commands(
            [report(*results)], root, {'GITHUB_WORKSPACE': str(workspace)}
        )
    )


def test_an_annotation_cannot_be_broken_out_of(tmp_path):
    evil = Finding('slug', 'x\n::error::gotcha\r%0A', 'a, b: c', (), PLACE)
    [line] = commands(
        result(findings=(evil,)), root=tmp_path, workspace=tmp_path
    )
    assert '\n' not in line
    assert '\r' not in line
    assert '%0A::error::gotcha%0D%250A' in line
    head = line.partition('::x: ')[0]
    assert head.startswith('::error file=src/imbi_plugin_x/plug in.py,line=12')


def test_annotations_are_relative_to_the_repository(tmp_path):
    inner = tmp_path / 'plugins' / 'x'
    [line] = commands(result(), root=inner, workspace=tmp_path)
    assert line.startswith('::error file=plugins/x/src/')
    [line] = commands(result(), root=tmp_path, workspace=inner)
    assert line.startswith('::error file=src/')


def test_errors_come_before_warnings(tmp_path):
    warned = result('MAN013', Outcome.WARNED, severity=Severity.SHOULD)
    lines = commands(warned, result(), root=tmp_path, workspace=tmp_path)
    kinds = [line.split(' ')[0] for line in lines]
    assert kinds == ['::error', '::warning']


@pytest.mark.parametrize(
    ('environment', 'expected'),
    [({}, False), ({'GITHUB_ACTIONS': 'true'}, True)],
)
def test_annotations_are_for_jobs_only(environment, expected):
    assert github.wanted(environment) is expected


def lines(width=79, **facts):
    one = result(**facts)
    return text.failure(one, catalogue()[one.check], width)


def test_a_failure_shows_the_line_and_a_caret():
    said = lines(
        findings=(
            Finding(
                'slug', 'seen', 'mend', (), Place('a.py', 7, 9, '    x = f(1)')
            ),
        )
    )
    at = said.index('  at    a.py:7:9')
    assert said[at + 1] == '        7 | x = f(1)'
    assert said[at + 2] == '        ' + '    ' + '    ^'
    assert said[at + 1][said[at + 2].index('^')] == 'f'


def test_a_line_that_is_withheld_is_not_shown():
    said = lines(
        findings=(Finding('slug', 'seen', 'mend', (), Place('a.py', 7)),)
    )
    at = said.index('  at    a.py:7:1')
    assert said[at + 1].startswith('  fix')


@pytest.mark.parametrize('columns', [20, 41, 60, 101, 300])
def test_lines_fit_the_terminal(columns):
    width = terminal.width_for(columns)
    assert terminal.NARROWEST <= width <= terminal.WIDEST
    long = Finding(
        'slug', 'many words ' * 40, 'mend ' * 40, ('step ' * 60,), PLACE
    )
    loose = [
        line
        for line in lines(width, findings=(long,))
        if not line.startswith('  again')
        and 'imbi-plugin explain' not in line
        and '  at    ' not in line
    ]
    assert max(map(len, loose)) <= width


def written(encoding='utf-8', *, colour=False):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    writer = TerminalWriter(file)
    writer.hasmarkup = colour
    one = result()
    shown = terminal.FailureRepr(lines(), one)
    shown.toterminal(writer)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def test_without_colour_the_words_are_the_plain_lines():
    assert written() == '\n'.join(lines()) + '\n'


def test_with_colour_only_decoration_is_added():
    import re  # noqa: PLC0415  here only

    said = written(colour=True)
    assert '\x1b[31m' in said
    assert re.sub(r'\x1b\[\d+m', '', said) == written()


def test_an_encoding_without_ellipsis_gets_dots():
    said = written('ascii')
    assert '…' not in said
    assert 'reason = "..."' in said


def test_the_short_summary_has_the_first_line_and_the_place():
    crash = terminal.FailureRepr(lines(), result()).reprcrash
    assert crash.message == lines()[0]
    assert (crash.path, crash.lineno) == (PLACE.file, 12)
