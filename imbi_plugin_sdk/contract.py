"""The one table of contracts, and what can be asked about it.

`CONTRACTS` says, per plugin type, which handler a class must match and which
contract versions this SDK serves. Everything else is derived: `methods` reads
the protocol, `conformance` compares a class with it, `negotiate` compares
what a plugin declares with the versions. All of it is pure: no class is
instantiated or called, and nothing is remembered but what was read from our
own protocols.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import sys
import typing
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk import _versions
from imbi_plugin_sdk._inspection import classes
from imbi_plugin_sdk._inspection import conformance as _conformance
from imbi_plugin_sdk._inspection.spec import MethodSpec
from imbi_plugin_sdk._text import did_you_mean, listed, shown
from imbi_plugin_sdk._versions import Deprecation, Negotiation, Version
from imbi_plugin_sdk.errors import ContractError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    'CONTRACTS',
    'Contract',
    'Deprecation',
    'MethodSpec',
    'Negotiation',
    'conformance',
    'contract_for',
    'is_implemented',
    'methods',
    'methods_of',
    'negotiate',
]


def _nothing() -> Any:  # noqa: ANN401  a field of any mapping type
    """Return a dataclass field that is an empty, frozen mapping."""
    return dataclasses.field(
        default_factory=lambda: MappingProxyType[str, Any]({})
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Contract:
    """What one plugin type promises.

    Attributes:
        plugin_type: The value of `PluginManifest.plugin_type`.
        handler: Where the protocol is, as `module:Name`; imported on use.
        versions: The contract versions served, oldest first.
        deprecations: Which of them are on their way out.
        capabilities: Manifest flag to the methods that it promises.
        hooks: Lifecycle event to the method that the host calls.
        older: Older major that is served to its protocol, as `module:Name`.
    """

    plugin_type: str
    handler: str
    versions: tuple[Version, ...] = ((1, 0),)
    deprecations: tuple[Deprecation, ...] = ()
    capabilities: Mapping[str, tuple[str, ...]] = _nothing()
    hooks: Mapping[str, str] = _nothing()
    older: Mapping[int, str] = _nothing()

    def __post_init__(self) -> None:
        """Hold the order of the versions, which everything counts on.

        Raises:
            ValueError: There is no version, or they do not go up.
        """
        if not self.versions or [*self.versions] != sorted({*self.versions}):
            raise ValueError(
                f'the versions of plugin type {self.plugin_type!r} are '
                f'{self.versions}; give at least one, the oldest first'
            )

    @property
    def current(self) -> Version:
        """The newest contract version."""
        return self.versions[-1]

    @property
    def oldest(self) -> Version:
        """The oldest contract version that is still served."""
        return self.versions[0]

    @property
    def protocol(self) -> type:
        """The handler's protocol class, imported now."""
        return _imported(self.handler)

    def protocol_of(self, major: int) -> type | None:
        """Return the protocol of a major version; None if none is kept."""
        if major == self.current[0]:
            return self.protocol
        reference = self.older.get(major)
        return None if reference is None else _imported(reference)

    def loaded(self) -> type | None:
        """Return the protocol if somebody has imported it already."""
        module, _, name = self.handler.partition(':')
        return getattr(sys.modules.get(module), name, None)


def _imported(reference: str) -> type:
    module, _, name = reference.partition(':')
    found: type = getattr(importlib.import_module(module), name)
    return found


_HANDLERS = 'imbi_plugin_sdk.handlers'

_TABLE = (
    Contract(
        'configuration', f'{_HANDLERS}.configuration:ConfigurationPlugin'
    ),
    Contract(
        'logs',
        f'{_HANDLERS}.logs:LogsPlugin',
        capabilities=MappingProxyType({'supports_histogram': ('histogram',)}),
    ),
    Contract('identity', f'{_HANDLERS}.identity:IdentityPlugin'),
    Contract(
        'deployment',
        f'{_HANDLERS}.deployment:DeploymentPlugin',
        capabilities=MappingProxyType(
            {'supports_deployment_sync': ('list_recent_deployments',)}
        ),
    ),
    Contract(
        'lifecycle',
        f'{_HANDLERS}.lifecycle:LifecyclePlugin',
        capabilities=MappingProxyType(
            {
                'supports_lifecycle_sync': (
                    'on_project_created',
                    'on_project_updated',
                )
            }
        ),
        hooks=MappingProxyType(
            {
                'created': 'on_project_created',
                'updated': 'on_project_updated',
                'archived': 'on_project_archived',
                'unarchived': 'on_project_unarchived',
                'deleted': 'on_project_deleted',
                'relocated': 'on_project_relocated',
            }
        ),
    ),
    Contract('webhook', f'{_HANDLERS}.webhook:WebhookActionPlugin'),
    Contract('analysis', f'{_HANDLERS}.analysis:AnalysisPlugin'),
    Contract('incidents', f'{_HANDLERS}.incidents:IncidentsPlugin'),
    Contract('connection', f'{_HANDLERS}.connection:ConnectionPlugin'),
)

CONTRACTS: Mapping[str, Contract] = MappingProxyType(
    {contract.plugin_type: contract for contract in _TABLE}
)
"""Plugin type to its contract, in the order of the manifest's literal."""


def contract_for(plugin_type: str, api_version: int = 1) -> Contract:
    """Return the contract of a plugin type.

    Args:
        plugin_type: As in `PluginManifest.plugin_type`.
        api_version: The major contract version.

    Returns:
        The contract.

    Raises:
        ContractError: No such type (`plugin_type_unknown`), or none of its
            served versions has this major (`api_version_unsupported`).
    """
    contract = CONTRACTS.get(plugin_type)
    if contract is None:
        raise ContractError('plugin type', (unknown_type(plugin_type),))
    majors = [major for major, _ in contract.versions]
    if isinstance(api_version, bool) or api_version not in majors:
        problem = Problem(
            'api_version_unsupported',
            'api_version',
            f'is {shown(api_version)}; for plugin type {plugin_type!r} this '
            f'SDK serves {_versions.span(contract.versions)}.',
            f'Declare api_version={contract.current[0]}, or use an '
            'imbi-plugin-sdk that serves this version.',
        )
        raise ContractError(f'plugin type {plugin_type!r}', (problem,))
    return contract


def unknown_type(plugin_type: object) -> Problem:
    """Return the problem of a plugin type that the table has not."""
    if not isinstance(plugin_type, str):
        seen, hint = f'of type {type(plugin_type).__name__}', ''
    else:
        seen, hint = shown(plugin_type), did_you_mean(plugin_type, CONTRACTS)
    return Problem(
        'plugin_type_unknown',
        'plugin_type',
        f'is {seen}, which this SDK does not know.{hint}',
        f'Use {listed(CONTRACTS)}, or an imbi-plugin-sdk that knows it.',
    )


def methods(plugin_type: str) -> Mapping[str, MethodSpec]:
    """Return the methods of a plugin type, in the protocol's order.

    Raises:
        ContractError: No such type.
    """
    return methods_of(contract_for(plugin_type).protocol)


@functools.cache
def methods_of(protocol: type) -> Mapping[str, MethodSpec]:
    """Return the methods of a protocol class, in its order."""
    return MappingProxyType(
        {
            name: _spec(name, member)
            for name, member in vars(protocol).items()
            if not name.startswith('_')
            and (inspect.isfunction(member) or isinstance(member, classmethod))
        }
    )


def _spec(name: str, member: Any) -> MethodSpec:  # noqa: ANN401  any callable
    """Read one method of a protocol."""
    is_class = isinstance(member, classmethod)
    function: Any = getattr(member, '__func__', member)
    # Not as they are written, which may be text.
    hints = typing.get_type_hints(function, include_extras=True)
    return MethodSpec(
        name=name,
        required=getattr(member, '__isabstractmethod__', False),
        kind='classmethod' if is_class else 'coroutine',
        parameters=tuple(
            one.replace(annotation=hints.get(one.name, one.annotation))
            for one in inspect.signature(function).parameters.values()
        )[1:],
        returns=hints['return'],
    )


def is_implemented(cls: type, method: str) -> bool:
    """Tell whether a class implements a method.

    It does when it overrides the contract's default with anything but a body
    that only raises NotImplementedError. Inherited overrides count. The body
    is read as byte code, so that a class without source is judged alike.

    Args:
        cls: A handler class; it is neither instantiated nor called.
        method: The method's name.

    Returns:
        False also for a method that is absent, abstract, or not callable.
    """
    defaults = [
        vars(protocol)[method]
        for contract in CONTRACTS.values()
        if (protocol := contract.loaded()) is not None
        and method in vars(protocol)
    ]
    return classes.is_implemented(cls, method, defaults)


def conformance(
    cls: object,
    plugin_type: str | None = None,
    *,
    protocol: type | None = None,
) -> tuple[Problem, ...]:
    """Say every difference between a class and its contract at once.

    A class may subclass the handler or match it structurally; optional
    methods may be left out, the host then uses the contract's defaults. What
    counts is what a call can feel: names, coroutine or not, parameters by
    name, kind, order and default. Widening is fine.

    Args:
        cls: The class; it is neither instantiated nor called.
        plugin_type: The contract to hold it to; None takes
            `cls.manifest.plugin_type`.
        protocol: A protocol in the place of that contract's own, as an
            older or newer major has one.

    Returns:
        Problems in the contract's order; empty when the class conforms. The
        code `annotation_contradicts` is a warning, the others are errors:
        not_a_class, plugin_type_unknown, class_is_abstract,
        constructor_arguments, method_missing, method_renamed,
        method_not_coroutine, method_is_coroutine, not_callable,
        static_method, not_a_classmethod, parameter_missing, parameter_extra,
        parameter_renamed, parameter_reordered, parameter_default,
        parameter_kind, inspection_failed.
    """
    if not issubclass(type(cls), type):
        return (_conformance.not_a_class(cls),)
    handler = typing.cast('type', cls)
    if protocol is not None:
        return _conformance.problems(handler, protocol, methods_of(protocol))
    wanted = plugin_type or _conformance.declared_type(cls)
    if not isinstance(wanted, str) or wanted not in CONTRACTS:
        return (unknown_type(wanted),)
    protocol = CONTRACTS[wanted].protocol
    return _conformance.problems(handler, protocol, methods(wanted))


def negotiate(
    plugin_type: str,
    declared: object,
    *,
    contracts: Mapping[str, Contract] = CONTRACTS,
) -> Negotiation:
    """Find the contract version that a plugin and this SDK share.

    Never raises for what a plugin declares: a plugin for a newer contract is
    unsupported, not broken.

    Args:
        plugin_type: As the manifest declares it. One that the table has not
            is `too_new`: a later contract may know it.
        declared: The manifest's `api_version`: an int (`1` is `>=1.0,<2`; a
            bool is none) or a version specifier such as `>=1.2,<3`.
        contracts: A table of one's own, to serve less than this SDK does.

    Returns:
        State, highest common version, message and remedy.
    """
    contract = contracts.get(plugin_type)
    if contract is None:
        problem = unknown_type(plugin_type)
        return Negotiation(
            plugin_type=plugin_type,
            declared=_versions.declared_text(declared),
            state='too_new',
            version=None,
            message=f'plugin_type {problem.message}',
            remedy=problem.fix,
        )
    return _versions.negotiate(
        plugin_type, declared, contract.versions, contract.deprecations
    )
