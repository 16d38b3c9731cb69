"""What the pages name exists, and what exists is named."""

import argparse
import dataclasses
import importlib
import inspect
import re
from pathlib import Path

import pytest

from imbi_plugin_sdk import errors
from imbi_plugin_sdk.contract import CONTRACTS, methods
from imbi_plugin_sdk.search_templates import SEARCH_VARIABLES
from imbi_plugin_sdk.secret_detector import RULES
from imbi_plugin_testkit import cli, config
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.model import Outcome, Verdict
from imbi_plugin_testkit.pytest_plugin import OPTIONS
from imbi_plugin_testkit.sandbox import BaseSandbox, Fault, Limits
from imbi_plugin_testkit.store_laws import STORE_LAWS

ID = re.compile(r'\b[A-Z]{3}\d{3}\b')
MODULE = re.compile(r'\bimbi_plugin_(?:sdk|testkit)(?:\.\w+)+')
KNOWN_WORDS = {word for word, _ in OPTIONS} | {'--imbi-plugin'}
ERRORS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.PluginError)
]


def rows(page, first):
    """Return the cells of the table whose head begins with a word."""
    lines = page.text.splitlines()
    start = next(n for n, line in enumerate(lines) if line == first)
    cells = []
    for line in lines[start + 2 :]:
        if not line.startswith('|'):
            break
        parts = re.split(r'(?<!\\)\|', line)[1:-1]
        cells.append([part.strip() for part in parts])
    return cells


def coded(text):
    """Return what stands in a cell as code."""
    return re.findall(r'`([^`]+)`', text)


def test_every_check_that_is_named_exists(written_page):
    text = re.sub('# ruff: noqa.*', '', written_page.text)

    known = {*catalogue(), *(law.id for law in STORE_LAWS)}
    assert set(ID.findall(text)) <= known


def test_every_command_that_is_named_exists(written_page):
    text = re.sub(r'imbi-plugin explain CFG05\b', '', written_page.text)
    named = re.findall(
        r'(?:`|\$ |imbi-plugin\n|more: )imbi-plugin (\w+)', text
    )
    named += re.findall(r'`imbi-plugin\n(\w+)', text)

    assert set(named) <= set(cli.COMMANDS)
    for word in re.findall(r'imbi-plugin explain (\S+?)[\s`]', text):
        assert word in {'ID', *catalogue()}


def test_every_option_that_is_named_exists(written_page):
    named = re.findall(r'--imbi-plugin[\w-]*', written_page.text)

    assert set(named) <= KNOWN_WORDS


def test_every_option_and_command_is_on_the_page_of_the_kit(pages):
    kit = pages['docs/kit.md']
    listed = [
        row[0].strip('`').split()[0]
        for row in rows(kit, '| Option | Meaning |')
    ]
    subparsers = next(
        action
        for action in cli.parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    options = {
        option
        for parser in subparsers.choices.values()
        for action in parser._actions
        for option in action.option_strings
    } - {'-h', '--help'}
    commands = [
        coded(row[0])[0].split()[1]
        for row in rows(kit, '| Command | What it does |')
    ]
    reference = pages['docs/commands.md']

    assert sorted(listed) == sorted(word for word, _ in OPTIONS)
    assert {'check', 'explain', 'list'} == set(commands)
    assert [word for word in options if f'`{word}' not in reference.text] == []
    for name in cli.COMMANDS:
        assert f'imbi-plugin-{name}' in reference.anchors


def test_every_key_of_the_configuration_is_there_with_its_default(pages):
    found = {
        coded(row[0])[0]: row[1].strip('`"')
        for row in rows(pages['docs/kit.md'], '| Key | Default | Meaning |')
    }

    assert set(found) == set(config._KEYS)
    for field in dataclasses.fields(config.Config):
        told = found[field.name.replace('_', '-')]
        if isinstance(field.default, float | int):
            told = {'false': '0', 'true': '1'}.get(told, told)
            assert float(told) == float(field.default), field.name
        else:
            expected = {None: 'unset', '': 'unset', (): 'none'}
            assert told == expected.get(field.default, field.default)


def test_outcomes_and_verdicts_are_all_told(pages):
    kit = pages['docs/kit.md']
    outcomes = [
        row[0] for row in rows(kit, '| Outcome | Shown as | Meaning |')
    ]
    verdicts = [coded(row[0])[0] for row in rows(kit, '| Verdict | When |')]

    assert outcomes == [word.replace('_', ' ') for word in Outcome]
    assert verdicts == list(Verdict)


def test_the_sandbox_is_told_whole(pages):
    page = pages['docs/sandbox.md']
    limits = {
        coded(row[0])[0]: row[1]
        for row in rows(page, '| Field | Default | Meaning |')
    }
    faults = [
        coded(row[0])[0]
        for row in rows(page, '| Kind | What the backend does |')
    ]
    members = {
        re.match(r'\w+', coded(row[0])[0])[0]
        for row in rows(
            page,
            '| Member | What it is | Where it is not overridden |',
        )
    }
    offered = {name for name in vars(BaseSandbox) if not name.startswith('_')}
    offered |= set(vars(BaseSandbox()))

    assert faults == list(Fault)
    assert members == offered
    for field in dataclasses.fields(Limits):
        told = limits.pop(field.name)
        if isinstance(field.default, bool):
            assert told == str(field.default).lower()
        elif isinstance(field.default, float | int):
            assert float(told) == field.default
    assert limits == {}


@pytest.mark.parametrize('error', ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_documented_with_code_and_status(pages, error):
    wanted = f'`{error.__name__}` | `{error.code}` | {error.http_status} |'

    assert wanted in pages['docs/errors.md'].text
    assert error.__name__ in pages['docs/contract.md'].text


def test_the_errors_of_the_contract_have_the_status_that_is_told(pages):
    table = rows(pages['docs/contract.md'], '| What happened | Raise | HTTP |')

    assert len(table) >= 9
    for _, raised, status in table:
        name = re.match(r'\w+', coded(raised)[0])[0]
        assert getattr(errors, name).http_status == int(status)


def test_the_table_of_types_is_the_contract_s(pages):
    table = rows(
        pages['docs/contract.md'],
        '| Type | Handler | Required | Optional |',
    )

    assert [re.match(r'\[(\w+)\]', row[0])[1] for row in table] == [*CONTRACTS]
    for row, contract in zip(table, CONTRACTS.values(), strict=True):
        specs = methods(contract.plugin_type)
        assert coded(row[1]) == [contract.protocol.__name__]
        assert coded(row[2]) == [n for n in specs if specs[n].required]
        assert coded(row[3]) == [n for n in specs if not specs[n].required]


def test_flags_search_names_and_the_number_of_rules_are_right(pages):
    text = ' '.join(pages['docs/contract.md'].text.split())

    for contract in CONTRACTS.values():
        for flag, promised in contract.capabilities.items():
            names = ' and '.join(f'`{name}`' for name in promised)
            assert f'`{flag}` is {names}' in text
    for name in SEARCH_VARIABLES:
        assert f'`{name}`' in text
    assert f'{len(RULES)} rules' in text


def test_every_module_that_is_named_exists(written_page):
    for name in set(MODULE.findall(written_page.text)):
        module, attribute = name, ''
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            module, _, attribute = name.rpartition('.')
            assert hasattr(importlib.import_module(module), attribute), name


def test_the_modules_of_a_host_are_modules(pages):
    text = pages['docs/architecture.md'].text
    wanted = re.search('<!-- if: (.*) -->', text)[1].split()
    paragraph = text[text.index('-->') :].partition('\n\n')[0]

    for name in wanted:
        assert inspect.getdoc(importlib.import_module(name))
        assert f'`{name.rpartition(".")[2]}`' in paragraph
    for word in coded(paragraph):
        importlib.import_module(f'imbi_plugin_sdk.{word}')


def test_every_target_of_make_exists(pages, root):
    makefile = root / 'Makefile'
    if not makefile.is_file():
        pytest.skip('a copy of the tree without its Makefile')
    targets = re.findall(
        r'^([a-z-]+):', makefile.read_text('utf-8'), re.MULTILINE
    )
    for page in pages.values():
        named = re.findall(r'(?:^|`)make ([a-z-]+)', page.text, re.MULTILINE)
        assert set(named) <= set(targets), page.name


def test_every_file_and_folder_that_is_named_exists(pages, root):
    if not (root / 'Makefile').is_file():
        pytest.skip('a copy of a part of the tree')
    pattern = r'`((?:examples|tests|benchmarks|docs)/[\w./-]*)`'
    own = {'tests/sandbox.py', 'tests/conftest.py'}  # the author's
    for page in pages.values():
        for name in set(re.findall(pattern, page.text)) - own:
            assert Path(root, name).exists(), f'{page.name}: {name}'


def test_no_page_names_a_machine_or_a_registry(pages):
    hosts = ['py' + 'pi.', '/ro' + 'ot/', '/wo' + 'rk/']

    for page in pages.values():
        for host in hosts:
            assert host not in page.text, page.name


BOUNDS = (
    ('icons', 'ICONS_PER_SECOND = 2_500', 'at least 2,500 in a second'),
    ('icons', 'IDENTICAL = 0.997', '99.7 % the same'),
    ('invocation', 'MOST = 100e-6', 'at most 100 µs'),
    ('kit', 'IMPORT, ABSENT, VERDICT = 15, 5, 2_000', 'at most 15 ms'),
    ('kit', 'IMPORT, ABSENT, VERDICT = 15, 5, 2_000', 'at most 5 ms'),
    ('kit', 'IMPORT, ABSENT, VERDICT = 15, 5, 2_000', 'at most 2 s'),
    ('provisioning', 'LIMIT = 50.0', 'at most 50 ms'),
    ('registry', "('discover', 'bare scan', 1.5)", 'at most 1.5 times'),
    (
        'registry',
        "('reload, nothing changed', 'bare scan', 1.5)",
        'at most 1.5 times',
    ),
    (
        'registry',
        "('PluginRegistry()', 'bare load', 1.25)",
        'at most 1.25 times',
    ),
    ('registry', "'bytes per plugin': 20_000", 'at most 20 kB'),
    ('resolution', 'MOST_MILLISECONDS = 50.0', 'at most 50 ms'),
    ('secrets', "Floor('clean texts', most=0.001)", 'at most 1 in 1,000'),
    ('secrets', "Floor('vendor format', least=0.97)", 'at least 97 %'),
    ('secrets', "Floor('secret name', least=0.99)", 'at least 99 %'),
)


@pytest.mark.parametrize(('script', 'source', 'told'), BOUNDS)
def test_a_bound_that_is_told_is_the_one_that_is_kept(
    pages, root, script, source, told
):
    path = root / f'benchmarks/{script}.py'
    if not path.is_file():
        pytest.skip('a copy of a part of the tree')
    bounds = [
        row[1]
        for row in rows(
            pages['docs/benchmarks.md'], '| What | Bound | Script |'
        )
        if row[2] == f'`{script}`'
    ]

    assert source in path.read_text('utf-8')
    assert any(bound.startswith(told) for bound in bounds)


def test_every_benchmark_is_described(pages, root):
    folder = root / 'benchmarks'
    if not folder.is_dir():
        pytest.skip('a copy of a part of the tree')
    told = [
        coded(row[0])[0]
        for row in rows(
            pages['docs/benchmarks.md'], '| Script | Measures | Beside |'
        )
    ]

    assert sorted(told) == [
        f'benchmarks/{path.name}'
        for path in sorted(folder.glob('*.py'))
        if not path.name.startswith('_')
    ]
