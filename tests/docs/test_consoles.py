"""What is pasted is what comes out."""

import json

import jsonschema
import pytest


def test_pasted_output_is_what_comes_out(  # noqa: PLR0913, PLR0917  fixtures
    command, pages, root, installed, run_command, missing_from, tmp_path
):
    folder, told = command
    installed(folder)
    more = []
    if told == 'pytest --imbi-plugin':
        # Without the example's own tests, whose result says nothing here.
        more = [
            'pyproject.toml',
            f'--imbi-plugin-report={tmp_path / "report.json"}',
        ]
    output = run_command(told, root / folder, *more)
    compared = 0
    for page in pages.values():
        for block in page.blocks:
            if (block.folder, block.value) == command:
                missing = missing_from(block.text, output)
                assert not missing, (
                    f'{page.name}:{block.line} shows\n{missing}\n'
                    f'but {told} in {folder} says\n{output}'
                )
                compared += 1

    assert compared
    if more:
        report = json.loads((tmp_path / 'report.json').read_text('utf-8'))
        schema = (root / 'docs/report.schema.json').read_text('utf-8')
        jsonschema.validate(report, json.loads(schema))
        assert report['distribution']['name'].endswith(folder[-5:])


@pytest.mark.parametrize(
    ('excerpt', 'missing'),
    [
        ('one\n2 passed', ''),
        ('$ say\none\n…\nthree', ''),
        ('three\n…\none', 'one'),
        ('one\nthree', 'one\nthree'),
        ('one\n2 failed', 'one\nN failed'),
        ('one \n9 passed', ''),
    ],
)
def test_a_wrong_paste_would_be_noticed(missing_from, excerpt, missing):
    assert missing_from(excerpt, 'one\n1 passed\nthree\n') == missing


def test_a_shown_command_is_the_one_that_is_run(pages):
    shown = 0
    for page in pages.values():
        for block in page.blocks:
            commands = [
                line[2:]
                for line in block.text.splitlines()
                if line.startswith('$ ')
            ]
            if block.verb == 'run' and commands:
                assert commands[-1] == block.value, f'{page.name}:{block.line}'
                shown += 1

    assert shown >= 5
