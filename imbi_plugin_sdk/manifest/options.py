"""What a plugin asks for: options, credentials, and the types of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import pydantic

from imbi_plugin_sdk._text import did_you_mean, listed
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.manifest._declaration import (
    Declaration,
    Rule,
    entries,
    seen,
    type_names,
    view,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OptionType = Literal['string', 'integer', 'boolean', 'secret', 'mapping']

PYTHON_TYPES: dict[str, type] = {
    'boolean': bool,
    'integer': int,
    'mapping': dict,
    'string': str,
}
"""The type that a default of each option type must have; a secret has none."""


def name_is_not_blank(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each of `name` and `label` that says nothing."""
    for field in ('name', 'label'):
        value = data.get(field)
        if isinstance(value, str) and not value.strip():
            yield Problem(
                f'{field}_blank',
                field,
                f'the {field} is blank.',
                f'Give a {field} that an operator can read.',
            )


def default_fits(data: Mapping[str, Any]) -> Iterator[Problem]:
    """A default has its option's type; a secret option has no default."""
    kind, default = data.get('type', 'string'), data.get('default')
    if default is None or not isinstance(kind, str):
        return
    if kind == 'secret':
        yield Problem(
            'option_secret_default',
            'default',
            'a secret option has a default; every operator who installs the '
            'plugin could read it.',
            'Remove the default; the operator enters the value.',
        )
        return
    expected = PYTHON_TYPES.get(kind)
    if expected is None:
        return
    fits = isinstance(default, expected) and (
        expected is not int or not isinstance(default, bool)
    )
    if not fits:
        must = type_names[expected.__name__]
        yield Problem(
            'option_default_type',
            'default',
            f'the default is {seen(default)}, but an option of type {kind} '
            f'takes {must}.',
            f'Make the default {must}, or change the type.',
        )


def default_is_a_choice(data: Mapping[str, Any]) -> Iterator[Problem]:
    """A default is among the choices; choices are distinct strings."""
    choices, default = data.get('choices'), data.get('default')
    if not isinstance(choices, (list, tuple)):
        return
    words = [str(choice) for choice in cast('list[Any]', choices)]
    if data.get('type', 'string') == 'mapping':
        yield Problem(
            'option_mapping_choices',
            'choices',
            'an option of type mapping has choices.',
            'Remove the choices, or make the option a string.',
        )
    if not words:
        yield Problem(
            'option_choices_empty',
            'choices',
            'the list of choices is empty, so that no value is allowed.',
            'List the choices, or leave the field out.',
        )
    elif len(set(words)) != len(words):
        twice = sorted({word for word in words if words.count(word) > 1})
        yield Problem(
            'option_choices_duplicate',
            'choices',
            f'{seen(twice[0])} stands among the choices twice.',
            'List each choice once.',
        )
    if isinstance(default, (str, int)) and words:
        text = str(default).lower() if default in (True, False) else default
        if str(text) not in words and str(default) not in words:
            yield Problem(
                'option_default_choice',
                'default',
                f'the default {seen(default)} is not among the choices.'
                f'{did_you_mean(str(default)[:64], words)}',
                f'Use one of {listed(seen(word) for word in words)}.',
            )


def unique_names(field: str, code: str) -> Rule:
    """Return the rule that entries of a list have distinct names."""

    def rule(data: Mapping[str, Any]) -> Iterator[Problem]:
        first: dict[str, str] = {}
        for path, entry in entries(data, field):
            name = view(entry).get('name')
            if not isinstance(name, str):
                continue
            if name in first:
                yield Problem(
                    code,
                    f'{path}.name',
                    f'{seen(name)} is already the name of {first[name]}.',
                    'Give each entry a name of its own.',
                )
            else:
                first[name] = path

    return rule


class PluginOption(Declaration):
    """One setting that an operator fills in for a plugin (ADR 0008, 2)."""

    rules: ClassVar[tuple[Rule, ...]] = (
        name_is_not_blank,
        default_fits,
        default_is_a_choice,
    )

    name: str = pydantic.Field(
        description='Key under which `ctx.assignment_options` holds the value.'
    )
    label: str = pydantic.Field(description='What the operator reads.')
    description: str | None = pydantic.Field(
        default=None, description='Help text beside the field.'
    )
    type: OptionType = pydantic.Field(
        default='string',
        description='Type of the value; a secret is shown to nobody.',
    )
    required: bool = pydantic.Field(
        default=False, description='Whether the operator must fill it in.'
    )
    default: str | int | bool | dict[str, str] | None = pydantic.Field(
        default=None,
        description='Value where the operator leaves the field empty; has '
        'the type of the option, and a secret option has none.',
    )
    choices: list[str] | None = pydantic.Field(
        default=None, description='The only values allowed, each once.'
    )


class CredentialField(Declaration):
    """One credential that the operator enters; never its value."""

    rules: ClassVar[tuple[Rule, ...]] = (name_is_not_blank,)

    name: str = pydantic.Field(
        description='Key under which `credentials` holds the value.'
    )
    label: str = pydantic.Field(description='What the operator reads.')
    description: str | None = pydantic.Field(
        default=None, description='Where to find the credential.'
    )
    required: bool = pydantic.Field(
        default=True,
        description='Whether calls fail with PluginCredentialsMissing '
        'without it.',
    )


class DataType(Declaration):
    """A type of value that a configuration plugin can store."""

    rules: ClassVar[tuple[Rule, ...]] = (name_is_not_blank,)

    name: str = pydantic.Field(
        description='What `ConfigValue.data_type` holds.'
    )
    label: str = pydantic.Field(description='What the operator reads.')
    secret: bool = pydantic.Field(
        default=False,
        description='Values of this type are secret whatever they say.',
    )
