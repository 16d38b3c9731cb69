"""GitHub's three products: one template, with what differs filled in.

github.com has fixed addresses, Enterprise Cloud with data residency has a
subdomain for each customer, and Enterprise Server runs anywhere. Pages of a
product are below `web`, its REST API is at `api` (GitHub documentation,
"Getting started with the REST API", in the edition of each product).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_sdk import (
    PluginIcon,
    PluginOption,
    TemplateVariable,
    ThirdPartyServiceTemplate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SCOPES = ('read:user', 'user:email')
"""Who it is, and their e-mail addresses with whether they are verified. What
an OAuth app may do; permissions of a GitHub App are set in the app."""

API_BELOW_WEB = '/api/v3'
"""Where a server has its API, and what `endpoint` leads to."""

DEFAULT_TIMEOUT = 10
"""Seconds of one call in all. GitHub ends its own requests after ten, and a
person waits in front of it."""

MAX_TIMEOUT = 120
"""Seconds after which no person waits any more."""


@dataclasses.dataclass(frozen=True, slots=True)
class Product:
    """One product.

    Attributes:
        slug: Of the identity plugin, and of the service template.
        name: What operators read.
        web: Address of its pages, with placeholders of the variables.
        api: Address of its REST API.
        docs: Edition of the documentation, a path segment.
        variables: What differs between its customers.
        links: Name to URL of more pages, beyond what all have.
    """

    slug: str
    name: str
    web: str
    api: str
    docs: str
    variables: Mapping[str, TemplateVariable] = dataclasses.field(
        default_factory=dict[str, TemplateVariable]
    )
    links: Mapping[str, str] = dataclasses.field(
        default_factory=dict[str, str]
    )


GITHUB = Product(
    slug='github',
    name='GitHub',
    web='https://github.com',
    api='https://api.github.com',
    docs='en',
    links={'Status': 'https://www.githubstatus.com/'},
)

CLOUD = Product(
    slug='github-enterprise-cloud',
    name='GitHub Enterprise Cloud',
    web='https://{tenant}.ghe.com',
    api='https://api.{tenant}.ghe.com',
    docs='en/enterprise-cloud@latest',
    variables={
        'tenant': TemplateVariable(
            kind='label',
            label='Subdomain',
            description='The enterprise, as in octocorp of octocorp.ghe.com.',
        ),
    },
)

SERVER = Product(
    slug='github-enterprise-server',
    name='GitHub Enterprise Server',
    web='{server}',
    api=f'{{server}}{API_BELOW_WEB}',
    docs='en/enterprise-server@latest',
    variables={
        'server': TemplateVariable(
            kind='base_url',
            label='Server',
            description='Address of the server, as in https://git.acme.com.',
        ),
    },
)

ICON = PluginIcon(package='imbi_plugin_github', resource='assets/icon.svg')

TIMEOUT_OPTION = PluginOption(
    name='timeout',
    label='Time-out',
    description='Seconds that one call may take in all.',
    type='integer',
    default=DEFAULT_TIMEOUT,
)


def template_of(product: Product) -> ThirdPartyServiceTemplate:
    """Return a product's service template."""
    return ThirdPartyServiceTemplate(
        id=product.slug,
        vendor='GitHub',
        display_name=product.name,
        category='source_control',
        service_url=product.web,
        api_endpoint=product.api,
        authorization_endpoint=f'{product.web}/login/oauth/authorize',
        token_endpoint=f'{product.web}/login/oauth/access_token',
        # Older servers do not look at the challenge, and take the rest.
        use_pkce='supported',
        default_scopes=list(SCOPES),
        token_auth_method='client_secret_post',  # noqa: S106  a method's name
        links={
            'Applications': f'{product.web}/settings/developers',
            'Tokens': f'{product.web}/settings/tokens',
            'REST API': f'https://docs.github.com/{product.docs}/rest',
            **product.links,
        },
        variables=dict(product.variables),
    )


TEMPLATES: Mapping[str, ThirdPartyServiceTemplate] = {
    product.slug: template_of(product) for product in (GITHUB, CLOUD, SERVER)
}
"""Slug to template. The deployment plugin carries that of github.com, so that
both end on one service there; for the others it is attached by hand."""
