"""What is different from imbi-plugin-ssm, whose tests hold the rest."""

from __future__ import annotations

import datetime as dt

import botocore.session
import pytest
from imbi_plugin_aws import IdentityCenterPlugin, ParameterStorePlugin
from imbi_plugin_ssm import SSMPlugin

from imbi_plugin_sdk import (
    ConfigValue,
    IdentityCredentials,
    PluginAuthenticationFailed,
)
from tests.moto_server import REGION
from tests.sandbox import SANDBOXES

SLUG = 'aws-ssm'


def test_a_value_comes_back_and_is_there_for_aws_own_client(play):
    async def story(sandbox):
        arguments = sandbox.context, sandbox.credentials
        value = ConfigValue(data_type='secret', value='hush')
        await ParameterStorePlugin().set_value(*arguments, 'a/b', value)
        (found,) = await ParameterStorePlugin().get_values(*arguments)
        assert (found.key, found.value, found.secret) == ('a/b', 'hush', True)
        name = f'{sandbox.path(sandbox.context)}/a/b'
        assert (await sandbox.snapshot())[name] == ('SecureString', 'hush')
        client = botocore.session.Session().create_client(
            'ssm',
            region_name=REGION,
            endpoint_url=sandbox.proxy.url,
            aws_access_key_id=sandbox.credentials['access_key_id'],
            aws_secret_access_key=sandbox.credentials['secret_access_key'],
        )
        told = client.get_parameter(Name=name, WithDecryption=True)
        assert told['Parameter']['Value'] == 'hush'

    play(SLUG, story)


def test_the_manifest_of_the_plugin_that_it_extends_is_its_own():
    assert SSMPlugin.manifest is not ParameterStorePlugin.manifest
    assert SSMPlugin.manifest.icon.package == 'imbi_plugin_ssm'
    assert ParameterStorePlugin.manifest.icon.package == 'imbi_plugin_aws'


def test_keys_of_a_role_are_credentials_of_the_other_plugins(play):
    """What `materialize` makes has the names that the manifest declares."""

    async def sign_in(sandbox):
        connection = await connect(sandbox)
        return await IdentityCenterPlugin().materialize(
            sandbox.context, {}, connection
        )

    made = play('aws-iam-ic', sign_in)
    names = {field.name for field in ParameterStorePlugin.manifest.credentials}
    assert names <= set(made.extra)

    async def use(sandbox):
        given = {name: made.extra[name] for name in names}
        with pytest.raises(PluginAuthenticationFailed):  # moto knows it not
            await ParameterStorePlugin().list_keys(sandbox.context, given)

    play(SLUG, use)


async def connect(sandbox):
    """Sign somebody in past the plugin."""
    provider = sandbox.provider
    client = provider.register({'clientName': 'test', 'clientType': 'public'})
    given = {name: client[name] for name in ('clientId', 'clientSecret')}
    tokens = provider.sign_in(given)
    return IdentityCredentials(
        access_token=tokens['accessToken'],
        expires_at=dt.datetime.now(dt.UTC)
        + dt.timedelta(seconds=tokens['expiresIn']),
    )


def test_there_is_a_sandbox_for_each_entry_point():
    assert sorted(SANDBOXES) == ['aws-cloudwatch-logs', 'aws-iam-ic', SLUG]
