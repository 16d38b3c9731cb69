"""Whether credentials are complete; their values are only ever counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

import pydantic

from imbi_plugin_sdk.errors import PluginCredentialsMissing, Problem

if TYPE_CHECKING:
    from imbi_plugin_sdk.manifest import PluginManifest


def missing_credentials(
    manifest: PluginManifest, given: Mapping[str, object] | Iterable[str]
) -> tuple[Problem, ...]:
    """Say which required credentials are absent or blank.

    Args:
        manifest: What is asked for.
        given: Credential name to value, where a blank one counts as absent;
            or the names alone.

    Returns:
        A problem `credential_missing` each, in the manifest's order.

    Raises:
        TypeError: What is given is one text.
    """
    if isinstance(given, str):
        raise TypeError(
            'credentials are one text; give their names as a list, or name '
            'to value'
        )
    if isinstance(given, Mapping):
        values = cast('Mapping[str, object]', given)
        names = {name for name in values if not _is_blank(values[name])}
    else:
        names = set(given)
    return tuple(
        Problem(
            'credential_missing',
            f'credentials.{field.name}',
            f'{field.label} is required by {manifest.slug}, and is absent '
            'or blank.',
            f"Enter {field.name} on the service's application.",
        )
        for field in manifest.credentials
        if field.required and field.name not in names
    )


def require_credentials(
    manifest: PluginManifest, given: Mapping[str, object] | Iterable[str]
) -> None:
    """Refuse incomplete credentials.

    Args:
        manifest: What is asked for.
        given: As `missing_credentials` takes it.

    Raises:
        PluginCredentialsMissing: It names every one that is missing.
    """
    missing = missing_credentials(manifest, given)
    if missing:
        raise PluginCredentialsMissing(' '.join(map(str, missing)))


def _is_blank(value: object) -> bool:
    """Tell whether a credential says nothing."""
    if isinstance(value, pydantic.SecretStr):
        value = value.get_secret_value()
    return value is None or (isinstance(value, str) and not value.strip())
