"""The context of a call, its side channels, and what its repr hides."""

from __future__ import annotations

import pprint

import pydantic
import pytest

from imbi_plugin_sdk import (
    AuthorizationRequest,
    ConfigKeyWithValue,
    ConfigValue,
    IdentityCredentials,
    LinkWriteback,
    PluginContext,
    ServicePlugin,
    ServiceWriteback,
)

CANARY = 'canary' + '4711'

REQUIRED = {'project_id': '1', 'project_slug': 'shop', 'org_slug': 'acme'}


async def resolve(subject):
    return subject


def secretive():
    """Return one instance of each model that holds a secret."""
    identity = IdentityCredentials(
        access_token=CANARY, refresh_token=CANARY, extra={'id_token': CANARY}
    )
    plugin = ServicePlugin(slug='ssm', options={'token': CANARY})
    return [
        identity,
        plugin,
        ServiceWriteback(
            identifier='1', canonical_url='u', webhook_secret_enc=CANARY
        ),
        AuthorizationRequest(
            authorization_url=f'https://id.example.com/?state={CANARY}',
            state=CANARY,
            code_verifier=CANARY,
            registered_credentials={'client_secret': CANARY},
        ),
        ConfigValue(data_type='text', value=CANARY, secret=True),
        ConfigKeyWithValue(
            key='k', data_type='text', value=CANARY, secret=True
        ),
        PluginContext(
            **REQUIRED,
            identity=identity,
            service_plugins=[plugin],
            assignment_options={'token': CANARY},
            environment_config={'token': CANARY},
        ),
    ]


@pytest.mark.parametrize('model', secretive(), ids=lambda m: type(m).__name__)
def test_no_text_of_a_model_shows_its_secret(model):
    pretty = ''.join(map(str, model.__pretty__(repr)))
    rich = str(list(model.__rich_repr__()))
    for text in (repr(model), str(model), pprint.pformat(model), pretty, rich):
        assert CANARY not in text
        assert '*****' in text


@pytest.mark.parametrize('model', secretive(), ids=lambda m: type(m).__name__)
def test_a_dump_holds_everything(model):
    assert CANARY in model.model_dump_json()
    assert type(model).model_validate(model.model_dump()) == model


@pytest.mark.parametrize('model', secretive(), ids=lambda m: type(m).__name__)
def test_a_validation_error_does_not_show_its_input(model):
    data = {name: [CANARY] for name in type(model).model_fields}
    with pytest.raises(pydantic.ValidationError) as caught:
        type(model).model_validate(data)
    assert CANARY not in str(caught.value)


def test_what_is_harmless_stays_in_the_repr():
    text = repr(IdentityCredentials(access_token=CANARY, scopes=['read']))
    assert "token_type='Bearer'" in text
    assert "scopes=['read']" in text
    assert 'refresh_token=None' in text
    assert "value='plain'" in repr(ConfigValue(data_type='t', value='plain'))
    context = PluginContext(**REQUIRED, assignment_options={'region': 'eu'})
    assert "'region': '*" in repr(context)
    assert "project_slug='shop'" in repr(context)


def test_the_side_channels_can_be_written():
    context = PluginContext(**REQUIRED)
    assert context.link_writeback is None
    assert context.service_writeback is None
    context.link_writeback = LinkWriteback(link_key='code', new_url='u')
    context.service_writeback = ServiceWriteback(
        identifier='1', canonical_url='u'
    )
    assert context.model_dump()['link_writeback']['link_key'] == 'code'


def test_two_contexts_share_no_default():
    first, second = PluginContext(**REQUIRED), PluginContext(**REQUIRED)
    first.project_links['code'] = 'u'
    first.service_plugins.append(ServicePlugin(slug='ssm'))
    assert second.project_links == {}
    assert second.service_plugins == []


def test_the_resolver_is_neither_dumped_nor_shown():
    context = PluginContext(**REQUIRED, resolve_user_by_identity=resolve)
    assert context.resolve_user_by_identity is resolve
    assert 'resolve_user_by_identity' not in context.model_dump()
    assert 'resolve_user_by_identity' not in repr(context)
    assert 'resolve_user_by_identity' not in context.model_dump_json()


def test_a_context_from_a_newer_host_still_loads():
    assert PluginContext(**REQUIRED, later_field=1).project_id == '1'
