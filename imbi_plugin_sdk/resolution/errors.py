"""Why no plugin serves a request.

::

    ResolutionError
    ├── NothingBoundError             nothing_bound              404
    ├── SourceUnknownError            source_unknown             404
    ├── SourceNotBoundError           source_not_bound           404
    ├── AmbiguousSourceError          ambiguous_source           409
    ├── AmbiguousDefaultError         ambiguous_default          409
    ├── NoDefaultError                no_default                 409
    ├── DanglingEdgeError             dangling_edge              409
    ├── TypeMismatchError             type_mismatch              409
    ├── PluginDisabledError           plugin_disabled            409
    ├── IdentityMissingError          identity_missing           409
    ├── IdentityWrongTypeError        identity_wrong_type        409
    ├── IdentityCycleError            identity_cycle             409
    ├── HandlerUnavailableError       handler_unavailable        503
    └── ApiVersionUnsupportedError    api_version_unsupported    503
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from imbi_plugin_sdk._text import counted
from imbi_plugin_sdk.errors import (
    PluginError,
    PluginNotFoundError,
    PluginUnavailableError,
    Problem,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.resolution.explanation import Explanation

SHOWN_CANDIDATES = 8
"""How many candidates a message names; an admin reads no longer list."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a choice, before it is raised or listed.

    Attributes:
        code: As in `ERRORS`.
        message: What was seen and what must hold.
        fix: What to do.
    """

    code: str
    message: str
    fix: str


class ResolutionError(PluginError):
    """No plugin serves the request.

    Attributes:
        message: What was seen and what must hold, one sentence or two.
        fix: What to do.
        candidates: The choices, each as the shortest selector that means
            one plugin on this tab, sorted: for an ambiguity those that tie,
            else everything that is bound on the tab.
        tab: The tab that was asked for.
        plugin_id: The plugin node that was chosen and cannot serve; None
            where none was chosen.
        explanation: Every edge, once, with why it won or lost.
    """

    code = 'resolution_failed'
    http_status = 409

    def __init__(  # noqa: PLR0913  one per fact that a host shows
        self,
        message: str,
        fix: str,
        *,
        candidates: tuple[str, ...],
        tab: str,
        plugin_id: str | None,
        explanation: Explanation,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.candidates = candidates
        self.tab = tab
        self.plugin_id = plugin_id
        self.explanation = explanation

    def __str__(self) -> str:
        """Return message, candidates and fix on one line."""
        named = self.candidates[:SHOWN_CANDIDATES]
        more = len(self.candidates) - len(named)
        choices = f' Candidates: {", ".join(named)}' if named else ''
        choices += f' and {counted(more, "other")}' if more else ''
        choices += '.' if named else ''
        return f'{self.message}{choices} Fix: {self.fix} [{self.code}]'

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the constructor's arguments, not by `args`."""
        facts = {name: getattr(self, name) for name in _FACTS}
        return _restored, (type(self), facts)

    @property
    def problem(self) -> Problem:
        """The same as a finding; its path is the tab, and the plugin's id."""
        return problem_of(
            self.tab,
            self.plugin_id,
            Fault(self.code, self.message, self.fix),
        )


_FACTS = (
    'message',
    'fix',
    'candidates',
    'tab',
    'plugin_id',
    'explanation',
)
"""What an error is made of; a note that somebody adds is not pickled."""


def _restored(
    kind: type[ResolutionError], facts: dict[str, object]
) -> ResolutionError:
    """Return an error that was pickled."""
    return kind(**facts)  # type: ignore[arg-type]


def problem_of(tab: str, plugin_id: str | None, fault: Fault) -> Problem:
    """Return a fault as a finding about a tab, or a plugin on it."""
    path = tab if plugin_id is None else f'{tab}[{plugin_id}]'
    return Problem(fault.code, path, fault.message, fault.fix)


class NothingBoundError(ResolutionError):
    """Neither the project nor its types assign a plugin to the tab."""

    code = 'nothing_bound'
    http_status = 404


class SourceUnknownError(ResolutionError, PluginNotFoundError):
    """No plugin node answers to the source."""

    code = 'source_unknown'
    http_status = 404


class SourceNotBoundError(ResolutionError):
    """The source exists, but nobody assigns it to the tab."""

    code = 'source_not_bound'
    http_status = 404


class AmbiguousSourceError(ResolutionError):
    """Several plugins, or several edges, answer to the source."""

    code = 'ambiguous_source'
    http_status = 409


class AmbiguousDefaultError(ResolutionError):
    """Several defaults stand on one level."""

    code = 'ambiguous_default'
    http_status = 409


class NoDefaultError(ResolutionError):
    """There are several candidates, and none is the default."""

    code = 'no_default'
    http_status = 409


class DanglingEdgeError(ResolutionError):
    """The chosen edge leads to no plugin of exactly one service."""

    code = 'dangling_edge'
    http_status = 409


class TypeMismatchError(ResolutionError):
    """The chosen plugin is not of the type that the tab, or node, says."""

    code = 'type_mismatch'
    http_status = 409


class PluginDisabledError(ResolutionError):
    """The chosen plugin, or its identity plugin, is switched off."""

    code = 'plugin_disabled'
    http_status = 409


class IdentityMissingError(ResolutionError):
    """The identity plugin does not exist, or is needed and not named."""

    code = 'identity_missing'
    http_status = 409


class IdentityWrongTypeError(ResolutionError):
    """What is named as identity plugin is of another type."""

    code = 'identity_wrong_type'
    http_status = 409


class IdentityCycleError(ResolutionError):
    """The identity plugin takes identities from a plugin itself."""

    code = 'identity_cycle'
    http_status = 409


class HandlerUnavailableError(ResolutionError, PluginUnavailableError):
    """The registry serves no handler for the chosen plugin."""

    code = 'handler_unavailable'
    http_status = 503


class ApiVersionUnsupportedError(ResolutionError, PluginUnavailableError):
    """The chosen plugin keeps a contract version that is not served."""

    code = 'api_version_unsupported'
    http_status = 503


_Kind: TypeAlias = type[ResolutionError]

ERRORS: Mapping[str, _Kind] = MappingProxyType(
    {kind.code: kind for kind in ResolutionError.__subclasses__()}
)
"""Code to error, in the order of the tree above."""
