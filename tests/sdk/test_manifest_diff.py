"""What a release of a plugin changes for operators."""

from __future__ import annotations

import json

import pytest

import imbi_plugin_sdk as sdk
from imbi_plugin_sdk.manifest_diff import (
    BUMPS,
    RULES,
    compare_manifests,
)

TEMPLATE = {
    'id': 'acme',
    'vendor': 'Acme Inc.',
    'display_name': 'Acme',
    'category': 'cloud',
    'service_url': 'https://console.acme-cloud.com',
    'api_endpoint': 'https://{tenant}.acme-cloud.com/api',
    'issuer': 'https://id.acme-cloud.com',
    'authorization_endpoint': 'https://id.acme-cloud.com/authorize',
    'default_scopes': ['read', 'write'],
    'authorization_params': {'access_type': 'offline'},
    'links': {'Status': 'https://status.acme-cloud.com'},
    'variables': {'tenant': {'kind': 'label', 'label': 'Tenant'}},
}

BASE = {
    'slug': 'acme',
    'name': 'Acme',
    'description': 'Does it.',
    'plugin_type': 'lifecycle',
    'default_scopes': ['read'],
    'options': [
        {
            'name': 'region',
            'label': 'Region',
            'choices': ['eu', 'us'],
            'default': 'eu',
        },
        {'name': 'depth', 'label': 'Depth', 'type': 'integer', 'default': 3},
        {'name': 'owner', 'label': 'Owner', 'required': True},
    ],
    'credentials': [
        {'name': 'client_secret', 'label': 'Secret'},
        {'name': 'proxy', 'label': 'Proxy', 'required': False},
    ],
    'data_types': [
        {'name': 'text', 'label': 'Text'},
        {'name': 'hidden', 'label': 'Hidden', 'secret': True},
    ],
    'vertex_labels': [
        {
            'name': 'Account',
            'model_ref': 'acme.models:Account',
            'indexes': [{'fields': ['id']}],
        },
    ],
    'edge_labels': [
        {
            'name': 'OWNS',
            'from_labels': ['Account'],
            'to_labels': ['Account', 'Project'],
            'properties': {'since': 'date'},
        },
    ],
    'widget_text': 'Open',
    'ops_log_templates': {'made': {'label': 'Made'}},
    'lifecycle_events': ['archived', 'deleted'],
    'icon': {'package': 'acme', 'resource': 'icon.svg'},
    'third_party_service': TEMPLATE,
}


def base(**facts):
    return sdk.PluginManifest.model_validate({**BASE, **facts})


def with_entry(field, index, **facts):
    """Return the base with one entry of a list changed."""
    entries = [dict(one) for one in BASE[field]]
    entries[index].update(facts)
    return base(**{field: entries})


def with_more(field, **entry):
    return base(**{field: [*BASE[field], entry]})


def without(field, index):
    return base(
        **{field: [one for n, one in enumerate(BASE[field]) if n != index]}
    )


def template(**facts):
    new = {**TEMPLATE, **facts}
    return base(
        third_party_service={
            name: value for name, value in new.items() if value is not None
        }
    )


def variable(**facts):
    return template(
        variables={'tenant': {**TEMPLATE['variables']['tenant'], **facts}}
    )


def logs(**facts):
    return sdk.PluginManifest(slug='l', name='L', plugin_type='logs', **facts)


CASES = [
    # plugins
    ('slug_changed', 'major', 'slug', base(slug='acme-cloud')),
    (
        'plugin_type_changed',
        'major',
        'plugin_type',
        base(
            plugin_type='analysis', lifecycle_events=['archived', 'unarchived']
        ),
    ),
    ('auth_type_changed', 'major', 'auth_type', base(auth_type='oidc')),
    ('text_changed', 'patch', 'name', base(name='ACME')),
    ('text_changed', 'patch', 'description', base(description=None)),
    ('text_changed', 'patch', 'widget_text', base(widget_text='Go')),
    ('cacheable_changed', 'minor', 'cacheable', base(cacheable=False)),
    (
        'api_version_narrowed',
        'major',
        'api_version',
        base(api_version='>=1.2,<2'),
    ),
    (
        'api_version_widened',
        'minor',
        'api_version',
        base(api_version='>=1,<3'),
    ),
    (
        'api_version_respelled',
        'patch',
        'api_version',
        base(api_version='~=1.0'),
    ),
    (
        'icon_changed',
        'patch',
        'icon',
        base(icon={'package': 'acme', 'resource': 'new.svg'}),
    ),
    ('icon_removed', 'patch', 'icon', base(icon=None)),
    ('icon_added', 'patch', 'icon_dark', base(icon_dark=BASE['icon'])),
    (
        'flag_gained',
        'minor',
        'supports_lifecycle_sync',
        base(supports_lifecycle_sync=True),
    ),
    (
        'identity_required',
        'major',
        'requires_identity',
        base(requires_identity=True),
    ),
    # scopes and events
    (
        'scope_added',
        'major',
        'default_scopes',
        base(default_scopes=['read', 'admin']),
    ),
    ('scope_removed', 'minor', 'default_scopes', base(default_scopes=[])),
    (
        'event_gained',
        'minor',
        'lifecycle_events',
        base(lifecycle_events=['archived', 'deleted', 'created']),
    ),
    (
        'event_lost',
        'major',
        'lifecycle_events',
        base(lifecycle_events=['archived']),
    ),
    (
        'events_reordered',
        'patch',
        'lifecycle_events',
        base(lifecycle_events=['deleted', 'archived']),
    ),
    # options
    (
        'option_added',
        'minor',
        'options.more',
        with_more('options', name='more', label='More'),
    ),
    (
        'option_added',
        'minor',
        'options.more',
        with_more(
            'options', name='more', label='More', required=True, default='x'
        ),
    ),
    (
        'option_added_required',
        'major',
        'options.more',
        with_more('options', name='more', label='More', required=True),
    ),
    ('option_removed', 'major', 'options.depth', without('options', 1)),
    (
        'option_renamed',
        'major',
        'options.depth',
        with_entry('options', 1, name='levels'),
    ),
    (
        'option_renamed',
        'major',
        'options.region',
        with_entry('options', 0, name='regions', label='Regions'),
    ),
    (
        'option_now_required',
        'major',
        'options.owner.required',
        (with_entry('options', 2, required=False), base()),
    ),
    (
        'option_now_required_default',
        'minor',
        'options.depth.required',
        with_entry('options', 1, required=True),
    ),
    (
        'option_now_optional',
        'minor',
        'options.owner.required',
        with_entry('options', 2, required=False),
    ),
    (
        'option_type_changed',
        'major',
        'options.owner.type',
        with_entry('options', 2, type='integer'),
    ),
    (
        'option_now_secret',
        'major',
        'options.owner.type',
        with_entry('options', 2, type='secret'),
    ),
    (
        'option_now_public',
        'major',
        'options.owner.type',
        (with_entry('options', 2, type='secret'), base()),
    ),
    (
        'option_default_changed',
        'minor',
        'options.depth.default',
        with_entry('options', 1, default=4),
    ),
    (
        'option_default_removed',
        'minor',
        'options.depth.default',
        with_entry('options', 1, default=None),
    ),
    (
        'option_now_required',
        'major',
        'options.depth.default',
        (
            with_entry('options', 1, required=True),
            with_entry('options', 1, required=True, default=None),
        ),
    ),
    (
        'option_default_added',
        'minor',
        'options.owner.default',
        with_entry('options', 2, default='me'),
    ),
    (
        'choices_narrowed',
        'major',
        'options.region.choices',
        with_entry('options', 0, choices=['eu']),
    ),
    (
        'choices_narrowed',
        'major',
        'options.owner.choices',
        with_entry('options', 2, choices=['me']),
    ),
    (
        'choices_widened',
        'minor',
        'options.region.choices',
        with_entry('options', 0, choices=['eu', 'us', 'ap']),
    ),
    (
        'choices_widened',
        'minor',
        'options.region.choices',
        with_entry('options', 0, choices=None),
    ),
    (
        'choices_reordered',
        'patch',
        'options.region.choices',
        with_entry('options', 0, choices=['us', 'eu']),
    ),
    (
        'text_changed',
        'patch',
        'options.region.label',
        with_entry('options', 0, label='Where'),
    ),
    ('text_changed', 'patch', 'options', base(options=BASE['options'][::-1])),
    # credentials
    (
        'credential_added',
        'minor',
        'credentials.more',
        with_more('credentials', name='more', label='More', required=False),
    ),
    (
        'credential_added_required',
        'major',
        'credentials.more',
        with_more('credentials', name='more', label='More'),
    ),
    (
        'credential_removed',
        'minor',
        'credentials.proxy',
        without('credentials', 1),
    ),
    (
        'credential_renamed',
        'major',
        'credentials.client_secret',
        with_entry('credentials', 0, name='api_secret'),
    ),
    (
        'credential_now_required',
        'major',
        'credentials.proxy.required',
        with_entry('credentials', 1, required=True),
    ),
    (
        'credential_now_optional',
        'minor',
        'credentials.client_secret.required',
        with_entry('credentials', 0, required=False),
    ),
    # data types
    (
        'data_type_added',
        'minor',
        'data_types.more',
        with_more('data_types', name='more', label='More'),
    ),
    (
        'data_type_removed',
        'major',
        'data_types.text',
        without('data_types', 0),
    ),
    (
        'data_type_renamed',
        'major',
        'data_types.text',
        with_entry('data_types', 0, name='string'),
    ),
    (
        'data_type_now_public',
        'major',
        'data_types.hidden.secret',
        with_entry('data_types', 1, secret=False),
    ),
    (
        'data_type_now_secret',
        'minor',
        'data_types.text.secret',
        with_entry('data_types', 0, secret=True),
    ),
    # labels
    (
        'label_added',
        'minor',
        'vertex_labels.Team',
        with_more('vertex_labels', name='Team', model_ref='acme:Team'),
    ),
    ('label_removed', 'major', 'edge_labels.OWNS', base(edge_labels=[])),
    (
        'label_renamed',
        'major',
        'vertex_labels.Account',
        with_entry('vertex_labels', 0, name='Accounts'),
    ),
    (
        'label_model_changed',
        'major',
        'vertex_labels.Account.model_ref',
        with_entry('vertex_labels', 0, model_ref='acme.new:Account'),
    ),
    (
        'index_unique',
        'major',
        'vertex_labels.Account.indexes',
        with_entry(
            'vertex_labels', 0, indexes=[{'fields': ['id'], 'unique': True}]
        ),
    ),
    (
        'index_changed',
        'minor',
        'vertex_labels.Account.indexes',
        with_entry('vertex_labels', 0, indexes=[]),
    ),
    (
        'text_changed',
        'patch',
        'vertex_labels.Account.nav_label',
        with_entry('vertex_labels', 0, nav_label='Accounts'),
    ),
    (
        'edge_ends_narrowed',
        'major',
        'edge_labels.OWNS.to_labels',
        with_entry('edge_labels', 0, to_labels=['Account']),
    ),
    (
        'edge_ends_widened',
        'minor',
        'edge_labels.OWNS.from_labels',
        with_entry('edge_labels', 0, from_labels=['Account', 'Team']),
    ),
    (
        'edge_property_added',
        'minor',
        'edge_labels.OWNS.properties.until',
        with_entry(
            'edge_labels', 0, properties={'since': 'date', 'until': 'date'}
        ),
    ),
    (
        'edge_property_removed',
        'major',
        'edge_labels.OWNS.properties.since',
        with_entry('edge_labels', 0, properties={}),
    ),
    (
        'edge_property_changed',
        'major',
        'edge_labels.OWNS.properties.since',
        with_entry('edge_labels', 0, properties={'since': 'int'}),
    ),
    # the log
    (
        'log_template_added',
        'minor',
        'ops_log_templates.gone',
        base(
            ops_log_templates={
                'made': {'label': 'Made'},
                'gone': {'label': 'Gone'},
            }
        ),
    ),
    (
        'log_template_removed',
        'minor',
        'ops_log_templates.made',
        base(ops_log_templates={}),
    ),
    (
        'log_template_changed',
        'patch',
        'ops_log_templates.made',
        base(ops_log_templates={'made': {'label': 'Was made'}}),
    ),
    # the template
    (
        'template_removed',
        'major',
        'third_party_service',
        base(third_party_service=None),
    ),
    (
        'template_added',
        'minor',
        'third_party_service',
        (base(third_party_service=None), base()),
    ),
    (
        'template_identity_changed',
        'major',
        'third_party_service.id',
        template(id='acme-cloud'),
    ),
    (
        'template_identity_changed',
        'major',
        'third_party_service.vendor',
        template(vendor='Apex'),
    ),
    (
        'template_respelled',
        'patch',
        'third_party_service.vendor',
        template(vendor='ACME  inc.'),
    ),
    (
        'text_changed',
        'patch',
        'third_party_service.display_name',
        template(display_name=None),
    ),
    (
        'category_changed',
        'patch',
        'third_party_service.category',
        template(category='other'),
    ),
    (
        'endpoint_added',
        'minor',
        'third_party_service.token_endpoint',
        template(token_endpoint='https://id.acme-cloud.com/token'),
    ),
    (
        'endpoint_changed',
        'minor',
        'third_party_service.service_url',
        template(service_url='https://acme-cloud.com'),
    ),
    (
        'endpoint_removed',
        'major',
        'third_party_service.authorization_endpoint',
        template(authorization_endpoint=None),
    ),
    (
        'issuer_changed',
        'major',
        'third_party_service.issuer',
        template(issuer='https://login.acme-cloud.com'),
    ),
    (
        'flow_changed',
        'minor',
        'third_party_service.use_pkce',
        template(use_pkce=True),
    ),
    (
        'flow_changed',
        'minor',
        'third_party_service.authorization_params',
        template(authorization_params={}),
    ),
    (
        'flow_changed',
        'minor',
        'third_party_service.scope_separator',
        template(scope_separator=','),
    ),
    (
        'flow_changed',
        'minor',
        'third_party_service.token_auth_method',
        template(token_auth_method='none'),
    ),
    (
        'scope_added',
        'major',
        'third_party_service.default_scopes',
        template(default_scopes=['read', 'write', 'admin']),
    ),
    (
        'scopes_reordered',
        'patch',
        'third_party_service.default_scopes',
        template(default_scopes=['write', 'read']),
    ),
    (
        'link_changed',
        'patch',
        'third_party_service.links.Docs',
        template(
            links={
                **TEMPLATE['links'],
                'Docs': 'https://docs.acme-cloud.com',
            }
        ),
    ),
    (
        'variable_removed',
        'minor',
        'third_party_service.variables.tenant',
        template(api_endpoint=TEMPLATE['service_url'], variables={}),
    ),
    (
        'variable_added',
        'major',
        'third_party_service.variables.zone',
        template(
            service_url='https://{zone}.acme-cloud.com',
            variables={**TEMPLATE['variables'], 'zone': {'kind': 'label'}},
        ),
    ),
    (
        'variable_added_default',
        'minor',
        'third_party_service.variables.zone',
        template(
            service_url='https://{zone}.acme-cloud.com',
            variables={
                **TEMPLATE['variables'],
                'zone': {'kind': 'label', 'default': 'eu'},
            },
        ),
    ),
    (
        'variable_narrowed',
        'major',
        'third_party_service.variables.tenant.pattern',
        variable(pattern='[a-z]+'),
    ),
    (
        'variable_widened',
        'minor',
        'third_party_service.variables.tenant.pattern',
        (variable(pattern='[a-z]+'), base()),
    ),
    (
        'variable_default_changed',
        'minor',
        'third_party_service.variables.tenant.default',
        variable(default='www'),
    ),
    (
        'variable_default_removed',
        'major',
        'third_party_service.variables.tenant.default',
        (variable(default='www'), base()),
    ),
    (
        'text_changed',
        'patch',
        'third_party_service.variables.tenant.label',
        variable(label='Account'),
    ),
    # flags of other types
    (
        'flag_lost',
        'major',
        'supports_histogram',
        (logs(supports_histogram=True), logs()),
    ),
    (
        'identity_not_required',
        'minor',
        'requires_identity',
        (logs(requires_identity=True), logs()),
    ),
]


@pytest.mark.parametrize(
    ('code', 'bump', 'path', 'manifests'),
    CASES,
    ids=[f'{n}-{code}' for n, (code, *_) in enumerate(CASES)],
)
def test_a_change_has_its_bump(code, bump, path, manifests):
    old, new = (
        manifests if isinstance(manifests, tuple) else (base(), manifests)
    )
    diff = compare_manifests(old, new)
    assert (code, path) in {(one.code, one.path) for one in diff.changes}
    assert diff.bump == bump, [str(one) for one in diff.changes]


def test_every_rule_has_a_case_that_meets_it():
    elsewhere = {'plugin_added', 'plugin_removed', 'other_changed'}
    assert {code for code, *_ in CASES} | elsewhere == set(RULES)


def models(model, seen=None):
    """Return every model that a manifest is made of."""
    seen = {} if seen is None else seen
    if model.__name__ not in seen:
        seen[model.__name__] = model
        for info in model.model_fields.values():
            text = str(info.annotation)
            for name in vars(sdk.manifest):
                value = getattr(sdk.manifest, name)
                if isinstance(value, type) and f'.{name}' in text:
                    models(value, seen)
    return seen


def other(value):
    """Return a value of the same shape that differs."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, dict):
        return {**value, 'more': 'x'}
    if isinstance(value, list):
        return [*value, 'more'] if value != [] else ['more']
    return f'{value}x'


def owners():
    """Yield each model's name with where the base has one of it."""
    yield 'PluginManifest', lambda one: one
    yield 'PluginOption', lambda one: one.options[0]
    yield 'CredentialField', lambda one: one.credentials[0]
    yield 'DataType', lambda one: one.data_types[0]
    yield 'PluginVertexLabel', lambda one: one.vertex_labels[0]
    yield 'PluginIndex', lambda one: one.vertex_labels[0].indexes[0]
    yield 'PluginEdgeLabel', lambda one: one.edge_labels[0]
    yield 'OpsLogTemplate', lambda one: one.ops_log_templates['made']
    yield 'PluginIcon', lambda one: one.icon
    yield 'ThirdPartyServiceTemplate', lambda one: one.third_party_service
    yield (
        'TemplateVariable',
        lambda one: one.third_party_service.variables['tenant'],
    )


def test_the_walk_below_knows_every_model():
    assert set(models(sdk.PluginManifest)) == {name for name, _ in owners()}


@pytest.mark.parametrize(
    ('owner', 'field'),
    [
        (owner, field)
        for owner, _ in owners()
        for field in getattr(sdk, owner).model_fields
    ],
)
def test_no_field_changes_unseen(owner, field):
    """Values are set behind validation: only the comparison is asked."""
    find = dict(owners())[owner]
    new = base().model_copy(deep=True)
    target = find(new)
    values = {
        'api_version': 2,
        'third_party_service': None,
        'icon': None,
        'icon_dark': new.icon,
        'indexes': [],
    }
    value = values.get(field, other(getattr(target, field)))
    if isinstance(value, list) and value and not isinstance(value[0], str):
        value = value[:-2]
    if field in {'variables', 'ops_log_templates'}:
        value = {}
    target.__dict__[field] = value
    diff = compare_manifests(base(), new)
    assert diff.changes
    assert 'other_changed' not in {one.code for one in diff.changes}


def test_the_same_manifest_deserves_no_release():
    diff = compare_manifests(base(), base())
    assert (diff.changes, diff.bump) == ((), None)
    assert diff.next_version('1.2.3') == '1.2.4'
    assert diff.is_told_by('1.2.3', '1.2.3')


def test_a_mapping_is_as_good_as_a_manifest():
    assert compare_manifests(BASE, [BASE]).bump is None
    with pytest.raises(sdk.ManifestError):
        compare_manifests(BASE, {**BASE, 'slug': 'Not A Slug'})


# --- several plugins of one distribution -------------------------------


def plugin(slug, plugin_type='logs', name=None):
    return sdk.PluginManifest(
        slug=slug, name=name or slug, plugin_type=plugin_type
    )


def told(old, new):
    diff = compare_manifests(old, new)
    return {(one.code, one.plugin) for one in diff.changes}, diff.bump


def test_plugins_are_paired_by_slug_in_any_order():
    one, other_one = plugin('a'), plugin('b', 'webhook')
    assert told([one, other_one], [other_one, one]) == (set(), None)


def test_a_plugin_may_come_and_go():
    one, other_one = plugin('a'), plugin('b', 'webhook')
    assert told([one], [one, other_one]) == ({('plugin_added', 'b')}, 'minor')
    assert told([one, other_one], [one]) == (
        {('plugin_removed', 'b')},
        'major',
    )


def test_a_slug_that_changes_is_told_as_such():
    old = [plugin('a'), plugin('b', 'webhook', 'B')]
    found, bump = told(old, [plugin('a'), plugin('c', 'webhook', 'B')])
    assert (found, bump) == ({('slug_changed', 'b')}, 'major')


def test_one_plugin_stays_one_plugin_whatever_changes():
    found, _ = told(plugin('a'), plugin('z', 'webhook'))
    assert found >= {('slug_changed', 'a'), ('plugin_type_changed', 'a')}


def test_several_slugs_that_change_are_paired_by_type_and_name():
    old = [
        plugin('a', 'logs', 'Logs'),
        plugin('b', 'logs', 'More logs'),
        plugin('c', 'webhook', 'Hooks'),
    ]
    new = [
        plugin('x', 'webhook', 'Webhooks'),
        plugin('y', 'logs', 'More logs'),
        plugin('z', 'logs', 'Other logs'),
    ]
    found, _ = told(old, new)
    assert found == {
        ('slug_changed', 'b'),
        ('slug_changed', 'c'),
        ('text_changed', 'c'),
        ('plugin_removed', 'a'),
        ('plugin_added', 'z'),
    }


# --- the result --------------------------------------------------------


def test_the_result_is_ordered_json():
    new = with_entry('options', 0, choices=['eu'], label='Where')
    diff = compare_manifests(base(name='Old name'), new)
    bumps = [BUMPS.index(one.bump) for one in diff.changes]
    assert bumps == sorted(bumps, reverse=True)
    data = diff.as_dict()
    assert json.loads(json.dumps(data)) == data
    assert data['bump'] == 'major'
    assert str(diff.changes[0]).startswith('major: acme: options.region.choic')


@pytest.mark.parametrize(
    ('manifest', 'old', 'expected'),
    [
        (base(slug='b'), '1.2.3', '2.0.0'),
        (base(cacheable=False), '1.2.3', '1.3.0'),
        (base(name='B'), '1.2.3', '1.2.4'),
        (base(slug='b'), '0.2.3', '0.3.0'),
        (base(cacheable=False), '0.2.3', '0.2.4'),
        (base(name='B'), '0.2', '0.2.1'),
        (base(slug='b'), '1', '2.0.0'),
    ],
)
def test_the_next_version_tells_operators_enough(manifest, old, expected):
    diff = compare_manifests(base(), manifest)
    assert diff.next_version(old) == expected
    assert diff.is_told_by(old, expected)
    assert diff.is_told_by(old, f'{expected}rc1')
    assert not diff.is_told_by(old, old)


@pytest.mark.parametrize(
    ('manifest', 'old', 'expected'),
    [
        (base(slug='b'), '2.0.0rc1', '2.0.0'),
        (base(slug='b'), '2.1.0rc1', '3.0.0'),
        (base(slug='b'), '2.0.1.dev3', '3.0.0'),
        (base(cacheable=False), '1.2.0b2', '1.2.0'),
        (base(cacheable=False), '1.2.1b2', '1.3.0'),
        (base(name='B'), '1.2.3a1', '1.2.3'),
        (base(slug='b'), '0.3.0rc1', '0.3.0'),
        (base(slug='b'), '0.3.1rc1', '0.4.0'),
        (base(slug='b'), '1.2.3.post1', '2.0.0'),
        (base(slug='b'), '1!1.2', '1!2.0.0'),
        (base(name='B'), '1.2.3.4', '1.2.4'),
    ],
)
def test_a_pre_release_has_announced_its_part(manifest, old, expected):
    diff = compare_manifests(base(), manifest)
    assert diff.next_version(old) == expected
    assert diff.is_told_by(old, expected)
    assert not diff.is_told_by(old, old)
    assert not diff.is_told_by(expected, old)


def test_a_new_epoch_is_newer_than_any_version():
    diff = compare_manifests(base(), base(slug='b'))
    assert diff.is_told_by('5.0', '1!6.0')
    assert diff.is_told_by('5.0', '1!1.0')
    assert not diff.is_told_by('1!1.0', '5.0')


@pytest.mark.parametrize(
    ('old', 'new', 'code'),
    [
        (1, '>=1,<2', 'respelled'),
        (1, '~=1.0', 'respelled'),
        (1, '>=1', 'widened'),
        (1, '>=0.9,<3', 'widened'),
        ('>=1', '>=1.1', 'narrowed'),
        ('>=1.40', '>=1.50', 'narrowed'),
        ('>=1.50', '>=1.40', 'widened'),
        ('>=10', '>=11', 'narrowed'),
        ('>=1,<20', '>=1,<15', 'narrowed'),
        (12, '>=12,<13', 'respelled'),
        (12, 13, 'narrowed'),
        ('>=1,<3', '>=2,<4', 'narrowed'),
        ('>=1.2rc1', '>=1.2', 'respelled'),
        ('>=0.5', '>=0.7', 'respelled'),
    ],
    ids=str,
)
def test_a_range_is_what_it_admits(old, new, code):
    diff = compare_manifests(base(api_version=old), base(api_version=new))
    assert [one.code for one in diff.changes] == [f'api_version_{code}']


def test_two_plugins_of_one_slug_are_not_compared():
    twins = [plugin('a'), plugin('a', 'webhook'), plugin('b')]
    for pair in ((twins, []), ([], twins)):
        with pytest.raises(sdk.ManifestError) as caught:
            compare_manifests(*pair)
        (problem,) = caught.value.problems
        assert (problem.code, problem.path) == ('slug_duplicate', 'a')


def test_a_version_that_goes_up_too_little_is_not_enough():
    diff = compare_manifests(base(), base(slug='b'))
    assert not diff.is_told_by('1.2.3', '1.9.0')
    assert diff.is_told_by('1.2.3', '3.0')
