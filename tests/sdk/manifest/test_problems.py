"""Each fault an author can make, alone, gives exactly its own problem."""

import copy
import json
import traceback

import pydantic
import pytest
from manifest_faults import FAULTS, GOOD, TEMPLATE, with_fault

from imbi_plugin_sdk.errors import ManifestError, PluginError
from imbi_plugin_sdk.manifest import (
    PluginIcon,
    PluginManifest,
    PluginOption,
    TemplateVariable,
    ThirdPartyServiceTemplate,
)


def found(data):
    try:
        PluginManifest.model_validate(data)
    except ManifestError as error:
        return {(problem.path, problem.code) for problem in error.problems}
    return set()


def test_the_good_manifest_is_good():
    manifest = PluginManifest.model_validate(GOOD)
    assert manifest.third_party_service is not None
    assert manifest.third_party_service.use_pkce == 'unknown'
    assert PluginManifest.problems_of(manifest) == ()


@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_gives_exactly_its_own_problem(name):
    path, value, expected = FAULTS[name]
    assert found(with_fault(path, value)) == expected


@pytest.mark.parametrize('name', FAULTS)
def test_a_manifest_made_without_validation_is_judged_alike(name):
    path, value, expected = FAULTS[name]
    data = with_fault(path, value)
    options = data.get('options')
    if isinstance(options, list):
        data['options'] = [
            PluginOption.model_construct(None, **option) for option in options
        ]
    template = data['third_party_service']
    data['third_party_service'] = ThirdPartyServiceTemplate.model_construct(
        None,
        **{
            **template,
            'variables': {
                key: TemplateVariable.model_construct(None, **spec)
                for key, spec in template['variables'].items()
            },
        },
    )
    manifest = PluginManifest.model_construct(None, **data)
    problems = {
        (problem.path, problem.code)
        for problem in PluginManifest.problems_of(manifest)
    }
    assert problems >= {
        # model_construct drops unknown fields, as pydantic documents
        (place, code)
        for place, code in expected
        if code != 'unknown_field'
    }


def test_all_faults_are_reported_at_once():
    data = copy.deepcopy(GOOD)
    expected = set()
    for name in (
        'underscore',
        'unknown field',
        'option twice',
        'template id',
        'http',
        'icon outside',
        'flag of another type',
        'credential has a value',
    ):
        path, value, problems = FAULTS[name]
        target = data
        for part in path[:-1]:
            target = target[part]
        target[path[-1]] = value
        expected |= problems
    assert found(data) == expected


def test_a_near_miss_is_named():
    with pytest.raises(ManifestError, match=r"Did you mean 'credentials'\?"):
        PluginManifest(slug='a', name='A', plugin_type='logs', credential=[])


def test_every_problem_says_how_to_mend_it():
    for path, value, _ in FAULTS.values():
        with pytest.raises(ManifestError) as caught:
            PluginManifest.model_validate(with_fault(path, value))
        for problem in caught.value.problems:
            assert problem.message.endswith(('.', '?'))
            assert problem.fix.endswith(('.', ')', '`', '?'))


def entrances(data):
    class Outer(pydantic.BaseModel):
        manifest: PluginManifest

    yield lambda: PluginManifest(**data)
    yield lambda: PluginManifest.model_validate(data)
    yield lambda: PluginManifest.model_validate_json(json.dumps(data))
    yield lambda: pydantic.TypeAdapter(list[PluginManifest]).validate_python(
        [data]
    )
    yield lambda: Outer(manifest=data)


def secret_manifests():
    secret = 'ghp_' + 'a1B2c3' * 6
    plain = {'slug': 'a', 'name': 'A', 'plugin_type': 'logs'}
    yield secret, {**plain, 'description': f'use {secret} here'}
    yield secret, {**plain, 'slug': secret}
    yield secret, {**plain, secret: 'x'}
    yield secret, {**plain, 'plugin_type': secret}
    yield secret, {**plain, 'cacheable': secret}
    yield (
        secret,
        {
            **plain,
            'options': [{'name': 'x', 'label': 'X', 'default': secret}],
        },
    )
    yield (
        secret,
        {
            **plain,
            'options': [{'name': 'x', 'label': 'X', 'choices': [secret]}],
        },
    )
    yield (
        secret,
        {
            **plain,
            'options': [
                {
                    'name': 'x',
                    'label': 'X',
                    'type': 'mapping',
                    'default': {secret: 'x'},
                }
            ],
        },
    )
    template = {'id': 'acme', 'vendor': 'Acme'}
    for name, value in (
        ('authorization_params', {'hint': secret}),
        ('authorization_params', {secret: 'hint'}),
        ('links', {'x': f'https://acme.io/?token={secret}'}),
        ('links', {secret: 'https://acme.io/'}),
        ('variables', {secret: {'kind': 'label'}}),
        ('service_url', f'https://{secret}@acme.io/'),
        ('api_endpoint', f'https://acme.io/{secret}'),
        ('category', secret),
        ('id', secret),
        ('use_pkce', secret),
    ):
        yield (
            secret,
            {**plain, 'third_party_service': {**template, name: value}},
        )


@pytest.mark.parametrize('case', range(18))
def test_no_way_in_leaks_a_secret(case):
    secret, data = list(secret_manifests())[case]
    body = secret.removeprefix('ghp_')
    # `a1B2c3` repeats, so these are all its six-character windows.
    windows = {body[i : i + 6] for i in range(len(body) - 5)}
    for enter in entrances(data):
        with pytest.raises(PluginError) as caught:
            enter()
        error = caught.value
        told = [str(error), repr(error), repr(error.args)]
        told += ''.join(traceback.format_exception(error)).splitlines()
        assert error.__cause__ is None
        assert error.__context__ is None
        for text in told:
            if 'test_problems.py' in text:
                continue
            assert not [window for window in windows if window in text], text


def test_all_secret_cases_are_run():
    assert len(list(secret_manifests())) == 18


def test_a_manifest_is_frozen():
    manifest = PluginManifest.model_validate(GOOD)
    with pytest.raises(ManifestError, match='cannot be changed'):
        manifest.slug = 'other'
    assert manifest.slug == 'acme-config'


def test_list_fields_stay_lists():
    manifest = PluginManifest(slug='a', name='A', plugin_type='lifecycle')
    assert manifest.lifecycle_events == ['archived', 'unarchived']
    assert manifest.options == []
    assert manifest.third_party_service is None


@pytest.mark.parametrize(
    ('given', 'kept'), [(True, 'required'), (False, 'unsupported')]
)
def test_pkce_takes_a_boolean(given, kept):
    template = ThirdPartyServiceTemplate(
        id='acme', vendor='Acme', use_pkce=given
    )
    assert template.use_pkce == kept


@pytest.mark.parametrize('version', [1, 2, '>=1.2,<3', '~=1.1'])
def test_api_versions_that_hold(version):
    manifest = PluginManifest(
        slug='a', name='A', plugin_type='logs', api_version=version
    )
    assert manifest.api_version == version


@pytest.mark.parametrize(
    'resource',
    [
        '',
        '/icon.svg',
        'a/../icon.svg',
        './icon.svg',
        'a//icon.svg',
        'a\\icon.svg',
        'C:icon.svg',
        'a\x00.svg',
        'icon.svg/',
    ],
)
def test_no_resource_leaves_its_package(resource):
    with pytest.raises(ManifestError) as caught:
        PluginIcon(package='imbi_plugin_acme', resource=resource)
    assert [problem.code for problem in caught.value.problems] == [
        'icon_resource_invalid'
    ]


def test_rendering_fills_every_url_in():
    template = ThirdPartyServiceTemplate.model_validate(TEMPLATE)
    assert template.render({'tenant': 'north'}) == {
        'authorization_endpoint': 'https://north.acme.io/oauth/authorize',
        'token_endpoint': 'https://north.acme.io/oauth/token',
        'links.Status': 'https://status.acme.io/',
    }


def test_rendering_keeps_every_link_by_its_own_name():
    links = {
        'Status page': 'https://status.acme.io',
        'Service health 2026': 'https://health.acme.io',
    }
    template = ThirdPartyServiceTemplate(
        id='acme', vendor='Acme', category='other', links=links
    )
    assert template.render({}) == {
        f'links.{name}': url for name, url in links.items()
    }


@pytest.mark.parametrize(
    ('values', 'code'),
    [
        ({}, 'variable_missing'),
        ({'tenant': 'a.b'}, 'variable_value'),
        ({'tenant': 'x', 'zone': 'y'}, 'variable_unknown'),
    ],
)
def test_rendering_refuses_values_that_do_not_fit(values, code):
    template = ThirdPartyServiceTemplate.model_validate(TEMPLATE)
    with pytest.raises(ManifestError) as caught:
        template.render(values)
    assert code in {problem.code for problem in caught.value.problems}


@pytest.mark.parametrize('thing', [None, 7, 'x', object(), [], {}])
def test_anything_can_be_judged(thing):
    codes = {p.code for p in PluginManifest.problems_of(thing)}
    assert 'not_a_manifest' in codes
