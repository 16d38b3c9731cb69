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
        fix: What its author must do, one sentence.
    """

    severity: Severity
    why: str
    fix: str


_NOTHING = 'Nothing.'
_ASK = 'Nothing; a plugin that counts on it asks for this version or later.'
_EXPECT = 'Expect the new values.'
_SUPPLY = 'Return only what is allowed now.'
_KEEP = 'Keep to the old ones while older hosts are served.'
_SLUG = 'Keep the slug.'


def _breaking(why: str, fix: str) -> Rule:
    return Rule('breaking', why, fix)


def _minor(why: str, fix: str = _ASK) -> Rule:
    return Rule('minor', why, fix)


def _patch(why: str) -> Rule:
    return Rule('patch', why, _NOTHING)


_LACKS = 'an older host does not have it, and a plugin may count on it now'

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # plugin types
        'type_added': _minor(
            'an older host does not know it and must pass such plugins over'
        ),
        'type_removed': _breaking(
            'its plugins are no longer loaded', 'Move to another plugin type.'
        ),
        'handler_renamed': _breaking(
            'plugins import it by its name', 'Import the new name.'
        ),
        'version_added': _patch('plugins may ask for it'),
        'version_removed': _breaking(
            'plugins that ask for it are refused',
            'Port to a version that is served, and declare it.',
        ),
        'deprecation_changed': _patch('authors are told earlier'),
        'deprecation_hastened': _breaking(
            'plugins are refused earlier than was promised',
            'Port before the new day.',
        ),
        'capability_added': _minor(_LACKS),
        'capability_removed': _breaking(
            'the host no longer asks for it', 'Take the flag out.'
        ),
        'capability_grown': _breaking(
            'plugins that set the flag do not have the method',
            'Implement the method, or take the flag out.',
        ),
        'capability_shrunk': _minor('an older host still calls the method'),
        'hook_added': _minor('an older host does not tell this event'),
        'hook_removed': _breaking(
            'the event is no longer told',
            'Do what it did elsewhere, and take the event out.',
        ),
        'hook_moved': _breaking(
            'the event arrives at another method',
            'Move the code to the method that is told it now.',
        ),
        # methods
        'method_added_required': _breaking(
            'handlers written before do not have it and are refused',
            'Implement it.',
        ),
        'method_added_optional': _minor(
            'an older host never calls it, and has no default to fall back on'
        ),
        'method_removed': _breaking(
            'handlers that have it are no longer asked, and `super()` fails',
            'Take it out, and see what took its place.',
        ),
        'method_now_required': _breaking(
            'handlers that left it out are refused', 'Implement it.'
        ),
        'method_now_optional': _minor(
            'an older host refuses a handler without it'
        ),
        'method_kind': _breaking(
            'the host awaits what older handlers return at once, or the '
            'other way round',
            'Define it as the contract does.',
        ),
        'method_default_lost': _breaking(
            'handlers that left it out answered, and raise now',
            'Implement it, with the old answer where nothing better is known.',
        ),
        'method_default_gained': _minor(
            'an older host raises where a plugin counts on the default'
        ),
        # parameters
        'parameter_added': _breaking(
            'older overrides raise TypeError when the host passes it',
            'Take it, with the default of the contract.',
        ),
        'parameter_removed': _breaking(
            'older overrides need it, or take another argument for it',
            'Take it out.',
        ),
        'parameter_dropped': _minor(
            'older overrides have a default; newer ones no longer take it '
            'from an older host',
            'Keep it while older hosts are served.',
        ),
        'parameter_renamed': _breaking(
            'the host passes it by a name that older overrides do not have',
            'Rename it.',
        ),
        'parameter_respelled': _patch('the host passes it by its position'),
        'parameter_reordered': _breaking(
            'older overrides take one argument for another',
            'Put the parameters in the order of the contract.',
        ),
        'keywords_reordered': _patch('the host passes them by their names'),
        'parameter_kind_widened': _breaking(
            'older overrides cannot take it in the new way',
            'Take it in both ways.',
        ),
        'parameter_kind_narrowed': _minor(
            'an older host passes it in a way that newer overrides lack',
            'Take it in both ways while older hosts are served.',
        ),
        'parameter_default_added': _breaking(
            'the host may leave out what older overrides require',
            'Give it the default of the contract.',
        ),
        'parameter_default_removed': _minor(
            'an older host may leave out what newer overrides require',
            'Keep the default while older hosts are served.',
        ),
        'parameter_default_changed': _breaking(
            'where the host leaves it out, older overrides mean something '
            'else',
            'Give it the new default.',
        ),
        # types of what the host supplies
        'received_wider': _breaking(
            'older plugins receive values that they do not know', _EXPECT
        ),
        'received_narrower': _minor(
            'an older host may pass what newer plugins do not expect',
            'Expect the old values while older hosts are served.',
        ),
        'received_other': _breaking(
            'older plugins receive values that they do not know', _EXPECT
        ),
        # types of what the plugin supplies
        'supplied_wider': _minor(
            'an older host refuses what a newer plugin may return'
        ),
        'supplied_narrower': _breaking(
            'the host refuses what older plugins return', _SUPPLY
        ),
        'supplied_other': _breaking(
            'the host refuses what older plugins return', _SUPPLY
        ),
        'type_respelled': _patch('it takes the same values'),
        # fields of what the host supplies
        'received_field_added': _minor(_LACKS),
        'received_field_removed': _breaking(
            'older plugins read it', 'Do without it.'
        ),
        'received_field_renamed': _breaking(
            'older plugins read the old name', 'Read the new name.'
        ),
        'received_default': _minor(
            'what an unset field means differs between hosts',
            'Count on neither default.',
        ),
        'received_now_required': _minor(
            'an older host may leave it out, and tests of plugins do',
            'Give it in tests.',
        ),
        'received_now_optional': _patch(
            'it is there either way, with a value of its type'
        ),
        'received_constraint': _minor(
            'hosts differ in which values they pass',
            'Expect the old values while older hosts are served.',
        ),
        'received_constraint_loosened': _breaking(
            'older plugins receive values that were refused before', _EXPECT
        ),
        # fields of what the plugin supplies
        'supplied_field_added_required': _breaking(
            'older plugins do not supply it', 'Supply it.'
        ),
        'supplied_field_added': _minor('an older host drops or refuses it'),
        'supplied_field_removed': _breaking(
            'what older plugins supply is dropped or refused',
            'Supply it no more.',
        ),
        'supplied_field_renamed': _breaking(
            'older plugins supply it under the old name',
            'Supply it under the new name.',
        ),
        'supplied_default': _breaking(
            'older plugins that leave it out mean the old default',
            'Supply the value where the old default is meant.',
        ),
        'supplied_now_required': _breaking(
            'older plugins leave it out', 'Supply it.'
        ),
        'supplied_now_optional': _minor(
            'an older host refuses a plugin that leaves it out',
            'Supply it while older hosts are served.',
        ),
        'supplied_constraint_added': _breaking(
            'the host refuses values of older plugins', _SUPPLY
        ),
        'supplied_constraint_removed': _minor(
            'an older host refuses values of newer plugins', _KEEP
        ),
        'supplied_constraint_loosened': _minor(
            'an older host refuses values of newer plugins', _KEEP
        ),
        'supplied_constraint_changed': _breaking(
            'the host may refuse values of older plugins', _SUPPLY
        ),
        'field_turned': _breaking(
            'another side supplies it now', 'Read it, or supply it, instead.'
        ),
        'field_alias': _breaking(
            'it is given under another name', 'Give it under the new alias.'
        ),
        # models
        'model_removed': _breaking(
            'importing it fails, and the plugin with', 'Do without it.'
        ),
        'model_closed': _breaking(
            'unknown fields are refused now', 'Give no field of your own.'
        ),
        'model_extra_dropped': _breaking(
            'extra fields are dropped now', 'Count on no extra field.'
        ),
        'model_opened': _minor('an older host drops or refuses extra fields'),
        'model_frozen': _breaking(
            'setting a field raises now',
            'Make a copy with `model_copy(update=...)`.',
        ),
        'model_thawed': _minor('setting a field raises on an older host'),
        # callables
        'callable_added': _minor(_LACKS),
        'callable_removed': _breaking(
            'older callables are no longer called',
            'See what took its place.',
        ),
        'keyword_added': _breaking(
            'older callables raise TypeError: they do not take it',
            'Take it.',
        ),
        'keyword_removed': _breaking(
            'older callables raise TypeError: they require it', 'Take it out.'
        ),
        'keyword_renamed': _breaking(
            'the plugin loads, and fails with TypeError when it is called',
            'Rename it.',
        ),
        # errors
        'error_added': _minor('importing it fails on an older host'),
        'error_removed': _breaking(
            'importing it fails, and the plugin with', 'Raise another one.'
        ),
        'error_code': _minor('hosts answer and count by the code', _NOTHING),
        'error_status': _patch('only the answer of the host differs'),
        'error_parameters': _breaking(
            'older plugins make it the old way', 'Make it the new way.'
        ),
        'error_parameters_added': _minor(
            'making it with them fails on an older host'
        ),
        # slugs
        'slug_added': _patch('nothing referred to it before'),
        'slug_removed': _breaking('stored references are orphaned', _SLUG),
        'slug_renamed': _breaking('stored references are orphaned', _SLUG),
        # anything else
        'format_changed': _patch('only the lock itself is written anew'),
        'unclassified': _breaking(
            'no rule knows this difference, so nobody can vouch for it',
            'Compare the two locks by eye.',
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
        fix: What its author must do.
        plugin_types: Types whose contract it is part of; empty for slugs.
    """

    severity: Severity
    code: str
    path: str
    what: str
    why: str
    fix: str
    plugin_types: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the change on one line."""
        types = (
            f' [{", ".join(self.plugin_types)}]' if self.plugin_types else ''
        )
        told = f'{self.severity}: {self.path} {self.what}: {self.why}{types}.'
        return f'{told} Fix: {self.fix}'

    def as_dict(self) -> dict[str, Any]:
        """Return data that `json.dumps` takes."""
        facts = dataclasses.asdict(self)
        return {**facts, 'plugin_types': list(self.plugin_types)}


def change(code: str, path: str, what: str) -> Change:
    """Return a change as its rule has it."""
    rule = RULES[code]
    return Change(rule.severity, code, path, what, rule.why, rule.fix)


def worst(severities: set[Severity]) -> Severity:
    """Return the strictest of several; `patch` where there are none."""
    found: list[Severity] = [one for one in SEVERITIES if one in severities]
    return found[-1] if found else 'patch'
