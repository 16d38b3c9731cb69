"""One right plugin of each type passes every check that it can be given.

Each is a real distribution, imported by the probe and judged by a whole run.
The laws, which need a backend each, have golden handlers of their own.
"""

import pytest

from imbi_plugin_sdk.contract import CONTRACTS, methods
from imbi_plugin_testkit.checks import catalogue
from imbi_plugin_testkit.config import Config
from imbi_plugin_testkit.model import Outcome, Verdict
from imbi_plugin_testkit.runner import Run

HEAD = '''"""A plugin of type {kind}."""

import imbi_plugin_sdk as sdk
from imbi_plugin_sdk.handlers.webhook import ActionDescriptor
import pydantic


class Settings(pydantic.BaseModel):
    """Takes no settings."""

    model_config = pydantic.ConfigDict(extra='forbid')


async def act(*, ctx, credentials, external_identifier, action_config, event):
    """Do nothing."""


class Golden(sdk.{handler}):
    """Right in everything."""

    manifest = sdk.PluginManifest(
        slug='golden-{kind}',
        name='Golden',
        plugin_type='{kind}',
        credentials=[sdk.CredentialField(name='api_token', label='Token')],
        icon=sdk.PluginIcon(
            package='imbi_plugin_golden_{kind}', resource='icon.svg'
        ),
        third_party_service=sdk.ThirdPartyServiceTemplate(
            id='acme',
            vendor='Acme',
            category='other',
            service_url='https://acme.io/',
        ),
    )
'''
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
    '<circle cx="4" cy="4" r="3" fill="#06c"/></svg>'
)
ACTIONS = '''
    @classmethod
    def actions(cls):
        """List one action."""
        return [
            ActionDescriptor(
                name='act',
                label='Act',
                callable=f'{__name__}:act',
                config_model=f'{__name__}:Settings',
            )
        ]
'''


def source(kind):
    """Return a handler that implements exactly what its type requires."""
    handler = CONTRACTS[kind].handler.rpartition(':')[2]
    text = HEAD.replace('{kind}', kind).replace('{handler}', handler)
    for spec in methods(kind).values():
        if not spec.required:
            continue
        if spec.kind == 'classmethod':
            text += ACTIONS
            continue
        names = ', '.join(
            f'{"*, " if p.kind is p.KEYWORD_ONLY and first else ""}{p.name}'
            f'{"" if p.default is p.empty else f"={p.default!r}"}'
            for p, first in _marked(spec.parameters)
        )
        text += (
            f'\n    async def {spec.name}(self, {names}):\n'
            f'        """Answer nothing."""\n'
            f'        return None\n'
        )
    return text


def _marked(parameters):
    seen = False
    for parameter in parameters:
        keyword = parameter.kind is parameter.KEYWORD_ONLY
        yield parameter, keyword and not seen
        seen = seen or keyword


@pytest.mark.parametrize('kind', CONTRACTS)
def test_a_golden_plugin_passes_everything(make_distribution, kind):
    package = f'imbi_plugin_golden_{kind}'
    made = make_distribution(
        name=f'imbi-plugin-golden-{kind}',
        files={
            f'{package}/__init__.py': source(kind),
            f'{package}/py.typed': '',
            f'{package}/icon.svg': ICON,
        },
        entry_points={f'golden-{kind}': f'{package}:Golden'},
    )
    config = Config(sandbox='none', sandbox_reason='laws are tested apart')
    report = Run([made.subject(config=config)]).run()
    amiss = {
        result.check: (result.outcome, result.reason, result.findings)
        for result in report.results
        if result.outcome not in (Outcome.PASSED, Outcome.NOT_APPLICABLE)
        and not result.reason.startswith('static verdict')
        and not catalogue()[result.check].law
    }
    assert amiss == {}
    assert report.verdict is Verdict.STATIC
    assert report.plugins[0].plugin_type == kind
