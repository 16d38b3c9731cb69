"""Adapters: how a host goes on serving handlers of an older major version.

While major N is current and N-1 is still supported, the host's own code calls
N only. An adapter makes a class of N out of a class of N-1, so that the one
place that knows the difference is the adapter (DESIGN, ranges). The registry
keeps both: what the plugin is, and what is called.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.contract import conformance
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry import _guard
from imbi_plugin_sdk.registry._manifests import Rejected, broken_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from imbi_plugin_sdk.contract import Contract

__all__ = ['Adapter']


@dataclasses.dataclass(frozen=True, slots=True)
class Adapter:
    """Lifts handler classes from one major contract version to the next.

    Attributes:
        plugin_type: The plugin type it is for.
        from_major: The major version of the classes that it takes.
        to_major: The next one, which the classes that it gives conform to.
        lift: From a class to a class. It is called once per plugin and load,
            guarded as an import is; the class it gives is instantiated
            without arguments, for every request.

    Raises:
        ValueError: The majors do not follow one another; adapters are
            chained by the registry.
    """

    plugin_type: str
    from_major: int
    to_major: int
    lift: Callable[[type], type]

    def __post_init__(self) -> None:
        """Refuse a step that is none."""
        if self.to_major != self.from_major + 1:
            raise ValueError(
                f'the adapter for {self.plugin_type!r} goes from major '
                f'{self.from_major} to {self.to_major}; give one adapter per '
                'step, as in 1 to 2, and the registry chains them'
            )


def table_of(
    adapters: Iterable[Adapter], contracts: Mapping[str, Contract]
) -> dict[tuple[str, int], Adapter]:
    """Return adapters by plugin type and the major that they take.

    Raises:
        ValueError: Two take the same, or one gives what nobody serves.
    """
    table: dict[tuple[str, int], Adapter] = {}
    for adapter in adapters:
        key = adapter.plugin_type, adapter.from_major
        what = f'the adapter for {key[0]!r} from major {key[1]}'
        if key in table:
            raise ValueError(f'{what} is given twice; leave one out')
        contract = contracts.get(adapter.plugin_type)
        if contract is None or adapter.to_major > contract.current[0]:
            current = contract.current[0] if contract else 'none'
            raise ValueError(
                f'{what} gives major {adapter.to_major}, and the newest that '
                f'is served is {current}; leave it out'
            )
        table[key] = adapter
    return table


def lifted(
    handler: type,
    contract: Contract,
    major: int,
    adapters: Mapping[tuple[str, int], Adapter],
) -> type:
    """Return a class of the current major, made of one of an older major.

    Args:
        handler: The plugin's own class.
        contract: What the host serves for its plugin type.
        major: The major that was negotiated, older than the current one.
        adapters: What the host declared.

    Raises:
        Rejected: There is no adapter, it raised, or what it took or gave
            does not conform.
    """
    made = handler
    _must_conform(made, contract, major)
    while major < contract.current[0]:
        adapter = adapters.get((contract.plugin_type, major))
        if adapter is None:
            raise Rejected('contract', _missing(contract, major))
        try:
            given: Any = adapter.lift(made)
        except BaseException as error:  # noqa: BLE001  whatever it raises
            raise Rejected(
                'contract', _failed(adapter, _guard.describe(error))
            ) from None
        major = adapter.to_major
        if not issubclass(type(given), type):
            raise Rejected('contract', _no_class(adapter, given))
        made = given
        _must_conform(made, contract, major, adapter)
    return made


def _must_conform(
    cls: type, contract: Contract, major: int, adapter: Adapter | None = None
) -> None:
    """Hold a class to the protocol of a major, if it is kept.

    Raises:
        Rejected: It does not conform.
    """
    protocol = contract.protocol_of(major)
    if protocol is None:
        return
    errors = contract_errors(cls, protocol)
    if not errors:
        return
    if adapter is None:
        raise Rejected('contract', broken_contract(errors), errors)
    raise Rejected(
        'contract',
        Problem(
            'adapter_result',
            '',
            f'the adapter from major {adapter.from_major} to '
            f'{adapter.to_major} gave a class that breaks the contract: '
            f'{errors[0].path}: {errors[0].message}',
            "Mend the host's adapter, or install a version of the plugin for "
            f'major {adapter.to_major}.',
        ),
        errors,
    )


_WARNINGS = frozenset({'annotation_contradicts'})
"""What `conformance` reports that no call can feel; the kit tells it."""


def contract_errors(cls: type, protocol: type) -> tuple[Problem, ...]:
    """Return what calls of a class would feel of its differences."""
    return tuple(
        problem
        for problem in conformance(cls, protocol=protocol)
        if problem.code not in _WARNINGS
    )


def _missing(contract: Contract, major: int) -> Problem:
    current = contract.current[0]
    return Problem(
        'adapter_missing',
        'api_version',
        f'it is written for major {major} of the {contract.plugin_type} '
        f'contract, this host calls major {current}, and no adapter lifts it '
        f'from {major} to {major + 1}.',
        f'Install a version of the plugin for major {current}, or give the '
        f'registry `Adapter({contract.plugin_type!r}, {major}, {major + 1}, '
        'lift)`.',
    )


def _failed(adapter: Adapter, raised: _guard.Raised) -> Problem:
    return Problem(
        'adapter_failed',
        '',
        f'the adapter from major {adapter.from_major} to '
        f'{adapter.to_major} raised {raised.type_name}'
        f'{f" at {raised.where}" if raised.where else ""} for it.',
        "Mend the host's adapter, or install a version of the plugin for "
        f'major {adapter.to_major}.',
    )


def _no_class(adapter: Adapter, made: object) -> Problem:
    kind = str(type.__dict__['__name__'].__get__(type(made)))
    return Problem(
        'adapter_result',
        '',
        f'the adapter from major {adapter.from_major} to '
        f'{adapter.to_major} gave an object of type {kind}; it must give a '
        'class.',
        "Return a class from the host's adapter, as `class Lifted: ...`.",
    )
