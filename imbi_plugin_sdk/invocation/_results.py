"""Holding what a method returned against the contract, and settling it.

A handler may return models that were never validated (`model_construct`, an
assignment), subclasses of its own, or plain dicts. All of them are laid bare
and validated anew, unless a glance shows that this would change nothing.
Where nothing came out different, the very objects that the handler returned
are handed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pydantic

from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.invocation._exact import ATOMS, glance
from imbi_plugin_sdk.invocation.errors import PluginResultInvalid
from imbi_plugin_sdk.manifest._declaration import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_sdk._inspection.spec import MethodSpec

MOST_PROBLEMS = 20
"""Findings that an error lists: a wrong type repeats in every item of a
list, and twenty are read by nobody."""


class Settler:
    """Validates what one method returns.

    Attributes:
        spec: The method.
        adapter: pydantic's validator of its return annotation.
        glance: Says what needs no validation; None where nobody can.
    """

    __slots__ = ('adapter', 'glance', 'spec')

    def __init__(self, spec: MethodSpec) -> None:
        self.spec = spec
        self.adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(
            spec.returns
        )
        self.glance = glance(spec.returns)

    def settled(self, value: object, plugin: str) -> Any:  # noqa: ANN401  any
        """Return a result as the contract has it.

        Args:
            value: What the handler returned.
            plugin: Who returned it, for messages.

        Returns:
            The same object where it is valid as it is, else a normalised
            one: models of the contract's own classes, coerced values.

        Raises:
            PluginResultInvalid: It is not what the contract says.
        """
        try:
            if self.glance is not None and self.glance(value):
                return value
            fresh = self.adapter.validate_python(_bare(value))
        except pydantic.ValidationError as error:
            problems = list(_problems(self.spec.name, error))
        except RecursionError:
            problems = [_too_deep(self.spec.name)]
        else:
            return value if _same(value, fresh) else fresh
        # Raised here: the error above holds the result and must not be its
        # context.
        raise PluginResultInvalid(
            f'result of {plugin}.{self.spec.name}', problems
        )


def _bare(value: object) -> Any:  # noqa: ANN401  data of any shape
    """Return models as dicts, all the way down; anything else as it is."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is dict:
        entries = cast('dict[object, object]', value).items()
        return {key: _bare(item) for key, item in entries}
    if kind is list or kind is tuple:
        items = [_bare(item) for item in cast('list[object]', value)]
        return items if kind is list else tuple(items)
    if isinstance(value, pydantic.BaseModel):
        fields = {
            name: item if type(item) in ATOMS else _bare(item)
            for name, item in value.__dict__.items()
        }
        for name, item in _extra(value).items():
            fields[name] = _bare(item)
        return fields
    return value


def _extra(model: pydantic.BaseModel) -> dict[str, object]:
    """Return the extra fields; one that was never made has none."""
    return getattr(model, '__pydantic_extra__', None) or {}


def _same(one: object, other: object) -> bool:
    """Tell whether validation changed nothing, types included."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is dict:
        return _same_entries(
            cast('dict[object, object]', one),
            cast('dict[object, object]', other),
        )
    if kind is list or kind is tuple:
        ours, theirs = cast('list[object]', one), cast('list[object]', other)
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if kind not in ATOMS and isinstance(one, pydantic.BaseModel):
        fresh = cast('pydantic.BaseModel', other)
        return _same_entries(one.__dict__, fresh.__dict__) and _same(
            getattr(one, '__pydantic_extra__', None),
            fresh.__pydantic_extra__,
        )
    return bool(one == other)


def _same_entries(
    one: Mapping[Any, object], other: Mapping[Any, object]
) -> bool:
    """Tell whether two dicts are the same, types included."""
    if len(one) != len(other):
        return False
    for key, item in one.items():
        if key not in other:
            return False
        fresh = other[key]
        if item is not fresh and not _same(item, fresh):
            return False
    return True


def _problems(
    method: str, error: pydantic.ValidationError
) -> Iterator[Problem]:
    """Yield what is wrong without quoting what was returned."""
    for detail in error.errors(include_url=False)[:MOST_PROBLEMS]:
        path = path_of(detail['loc'])
        between = '' if not path or path.startswith('[') else '.'
        kind = type(detail['input']).__name__
        seen = (
            'it is missing'
            if detail['type'] == 'missing'
            else f'it is of type {kind}'
        )
        yield Problem(
            'result_invalid',
            f'{method}(){between}{path}',
            f'{seen}, where the contract says: {detail["msg"]}.',
            'Return what the contract annotates; `pytest --imbi-plugin` '
            'shows it on every method.',
        )


def _too_deep(method: str) -> Problem:
    return Problem(
        'result_invalid',
        f'{method}()',
        'it contains itself, or is nested deeper than Python can follow.',
        'Return plain data without cycles.',
    )
