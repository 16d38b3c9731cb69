"""Made-up manifests are valid, and of every kind."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imbi_plugin_sdk.manifest import PluginManifest
from imbi_plugin_sdk.manifest.plugin import PLUGIN_TYPES
from imbi_plugin_testkit.strategies import manifests

QUICK = settings(
    max_examples=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@QUICK
@given(manifests())
def test_a_made_up_manifest_has_no_problem_and_survives_json(manifest):
    assert PluginManifest.problems_of(manifest) == ()
    text = manifest.model_dump_json()
    assert PluginManifest.model_validate_json(text) == manifest


@QUICK
@given(st.data())
def test_a_manifest_has_the_type_that_was_asked_for(data):
    kind = data.draw(st.sampled_from(PLUGIN_TYPES))
    assert data.draw(manifests(kind)).plugin_type == kind


def test_options_flags_and_data_types_all_come_up():
    seen = set()

    @settings(QUICK, max_examples=300, derandomize=True)
    @given(manifests())
    def look(manifest):
        seen.add(manifest.plugin_type)
        seen.update(option.type for option in manifest.options)
        seen.update('choices' for one in manifest.options if one.choices)
        seen.update('default' for one in manifest.options if one.default)
        seen.update('data type' for _ in manifest.data_types)
        seen.update('credential' for _ in manifest.credentials)
        seen.update(
            flag
            for flag in ('login_capable', 'supports_histogram')
            if getattr(manifest, flag)
        )

    look()
    assert seen >= {
        *PLUGIN_TYPES,
        *('string', 'integer', 'boolean', 'mapping', 'secret'),
        *('choices', 'default', 'data type', 'credential'),
        *('login_capable', 'supports_histogram'),
    }
