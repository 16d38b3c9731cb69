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
        if path.name == 'manifest.schema.json' and not same_pydantic(text):
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
    assert made - marked == {'manifest.schema.json', 'report.schema.json'}


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
