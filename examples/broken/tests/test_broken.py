import asyncio

from imbi_plugin_broken import BrokenLogs, BrokenManifest, BrokenStore

from imbi_plugin_sdk import (
    ConfigValue,
    PluginContext,
    PluginManifest,
    conformance,
)


def codes(problems):
    return sorted(problem.code for problem in problems)


def test_each_manifest_has_the_faults_that_it_is_for():
    assert codes(PluginManifest.problems_of(BrokenManifest.manifest)) == [
        'option_default_choice',
        'slug_invalid',
    ]
    for handler in (BrokenStore, BrokenLogs):
        assert not PluginManifest.problems_of(handler.manifest)


def test_only_the_logs_handler_breaks_the_contract():
    assert codes(conformance(BrokenLogs)) == [
        'method_not_coroutine',
        'parameter_renamed',
    ]
    assert not list(conformance(BrokenStore))
    assert not list(conformance(BrokenManifest))


def test_a_quick_look_finds_nothing(tmp_path):
    ctx = PluginContext(
        project_id='p',
        project_slug='p',
        org_slug='o',
        assignment_options={'folder': str(tmp_path)},
    )

    async def story():
        value = ConfigValue(data_type='string', value='one')
        await BrokenStore().set_value(ctx, {}, 'k', value)
        (found,) = await BrokenStore().get_values(ctx, {})
        assert found.value == 'one'
        await BrokenStore().delete_key(ctx, {}, 'k')
        assert await BrokenStore().list_keys(ctx, {}) == []

    asyncio.run(story())
