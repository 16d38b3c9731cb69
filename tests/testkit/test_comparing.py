"""Two values that were compared are shown under one another, everywhere."""

import dataclasses
import datetime as dt
import json
import types

import jsonschema
import pytest
from comparing_checks import comparing_checks

from imbi_plugin_sdk import AnalysisPlugin, PluginManifest
from imbi_plugin_sdk.contract import conformance
from imbi_plugin_testkit import runner
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.checks._values import PATTERNS, values_of
from imbi_plugin_testkit.comparing import (
    LONGEST,
    NOTHING,
    Words,
    any_of,
    kept,
    marked,
    rendered,
    with_values,
    worded,
)
from imbi_plugin_testkit.lab.bench import Lab
from imbi_plugin_testkit.lab.script import Script
from imbi_plugin_testkit.model import (
    Finding,
    Outcome,
    Result,
    Severity,
    Verdict,
)
from imbi_plugin_testkit.report import (
    PluginReport,
    Report,
    github,
    loading,
    text,
)
from imbi_plugin_testkit.report.files import FORMATS
from imbi_plugin_testkit.report.schema import report_schema
from imbi_plugin_testkit.runner import Run

COMPARING = """
    ANA001
    ASY002
    CFG001 CFG002 CFG003 CFG004 CFG005 CFG006 CFG007 CFG008 CFG010 CFG011
    CFG012 CFG013 CFG014 CFG100
    DEP001 DEP002 DEP003 DEP004 DEP005 DEP006 DEP007 DEP008 DEP009 DEP010
    DEP011 DEP012 DEP013 DEP014 DEP015 DEP100
    ICO001 ICO041
    IDN001 IDN004 IDN005 IDN006 IDN008 IDN009 IDN012 IDN013 IDN100
    INC001
    LIF001 LIF003 LIF004
    LOG001 LOG002 LOG003 LOG004 LOG006 LOG007 LOG008 LOG009 LOG010 LOG011
    LOG012 LOG013 LOG014 LOG015 LOG016 LOG017 LOG100
    MAN002 MAN012 MAN013 MAN014 MAN023 MAN033 MAN034 MAN040
    PKG003 PKG005 PKG007 PKG009 PKG015 PKG016 PKG130 PKG131
    PRO002 PRO003 PRO004 PRO005 PRO006 PRO007 PRO008 PRO009 PRO010 PRO011
    PRO012 PRO013 PRO014 PRO015 PRO016 PRO018 PRO030 PRO031 PRO032 PRO033
    PRO034 PRO042 PRO043
    TPL001 TPL002
    WEB001 WEB003
""".split()  # noqa: SIM905  reads as a table
"""Ids of the checks that hold two values against each other."""

OTHERS = """
    ASY001 ASY003 ASY004 ASY005 ASY006 ASY007 ASY008 ASY009 ASY010 ASY011
    CFG009
    ICO002 ICO003 ICO004 ICO005 ICO006 ICO007 ICO010 ICO011 ICO012 ICO020
    ICO021 ICO022 ICO030 ICO031 ICO032 ICO033 ICO040 ICO042 ICO043
    IDN002 IDN003 IDN007 IDN010 IDN011 IDN014
    KIT001 KIT002 KIT003 KIT004 KIT005 KIT006 KIT007 KIT008 KIT009
    LIF002
    LOG005
    MAN001 MAN003 MAN004 MAN005 MAN006 MAN007 MAN010 MAN011 MAN020 MAN021
    MAN022 MAN030 MAN031 MAN032 MAN035 MAN036 MAN037 MAN041 MAN042 MAN050
    MAN051 MAN052
    PKG001 PKG002 PKG004 PKG006 PKG008 PKG010 PKG012 PKG013 PKG014 PKG101
    PKG102 PKG103 PKG104 PKG110 PKG111 PKG112 PKG113 PKG114 PKG115 PKG116
    PKG117 PKG118 PKG119 PKG120 PKG121 PKG122
    PRO017 PRO040 PRO041
    SEC001 SEC101 SEC102 SEC103 SEC104 SEC105 SEC106
    TPL003 TPL004 TPL005 TPL010 TPL011 TPL012 TPL013 TPL014 TPL015 TPL016
    TPL017 TPL018 TPL019 TPL020 TPL030 TPL031 TPL032 TPL033 TPL040 TPL041
    TPL050
    WEB002
""".split()  # noqa: SIM905  reads as a table
"""Ids of the checks that hold no two values against each other that may be
shown: they look for something, or hold a value against a rule, an error
against a kind of error, or a secret against its copies."""


def test_every_check_that_compares_shows_both_values():
    assert comparing_checks() == set(COMPARING)


def test_a_new_check_is_in_one_of_the_tables():
    # A check that compares gives `.comparing(seen, expected)` to its
    # finding, or `with_values(message, seen, expected)` as its message.
    assert set(COMPARING) | set(OTHERS) == set(catalogue())
    assert not set(COMPARING) & set(OTHERS)


def shown(seen, expected, width=60, encoding=None):
    return [*marked(*rendered(seen, expected), width, encoding)]


@pytest.mark.parametrize(
    ('seen', 'expected', 'lines'),
    [
        (
            '123',
            '00123',
            ["saw   '123'", "must  '00123'", '       ^^'],
        ),
        ('a b', 'a\tb', [r"saw   'a b'", r"must  'a\tb'", '        ^^']),
        ('x', 'x ', ["saw   'x'", "must  'x '", '        ^']),
        (
            'x\u00a0\x1b',
            'x',
            [r"saw   'x\xa0\x1b'", "must  'x'", '        ^^^^^^^^'],
        ),
        # One composed, one not: alike to the eye.
        (
            'e\u0301',
            '\xe9',
            [r"saw   'e\u0301'", r"must  '\xe9'", '       ^^^^^^^'],
        ),
        ('東x', '東y', ["saw   '東x'", "must  '東y'", '         ^']),
        (NOTHING, 'x', ['saw   (nothing)', "must  'x'", '      ^^^^^^^^^']),
        (None, 1, ['saw   None', 'must  1', '      ^^^^']),
        (
            dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            Words('later'),
            [
                'saw   2026-01-01T00:00:00+00:00',
                'must  later',
                '      ^^^^^^^^^^^^^^^^^^^^^^^^^',
            ],
        ),
    ],
)
def test_the_difference_is_marked(seen, expected, lines):
    assert shown(seen, expected) == lines


def test_members_are_marked_one_by_one():
    assert shown(['a', 'b', 'x'], ['a', 'b', 'c', 'd']) == [
        '- must be there, + was seen',
        "  'a'",
        "  'b'",
        "- 'c'",
        "- 'd'",
        "+ 'x'",
    ]
    assert shown({'k': 1, 'l': 2}, {'k': 1, 'l': 3})[1:] == [
        "  'k': 1",
        "- 'l': 3",
        "+ 'l': 2",
    ]
    assert shown([], ['a', 'b'])[1:] == ["- 'a'", "- 'b'", '+ []']


def test_a_terminal_shows_few_members_around_the_first_that_differs():
    many = [f'k{number:03}' for number in range(100)]
    lines = shown([name for name in many if name != 'k050'], many)
    assert lines[1:4] == ["  'k048'", "  'k049'", "- 'k050'"]
    assert lines[-1] == '  … 44 more'
    assert len(lines) == 10


def test_long_values_are_cut_around_the_difference():
    long = 'a' * 300 + 'X' + 'b' * 300
    lines = shown(long.replace('X', 'Y'), long, width=40)
    assert all(len(line) <= 40 for line in lines)
    assert lines[0][lines[2].index('^')] == 'Y'
    assert lines[1][lines[2].index('^')] == 'X'
    assert lines[0].startswith('saw   …')
    assert lines[0].endswith('…')
    one, other = kept(repr(long.replace('X', 'Y')), repr(long))
    assert max(len(one), len(other)) <= LONGEST
    assert 'Y' in one
    assert 'X' in other


def test_a_report_keeps_the_members_that_differ():
    many = [f'k{number:03}' for number in range(500)]
    one, other = kept(*rendered(many[:400], many))
    assert 'k400' in other
    assert 'k400' not in one
    assert len(other.splitlines()) < 50


def test_what_an_encoding_lacks_is_an_escape_and_still_marked():
    lines = shown('東京 …', '東都 …', encoding='ascii')
    assert lines == [
        r"saw   '\u6771\u4eac ...'",
        r"must  '\u6771\u90fd ...'",
        '               ^^^^',
    ]


def test_a_repr_that_raises_is_shown_as_that():
    class Hostile:
        def __repr__(self):
            raise RuntimeError

    assert shown(Hostile(), 1)[0] == (
        'saw   <Hostile: its repr raises RuntimeError>'
    )


def test_nothing_is_shown_of_what_does_not_differ():
    assert kept('***', '***') == ('', '')


def test_a_message_brings_its_values_with_it():
    message = with_values('it is a', 'a', 'b')
    finding = Finding('x', message)
    assert (finding.seen, finding.expected) == ("'a'", "'b'")
    assert Finding('x', worded('so: it is a', message)).expected == "'b'"
    assert not Finding('x', f'so: {message}').seen
    assert any_of({'b', 'a'}) == "'a' or 'b'"
    assert any_of([]) == '(nothing)'


FINDING = Finding('slug', 'it is "<b>", not "<i>".', 'mend it').comparing(
    '<b>', '<i>'
)
MEMBERS = Finding('keys', 'one is missing.', 'mend it').comparing(
    ['<a>'], ['<a>', '|b`']
)


def report(*findings):
    results = [
        Result('MAN020', 'x', Outcome.FAILED, Severity.MUST, findings=findings)
    ]
    plugin = PluginReport('x', 'x', 'connection', 1, None, results)
    verdict = Verdict.NOT_CONFORMANT
    return Report('imbi-x', '1', 'installed', [], [plugin], 0, verdict, 0)


def test_the_terminal_shows_them_below_what_was_seen():
    [result] = report(FINDING).results
    lines = text.failure(result, catalogue()['MAN020'], 60)
    place = lines.index("        : saw   '<b>'")
    assert lines[place : place + 3] == [
        "        : saw   '<b>'",
        "        : must  '<i>'",
        '        :         ^',
    ]


def test_json_has_them_and_reads_them_again(tmp_path):
    path = tmp_path / 'r.json'
    path.write_text(FORMATS['.json']([report(FINDING, MEMBERS)]), 'utf-8')
    data = json.loads(path.read_text('utf-8'))
    jsonschema.validate(data, report_schema())
    [again] = loading.read(path)
    assert again.results[0].findings == (FINDING, MEMBERS)
    assert Result.from_json(again.results[0].to_json()) == again.results[0]
    # A report from before they were there is read, and is one still.
    for problem in data['plugins'][0]['checks'][0]['problems']:
        del problem['seen'], problem['expected']
    jsonschema.validate(data, report_schema())
    path.write_text(json.dumps(data), 'utf-8')
    [old] = loading.read(path)
    assert old.results[0].findings[0] == dataclasses.replace(
        FINDING, seen='', expected=''
    )


def test_html_marks_the_difference_and_escapes_it():
    page = FORMATS['.html']([report(FINDING, MEMBERS)])
    assert '&lt;<mark>b</mark>&gt;' in page
    assert '&lt;<mark>i</mark>&gt;' in page
    assert '<ins>- &#x27;|b`&#x27;</ins>' in page
    assert '<b>' not in page


def test_markdown_has_them_in_their_cell():
    told = FORMATS['.md']([report(FINDING, MEMBERS)])
    assert "<br>Saw: '&#60;b&#62;'<br>Must: '&#60;i&#62;'" in told
    assert "<br>- '&#124;b&#96;'" in told
    assert told.count('\n| MAN020') == 2


def test_sarif_and_annotations_have_them(tmp_path):
    log = json.loads(FORMATS['.sarif']([report(FINDING)]))
    [result] = log['runs'][0]['results']
    assert result['properties']['seen'] == "'<b>'"
    assert result['properties']['expected'] == "'<i>'"
    assert "Saw:  '<b>'\nMust: '<i>'" in result['message']['text']
    [line] = github.commands([report(FINDING)], tmp_path, {})
    assert "Saw:  '<b>'%0AMust: '<i>'" in line


@pytest.mark.parametrize(
    ('change', 'check', 'seen', 'expected'),
    [
        (
            ('key: str,\n        value', 'name: str,\n        value'),
            'PRO013',
            'async def set_value(self, ctx, credentials, name, value)',
            'async def set_value(self, ctx, credentials, key, value)',
        ),
        (
            ('list[str] | None = None', 'list[str] | None = ()'),
            'PRO015',
            'async def get_values(self, ctx, credentials, keys=())',
            'async def get_values(self, ctx, credentials, keys=None)',
        ),
        (
            ("default='/imbi'", 'default=3'),
            'MAN033',
            '3',
            'a string',
        ),
        (
            ("type='configuration'", "type='configurations'"),
            'MAN013',
            "'configurations'",
            "'configuration'",
        ),
    ],
)
def test_a_check_of_declarations_shows_both(
    make_distribution, change, check, seen, expected
):
    made = make_distribution()
    name = 'imbi_plugin_good/__init__.py'
    source = (made.site / name).read_text('utf-8')
    assert change[0] in source
    files = {
        name: source.replace(*change, 1).replace(
            'store[key] = value', 'del value'
        ),
        'imbi_plugin_good/py.typed': '',
    }
    subject = make_distribution(files=files).subject()
    [plugin] = subject.plugins
    result = Run([subject]).result(plugin, check)
    assert result.outcome is Outcome.FAILED, result
    assert result.findings[0].seen == seen
    assert expected in result.findings[0].expected


class Fits:
    """Makes each problem that names both of its values."""

    @staticmethod
    def option(**facts):
        return {'name': 'a', 'label': 'A', **facts}

    @classmethod
    def problems(cls):
        good = {'slug': 'a', 'name': 'A', 'plugin_type': 'configuration'}
        for change in (
            {'api_version': 'x'},
            {'supports_histogram': True},
            {'plugin_type': 'configurations'},
            {'options': 7},
            {'cacheable': 'maybe'},
            {'options': [cls.option(default=3)]},
            {'options': [cls.option(default='b', choices=['a', 'c'])]},
        ):
            yield from PluginManifest.problems_of({**good, **change})
        yield from conformance(Annotated, 'analysis')


class Annotated(AnalysisPlugin):
    async def analyze(self, ctx: int, credentials: dict[str, str]):
        return []


def test_both_values_are_found_in_the_words_of_the_sdk():
    found = {
        problem.code: values_of(problem)
        for problem in Fits.problems()
        if problem.code in PATTERNS
    }
    assert found == {
        'annotation_contradicts': ('int', 'PluginContext'),
        'api_version_invalid': (
            "'x'",
            'an integer from 1 or a version specifier',
        ),
        'flag_wrong_type': ('type configuration', 'type logs'),
        'wrong_choice': found['wrong_choice'],
        'wrong_type': ('7', 'a list'),
        'wrong_value': ("'maybe'", 'a boolean'),
        'option_default_type': ('3', 'a string'),
        'option_default_choice': ("'b'", "'a' or 'c'"),
    }
    assert found['wrong_choice'][0] == "'configurations'"
    assert set(found) == set(PATTERNS)


def test_what_looks_like_a_secret_is_not_shown():
    token = 'ghp_' + 'a1B2' * 9
    finding = Finding('x', 'message').comparing(token, 'x')
    assert runner._compared(catalogue()['MAN020'], finding) == ('', '')
    finding = Finding('x', 'message').comparing('a', 'b')
    assert runner._compared(catalogue()['SEC101'], finding) == ('', '')
    assert runner._compared(catalogue()['MAN020'], finding) == ("'a'", "'b'")


def test_a_law_masks_secrets_in_both_and_shows_no_two_masks():
    class Sealed:
        secrets = ('hunter2-secret', 'other-secret-value')
        script = Script()
        plugin = types.SimpleNamespace(handler=object)

        def redacted(self, text):
            return Lab.redacted(self, text)

    finding = Finding('x', 'message').comparing('a hunter2-secret', 'b')
    told = Lab.finished(Sealed(), finding)
    assert (told.seen, told.expected) == ("'a ***'", "'b'")
    finding = Finding('x', 'message').comparing(*Sealed.secrets)
    told = Lab.finished(Sealed(), finding)
    assert kept(told.seen, told.expected) == ('', '')
