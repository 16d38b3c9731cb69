"""What each kind of change means to operators, as one table."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity: TypeAlias = Literal['action', 'notice', 'cosmetic']
"""action: somebody must act, or something stops working or is lost; notice:
something behaves otherwise; cosmetic: it only reads or looks otherwise."""

Bump: TypeAlias = Literal['major', 'minor', 'patch']
"""The part of a version that must go up."""

BUMPS: tuple[Bump, Bump, Bump] = ('patch', 'minor', 'major')
"""From the smallest to the greatest."""


class Rule(NamedTuple):
    """What one kind of change means.

    Attributes:
        severity: To operators who have the plugin installed.
        bump: The smallest that tells them.
        effect: What happens to them, one sentence.
    """

    severity: Severity
    bump: Bump
    effect: str


def _action(effect: str) -> Rule:
    return Rule('action', 'major', effect)


def _notice(effect: str) -> Rule:
    return Rule('notice', 'minor', effect)


def _cosmetic(effect: str) -> Rule:
    return Rule('cosmetic', 'patch', effect)


_READS = 'it only reads otherwise'
_STALE = 'values that operators stored under the old name are no longer used'

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # plugins
        'plugin_added': _notice('it can be installed on the service'),
        'plugin_removed': _action(
            'its installed nodes and assignments have no handler any more'
        ),
        'slug_changed': _action(
            'stored references hold the old slug and are orphaned'
        ),
        'plugin_type_changed': _action(
            'assignments stand on tabs that it no longer serves'
        ),
        'auth_type_changed': _action(
            'the stored credentials are of another kind'
        ),
        'api_version_narrowed': _action('hosts that served it refuse it'),
        'api_version_widened': _notice('more hosts serve it'),
        'api_version_respelled': _cosmetic('the same hosts serve it'),
        'text_changed': _cosmetic(_READS),
        'icon_changed': _cosmetic('it only looks otherwise'),
        'icon_added': _cosmetic('the service may get the icon'),
        'icon_removed': _cosmetic('the service keeps the icon it has'),
        'cacheable_changed': _notice(
            'results may be older, or cost more calls, than before'
        ),
        'flag_gained': _notice('the host offers more with it'),
        'flag_lost': _action('what the host offered with it is gone'),
        'identity_required': _action(
            'calls fail until people have connected their own identity'
        ),
        'identity_not_required': _notice(
            "calls are made without people's own identity"
        ),
        # scopes
        'scope_added': _action(
            'people consent anew, and older tokens lack the scope'
        ),
        'scope_removed': _notice('new tokens are worth less'),
        'scopes_reordered': _cosmetic('the order means nothing'),
        # options
        'option_added': _notice('there is one more setting'),
        'option_added_required': _action(
            'it has no default, so operators must fill it in'
        ),
        'option_removed': _action('stored values are no longer used'),
        'option_renamed': _action(_STALE),
        'option_now_required': _action(
            'where it was left empty, operators must fill it in'
        ),
        'option_now_required_default': _notice('it can no longer be cleared'),
        'option_now_optional': _notice('it may be left empty'),
        'option_type_changed': _action(
            'stored values are of another type and must be entered anew'
        ),
        'option_now_secret': _action(
            'values stand in plain text where they are stored; enter them '
            'anew and think of those that were seen as known'
        ),
        'option_now_public': _action(
            'values that were hidden are shown in plain text'
        ),
        'option_default_changed': _notice(
            'where it was left empty, it means something else'
        ),
        'option_default_removed': _notice(
            'where it was left empty, it means nothing'
        ),
        'option_default_added': _notice(
            'where it was left empty, it means something'
        ),
        'choices_narrowed': _action('stored values may be refused'),
        'choices_widened': _notice('more values may be chosen'),
        'choices_reordered': _cosmetic(_READS),
        # credentials
        'credential_added': _notice('there is one more credential to enter'),
        'credential_added_required': _action(
            'calls fail until operators enter it'
        ),
        'credential_removed': _notice('the stored secret can be deleted'),
        'credential_renamed': _action(_STALE),
        'credential_now_required': _action(
            'where it was left empty, calls fail'
        ),
        'credential_now_optional': _notice('it may be left empty'),
        # data types
        'data_type_added': _notice('there is one more type of value'),
        'data_type_removed': _action('stored values have an unknown type'),
        'data_type_renamed': _action('stored values have an unknown type'),
        'data_type_now_public': _action(
            'values that were hidden are shown in plain text'
        ),
        'data_type_now_secret': _notice('values that were shown are hidden'),
        # graph labels
        'label_added': _notice('the graph gets a label'),
        'label_removed': _action('what is stored under it has no model'),
        'label_renamed': _action('what is stored under it has no model'),
        'label_model_changed': _action('what is stored may not validate'),
        'index_unique': _action('vertices that agree are refused'),
        'index_changed': _notice('the host builds indexes anew'),
        'edge_ends_narrowed': _action('stored edges may not be allowed'),
        'edge_ends_widened': _notice('more edges are allowed'),
        'edge_property_added': _notice('edges hold more'),
        'edge_property_removed': _action('stored properties are lost'),
        'edge_property_changed': _action('stored properties may not fit'),
        # the operations log and lifecycle events
        'log_template_added': _notice('one more kind of event is logged'),
        'log_template_removed': _notice(
            'one kind of event is logged without its text'
        ),
        'log_template_changed': _cosmetic(_READS),
        'event_gained': _notice('the plugin acts on this event too'),
        'event_lost': _action('the plugin does not follow this event'),
        'events_reordered': _cosmetic('the order means nothing'),
        # the service template
        'template_added': _notice(
            'an install makes, or adopts, a third-party service'
        ),
        'template_removed': _action(
            'the service is no longer described; a new install makes none'
        ),
        'template_identity_changed': _action(
            'a new install makes a second service beside the old one'
        ),
        'template_respelled': _cosmetic('it is the same service'),
        'endpoint_added': _notice('services without a value are offered it'),
        'endpoint_changed': _notice(
            'managed services move to it, the others are offered it'
        ),
        'endpoint_removed': _action(
            'managed services lose it, and what needs it fails'
        ),
        'issuer_changed': _action(
            'tokens and identities of the old issuer are no longer good'
        ),
        'flow_changed': _notice('signing in takes place otherwise'),
        'category_changed': _cosmetic('it is listed elsewhere'),
        'link_changed': _cosmetic('services are offered another link'),
        'variable_added': _action(
            'it has no default, so operators must fill it in'
        ),
        'variable_added_default': _notice('it may be filled in'),
        'variable_removed': _notice('stored values are no longer used'),
        'variable_narrowed': _action('stored values may be refused'),
        'variable_widened': _notice('more values are allowed'),
        'variable_default_changed': _notice(
            'where it was left empty, it means something else'
        ),
        'variable_default_removed': _action(
            'where it was left empty, operators must fill it in'
        ),
        # anything else
        'other_changed': _notice('no rule knows this field'),
    }
)
"""Code of a change to what it means. Adding a kind of change is a row."""


@dataclasses.dataclass(frozen=True, slots=True)
class ManifestChange:
    """One difference between two manifests.

    Attributes:
        code: Stable name, a key of `RULES`.
        plugin: The plugin's slug, the old one where it changed.
        path: Where in the manifest, as in `options.region.type`.
        severity: What it means to operators.
        bump: The smallest version bump that it deserves.
        what: What was and what is.
        effect: What happens to operators.
    """

    code: str
    plugin: str
    path: str
    severity: Severity
    bump: Bump
    what: str
    effect: str

    def __str__(self) -> str:
        """Return the change on one line."""
        where = f'{self.plugin}: {self.path}'.removesuffix(': ')
        return f'{self.bump}: {where} {self.what}; {self.effect}.'

    def as_dict(self) -> dict[str, Any]:
        """Return data that `json.dumps` takes."""
        return dataclasses.asdict(self)


class Found(NamedTuple):
    """A difference before it is known whose it is.

    Attributes:
        code: A key of `RULES`.
        path: Where in the manifest.
        what: What was and what is.
    """

    code: str
    path: str
    what: str

    def of(self, plugin: str) -> ManifestChange:
        """Return the change of one plugin."""
        rule = RULES[self.code]
        return ManifestChange(
            self.code,
            plugin,
            self.path,
            rule.severity,
            rule.bump,
            self.what,
            rule.effect,
        )
