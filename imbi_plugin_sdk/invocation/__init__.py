"""One call on one fresh handler (ADR 0008, sections 4.5 and 4.6).

`invoke` makes an instance, passes context and credentials, keeps the deadline,
validates what comes back, and lets nothing foreign out: what it raises is a
`PluginError` without a secret in it, or the host's own cancellation.
`ERROR_RESPONSES` says what an HTTP host answers to each error.

It needs a running asyncio event loop, and holds no state between calls but
validators of the contract's own return types.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.invocation import _calls, _running
from imbi_plugin_sdk.invocation._calls import Invocable
from imbi_plugin_sdk.invocation._running import GRACE
from imbi_plugin_sdk.invocation.errors import (
    InvocationError,
    PluginArgumentRefused,
    PluginFailed,
    PluginMethodNotImplemented,
    PluginRaised,
    PluginResultInvalid,
)
from imbi_plugin_sdk.invocation.renewal import Renewed
from imbi_plugin_sdk.invocation.responses import (
    ERROR_RESPONSES,
    Answer,
    ErrorResponse,
    answer_to,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pydantic

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_sdk.invocation._running import Job, Outcome
    from imbi_plugin_sdk.invocation.renewal import Renewal

__all__ = [
    'ERROR_RESPONSES',
    'GRACE',
    'TIMEOUT',
    'Answer',
    'ErrorResponse',
    'Invocable',
    'InvocationError',
    'PluginArgumentRefused',
    'PluginFailed',
    'PluginMethodNotImplemented',
    'PluginRaised',
    'PluginResultInvalid',
    'Renewed',
    'answer_to',
    'invoke',
    'invoke_action',
]

TIMEOUT = 30.0
"""Seconds: half of the 60 that reverse proxies wait by custom, so that the
host's own answer arrives."""


async def invoke(  # noqa: PLR0913  the call, and how to make it by keyword
    entry: Invocable | type,
    method: str,
    context: PluginContext,
    credentials: Mapping[str, str],
    arguments: Mapping[str, Any] | None = None,
    *,
    plugin_type: str | None = None,
    timeout: float | None = TIMEOUT,  # noqa: ASYNC109  over two attempts
    on_authentication_failed: Renewal | None = None,
) -> Any:  # noqa: ANN401  what the method returns
    """Call one method of a plugin on a fresh instance.

    Args:
        entry: An entry of a registry's snapshot, or a handler class.
        method: A method of the plugin type's contract.
        context: Handed on as it is: its write-only fields hold the result.
        credentials: Credential name to value; the handler gets a copy.
        arguments: What follows context and credentials, by the contract's
            names; what is left out has the contract's default.
        plugin_type: For a handler class without a manifest.
        timeout: Seconds of the plugin's time, a second attempt included;
            None waits for ever. A handler that blocks the event loop cannot
            be interrupted.
        on_authentication_failed: Asked once for new credentials after the
            remote rejected the old ones (contract version 1, "the host
            refreshes and retries once"); None from it gives up.

    Returns:
        What the method returned, as the contract annotates it: the same
        object where it is valid as it is, else a normalised one.

    Raises:
        PluginError: What the handler raised, the same object; a redacted
            copy without cause and context where it shows a secret. It and
            its causes have notes that say where they were raised in place
            of their frames, which keep credentials.
        PluginRaised: It raised anything else: PluginArgumentRefused for a
            ValueError, PluginMethodNotImplemented for an optional method
            without a body, PluginFailed for the rest, SystemExit and a
            cancellation of its own included.
        PluginResultInvalid: The result is not what the contract says.
        PluginTimeoutError: The deadline passed; also raised by handlers.
        InvocationError: The contract has no such method or argument.
        ContractError: There is no such plugin type.
        TypeError: The credentials are no mapping.
        ValueError: The timeout is not positive.
        asyncio.CancelledError: The host cancelled; the handler was
            cancelled with it and had `GRACE` seconds to end.
    """
    target = _calls.target_of(entry, plugin_type)
    job = _calls.method_job(target, method, arguments or {})
    outcome = await _made(
        job, context, credentials, timeout, on_authentication_failed
    )
    # A traceback keeps this frame, and some tools print a frame's locals.
    del job, context, credentials, arguments, on_authentication_failed
    return _given(outcome)


async def invoke_action(  # noqa: PLR0913  the keywords of the contract
    entry: Invocable | type,
    action: str,
    context: PluginContext,
    credentials: Mapping[str, str],
    *,
    external_identifier: str,
    action_config: Mapping[str, Any] | pydantic.BaseModel,
    event: object,
    timeout: float | None = TIMEOUT,  # noqa: ASYNC109  over two attempts
    on_authentication_failed: Renewal | None = None,
) -> None:
    """Call one action of a webhook plugin (law WEB001).

    Args:
        entry: An entry of a registry's snapshot, or a handler class.
        action: The name of one of the plugin's actions.
        context: As for `invoke`.
        credentials: As for `invoke`.
        external_identifier: The remote's object that the event is about.
        action_config: The action's settings: an instance of its
            `config_model`, or a mapping that is validated as one.
        event: The body of the delivery.
        timeout: As for `invoke`.
        on_authentication_failed: As for `invoke`.

    Raises:
        PluginError: As `invoke` does.
        InvocationError: The plugin has no such action, or the settings do
            not fit it.
    """
    job = _calls.action_job(
        _calls.target_of(entry, 'webhook'),
        action,
        external_identifier=external_identifier,
        config=action_config,
        event=event,
    )
    outcome = await _made(
        job, context, credentials, timeout, on_authentication_failed
    )
    # As above.
    del job, context, credentials, on_authentication_failed
    del action_config, event
    _given(outcome)


async def _made(
    job: Job,
    context: PluginContext,
    credentials: Mapping[str, str],
    timeout: float | None,  # noqa: ASYNC109  over two attempts
    renewal: Renewal | None,
) -> Outcome:
    """Make a call and tell what came of it."""
    if timeout is not None and not (timeout > 0 and math.isfinite(timeout)):
        raise ValueError(
            f'timeout is {timeout!r}; give a positive number of seconds, or '
            'None to wait for ever'
        )
    return await _running.outcome_of(
        job,
        _running.Attempt.of(context, credentials),
        timeout,
        renewal and Renewed.hook(renewal, context, credentials),
    )


def _given(outcome: Outcome) -> Any:  # noqa: ANN401  what the method returns
    """Return or raise what came of a call."""
    value, error = outcome
    if error is None:
        return value
    try:
        raise error
    finally:
        # The error's traceback holds this frame: no cycle.
        del outcome, error
