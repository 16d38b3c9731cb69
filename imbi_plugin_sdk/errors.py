"""The errors of the contract, and the findings that they carry.

The tree, with each error's stable code and the HTTP status that a host
should answer::

    PluginError                          plugin_error                 500
    ├── PluginNotFoundError              plugin_not_found             404
    ├── PluginUnavailableError           plugin_unavailable           503
    ├── PluginTimeoutError               plugin_timeout               504
    ├── PluginCredentialsMissing         credentials_missing          409
    ├── PluginAuthenticationFailed       authentication_failed        502
    ├── PluginRateLimited                rate_limited                 429
    ├── CursorExpiredError               cursor_expired               410
    ├── PluginRemediationNotSupported    remediation_not_supported    404
    ├── PluginSchemaCollisionError       schema_collision             409
    ├── IdentityAuthorizationPending     authorization_pending        202
    ├── IdentityAuthorizationExpired     authorization_expired        410
    └── ProblemsError                    problems                     422
        ├── ManifestError                manifest_invalid             422
        ├── IconError                    icon_invalid                 422
        ├── UrlError (urls)              url_invalid                  422
        └── ContractError                contract_broken              422

A rejected credential is the remote's word about the service and not about
the caller, so `PluginAuthenticationFailed` is a bad gateway (502) rather than
a 401, which would log the caller out of Imbi.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and how to mend it.

    Attributes:
        code: Stable, machine-readable name of the rule that is broken.
        path: Where, as in `options[2].name`; empty for the whole subject.
        message: What was seen and what must hold. Never holds a secret.
        fix: What the author should do.
    """

    code: str
    path: str
    message: str
    fix: str

    def __str__(self) -> str:
        """Return the problem on one line, fix last."""
        where = f'{self.path}: ' if self.path else ''
        return f'{where}{self.message} Fix: {self.fix} [{self.code}]'

    def under(self, prefix: str) -> Problem:
        """Return the same problem seen from one level further out."""
        if not self.path:
            path = prefix
        elif self.path.startswith('['):
            path = f'{prefix}{self.path}'
        else:
            path = f'{prefix}.{self.path}'
        return dataclasses.replace(self, path=path)


class PluginError(Exception):
    """Base of every error that this contract names.

    Attributes:
        code: Stable, machine-readable name of the error.
        http_status: The status a host should answer with.
    """

    code: ClassVar[str] = 'plugin_error'
    http_status: ClassVar[int] = 500


class PluginNotFoundError(PluginError):
    """No plugin has this slug."""

    code = 'plugin_not_found'
    http_status = 404


class PluginUnavailableError(PluginError):
    """The remote cannot serve, or the plugin is not loaded."""

    code = 'plugin_unavailable'
    http_status = 503


class PluginTimeoutError(PluginError):
    """A remote call ran over its budget."""

    code = 'plugin_timeout'
    http_status = 504


class PluginCredentialsMissing(PluginError):  # noqa: N818  contract v1 name
    """A required credential is absent or blank."""

    code = 'credentials_missing'
    http_status = 409


class PluginAuthenticationFailed(PluginError):  # noqa: N818  contract v1 name
    """The remote rejected the credentials; the host refreshes once."""

    code = 'authentication_failed'
    http_status = 502


class PluginRateLimited(PluginError):  # noqa: N818  contract v1 name
    """The remote asks for fewer calls.

    Attributes:
        retry_at: When to try again, in seconds since the Unix epoch (UTC).
    """

    code = 'rate_limited'
    http_status = 429

    def __init__(self, retry_at: float, message: str = '') -> None:
        super().__init__(message or f'rate limited until {retry_at}')
        self.retry_at = retry_at
        self.message = message

    def __reduce__(self) -> tuple[type[PluginRateLimited], tuple[float, str]]:
        """Pickle by the constructor's arguments, not by `args`."""
        return type(self), (self.retry_at, self.message)


class CursorExpiredError(PluginError):
    """The cursor is expired, foreign or damaged: restart paging."""

    code = 'cursor_expired'
    http_status = 410


class PluginRemediationNotSupported(PluginError):  # noqa: N818  v1 name
    """The analysis plugin does not know this remediation.

    Attributes:
        plugin_slug: The plugin that was asked.
        remediation_id: What it was asked for.
    """

    code = 'remediation_not_supported'
    http_status = 404

    def __init__(self, plugin_slug: str, remediation_id: str) -> None:
        super().__init__(
            f'plugin {plugin_slug!r} does not support remediation '
            f'{remediation_id!r}'
        )
        self.plugin_slug = plugin_slug
        self.remediation_id = remediation_id

    def __reduce__(
        self,
    ) -> tuple[type[PluginRemediationNotSupported], tuple[str, str]]:
        """Pickle by the constructor's arguments, not by `args`."""
        return type(self), (self.plugin_slug, self.remediation_id)


class PluginSchemaCollisionError(PluginError):
    """Two plugins claim one graph label."""

    code = 'schema_collision'
    http_status = 409


class IdentityAuthorizationPending(PluginError):  # noqa: N818  v1 name
    """The device flow is not finished: ask again later."""

    code = 'authorization_pending'
    http_status = 202


class IdentityAuthorizationExpired(PluginError):  # noqa: N818  v1 name
    """The device flow can no longer be finished: start anew."""

    code = 'authorization_expired'
    http_status = 410


class ProblemsError(PluginError):
    """Everything that is wrong with one subject, reported at once.

    Not a `ValueError` on purpose: pydantic would wrap it together with the
    input, and the input may hold a secret (ADR 0012, section 5).

    Attributes:
        subject: What was judged, as in `PluginManifest`.
        problems: At least one finding, in a deterministic order.
    """

    code = 'problems'
    http_status = 422

    def __init__(self, subject: str, problems: Iterable[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        super().__init__(subject, self.problems)

    def __str__(self) -> str:
        """Return a headline with the count, then one line per problem."""
        count = len(self.problems)
        noun = 'problem' if count == 1 else 'problems'
        lines = [f'{self.subject}: {count} {noun}']
        lines += [f'  {problem}' for problem in self.problems]
        return '\n'.join(lines)


class ManifestError(ProblemsError):
    """A manifest, or a part of one, does not hold."""

    code = 'manifest_invalid'


class IconError(ProblemsError):
    """An icon cannot be read, or is not safe to show."""

    code = 'icon_invalid'


class ContractError(ProblemsError):
    """A handler class does not keep its plugin type's contract."""

    code = 'contract_broken'
