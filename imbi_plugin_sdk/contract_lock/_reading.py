"""Reading the contracts as they stand into plain data."""

from __future__ import annotations

import enum
import inspect
import typing
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pydantic

from imbi_plugin_sdk import errors
from imbi_plugin_sdk._inspection.bodies import only_raises
from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_sdk.contract import CONTRACTS, Contract, methods_of
from imbi_plugin_sdk.contract_lock._types import asked_of, plain, spelled
from imbi_plugin_sdk.handlers.webhook import WEBHOOK_KEYWORDS
from imbi_plugin_sdk.manifest import PluginManifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imbi_plugin_sdk._inspection.spec import MethodSpec

Lock: TypeAlias = dict[str, Any]
"""The lock: what `contracts.lock.json` holds."""

FORMAT_VERSION = 1
"""Version of the lock's own shape."""

TO_PLUGIN, TO_HOST = 'host_to_plugin', 'plugin_to_host'
"""Who supplies a model: what is breaking depends on it."""

WRITTEN_BACK = frozenset(
    {
        ('PluginContext', 'link_writeback'),
        ('PluginContext', 'service_writeback'),
    }
)
"""Fields that run against their model's direction: the handler sets them."""

CALLABLES: dict[str, dict[str, dict[str, Any]]] = {
    'webhook': {
        'WebhookActionCallable': {
            **dict.fromkeys(WEBHOOK_KEYWORDS, Any),
            'ctx': PluginContext,
            'credentials': dict[str, str],
            'external_identifier': str,
            'action_config': pydantic.BaseModel,
        }
    }
}
"""Plugin type to its documented callables, each keyword with its type: what a
class does not show, and what the host passes by name all the same."""


def build_lock() -> Lock:
    """Read every contract as it stands.

    Returns:
        Data that `json.dumps` takes: per plugin type its versions, methods,
        callables, flags and hooks, and the models that are reachable from
        it with their direction; the models; the errors that a handler may
        raise; the slugs that the catalog promises.
    """
    reader = _Reader()
    contracts = {
        plugin_type: reader.contract(contract)
        for plugin_type, contract in CONTRACTS.items()
    }
    return {
        'format_version': FORMAT_VERSION,
        'contracts': contracts,
        'models': {
            name: _model(model) for name, model in reader.models.items()
        },
        'errors': {kind.__name__: _error(kind) for kind in _errors()},
        'slugs': _slugs(),
    }


class _Reader:
    """Reads contracts and remembers the models that it meets.

    Attributes:
        models: Name to model.
    """

    def __init__(self) -> None:
        self.models: dict[str, type[pydantic.BaseModel]] = {}

    def contract(self, contract: Contract) -> dict[str, Any]:
        """Return one plugin type as data."""
        specs = methods_of(contract.protocol)
        reached: dict[str, set[str]] = {}
        self.follow(PluginManifest, TO_HOST, reached)
        for spec in specs.values():
            for parameter in spec.parameters:
                self.follow(parameter.annotation, TO_PLUGIN, reached)
            self.follow(spec.returns, TO_HOST, reached)
        callables = CALLABLES.get(contract.plugin_type, {})
        for keywords in callables.values():
            for annotation in keywords.values():
                self.follow(annotation, TO_PLUGIN, reached)
        return {
            'handler': contract.protocol.__name__,
            'versions': [_version(one) for one in contract.versions],
            'deprecations': [
                {
                    'since': _version(one.since),
                    'removed_in': _version(one.removed_in),
                    'not_before': one.not_before.isoformat(),
                }
                for one in contract.deprecations
            ],
            'capabilities': {
                flag: sorted(names)
                for flag, names in contract.capabilities.items()
            },
            'hooks': dict(contract.hooks),
            'methods': {
                name: _method(spec, contract.protocol)
                for name, spec in specs.items()
            },
            'callables': {
                name: [
                    {'name': keyword, 'type': spelled(annotation)}
                    for keyword, annotation in keywords.items()
                ]
                for name, keywords in callables.items()
            },
            'reaches': {
                name: sorted(directions)
                for name, directions in reached.items()
            },
        }

    def follow(
        self, annotation: object, direction: str, reached: dict[str, set[str]]
    ) -> None:
        """Note every model in an annotation, and what it leads to."""
        if typing.get_origin(annotation) is not None:
            for part in typing.get_args(annotation):
                inner = cast('list[object]', part)
                # The parameters of a callable are supplied by its caller.
                if isinstance(part, list):
                    for one in inner:
                        self.follow(one, _turned(direction), reached)
                else:
                    self.follow(part, direction, reached)
            return
        model = _model_of(annotation)
        if model is None:
            return
        name = model.__name__
        if self.models.setdefault(name, model) is not model:
            raise TypeError(f'two models of the contract are called {name}')
        directions = reached.setdefault(name, set())
        if direction in directions:
            return
        directions.add(direction)
        for field, info in model.model_fields.items():
            against = (name, field) in WRITTEN_BACK
            self.follow(
                info.annotation,
                _turned(direction) if against else direction,
                reached,
            )


def _turned(direction: str) -> str:
    return TO_HOST if direction == TO_PLUGIN else TO_PLUGIN


def _model_of(annotation: object) -> type[pydantic.BaseModel] | None:
    """Return a model of this SDK; None for what is spelled as a whole.

    Raises:
        TypeError: Its parts would change unseen.
    """
    if (
        not isinstance(annotation, type)
        or not annotation.__module__.startswith('imbi_plugin_sdk.')
        or issubclass(annotation, enum.Enum)
    ):
        return None
    if issubclass(annotation, pydantic.BaseModel):
        return annotation
    raise TypeError(
        f'the lock cannot look into {annotation.__name__}; a contract is '
        'made of pydantic models and enums'
    )


def _version(version: tuple[int, int]) -> str:
    return f'{version[0]}.{version[1]}'


# --- methods -----------------------------------------------------------


def _method(spec: MethodSpec, protocol: type) -> dict[str, Any]:
    """Return one method as data; what it does by default, if it does."""
    member = vars(protocol)[spec.name]
    function = getattr(member, '__func__', member)
    data: dict[str, Any] = {
        'required': spec.required,
        'kind': _kind(function, spec),
        'parameters': [_parameter(one) for one in spec.parameters],
        'returns': spelled(spec.returns),
    }
    if not spec.required:
        raises = only_raises(function.__code__)
        data['default'] = 'raises' if raises else 'answers'
    return data


def _kind(function: Callable[..., Any], spec: MethodSpec) -> str:
    """Return how a method is called, as it is and not as it should be."""
    ways = {
        'coroutine': inspect.iscoroutinefunction(function),
        'async generator': inspect.isasyncgenfunction(function),
        'generator': inspect.isgeneratorfunction(function),
    }
    way = next((name for name, it_is in ways.items() if it_is), 'method')
    if spec.kind != 'classmethod':
        return way
    return 'classmethod' if way == 'method' else f'{way} classmethod'


def _parameter(parameter: inspect.Parameter) -> dict[str, Any]:
    data: dict[str, Any] = {
        'name': parameter.name,
        'kind': parameter.kind.name.lower(),
        'type': spelled(parameter.annotation),
    }
    if parameter.default is not parameter.empty:
        data['default'] = plain(parameter.default)
    return data


# --- models ------------------------------------------------------------


def _model(model: type[pydantic.BaseModel]) -> dict[str, Any]:
    """Return one model as data."""
    return {
        'extra': model.model_config.get('extra') or 'ignore',
        'frozen': bool(model.model_config.get('frozen')),
        'fields': {
            name: _field(model.__name__, name, info)
            for name, info in model.model_fields.items()
        },
    }


def _field(model: str, name: str, info: Any) -> dict[str, Any]:  # noqa: ANN401  pydantic's FieldInfo, whose type parameters differ by release
    """Return one field as data; without `default` it is required."""
    data: dict[str, Any] = {'type': spelled(info.annotation)}
    if not info.is_required():
        data['default'] = plain(info.get_default(call_default_factory=True))
    asked = dict(asked_of(info.metadata))
    if info.discriminator is not None:
        asked['discriminator'] = plain(info.discriminator)
    if asked:
        data['constraints'] = asked
    if alias := info.validation_alias or info.alias:
        data['alias'] = plain(alias)
    if (model, name) in WRITTEN_BACK:
        data['written_back'] = True
    return data


# --- errors and slugs --------------------------------------------------


def _errors() -> Iterator[type[errors.PluginError]]:
    """Yield the errors that a handler may raise."""
    for value in vars(errors).values():
        if (
            isinstance(value, type)
            and issubclass(value, errors.PluginError)
            and not issubclass(value, errors.ProblemsError)
        ):
            yield value


def _error(kind: type[errors.PluginError]) -> dict[str, Any]:
    """Return one error as data."""
    data: dict[str, Any] = {'code': kind.code, 'status': kind.http_status}
    if '__init__' in vars(kind):
        own = inspect.signature(kind).parameters.values()
        data['parameters'] = [
            f'{_HOW.get(one.kind, "")}{one.replace(annotation=one.empty)}'
            for one in own
        ]
    return data


_HOW: dict[object, str] = {
    inspect.Parameter.POSITIONAL_ONLY: 'positional ',
    inspect.Parameter.KEYWORD_ONLY: 'keyword ',
}
"""What stands before a parameter that is passed in one way only."""


def _slugs() -> dict[str, list[str]]:
    """Return the slugs that the shipped catalog promises.

    The document is read and not the module that judges it: that lies on a
    higher floor.
    """
    import tomllib  # noqa: PLC0415  4 ms, and only here
    from importlib.resources import files  # noqa: PLC0415  on demand

    text = (files('imbi_plugin_sdk') / 'catalog.toml').read_text('utf-8')
    found: dict[str, list[str]] = {}
    for entry in tomllib.loads(text)['entries']:
        known = {*found.get(entry['distribution'], ()), *entry['slugs']}
        found[entry['distribution']] = sorted(known)
    return found
