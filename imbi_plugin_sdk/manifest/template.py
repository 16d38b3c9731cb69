"""What every operator would otherwise type in by hand (ADR 0012).

A `ThirdPartyServiceTemplate` describes the vendor and never the tenant: no
client id, no secret, no account. One in five real vendors has a variable part
in its endpoints, so URLs may hold RFC 6570 level-1 `{name}` placeholders,
each declared in `variables` and filled in by the operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, cast

import pydantic

from imbi_plugin_sdk.errors import ManifestError, Problem
from imbi_plugin_sdk.manifest._declaration import Declaration, Rule, safe_key
from imbi_plugin_sdk.manifest._template_rules import (
    id_is_a_slug,
    links_are_named,
    parameters_are_free,
    scopes_are_tokens,
    template_has_no_secrets,
    url_entries,
    urls_keep_the_grammar,
    variables_are_used,
    vendor_is_named,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imbi_plugin_sdk import urls

Category = Literal[
    'source_control',
    'ci_cd',
    'artifact_registry',
    'deployment',
    'cloud',
    'configuration',
    'secrets',
    'logging',
    'metrics',
    'tracing',
    'error_tracking',
    'incident_management',
    'issue_tracking',
    'code_quality',
    'security',
    'identity',
    'feature_management',
    'messaging',
    'database',
    'documentation',
    'communication',
    'cost_management',
    'analytics',
    'other',
]

PkceUse = Literal['required', 'supported', 'unsupported', 'unknown']

TokenAuthMethod = Literal[
    'client_secret_basic',
    'client_secret_post',
    'client_secret_jwt',
    'private_key_jwt',
    'tls_client_auth',
    'self_signed_tls_client_auth',
    'none',
]
"""IANA's registry of OAuth token endpoint authentication methods."""


class TemplateVariable(Declaration):
    """One part of the template's URLs that differs between tenants."""

    kind: Literal['label', 'host', 'segment', 'enum', 'base_url'] = (
        pydantic.Field(
            description='What a value may be: one DNS label, a host with '
            'optional port, one path segment, one of `choices`, or a whole '
            'https origin with optional path.'
        )
    )
    label: str | None = pydantic.Field(
        default=None, description='What the operator reads; else the name.'
    )
    description: str | None = pydantic.Field(
        default=None, description='Where the operator finds the value.'
    )
    choices: list[str] | None = pydantic.Field(
        default=None, description='The values of kind `enum`, and only there.'
    )
    default: str | None = pydantic.Field(
        default=None, description='Value where the operator gives none.'
    )
    pattern: str | None = pydantic.Field(
        default=None,
        description='Regular expression that the whole value matches.',
    )


class ThirdPartyServiceTemplate(Declaration):
    """The vendor-known part of a third-party service, free of secrets.

    Templates with the same `vendor` and `id` share one service: the three
    plugins of imbi-plugin-aws carry equal templates and end on one record
    (ADR 0012, section 4). `render` fills the variables in.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        id_is_a_slug,
        vendor_is_named,
        urls_keep_the_grammar,
        links_are_named,
        variables_are_used,
        scopes_are_tokens,
        parameters_are_free,
        template_has_no_secrets,
    )

    id: str = pydantic.Field(
        description='Slug, at most 64 characters; equal ids of one vendor '
        'share one service.',
        examples=['aws'],
    )
    vendor: str = pydantic.Field(
        description='Name of the vendor, 1 to 128 characters; compared '
        'without regard to case and white space.',
        examples=['Amazon Web Services'],
    )
    display_name: str | None = pydantic.Field(
        default=None, description='Name of the service; else the vendor.'
    )
    category: Category = pydantic.Field(
        default='other', description='What the service is for.'
    )
    service_url: str | None = pydantic.Field(
        default=None, description='Where a person opens the service.'
    )
    api_endpoint: str | None = pydantic.Field(
        default=None, description='Base URL of the API.'
    )
    issuer: str | None = pydantic.Field(
        default=None,
        description='Issuer identifier (RFC 8414); the metadata document '
        'lies under it.',
    )
    authorization_endpoint: str | None = pydantic.Field(
        default=None, description='RFC 6749, section 3.1.'
    )
    token_endpoint: str | None = pydantic.Field(
        default=None, description='RFC 6749, section 3.2.'
    )
    revoke_endpoint: str | None = pydantic.Field(
        default=None, description='RFC 7009, section 2.'
    )
    use_pkce: PkceUse = pydantic.Field(
        default='unknown',
        description='Whether the vendor takes PKCE (RFC 7636); true is read '
        'as required, false as unsupported.',
    )
    default_scopes: list[str] = pydantic.Field(
        default_factory=list[str],
        description='Scopes asked for where nobody chooses others.',
    )
    scope_separator: str = pydantic.Field(
        default=' ', description='What joins scopes in a request.'
    )
    authorization_params: dict[str, str] = pydantic.Field(
        default_factory=dict[str, str],
        description='Fixed extra parameters of the authorization request, '
        'as in `access_type=offline`.',
    )
    token_auth_method: TokenAuthMethod | None = pydantic.Field(
        default=None,
        description='How the client authenticates at the token endpoint; '
        'unset leaves it to discovery or the operator.',
    )
    links: dict[str, str] = pydantic.Field(
        default_factory=dict[str, str],
        description='Name to URL of pages that operators want near.',
    )
    variables: dict[str, TemplateVariable] = pydantic.Field(
        default_factory=dict[str, TemplateVariable],
        description='Placeholders that stand in the URLs.',
    )

    @pydantic.field_validator('use_pkce', mode='before')
    @classmethod
    def _pkce_from_bool(cls, value: object) -> object:
        if isinstance(value, bool):
            return 'required' if value else 'unsupported'
        return value

    def render(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return every URL with the operator's values filled in.

        Args:
            values: Variable name to value; a variable left out takes its
                default.

        Returns:
            Name of the URL (`token_endpoint`, `links.Status page`) to URL.

        Raises:
            ManifestError: A value is missing, unknown or does not fit its
                variable's kind; all such values at once.
        """
        from imbi_plugin_sdk import urls  # noqa: PLC0415  as in the rules

        problems = list(self._value_problems(values))
        if problems:
            raise ManifestError('template values', problems)
        rendered: dict[str, str] = {}
        for name, path, kind, url in url_entries(self.__dict__):
            try:
                rendered[name] = urls.render_url(
                    cast('str', url),
                    cast('Mapping[str, urls.VariableSpec]', self.variables),
                    values,
                    kind=cast('urls.UrlKind', kind),
                    path=path,
                )
            except urls.UrlError as error:
                problems.extend(error.problems)
        if problems:
            raise ManifestError('template values', problems)
        return rendered

    def _value_problems(self, values: Mapping[str, str]) -> Iterable[Problem]:
        for name in values:
            if name not in self.variables:
                yield Problem(
                    'variable_unknown',
                    safe_key(name),
                    'the template has no variable of this name.',
                    'Leave the value out, or spell it as the template does.',
                )
        for name, spec in self.variables.items():
            value = values.get(name, spec.default)
            if value is None:
                yield Problem(
                    'variable_missing',
                    name,
                    'the variable has neither a value nor a default.',
                    'Ask the operator for it.',
                )
