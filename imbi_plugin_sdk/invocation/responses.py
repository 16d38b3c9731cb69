"""What an HTTP host answers to each error, as one table.

Statuses are those of the error classes (RFC 9110, section 15; 422, 429: RFC
9110 and RFC 6585). `Retry-After` is RFC 9110, section 10.2.3, and only ever
in seconds: a date would make the client trust its clock.
"""

from __future__ import annotations

import math
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from imbi_plugin_sdk.errors import PluginError, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    'ERROR_RESPONSES',
    'LONGEST',
    'POLL',
    'UNAVAILABLE',
    'Answer',
    'ErrorResponse',
    'Retry',
    'answer_to',
]

Retry: TypeAlias = Literal[
    'never', 'later', 'refreshed', 'restarted', 'mended'
]
"""When the same request may succeed: never, by itself after a while, with
refreshed credentials, begun anew, or once somebody mended what is wrong."""

UNAVAILABLE = 30
"""Seconds to suggest where a remote is down and says nothing: what load
balancers take between two health checks."""

POLL = 5
"""Seconds between polls of a device flow (RFC 8628, section 3.2)."""

LONGEST = 86_400
"""Seconds, a day: what a plugin says beyond is taken for a fault of clocks."""


LONGEST_CODE = 64
"""Characters; the longest of the contract's own has 25."""


class ErrorResponse(NamedTuple):
    """How a host answers an error.

    Attributes:
        status: The HTTP status, as the class has it.
        retry: When the same request may succeed.
        advice: What the client should do, one sentence.
        retry_after: Seconds for `Retry-After`, where the error itself does
            not know better; None sends no header.
    """

    status: int
    retry: Retry
    advice: str
    retry_after: int | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Names of the headers that the answer has."""
        return () if self.retry_after is None else ('Retry-After',)


class Answer(NamedTuple):
    """A whole answer.

    Attributes:
        status: The HTTP status.
        headers: Header name to value.
        body: What `json.dumps` takes; free of secrets where the error is.
    """

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


_ADMIN = 'An administrator has to mend the configuration.'
_CHOOSE = 'Name one of the candidates as `source`.'
_AUTHOR = "Report it to the plugin's author; a retry does not help."

ERROR_RESPONSES: Mapping[str, ErrorResponse] = MappingProxyType(
    {
        # errors
        'plugin_error': ErrorResponse(500, 'never', _AUTHOR),
        'plugin_not_found': ErrorResponse(
            404, 'mended', 'Install the plugin, or correct the slug.'
        ),
        'plugin_unavailable': ErrorResponse(
            503, 'later', 'Try again when the remote is back.', UNAVAILABLE
        ),
        'plugin_timeout': ErrorResponse(
            504, 'later', 'Try again later, or ask for less.', UNAVAILABLE
        ),
        'credentials_missing': ErrorResponse(
            409, 'mended', 'Enter the missing credential in the service.'
        ),
        'authentication_failed': ErrorResponse(
            502, 'refreshed', 'Refresh the credentials and try once more.'
        ),
        'rate_limited': ErrorResponse(
            429, 'later', 'Try again when the remote allows it.', UNAVAILABLE
        ),
        'cursor_expired': ErrorResponse(
            410, 'restarted', 'Start again from the first page.'
        ),
        'remediation_not_supported': ErrorResponse(
            404, 'restarted', 'Analyze again and choose an offered remedy.'
        ),
        'schema_collision': ErrorResponse(
            409, 'mended', 'Uninstall one of the plugins that claim the label.'
        ),
        'authorization_pending': ErrorResponse(
            202, 'later', 'Ask again: the person has not finished.', POLL
        ),
        'authorization_expired': ErrorResponse(
            410, 'restarted', 'Begin to sign in anew.'
        ),
        'problems': ErrorResponse(422, 'mended', 'Mend what is listed.'),
        'manifest_invalid': ErrorResponse(422, 'mended', _AUTHOR),
        'icon_invalid': ErrorResponse(422, 'mended', _AUTHOR),
        'url_invalid': ErrorResponse(422, 'mended', 'Correct the URL.'),
        'contract_broken': ErrorResponse(422, 'mended', _AUTHOR),
        'catalog_invalid': ErrorResponse(422, 'mended', _ADMIN),
        # resolution and options
        'resolution_failed': ErrorResponse(409, 'mended', _ADMIN),
        'nothing_bound': ErrorResponse(
            404, 'mended', 'Assign a plugin to the project or its type.'
        ),
        'source_unknown': ErrorResponse(404, 'mended', _CHOOSE),
        'source_not_bound': ErrorResponse(404, 'mended', _CHOOSE),
        'ambiguous_source': ErrorResponse(409, 'mended', _CHOOSE),
        'ambiguous_default': ErrorResponse(409, 'mended', _CHOOSE),
        'no_default': ErrorResponse(409, 'mended', _CHOOSE),
        'dangling_edge': ErrorResponse(409, 'mended', _ADMIN),
        'type_mismatch': ErrorResponse(409, 'mended', _ADMIN),
        'plugin_disabled': ErrorResponse(
            409, 'mended', 'Enable the plugin, or choose another source.'
        ),
        'identity_missing': ErrorResponse(409, 'mended', _ADMIN),
        'identity_wrong_type': ErrorResponse(409, 'mended', _ADMIN),
        'identity_cycle': ErrorResponse(409, 'mended', _ADMIN),
        'handler_unavailable': ErrorResponse(
            503, 'mended', 'See why the registry refused the plugin.'
        ),
        'api_version_unsupported': ErrorResponse(
            503, 'mended', 'Upgrade the plugin or the host.'
        ),
        'options_invalid': ErrorResponse(409, 'mended', _ADMIN),
        # provisioning
        'provisioning_failed': ErrorResponse(409, 'mended', _ADMIN),
        'plan_blocked': ErrorResponse(
            409, 'mended', 'Decide what the plan asks, and plan anew.'
        ),
        'plan_stale': ErrorResponse(
            409, 'restarted', 'Look at a fresh plan and apply that.'
        ),
        'plan_invalid': ErrorResponse(
            422, 'restarted', 'Make a plan anew; this one was not written so.'
        ),
        'value_refused': ErrorResponse(
            422, 'mended', 'Correct the value as the message says.'
        ),
        # invocation
        'plugin_raised': ErrorResponse(500, 'never', _AUTHOR),
        'plugin_failed': ErrorResponse(500, 'never', _AUTHOR),
        'argument_refused': ErrorResponse(
            422, 'never', 'Change the request as the message says.'
        ),
        'method_not_implemented': ErrorResponse(
            501, 'never', 'The plugin does not offer this.'
        ),
        'invocation_invalid': ErrorResponse(
            500, 'never', 'Mend the call in the host.'
        ),
        'result_invalid': ErrorResponse(502, 'never', _AUTHOR),
    }
)
"""Code of an error (`PluginError.code`) to the answer."""


def answer_to(error: PluginError, *, now: float | None = None) -> Answer:
    """Return the answer to an error.

    A class that is not in the table has the row of its nearest base, and its
    own code and status, where these can be sent.

    Args:
        error: As `invoke` or `resolve` raised it; its text is sent.
        now: Seconds since the Unix epoch, for `Retry-After`; None asks the
            clock.
    """
    row = _row(type(error))
    headers: dict[str, str] = {}
    seconds = _seconds(error, row, time.time() if now is None else now)
    if seconds is not None:
        headers['Retry-After'] = str(seconds)
    body: dict[str, Any] = {
        'code': _told(type(error), 'code', _is_code),
        'message': str(error),
        'retry': row.retry,
        'advice': row.advice,
    }
    if isinstance(error, ProblemsError):
        body['problems'] = [
            {
                'code': one.code,
                'path': one.path,
                'message': one.message,
                'fix': one.fix,
            }
            for one in error.problems
        ]
    return Answer(_told(type(error), 'http_status', _is_status), headers, body)


def _told(kind: type, name: str, is_good: Callable[[object], bool]) -> Any:  # noqa: ANN401  as `is_good` has it
    """Return what a class, or its nearest base that makes sense, says."""
    told = (vars(base).get(name) for base in kind.__mro__)
    return next(value for value in told if is_good(value))


def _is_code(value: object) -> bool:
    return type(value) is str and len(value) <= LONGEST_CODE


def _is_status(value: object) -> bool:
    """Tell whether a status says that the request is not done (RFC 9110)."""
    return type(value) is int and (value == _ACCEPTED or value in _ERRORS)


_ACCEPTED, _ERRORS = 202, range(400, 600)


def _row(kind: type[PluginError]) -> ErrorResponse:
    """Return the row of a class, or of its nearest base that has one."""
    for base in kind.__mro__:
        code = vars(base).get('code')
        if type(code) is str and code in ERROR_RESPONSES:
            return ERROR_RESPONSES[code]
    return ERROR_RESPONSES[PluginError.code]


def _seconds(error: PluginError, row: ErrorResponse, now: float) -> int | None:
    """Return the seconds of `Retry-After`: whole, not negative, finite."""
    if row.retry_after is None:
        return None
    retry_at: object = getattr(error, 'retry_at', None)
    if isinstance(retry_at, bool) or not isinstance(retry_at, (int, float)):
        return row.retry_after
    if not abs(retry_at) < math.inf:
        return row.retry_after
    # Compared first: an int may be too large to be subtracted from.
    return math.ceil(min(max(retry_at, now), now + LONGEST) - now)
