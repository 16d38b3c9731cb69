"""What a resolved request comes to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from imbi_plugin_sdk.options import OptionsError, expand_search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imbi_plugin_sdk.errors import Problem
    from imbi_plugin_sdk.options import ResolvedOptions
    from imbi_plugin_sdk.records import (
        PluginNode,
        ServiceApplication,
        ThirdPartyService,
    )
    from imbi_plugin_sdk.resolution.bindings import HandlerEntry
    from imbi_plugin_sdk.resolution.errors import ResolutionError
    from imbi_plugin_sdk.resolution.explanation import Explanation


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bound:
    """What a call to one plugin needs.

    Attributes:
        plugin: The plugin node.
        service: Its service.
        application: Whose credentials to decrypt; None where there is none,
            or where `problems` says why it is not known which.
        entry: The registry's entry, with handler class and manifest.
        options: Merged, defaulted and coerced.
        problems: What will make a call fail although the choice stands:
            `option_required`, `option_wrong_type`, `option_wrong_choice`,
            `search_template_invalid`, `credential_missing`,
            `application_missing`, `application_ambiguous`.
        warnings: `api_version_deprecated` and `option_unknown`.
    """

    plugin: PluginNode
    service: ThirdPartyService
    application: ServiceApplication | None
    entry: HandlerEntry
    options: ResolvedOptions
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def require(self) -> None:
        """Refuse a call that would fail for what is not filled in.

        Raises:
            OptionsError: There are problems; it lists all.
        """
        if self.problems:
            raise OptionsError(
                f'{self.service.slug}/{self.plugin.slug}', self.problems
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class IdentityBinding(Bound):
    """The identity plugin whose identities a plugin's calls use.

    Its options are the node's own: assignments say nothing about it.
    """


@dataclasses.dataclass(frozen=True, kw_only=True)
class Served(Bound):
    """A plugin that can serve, before anyone asks why it was chosen.

    Attributes:
        search_template: The template, not expanded; None for none.
        identity: The identity plugin; None for none.
    """

    search_template: str | None
    identity: IdentityBinding | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resolution(Served):
    """The plugin that serves a request, and why (ADR 0008, section 4).

    Attributes:
        tab: The tab that was asked for.
        selector: The shortest source that means this plugin on this tab.
        explanation: Every edge, once, and where each property comes from.
    """

    tab: str
    selector: str
    explanation: Explanation

    def search(self, variables: Mapping[str, str | None]) -> str | None:
        """Return the expanded search template; None where there is none.

        Args:
            variables: As `options.search_variables` returns them.

        Raises:
            OptionsError: The template does not hold.
        """
        return expand_search(self.search_template, variables)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FanOut:
    """Every plugin of a tab, for requests that go to all.

    Attributes:
        resolutions: Those that can serve: defaults first (the project's
            before its types'), then by selector.
        errors: Those that cannot, in the same order; the ones beside them
            are served all the same.
    """

    resolutions: tuple[Resolution, ...]
    errors: tuple[ResolutionError, ...]
