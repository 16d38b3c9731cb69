"""What is declared agrees with what is there."""

from __future__ import annotations

from imbi_plugin_ssm import SSMPlugin
from imbi_plugin_ssm.manifest import PARAMETER_TYPES

MANIFEST = SSMPlugin.manifest


def test_every_data_type_has_a_type_of_ssm():
    assert {entry.name for entry in MANIFEST.data_types} == set(
        PARAMETER_TYPES
    )


def test_only_the_session_token_may_be_left_out():
    assert {
        entry.name for entry in MANIFEST.credentials if not entry.required
    } == {'session_token'}


def test_the_template_gives_the_endpoint_of_a_region():
    urls = MANIFEST.third_party_service.render({'region': 'eu-west-1'})
    assert urls['api_endpoint'] == 'https://ssm.eu-west-1.amazonaws.com'
