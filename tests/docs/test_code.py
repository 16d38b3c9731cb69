"""Every block of code parses, and Python runs."""

import ast
import asyncio
import json
import tomllib

import jsonschema
import pytest
import yaml

from imbi_plugin_testkit.config import read_config

README_CLASS = 'examples/minimal/src/imbi_plugin_minimal/__init__.py'


def place(page, block):
    return f'{page.name}:{block.line}'


def test_every_python_block_parses(python_page):
    for block in python_page.of('python'):
        ast.parse(block.text, place(python_page, block))


def test_every_python_block_runs(runnable_page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {'__name__': 'docs'}
    for block in runnable_page.of('python'):
        # Lines count from the page's first, so that a trace leads there.
        source = '\n' * block.line + block.text
        exec(compile(source, runnable_page.name, 'exec'), names)


def test_every_block_of_data_parses(page):
    for block in page.of('toml'):
        tomllib.loads(block.text)
    for block in page.of('json'):
        json.loads(block.text)
    for block in page.of('yaml'):
        assert isinstance(yaml.safe_load(block.text), dict), place(page, block)


def test_every_configuration_is_accepted_by_the_kit(pages):
    judged = 0
    for page in pages.values():
        for block in page.of('toml'):
            data = tomllib.loads(block.text)
            judged += 'imbi' in data.get('tool', {})
            read_config(data)

    assert judged >= 3


def test_the_readme_shows_a_part_of_the_example_verbatim(pages, root):
    (block,) = pages['README.md'].of('python')

    assert block.text in (root / README_CLASS).read_text('utf-8')


def test_the_tutorial_ends_at_the_example(pages, root):
    files = {}
    for block in pages['docs/getting-started.md'].blocks:
        if block.verb == 'file':
            files[block.value] = block.text
        elif block.verb == 'append':
            files[block.value] += block.text
    example = root / 'examples/minimal'
    project = tomllib.loads((example / 'pyproject.toml').read_text('utf-8'))
    tutorial = tomllib.loads(files.pop('pyproject.toml'))

    assert files.pop('src/imbi_plugin_minimal/py.typed').strip() == ''
    for name, text in files.items():
        assert text == (example / name).read_text('utf-8'), name
    for key in ('name', 'version', 'dependencies', 'entry-points'):
        assert tutorial['project'][key] == project['project'][key]
    assert tutorial['tool']['imbi'] == project['tool']['imbi']
    assert tutorial['build-system'] == project['build-system']


def test_the_report_that_is_shown_keeps_the_schema(pages, root):
    schema = json.loads((root / 'docs/report.schema.json').read_text('utf-8'))
    (shown,) = [
        block.text
        for block in pages['docs/kit.md'].of('python')
        if block.text.startswith('report = ')
    ]
    report = ast.literal_eval(shown.partition('=')[2].strip())

    jsonschema.validate(report, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report, 'verdict': 'green'}, schema)


def test_the_proxy_that_is_shown_breaks_what_passes_through(pages):
    names = {'__name__': 'docs'}
    for block in pages['docs/sandbox.md'].of('python'):
        exec(compile(block.text, 'sandbox.md', 'exec'), names)
    fault = names['Fault']
    for kind, status in ((fault.UNAVAILABLE, 503), (fault.FORBIDDEN, 403)):
        # Nobody listens behind it: a fault needs no backend.
        story = names['status']('http://127.0.0.1:9', kind)
        assert asyncio.run(story) == status
