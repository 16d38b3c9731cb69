"""The fields of a service that a template can fill, and their values.

A value is text, a list of texts or a mapping, as JSON knows them. A field is
either set or unset; `None`, an empty text, an empty list and an empty mapping
are all unset, since a host's record may spell absence in any of these ways.
`None` therefore stands for "unset" wherever a plan shows a value.

A field holds the template's text with its `{placeholders}`, never a rendered
URL: else the first upgrade after a tenant was entered would look like an edit
of the operator's. What operators enter for the placeholders is theirs alone.
It is kept in the field `variable_values`, which no manifest can fill, and
`render_fields` puts both together when the URL is needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import pydantic

from imbi_plugin_sdk import urls
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.manifest._template_rules import URL_FIELDS
from imbi_plugin_sdk.manifest.template import (
    TemplateVariable,
    ThirdPartyServiceTemplate,
)
from imbi_plugin_sdk.provisioning.errors import ValueRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imbi_plugin_sdk.records import ThirdPartyService

Kind: TypeAlias = Literal['text', 'list', 'map']
"""What the value of a field is: a text, a list of texts, or a mapping."""

IDENTITY = ('id', 'vendor')
"""Fields of a template that say which service is meant, and fill nothing."""

ICONS = ('icon', 'icon_dark')
"""Fields of a manifest whose value is the digest of the sanitized bytes."""

VARIABLE_VALUES = 'variable_values'
"""What operators entered for a template's variables: name to value."""

KINDS: dict[str, Kind] = {
    'display_name': 'text',
    'category': 'text',
    'service_url': 'text',
    'api_endpoint': 'text',
    'issuer': 'text',
    'authorization_endpoint': 'text',
    'token_endpoint': 'text',
    'revoke_endpoint': 'text',
    'use_pkce': 'text',
    'default_scopes': 'list',
    'scope_separator': 'text',
    'authorization_params': 'map',
    'token_auth_method': 'text',
    'links': 'map',
    'variables': 'map',
    'icon': 'text',
    'icon_dark': 'text',
}
"""Every field that a manifest can fill, in the order that a plan lists them;
a test holds it against the template's own fields."""

FIELDS = tuple(KINDS)

SAVED_KINDS: dict[str, Kind] = {**KINDS, VARIABLE_VALUES: 'map'}
"""Every field that an operator can save."""

_TYPES: dict[Kind, type] = {'text': str, 'list': list, 'map': dict}


def plain_value(value: object, path: str) -> Any:  # noqa: ANN401  JSON
    """Return a deep copy that JSON can carry unchanged; unset is None.

    Args:
        value: What a record or a template holds.
        path: Where it stands, for the message.

    Raises:
        ValueRefused: It holds what is not JSON, as a date.
    """
    if isinstance(value, str):  # nearly every value, and planning is counted
        return value or None
    plain = _plain(value, path)
    return None if plain in ([], {}) else plain


def _plain(value: object, path: str) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, pydantic.BaseModel):
        return _plain(value.model_dump(mode='json', exclude_none=True), path)
    if isinstance(value, Mapping):
        raw = cast('Mapping[object, object]', value)
        return {str(key): _plain(item, path) for key, item in raw.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, path) for item in cast('list[object]', value)]
    raise ValueRefused(
        'service record',
        [
            Problem(
                'value_not_json',
                path,
                f'a {type(value).__name__} was found where a text, a list or '
                'a mapping must stand.',
                'Convert the value before the record is made.',
            )
        ],
    )


def template_values(template: ThirdPartyServiceTemplate) -> dict[str, Any]:
    """Return field to value of what a template fills; unset is absent."""
    # Compared by what it means: links in another order are other links only
    # to a reader, so mappings keep their order and dicts compare without it.
    found: dict[str, Any] = {}
    for name in FIELDS:
        if name in ICONS:
            continue
        value = plain_value(getattr(template, name), name)
        if value is not None:
            found[name] = value
    return found


def fits(field: str, value: object) -> bool:
    """Whether an operator's value has the field's kind."""
    kind = SAVED_KINDS[field]
    if not isinstance(value, _TYPES[kind]):
        return False
    if kind == 'list':
        items = cast('list[object]', value)
        return all(isinstance(item, str) for item in items)
    return True


def render_fields(service: ThirdPartyService) -> dict[str, str]:
    """Return a service's URLs with the operator's values filled in.

    Args:
        service: Its `live` fields hold the URLs and `variables`; its field
            `variable_values` what the operator entered.

    Returns:
        Path of the URL (`token_endpoint`, `links.Status`) to URL. A URL
        without placeholders is returned as it stands, so that an operator's
        own URL need not keep the grammar of templates.

    Raises:
        UrlError: A value is missing, or does not fit its variable; all such
            URLs at once.
    """
    live = service.live
    variables = {
        name: TemplateVariable.model_validate(spec)
        for name, spec in _mapping(live.get('variables')).items()
    }
    values = {
        name: str(value)
        for name, value in _mapping(live.get(VARIABLE_VALUES)).items()
        if name in variables
    }
    rendered: dict[str, str] = {}
    problems: list[Problem] = []
    for path, kind, url in _urls(live):
        if not urls.used_variables(url):
            rendered[path] = url
            continue
        try:
            rendered[path] = urls.render_url(
                url,
                cast('Mapping[str, urls.VariableSpec]', variables),
                values,
                kind=kind,
                path=path,
            )
        except urls.UrlError as error:
            problems += error.problems
    if problems:
        raise urls.UrlError(f'service {service.slug}', problems)
    return rendered


def _mapping(value: object) -> Mapping[str, Any]:
    return cast('dict[str, Any]', value) if isinstance(value, dict) else {}


def _urls(
    live: Mapping[str, Any],
) -> Iterable[tuple[str, urls.UrlKind, str]]:
    for field, kind in URL_FIELDS.items():
        if isinstance(live.get(field), str) and live[field]:
            yield field, kind, live[field]
    for name, url in _mapping(live.get('links')).items():
        if isinstance(url, str):
            yield f'links.{name}', 'link', url
