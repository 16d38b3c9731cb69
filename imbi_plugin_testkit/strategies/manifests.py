"""Strategies for what a plugin declares: its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from imbi_plugin_sdk.manifest import (
        CredentialField,
        DataType,
        PluginManifest,
        PluginOption,
    )

NAME = r'[a-z][a-z]{2,9}(_[a-z]{2,7})?'
"""Names of options and the like; of one or two words, with no digit, so that
none looks like a secret of a known vendor."""

SLUG = r'[a-z][a-z0-9]{1,9}(-[a-z0-9]{1,8}){0,2}'
"""Slugs as `PluginManifest.slug` takes them, short enough to read."""

TEXT = 'A made-up text, and some words: ä, 東京.'
"""What labels and descriptions are made of; no value of it is a secret."""

DEFAULTS: dict[str, tuple[Any, ...]] = {
    'string': ('', 'eu-west-1', '/imbi'),
    'integer': (0, 1, 300),
    'boolean': (True, False),
    'mapping': ({}, {'team': 'platform'}),
    'secret': (),
}
"""Type of an option to defaults that fit it; a secret one has none."""

FLAGS = {
    'deployment': 'supports_deployment_sync',
    'identity': 'login_capable',
    'lifecycle': 'supports_lifecycle_sync',
    'logs': 'supports_histogram',
}
"""Plugin type to the flag that only it may set."""


def _texts() -> SearchStrategy[str]:
    from hypothesis import strategies as st  # noqa: PLC0415

    words = st.sampled_from(TEXT.split())
    return st.lists(words, min_size=1, max_size=4).map(' '.join)


def options() -> SearchStrategy[PluginOption]:
    """Return options of every type, with defaults and choices that fit."""
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.manifest import PluginOption  # noqa: PLC0415

    def of(kind: str) -> SearchStrategy[PluginOption]:
        default = st.sampled_from((None, *DEFAULTS[kind]))
        return st.builds(
            PluginOption,
            name=st.from_regex(NAME, fullmatch=True),
            label=_texts(),
            description=st.none() | _texts(),
            type=st.just(kind),
            required=st.booleans(),
            default=default,
        )

    chosen = st.builds(
        PluginOption,
        name=st.from_regex(NAME, fullmatch=True),
        label=_texts(),
        choices=st.just(['a', 'b', 'c']),
        default=st.sampled_from([None, 'a', 'c']),
    )
    return st.one_of(chosen, *map(of, DEFAULTS))


def credential_fields() -> SearchStrategy[CredentialField]:
    """Return credentials that a plugin asks for, never their values."""
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.manifest import CredentialField  # noqa: PLC0415

    return st.builds(
        CredentialField,
        name=st.from_regex(NAME, fullmatch=True)
        | st.sampled_from(['api_token', 'client_secret']),
        label=_texts(),
        description=st.none() | _texts(),
        required=st.booleans(),
    )


def data_types() -> SearchStrategy[DataType]:
    """Return types of value, secret or not."""
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.manifest import DataType  # noqa: PLC0415

    return st.builds(
        DataType,
        name=st.from_regex(NAME, fullmatch=True),
        label=_texts(),
        secret=st.booleans(),
    )


def manifests(
    plugin_type: str | None = None,
) -> SearchStrategy[PluginManifest]:
    """Return valid manifests, of which each field has its rules kept.

    They bring no icon, no template and no graph labels, which name files and
    classes of a distribution.

    Args:
        plugin_type: The plugin type; None makes manifests of all.
    """
    from hypothesis import strategies as st  # noqa: PLC0415

    from imbi_plugin_sdk.manifest import PluginManifest  # noqa: PLC0415
    from imbi_plugin_sdk.manifest.plugin import PLUGIN_TYPES  # noqa: PLC0415

    def listed(items: SearchStrategy[Any]) -> SearchStrategy[list[Any]]:
        return st.lists(items, max_size=3, unique_by=lambda item: item.name)

    def of(kind: str) -> SearchStrategy[PluginManifest]:
        facts: dict[str, SearchStrategy[Any]] = {
            'slug': st.from_regex(SLUG, fullmatch=True),
            'name': _texts(),
            'description': st.none() | _texts(),
            'plugin_type': st.just(kind),
            'auth_type': st.sampled_from(['api_token', 'oauth2', 'oidc']),
            'api_version': st.sampled_from([1, '>=1.0,<2']),
            'cacheable': st.booleans(),
            'requires_identity': st.booleans(),
            'default_scopes': st.lists(
                st.sampled_from(['read', 'write', 'user:email']),
                unique=True,
            ),
            'options': listed(options()),
            'credentials': listed(credential_fields()),
            'widget_text': st.none() | _texts(),
        }
        if kind == 'configuration':
            facts['data_types'] = listed(data_types())
        if kind in FLAGS:
            facts[FLAGS[kind]] = st.booleans()
        return st.builds(PluginManifest, **facts)

    kinds = PLUGIN_TYPES if plugin_type is None else (plugin_type,)
    return st.one_of(*map(of, kinds))
