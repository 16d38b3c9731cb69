"""Pages that come from the code say what the code says."""

import copy
import json
import subprocess
import sys

import jsonschema
import pydantic
import pytest

from imbi_plugin_sdk import (
    PluginManifest,
    PluginOption,
    TemplateVariable,
    ThirdPartyServiceTemplate,
)
from imbi_plugin_testkit.schemas import DOCUMENTS, schema_text

MANIFEST = PluginManifest(
    slug='made-up',
    name='Made up',
    plugin_type='identity',
    api_version='>=1.0,<2',
    options=[PluginOption(name='size', label='Size', type='integer')],
    third_party_service=ThirdPartyServiceTemplate(
        id='made-up',
        vendor='Made Up',
        token_endpoint='https://{tenant}.idp.dev/token',
        variables={'tenant': TemplateVariable(kind='label')},
    ),
)


@pytest.fixture(scope='module')
def generated(root, tmp_path_factory):
    """Write every page anew and return the folder."""
    folder = tmp_path_factory.mktemp('generated')
    done = subprocess.run(
        [sys.executable, str(root / 'docs/generate.py'), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_generated_page_is_what_the_code_says(generated, root):
    behind = []
    for path in sorted(generated.iterdir()):
        text = (root / 'docs' / path.name).read_text('utf-8')
        if path.suffix == '.json' and not same_pydantic(text):
            continue
        if text != path.read_text('utf-8'):
            behind.append(path.name)

    assert behind == [], 'run `python docs/generate.py`'


def same_pydantic(text):
    """Whether a schema was written by pydantic as it is here.

    Between its minor versions pydantic words the same schema differently.
    """
    minor = '.'.join(pydantic.VERSION.split('.')[:2])
    return f'pydantic {minor}.' in json.loads(text)['$comment']


def test_every_page_that_says_it_is_generated_is(generated, pages):
    marked = {page.path.name for page in pages.values() if page.is_generated}
    made = {path.name for path in generated.iterdir()}

    assert marked == {name for name in made if name.endswith('.md')}
    assert made - marked == {f'{name}.schema.json' for name in DOCUMENTS}


@pytest.fixture(scope='module')
def schema(root):
    """Return the published schema of the manifest."""
    path = root / 'docs/manifest.schema.json'
    found = json.loads(path.read_text('utf-8'))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def test_the_manifest_schema_accepts_what_the_manifest_accepts(schema):
    jsonschema.validate(MANIFEST.model_dump(mode='json'), schema)


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('plugin_type', 'logging'),
        ('slug', None),
        ('typ', 'misspelt'),
        ('options', [{'name': 'a', 'label': 'A', 'type': 'float'}]),
        ('third_party_service', {'id': 'made-up'}),
    ],
)
def test_the_manifest_schema_refuses_what_no_manifest_may_be(
    schema, field, value
):
    data = copy.deepcopy(MANIFEST.model_dump(mode='json'))

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, field: value}, schema)


@pytest.mark.parametrize('name', sorted(DOCUMENTS))
def test_a_schema_is_valid_stable_and_takes_its_example(name):
    schema = json.loads(schema_text(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for example in schema['examples']:
        validator.validate(example)
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**example, 'unheard_of': 1})
    assert schema_text(name) == schema_text(name)
    assert schema['title']


@pytest.mark.parametrize('name', sorted(DOCUMENTS))
def test_every_property_of_a_schema_is_described(name):
    schema = json.loads(schema_text(name))
    bare = []

    def visit(part, path):
        if not isinstance(part, dict):
            return
        for key, value in part.get('properties', {}).items():
            told = {'description', '$ref', 'title', 'allOf'} & set(value)
            if not told and value.get('type') != 'object':
                bare.append(f'{path}.{key}')
        for group in ('properties', '$defs'):
            for key, value in part.get(group, {}).items():
                visit(value, f'{path}.{key}')
        for word in ('items', 'additionalProperties'):
            visit(part.get(word), f'{path}.{word}')
        for word in ('anyOf', 'oneOf', 'allOf'):
            for value in part.get(word, ()):
                visit(value, path)

    visit(schema, name)
    assert bare == []
