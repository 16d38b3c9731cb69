"""What a configuration store answered, held against what it should say."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk._text import listed, shown
from imbi_plugin_testkit.comparing import (
    NOTHING,
    Words,
    with_values,
    worded,
)
from imbi_plugin_testkit.laws._calls import data_types, secret_types
from imbi_plugin_testkit.laws._store import (
    FEW,
    difference,
    duplicates,
    names,
    refusal,
    values,
)
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from imbi_plugin_sdk.handlers.configuration import ConfigKey, ConfigValue
    from imbi_plugin_testkit.laws._store import Store

CLOCK_SKEW = dt.timedelta(minutes=5)
"""How far two clocks may be apart: beyond it AWS refuses a signature, too."""

SHOWN_KEYS = 5
"""Keys that a message names before it counts the rest."""


def some_keys(found: Iterable[str]) -> str:
    """Return a few keys for a message, and count the rest."""
    every = sorted(found)
    more = len(every) - SHOWN_KEYS
    text = listed((repr(key) for key in every[:SHOWN_KEYS]), last='and')
    return f'{text} and {more} more' if more > 0 else text


async def set_all(
    store: Store,
    tried: Sequence[tuple[str, ConfigValue]],
    keys: Sequence[str],
    written: dict[str, str],
) -> list[str]:
    """Set values and say what is wrong with what is there afterwards.

    What was read is kept as written, so that each fault is told once.

    Args:
        store: The store.
        tried: What a value is, and the value.
        keys: A key for each, none twice.
        written: Key to what is there.
    """
    messages: list[str] = []
    for start in range(0, len(tried), FEW):
        part = slice(start, start + FEW)
        messages += await _set_few(store, tried[part], keys[part], written)
    return messages


async def _set_few(
    store: Store,
    tried: Sequence[tuple[str, ConfigValue]],
    keys: Sequence[str],
    written: dict[str, str],
) -> list[str]:
    answers = [
        await store.try_set(key, value)
        for key, (_, value) in zip(keys, tried, strict=True)
    ]
    wanted = {
        key: value.value if answer.error is None else written.get(key)
        for key, (_, value), answer in zip(keys, tried, answers, strict=True)
    }
    if any(answer.error is not None for answer in answers):
        # A value that was written all the same may show up late.
        await store.lab.settle()
    read = await store.settled_parts(
        keys, lambda found: all(found.get(k) == v for k, v in wanted.items())
    )
    messages: list[str] = []
    for key, (what, value), answer in zip(keys, tried, answers, strict=True):
        wrong = list(refusal(store.lab, answer))
        before, now = written.pop(key, None), read.get(key)
        if now != wanted[key] and answer.error is None:
            message = difference(value.value, now)
            wrong.append(
                with_values(
                    message, NOTHING if now is None else now, value.value
                )
            )
        elif now != wanted[key]:
            was = 'absent' if before is None else shown(before)
            found = 'absent' if now is None else shown(now)
            wrong.append(
                with_values(
                    f'it was refused, but the key, which was {was}, is now '
                    f'{found}; a refusal must change nothing',
                    NOTHING if now is None else now,
                    NOTHING if before is None else before,
                )
            )
        messages += [worded(f'{what}: {told}.', told) for told in wrong]
        if now is not None:
            written[key] = now
    return messages


async def disagreements(
    store: Store, returned: Mapping[str, ConfigKey]
) -> list[Finding]:
    """Return how what `set_value` returned differs from the next listing.

    Args:
        store: The store.
        returned: Key that was set to what was returned.
    """

    def told(items: list[ConfigKey]) -> list[Finding]:
        listed = {item.key: item for item in items}
        return [
            finding
            for key, item in returned.items()
            for finding in _disagreements(key, item, listed.get(key))
        ]

    return told(await store.settled_list(lambda items: not told(items)))


def _disagreements(
    key: str, returned: ConfigKey, item: ConfigKey | None
) -> Iterator[Finding]:
    if returned.key != key:
        yield Finding(
            'set_value().key',
            f'set_value({key!r}) returned the key {shown(returned.key)}; it '
            'must return the key that was set.',
        ).comparing(returned.key, key)
    elif item is None:
        yield Finding(
            'list_keys()',
            f'{key!r} was set, but the next listing does not have it.',
        )
    else:
        for field, message in _differences(returned, item):
            yield Finding(f'set_value().{field}', message)


def _differences(
    returned: ConfigKey, item: ConfigKey
) -> Iterator[tuple[str, str]]:
    for field in ('data_type', 'secret'):
        got, wanted = getattr(returned, field), getattr(item, field)
        if got != wanted:
            told = f'{field}={got!r}, but the next listing says {wanted!r}'
            message = f'set_value returned {told}.'
            yield field, with_values(message, got, wanted)
    one, other = returned.last_modified, item.last_modified
    if one is not None and other is not None:
        # A datetime without zone is ASY002's to find.
        aware = one.utcoffset() is not None and other.utcoffset() is not None
        if aware and abs(one - other) > CLOCK_SKEW:
            told = f'{one.isoformat()}, the next listing {other.isoformat()}'
            message = f'set_value returned {told}.'
            yield 'last_modified', with_values(message, one, other)


async def listing_differs(
    store: Store, written: dict[str, str]
) -> AsyncIterator[Finding]:
    """Yield where a listing does not have what was written."""
    everything = values(
        await store.settled_get(
            None, lambda items: written.items() <= values(items).items()
        )
    )
    for key, text in written.items():
        if everything.get(key) != text:
            yield Finding(
                'get_values(None)',
                f'get_values([{key!r}]) and get_values(None) differ: '
                f'{difference(text, everything.get(key))}.',
            ).comparing(everything.get(key, NOTHING), text)


async def asked_for(
    store: Store, keys: list[str], asks: str, made: dict[str, str]
) -> list[str]:
    """Get some keys and say what is wrong with what came.

    Args:
        store: The store.
        keys: What is asked for.
        asks: What that means, in words.
        made: What is there: key to value.
    """
    wanted = {key for key in keys if key in made}
    found = await store.settled_get(
        keys, lambda items: set(names(items)) == wanted
    )
    got = set(names(found))
    wrong = {item.key for item in found if made.get(item.key) != item.value}
    # A list, for a key may come more than once.
    seen = [Words(f'{item.key}: {item.value!r}') for item in found]
    due = [Words(f'{key}: {made[key]!r}') for key in sorted(wanted)]
    return [
        with_values(f'{asks}: {some_keys(odd)} {what}.', sorted(seen), due)
        for odd, what in (
            (wanted - got, 'is missing'),
            (got - wanted, 'came without being asked for'),
            (duplicates(found), 'came more than once'),
            (wrong & wanted, 'has the value of another key'),
        )
        if odd
    ]


def facts_of(items: Iterable[Any]) -> dict[str, tuple[str, str, bool]]:
    """Return key to value, data type and secrecy."""
    return {
        item.key: (item.value, item.data_type, item.secret) for item in items
    }


async def set_as_different_as_possible(store: Store, key: str) -> None:
    """Set a secret of another data type, as far as the plugin takes it."""
    lab = store.lab
    kinds = [*secret_types(lab), *data_types(lab)]
    for data_type in dict.fromkeys(kinds):
        if data_type not in data_types(lab):
            continue
        value = store.value('before', data_type=data_type, secret=True)
        if (await store.try_set(key, value)).error is None:
            return
    await store.set(key, 'before')


async def still_there(
    store: Store, key: str, what: str
) -> AsyncIterator[Finding]:
    """Yield where a key that should be gone can still be read."""
    # Reading until it is gone would be done before it ever showed up.
    await store.lab.settle()
    for path, items in (
        ('list_keys()', await store.listing()),
        ('get_values(None)', await store.get()),
        ('get_values([key])', await store.get([key])),
    ):
        if key in names(items):
            rest = [name for name in names(items) if name != key]
            yield Finding(
                path, f'{key!r} {what}, and is still there.'
            ).comparing(names(items), rest)


def told(facts: tuple[str, str, bool] | None) -> str:
    """Return what a key is, for a message."""
    if facts is None:
        return 'not there'
    value, data_type, secret = facts
    return f'{shown(value)} ({data_type!r}, secret={secret})'


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """Return the keys in which two mappings differ."""
    return {
        key
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key)
    }
