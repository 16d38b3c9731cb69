"""What a manifest's fields are: data, and the map that reads it.

A slot says what belongs in a field, so that the same text is judged by what
may stand there: `read:secrets` is a scope, `client_secret` a credential's
name, and neither is a secret; as a default both would be looked at twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Slot = Literal['identifier', 'url', 'prose', 'opaque', 'pattern']
"""What a field holds: a name, an address, sentences, anything, a pattern."""

ITEM: Final = '[]'
"""The step of a path into any item of a list."""

VALUE: Final = '*'
"""The step of a path into the value of any key of a free mapping."""

KEY: Final = '<key>'
"""The step of a path to the keys of a free mapping themselves."""


class SlotMap:
    """Which slot each field of a known shape is, by path.

    A path is names joined by dots; `[]` stands for any item of a list, `*`
    for any key of a free mapping, and `<key>` for its keys themselves, as in
    `options[].default`, `links.*` and `links.<key>`.

    Args:
        slots: Slot by path.
        nested: Maps of parts that have a map of their own, by path.
    """

    __slots__ = ('children', 'slot')

    def __init__(
        self,
        slots: Mapping[str, Slot] | None = None,
        nested: Mapping[str, SlotMap] | None = None,
    ) -> None:
        self.slot: Slot | None = None
        self.children: dict[str, SlotMap] = {}
        for path, slot in (slots or {}).items():
            self._reach(path).slot = slot
        for path, part in (nested or {}).items():
            node = self._reach(path)
            node.slot = part.slot
            node.children = part.children

    def _reach(self, path: str) -> SlotMap:
        """Return the node at a path, made where there is none."""
        node = self
        for step in path.replace('[]', '.[]').split('.'):
            node = node.children.setdefault(step, SlotMap())
        return node

    def step(self, name: str) -> SlotMap | None:
        """Return what is known about a field, an item or a free key."""
        return self.children.get(name) or self.children.get(VALUE)


TEMPLATE_SLOTS: Final = SlotMap(
    {
        'id': 'identifier',
        'vendor': 'prose',
        'display_name': 'prose',
        'category': 'identifier',
        'service_url': 'url',
        'api_endpoint': 'url',
        'issuer': 'url',
        'authorization_endpoint': 'url',
        'token_endpoint': 'url',
        'revoke_endpoint': 'url',
        'use_pkce': 'identifier',
        'default_scopes[]': 'identifier',
        'scope_separator': 'pattern',
        'authorization_params.*': 'opaque',
        'authorization_params.<key>': 'opaque',
        'token_auth_method': 'identifier',
        'links.*': 'url',
        'links.<key>': 'prose',
        'variables.<key>': 'identifier',
        'variables.*.kind': 'identifier',
        'variables.*.label': 'prose',
        'variables.*.description': 'prose',
        'variables.*.choices[]': 'opaque',
        'variables.*.default': 'opaque',
        'variables.*.pattern': 'pattern',
    }
)
"""The fields of a `ThirdPartyServiceTemplate` (ADR 0012, section 1)."""

_ICON: Final = SlotMap(
    {
        'package': 'identifier',
        'resource': 'identifier',
        'media_type': 'identifier',
    }
)

MANIFEST_SLOTS: Final = SlotMap(
    {
        'slug': 'identifier',
        'name': 'prose',
        'description': 'prose',
        'plugin_type': 'identifier',
        'auth_type': 'identifier',
        'api_version': 'identifier',
        'cacheable': 'identifier',
        'supports_histogram': 'identifier',
        'supports_deployment_sync': 'identifier',
        'supports_lifecycle_sync': 'identifier',
        'login_capable': 'identifier',
        'requires_identity': 'identifier',
        'default_scopes[]': 'identifier',
        'options[].name': 'identifier',
        'options[].label': 'prose',
        'options[].description': 'prose',
        'options[].type': 'identifier',
        'options[].required': 'identifier',
        'options[].default': 'opaque',
        'options[].default.*': 'opaque',
        'options[].default.<key>': 'opaque',
        'options[].choices[]': 'opaque',
        'credentials[].name': 'identifier',
        'credentials[].label': 'prose',
        'credentials[].description': 'prose',
        'credentials[].required': 'identifier',
        'data_types[].secret': 'identifier',
        'data_types[].name': 'identifier',
        'data_types[].label': 'prose',
        'vertex_labels[].name': 'identifier',
        'vertex_labels[].model_ref': 'identifier',
        'vertex_labels[].indexes[].unique': 'identifier',
        'vertex_labels[].indexes[].fields[]': 'identifier',
        'vertex_labels[].display_name': 'prose',
        'vertex_labels[].description': 'prose',
        'vertex_labels[].nav_label': 'prose',
        'edge_labels[].name': 'identifier',
        'edge_labels[].from_labels[]': 'identifier',
        'edge_labels[].to_labels[]': 'identifier',
        'edge_labels[].properties.*': 'identifier',
        'edge_labels[].properties.<key>': 'identifier',
        'widget_text': 'prose',
        'ops_log_templates.<key>': 'identifier',
        'ops_log_templates.*.label': 'prose',
        'ops_log_templates.*.summary': 'prose',
        'lifecycle_events[]': 'identifier',
    },
    nested={
        'icon': _ICON,
        'icon_dark': _ICON,
        'third_party_service': TEMPLATE_SLOTS,
    },
)
"""The fields of a `PluginManifest` (contract version 1, ADR 0012)."""

PROSE_NAMES: Final = frozenset({
    'comment', 'description', 'display_name', 'doc', 'docs', 'help',
    'help_text', 'hint', 'label', 'message', 'name', 'nav_label', 'note',
    'notes', 'readme', 'reason', 'remark', 'summary', 'text', 'title',
    'tooltip', 'widget_text',
})  # fmt: skip
"""Names of fields that hold sentences, where nothing else is known."""

IDENTIFIER_NAMES: Final = frozenset({
    'category', 'id', 'kind', 'media_type', 'model_ref', 'package',
    'plugin_type', 'resource', 'scope', 'scopes', 'default_scopes', 'slug',
    'type', 'uuid', 'version',
})  # fmt: skip
"""Names of fields that hold identifiers, where nothing else is known."""

PATTERN_NAMES: Final = frozenset({'pattern', 'regex', 'regexp'})
"""Names of fields that hold patterns, where nothing else is known."""


def infer(name: str, text: str) -> Slot:
    """Return the slot of a field that no map knows, by name and value."""
    low = name.lower()
    if low in PROSE_NAMES:
        return 'prose'
    if low in IDENTIFIER_NAMES:
        return 'identifier'
    if low in PATTERN_NAMES:
        return 'pattern'
    if '://' in text[:32] and not text[:32].isspace() and ' ' not in text:
        return 'url'
    if text.count(' ') > 2:  # noqa: PLR2004  three words are a name, four a sentence
        return 'prose'
    return 'opaque'
