"""Lifecycle: projects at a remote that a law may change and throw away.

Events create, archive and delete things, so that a law never tells one of a
project that is not there to be thrown away.
"""
# ruff: noqa: ARG002  a default takes what an override needs

from __future__ import annotations

from typing import TYPE_CHECKING

from imbi_plugin_testkit.sandbox import BaseSandbox, UnsupportedBySandbox

if TYPE_CHECKING:
    from imbi_plugin_sdk.context import PluginContext

NEW_DESCRIPTION = 'Changed by the laws of the kit.'
"""The description of a project that was changed."""


class LifecycleSandbox(BaseSandbox):
    """A sandbox of a lifecycle plugin.

    With `disposable` overridden, laws tell every event that the plugin
    implements. Without it they tell those that have an entry in `examples`
    (which may be empty: `{'on_project_archived': {}}`), in the sandbox's own
    context.

    `snapshot` shows the projects at the remote without times of change and
    without logs: a law compares it before and after an event is repeated.
    """

    async def disposable(self) -> PluginContext:
        """Make a throw-away project at the remote, and return its context.

        The context is the one that the host would give: with links and
        connections, where the plugin goes by them. Laws archive and delete
        what is made here; what is left is for the sandbox to remove when it
        is left.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('disposable')

    async def remove(self, context: PluginContext) -> None:
        """Make a project gone at the remote, behind the plugin's back.

        Args:
            context: What `disposable` returned, or the context of a tenant
                that a `created` event was told of. Removing what is gone
                succeeds.

        Raises:
            UnsupportedBySandbox: By default.
        """
        raise UnsupportedBySandbox('remove')

    def changed(self, context: PluginContext, event: str) -> PluginContext:
        """Return the context by which the host tells of a change.

        By default an `updated` project has another description. Override it
        to rename the project, or to say where a project may be relocated.

        Args:
            context: What `disposable` returned.
            event: `updated` or `relocated`.

        Returns:
            The context after the change, with what was before in its
            `previous_...` fields.

        Raises:
            UnsupportedBySandbox: By default for `relocated`: the kit cannot
                know where projects move.
        """
        if event == 'relocated':
            raise UnsupportedBySandbox('changed(relocated)')
        return context.model_copy(
            deep=True, update={'project_description': NEW_DESCRIPTION}
        )
