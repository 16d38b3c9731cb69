"""The values of one call that no error may show."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import pydantic

from imbi_plugin_sdk.context import IdentityCredentials
from imbi_plugin_sdk.handlers.configuration import ConfigValue

SECRET_ARGUMENTS = frozenset(
    {'code', 'code_verifier', 'refresh_token', 'token'}
)
"""Arguments of contract methods that are secrets themselves (all identity)."""

DEEPEST = 12
"""Levels of a structure that are looked through; options have one or two."""

_Secret = (pydantic.SecretStr, pydantic.SecretBytes)


def secrets_of(
    *,
    credentials: Mapping[str, Any],
    context: object,
    arguments: Mapping[str, Any],
    secret_options: Iterable[str] = (),
) -> set[str]:
    """Return every text that a call was given in confidence.

    Args:
        credentials: All values are secret.
        context: A PluginContext: the person's tokens, options of type
            secret, and whatever is a `SecretStr` are secret.
        arguments: Those of `SECRET_ARGUMENTS`, tokens, secret configuration
            values, and whatever is a `SecretStr` are secret.
        secret_options: Names of the options of type secret.

    Returns:
        Texts for `redaction.redact`.
    """
    found: set[str] = set(_texts(credentials))
    found.update(_marked(arguments))
    found.update(_marked(getattr(context, '__dict__', None)))
    for name in SECRET_ARGUMENTS & arguments.keys():
        found.update(_texts(arguments[name]))
    options = getattr(context, 'assignment_options', None)
    if isinstance(options, Mapping):
        values = cast('Mapping[str, Any]', options)
        for name in secret_options:
            found.update(_texts(values.get(name)))
    return {form for text in found for form in _quoted(text)}


def _quoted(text: str) -> Iterator[str]:
    """Yield a text, and as JSON has it where that differs.

    `redact` finds each of them once more quoted, as the repr of a body is.
    """
    yield text
    for is_ascii in (True, False):
        quoted = json.dumps(text, ensure_ascii=is_ascii)[1:-1]
        if quoted != text:
            yield quoted


def _marked(value: object, depth: int = DEEPEST) -> Iterator[str]:
    """Yield what says of itself that it is secret."""
    if depth == 0:
        return
    if isinstance(value, _Secret):
        yield from _texts(value)
    elif isinstance(value, IdentityCredentials):
        yield from _texts(
            [value.access_token, value.refresh_token, value.extra]
        )
    elif isinstance(value, ConfigValue) and value.secret:
        yield from _texts(value.value)
    else:
        for part in _parts(value):
            yield from _marked(part, depth - 1)


def _texts(value: object, depth: int = DEEPEST) -> Iterator[str]:
    """Yield every text in a value."""
    if depth == 0:
        return
    if isinstance(value, _Secret):
        value = value.get_secret_value()
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode('utf-8', 'replace')
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    else:
        for part in _parts(value):
            yield from _texts(part, depth - 1)


def _parts(value: object) -> Iterable[object]:
    """Return what a structure consists of; nothing for anything else."""
    if isinstance(value, (str, bytes, dt.datetime)):
        return ()
    if isinstance(value, pydantic.BaseModel):
        extra = value.__pydantic_extra__ or {}
        return [*value.__dict__.values(), *extra.values()]
    if isinstance(value, Mapping):
        return list(cast('Mapping[object, object]', value).values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(cast('Iterable[object]', value))
    return ()
