"""Tiers of options, merged and held against the manifest."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

import pydantic

from imbi_plugin_sdk._text import hint, listed
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.options._coercion import OptionsError, coerce_option

if TYPE_CHECKING:
    from imbi_plugin_sdk.manifest import PluginOption

Tier: TypeAlias = tuple[str, Mapping[str, Any]]
"""A name for messages, as in `project p1`, and option name to value."""

_Name = TypeVar('_Name')
"""What a tier is called: text, or something whose `str` is."""

MANIFEST_DEFAULT = 'manifest default'
"""The origin of an option that no tier sets."""


@dataclasses.dataclass(frozen=True, slots=True)
class MergedOptions(Generic[_Name]):
    """What the tiers come to, before the manifest is asked.

    Attributes:
        values: Option name to the raw value; cleared ones are absent.
        origins: Option name to the name of the tier that set or cleared it.
    """

    values: Mapping[str, Any] = dataclasses.field(repr=False)
    origins: Mapping[str, _Name]


@dataclasses.dataclass(frozen=True, slots=True)
class ResolvedOptions:
    """Options as the manifest declares them.

    Attributes:
        values: Option name to value, of the declared type; a mapping's
            values are strings; a secret is a `pydantic.SecretStr`. An option
            that is neither set nor has a default is absent, and so is one
            whose value does not fit.
        origins: Option name to the tier that set it, or to
            `MANIFEST_DEFAULT`. Cleared options without default are in it.
        problems: What keeps a call from being right: `option_required`,
            `option_wrong_type`, `option_wrong_choice`.
        warnings: `option_unknown`: the manifest has no such option (any
            more), and the value is not handed on.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def require(self) -> Mapping[str, Any]:
        """Return the values.

        Raises:
            OptionsError: There are problems.
        """
        if self.problems:
            raise OptionsError('options', self.problems)
        return self.values

    def revealed(self) -> dict[str, Any]:
        """Return the values with secrets as plain strings.

        This is what a handler of contract version 1 reads, and it belongs
        in `ctx.assignment_options` and nowhere else. Mappings are copies.
        """
        return {name: _revealed(value) for name, value in self.values.items()}


def merge_options(
    *tiers: tuple[_Name, Mapping[str, Any]],
) -> MergedOptions[_Name]:
    """Lay tiers over each other, the first at the bottom.

    Args:
        tiers: In order: node, project types from the last to the first,
            project. No mapping is changed.
    """
    values: dict[str, Any] = {}
    origins: dict[str, _Name] = {}
    for tier, given in tiers:
        for name, value in given.items():
            if value is None:
                continue
            origins[name] = tier
            if _is_empty(value):
                values.pop(name, None)
            else:
                values[name] = value
    return MergedOptions(values, origins)


def resolve_options(
    declared: Iterable[PluginOption], *tiers: Tier
) -> ResolvedOptions:
    """Merge the tiers, apply defaults, and coerce to the declared types.

    Args:
        declared: The manifest's `options`.
        tiers: As `merge_options` takes them.

    Returns:
        Values in the order of the manifest, with every problem; it raises
        for nothing that a tier can hold.
    """
    return fit_options(declared, merge_options(*tiers))


def fit_options(
    declared: Iterable[PluginOption], merged: MergedOptions[Any]
) -> ResolvedOptions:
    """Apply defaults to merged options, and coerce to the declared types.

    Args:
        declared: The manifest's `options`.
        merged: As `merge_options` returns them.

    Returns:
        As `resolve_options` does.
    """
    options = {option.name: option for option in declared}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    for name, option in options.items():
        if name in merged.origins:
            origins[name] = str(merged.origins[name])
        if name not in merged.values:
            if option.default is not None:
                values[name] = _copied(option.default)
                origins[name] = MANIFEST_DEFAULT
            elif option.required:
                problems.append(_required(option, merged.origins.get(name)))
            continue
        try:
            values[name] = coerce_option(option, merged.values[name])
        except OptionsError as error:
            tier = merged.origins[name]
            problems += [_from(tier, one) for one in error.problems]
    return ResolvedOptions(
        values, origins, tuple(problems), _unknown(merged.origins, options)
    )


def _is_empty(value: object) -> bool:
    """Tell whether a form's field was left empty; a blank is a value."""
    if isinstance(value, pydantic.SecretStr):
        value = value.get_secret_value()
    return isinstance(value, str) and not value


def _copied(value: Any) -> Any:  # noqa: ANN401  an option's default
    """Return a default that its receiver may change."""
    if isinstance(value, dict):
        return dict(cast('dict[str, str]', value))
    return value


def _revealed(value: Any) -> Any:  # noqa: ANN401  an option's value
    if isinstance(value, pydantic.SecretStr):
        return value.get_secret_value()
    return _copied(value)


def _required(option: PluginOption, cleared_by: object) -> Problem:
    seen, fix = (
        'nobody sets it',
        f'Set {option.name} on the plugin or on an assignment.',
    )
    if cleared_by:
        seen, fix = (
            f'{cleared_by} clears it',
            f'Give {option.name} a value there instead of an empty text.',
        )
    return Problem(
        'option_required',
        f'options.{option.name}',
        f'{option.label} is required and has no default, and {seen}.',
        fix,
    )


def _from(tier: object, problem: Problem) -> Problem:
    return dataclasses.replace(
        problem, message=f'as {tier} sets it, {problem.message}'
    )


def _unknown(
    origins: Mapping[str, object], known: Collection[str]
) -> tuple[Problem, ...]:
    """Warn of every option that the manifest does not declare."""
    has = f'It has {listed(known, "and")}.' if known else 'It has none.'
    unknown = [name for name in origins if name not in known]
    return tuple(
        Problem(
            'option_unknown',
            f'options.{name}',
            f'{origins[name]} sets it, but the manifest declares no such '
            f'option.{hint(name, known, len(unknown))} {has}',
            'Remove it; it is not handed to the plugin.',
        )
        for name in unknown
    )
