"""What is declared agrees with what is there."""

from __future__ import annotations

import pytest
from imbi_plugin_logzio import LogzioPlugin
from imbi_plugin_logzio.manifest import REGIONS

MANIFEST = LogzioPlugin.manifest


def test_a_histogram_is_promised():
    assert MANIFEST.supports_histogram


def test_the_token_is_the_only_credential():
    assert [entry.name for entry in MANIFEST.credentials] == ['api_token']
    assert MANIFEST.credentials[0].required


@pytest.mark.parametrize('host', REGIONS.values())
def test_the_template_gives_the_endpoint_of_a_region(host):
    urls = MANIFEST.third_party_service.render({'api_host': host})
    assert urls['api_endpoint'] == f'https://{host}.logz.io/v1'


def test_each_region_can_be_chosen():
    (option,) = [entry for entry in MANIFEST.options if entry.name == 'region']
    assert option.choices == list(REGIONS)
