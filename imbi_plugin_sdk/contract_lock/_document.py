"""The lock as a document: its shape, and reading one that others wrote."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any, Literal, cast

import pydantic

from imbi_plugin_sdk._text import shown
from imbi_plugin_sdk.contract_lock._reading import FORMAT_VERSION, Lock
from imbi_plugin_sdk.contract_lock._types import check_type
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.manifest._declaration import path_of

MOST_PROBLEMS = 20
"""Problems that are told of one document; a file of another kind has as many
as it has keys."""

_Version = Annotated[str, pydantic.Field(pattern=r'^[0-9]{1,9}\.[0-9]{1,9}$')]
_Type = Annotated[str, pydantic.AfterValidator(check_type)]


class _Closed(pydantic.BaseModel):
    """A part of the document, with these keys and no other."""

    model_config = pydantic.ConfigDict(
        extra='forbid', strict=True, hide_input_in_errors=True
    )


class _Parameter(_Closed):
    name: str
    kind: Literal[
        'positional_only',
        'positional_or_keyword',
        'var_positional',
        'keyword_only',
        'var_keyword',
    ]
    type: _Type
    default: Any = None


class _Method(_Closed):
    required: bool
    kind: str
    parameters: list[_Parameter]
    returns: _Type
    default: Literal['answers', 'raises'] = 'raises'


class _Deprecation(_Closed):
    since: _Version
    removed_in: _Version
    not_before: Annotated[dt.date, pydantic.Strict(strict=False)]


class _Keyword(_Closed):
    name: str
    type: _Type


class _Contract(_Closed):
    handler: str
    versions: Annotated[list[_Version], pydantic.Field(min_length=1)]
    deprecations: list[_Deprecation]
    capabilities: dict[str, list[str]]
    hooks: dict[str, str]
    methods: dict[str, _Method]
    callables: dict[str, list[_Keyword]]
    reaches: dict[str, list[Literal['host_to_plugin', 'plugin_to_host']]]


class _Field(_Closed):
    type: _Type
    default: Any = None
    constraints: dict[str, Any] = {}
    alias: Any = None
    written_back: bool = False


class _Model(_Closed):
    extra: Literal['allow', 'forbid', 'ignore']
    frozen: bool
    fields: dict[str, _Field]


class _Error(_Closed):
    code: str
    status: int
    parameters: list[str] = []


class _Document(_Closed):
    """What `build_lock` returns."""

    format_version: int
    contracts: dict[str, _Contract]
    models: dict[str, _Model]
    errors: dict[str, _Error]
    slugs: dict[str, list[str]]


def parsed(text: str) -> tuple[Lock, list[Problem]]:
    """Read a lock from text.

    Returns:
        The lock, and what is wrong with it: the lock is of use only where
        nothing is.
    """
    try:
        found: object = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        return {}, [_problem('', f'is no JSON: {error}.', _GIVE)]
    if not isinstance(found, dict) or 'format_version' not in found:
        return {}, [_problem('', 'is no lock: it has no format.', _GIVE)]
    lock = cast('Lock', found)
    seen = lock['format_version']
    if type(seen) is not int or seen != FORMAT_VERSION:
        what = f'is {shown(seen)}; this SDK reads {FORMAT_VERSION}.'
        return {}, [_problem('format_version', what, _NEWER)]
    return lock, _wrong(lock)


_GIVE = 'Give a contracts.lock.json, as an imbi-plugin-sdk ships it.'
_NEWER = 'Compare with the imbi-plugin-sdk that wrote the newer one.'


def _problem(path: str, seen: str, fix: str) -> Problem:
    return Problem('lock_invalid', path, seen, fix)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; a reader would take any of two values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'an object has the key {shown(twice)} twice')
    return found


def _wrong(lock: Lock) -> list[Problem]:
    """Say what is wrong with a lock's shape, and what it refers to."""
    try:
        _Document.model_validate(lock)
    except pydantic.ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        return [
            _problem(path_of(detail['loc']), f'{detail["msg"]}.', _GIVE)
            for detail in details[:MOST_PROBLEMS]
        ]
    except RecursionError:
        return [_problem('', 'is nested too deep.', _GIVE)]
    return [
        _problem(
            f'contracts.{plugin_type}.reaches',
            f'names the model {shown(name)}, which the lock has not.',
            _GIVE,
        )
        for plugin_type, contract in lock['contracts'].items()
        for name in contract['reaches']
        if name not in lock['models']
    ][:MOST_PROBLEMS]
