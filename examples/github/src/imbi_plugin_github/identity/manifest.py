"""What the three identity plugins declare: the same, but for the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_github.products import (
    CLOUD,
    GITHUB,
    ICON,
    SCOPES,
    SERVER,
    TEMPLATES,
    TIMEOUT_OPTION,
)
from imbi_plugin_sdk import CredentialField, PluginManifest, PluginOption

if TYPE_CHECKING:
    from imbi_plugin_github.products import Product

ENDPOINT_OPTION = PluginOption(
    name='endpoint',
    label='Endpoint',
    description=(
        'Another address for pages and API, as of a test server; left empty, '
        'it is GitHub.'
    ),
)


def _options(product: Product) -> list[PluginOption]:
    """Return an option for each variable, and what all have."""
    options = [
        PluginOption(
            name=name,
            label=variable.label or name,
            description=variable.description,
            required=True,
        )
        for name, variable in product.variables.items()
    ]
    # A server is anywhere already.
    if 'server' not in product.variables:
        options.append(ENDPOINT_OPTION)
    return [*options, TIMEOUT_OPTION]


def manifest_of(product: Product) -> PluginManifest:
    """Return the manifest of a product's identity plugin."""
    return PluginManifest(
        slug=product.slug,
        name=product.name,
        description=f'Signs people in at {product.name}.',
        plugin_type='identity',
        auth_type='oauth2',
        login_capable=True,
        default_scopes=list(SCOPES),
        options=_options(product),
        credentials=[
            CredentialField(
                name='client_id',
                label='Client id',
                description='Of a GitHub App or an OAuth app.',
            ),
            CredentialField(
                name='client_secret',
                label='Client secret',
                description='Made on the page of the app.',
            ),
        ],
        icon=ICON,
        third_party_service=TEMPLATES[product.slug],
    )


GITHUB_MANIFEST = manifest_of(GITHUB)
CLOUD_MANIFEST = manifest_of(CLOUD)
SERVER_MANIFEST = manifest_of(SERVER)
