"""A raw value as its option's type has it, or a problem."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import pydantic

from imbi_plugin_sdk._text import listed
from imbi_plugin_sdk.errors import Problem, ProblemsError

if TYPE_CHECKING:
    from imbi_plugin_sdk.manifest import PluginOption


class OptionsError(ProblemsError):
    """Options do not hold, or a search template does not."""

    code = 'options_invalid'
    # As PluginCredentialsMissing: the request was right, the state is not.
    http_status = 409


def coerce_option(option: PluginOption, value: object) -> Any:  # noqa: ANN401  of the declared type
    """Return a value as the option's type has it.

    Stored values come from forms and from graphs, where an integer may be
    text and text an integer. What is accepted, beside the type itself: for
    an integer, text of decimal digits and a float without fraction, of at
    most `MOST_DIGITS` digits each; for a boolean, 0, 1 and the words of
    `BOOLEAN_WORDS`; for a string, an integer; for a mapping, string keys with
    strings or integers; for a secret, text.

    Raises:
        OptionsError: One problem, `option_wrong_type` or
            `option_wrong_choice`; it does not quote the value.
    """
    kind = COERCIONS[option.type]
    found = kind.coerce(value)
    if found is None:
        raise OptionsError(
            'option',
            [
                Problem(
                    'option_wrong_type',
                    f'options.{option.name}',
                    f'a value of type {type(value).__name__} does not make '
                    f'{kind.article} {option.type}'
                    f'{_is_text(value)}.',
                    f'Give {kind.must}.',
                )
            ],
        )
    if option.choices is not None and found not in [
        kind.coerce(choice) for choice in option.choices
    ]:
        raise OptionsError(
            'option',
            [
                Problem(
                    'option_wrong_choice',
                    f'options.{option.name}',
                    'the value is none of the choices.',
                    f'Choose {listed(map(repr, option.choices))}.',
                )
            ],
        )
    return found


BOOLEAN_WORDS: Mapping[str, bool] = MappingProxyType(
    {
        'true': True,
        'yes': True,
        'on': True,
        '1': True,
        'false': False,
        'no': False,
        'off': False,
        '0': False,
    }
)
"""What a form or a graph writes for a boolean, casefolded."""

MOST_DIGITS = 30
"""How long an integer may be: more than 64 bits take. Python neither reads
nor writes one of more than 4,300."""

_INTEGER = re.compile(rf'[+-]?[0-9]{{1,{MOST_DIGITS}}}')


def _string(value: object) -> str | None:
    if isinstance(value, str):
        return value
    number = _integer(value) if isinstance(value, int) else None
    return None if number is None else str(number)


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if _INTEGER.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if abs(value) < 10**MOST_DIGITS and value == int(value):
        return int(value)
    return None


def _boolean(value: object) -> bool | None:
    if isinstance(value, str):
        return BOOLEAN_WORDS.get(value.strip().casefold())
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def _secret(value: object) -> pydantic.SecretStr | None:
    if isinstance(value, str):
        return pydantic.SecretStr(value)
    return value if isinstance(value, pydantic.SecretStr) else None


def _mapping(value: object) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        return None
    found: dict[str, str] = {}
    for name, item in cast('Mapping[object, object]', value).items():
        text = _string(item)
        if not isinstance(name, str) or text is None:
            return None
        found[name] = text
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Coercion:
    """How a raw value becomes one of an option's type.

    Attributes:
        coerce: Returns the value, or None where it cannot be one.
        article: `a` or `an`, before the type's name.
        must: What must be given, for messages.
    """

    coerce: Callable[[object], Any]
    article: str
    must: str


COERCIONS: Mapping[str, Coercion] = MappingProxyType(
    {
        'string': Coercion(_string, 'a', 'text'),
        'integer': Coercion(_integer, 'an', 'an integer such as 5'),
        'boolean': Coercion(_boolean, 'a', 'true or false'),
        'secret': Coercion(_secret, 'a', 'text'),
        'mapping': Coercion(_mapping, 'a', 'a mapping of text to text'),
    }
)
"""Option type to its coercion; as many as `PluginOption.type` has."""


def _is_text(value: object) -> str:
    """Say why text was not enough, without quoting it."""
    return ': it does not read as one' if isinstance(value, str) else ''
