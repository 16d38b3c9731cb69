"""Keys that stores take for one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Lab

ROOM = 2
"""Characters that a relative adds to a key at the most."""

SEPARATORS = '-_./'
"""Characters that stores and globs part words by; `/` only where keys may be
nested."""


ESCAPED = ' +%'
"""Characters that are taken for one another where a URL is escaped twice, by
the rules of a form, or not at all; most stores allow none of them in a key."""


def stem(lab: Lab) -> str:
    """Return a fresh key that leaves room for longer ones."""
    return lab.key()[: max(2, lab.limits.max_key_length - ROOM)]


def relatives(lab: Lab, key: str) -> Mapping[str, str]:
    """Return keys that begin like a key, or differ in case: what to key.

    Only what the backend allows, and each key once.

    Args:
        lab: The lab.
        key: A key of `stem`.
    """
    limits = lab.limits
    found: dict[str, str] = {}
    for what, candidate in _candidates(key, limits.key_alphabet):
        flat = candidate.replace('/', '')
        fits = (
            len(candidate) <= limits.max_key_length
            and set(flat) <= set(limits.key_alphabet)
            and (limits.nested_keys or '/' not in candidate)
            and candidate != key
            and candidate not in found.values()
        )
        same = candidate.casefold() == key.casefold()
        if fits and (limits.case_sensitive_keys or not same):
            found[what] = candidate
    return found


def _candidates(key: str, alphabet: str) -> Iterator[tuple[str, str]]:
    letter = next((char for char in alphabet if char.isalnum()), key[0])
    yield 'a longer key', key + letter
    yield 'its beginning', key[:-1]
    yield 'a key behind it', f'{letter}{key}'
    for separator in SEPARATORS + ESCAPED:
        what = 'below it' if separator == '/' else f'and {separator!r}'
        yield f'the key {what}', f'{key}{separator}{letter}'
    # What LIKE takes for any character, and what a pattern does.
    yield "'_' for its last character", f'{key[:-1]}_'
    yield "'.' for its last character", f'{key[:-1]}.'
    yield 'the key in upper case', key.upper()
    yield 'the key with a capital', key.capitalize()
    yield 'the key in lower case', key.lower()


def other_environments(
    lab: Lab, context: PluginContext
) -> list[PluginContext]:
    """Return contexts of other environments of the same project.

    One's name ends, one's begins like the first's. None where it cannot be
    told which others there are: without an environment, or where the
    environment has a configuration of its own, by which a plugin may find
    its place.

    Args:
        lab: The lab.
        context: Of the project.
    """
    name = context.environment
    if not name or context.environment_config:
        lab.note(
            'environments were not compared: the context of the sandbox has '
            'none, or has configuration for its own only'
        )
        return []
    return [
        context.model_copy(deep=True, update={'environment': other})
        for other in (f'kit-{name}', f'{name}-kit')
    ]
