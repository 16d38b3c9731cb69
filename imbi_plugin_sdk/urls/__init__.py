"""The URL grammar of service templates.

A template's URLs are what an operator's browser is sent to and what the
host posts client secrets to, so the grammar is strict: https, a public host
name, and nothing that two parsers could read in two ways. URLs may hold RFC
6570 level-1 placeholders (`https://{tenant}.okta.com/oauth2/v1/token`), each
declared as a variable with a kind.

Pure functions on text: nothing here resolves, connects or keeps state.
Rules and their messages are a table, `RULES`; see ADR 0012, section 1, for
what the URLs are for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imbi_plugin_sdk import _text
from imbi_plugin_sdk.errors import ProblemsError
from imbi_plugin_sdk.urls._grammar import GRAMMAR, joined, judge, split_base
from imbi_plugin_sdk.urls._host import DEFAULT_PORT
from imbi_plugin_sdk.urls._judgement import (
    VARIABLE,
    Judgement,
    VariableSpec,
    broken,
    filled,
    names_secret,
)
from imbi_plugin_sdk.urls._names import HOST_PARAMETERS
from imbi_plugin_sdk.urls._rules import (
    MAX_URL,
    RULES,
    VARIABLE_KINDS,
    WARNING_CODES,
    UrlKind,
    VariableKind,
)
from imbi_plugin_sdk.urls._values import check_value, check_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from imbi_plugin_sdk.errors import Problem

__all__ = [
    'HOST_PARAMETERS',
    'MAX_URL',
    'RULES',
    'VARIABLE_KINDS',
    'WARNING_CODES',
    'UrlError',
    'UrlKind',
    'VariableKind',
    'VariableSpec',
    'check_url',
    'check_usage',
    'check_value',
    'check_variable',
    'hosts_of',
    'names_secret',
    'normalise_url',
    'render_url',
    'used_variables',
]


class UrlError(ProblemsError):
    """A URL template cannot be rendered with these values."""

    code = 'url_invalid'


def check_url(  # noqa: PLR0913  one required argument, the rest by keyword
    url: object,
    *,
    kind: UrlKind,
    variables: Mapping[str, VariableSpec] | None = None,
    path: str = '',
    operator: bool = False,
    secret_names: Callable[[str], bool] = names_secret,
) -> tuple[Problem, ...]:
    """Return everything that is wrong with a URL; nothing if it is good.

    Args:
        url: Whatever stands in the field; only text can be good.
        kind: `endpoint` (no fragment, RFC 6749 §3.1; no parameter that
            OAuth reserves), `issuer` (no query either, RFC 8414 §2), `link`
            or `service` (any query without secrets, any fragment).
        variables: The template's variables; without them, every
            placeholder is undeclared, as in a URL that was rendered.
        path: Where the URL stands, as in `token_endpoint`.
        operator: Whether an operator wrote the URL rather than a package.
            Hosts of private networks (`git.corp.internal`) are legal then.
        secret_names: Tells whether a parameter's name means a secret.

    Returns:
        The problems in order of discovery. Those with a code of
        `WARNING_CODES` are advice. No message shows userinfo, a path, a
        fragment or a query's value.
    """
    found = Judgement(
        kind,
        variables or {},
        path,
        operator=operator,
        secret=secret_names,
    )
    judge(found, url)
    return tuple(found.problems)


def check_usage(
    urls: Iterable[object],
    variables: Mapping[str, VariableSpec],
    *,
    path: str = 'variables',
) -> tuple[Problem, ...]:
    """Return one problem for each variable that none of the URLs uses."""
    used: set[str] = set()
    for url in urls:
        used |= used_variables(url)
    return tuple(
        broken(
            'url_variable_unused',
            f'{path}.{name}' if path else name,
            f'no URL holds {{{name}}}',
        )
        for name in variables
        if name not in used
    )


def used_variables(url: object) -> frozenset[str]:
    """Return the names of the well-formed placeholders of a URL."""
    if not isinstance(url, str):
        return frozenset()
    return frozenset(re.findall(VARIABLE, url))


def normalise_url(url: str) -> str:
    """Return the URL with scheme and host in lower case, without `:443`.

    Nothing else is rewritten, placeholders included; text that is not a URL
    by the grammar comes back as it is. Idempotent.
    """
    match = None if len(url) > MAX_URL else re.fullmatch(GRAMMAR, url)
    if match is None:
        return url
    host = ''.join(
        part if part.startswith('{') else part.lower()
        for part in re.split(r'(\{[^{}]*+\})', match[1])
    )
    end = match.end(1)
    if match[2] == DEFAULT_PORT:
        end = match.end(2)
    return f'https://{host}{url[end:]}'


def hosts_of(
    url: object, variables: Mapping[str, VariableSpec] | None = None
) -> frozenset[str]:
    """Return the hosts that a URL may lead to, in lower case, without port.

    Args:
        url: A URL or a template.
        variables: The template's variables. An `enum` counts with each of
            its choices; any other placeholder stays as it is, and a
            `base_url` that stands first is the host.

    Returns:
        No host if this is no URL by the grammar.
    """
    specs: Mapping[str, VariableSpec] = variables or {}
    if not isinstance(url, str) or len(url) > MAX_URL:
        return frozenset()
    text = normalise_url(url)
    base = split_base(text, specs)
    if base is not None:
        return frozenset({f'{{{base[0]}}}'})
    match = re.fullmatch(GRAMMAR, text)
    hosts: set[str] = set() if match is None else {str(match[1])}
    for name in used_variables(''.join(hosts)):
        spec = specs.get(name)
        if spec is not None and spec.kind == 'enum' and spec.choices:
            hosts = {
                host.replace(f'{{{name}}}', choice.lower())
                for host in hosts
                for choice in spec.choices
            }
    return frozenset(hosts)


def render_url(
    template: str,
    variables: Mapping[str, VariableSpec],
    values: Mapping[str, object],
    *,
    kind: UrlKind,
    path: str = '',
) -> str:
    """Return the URL that a template and an operator's values make.

    The template, each value and the result are all validated. Values are
    put in once and never expanded again; behind the host they are
    percent-encoded (RFC 6570 §3.2.2). A variable without value, or with
    `None`, takes its default.

    Args:
        template: A URL with placeholders.
        variables: The declarations.
        values: Name to value; names that this template does not use are
            legal if they are declared.
        kind: What the URL is for, as in `check_url`.
        path: Where the template stands, as in `token_endpoint`.

    Returns:
        The normalised URL.

    Raises:
        UrlError: With every problem of the template, of the values (at
            `values.<name>`), or of the result.
    """
    _raise(check_url(template, kind=kind, variables=variables, path=path))
    chosen: dict[str, str] = {}
    problems = _unknown_values(variables, values)
    for name in sorted(used_variables(template)):
        value = values.get(name)
        if value is None:
            value = variables[name].default
        if value is None:
            where = f'values.{name}'
            seen = 'there is no value and no default'
            problems.append(broken('variable_missing', where, seen))
        else:
            problems += check_value(name, variables[name], value, 'values')
            chosen[name] = str(value)
    _raise(problems)
    url = normalise_url(_expand(template, variables, chosen))
    _raise(check_url(url, kind=kind, path=path, operator=True))
    return url


def _raise(problems: Iterable[Problem]) -> None:
    errors = [each for each in problems if each.code not in WARNING_CODES]
    if errors:
        raise UrlError('URL template', errors)


def _unknown_values(
    variables: Mapping[str, VariableSpec], values: Mapping[str, object]
) -> list[Problem]:
    _, mend = RULES['variable_unknown']
    return [
        broken(
            'variable_unknown',
            f'values.{name}',
            'no such variable is declared',
            f'{mend}{_text.did_you_mean(name, variables)}',
        )
        for name in values
        if name not in variables
    ]


def _expand(
    template: str,
    variables: Mapping[str, VariableSpec],
    values: Mapping[str, str],
) -> str:
    encoded = {name: _encoded(value) for name, value in values.items()}
    base = split_base(template, variables)
    if base is not None:
        name, rest = base
        return joined(values[name], filled(rest, encoded))
    match = re.match('[^/]*+//[^/?#]*+', template)
    end = match.end() if match else 0
    return filled(template[:end], values) + filled(template[end:], encoded)


def _encoded(value: str) -> str:
    return re.sub(
        '[^A-Za-z0-9._~-]',
        lambda match: ''.join(f'%{byte:02X}' for byte in match[0].encode()),
        value,
    )
