"""What is declared agrees with what is there."""

from __future__ import annotations

import imbi_plugin_aws
from imbi_plugin_ssm.manifest import MANIFEST as SSM_MANIFEST

HANDLERS = {
    handler.manifest.slug: handler
    for handler in (
        getattr(imbi_plugin_aws, name) for name in imbi_plugin_aws.__all__
    )
}


def test_all_share_one_service_and_one_icon():
    manifests = [handler.manifest for handler in HANDLERS.values()]
    for field in ('third_party_service', 'icon'):
        first, *others = (getattr(one, field) for one in manifests)
        assert first is not None
        assert all(other == first for other in others)
    template = manifests[0].third_party_service
    for name in ('Parameter Store', 'Logs Insights'):
        assert template.links[name].startswith('https://{region}.console.aws.')
    assert template.render({'region': 'eu-west-1'})


def test_parameter_store_takes_what_imbi_plugin_ssm_takes():
    manifest = HANDLERS['aws-ssm'].manifest
    for field in ('options', 'credentials', 'data_types'):
        assert getattr(manifest, field) == getattr(SSM_MANIFEST, field)


def test_one_key_serves_parameters_and_logs():
    assert (
        HANDLERS['aws-ssm'].manifest.credentials
        == HANDLERS['aws-cloudwatch-logs'].manifest.credentials
    )
    assert not any(
        field.required for field in HANDLERS['aws-iam-ic'].manifest.credentials
    )
