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
import re
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
from imbi_plugin_sdk.secret_detector import TEMPLATE_SLOTS, find_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imbi_plugin_sdk.records import ThirdPartyService

Kind: TypeAlias = Literal['text', 'list', 'texts', 'map']
"""What the value of a field is: a text, a list of texts, a mapping to texts,
or a mapping."""

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
    'authorization_params': 'texts',
    'token_auth_method': 'text',
    'links': 'texts',
    'variables': 'map',
    'icon': 'text',
    'icon_dark': 'text',
}
"""Every field that a manifest can fill, in the order that a plan lists them;
a test holds it against the template's own fields."""

FIELDS = tuple(KINDS)

SAVED_KINDS: dict[str, Kind] = {**KINDS, VARIABLE_VALUES: 'map'}
"""Every field that an operator can save."""

_TYPES: dict[Kind, type] = {
    'text': str,
    'list': list,
    'texts': dict,
    'map': dict,
}

WORDS: dict[Kind, str] = {
    'text': 'a text',
    'list': 'a list of texts',
    'texts': 'a mapping of texts to texts',
    'map': 'a mapping',
}
"""What a kind is called in a message."""

SURROGATE = re.compile('[\ud800-\udfff]')
"""Half a character: Python's texts can hold it, UTF-8 cannot."""

MAX_DEPTH = 16
"""Levels of a value. A template's deepest, a variable's choices, has four; a
parser of JSON may give up at a hundred."""

MAX_NUMBER = 2**63
"""Whole numbers are below: what databases and parsers of JSON carry."""


def plain_value(value: object, path: str) -> Any:  # noqa: ANN401  JSON
    """Return a deep copy that JSON can carry unchanged; unset is None.

    Args:
        value: What a record or a template holds.
        path: Where it stands, for the message.

    Raises:
        ValueRefused: It holds what is not JSON, as a date, or what not
            every reader of JSON can read.
    """
    plain = _plain(value, path)
    return None if plain in ('', [], {}) else plain


def _plain(value: object, path: str, depth: int = 1) -> Any:  # noqa: ANN401  JSON
    if value is None or isinstance(value, (str, bool, int, float)):
        if _carried(value):
            return value
        raise _refused(path, f'a {type(value).__name__} that JSON cannot hold')
    if depth > MAX_DEPTH:
        raise _refused(path, f'a value more than {MAX_DEPTH} levels deep')
    if isinstance(value, pydantic.BaseModel):
        value = value.model_dump(mode='json', exclude_none=True)
    if isinstance(value, Mapping):
        raw = cast('Mapping[object, object]', value)
        if not all(isinstance(key, str) and _carried(key) for key in raw):
            raise _refused(path, 'a mapping with a name that is no text')
        return {key: _plain(raw[key], path, depth + 1) for key in raw}
    if isinstance(value, (list, tuple)):
        items = cast('list[object]', value)
        return [_plain(item, path, depth + 1) for item in items]
    raise _refused(path, f'a {type(value).__name__}')


def _carried(value: object) -> bool:
    """Whether every reader of JSON can read the value."""
    if isinstance(value, str):  # nearly every value, and planning is counted
        return value.isascii() or not SURROGATE.search(value)
    if isinstance(value, int):
        return -MAX_NUMBER <= value < MAX_NUMBER
    return not isinstance(value, float) or math.isfinite(value)


def _refused(path: str, seen: str) -> ValueRefused:
    problem = Problem(
        'value_not_json',
        path,
        f'{seen} was found where a text, a list or a mapping that JSON can '
        'carry must stand.',
        'Convert the value before the record is made.',
    )
    return ValueRefused('service record', [problem])


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
    if kind in {'list', 'texts'}:
        raw = cast('list[object] | dict[str, object]', value)
        items = raw.values() if isinstance(raw, dict) else raw
        return all(isinstance(item, str) for item in items)
    return True


def value_problems(field: str, value: object) -> Iterator[Problem]:
    """Yield why a value cannot be written to a field; None clears it."""
    if value is None:
        return
    if not fits(field, value):
        yield Problem(
            'value_kind',
            field,
            f'a {type(value).__name__} was given where '
            f'{WORDS[SAVED_KINDS[field]]} must stand.',
            'Give the value in the form that the field has.',
        )
    # Tenants and account numbers look random: of what operators enter for
    # variables, only what cannot be anything else counts as a secret.
    certain = {'vendor_format', 'private_key', 'url'}
    for finding in find_secrets({field: value}, slots=TEMPLATE_SLOTS):
        if field != VARIABLE_VALUES or finding.kind in certain:
            yield finding.problem()


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
