"""Every kind of change, and what it means to who implements the contract.

The measure is the implementor's, who is called, and not the caller's:

- breaking: a plugin that kept the old contract may fail on the new one;
- minor: a plugin that uses the new contract may fail on the old one;
- patch: neither.

So a wider parameter, harmless to a caller, breaks; and a wider result does
not. (The difference is seen by none of the usual tools, which judge a library
by its callers.)
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity: TypeAlias = Literal['breaking', 'minor', 'patch']
"""What a change means to a plugin."""

SEVERITIES: tuple[Severity, Severity, Severity] = (
    'patch',
    'minor',
    'breaking',
)
"""From the mildest to the strictest."""


class Rule(NamedTuple):
    """What one kind of change means.

    Attributes:
        severity: The least version that it deserves.
        why: What happens to a plugin, one sentence.
    """

    severity: Severity
    why: str


def _breaking(why: str) -> Rule:
    return Rule('breaking', why)


def _minor(why: str) -> Rule:
    return Rule('minor', why)


_LACKS = 'an older host does not have it, and a plugin may count on it now'

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # plugin types
        'type_added': _minor(
            'an older host does not know it and must pass such plugins over'
        ),
        'type_removed': _breaking('its plugins are no longer loaded'),
        'handler_renamed': _breaking('plugins import it by its name'),
        'version_added': Rule('patch', 'plugins may ask for it'),
        'version_removed': _breaking('plugins that ask for it are refused'),
        'deprecation_changed': Rule('patch', 'authors are told earlier'),
        'capability_added': _minor(_LACKS),
        'capability_removed': _breaking('the host no longer asks for it'),
        'capability_grown': _breaking(
            'plugins that set the flag do not have the method'
        ),
        'capability_shrunk': _minor('an older host still calls the method'),
        'hook_added': _minor('an older host does not tell this event'),
        'hook_removed': _breaking('the event is no longer told'),
        'hook_moved': _breaking('the event arrives at another method'),
        # methods
        'method_added_required': _breaking(
            'handlers written before do not have it and are refused'
        ),
        'method_added_optional': _minor(
            'an older host never calls it, and has no default to fall back on'
        ),
        'method_removed': _breaking(
            'handlers that have it are no longer asked, and `super()` fails'
        ),
        'method_now_required': _breaking(
            'handlers that left it out are refused'
        ),
        'method_now_optional': _minor(
            'an older host refuses a handler without it'
        ),
        'method_kind': _breaking(
            'the host awaits what older handlers return at once, or the '
            'other way round'
        ),
        'method_default_lost': _breaking(
            'handlers that left it out answered, and raise now'
        ),
        'method_default_gained': _minor(
            'an older host raises where a plugin counts on the default'
        ),
        # parameters
        'parameter_added': _breaking(
            'older overrides raise TypeError when the host passes it'
        ),
        'parameter_removed': _breaking(
            'older overrides need it, or take another argument for it'
        ),
        'parameter_dropped': _minor(
            'older overrides have a default; newer ones no longer take it '
            'from an older host'
        ),
        'parameter_renamed': _breaking(
            'the host passes it by a name that older overrides do not have'
        ),
        'parameter_reordered': _breaking(
            'older overrides take one argument for another'
        ),
        'parameter_kind_widened': _breaking(
            'older overrides cannot take it in the new way'
        ),
        'parameter_kind_narrowed': _minor(
            'an older host passes it in a way that newer overrides lack'
        ),
        'parameter_default_added': _breaking(
            'the host may leave out what older overrides require'
        ),
        'parameter_default_removed': _minor(
            'an older host may leave out what newer overrides require'
        ),
        'parameter_default_changed': _breaking(
            'where the host leaves it out, older overrides mean something else'
        ),
        # types of what the host supplies
        'received_wider': _breaking(
            'older plugins receive values that they do not know'
        ),
        'received_narrower': _minor(
            'an older host may pass what newer plugins do not expect'
        ),
        'received_other': _breaking(
            'older plugins receive values that they do not know'
        ),
        # types of what the plugin supplies
        'supplied_wider': _minor(
            'an older host refuses what a newer plugin may return'
        ),
        'supplied_narrower': _breaking(
            'the host refuses what older plugins return'
        ),
        'supplied_other': _breaking(
            'the host refuses what older plugins return'
        ),
        # fields of what the host supplies
        'received_field_added': _minor(_LACKS),
        'received_field_removed': _breaking('older plugins read it'),
        'received_field_renamed': _breaking('older plugins read the old name'),
        'received_default': _minor(
            'what an unset field means differs between hosts'
        ),
        'received_now_required': _minor(
            'an older host may leave it out, and tests of plugins do'
        ),
        'received_now_optional': Rule(
            'patch', 'it is there either way, with a value of its type'
        ),
        'received_constraint': _minor(
            'hosts differ in which values they pass'
        ),
        # fields of what the plugin supplies
        'supplied_field_added_required': _breaking(
            'older plugins do not supply it'
        ),
        'supplied_field_added': _minor('an older host drops or refuses it'),
        'supplied_field_removed': _breaking(
            'what older plugins supply is dropped or refused'
        ),
        'supplied_field_renamed': _breaking(
            'older plugins supply it under the old name'
        ),
        'supplied_default': _breaking(
            'older plugins that leave it out mean the old default'
        ),
        'supplied_now_required': _breaking('older plugins leave it out'),
        'supplied_now_optional': _minor(
            'an older host refuses a plugin that leaves it out'
        ),
        'supplied_constraint_added': _breaking(
            'the host refuses values of older plugins'
        ),
        'supplied_constraint_removed': _minor(
            'an older host refuses values of newer plugins'
        ),
        'supplied_constraint_changed': _breaking(
            'the host may refuse values of older plugins'
        ),
        'field_turned': _breaking('another side supplies it now'),
        # models
        'model_removed': _breaking('importing it fails, and the plugin with'),
        'model_closed': _breaking('unknown fields are refused now'),
        'model_extra_dropped': _breaking('extra fields are dropped now'),
        'model_opened': _minor('an older host drops or refuses extra fields'),
        'model_frozen': _breaking('setting a field raises now'),
        'model_thawed': _minor('setting a field raises on an older host'),
        # callables
        'callable_added': _minor(_LACKS),
        'callable_removed': _breaking('older callables are no longer called'),
        'keyword_added': _breaking(
            'older callables raise TypeError: they do not take it'
        ),
        'keyword_removed': _breaking(
            'older callables raise TypeError: they require it'
        ),
        'keyword_renamed': _breaking(
            'the plugin loads, and fails with TypeError when it is called'
        ),
        # errors
        'error_added': _minor('importing it fails on an older host'),
        'error_removed': _breaking('importing it fails, and the plugin with'),
        'error_code': _minor('hosts answer and count by the code'),
        'error_status': Rule('patch', 'only the answer of the host differs'),
        'error_parameters': _breaking('older plugins make it the old way'),
        # slugs
        'slug_added': Rule('patch', 'nothing referred to it before'),
        'slug_removed': _breaking('stored references are orphaned'),
        'slug_renamed': _breaking('stored references are orphaned'),
        # anything else
        'format_changed': Rule(
            'patch', 'only the lock itself is written anew'
        ),
        'unclassified': _breaking(
            'no rule knows this difference, so nobody can vouch for it'
        ),
    }
)
"""Code of a change to what it means. Adding a kind of change is a row."""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One difference between two locks.

    Attributes:
        severity: What it means to a plugin.
        code: Stable name, a key of `RULES`.
        path: Where, as in `search(query)`, `search() ->`, `LogQuery.limit`.
        what: What was and what is.
        why: What happens to a plugin.
        plugin_types: Types whose contract it is part of; empty for slugs.
    """

    severity: Severity
    code: str
    path: str
    what: str
    why: str
    plugin_types: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the change on one line."""
        types = (
            f' [{", ".join(self.plugin_types)}]' if self.plugin_types else ''
        )
        return f'{self.severity}: {self.path} {self.what}: {self.why}{types}'

    def as_dict(self) -> dict[str, Any]:
        """Return data that `json.dumps` takes."""
        facts = dataclasses.asdict(self)
        return {**facts, 'plugin_types': list(self.plugin_types)}


def change(code: str, path: str, what: str) -> Change:
    """Return a change as its rule has it."""
    rule = RULES[code]
    return Change(rule.severity, code, path, what, rule.why)


def worst(severities: set[Severity]) -> Severity:
    """Return the strictest of several; `patch` where there are none."""
    found: list[Severity] = [one for one in SEVERITIES if one in severities]
    return found[-1] if found else 'patch'
