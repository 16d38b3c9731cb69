"""Binding a call to the contract, before the plugin is touched."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import pydantic

from imbi_plugin_sdk._inspection import classes
from imbi_plugin_sdk._inspection.conformance import declared_type
from imbi_plugin_sdk._text import did_you_mean, listed
from imbi_plugin_sdk.contract import contract_for, methods_of, unknown_type
from imbi_plugin_sdk.errors import ContractError, Problem
from imbi_plugin_sdk.invocation import _secrets
from imbi_plugin_sdk.invocation._failures import Call
from imbi_plugin_sdk.invocation._results import Settler
from imbi_plugin_sdk.invocation._running import Attempt, Job
from imbi_plugin_sdk.invocation.errors import InvocationError
from imbi_plugin_sdk.manifest import PluginManifest

if TYPE_CHECKING:
    from imbi_plugin_sdk._inspection.spec import MethodSpec
    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_sdk.handlers.webhook import (
        ActionDescriptor,
        WebhookActionPlugin,
    )


class Invocable(Protocol):
    """What can be called: an entry of a registry's snapshot, for instance."""

    @property
    def handler(self) -> type:
        """The handler class."""
        ...

    @property
    def plugin_type(self) -> str:
        """Its plugin type."""
        ...


class _Plan(NamedTuple):
    """What is worked out once per method of the contract.

    Attributes:
        spec: The method.
        names: What `arguments` may name.
        required: What it must name.
        default: The contract's own function, for optional methods.
        settler: Validates the result.
    """

    spec: MethodSpec
    names: frozenset[str]
    required: tuple[str, ...]
    default: Any
    settler: Settler


@functools.cache
def _plan(protocol: type, method: str) -> _Plan | None:
    """Return how a method is called; None where the contract has it not."""
    spec = methods_of(protocol).get(method)
    if spec is None:
        return None
    # The first two are context and credentials; a class method has none.
    beyond = spec.parameters[2:] if spec.kind == 'coroutine' else ()
    return _Plan(
        spec,
        frozenset(parameter.name for parameter in beyond),
        tuple(
            parameter.name
            for parameter in beyond
            if parameter.default is parameter.empty
        ),
        None if spec.required else vars(protocol)[method],
        Settler(spec),
    )


class Target(NamedTuple):
    """A handler class, its type, and what to call it in messages.

    Attributes:
        handler: The class that is called.
        plugin_type: Its plugin type.
        slug: Its slug, or the name of the class.
        protocol: What it is called by.
        manifest: The manifest of the plugin's own class.
    """

    handler: type
    plugin_type: str
    slug: str
    protocol: type
    manifest: object


def target_of(entry: Invocable | type, plugin_type: str | None) -> Target:
    """Return what is to be called.

    Raises:
        ContractError: A class was given whose plugin type nobody tells.
    """
    if not isinstance(entry, type):
        handler, known = entry.handler, plugin_type or entry.plugin_type
    else:
        handler, known = entry, plugin_type or declared_type(entry)
        if not isinstance(known, str):
            raise ContractError(
                classes.class_name(entry), (unknown_type(known),)
            )
    # A class's manifest, read without running its code.
    manifest = classes.lookup(handler, 'manifest')[1]
    slug = getattr(manifest, 'slug', None)
    name = slug if isinstance(slug, str) else classes.class_name(handler)
    protocol: type | None = None
    if not isinstance(entry, type) and known == entry.plugin_type:
        # What a registry's entry says besides; other entries need not.
        protocol = getattr(entry, 'protocol', None)
        handler = getattr(entry, 'lifted', None) or handler
    if protocol is None:
        protocol = contract_for(known).protocol
    return Target(handler, known, name, protocol, manifest)


def method_job(
    target: Target, method: str, arguments: Mapping[str, Any]
) -> Job:
    """Bind one call of a contract method.

    Raises:
        InvocationError: The contract has no such method or argument.
        ContractError: There is no such plugin type.
    """
    plan = _plan(target.protocol, method)
    if plan is None:
        raise _unknown_method(target, method)
    if arguments or plan.required:
        _check_arguments(target, plan, arguments)
    handler = target.handler
    lacks = (
        plan.default is not None and classes.lookup(handler, method)[0] is None
    )

    def make(context: PluginContext, credentials: dict[str, str]) -> object:
        if plan.spec.kind == 'classmethod':
            return getattr(handler, method)()
        instance = handler()
        if lacks:
            return plan.default(instance, context, credentials, **arguments)
        return getattr(instance, method)(context, credentials, **arguments)

    return Job(
        Call(target.slug, method, optional=not plan.spec.required),
        make,
        functools.partial(plan.settler.settled, plugin=target.slug),
        functools.partial(_secret, target.manifest, arguments),
    )


def _secret(
    manifest: object, arguments: Mapping[str, Any], attempts: list[Attempt]
) -> set[str]:
    """Return what no error of these attempts may show."""
    names: list[str] = []
    if isinstance(manifest, PluginManifest):
        names = [one.name for one in manifest.options if one.type == 'secret']
    found: set[str] = set()
    for context, credentials in attempts:
        found |= _secrets.secrets_of(
            credentials=credentials,
            context=context,
            arguments=arguments,
            secret_options=names,
        )
    return found


def _unknown_method(target: Target, method: str) -> InvocationError:
    known = methods_of(target.protocol)
    return InvocationError(
        f'call of {target.slug}.{method}',
        [
            Problem(
                'method_unknown',
                method,
                f'the contract of plugin type {target.plugin_type!r} has no '
                f'such method.{did_you_mean(method, known)}',
                f'Call {listed(known)}.'
                if known
                else 'A plugin of this type has no methods to call.',
            )
        ],
    )


def _check_arguments(
    target: Target, plan: _Plan, arguments: Mapping[str, Any]
) -> None:
    """Refuse names that the contract does not know, and missing ones."""
    problems = [
        Problem(
            'argument_unknown',
            f'{plan.spec.name}({name})',
            'the contract has no such parameter.'
            f'{did_you_mean(name, plan.names)}',
            f'Pass {listed(sorted(plan.names), last="and")}.'
            if plan.names
            else 'Pass no arguments; context and credentials go by '
            'themselves.',
        )
        for name in arguments
        if name not in plan.names
    ]
    problems += [
        Problem(
            'argument_missing',
            f'{plan.spec.name}({name})',
            'the contract has no default for it.',
            f'Add {name!r} to the arguments.',
        )
        for name in plan.required
        if name not in arguments
    ]
    if problems:
        raise InvocationError(
            f'call of {target.slug}.{plan.spec.name}', problems
        )


# --- webhook actions ---------------------------------------------------


def action_job(
    target: Target,
    action: str,
    *,
    external_identifier: str,
    config: Mapping[str, Any] | pydantic.BaseModel,
    event: object,
) -> Job:
    """Bind one call of a webhook action (laws WEB001 and WEB002).

    The plugin is asked for its actions when the call is made, inside of the
    guard: listing them imports what they name.
    """
    handler = cast('type[WebhookActionPlugin]', target.handler)

    def make(context: PluginContext, credentials: dict[str, str]) -> object:
        plan = _plan(target.protocol, 'actions')
        assert plan is not None  # noqa: S101  the contract has it
        found = plan.settler.settled(handler.actions(), target.slug)
        descriptor = _descriptor(target, action, found)
        function: Any = descriptor.callable
        return function(
            ctx=context,
            credentials=credentials,
            external_identifier=external_identifier,
            action_config=_configured(target, descriptor, config),
            event=event,
        )

    return Job(
        Call(target.slug, action, optional=False),
        make,
        _nothing,
        functools.partial(
            _secret, target.manifest, {'config': config, 'event': event}
        ),
    )


def _nothing(value: object) -> None:
    """Drop what an action returns: the contract has it return nothing."""
    del value


def _descriptor(
    target: Target, action: str, found: list[ActionDescriptor]
) -> ActionDescriptor:
    """Return the action of a name."""
    by_name = {descriptor.name: descriptor for descriptor in found}
    if action in by_name:
        return by_name[action]
    raise InvocationError(
        f'call of {target.slug}#{action}',
        [
            Problem(
                'action_unknown',
                action,
                'the plugin has no such action.'
                f'{did_you_mean(action, by_name)}',
                f'Use {listed(by_name)}.'
                if by_name
                else 'The plugin has no actions.',
            )
        ],
    )


def _configured(
    target: Target,
    descriptor: ActionDescriptor,
    config: Mapping[str, Any] | pydantic.BaseModel,
) -> pydantic.BaseModel:
    """Return the action's settings as its own model."""
    raw: Any = dict(config) if isinstance(config, Mapping) else config
    try:
        return descriptor.config_model.model_validate(raw)
    except pydantic.ValidationError as error:
        problems = [
            Problem(
                'action_config_invalid',
                '.'.join(str(part) for part in detail['loc']),
                f'{detail["msg"]}.',
                f'Save the settings of action {descriptor.name!r} anew.',
            )
            for detail in error.errors(
                include_url=False, include_context=False, include_input=False
            )
        ]
    raise InvocationError(f'call of {target.slug}#{descriptor.name}', problems)
