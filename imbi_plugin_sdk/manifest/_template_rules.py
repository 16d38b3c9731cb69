"""What must hold of a template beyond the shapes of its fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.manifest._declaration import (
    entries,
    items,
    safe_key,
    seen,
    view,
)
from imbi_plugin_sdk.secret_detector import TEMPLATE_SLOTS, find_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_sdk import urls

URL_FIELDS: dict[str, urls.UrlKind] = {
    'service_url': 'service',
    'api_endpoint': 'endpoint',
    'issuer': 'issuer',
    'authorization_endpoint': 'endpoint',
    'token_endpoint': 'endpoint',
    'revoke_endpoint': 'endpoint',
}
"""Every field that holds one URL, with the grammar that it keeps."""

SLUG = re.compile(r'[a-z][a-z0-9]*(?:-[a-z0-9]+)*')
MAX_SLUG = 64
MAX_VENDOR = 128
"""As on the host's service record."""

_SCOPE = re.compile(r'[\x21\x23-\x5b\x5d-\x7e]+')
"""`scope-token` of RFC 6749, section 3.3."""

_SEPARATOR = re.compile(r'[ ,;|+]{1,2}')
_PARAMETER = re.compile(r'[A-Za-z0-9_.~-]{1,64}')


def slug_problems(
    value: object, path: str, code: str, example: str
) -> Iterator[Problem]:
    """Yield what keeps a value from being a slug of at most 64 characters."""
    if not isinstance(value, str):
        return
    if len(value) > MAX_SLUG:
        yield Problem(
            f'{code}_too_long',
            path,
            f'it has {len(value)} characters; at most {MAX_SLUG} may stand.',
            'Shorten it.',
        )
    if not SLUG.fullmatch(value):
        yield Problem(
            f'{code}_invalid',
            path,
            f'{seen(value)} is not lower-case words of letters and digits '
            'joined by single hyphens, the first beginning with a letter.',
            f'Write it like {example!r}.',
        )


def id_is_a_slug(data: Mapping[str, Any]) -> Iterator[Problem]:
    """The template's id is a slug."""
    return slug_problems(data.get('id'), 'id', 'template_id', 'aws')


def vendor_is_named(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Vendor has 1 to 128 visible characters; display name is not blank."""
    vendor = data.get('vendor')
    if isinstance(vendor, str) and not (
        0 < len(vendor.strip()) <= len(vendor) <= MAX_VENDOR
        and vendor.isprintable()
    ):
        yield Problem(
            'vendor_invalid',
            'vendor',
            f'the vendor is {seen(vendor)}; it must be 1 to {MAX_VENDOR} '
            'printable characters and not blank.',
            "Give the vendor's usual name, as in 'Amazon Web Services'.",
        )
    display = data.get('display_name')
    if isinstance(display, str) and not display.strip():
        yield Problem(
            'display_name_blank',
            'display_name',
            'the display name is blank.',
            'Leave it out; the vendor is shown instead.',
        )


class _Spec(NamedTuple):
    """A declared variable, whatever it holds; `urls.VariableSpec` by shape."""

    kind: Any = None
    choices: Any = None
    default: Any = None
    pattern: Any = None


def _variables(data: Mapping[str, Any]) -> dict[str, urls.VariableSpec]:
    return {
        name: cast(
            'urls.VariableSpec',
            _Spec(
                **{
                    field: value
                    for field, value in view(spec).items()
                    if field in _Spec._fields
                }
            ),
        )
        for name, spec in items(data, 'variables')
    }


def url_entries(
    data: Mapping[str, Any],
) -> Iterator[tuple[str, str, str, object]]:
    """Yield `(name, path, kind, url)` for each URL that is set.

    The path is for messages: a link whose name could be a secret is masked
    there, so that several may have one path.
    """
    for field, kind in URL_FIELDS.items():
        if data.get(field) is not None:
            yield field, field, kind, data[field]
    for name, url in items(data, 'links'):
        yield f'links.{name}', f'links.{safe_key(name)}', 'link', url


def urls_keep_the_grammar(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Every URL keeps the strict grammar of `imbi_plugin_sdk.urls`."""
    # Only a template with URLs pays for their grammar: 4 ms.
    from imbi_plugin_sdk import urls  # noqa: PLC0415

    variables = _variables(data)
    for _, path, kind, url in url_entries(data):
        if isinstance(url, str):
            for problem in urls.check_url(
                url,
                kind=cast('urls.UrlKind', kind),
                variables=variables,
                path=path,
            ):
                if problem.code not in urls.WARNING_CODES:
                    yield problem


def links_are_named(data: Mapping[str, Any]) -> Iterator[Problem]:
    """A link's name is what an operator clicks on."""
    for name, _ in items(data, 'links'):
        if not name.strip():
            yield Problem(
                'link_name_blank',
                'links',
                'a link has a blank name.',
                "Name it by what it leads to, as in 'Status page'.",
            )


def variables_are_used(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Each variable is well-formed and stands in at least one URL."""
    # Only a template with URLs pays for their grammar: 4 ms.
    from imbi_plugin_sdk import urls  # noqa: PLC0415

    used = {
        name
        for *_, url in url_entries(data)
        if isinstance(url, str)
        for name in urls.used_variables(url)
    }
    for name, spec in _variables(data).items():
        path = f'variables.{safe_key(name)}'
        for problem in urls.check_variable(name, spec, path):
            if problem.code != 'variable_kind':  # pydantic says it already
                yield problem
        if name not in used:
            yield Problem(
                'variable_unused',
                path,
                'no URL of the template holds this variable; operators would '
                'be asked for nothing.',
                f'Write {{{safe_key(name)}}} in a URL, or remove it.',
            )


def scope_problems(
    data: Mapping[str, Any], separator: str = ' '
) -> Iterator[Problem]:
    """Yield what is wrong with `default_scopes` (RFC 6749, section 3.3)."""
    listed: set[str] = set()
    for path, scope in entries(data, 'default_scopes'):
        if not isinstance(scope, str):
            continue
        if not _SCOPE.fullmatch(scope) or separator in scope:
            yield Problem(
                'scope_invalid',
                path,
                f'the scope is {seen(scope)}; a scope is one token of visible '
                'ASCII without white space, quote, backslash or the '
                'separator.',
                'List each scope as an entry of its own.',
            )
        if scope in listed:
            yield Problem(
                'scope_duplicate',
                path,
                'the scope is listed twice.',
                'List each scope once.',
            )
        listed.add(scope)


def scopes_are_tokens(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Scopes are tokens that the separator can join."""
    separator = data.get('scope_separator', ' ')
    if not isinstance(separator, str):
        return
    if not _SEPARATOR.fullmatch(separator):
        yield Problem(
            'scope_separator_invalid',
            'scope_separator',
            'the separator is not one or two of space, comma, semicolon, bar '
            'and plus.',
            "Leave it out for a space (RFC 6749, section 3.3), or use ','.",
        )
        separator = ' '
    yield from scope_problems(data, separator)


def parameters_are_free(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Authorization parameters leave the flow's own to the host."""
    # Only a template with URLs pays for their grammar: 4 ms.
    from imbi_plugin_sdk import urls  # noqa: PLC0415

    for name, value in items(data, 'authorization_params'):
        path = f'authorization_params.{safe_key(name)}'
        if not _PARAMETER.fullmatch(name):
            yield Problem(
                'parameter_name_invalid',
                path,
                'the name of a parameter holds characters that a query does '
                'not take as they are.',
                'Use letters, digits, hyphen, dot, tilde and underscore.',
            )
        elif name.lower() in urls.HOST_PARAMETERS:
            yield Problem(
                'parameter_reserved',
                path,
                f'the host itself writes {name!r} into every request.',
                urls.HOST_PARAMETERS[name.lower()],
            )
        if isinstance(value, str) and not value.isprintable():
            yield Problem(
                'parameter_value_invalid',
                path,
                'the value holds characters that cannot be printed.',
                'Write the value as it must arrive, before encoding.',
            )


def template_has_no_secrets(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Nothing in a template looks like a secret (ADR 0012, section 5)."""
    for finding in find_secrets(data, slots=TEMPLATE_SLOTS):
        yield finding.problem()
