"""The ledger of MAN, TPL, SEC1xx and the icon's declaration.

Each row spoils one thing in a good manifest; exactly the ids beside it must
fire. The manifest is built without validation, as an author might by
mistake, so that the kit and not the constructor has to find it.
"""

import copy
import inspect
import types
from typing import ClassVar

import pytest
from manifest_faults import FAULTS, GOOD, TEMPLATE, with_fault

from imbi_plugin_sdk import ConfigurationPlugin, PluginManifest
from imbi_plugin_sdk.manifest import (
    PluginIcon,
    PluginOption,
    TemplateVariable,
    ThirdPartyServiceTemplate,
)
from imbi_plugin_sdk.manifest._declaration import plain
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.config import Config, SecretException
from imbi_plugin_testkit.model import Outcome
from imbi_plugin_testkit.probe import Probe
from imbi_plugin_testkit.runner import Run

FAMILIES = ('MAN', 'TPL', 'SEC', 'ICO')

EXPECTED = {
    'unknown field': {'MAN010'},
    'missing field': {'MAN011'},
    'wrong type': {'MAN012'},
    'list for text': {'MAN012'},
    'text for list': {'MAN012'},
    'text for flag': {'MAN014'},
    'unknown type': {'MAN013'},
    'blank name': {'MAN022'},
    'underscore': {'MAN020'},
    'upper case': {'MAN020'},
    'leading digit': {'MAN020'},
    'double hyphen': {'MAN020'},
    'line break': {'MAN020'},
    'long slug': {'MAN021'},
    'version true': {'MAN023'},
    'version zero': {'MAN023'},
    'version words': {'MAN023'},
    'version blank': {'MAN023'},
    'option twice': {'MAN030'},
    'blank label': {'MAN022'},
    'misspelt option field': {'MAN010'},
    'default not a choice': {'MAN034'},
    'no choices': {'MAN036'},
    'choice twice': {'MAN036'},
    'mapping default is text': {'MAN033'},
    'mapping has choices': {'MAN037'},
    'integer default is text': {'MAN033'},
    'integer default is true': {'MAN033'},
    'text default is a mapping': {'MAN033'},
    'secret default': {'MAN035'},
    'credential twice': {'MAN031'},
    'credential has a value': {'MAN010', 'SEC101'},
    'data type twice': {'MAN032'},
    'label twice': {'MAN050'},
    'edge twice': {'MAN050'},
    'edge from nowhere': {'MAN051'},
    'blank label name': {'MAN022'},
    'blank model': {'MAN050'},
    'empty index': {'MAN052'},
    'blank index': {'MAN052'},
    'flag of another type': {'MAN040'},
    'events of another type': {'MAN040'},
    'unknown event': {'MAN013', 'MAN040'},
    'scope with space': {'MAN042'},
    'scope twice': {'MAN042'},
    'icon outside': {'ICO001'},
    'icon type': {'ICO001'},
    'icon package': {'ICO001'},
    'template id': {'TPL003'},
    'vendor too long': {'TPL004'},
    'vendor blank': {'TPL004'},
    'display name blank': {'TPL004'},
    'category': {'TPL002'},
    'http': {'TPL010'},
    'link': {'TPL011', 'SEC104'},
    'link name': {'TPL005'},
    'undeclared variable': {'TPL030'},
    'unused variable': {'TPL031'},
    'variable kind': {'TPL002'},
    'reserved parameter': {'TPL041'},
    'parameter name': {'TPL041'},
    'parameter value': {'TPL041'},
    'separator': {'TPL040'},
    'scope holds the separator': {'TPL040'},
    'token method': {'TPL002'},
    'pkce': {'TPL002'},
    'client id': {'TPL041', 'SEC101'},
}

TOKEN = 'ghp_' + 'a1B2c3' * 6
# Made of pieces: nothing that looks like a secret is stored as one.
RANDOM = 'q7Xw2LpZ' + '9tRk4VbN' + '8sYd3HfJ' + '6mGc1QaE'
PEM = '\n'.join(
    [
        f'-----BEGIN {"PRIVATE"} KEY-----',
        *['MIIEvQIBADANBgkqhkiG9w0BAQEFAASC' * 2] * 6,
        f'-----END {"PRIVATE"} KEY-----',
    ]
)

# path, value, expected ids
MORE = {
    'events twice': (
        (),
        {
            'slug': 'acme-life',
            'name': 'Acme',
            'plugin_type': 'lifecycle',
            'lifecycle_events': ['archived', 'archived'],
        },
        {'MAN041'},
    ),
    'newer contract': (('api_version',), 99, {'MAN006'}),
    'template field': (
        ('third_party_service', 'colour'),
        'red',
        {'TPL001'},
    ),
    'template type': (('third_party_service', 'vendor'), 7, {'TPL001'}),
    'address': (
        ('third_party_service', 'service_url'),
        'https://10.0.0.1/',
        {'TPL012'},
    ),
    'bare host': (
        ('third_party_service', 'service_url'),
        'https://intranet/',
        {'TPL012'},
    ),
    'reserved host': (
        ('third_party_service', 'service_url'),
        'https://git.localhost/',
        {'TPL012'},
    ),
    'trailing dot': (
        ('third_party_service', 'service_url'),
        'https://acme.io./',
        {'TPL013'},
    ),
    'port zero': (
        ('third_party_service', 'service_url'),
        'https://acme.io:0/',
        {'TPL014'},
    ),
    'backslash': (
        ('third_party_service', 'service_url'),
        'https://acme.io\\evil.io/',
        {'TPL015'},
    ),
    'dot segment': (
        ('third_party_service', 'service_url'),
        'https://acme.io/a/../b',
        {'TPL016'},
    ),
    'encoded slash': (
        ('third_party_service', 'service_url'),
        'https://acme.io/a%2fb',
        {'TPL016'},
    ),
    'fragment': (
        ('third_party_service', 'token_endpoint'),
        'https://{tenant}.acme.io/token#x',
        {'TPL017'},
    ),
    'scope in the query': (
        ('third_party_service', 'token_endpoint'),
        'https://{tenant}.acme.io/token?scope=read',
        {'TPL018'},
    ),
    'secret in the query': (
        ('third_party_service', 'service_url'),
        'https://acme.io/?api_key={tenant}',
        {'TPL019'},
    ),
    'other port': (
        ('third_party_service', 'service_url'),
        'https://acme.io:8443/',
        {'TPL020'},
    ),
    'placeholder in the port': (
        ('third_party_service', 'service_url'),
        'https://acme.io:{tenant}/',
        {'TPL032'},
    ),
    'choices without enum': (
        ('third_party_service', 'variables', 'tenant', 'choices'),
        ['a'],
        {'TPL033'},
    ),
    'vendor token': (('description',), f'Use {TOKEN} here.', {'SEC102'}),
    'private key': (('description',), PEM, {'SEC103'}),
    'signed URL': (
        ('third_party_service', 'links', 'Docs'),
        'https://acme.io/x?X-Amz-Signature=' + 'ab12cd34' * 8,
        {'SEC104', 'TPL019'},
    ),
    'random default': (
        ('options', 0),
        {
            'name': 'tenant_hint',
            'label': 'Hint',
            'default': RANDOM,
        },
        {'SEC105'},
    ),
    'placeholder secret': (
        ('third_party_service', 'authorization_params', 'api_token'),
        'changeme',
        {'SEC106'},
    ),
}


def constructed(data):
    """Build the manifest without validation, nested models included."""
    data = copy.deepcopy(data)
    if isinstance(data.get('options'), list):
        data['options'] = [_raw(PluginOption, row) for row in data['options']]
    for field in ('icon', 'icon_dark'):
        if data.get(field):
            data[field] = _raw(PluginIcon, data[field])
    template = data.get('third_party_service')
    if template:
        template['variables'] = {
            name: _raw(TemplateVariable, spec)
            for name, spec in template.get('variables', {}).items()
        }
        data['third_party_service'] = _raw(ThirdPartyServiceTemplate, template)
    return _raw(PluginManifest, data)


def _raw(model, data):
    """`model_construct` drops unknown fields; an author's subclass may not."""
    made = model.model_construct(None, **data)
    for name, value in data.items():
        if name not in model.model_fields:
            made.__dict__[name] = value
    return made


def handler_of(declared):
    class Handler(ConfigurationPlugin):
        manifest: ClassVar = declared

        async def list_keys(self, ctx, credentials):
            return []

        async def get_values(self, ctx, credentials, keys=None):
            return []

        async def set_value(self, ctx, credentials, key, value):
            raise NotImplementedError

        async def delete_key(self, ctx, credentials, key):
            return None

    return Handler


@pytest.fixture
def fired(make_distribution):
    """Return what fires for a manifest, without any subprocess."""

    def run(declared, config=None, families=FAMILIES):
        made = make_distribution(
            files={
                'imbi_plugin_acme/__init__.py': '',
                'imbi_plugin_acme/assets/icon.svg': ICON,
            }
        )
        subject = made.subject(config=config)
        plugin = subject.plugins[0]
        handler = handler_of(declared)
        plugin.__dict__['target'] = handler
        plugin.__dict__['probe'] = Probe(
            imported=True,
            stage='done',
            kind_of_target='class',
            manifest=_seen(handler),
        )
        judge = Run([subject])
        ids = [
            check.id
            for unit in (subject, plugin)
            for check in judge.checks_for(unit)
            if check.family in families and not check.law
        ]
        results = {}
        for unit in (subject, plugin):
            for check in judge.checks_for(unit):
                if check.id in ids:
                    results[check.id] = judge.result(unit, check.id)
        assert len(results) == len(ids)
        return results

    return run


ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
    '<path fill="#06c" d="M0 0h8v8H0z"/></svg>'
)


def ids_that(results, *outcomes):
    return {
        check
        for check, result in results.items()
        if result.outcome in outcomes
    }


def _seen(handler):
    """Return the manifest as the probe would have seen it."""
    found = inspect.getattr_static(handler, 'manifest', None)
    return plain(found) if isinstance(found, PluginManifest) else None


FOUND = (Outcome.FAILED, Outcome.WARNED, Outcome.KIT_ERROR)


def test_every_fault_has_its_ids():
    assert set(EXPECTED) == set(FAULTS)


def test_the_good_manifest_fires_nothing(fired):
    results = fired(PluginManifest.model_validate(GOOD))
    assert ids_that(results, *FOUND) == set()
    assert ids_that(results, Outcome.UNTESTABLE) == set()


@pytest.mark.parametrize('name', EXPECTED)
def test_a_fault_fires_exactly_its_ids(fired, name):
    path, value, _ = FAULTS[name]
    results = fired(constructed(with_fault(path, value)))
    assert ids_that(results, *FOUND) == EXPECTED[name]


@pytest.mark.parametrize('name', MORE)
def test_another_fault_fires_exactly_its_ids(fired, name):
    path, value, expected = MORE[name]
    data = with_fault(path, value) if path else value
    results = fired(constructed(data))
    assert ids_that(results, *FOUND) == expected


def test_each_id_of_a_code_has_a_mutant():
    """PKG, KIT, PRO and the icon's bytes have ledgers of their own."""
    covered = set().union(
        *EXPECTED.values(), *(row[2] for row in MORE.values())
    )
    elsewhere = {'MAN001', 'MAN002', 'MAN003', 'MAN004', 'MAN005', 'MAN007'}
    elsewhere |= {'TPL050', 'SEC001'}
    owed = {
        check.id
        for check in catalogue().values()
        if check.family in ('MAN', 'TPL', 'SEC')
    }
    assert owed - covered - elsewhere == set()


def test_a_secret_can_be_excused_by_path_and_reason(fired):
    path, value, _ = MORE['random default']
    declared = constructed(with_fault(path, value))
    excused = SecretException('options[0].default', 'a public tenant id')
    results = fired(declared, Config(secret_exceptions=(excused,)))
    assert ids_that(results, *FOUND) == set()


def test_an_exception_that_excuses_nothing_fires(fired):
    idle = SecretException('options[0].default', 'it was one once')
    declared = PluginManifest.model_validate(GOOD)
    results = fired(
        declared, Config(secret_exceptions=(idle,)), (*FAMILIES, 'KIT')
    )
    assert ids_that(results, *FOUND) - {'KIT001'} == {'KIT009'}


@pytest.mark.parametrize('name', ['vendor token', 'private key'])
def test_a_certain_secret_cannot_be_excused(fired, name):
    path, value, expected = MORE[name]
    declared = constructed(with_fault(path, value))
    excused = SecretException('description', 'it is only for show')
    results = fired(declared, Config(secret_exceptions=(excused,)))
    assert ids_that(results, *FOUND) == expected


def test_no_finding_shows_a_secret(fired):
    path, value, _ = MORE['vendor token']
    results = fired(constructed(with_fault(path, value)))
    text = repr([result.to_json() for result in results.values()])
    assert 'a1B2c3' not in text


def test_problems_from_a_refused_construction_fire_their_ids(fired):
    """A manifest that raised at import is reported by the probe."""
    problems = PluginManifest.problems_of(
        constructed(with_fault(*FAULTS['underscore'][:2]))
    )
    probe = Probe(imported=False, stage='import', manifest_problems=problems)
    plugin = types.SimpleNamespace(probe=probe)
    found = list(catalogue()['MAN020'].body(plugin))
    assert [finding.path for finding in found] == ['slug']


def test_templates_of_one_id_must_agree(make_distribution):
    made = make_distribution(
        entry_points={'a': 'm:A', 'b': 'm:B', 'c': 'm:C'}, files={'m.py': ''}
    )
    subject = made.subject()
    other = {**TEMPLATE, 'category': 'identity', 'vendor': ' ACME '}
    for plugin, template in zip(
        subject.plugins, (TEMPLATE, TEMPLATE, other), strict=True
    ):
        data = {**GOOD, 'slug': plugin.name, 'third_party_service': template}
        handler = handler_of(constructed(data))
        plugin.__dict__['target'] = handler
        plugin.__dict__['probe'] = Probe(
            imported=True,
            stage='done',
            kind_of_target='class',
            manifest=_seen(handler),
        )
    result = Run([subject]).result(subject, 'TPL050')
    assert [finding.path for finding in result.findings] == ['c']
    assert 'category, vendor' in result.findings[0].message
