"""What a handler is told about a call, and how it hands results back.

`PluginContext` is mutable on purpose: `link_writeback` and
`service_writeback` are write-only side channels that the host reads after the
call. Everything else must be left as it came (law ASY001).

No repr here shows a secret: options may be of type `secret`, so the values
of options are hidden together with tokens (law SEC001). `model_dump` shows
all, since the host stores what it dumps.
"""

# Annotations here are read at run time by pydantic, so this module has no
# `from __future__ import annotations`.
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any, cast

import pydantic

HIDDEN = '**********'
"""What a repr shows in a secret's place; pydantic's SecretStr shows it so."""

_QUIET = pydantic.ConfigDict(hide_input_in_errors=True)
"""A validation error would print its input, and the input may be a secret."""

_ReprArgs = Iterable[tuple[str | None, Any]]


def hide(names: Iterable[str], args: _ReprArgs) -> _ReprArgs:
    """Hide the values of some fields in what a pydantic repr shows.

    Args:
        names: The fields to hide.
        args: What `__repr_args__` of the base class returns.

    Yields:
        The same pairs. A hidden mapping keeps its keys, and None and empty
        values stay: that they are unset is what one debugs for.
    """
    hidden = frozenset(names)
    for name, value in args:
        if name not in hidden or value is None or value in ('', {}):
            yield name, value
        elif isinstance(value, Mapping):
            keys = cast('Mapping[str, Any]', value)
            yield name, dict.fromkeys(keys, HIDDEN)
        else:
            yield name, HIDDEN


class IdentityCredentials(pydantic.BaseModel):
    """The tokens of one person at one identity provider.

    Attributes are secret but for the type, the expiry and the scopes; the
    repr hides them (law IDN014), `model_dump` does not.
    """

    model_config = _QUIET

    access_token: str = pydantic.Field(
        description='The token a call presents. Secret.'
    )
    token_type: str = pydantic.Field(
        default='Bearer',
        description='The scheme of the Authorization header (RFC 6749 §7.1).',
    )
    expires_at: dt.datetime | None = pydantic.Field(
        default=None,
        description=(
            'When the access token ends, timezone-aware; None if unknown.'
        ),
    )
    refresh_token: str | None = pydantic.Field(
        default=None,
        description='The token that renews the access token. Secret.',
    )
    scopes: list[str] = pydantic.Field(
        default=[], description='The scopes that were granted.'
    )
    extra: dict[str, Any] = pydantic.Field(
        default={},
        description='What else the provider returned. Taken as secret.',
    )

    def __repr_args__(self) -> _ReprArgs:
        """Hide tokens, for rich and pretty printers too."""
        return hide(
            ('access_token', 'refresh_token', 'extra'), super().__repr_args__()
        )

    def __repr__(self) -> str:
        """Return the fields with tokens hidden."""
        return super().__repr__()

    def __str__(self) -> str:
        """Return what `repr` returns."""
        return repr(self)


class LinkWriteback(pydantic.BaseModel):
    """A project link that the handler asks the host to change."""

    link_key: str = pydantic.Field(
        description='The key in `PluginContext.project_links` (law LIF004).'
    )
    new_url: str = pydantic.Field(description='The URL to store.')
    old_owner_repo: str | None = pydantic.Field(
        default=None,
        description='`owner/repository` before a move; None if not one.',
    )
    new_owner_repo: str | None = pydantic.Field(
        default=None,
        description='`owner/repository` after a move; None if not one.',
    )


class ServicePlugin(pydantic.BaseModel):
    """Another plugin that is installed on the same third-party service."""

    model_config = _QUIET

    slug: str = pydantic.Field(description="The plugin's slug.")
    options: dict[str, Any] = pydantic.Field(
        default={},
        description='Option name to value. Hidden in the repr.',
    )

    def __repr_args__(self) -> _ReprArgs:
        """Hide the values of options: one may be of type secret."""
        return hide(('options',), super().__repr_args__())


class ServiceConnection(pydantic.BaseModel):
    """The project's counterpart at one third-party service."""

    service_slug: str = pydantic.Field(
        description='The slug of the third-party service.'
    )
    identifier: str = pydantic.Field(
        description="The project's id at that service."
    )
    canonical_url: str | None = pydantic.Field(
        default=None, description="The project's page at that service."
    )


class ServiceWriteback(pydantic.BaseModel):
    """What the host should remember about the project at this service."""

    model_config = _QUIET

    identifier: str = pydantic.Field(
        description="The project's id at the service."
    )
    canonical_url: str = pydantic.Field(
        description="The project's page at the service."
    )
    dashboard_links: dict[str, str] = pydantic.Field(
        default={}, description='Link key to URL, to show on the project.'
    )
    remove: bool = pydantic.Field(
        default=False,
        description='True asks the host to forget the connection.',
    )
    webhook_secret_enc: str | None = pydantic.Field(
        default=None,
        description="The webhook's secret, encrypted. Hidden in the repr.",
    )

    def __repr_args__(self) -> _ReprArgs:
        """Hide the webhook's secret, encrypted as it is."""
        return hide(('webhook_secret_enc',), super().__repr_args__())


class PluginContext(pydantic.BaseModel):
    """The project, its surroundings and the actor of one call."""

    model_config = _QUIET

    project_id: str = pydantic.Field(description="The project's id in Imbi.")
    project_slug: str = pydantic.Field(description="The project's slug.")
    org_slug: str = pydantic.Field(description="The organization's slug.")
    team_slug: str | None = pydantic.Field(
        default=None, description="The owning team's slug."
    )
    environment: str | None = pydantic.Field(
        default=None,
        description='The slug of the environment; None outside of one.',
    )
    assignment_options: dict[str, Any] = pydantic.Field(
        default={},
        description=(
            'The options of this call, by the names that the manifest '
            'declares. Hidden in the repr.'
        ),
    )
    service_plugins: list[ServicePlugin] = pydantic.Field(
        default=[],
        description='The other plugins of the same third-party service.',
    )
    project_links: dict[str, str] = pydantic.Field(
        default={}, description="The project's links: key to URL."
    )
    project_type_slugs: list[str] = pydantic.Field(
        default=[], description="The slugs of the project's types."
    )
    environment_config: dict[str, Any] = pydantic.Field(
        default={},
        description='Settings of the environment. Hidden in the repr.',
    )
    actor_user_id: str | None = pydantic.Field(
        default=None,
        description='Who asked; None when the host acts by itself.',
    )
    identity: IdentityCredentials | None = pydantic.Field(
        default=None,
        description="The actor's credentials, where the plugin asks for them.",
    )
    previous_project_slug: str | None = pydantic.Field(
        default=None, description='The slug before the change being told.'
    )
    previous_project_type_slugs: list[str] = pydantic.Field(
        default=[], description='The types before the change being told.'
    )
    previous_team_slug: str | None = pydantic.Field(
        default=None, description='The team before the change being told.'
    )
    project_name: str | None = pydantic.Field(
        default=None, description="The project's display name."
    )
    project_description: str | None = pydantic.Field(
        default=None, description="The project's description."
    )
    project_ui_url: str | None = pydantic.Field(
        default=None, description="The project's page in Imbi."
    )
    link_writeback: LinkWriteback | None = pydantic.Field(
        default=None,
        description='Write-only: set by the handler to change a link.',
    )
    service_writeback: ServiceWriteback | None = pydantic.Field(
        default=None,
        description='Write-only: set by the handler to change a connection.',
    )
    third_party_service_slug: str | None = pydantic.Field(
        default=None,
        description='The third-party service whose plugin is called.',
    )
    service_connections: list[ServiceConnection] = pydantic.Field(
        default=[],
        description="The project's counterparts at third-party services.",
    )
    resolve_user_by_identity: Annotated[
        Callable[[str], Awaitable[str | None]] | None,
        pydantic.Field(
            default=None,
            exclude=True,
            repr=False,
            description=(
                "Coroutine function: a subject at the plugin's provider to "
                'an Imbi user id, or None. Not part of a dump.'
            ),
        ),
    ] = None

    def __repr_args__(self) -> _ReprArgs:
        """Hide the values of options: one may be of type secret."""
        return hide(
            ('assignment_options', 'environment_config'),
            super().__repr_args__(),
        )
