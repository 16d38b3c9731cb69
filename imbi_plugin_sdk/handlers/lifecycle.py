"""Plugin type `lifecycle`: follow a project's life at a remote.

`PluginManifest.lifecycle_events` says which events the host tells; what is
listed there must be implemented (law LIF002).
"""
# ruff: noqa: ARG002  a default takes what an override needs

import abc
from typing import ClassVar, Literal, Protocol

import pydantic

from imbi_plugin_sdk.context import PluginContext
from imbi_plugin_sdk.handlers._protocol import base_class
from imbi_plugin_sdk.manifest import PluginManifest


class LifecycleResult(pydantic.BaseModel):
    """How an event came out at the remote."""

    status: Literal['ok', 'skipped', 'failed'] = pydantic.Field(
        description=(
            'skipped: nothing to do, as for a project already gone (LIF001).'
        )
    )
    message: str | None = pydantic.Field(
        default=None, description='What to tell the user.'
    )
    artifacts: dict[str, str] = pydantic.Field(
        default={}, description='What was made or changed: name to URL or id.'
    )


class RelocationTarget(pydantic.BaseModel):
    """Where a project would move to at the remote."""

    link_key: str = pydantic.Field(
        description='The key in `PluginContext.project_links` (law LIF004).'
    )
    identifier: str = pydantic.Field(
        description="The project's id at the remote after the move."
    )
    display: str | None = pydantic.Field(
        default=None, description='How to show the target; None: by its id.'
    )


@base_class
class LifecyclePlugin(Protocol):
    """Follows the life of a project.

    Every hook returns how it came out; a repeated event ends in the same
    remote state (law LIF001). Links and connections are changed by
    `ctx.link_writeback` and `ctx.service_writeback`, which name only keys and
    services that the context knows (law LIF004). Beside NotImplementedError
    of the defaults, a hook raises PluginCredentialsMissing,
    PluginAuthenticationFailed, PluginRateLimited, PluginTimeoutError and
    PluginUnavailableError (laws ASY003 and ASY004).
    """

    manifest: ClassVar[PluginManifest]

    @abc.abstractmethod
    async def on_project_archived(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Follow a project that was archived.

        Args:
            ctx: The project.
            credentials: Credential name to value.

        Returns:
            How it came out; `skipped` for a project already gone.
        """

    async def on_project_unarchived(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Follow a project that was taken back from the archive.

        Args:
            ctx: The project.
            credentials: Credential name to value.

        Returns:
            How it came out.

        Raises:
            NotImplementedError: By default.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None

    async def on_project_created(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Follow a project that was created.

        `PluginManifest.supports_lifecycle_sync` promises this hook and
        `on_project_updated`.

        Args:
            ctx: The project.
            credentials: Credential name to value.

        Returns:
            How it came out.

        Raises:
            NotImplementedError: By default.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None

    async def on_project_updated(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Follow a project whose record was changed.

        Args:
            ctx: The project; `previous_project_slug`,
                `previous_project_type_slugs` and `previous_team_slug` hold
                what was before.
            credentials: Credential name to value.

        Returns:
            How it came out.

        Raises:
            NotImplementedError: By default.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None

    async def on_project_deleted(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Follow a project that is deleted.

        Args:
            ctx: The project as it was.
            credentials: Credential name to value.

        Returns:
            How it came out; `skipped` for a project already gone.

        Raises:
            NotImplementedError: By default.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None

    async def on_project_relocated(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> LifecycleResult:
        """Follow a project that moved to where `resolve_...` said.

        Args:
            ctx: The project after the move, with what was before in its
                `previous_...` fields.
            credentials: Credential name to value.

        Returns:
            How it came out.

        Raises:
            NotImplementedError: By default.
        """
        del ctx  # else abstract to mypy, as `from None` is for pyright
        raise NotImplementedError from None

    async def resolve_relocation_target(
        self, ctx: PluginContext, credentials: dict[str, str]
    ) -> RelocationTarget | None:
        """Say where the project would move to.

        No I/O, and the same answer to the same context (law LIF003).

        Args:
            ctx: The project.
            credentials: Credential name to value; may be empty.

        Returns:
            The target; None, the default, if it would not move.
        """
        return None
