"""A good manifest, and every way to spoil one thing in it."""

import copy

TEMPLATE = {
    'id': 'acme',
    'vendor': 'Acme',
    'category': 'cloud',
    'authorization_endpoint': 'https://{tenant}.acme.io/oauth/authorize',
    'token_endpoint': 'https://{tenant}.acme.io/oauth/token',
    'links': {'Status': 'https://status.acme.io/'},
    'default_scopes': ['read:secrets', 'offline_access'],
    'authorization_params': {'prompt': 'consent'},
    'variables': {'tenant': {'kind': 'label', 'label': 'Tenant'}},
}

GOOD = {
    'slug': 'acme-config',
    'name': 'Acme configuration',
    'plugin_type': 'configuration',
    'options': [
        {'name': 'region', 'label': 'Region', 'choices': ['eu', 'us']},
        {'name': 'tags', 'label': 'Tags', 'type': 'mapping', 'default': {}},
        {'name': 'depth', 'label': 'Depth', 'type': 'integer', 'default': 3},
        {'name': 'client_secret', 'label': 'Secret', 'type': 'secret'},
    ],
    'credentials': [{'name': 'api_token', 'label': 'API token'}],
    'data_types': [{'name': 'string', 'label': 'Text'}],
    'vertex_labels': [
        {
            'name': 'Parameter',
            'model_ref': 'acme.models:Parameter',
            'indexes': [{'fields': ['key'], 'unique': True}],
        }
    ],
    'edge_labels': [
        {'name': 'HAS', 'from_labels': ['Project'], 'to_labels': ['Parameter']}
    ],
    'icon': {'package': 'imbi_plugin_acme', 'resource': 'assets/icon.svg'},
    'third_party_service': TEMPLATE,
}

# path to change, new value (DELETE removes), expected {(path, code)}
DELETE = object()
FAULTS = {
    'unknown field': (('colour',), 'red', {('colour', 'unknown_field')}),
    'missing field': (('slug',), DELETE, {('slug', 'missing_field')}),
    'wrong type': (('name',), 7, {('name', 'wrong_type')}),
    'list for text': (('widget_text',), [], {('widget_text', 'wrong_type')}),
    'text for list': (('options',), 'x', {('options', 'wrong_type')}),
    'text for flag': (('cacheable',), 'maybe', {('cacheable', 'wrong_value')}),
    'unknown type': (
        ('plugin_type',),
        'configration',
        {('plugin_type', 'wrong_choice')},
    ),
    'blank name': (('name',), ' ', {('name', 'name_blank')}),
    'underscore': (('slug',), 'acme_config', {('slug', 'slug_invalid')}),
    'upper case': (('slug',), 'Acme', {('slug', 'slug_invalid')}),
    'leading digit': (('slug',), '1acme', {('slug', 'slug_invalid')}),
    'double hyphen': (('slug',), 'acme--x', {('slug', 'slug_invalid')}),
    'line break': (('slug',), 'acme\n', {('slug', 'slug_invalid')}),
    'long slug': (('slug',), 'a' * 65, {('slug', 'slug_too_long')}),
    'version true': (
        ('api_version',),
        True,
        {('api_version', 'api_version_invalid')},
    ),
    'version zero': (
        ('api_version',),
        0,
        {('api_version', 'api_version_invalid')},
    ),
    'version words': (
        ('api_version',),
        'latest',
        {('api_version', 'api_version_invalid')},
    ),
    'version blank': (
        ('api_version',),
        '',
        {('api_version', 'api_version_invalid')},
    ),
    'option twice': (
        ('options', 1, 'name'),
        'region',
        {('options[1].name', 'option_name_duplicate')},
    ),
    'blank label': (
        ('options', 0, 'label'),
        '',
        {('options[0].label', 'label_blank')},
    ),
    'misspelt option field': (
        ('options', 0, 'choises'),
        [],
        {('options[0].choises', 'unknown_field')},
    ),
    'default not a choice': (
        ('options', 0, 'default'),
        'ue',
        {('options[0].default', 'option_default_choice')},
    ),
    'no choices': (
        ('options', 0, 'choices'),
        [],
        {('options[0].choices', 'option_choices_empty')},
    ),
    'choice twice': (
        ('options', 0, 'choices'),
        ['eu', 'eu'],
        {('options[0].choices', 'option_choices_duplicate')},
    ),
    'mapping default is text': (
        ('options', 1, 'default'),
        'a=b',
        {('options[1].default', 'option_default_type')},
    ),
    'mapping has choices': (
        ('options', 1, 'choices'),
        ['a'],
        {('options[1].choices', 'option_mapping_choices')},
    ),
    'integer default is text': (
        ('options', 2, 'default'),
        'three',
        {('options[2].default', 'option_default_type')},
    ),
    'integer default is true': (
        ('options', 2, 'default'),
        True,
        {('options[2].default', 'option_default_type')},
    ),
    'text default is a mapping': (
        ('options', 0),
        {'name': 'x', 'label': 'X', 'default': {}},
        {('options[0].default', 'option_default_type')},
    ),
    'secret default': (
        ('options', 3, 'default'),
        'true',
        {('options[3].default', 'option_secret_default')},
    ),
    'credential twice': (
        ('credentials',),
        [{'name': 'a', 'label': 'A'}, {'name': 'a', 'label': 'B'}],
        {('credentials[1].name', 'credential_name_duplicate')},
    ),
    'credential has a value': (
        ('credentials', 0, 'value'),
        'x',
        {
            ('credentials[0].value', 'unknown_field'),
            ('credentials[0].value', 'secret_name'),
        },
    ),
    'data type twice': (
        ('data_types',),
        [{'name': 'a', 'label': 'A'}, {'name': 'a', 'label': 'B'}],
        {('data_types[1].name', 'data_type_name_duplicate')},
    ),
    'label twice': (
        ('vertex_labels',),
        [{'name': 'A', 'model_ref': 'a:B'}, {'name': 'A', 'model_ref': 'a:C'}],
        {('vertex_labels[1].name', 'vertex_label_duplicate')},
    ),
    'edge twice': (
        ('edge_labels',),
        [{'name': 'A', 'from_labels': ['X'], 'to_labels': ['Y']}] * 2,
        {('edge_labels[1].name', 'edge_label_duplicate')},
    ),
    'edge from nowhere': (
        ('edge_labels', 0, 'from_labels'),
        [],
        {('edge_labels[0].from_labels', 'edge_end_empty')},
    ),
    'blank label name': (
        ('vertex_labels', 0, 'name'),
        ' ',
        {('vertex_labels[0].name', 'name_blank')},
    ),
    'blank model': (
        ('vertex_labels', 0, 'model_ref'),
        '',
        {('vertex_labels[0].model_ref', 'model_ref_blank')},
    ),
    'empty index': (
        ('vertex_labels', 0, 'indexes', 0, 'fields'),
        [],
        {('vertex_labels[0].indexes[0].fields', 'index_fields_empty')},
    ),
    'blank index': (
        ('vertex_labels', 0, 'indexes', 0, 'fields'),
        [' '],
        {('vertex_labels[0].indexes[0].fields[0]', 'index_field_blank')},
    ),
    'flag of another type': (
        ('supports_histogram',),
        True,
        {('supports_histogram', 'flag_wrong_type')},
    ),
    'events of another type': (
        ('lifecycle_events',),
        ['created'],
        {('lifecycle_events', 'flag_wrong_type')},
    ),
    'unknown event': (
        ('lifecycle_events',),
        ['archived', 'creatd'],
        {
            ('lifecycle_events[1]', 'wrong_choice'),
            ('lifecycle_events', 'flag_wrong_type'),
        },
    ),
    'scope with space': (
        ('default_scopes',),
        ['read write'],
        {('default_scopes[0]', 'scope_invalid')},
    ),
    'scope twice': (
        ('default_scopes',),
        ['read', 'read'],
        {('default_scopes[1]', 'scope_duplicate')},
    ),
    'icon outside': (
        ('icon', 'resource'),
        '../icon.svg',
        {('icon.resource', 'icon_resource_invalid')},
    ),
    'icon type': (
        ('icon', 'media_type'),
        'image/gif',
        {('icon.media_type', 'wrong_choice')},
    ),
    'icon package': (
        ('icon', 'package'),
        'imbi-plugin-acme',
        {('icon.package', 'icon_package_invalid')},
    ),
    'template id': (
        ('third_party_service', 'id'),
        'Acme',
        {('third_party_service.id', 'template_id_invalid')},
    ),
    'vendor too long': (
        ('third_party_service', 'vendor'),
        'A' * 129,
        {('third_party_service.vendor', 'vendor_invalid')},
    ),
    'vendor blank': (
        ('third_party_service', 'vendor'),
        ' ',
        {('third_party_service.vendor', 'vendor_invalid')},
    ),
    'display name blank': (
        ('third_party_service', 'display_name'),
        ' ',
        {('third_party_service.display_name', 'display_name_blank')},
    ),
    'category': (
        ('third_party_service', 'category'),
        'clouds',
        {('third_party_service.category', 'wrong_choice')},
    ),
    'http': (
        ('third_party_service', 'service_url'),
        'http://acme.io/',
        {('third_party_service.service_url', 'url_scheme')},
    ),
    'link': (
        ('third_party_service', 'links', 'Status'),
        'https://u:p@acme.io/',
        {
            ('third_party_service.links.Status', 'url_userinfo'),
            ('third_party_service.links.Status', 'secret_url'),
        },
    ),
    'link name': (
        ('third_party_service', 'links', ' '),
        'https://acme.io/',
        {('third_party_service.links', 'link_name_blank')},
    ),
    'undeclared variable': (
        ('third_party_service', 'api_endpoint'),
        'https://{region}.acme.io/',
        {('third_party_service.api_endpoint', 'url_variable_undeclared')},
    ),
    'unused variable': (
        ('third_party_service', 'variables', 'zone'),
        {'kind': 'label'},
        {('third_party_service.variables.zone', 'variable_unused')},
    ),
    'variable kind': (
        ('third_party_service', 'variables', 'tenant', 'kind'),
        'labl',
        {('third_party_service.variables.tenant.kind', 'wrong_choice')},
    ),
    'reserved parameter': (
        ('third_party_service', 'authorization_params', 'state'),
        'x',
        {
            (
                'third_party_service.authorization_params.state',
                'parameter_reserved',
            )
        },
    ),
    'parameter name': (
        ('third_party_service', 'authorization_params', 'a b'),
        'x',
        {
            (
                'third_party_service.authorization_params.***',
                'parameter_name_invalid',
            )
        },
    ),
    'parameter value': (
        ('third_party_service', 'authorization_params', 'prompt'),
        'a\nb',
        {
            (
                'third_party_service.authorization_params.prompt',
                'parameter_value_invalid',
            )
        },
    ),
    'separator': (
        ('third_party_service', 'scope_separator'),
        'and',
        {('third_party_service.scope_separator', 'scope_separator_invalid')},
    ),
    'scope holds the separator': (
        ('third_party_service',),
        {**TEMPLATE, 'scope_separator': ',', 'default_scopes': ['a,b']},
        {('third_party_service.default_scopes[0]', 'scope_invalid')},
    ),
    'token method': (
        ('third_party_service', 'token_auth_method'),
        'client_secret',
        {('third_party_service.token_auth_method', 'wrong_choice')},
    ),
    'pkce': (
        ('third_party_service', 'use_pkce'),
        'yes',
        {('third_party_service.use_pkce', 'wrong_choice')},
    ),
    'client id': (
        ('third_party_service', 'authorization_params', 'client_id'),
        'Iv1' + 'a2b3c4d5' * 2,
        {
            (
                'third_party_service.authorization_params.client_id',
                'parameter_reserved',
            ),
            (
                'third_party_service.authorization_params.client_id',
                'secret_name',
            ),
        },
    ),
}


def with_fault(path, value):
    data = copy.deepcopy(GOOD)
    target = data
    for part in path[:-1]:
        target = target[part]
    if value is DELETE:
        del target[path[-1]]
    else:
        target[path[-1]] = copy.deepcopy(value)
    return data
