"""What is read of a plugin, and how a service's fields are rendered."""

from __future__ import annotations

import datetime as dt

import pytest

from imbi_plugin_sdk.errors import ManifestError
from imbi_plugin_sdk.manifest import (
    PluginIcon,
    PluginManifest,
    ThirdPartyServiceTemplate,
)
from imbi_plugin_sdk.provisioning import (
    FIELDS,
    PluginSource,
    ValueRefused,
    plan_install,
    read_icon,
    read_source,
    render_fields,
)
from imbi_plugin_sdk.provisioning.fields import ICONS, IDENTITY, KINDS
from imbi_plugin_sdk.urls import UrlError


def test_every_field_of_a_template_is_planned_or_identity():
    known = set(ThirdPartyServiceTemplate.model_fields)
    assert set(FIELDS) | set(IDENTITY) == known | set(ICONS)
    for name in ICONS:
        assert name in PluginManifest.model_fields


def test_each_field_has_the_kind_of_its_template(source):
    template = source(
        **{
            name: {
                'text': 'https://a.amazon.com',
                'list': ['a'],
                'texts': {'A': 'https://a.amazon.com'},
            }[kind]
            for name, kind in KINDS.items()
            if name.endswith(('endpoint', 'issuer', 'scopes', 'links'))
        }
    )
    types = {'text': str, 'list': list, 'texts': dict, 'map': dict}
    for name, value in template.values.items():
        assert isinstance(value, types[KINDS[name]])


def test_a_variable_is_what_its_author_said(source):
    said = {'tenant': {'kind': 'label', 'label': 'Tenant'}}
    made = source(issuer='https://{tenant}.okta.com', variables=said)
    assert made.values['variables'] == said


def test_a_distribution_is_normalised(source):
    assert source(distribution='Imbi_Plugin..AWS').distribution == (
        'imbi-plugin-aws'
    )


def test_the_digest_tells_manifests_apart(source):
    assert source().digest == source().digest
    assert source().digest != source(category='logging').digest


def test_a_template_that_was_never_validated_carries_no_secret():
    token = 'ghp_' + 'a1B2' * 9
    template = ThirdPartyServiceTemplate.model_construct(
        id='x', vendor='X', authorization_params={'key': token}
    )
    manifest = PluginManifest.model_construct(
        slug='x', plugin_type='logs', third_party_service=template
    )
    with pytest.raises(ManifestError) as caught:
        PluginSource(manifest, 'x')
    assert token not in str(caught.value)


def test_an_icon_that_is_missing_is_no_error():
    icon = PluginIcon(package='imbi_plugin_sdk', resource='none.svg')
    seen = read_icon(icon)
    assert seen.clean is None
    assert seen.value is None
    assert [one.code for one in seen.problems] == ['icon_missing']


def test_an_icon_that_fails_in_any_way_is_no_error(monkeypatch):
    from imbi_plugin_sdk import icons  # noqa: PLC0415

    def explode(*_args, **_keywords):
        raise ZeroDivisionError

    monkeypatch.setattr(icons, 'load_icon', explode)
    icon = PluginIcon(package='imbi_plugin_sdk', resource='a.svg')
    manifest = PluginManifest(
        slug='x', name='X', plugin_type='logs', icon=icon, icon_dark=icon
    )
    source = read_source(manifest, distribution='x')
    assert source.unknown == {'icon', 'icon_dark'}
    assert source.icons['icon'].problems[0].code == 'icon_failed'


@pytest.mark.parametrize(
    'value', [dt.date(2030, 1, 1), {'a': b'x'}, [float('nan')]]
)
def test_what_is_not_json_is_refused_by_its_place(world, source, value):
    world.made_by_hand(template_id='aws', live={'links': value})
    with pytest.raises(ValueRefused, match=r'by-hand\.live\.links'):
        plan_install(world.state, [source()])


def test_fields_of_the_hosts_own_are_passed_over(world, source):
    world.made_by_hand(template_id='aws', live={'made': dt.date.max})
    world.do(plan_install(world.state, [source()]))
    assert world.service.live == {'made': dt.date.max}


# -- rendering -----------------------------------------------------------

VARIABLES = {'tenant': {'kind': 'label'}, 'unused': {'kind': 'label'}}


def test_urls_are_rendered_with_the_operators_values(world):
    service = world.made_by_hand(
        live={
            'issuer': 'https://{tenant}.okta.com',
            'service_url': 'http://intranet/',
            'links': {'Status': 'https://{tenant}.okta.com/status#now'},
            'variables': VARIABLES,
            'variable_values': {'tenant': 'contoso', 'old': 'x'},
        }
    )
    assert render_fields(service) == {
        'issuer': 'https://contoso.okta.com',
        'service_url': 'http://intranet/',
        'links.Status': 'https://contoso.okta.com/status#now',
    }


def test_missing_values_are_all_named(world):
    service = world.made_by_hand(
        live={
            'issuer': 'https://{tenant}.okta.com',
            'token_endpoint': 'https://{tenant}.okta.com/token',
            'variables': VARIABLES,
        }
    )
    with pytest.raises(UrlError) as caught:
        render_fields(service)
    assert len(caught.value.problems) == 2


def test_an_entered_value_is_no_edit_of_the_field(world, source):
    fields = {
        'issuer': 'https://{tenant}.okta.com',
        'variables': {'tenant': {'kind': 'label'}},
    }
    world.do(plan_install(world.state, [source(**fields)]))
    values = {'tenant': 'contoso'}
    world.change(live={**world.service.live, 'variable_values': values})
    plan = plan_install(world.state, [source(**fields)])
    assert plan.empty
    assert plan.conflicts == plan.offers == ()
    assert render_fields(world.service)['issuer'] == (
        'https://contoso.okta.com'
    )


def test_a_link_that_is_no_text_is_passed_over(world):
    links = {'Status': 'https://status.example.com', 'Broken': 5}
    service = world.made_by_hand(live={'links': links})
    assert render_fields(service) == {
        'links.Status': 'https://status.example.com'
    }


def test_an_entry_point_without_name_has_that_of_its_slug(source):
    manifest = source('aws-ssm').manifest
    assert PluginSource(manifest, 'aws').order == ('aws', 'aws-ssm')
    assert PluginSource(manifest, 'aws', 'ssm').order == ('aws', 'ssm')
