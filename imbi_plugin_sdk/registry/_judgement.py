"""Judging what an entry point gave: version, manifest, contract.

All of this touches a stranger's object, whose metaclass and descriptors may
do anything, so all of it runs guarded. Nothing is instantiated or called.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from imbi_plugin_sdk.contract import negotiate
from imbi_plugin_sdk.errors import Problem
from imbi_plugin_sdk.registry._manifests import (
    Rejected,
    broken_contract,
    judged_manifest,
    own_manifest,
)
from imbi_plugin_sdk.registry._shape import plainly_conforms
from imbi_plugin_sdk.registry.adapters import contract_errors, lifted

if TYPE_CHECKING:
    from imbi_plugin_sdk.contract import Contract, Negotiation
    from imbi_plugin_sdk.errors import ManifestError
    from imbi_plugin_sdk.manifest import PluginManifest
    from imbi_plugin_sdk.registry.adapters import Adapter


class Binding(NamedTuple):
    """One handler class that may serve one slug.

    Attributes:
        slug: As in the manifest.
        plugin_type: As in the manifest.
        handler: The class.
        manifest: Our own frozen copy.
        contract_version: What was negotiated.
        findings: What keeps nobody from using it.
        protocol: What is called.
        lifted: What an adapter made of it, if it is of an older major.
    """

    slug: str
    plugin_type: str
    handler: type
    manifest: PluginManifest
    contract_version: tuple[int, int]
    findings: tuple[Problem, ...]
    protocol: type
    lifted: type | None = None


class Served:
    """The contracts that a host serves, and what was negotiated before.

    Attributes:
        table: Plugin type to contract.
        adapters: Plugin type and older major to what lifts it.
    """

    def __init__(
        self,
        table: Mapping[str, Contract],
        adapters: Mapping[tuple[str, int], Adapter] = MappingProxyType({}),
    ) -> None:
        self.table = table
        self.adapters = adapters
        self._before: dict[tuple[str, object, type], Negotiation] = {}
        self._protocols: dict[tuple[str, int], type] = {}

    def negotiate(self, plugin_type: str, declared: object) -> Negotiation:
        """Negotiate once per type and version: plugins declare the same."""
        kind = type(declared)
        if kind is not int and kind is not str:
            return negotiate(plugin_type, declared, contracts=self.table)
        key = plugin_type, declared, kind
        found = self._before.get(key)
        if found is None:
            found = negotiate(plugin_type, declared, contracts=self.table)
            self._before[key] = found
        return found

    def protocol(self, plugin_type: str, major: int) -> type:
        """Return what a class of a major is held to.

        That is the current protocol where the table keeps no older one.
        """
        key = plugin_type, major
        found = self._protocols.get(key)
        if found is None:
            contract = self.table[plugin_type]
            found = contract.protocol_of(major) or contract.protocol
            self._protocols[key] = found
        return found


_ABSENT = object()


def bindings_of(target: object, contracts: Served) -> tuple[Binding, ...]:
    """Return what an entry point's object binds: in contract 1, one handler.

    Raises:
        Rejected: It binds nothing.
    """
    manifest = judged_manifest(target)
    if manifest is None:
        version_is_served(target, contracts)
        manifest = own_manifest(target)
    slug, plugin_type = manifest.slug, manifest.plugin_type
    negotiation = contracts.negotiate(plugin_type, manifest.api_version)
    if negotiation.version is None:
        raise _unserved(negotiation, slug)
    handler = cast('type', target)
    try:
        protocol, made = _held_to_contract(
            handler, plugin_type, negotiation.version[0], contracts
        )
    except Rejected as rejected:
        rejected.slug = slug
        raise
    findings: tuple[Problem, ...] = ()
    if negotiation.state == 'deprecated':
        findings = (
            Problem(
                'api_version_deprecated',
                'api_version',
                negotiation.message,
                negotiation.remedy,
            ),
        )
    return (
        Binding(
            slug,
            plugin_type,
            handler,
            manifest,
            negotiation.version,
            findings,
            protocol,
            made,
        ),
    )


def _held_to_contract(
    handler: type, plugin_type: str, major: int, contracts: Served
) -> tuple[type, type | None]:
    """Hold a class to its contract; lift it where the host has an adapter.

    Returns:
        The protocol that is called, and what is called in the place of the
        class; None if it is called itself.

    Raises:
        Rejected: It breaks its contract, or cannot be lifted.
    """
    if (plugin_type, major) in contracts.adapters:
        contract = contracts.table[plugin_type]
        made = lifted(handler, contract, major, contracts.adapters)
        return contract.protocol, made
    protocol = contracts.protocol(plugin_type, major)
    if not plainly_conforms(handler, protocol):
        errors = contract_errors(handler, protocol)
        if errors:
            raise Rejected('contract', broken_contract(errors), errors)
    return protocol, None


# --- the version, before anything else ---------------------------------


def version_is_served(target: object, contracts: Served) -> None:
    """Read `api_version` from whatever there is, and judge it first.

    A plugin for a newer contract may look like nothing we know; it is
    unsupported then, and not broken.

    Raises:
        Rejected: This host does not serve that version.
    """
    manifest = _attribute(target, 'manifest')
    declared = _attribute(manifest, 'api_version')
    plugin_type = _attribute(manifest, 'plugin_type')
    if declared is _ABSENT:
        declared = _attribute(target, 'api_version')
    if declared is not _ABSENT:
        _judge_version(declared, plugin_type, contracts)


def refused_manifest_version(error: ManifestError, contracts: Served) -> None:
    """Read `api_version` from a manifest that did not come to be.

    A manifest for a newer contract has fields that ours refuses, so that it
    fails while its module is imported. What it declared is still in the
    frame that refused it.

    Raises:
        Rejected: This host does not serve that version.
    """
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name == '_report_all':
            data = frame.f_locals.get('data')
            if isinstance(data, Mapping) and 'api_version' in data:
                _judge_version(
                    cast('Any', data)['api_version'],
                    cast('Any', data).get('plugin_type'),
                    contracts,
                )
            return
        trace = trace.tb_next


def _attribute(target: object, name: str) -> Any:  # noqa: ANN401  anything
    """Return an attribute or a mapping's value; absent whatever goes wrong."""
    if target is _ABSENT:
        return _ABSENT
    try:
        found = getattr(target, name, _ABSENT)
        if found is _ABSENT and isinstance(target, Mapping):
            return cast('Any', target).get(name, _ABSENT)
    except Exception:  # noqa: BLE001  a later stage says what is wrong
        return _ABSENT
    else:
        return found


def _judge_version(
    declared: object, plugin_type: object, contracts: Served
) -> None:
    """Refuse a version that no contract in question serves."""
    if isinstance(plugin_type, str) and plugin_type in contracts.table:
        candidates: tuple[str, ...] = (str(plugin_type),)
    else:
        candidates = tuple(contracts.table)
    outcomes = [
        contracts.negotiate(candidate, declared) for candidate in candidates
    ]
    if not outcomes or any(outcome.is_served for outcome in outcomes):
        return
    first = outcomes[0]
    if len(outcomes) > 1:  # what type it is of, a later contract may know
        message = first.message.replace(
            f'for plugin type {first.plugin_type!r}', 'for any plugin type'
        )
        first = dataclasses.replace(first, message=message)
    raise _unserved(first)


def _unserved(negotiation: Negotiation, slug: str = '') -> Rejected:
    invalid = negotiation.state == 'invalid'
    return Rejected(
        'api_version',
        Problem(
            'api_version_invalid' if invalid else 'api_version_unsupported',
            'api_version',
            negotiation.message,
            negotiation.remedy,
        ),
        slug=slug,
    )
